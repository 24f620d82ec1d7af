"""Tines (cases API v2). ``PLATFORM`` is what the registry needs."""

from adapters.protocol import Adapter, Platform, Resources
from adapters.tines.capabilities import CAPABILITIES
from adapters.tines.errors import MESSAGES
from adapters.tines.settings import TinesSettings


def connect(name: str, settings: TinesSettings, resources: Resources) -> Adapter:
    """Imports the adapter only if the platform is configured: building its models takes time."""
    from adapters.tines.adapter import Tines

    return Tines(name, settings, resources)


PLATFORM = Platform(
    kind="tines",
    title="Tines",
    settings=TinesSettings,
    connect=connect,
    capabilities=CAPABILITIES,
    several_assignees=True,
    messages=MESSAGES,
    secret_fields=("token", "stories"),
    api_version=2,
)
