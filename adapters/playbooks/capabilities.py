"""What Playbooks supports (emulations are keys of the message catalogue).

How a task is skipped depends on the server. It is known once a run was read.
"""

from collections.abc import Mapping

from adapters.protocol import Capability, Emulated, Native, Unsupported
from adapters.writes import Op

CAPABILITIES: Mapping[Op, Capability] = {
    Op.RUNBOOKS: Native(),
    Op.RUNS: Native(),
    Op.SHOW: Native(),
    Op.COMMENTS: Emulated("playbooks.capability.comments"),
    Op.START: Native(),
    Op.FINISH: Native(),
    Op.BEGIN: Native(),
    Op.SKIP: Emulated("playbooks.capability.skip"),
    Op.HOLD: Emulated("playbooks.capability.hold"),
    Op.REOPEN: Native(),
    Op.ASSIGN: Native(),
    Op.ADD: Native(),
    Op.STATUS: Emulated("playbooks.capability.status"),
    Op.COMMENT: Emulated("playbooks.capability.comment"),
    Op.END: Native(),
    Op.ACTION: Native(),
    Op.APPROVE: Unsupported("playbooks.capability.approve"),
    Op.REJECT: Unsupported("playbooks.capability.reject"),
}


def capabilities(can_skip: bool | None) -> Mapping[Op, Capability]:
    if can_skip is None:
        return CAPABILITIES
    return {**CAPABILITIES, Op.SKIP: Native() if can_skip else Emulated("playbooks.capability.skip_before_2")}
