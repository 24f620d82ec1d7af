"""The former names of ``connections``, until the other platforms' tests use the new ones."""

from tests.adapters.connections import HasSettings as Configured
from tests.adapters.connections import NoLocalRuns, resources
from tests.adapters.connections import platform_settings as table
from tests.adapters.connections import running as reached

__all__ = ["Configured", "NoLocalRuns", "reached", "resources", "table"]
