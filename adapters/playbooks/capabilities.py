"""What Playbooks supports natively, and what is emulated.

How a task is skipped depends on the server. It is known once a run was read.
"""

from collections.abc import Mapping

from adapters.protocol import Capability, Emulated, Native
from adapters.toolkit.capabilities import APPROVALS, declare_capabilities
from adapters.writes import Op

CAPABILITIES = declare_capabilities(
    "playbooks",
    emulated=(Op.COMMENTS, Op.SKIP, Op.HOLD, Op.STATUS, Op.COMMENT),
    unsupported=APPROVALS,
)


def capabilities(can_skip: bool | None) -> Mapping[Op, Capability]:
    if can_skip is None:
        return CAPABILITIES
    return {**CAPABILITIES, Op.SKIP: Native() if can_skip else Emulated("playbooks.capability.skip_before_2")}
