"""Runs the contract suite for every built-in platform."""

from functools import partial

import pytest

from adapters.testing.fixtures import ErrorText, harness, harness_type, parametrize
from adapters.testing.harness import Harness
from tests.adapters.error_text import error_text as text_of_error
from tests.contract.harnesses import find_harnesses

__all__ = ["harness", "harness_type"]
HARNESSES = find_harnesses()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "liaison_contract: a test of the contract suite")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    parametrize(metafunc, HARNESSES)


@pytest.fixture
def error_text(harness_type: type[Harness]) -> ErrorText:
    """With the messages of the application too."""
    return partial(text_of_error, harness_type.platform)
