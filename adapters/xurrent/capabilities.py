"""What each flavour supports.

4me is Xurrent under its former name. ITRP is the old API: tasks alone, without templates or readable notes.
"""

from collections.abc import Collection, Mapping

from adapters.protocol import Capability
from adapters.toolkit.capabilities import APPROVALS, declare_capabilities
from adapters.writes import Op
from adapters.xurrent.settings import Flavour

CAPABILITIES = declare_capabilities("xurrent", emulated=(Op.SKIP, Op.STATUS, Op.END), unsupported=(Op.REOPEN,))


def capabilities(flavour: Flavour, *, personal_tokens: bool = True) -> Mapping[Op, Capability]:
    """``personal_tokens`` is False if the settings have none: nobody can approve then."""
    supported = CAPABILITIES
    if flavour == "itrp":
        emulated = (Op.RUNS, Op.SHOW, Op.STATUS, Op.COMMENT, Op.END)
        supported = _replace(supported, "itrp", emulated, (Op.RUNBOOKS, Op.COMMENTS, Op.START))
    return supported if personal_tokens else _replace(supported, "no_token", (), APPROVALS)


def _replace(
    supported: Mapping[Op, Capability], variant: str, emulated: Collection[Op], unsupported: Collection[Op]
) -> Mapping[Op, Capability]:
    declared = declare_capabilities("xurrent", emulated=emulated, unsupported=unsupported, variant=variant)
    return {**supported, **{op: declared[op] for op in (*emulated, *unsupported)}}
