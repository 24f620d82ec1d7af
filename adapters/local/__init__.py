"""Local runbooks: Markdown files in a folder, and runs in Liaison's own store. Needs no account and no network."""

from pathlib import Path

from adapters.local.capabilities import CAPABILITIES
from adapters.local.settings import LocalSettings
from adapters.protocol import Adapter, Platform, Resources

SAMPLES = Path(__file__).with_name("samples")
"""The runbooks of ``liaison demo``."""


def connect(name: str, settings: LocalSettings, resources: Resources) -> Adapter:
    """Imports the adapter only where the platform is configured: the Markdown parser takes time to load."""
    from adapters.local.adapter import LocalAdapter

    return LocalAdapter(name, settings, resources)


PLATFORM = Platform(
    kind="local",
    title="Local runbooks",
    settings=LocalSettings,
    connect=connect,
    capabilities=CAPABILITIES,
    messages=Path(__file__).with_name("messages.toml"),
    slowest_answer=0.0,  # nothing is executed outside of this process
    api_version=2,
)

__all__ = ["PLATFORM", "SAMPLES", "LocalSettings"]
