"""Harnesses over the subjects that tests/adapters has for the platforms with a network."""

import importlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self

from adapters.http.client import HttpClients
from adapters.models import Run
from adapters.testing.fake_server import Fake
from adapters.testing.harness import Harness
from adapters.writes import Op


class SubjectHarness(Harness):
    def __init__(self, subject: Any, http: HttpClients) -> None:
        self.subject = subject
        self.fake, self._http = subject.fake, http
        self.adapter = subject.adapter
        for name in ("page_forever",):
            if hasattr(subject, name):
                setattr(self, name, getattr(subject, name))
        if hasattr(subject, "a_run_to_approve"):
            self.new_run_with_approval = subject.a_run_to_approve

    @classmethod
    def new_fake(cls) -> Fake:
        raise NotImplementedError

    @classmethod
    @asynccontextmanager
    async def open(cls, timeout: float = 10.0) -> AsyncIterator[Self]:
        make = importlib.import_module(f"tests.adapters.{cls.platform.kind}.subject").make
        http = HttpClients(timeout=timeout)
        async with make(timeout) as subject:
            yield cls(subject, http)
            await http.close()

    async def new_run(self) -> Run:
        run: Run = await self.subject.a_run()
        return run

    def effects(self, op: Op) -> int:
        return int(self.subject.effects(op))

    def write_request(self, op: Op) -> tuple[str, str]:
        method, path = self.subject.write_paths(op)
        return method, path
