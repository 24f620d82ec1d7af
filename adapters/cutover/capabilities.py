"""What can be done on Cutover, by its public API of 2022-02-22 (the table of docs/platforms/cutover.md)."""

from collections.abc import Mapping

from adapters.protocol import NO_APPROVALS, Capability, Emulated, Native, Unsupported
from adapters.writes import Op

CAPABILITIES: Mapping[Op, Capability] = {
    Op.RUNBOOKS: Native(),
    Op.RUNS: Native(),
    Op.SHOW: Native(),
    Op.COMMENTS: Native(),
    Op.START: Native(),
    Op.FINISH: Native(),
    Op.BEGIN: Native(),
    Op.SKIP: Unsupported("skip it in Cutover, or finish it with a note"),
    Op.HOLD: Emulated("a comment on the task, and a mark kept by Liaison"),
    Op.REOPEN: Unsupported("add a new task, or comment on this one"),
    Op.ASSIGN: Unsupported("assign it in Cutover"),
    Op.ADD: Native(),
    Op.STATUS: Native(),
    Op.COMMENT: Native(),
    Op.END: Unsupported("finish the open tasks, or cancel the run in Cutover"),
    Op.ACTION: Unsupported("open the run in Cutover"),
    **NO_APPROVALS,
}
