"""The fixtures and the parametrization of the contract suite.

``@contract(...)`` on a test of the suite says for which operations it runs. Each is run for every harness.
"""

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from typing import Any, Literal

import pytest
import pytest_asyncio

from adapters.errors import AdapterError
from adapters.protocol import Unsupported
from adapters.testing.harness import Harness
from adapters.toolkit.messages import load_messages
from adapters.writes import READS, Op

Ops = Literal["offered", "unsupported"] | Collection[Op]
ErrorText = Callable[[AdapterError], str]
WRITES = tuple(op for op in Op if op not in READS)


def contract(
    ops: Ops | None = None,
    *,
    network: bool = False,
    capability: type[Any] | None = None,
    fields: Collection[str] = (),
) -> pytest.MarkDecorator:
    """``ops``: run for each of these that the platform offers, or that it does not offer ("unsupported").

    ``network``: only for platforms with a network. ``capability``: only for operations declared so.
    ``fields``: run for each of these that belongs to an operation that the platform offers ("finish.note").
    """
    return pytest.mark.liaison_contract(ops=ops, network=network, capability=capability, fields=fields)


def parametrize(metafunc: pytest.Metafunc, harnesses: Sequence[type[Harness]]) -> None:
    """For ``pytest_generate_tests``: gives the suite's tests their harnesses and operations."""
    marker = metafunc.definition.get_closest_marker("liaison_contract")
    if marker is None:
        return
    ops, network, capability = marker.kwargs["ops"], marker.kwargs["network"], marker.kwargs["capability"]
    harnesses = [harness for harness in harnesses if harness.has_network or not network]
    if marker.kwargs["fields"]:
        _parametrize_fields(metafunc, harnesses, marker.kwargs["fields"])
        return
    if ops is None:
        ids = [harness.platform.kind for harness in harnesses]
        metafunc.parametrize("harness_type", harnesses, ids=ids, indirect=True)
        return
    cases = [(harness, op) for harness in harnesses for op in _selected(harness, ops, capability)]
    names = [f"{harness.platform.kind}-{op.value}" for harness, op in cases]
    metafunc.parametrize(("harness_type", "op"), cases, ids=names, indirect=["harness_type"])


def _parametrize_fields(
    metafunc: pytest.Metafunc, harnesses: Sequence[type[Harness]], fields: Collection[str]
) -> None:
    cases = [
        (harness, Op(op), field)
        for harness in harnesses
        for op, _, field in (name.partition(".") for name in fields)
        if _selected(harness, [Op(op)], None)
    ]
    names = [f"{harness.platform.kind}-{op.value}.{field}" for harness, op, field in cases]
    metafunc.parametrize(("harness_type", "op", "field"), cases, ids=names, indirect=["harness_type"])


def _selected(harness: type[Harness], ops: Ops, capability: type[Any] | None) -> list[Op]:
    declared = harness.platform.capabilities
    unsupported = [op for op in WRITES if isinstance(declared.get(op), Unsupported)]
    if ops == "unsupported":
        return unsupported
    offered = [op for op in WRITES if op not in unsupported and (ops == "offered" or op in ops)]
    return [op for op in offered if capability is None or isinstance(declared[op], capability)]


@pytest.fixture
def harness_type(request: pytest.FixtureRequest) -> type[Harness]:
    found: type[Harness] = request.param
    return found


@pytest_asyncio.fixture
async def harness(harness_type: type[Harness]) -> AsyncIterator[Harness]:
    async with harness_type.open() as harness:
        yield harness


@pytest.fixture
def error_text(harness_type: type[Harness]) -> ErrorText:
    """The message of an error, as the platform's own catalogue has it.

    Fails where the message or a placeholder is missing. Messages that every platform shares are not in its
    catalogue.
    """
    messages = load_messages(harness_type.platform.messages)

    def text(error: AdapterError) -> str:
        if not error.key.startswith(f"{harness_type.platform.kind}."):
            return error.said or error.key
        assert error.key in messages, f"{error.key} is not in {harness_type.platform.messages.name}"
        return messages[error.key].format_map({"said": error.said, **error.facts})

    return text
