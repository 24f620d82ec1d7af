"""What Playbooks can do. How it skips depends on the server, and is known once one of its runs was read."""

from collections.abc import Mapping

from adapters.protocol import NO_APPROVALS, Capability, Emulated, Native
from adapters.writes import Op

_SKIPS_IF_NEW = Emulated(
    "native on Playbooks 2; before that the task is closed, with a comment that it was skipped"
)
_CLOSED_INSTEAD = Emulated("the task is closed, with a comment that says it was skipped")

CAPABILITIES: Mapping[Op, Capability] = {
    Op.RUNBOOKS: Native(),
    Op.RUNS: Native(),
    Op.SHOW: Native(),
    Op.COMMENTS: Emulated("the posts of the run's channel"),
    Op.START: Native(),
    Op.FINISH: Native(),
    Op.BEGIN: Native(),
    Op.SKIP: _SKIPS_IF_NEW,
    Op.HOLD: Emulated("a comment in the run's channel, and a mark kept by Liaison"),
    Op.REOPEN: Native(),
    Op.ASSIGN: Native(),
    Op.ADD: Native(),
    Op.STATUS: Emulated("a status update; its colour is a word in front, and kept by Liaison"),
    Op.COMMENT: Emulated("a post in the run's channel, in one thread per task"),
    Op.END: Native(),
    Op.ACTION: Native(),
    **NO_APPROVALS,
}


def capabilities(skip: bool | None) -> Mapping[Op, Capability]:
    if skip is None:
        return CAPABILITIES
    return {**CAPABILITIES, Op.SKIP: Native() if skip else _CLOSED_INSTEAD}
