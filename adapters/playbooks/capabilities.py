"""What Playbooks can do. Skipping depends on the server, and is known once one of its runs was read."""

from collections.abc import Mapping

from adapters.protocol import Capability, Emulated, Native, Op, Unsupported

_SKIPS_IF_NEW = Emulated(
    "Playbooks 2 skips; an older server refuses, and the task is finished with a note instead"
)
_CANNOT_SKIP = Unsupported("finish it with a note that says it was skipped: this Playbooks server cannot skip")

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
}


def capabilities(skip: bool | None) -> Mapping[Op, Capability]:
    if skip is None:
        return CAPABILITIES
    return {**CAPABILITIES, Op.SKIP: Native() if skip else _CANNOT_SKIP}
