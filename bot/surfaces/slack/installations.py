"""The workspaces that installed the app, with their tokens encrypted in the store.

The first key encrypts. A token that only a later key decrypts is encrypted again, so that the old key can be
removed after the next start.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from pydantic import SecretStr
from slack_bolt.error import BoltError

from bot.surfaces.errors import InvalidSetting
from bot.surfaces.protocol import InstallationRows, StoredInstallation
from bot.surfaces.slack.identity import Identity


@dataclass(frozen=True, slots=True)
class Installed:
    """``identity.team`` is the id of the workspace, or that of the Grid organisation if all of it installed the
    app. ``by`` is who installed it."""

    identity: Identity
    name: str
    token: str
    by: str


class InstallationFailed(BoltError):
    """``reason``: "not_allowed" or "not_stored"."""

    def __init__(self, reason: str, workspace: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.workspace = workspace


class Installations:
    """``allowed``: ids of workspaces and organisations."""

    def __init__(
        self,
        rows: InstallationRows,
        keys: Sequence[SecretStr],
        allowed: Collection[str],
        now: Callable[[], datetime],
    ) -> None:
        self._rows = rows
        ciphers = [Fernet(key.get_secret_value()) for key in keys]
        self._first, self._all = ciphers[0], MultiFernet(ciphers)
        self._allowed = allowed
        self._now = now
        self.stored: dict[str, StoredInstallation] = {}

    def allows(self, *ids: str | None) -> bool:
        return any(id in self._allowed for id in ids if id)

    async def load(self) -> Sequence[Installed]:
        """Those to serve. Raises ``InvalidSetting`` if a token can't be decrypted."""
        self.stored = {row.workspace: row for row in await self._rows.all()}
        return [await self._decrypt(row) for row in list(self.stored.values()) if self._is_served(row)]

    def _is_served(self, row: StoredInstallation) -> bool:
        return not row.ended and self.allows(row.workspace, Identity.load(row.identity).enterprise)

    def not_allowed(self) -> Sequence[StoredInstallation]:
        """Installed, and not named in the settings any more."""
        return [row for row in self.stored.values() if not row.ended and not self._is_served(row)]

    def ended(self) -> Sequence[StoredInstallation]:
        return [row for row in self.stored.values() if row.ended]

    async def _decrypt(self, row: StoredInstallation) -> Installed:
        try:
            token = self._all.decrypt(row.token.encode()).decode()
        except InvalidToken:
            raise InvalidSetting(
                f"slack.encryption_keys: none of these keys decrypts the stored token of {row.name} "
                f"({row.workspace}). Add the key that was used before, or remove {row.workspace} from "
                "slack.workspaces and install the app there again."
            ) from None
        try:
            self._first.decrypt(row.token.encode())
        except InvalidToken:
            await self._put(replace(row, token=self._encrypt(token)))
        return Installed(Identity.load(row.identity), row.name, token, row.by)

    def _encrypt(self, token: str) -> str:
        return self._first.encrypt(token.encode()).decode()

    def installed_at(self, workspace: str) -> datetime | None:
        row = self.stored.get(workspace)
        return row.at if row is not None else None

    async def save(self, installed: Installed) -> None:
        """Durable when it returns. Raises ``NotRecorded``."""
        await self._put(
            StoredInstallation(
                workspace=installed.identity.team,
                name=installed.name,
                identity=installed.identity.dump(),
                token=self._encrypt(installed.token),
                by=installed.by,
                at=self._now(),
            )
        )

    async def end(self, workspace: str, reason: str) -> None:
        """Forgets the token. Raises ``NotRecorded``."""
        if (row := self.stored.get(workspace)) is not None:
            await self._put(replace(row, token="", ended=reason))

    async def _put(self, row: StoredInstallation) -> None:
        await self._rows.put(row)
        self.stored[row.workspace] = row
