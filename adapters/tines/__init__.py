"""Tines (cases API v2). ``PLATFORM`` is what the registry needs; the rest is this folder's own."""

from adapters.protocol import Adapter, Platform, Resources
from adapters.tines.capabilities import CAPABILITIES
from adapters.tines.errors import SENTENCES
from adapters.tines.settings import TinesSettings


def connect(name: str, settings: TinesSettings, resources: Resources) -> Adapter:
    """Loads the rest of this folder only where the platform is configured: its models take time to build."""
    from adapters.tines.adapter import connect as make

    return make(name, settings, resources)


PLATFORM = Platform(
    kind="tines",
    title="Tines",
    settings=TinesSettings,
    connect=connect,
    capabilities=CAPABILITIES,
    messages=SENTENCES,
    secret_fields=("token", "stories"),
)
