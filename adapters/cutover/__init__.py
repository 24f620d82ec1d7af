"""Cutover, through its Public API (version 2022-02-22). The registry needs only ``PLATFORM``."""

from adapters.cutover.capabilities import CAPABILITIES
from adapters.cutover.errors import MESSAGES
from adapters.cutover.settings import CutoverSettings
from adapters.protocol import Adapter, Platform, Resources


def connect(name: str, settings: CutoverSettings, resources: Resources) -> Adapter:
    """Imports the adapter only where the platform is configured, because its models take time to build."""
    from adapters.cutover.adapter import connect as connect_adapter

    return connect_adapter(name, settings, resources)


PLATFORM = Platform(
    kind="cutover",
    title="Cutover",
    settings=CutoverSettings,
    connect=connect,
    capabilities=CAPABILITIES,
    several_assignees=True,
    ignored_fields=frozenset({"start.owner", "add.assignee"}),
    messages=MESSAGES,
    secret_fields=("token",),
    api_version=2,
)
