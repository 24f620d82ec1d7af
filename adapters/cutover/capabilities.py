"""What Liaison can do on Cutover with its Public API (version 2022-02-22)."""

from collections.abc import Mapping

from adapters.protocol import Capability, Emulated, Native, Unsupported
from adapters.writes import Op

CAPABILITIES: Mapping[Op, Capability] = {
    Op.RUNBOOKS: Native(),
    Op.RUNS: Native(),
    Op.SHOW: Native(),
    Op.COMMENTS: Native(),
    Op.START: Native(),
    Op.FINISH: Native(),
    Op.BEGIN: Native(),
    Op.SKIP: Unsupported("cutover.capability.skip"),
    Op.HOLD: Emulated("cutover.capability.hold"),
    Op.REOPEN: Unsupported("cutover.capability.reopen"),
    Op.ASSIGN: Unsupported("cutover.capability.assign"),
    Op.ADD: Native(),
    Op.STATUS: Native(),
    Op.COMMENT: Native(),
    Op.END: Unsupported("cutover.capability.end"),
    Op.ACTION: Unsupported("cutover.capability.do"),
    Op.APPROVE: Unsupported("cutover.capability.approve"),
    Op.REJECT: Unsupported("cutover.capability.reject"),
}
