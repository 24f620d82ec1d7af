"""One workspace, or one Grid organisation: its token, the bot's account in it, and everything that uses them."""

from collections.abc import Callable
from datetime import datetime

from bot.surfaces.errors import TokenRejected
from bot.surfaces.options import SlackOptions
from bot.surfaces.slack.channels import ChannelDirectory
from bot.surfaces.slack.client import SlackClient
from bot.surfaces.slack.event_handler import EventHandler
from bot.surfaces.slack.forms import FormOpener
from bot.surfaces.slack.identity import Identity
from bot.surfaces.slack.people import UserDirectory
from bot.surfaces.slack.posting import ChannelPosts
from bot.surfaces.slack.replies import PrivateReplies
from bot.surfaces.slack.unfurls import LinkUnfurler
from bot.surfaces.slack.workflow_steps import StepCompletion


class Workspace:
    """``identified``: Slack accepted the token when it was last asked. If not, ``rejection`` may be the code of
    its error."""

    def __init__(
        self, token: str, options: SlackOptions, now: Callable[[], datetime], identity: Identity | None = None
    ) -> None:
        self.token = token
        self.identity = Identity()
        self.identified = False
        self.rejection = ""
        self.client = SlackClient(token, options.api_url)
        self.posts = ChannelPosts(self.client)
        self.users = UserDirectory(self.client, lambda: self.identity, now)
        self.channels = ChannelDirectory(self.client)
        self.replies = PrivateReplies(self.client, self.posts, self.channels)
        self.forms = FormOpener(self.client, now)
        self.steps = StepCompletion(self.client)
        self.events = EventHandler(
            LinkUnfurler(self.client, self.channels),
            self.steps if options.workflow_steps else None,
        )
        if identity is not None:
            self.set_identity(identity)

    def use_token(self, token: str) -> bool:
        """Whether it is another one."""
        if token in ("", self.token):
            return False
        self.token = self.client.web.token = token
        return True

    def set_identity(self, identity: Identity) -> None:
        self.identity = identity
        if identity.handle:
            self.client.invite = f"/invite @{identity.handle}"

    async def identify(self) -> bool:
        """Asks Slack who we are. Returns whether that is news. Raises ``SurfaceError``."""
        try:
            response = await self.client.call("auth.test", self.client.web.auth_test())
        except TokenRejected as error:
            self.identified, self.rejection = False, error.code
            raise
        identity = Identity.from_auth_test(response)
        is_new = not self.identified or identity != self.identity
        self.set_identity(identity)
        self.identified, self.rejection = True, ""
        return is_new
