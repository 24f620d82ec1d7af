"""Connects a newer Cutover to the contract suite: the setting ``extras`` is on, and its server knows them all."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from adapters.cutover import PLATFORM
from adapters.cutover.capabilities import WITH_EXTRAS
from adapters.writes import Op
from tests.adapters.cutover.fake_with_extras import CutoverFakeWithExtras
from tests.adapters.cutover.harness import PlatformHarness

PATHS = {
    Op.SKIP: ("PATCH", r"/tasks/\d+/skip$"),
    Op.ASSIGN: ("PATCH", r"/tasks/\d+$"),
    Op.END: ("PATCH", r"/cancel$"),
    Op.ACTION: ("PATCH", r"/pause$"),
}
DONE_AS = {Op.SKIP: "skip", Op.ASSIGN: "assign", Op.END: "cancel", Op.ACTION: "pause"}


class ExtrasHarness(PlatformHarness):
    platform = replace(PLATFORM, capabilities=WITH_EXTRAS)

    @classmethod
    def new_fake(cls) -> CutoverFakeWithExtras:
        fake = CutoverFakeWithExtras()
        fake.names_comment_authors = True
        return fake

    def settings(self) -> Mapping[str, Any]:
        return {**super().settings(), "extras": True}

    def effects(self, op: Op) -> int:
        if op not in DONE_AS:
            return super().effects(op)
        return sum(what == DONE_AS[op] for what, _, _ in self.fake.effects)

    def write_request(self, op: Op) -> tuple[str, str]:
        return PATHS[op] if op in PATHS else super().write_request(op)
