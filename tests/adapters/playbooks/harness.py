from adapters.playbooks import PLATFORM
from tests.adapters.subject_harness import SubjectHarness


class PlatformHarness(SubjectHarness):
    platform = PLATFORM

    def insert_task(self, run: str) -> None:
        pass
