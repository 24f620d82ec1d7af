"""Mattermost Playbooks. ``PLATFORM`` is what the registry needs."""

from adapters.playbooks.capabilities import CAPABILITIES
from adapters.playbooks.errors import MESSAGES
from adapters.playbooks.settings import PlaybooksSettings
from adapters.protocol import Adapter, Platform, Resources


def connect(name: str, settings: PlaybooksSettings, resources: Resources) -> Adapter:
    """Imports the adapter only if the platform is configured: building its models takes time."""
    from adapters.playbooks.adapter import Playbooks

    return Playbooks(name, settings, resources)


PLATFORM = Platform(
    kind="playbooks",
    title="Mattermost Playbooks",
    settings=PlaybooksSettings,
    connect=connect,
    capabilities=CAPABILITIES,
    messages=MESSAGES,
    secret_fields=("token",),
    api_version=2,
)
