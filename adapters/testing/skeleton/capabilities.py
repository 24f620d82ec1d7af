"""What can be done on Example (the table of its docs page)."""

from adapters.toolkit.capabilities import APPROVALS, declare_capabilities
from adapters.writes import Op

# TODO 1: say how your platform does each operation. What is not named here, it does itself. The texts that people
# read are in messages.toml.
CAPABILITIES = declare_capabilities(
    "example",
    emulated=(Op.BEGIN, Op.HOLD, Op.STATUS),
    unsupported=(Op.SKIP, Op.ACTION, *APPROVALS),
)
