"""What a platform can do, declared without loading its adapter: the settings and the docs need it too."""

from collections.abc import Collection, Mapping

from adapters.protocol import Capability, Emulated, Native, Unsupported
from adapters.writes import Op

APPROVALS = (Op.APPROVE, Op.REJECT)


def declare_capabilities(
    kind: str, *, emulated: Collection[Op] = (), unsupported: Collection[Op] = (), variant: str = ""
) -> Mapping[Op, Capability]:
    """Native for every operation that is not named.

    What people read about the others are the messages ``<kind>.capability.<operation>`` of the platform's
    catalogue: how an emulated one is done, or what to do instead of an unsupported one. ``variant`` is appended to
    the keys ("end_extras"), for platforms whose capabilities differ by settings.
    """
    suffix = f"_{variant}" if variant else ""
    found: dict[Op, Capability] = {op: Native() for op in Op}
    found |= {op: Emulated(f"{kind}.capability.{op}{suffix}") for op in emulated}
    found |= {op: Unsupported(f"{kind}.capability.{op}{suffix}") for op in unsupported}
    return found
