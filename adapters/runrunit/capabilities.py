"""What can be done on Runrun.it (the table of docs/platforms/runrunit.md)."""

from collections.abc import Mapping

from adapters.protocol import NO_APPROVALS, Capability, Emulated, Native
from adapters.writes import Op

CAPABILITIES: Mapping[Op, Capability] = {
    Op.RUNBOOKS: Native(),
    Op.RUNS: Native(),
    Op.SHOW: Native(),
    Op.COMMENTS: Native(),
    Op.START: Native(),
    Op.FINISH: Native(),
    Op.BEGIN: Native(),
    Op.SKIP: Emulated("the task is delivered, with a comment that it was skipped; it counts as delivered there"),
    Op.HOLD: Emulated("a comment says why and your running timer is paused; the mark is kept by Liaison"),
    Op.REOPEN: Native(),
    Op.ASSIGN: Native(),
    Op.ADD: Emulated("a task of its own that the run's task waits for"),
    Op.STATUS: Emulated("a comment, and the board stage of that name if there is one; colour kept by Liaison"),
    Op.COMMENT: Native(),
    Op.END: Native(),
    Op.ACTION: Native(),
    **NO_APPROVALS,
}
