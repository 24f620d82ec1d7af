"""Xurrent, once 4me, once ITRP. ``PLATFORM`` is what the registry needs; the rest is this folder's own.

``PLATFORM.capabilities`` are those of the ``xurrent`` flavour; an adapter's own are those of its settings.
"""

from pathlib import Path

from adapters.protocol import Adapter, Platform, Resources
from adapters.xurrent.capabilities import CAPABILITIES
from adapters.xurrent.settings import XurrentSettings


def connect(name: str, settings: XurrentSettings, resources: Resources) -> Adapter:
    """Loads the rest of this folder only where the platform is configured: its models take time to build."""
    from adapters.xurrent.adapter import connect as make

    return make(name, settings, resources)


PLATFORM = Platform(
    kind="xurrent",
    title="Xurrent",
    settings=XurrentSettings,
    connect=connect,
    capabilities=CAPABILITIES,
    messages=Path(__file__).with_name("messages.toml"),
    secret_fields=("token", "tokens"),
    supports_insertion=True,
)
