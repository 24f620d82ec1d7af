"""Which operations cannot be undone, so that loosely matched words are confirmed before them."""

from collections.abc import Mapping

from adapters.protocol import Capability, supports
from adapters.writes import Op

_ALWAYS = (Op.START, Op.END, Op.APPROVE, Op.REJECT, Op.ACTION)
_WITHOUT_REOPEN = (Op.FINISH, Op.SKIP)


def is_irreversible(op: Op | None, capabilities: Mapping[Op, Capability]) -> bool:
    return op in _ALWAYS or (op in _WITHOUT_REOPEN and not supports(capabilities, Op.REOPEN))
