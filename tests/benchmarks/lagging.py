"""``liaison`` with a watch on its event loop: writes the longest stall so far to the file in ``LAG_FILE``.

A stall is the CPU time that the loop's thread used between two turns of the loop: other processes do not count.
"""

import asyncio
import os
import time
from pathlib import Path

from bot.__main__ import main
from bot.app import Application

_WRITE_SECONDS = 0.2
_watches: set["asyncio.Task[None]"] = set()


async def watch(file: Path) -> None:
    longest, written = 0.0, time.monotonic()
    while True:
        began = time.thread_time()
        await asyncio.sleep(0)
        longest = max(longest, time.thread_time() - began)
        began = time.thread_time()
        await asyncio.sleep(0.002)
        longest = max(longest, time.thread_time() - began)
        if time.monotonic() - written > _WRITE_SECONDS:
            await asyncio.to_thread(file.write_text, f"{longest}")
            written = time.monotonic()


def main_with_watch() -> None:
    resume = Application.resume

    def resume_and_watch(self: Application) -> None:
        _watches.add(asyncio.create_task(watch(Path(os.environ["LAG_FILE"]))))
        resume(self)

    Application.resume = resume_and_watch  # type: ignore[method-assign]
    main()


if __name__ == "__main__":
    main_with_watch()
