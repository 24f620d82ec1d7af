"""Cutover (public API 2022-02-22). ``PLATFORM`` is what the registry needs; the rest is this folder's own."""

from adapters.cutover.capabilities import CAPABILITIES
from adapters.cutover.client import connect
from adapters.cutover.refusals import SENTENCES
from adapters.cutover.settings import CutoverSettings
from adapters.protocol import Platform

PLATFORM = Platform(
    kind="cutover",
    title="Cutover",
    settings=CutoverSettings,
    connect=connect,
    capabilities=CAPABILITIES,
    sentences=SENTENCES,
    secret_fields=("token",),
)
