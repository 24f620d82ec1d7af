"""Xurrent, once 4me, once ITRP. ``PLATFORM`` is what the registry needs; the rest is this folder's own.

``PLATFORM.capabilities`` are those of the ``xurrent`` flavour; an adapter's own are those of its settings.
"""

from pathlib import Path

from adapters.protocol import Platform
from adapters.xurrent.capabilities import CAPABILITIES
from adapters.xurrent.client import connect
from adapters.xurrent.settings import XurrentSettings

PLATFORM = Platform(
    kind="xurrent",
    title="Xurrent",
    settings=XurrentSettings,
    connect=connect,
    capabilities=CAPABILITIES,
    sentences=Path(__file__).with_name("en.toml"),
    secret_fields=("token",),
)
