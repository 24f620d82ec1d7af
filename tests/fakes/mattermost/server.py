"""The complete fake."""

from tests.fakes.mattermost.clients import MattermostClients
from tests.fakes.mattermost.rest import PluginHandler


class FakeMattermost(MattermostClients):
    """See the package's docstring. ``plugin_handler`` can also be set later."""

    def __init__(
        self, *, command: str = "/run", sub_path: str = "", plugin_handler: PluginHandler | None = None
    ) -> None:
        super().__init__(command=command, sub_path=sub_path)
        self.plugin_handler = plugin_handler

    async def stop(self) -> None:
        await self.sockets.cut()
        await super().stop()

    async def __aenter__(self) -> "FakeMattermost":
        await self.start()
        return self
