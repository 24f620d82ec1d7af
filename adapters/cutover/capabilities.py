"""What Liaison can do on Cutover with its Public API (version 2022-02-22), and with the setting ``extras``."""

from adapters.protocol import Emulated, Native
from adapters.toolkit.capabilities import APPROVALS, declare_capabilities
from adapters.writes import Op

CAPABILITIES = declare_capabilities(
    "cutover",
    emulated=(Op.HOLD,),
    unsupported=(Op.SKIP, Op.REOPEN, Op.ASSIGN, Op.END, Op.ACTION, *APPROVALS),
)
WITH_EXTRAS = {
    **CAPABILITIES,
    Op.SKIP: Native(),
    Op.ASSIGN: Native(),
    Op.ACTION: Native(),
    Op.END: Emulated("cutover.capability.end_extras"),
}
