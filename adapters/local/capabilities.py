"""What can be done with local runs (the table of docs/platforms/local.md)."""

from adapters.toolkit.capabilities import APPROVALS, declare_capabilities
from adapters.writes import Op

CAPABILITIES = declare_capabilities("local", unsupported=(Op.ACTION, *APPROVALS))
