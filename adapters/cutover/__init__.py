"""Cutover (public API 2022-02-22). ``PLATFORM`` is what the registry needs; the rest is this folder's own."""

from adapters.cutover.capabilities import CAPABILITIES
from adapters.cutover.errors import SENTENCES
from adapters.cutover.settings import CutoverSettings
from adapters.protocol import Adapter, Platform, Resources


def connect(name: str, settings: CutoverSettings, resources: Resources) -> Adapter:
    """Loads the rest of this folder only where the platform is configured: its models take time to build."""
    from adapters.cutover.adapter import connect as make

    return make(name, settings, resources)


PLATFORM = Platform(
    kind="cutover",
    title="Cutover",
    settings=CutoverSettings,
    connect=connect,
    capabilities=CAPABILITIES,
    messages=SENTENCES,
    secret_fields=("token",),
)
