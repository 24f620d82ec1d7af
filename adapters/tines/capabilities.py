"""What Tines cases support natively, and what is emulated."""

from adapters.toolkit.capabilities import APPROVALS, declare_capabilities
from adapters.writes import Op

CAPABILITIES = declare_capabilities(
    "tines",
    emulated=(Op.RUNBOOKS, Op.RUNS, Op.START, Op.BEGIN, Op.SKIP, Op.HOLD, Op.STATUS),
    unsupported=APPROVALS,
)
