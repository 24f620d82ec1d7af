"""Example: what it is, in one line. ``PLATFORM`` is how Liaison finds it."""

from pathlib import Path

from adapters.protocol import Adapter, Platform, Resources
from adapters.testing.skeleton.capabilities import CAPABILITIES
from adapters.testing.skeleton.settings import ExampleSettings


def connect(name: str, settings: ExampleSettings, resources: Resources) -> Adapter:
    """Imports the adapter only where the platform is configured: its models take time to build."""
    from adapters.testing.skeleton.adapter import ExampleAdapter

    return ExampleAdapter(name, settings, resources)


PLATFORM = Platform(
    kind="example",
    title="Example",
    settings=ExampleSettings,
    connect=connect,
    capabilities=CAPABILITIES,
    messages=Path(__file__).with_name("messages.toml"),
    secret_fields=("token",),
    ignored_fields=frozenset({"start.owner"}),  # TODO 24: the fields of writes that your platform has no place for
    api_version=2,
)
