"""Tines (cases API v2). ``PLATFORM`` is what the registry needs; the rest is this folder's own."""

from adapters.protocol import Platform
from adapters.tines.capabilities import CAPABILITIES
from adapters.tines.client import connect
from adapters.tines.refusals import SENTENCES
from adapters.tines.settings import TinesSettings

PLATFORM = Platform(
    kind="tines",
    title="Tines",
    settings=TinesSettings,
    connect=connect,
    capabilities=CAPABILITIES,
    sentences=SENTENCES,
    secret_fields=("token",),
)
