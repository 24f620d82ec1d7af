"""What Liaison can do on Runrun.it (API v1.0)."""

from adapters.toolkit.capabilities import APPROVALS, declare_capabilities
from adapters.writes import Op

CAPABILITIES = declare_capabilities(
    "runrunit", emulated=(Op.SKIP, Op.HOLD, Op.ADD, Op.STATUS), unsupported=APPROVALS
)
