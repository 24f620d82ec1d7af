"""The filled-in skeleton in the contract suite."""

from dataclasses import replace

from adapters.testing.skeleton import PLATFORM, harness
from tests.contract.sample.adapter import ExampleAdapter


class PlatformHarness(harness.PlatformHarness):
    platform = replace(PLATFORM, connect=ExampleAdapter)
