"""The contract suite as a pytest plugin, which comes with ``pip install liaison[testing]``.

    pytest --pyargs adapters.testing.suite --liaison-harness acme.harness:AcmeHarness

The option, or ``liaison_harness`` in the pytest settings, names the harnesses (``adapters.testing.harness``).
"""

from importlib import import_module
from typing import Any

import pytest

_INI = "liaison_harness"


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("liaison")
    text = "a harness for Liaison's contract suite, as module:Class (may be repeated)"
    group.addoption("--liaison-harness", action="append", default=[], metavar="HARNESS", help=text)
    parser.addini(_INI, text, type="linelist", default=[])


def pytest_configure(config: pytest.Config) -> None:
    line = "liaison_contract: a test of the contract suite, parametrized by adapters.testing.fixtures"
    config.addinivalue_line("markers", line)
    names = [*config.getoption("--liaison-harness"), *config.getini(_INI)]
    if names:
        config.pluginmanager.register(_Suite([_load(name) for name in names]), "liaison-contract")
        config.pluginmanager.import_plugin("adapters.testing.fixtures")


class _Suite:
    def __init__(self, harnesses: list[Any]) -> None:
        self.harnesses = harnesses

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        from adapters.testing.fixtures import parametrize

        parametrize(metafunc, self.harnesses)


def _load(name: str) -> Any:
    module, _, attribute = name.partition(":")
    try:
        return getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise pytest.UsageError(f"--liaison-harness {name}: {error}") from error
