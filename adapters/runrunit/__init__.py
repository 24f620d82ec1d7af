"""Runrun.it (API v1.0). A run is a task and its steps are subtasks. The registry needs only ``PLATFORM``."""

from adapters.protocol import Adapter, Platform, Resources
from adapters.runrunit.capabilities import CAPABILITIES
from adapters.runrunit.errors import MESSAGES
from adapters.runrunit.settings import RunrunitSettings


def connect(name: str, settings: RunrunitSettings, resources: Resources) -> Adapter:
    """Imports the adapter only where the platform is configured, because its models take time to build."""
    from adapters.runrunit.adapter import connect as connect_adapter

    return connect_adapter(name, settings, resources)


PLATFORM = Platform(
    kind="runrunit",
    title="Runrun.it",
    settings=RunrunitSettings,
    connect=connect,
    capabilities=CAPABILITIES,
    several_assignees=True,
    messages=MESSAGES,
    secret_fields=("app_key", "user_token"),
    api_version=2,
)
