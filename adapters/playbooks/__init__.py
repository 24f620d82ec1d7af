"""Mattermost Playbooks: runs in Mattermost, with a channel each. ``PLATFORM`` is what the registry needs."""

from pathlib import Path

from adapters.playbooks.capabilities import CAPABILITIES
from adapters.playbooks.settings import PlaybooksSettings
from adapters.protocol import Adapter, Platform, Resources


def connect(name: str, settings: PlaybooksSettings, resources: Resources) -> Adapter:
    """Loads the rest of this folder only where the platform is configured: its models take time to build."""
    from adapters.playbooks.adapter import connect as make

    return make(name, settings, resources)


PLATFORM = Platform(
    kind="playbooks",
    title="Mattermost Playbooks",
    settings=PlaybooksSettings,
    connect=connect,
    capabilities=CAPABILITIES,
    messages=Path(__file__).with_name("messages.toml"),
    secret_fields=("token",),
)
