"""What Liaison can do on Runrun.it (API v1.0)."""

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
    Op.SKIP: Emulated("runrunit.capability.skip"),
    Op.HOLD: Emulated("runrunit.capability.hold"),
    Op.REOPEN: Native(),
    Op.ASSIGN: Native(),
    Op.ADD: Emulated("runrunit.capability.add"),
    Op.STATUS: Emulated("runrunit.capability.status"),
    Op.COMMENT: Native(),
    Op.END: Native(),
    Op.ACTION: Native(),
    Op.APPROVE: Unsupported("runrunit.capability.approve"),
    Op.REJECT: Unsupported("runrunit.capability.reject"),
}
