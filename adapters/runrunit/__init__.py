"""Runrun.it (API v1.0): a run is a task, its steps are subtasks. ``PLATFORM`` is what the registry needs."""

from adapters.protocol import Platform
from adapters.runrunit.capabilities import CAPABILITIES
from adapters.runrunit.client import connect
from adapters.runrunit.refusals import SENTENCES
from adapters.runrunit.settings import RunrunitSettings

PLATFORM = Platform(
    kind="runrunit",
    title="Runrun.it",
    settings=RunrunitSettings,
    connect=connect,
    capabilities=CAPABILITIES,
    sentences=SENTENCES,
    secret_fields=("app_key", "user_token"),
)
