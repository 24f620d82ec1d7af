"""The capabilities of each flavour."""

import pytest

from adapters.protocol import Emulated, Unsupported
from adapters.toolkit.messages import LANGUAGES, load_messages
from adapters.writes import Op
from adapters.xurrent.capabilities import capabilities
from adapters.xurrent.settings import Flavour
from adapters.xurrent.text import MESSAGES


@pytest.mark.parametrize("flavour", ["xurrent", "4me", "itrp"])
@pytest.mark.parametrize("personal_tokens", [True, False])
def test_every_capability_has_a_text_in_every_language(flavour: Flavour, personal_tokens: bool) -> None:
    supported = capabilities(flavour, personal_tokens=personal_tokens)
    assert set(supported) == set(Op)
    keys = {item.how for item in supported.values() if isinstance(item, Emulated)}
    keys |= {item.alternative for item in supported.values() if isinstance(item, Unsupported)}
    for language in LANGUAGES:
        assert keys <= set(load_messages(MESSAGES, language))


def test_nobody_approves_without_personal_tokens() -> None:
    assert isinstance(capabilities("xurrent", personal_tokens=False)[Op.APPROVE], Unsupported)
    assert not isinstance(capabilities("xurrent")[Op.APPROVE], Unsupported)
