"""What can be done on each flavour (the tables of docs/platforms/xurrent.md).

4me is Xurrent under its former name. ITRP is the API of the old tasks page: tasks alone, no templates and no
notes to be read.
"""

from collections.abc import Mapping

from adapters.protocol import Capability, Emulated, Native, Unsupported
from adapters.writes import Op
from adapters.xurrent.settings import Flavour

_REOPEN = Unsupported("begin a task that is on hold, or add a new task for one that is over")
_END = Unsupported("finish or skip the open tasks: the run ends with its last one")
_SKIP = Emulated("the task is cancelled there; an approval never is")

CAPABILITIES: Mapping[Op, Capability] = {
    Op.RUNBOOKS: Native(),
    Op.RUNS: Native(),
    Op.SHOW: Native(),
    Op.COMMENTS: Native(),
    Op.START: Native(),
    Op.FINISH: Native(),
    Op.BEGIN: Native(),
    Op.SKIP: _SKIP,
    Op.HOLD: Native(),
    Op.REOPEN: _REOPEN,
    Op.ASSIGN: Native(),
    Op.ADD: Native(),
    Op.STATUS: Emulated("a note on the run; its colour is a word in front, and kept by Liaison"),
    Op.COMMENT: Native(),
    Op.END: _END,
    Op.ACTION: Native(),
    Op.APPROVE: Native(),
    Op.REJECT: Native(),
}

_ITRP: Mapping[Op, Capability] = {
    **CAPABILITIES,
    Op.RUNBOOKS: Unsupported("start the change in ITRP, then name it here by its link"),
    Op.RUNS: Emulated("the changes of the tasks that Liaison's person has to do with"),
    Op.SHOW: Emulated("all tasks of the change"),
    Op.COMMENTS: Unsupported("read the notes in ITRP"),
    Op.START: Unsupported("start the change in ITRP, then name it here by its link"),
    Op.ASSIGN: Unsupported("assign it in ITRP"),
    Op.STATUS: Unsupported("comment on a task instead"),
    Op.COMMENT: Emulated("a note on the task that is named; it cannot be read back"),
}


_NO_TOKENS: Mapping[Op, Capability] = {
    op: Unsupported("give it there under your own name, or let an administrator add your token to the settings")
    for op in (Op.APPROVE, Op.REJECT)
}


def capabilities(flavour: Flavour, *, own_tokens: bool = True) -> Mapping[Op, Capability]:
    """``own_tokens``: whether people's own are in the settings; nobody approves without."""
    known = _ITRP if flavour == "itrp" else CAPABILITIES
    return known if own_tokens else {**known, **_NO_TOKENS}
