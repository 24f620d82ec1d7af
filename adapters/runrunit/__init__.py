"""Runrun.it (API v1.0): a run is a task, its steps are subtasks. ``PLATFORM`` is what the registry needs."""

from adapters.protocol import Adapter, Platform, Resources
from adapters.runrunit.capabilities import CAPABILITIES
from adapters.runrunit.errors import SENTENCES
from adapters.runrunit.settings import RunrunitSettings


def connect(name: str, settings: RunrunitSettings, resources: Resources) -> Adapter:
    """Loads the rest of this folder only where the platform is configured: its models take time to build."""
    from adapters.runrunit.adapter import connect as make

    return make(name, settings, resources)


PLATFORM = Platform(
    kind="runrunit",
    title="Runrun.it",
    settings=RunrunitSettings,
    connect=connect,
    capabilities=CAPABILITIES,
    messages=SENTENCES,
    secret_fields=("app_key", "user_token"),
)
