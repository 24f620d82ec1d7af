"""The workspaces that this process serves: that of ``slack.bot_token``, and those that installed the app."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from slack_bolt.context.async_context import AsyncBoltContext
from slack_sdk.oauth.installation_store import Installation

from bot.surfaces.errors import NotRecorded, Refusal, SurfaceError
from bot.surfaces.options import SlackOptions
from bot.surfaces.protocol import SurfaceState
from bot.surfaces.slack.client import cancel_all
from bot.surfaces.slack.deliveries import NotIdentified, Uninstalled
from bot.surfaces.slack.identity import Identity
from bot.surfaces.slack.installations import InstallationFailed, Installations, Installed
from bot.surfaces.slack.workspace import Workspace

log = logging.getLogger("liaison.slack")
IDENTITY = "identity"
REVOKED = frozenset({"account_inactive", "token_revoked"})
"""Slack's answers once the app was uninstalled, or its token was revoked."""


class NotInstalled(SurfaceError):
    """The app is not installed in that workspace, or not any more."""

    refusal = Refusal.NOT_INSTALLED

    def __init__(self, workspace: str) -> None:
        super().__init__(f"the app is not installed in {workspace}")


class Workspaces:
    """``installations`` is None without OAuth. The workspace of ``slack.bot_token`` then receives everything.

    ``on_added`` is called when another one installs the app.
    """

    def __init__(
        self,
        options: SlackOptions,
        state: SurfaceState,
        now: Callable[[], datetime],
        installations: Installations | None,
        on_added: Callable[[Workspace], None],
    ) -> None:
        self._options = options
        self._state = state
        self._now = now
        self._installations = installations
        self._on_added = on_added
        self._is_identity_unstored = False
        self._removing: set[asyncio.Task[None]] = set()
        self.installed: dict[str, Workspace] = {}
        self._closing: list[Workspace] = []  # uninstalled, or with another token now
        token = options.bot_token.get_secret_value() if options.bot_token else ""
        self.own = Workspace(token, options, now) if token else None

    async def load(self) -> None:
        """Raises ``InvalidSetting``."""
        if self.own is not None and (stored := await self._state.get(IDENTITY)) is not None:
            self.own.set_identity(Identity.load(stored))
        if self._installations is not None:
            for installed in await self._installations.load():
                self._add(Workspace(installed.token, self._options, self._now, installed.identity))

    def all(self) -> Sequence[Workspace]:
        return [*([self.own] if self.own is not None else ()), *self.installed.values()]

    def of(self, workspace: str) -> Workspace:
        """Raises ``NotInstalled``."""
        if (found := self.installed.get(workspace)) is not None:
            return found
        if self.own is not None and (self._installations is None or workspace in ("", self.own.identity.team)):
            return self.own
        raise NotInstalled(workspace)

    def of_delivery(self, context: AsyncBoltContext) -> Workspace | None:
        """The one that a delivery is for: the event's authorization, or the workspace that a person acts in.

        Raises ``NotIdentified`` if it may be the one of ``slack.bot_token``, whose id is not known yet.
        """
        team, enterprise = context.team_id or "", context.enterprise_id or ""
        if self._installations is None:
            return self.own
        if team in self.installed and not context.is_enterprise_install:
            return self.installed[team]
        if enterprise in self.installed:
            return self.installed[enterprise]
        if self.own is None:
            return None
        identity = self.own.identity
        if not identity.team:
            raise NotIdentified
        is_own = team == identity.team or (context.is_enterprise_install and enterprise == identity.enterprise)
        return self.own if is_own else None

    async def identify(self, workspace: Workspace) -> None:
        """Raises ``SurfaceError``."""
        is_new = await workspace.identify()
        if workspace is not self.own or not (is_new or self._is_identity_unstored):
            return
        try:
            await self._state.put(IDENTITY, workspace.identity.dump())
            self._is_identity_unstored = False
        except NotRecorded as error:
            self._is_identity_unstored = True
            log.warning("slack: the workspace is not stored: %s", error)

    async def install(self, installation: Installation) -> None:
        """Raises ``InstallationFailed``. A token that is not wanted is revoked."""
        name = installation.enterprise_name if installation.is_enterprise_install else installation.team_name
        team = None if installation.is_enterprise_install else installation.team_id
        id, token = team or installation.enterprise_id or "", installation.bot_token or ""
        workspace = Workspace(token, self._options, self._now)
        allowed = self._installations is not None and self._installations.allows(team, installation.enterprise_id)
        if self._installations is None or not token or not allowed:
            log.warning("slack: %s installed the app and is not in slack.workspaces", id)
            await self._revoke(workspace)
            raise InstallationFailed("not_allowed", name or id)
        user, bot = installation.bot_user_id or "", installation.bot_id or ""
        identity = Identity(team=id, user=user, bot=bot, enterprise=installation.enterprise_id or "")
        try:
            await workspace.identify()
            identity = replace(workspace.identity, team=id)
        except SurfaceError as error:  # it is asked again, as all are
            log.warning("slack: auth.test: %s", error)
        workspace.set_identity(identity)
        try:
            await self._installations.save(Installed(identity, name or id, token, installation.user_id or ""))
        except NotRecorded:
            await self._revoke(workspace)
            raise InstallationFailed("not_stored", name or id) from None
        log.info("slack: %s (%s) installed the app", name, id)
        self._add(workspace)
        self._on_added(workspace)

    async def _revoke(self, workspace: Workspace) -> None:
        """Slack gives an app that is installed again the token that it had before."""
        in_use = {known.token for known in self.all()}
        try:
            if workspace.token not in in_use:
                await workspace.client.call("auth.revoke", workspace.client.web.auth_revoke())
        except SurfaceError as error:
            log.warning("slack: a token that is not used could not be revoked: %s", error)
        finally:
            await workspace.client.close()

    async def uninstalled(self, workspace: Workspace, event: Uninstalled) -> None:
        """An event from before the last installation is late. That of an organisation may be about one of its
        workspaces, so Slack is asked. Raises ``NotRecorded``."""
        id = workspace.identity.team
        if self.installed.get(id) is workspace and self._installations is not None:
            installed_at = self._installations.installed_at(id)
            is_late = installed_at is not None and event.at < installed_at.replace(microsecond=0)
            if not is_late and id != workspace.identity.enterprise:
                await self.remove(workspace, event.reason)
                return
        workspace.identified = False  # so that it is asked

    async def remove(self, workspace: Workspace, reason: str) -> None:
        """Unless it was installed again meanwhile. Raises ``NotRecorded``."""
        id = workspace.identity.team
        if self.installed.get(id) is not workspace or self._installations is None:
            return
        log.warning("slack: %s is not served any more: %s", id, reason)
        del self.installed[id]
        try:
            await self._installations.end(id, reason)
        except NotRecorded:
            self.installed.setdefault(id, workspace)
            raise
        self._closing.append(workspace)

    async def close(self) -> None:
        await cancel_all(self._removing)
        await asyncio.gather(*(workspace.client.close() for workspace in (*self.all(), *self._closing)))

    def _add(self, workspace: Workspace) -> None:
        id = workspace.identity.team
        if (before := self.installed.get(id)) is not None:
            self._closing.append(before)
        self.installed[id] = workspace
        workspace.client.on_rejected = lambda code: self._on_rejected(workspace, code)

    def _on_rejected(self, workspace: Workspace, code: str) -> SurfaceError | None:
        """Slack answered any call with this error, which is one about the token."""
        workspace.identified, workspace.rejection = False, code
        if code not in REVOKED:
            return None
        task = asyncio.create_task(self._remove_soon(workspace, code))
        self._removing.add(task)
        task.add_done_callback(self._removing.discard)
        return NotInstalled(workspace.identity.team)

    async def _remove_soon(self, workspace: Workspace, code: str) -> None:
        try:
            await self.remove(workspace, code)
        except NotRecorded as error:  # the next call tries again
            log.warning("slack: not recorded that %s revoked the token: %s", workspace.identity.team, error)
