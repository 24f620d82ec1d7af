"""Every field of every write has a sample in the contract suite, or a reason why nobody asks for it."""

from adapters import writes
from adapters.testing.fields import COMMON, NOT_ASKED_FOR, SAMPLES
from adapters.writes import Write


def test_every_field_of_every_write_is_sent_by_the_suite() -> None:
    kinds = [kind for kind in vars(writes).values() if isinstance(kind, type) and issubclass(kind, Write)]
    fields = {
        f"{kind.model_fields['op'].default}.{name}"
        for kind in kinds
        if not kind.model_fields["op"].is_required()
        for name in kind.model_fields
        if name not in COMMON
    }
    assert len(fields) > 30
    assert fields - SAMPLES.keys() - NOT_ASKED_FOR == set()
    assert NOT_ASKED_FOR - fields == set()
