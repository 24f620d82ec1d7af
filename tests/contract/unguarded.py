"""The built-in platforms with adapters that ignore what their guards have read: the suite must turn red.

``PlaybooksBlindToRivals`` has its guards, but does not look at what the read after a write shows. Opening one of
these harnesses changes the process, so only the process of ``suite_runs`` does it.
"""

from typing import Any

from adapters.playbooks import mapping
from adapters.testing.harness import Harness
from adapters.toolkit import steps
from adapters.writes import Write
from tests.adapters.cutover import harness as cutover
from tests.adapters.playbooks import harness as playbooks
from tests.adapters.runrunit import harness as runrunit
from tests.adapters.tines import harness as tines
from tests.adapters.xurrent import harness as xurrent


def _nothing_is_wrong(platform: str, step: Write, fresh: Any) -> None:
    return None


def _no_rival(before: Any, after: Any, task: str, bot: str) -> None:
    return None


class _Unguarded(Harness):
    async def prepare(self) -> None:
        vars(steps)["check_fresh"] = _nothing_is_wrong
        await super().prepare()


class Cutover(_Unguarded, cutover.PlatformHarness): ...


class Playbooks(_Unguarded, playbooks.PlatformHarness): ...


class Playbooks2(_Unguarded, playbooks.Playbooks2Harness): ...


class Runrunit(_Unguarded, runrunit.PlatformHarness): ...


class Tines(_Unguarded, tines.PlatformHarness): ...


class Xurrent(_Unguarded, xurrent.PlatformHarness): ...


class PlaybooksBlindToRivals(playbooks.PlatformHarness):
    async def prepare(self) -> None:
        vars(mapping)["find_rival_change"] = _no_rival
        await super().prepare()
