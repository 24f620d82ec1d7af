"""What can be done with Tines cases (the table of docs/platforms/tines.md)."""

from collections.abc import Mapping

from adapters.protocol import NO_APPROVALS, Capability, Emulated, Native
from adapters.writes import Op

CAPABILITIES: Mapping[Op, Capability] = {
    Op.RUNBOOKS: Emulated("the cases that bear the template tag"),
    Op.RUNS: Emulated("the open cases that bear the run tag"),
    Op.SHOW: Native(),
    Op.COMMENTS: Native(),
    Op.START: Emulated("a new case, cloned from the template case with its tasks"),
    Op.FINISH: Native(),
    Op.BEGIN: Emulated("a note in the case's metadata; the task is assigned to whoever begins it"),
    Op.SKIP: Emulated("completed, with [SKIPPED: reason] in front of its description"),
    Op.HOLD: Emulated("a comment on the case, and a mark kept by Liaison"),
    Op.REOPEN: Native(),
    Op.ASSIGN: Native(),
    Op.ADD: Native(),
    Op.STATUS: Emulated(
        "a comment; its colour is the case's sub-status where that is set up, else kept by Liaison"
    ),
    Op.COMMENT: Native(),
    Op.END: Native(),
    Op.ACTION: Native(),
    **NO_APPROVALS,
}
