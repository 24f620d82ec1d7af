"""Runs the contract suite for every built-in platform."""

import pytest

from adapters.errors import AdapterError
from adapters.testing.fixtures import ErrorText, harness, harness_type, parametrize
from adapters.testing.harness import Harness
from adapters.toolkit.messages import load_messages
from commands.text.catalogue import plain_text, translate
from tests.contract.harnesses import find_harnesses

__all__ = ["harness", "harness_type"]
HARNESSES = find_harnesses()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "liaison_contract: a test of the contract suite")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    parametrize(metafunc, HARNESSES)


@pytest.fixture
def error_text(harness_type: type[Harness]) -> ErrorText:
    """An error as people read it, with the messages of the application too."""
    messages = load_messages(harness_type.platform.messages)

    def text(error: AdapterError) -> str:
        return plain_text(translate(error.key, messages, **{**error.facts, "said": error.said}))

    return text
