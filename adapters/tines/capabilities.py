"""What Tines cases support, and how the rest is emulated (keys of the message catalogue)."""

from collections.abc import Mapping

from adapters.protocol import Capability, Emulated, Native, Unsupported
from adapters.writes import Op

CAPABILITIES: Mapping[Op, Capability] = {
    Op.RUNBOOKS: Emulated("tines.capability.runbooks"),
    Op.RUNS: Emulated("tines.capability.runs"),
    Op.SHOW: Native(),
    Op.COMMENTS: Native(),
    Op.START: Emulated("tines.capability.start"),
    Op.FINISH: Native(),
    Op.BEGIN: Emulated("tines.capability.begin"),
    Op.SKIP: Emulated("tines.capability.skip"),
    Op.HOLD: Emulated("tines.capability.hold"),
    Op.REOPEN: Native(),
    Op.ASSIGN: Native(),
    Op.ADD: Native(),
    Op.STATUS: Emulated("tines.capability.status"),
    Op.COMMENT: Native(),
    Op.END: Native(),
    Op.ACTION: Native(),
    Op.APPROVE: Unsupported("tines.capability.approve"),
    Op.REJECT: Unsupported("tines.capability.reject"),
}
