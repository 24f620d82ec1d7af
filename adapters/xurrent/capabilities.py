"""What each flavour supports.

4me is Xurrent under its former name. ITRP is the old API: tasks alone, without templates or readable notes.
"""

from collections.abc import Mapping

from adapters.protocol import Capability, Emulated, Native, Unsupported
from adapters.writes import Op
from adapters.xurrent.settings import Flavour

CAPABILITIES: Mapping[Op, Capability] = {
    Op.RUNBOOKS: Native(),
    Op.RUNS: Native(),
    Op.SHOW: Native(),
    Op.COMMENTS: Native(),
    Op.START: Native(),
    Op.FINISH: Native(),
    Op.BEGIN: Native(),
    Op.SKIP: Emulated("xurrent.capability.skip"),
    Op.HOLD: Native(),
    Op.REOPEN: Unsupported("xurrent.capability.reopen"),
    Op.ASSIGN: Native(),
    Op.ADD: Native(),
    Op.STATUS: Emulated("xurrent.capability.status"),
    Op.COMMENT: Native(),
    Op.END: Unsupported("xurrent.capability.end"),
    Op.ACTION: Native(),
    Op.APPROVE: Native(),
    Op.REJECT: Native(),
}

_ITRP: Mapping[Op, Capability] = {
    **CAPABILITIES,
    Op.RUNBOOKS: Unsupported("xurrent.capability.runbooks_itrp"),
    Op.RUNS: Emulated("xurrent.capability.runs_itrp"),
    Op.SHOW: Emulated("xurrent.capability.show_itrp"),
    Op.COMMENTS: Unsupported("xurrent.capability.comments_itrp"),
    Op.START: Unsupported("xurrent.capability.start_itrp"),
    Op.ASSIGN: Unsupported("xurrent.capability.assign_itrp"),
    Op.STATUS: Unsupported("xurrent.capability.status_itrp"),
    Op.COMMENT: Emulated("xurrent.capability.comment_itrp"),
}

_NO_PERSONAL_TOKENS: Mapping[Op, Capability] = {
    Op.APPROVE: Unsupported("xurrent.capability.approve_no_token"),
    Op.REJECT: Unsupported("xurrent.capability.reject_no_token"),
}


def capabilities(flavour: Flavour, *, personal_tokens: bool = True) -> Mapping[Op, Capability]:
    """``personal_tokens`` is False if the settings have none: nobody can approve then."""
    supported = _ITRP if flavour == "itrp" else CAPABILITIES
    return supported if personal_tokens else {**supported, **_NO_PERSONAL_TOKENS}
