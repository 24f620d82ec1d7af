"""Runbooks as Markdown files in a folder, runs in Liaison's own store: the platform that is always there."""

from pathlib import Path

from adapters.local.adapter import CAPABILITIES, LocalAdapter, LocalSettings
from adapters.local.text import SENTENCES
from adapters.protocol import Platform, Resources

SAMPLES = Path(__file__).with_name("samples")
"""Three runbooks to try things with: what ``liaison demo`` offers."""


def connect(name: str, settings: LocalSettings, resources: Resources) -> LocalAdapter:
    return LocalAdapter(name, settings, resources)


PLATFORM = Platform(
    kind="local",
    title="Local runbooks",
    settings=LocalSettings,
    connect=connect,
    capabilities=CAPABILITIES,
    messages=SENTENCES,
    supports_insertion=True,
)

__all__ = ["PLATFORM", "SAMPLES", "LocalAdapter", "LocalSettings"]
