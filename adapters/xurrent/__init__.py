"""Xurrent, formerly 4me and ITRP.

``PLATFORM.capabilities`` are those of the ``xurrent`` flavour; an adapter's own depend on its settings.
"""

from adapters.protocol import Adapter, Platform, Resources
from adapters.xurrent.capabilities import CAPABILITIES
from adapters.xurrent.settings import XurrentSettings
from adapters.xurrent.text import MESSAGES


def connect(name: str, settings: XurrentSettings, resources: Resources) -> Adapter:
    """Imports the adapter only where it is configured: building its wire models takes time."""
    from adapters.xurrent.adapter import XurrentAdapter

    return XurrentAdapter(name, settings, resources)


PLATFORM = Platform(
    kind="xurrent",
    title="Xurrent",
    settings=XurrentSettings,
    connect=connect,
    capabilities=CAPABILITIES,
    messages=MESSAGES,
    secret_fields=("token", "tokens"),
    holds_until=True,
    api_version=2,
)
