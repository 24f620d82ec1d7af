"""All of it together."""

from tests.fakes.mattermost.people import People
from tests.fakes.mattermost.rest import Extra


class FakeMattermost(People):
    """See the package's own words. ``extra`` may be set later too."""

    def __init__(self, *, command: str = "/run", sub_path: str = "", extra: Extra | None = None) -> None:
        super().__init__(command=command, sub_path=sub_path)
        self.extra = extra

    async def stop(self) -> None:
        await self.sockets.cut()
        await super().stop()

    async def __aenter__(self) -> "FakeMattermost":
        await self.start()
        return self
