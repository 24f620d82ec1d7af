"""Reads the bot's own account and people's profiles, and finds people by id, e-mail or username."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import structlog

from bot.surfaces.errors import SurfaceError
from bot.surfaces.mattermost.driver import MattermostApi, is_id
from bot.surfaces.mattermost.incoming_posts import BotAccount
from bot.surfaces.mattermost.transport import ApiError
from commands.model.messages import Actor, Membership, PersonGroup

_MAX_USERNAMES = 10_000
GROUP_PERMISSION = "sysconsole_read_user_management_groups"  # to list the members of a group
_SPARE_FOR_BOTS = 20  # they are listed with the people

log = structlog.get_logger(__name__)


class UserDirectory:
    def __init__(self, api: MattermostApi, team: str, key_prefix: str, bots: Collection[str] = ()) -> None:
        self._api = api
        self._team = team
        self._prefix = key_prefix
        self._bots = bots
        self._account: BotAccount | None = None
        self._usernames: dict[str, str] = {}

    @property
    def me(self) -> str:
        """The bot's user id; empty until ``account`` has read it."""
        return self._account.me if self._account is not None else ""

    async def account(self) -> BotAccount:
        if self._account is None:
            me = await self._api.me()
            id, name = str(me.get("id") or ""), str(me.get("username") or "")
            if not is_id(id) or not name:
                raise SurfaceError("Mattermost did not return the bot's account")
            self._account = BotAccount(id, name, self._api.url, self._prefix, await self.team_id(), self._bots)
        return self._account

    def sender(self) -> Mapping[str, str]:
        """What makes a command's private answer come from the bot, if the server allows overrides. Otherwise it
        shows whoever asked. Empty until the account is known."""
        if self._account is None:
            return {}
        icon = f"{self._account.site}/api/v4/users/{self._account.me}/image"
        return {"username": self._account.username, "icon_url": icon}

    async def team_id(self) -> str:
        """The id of ``[mattermost] team``, which is a name (as in the team's URL) or an id; "" for any team."""
        if not self._team or is_id(self._team):
            return self._team
        team = await self._api.team_named(self._team.lower())
        if team is None:
            raise SurfaceError(f"Mattermost has no team {self._team!r} that the bot can see")
        return str(team["id"])

    async def channels_named(self, name: str) -> Sequence[str]:
        """The ids of the bot's channels whose name in the URL, or shown name, is this one."""
        found: dict[str, None] = {}
        for channel in await self.bot_channels():
            names = (str(channel.get("name") or ""), str(channel.get("display_name") or ""))
            if name.casefold() in (known.casefold() for known in names):
                found[str(channel.get("id") or "")] = None
        return list(found)

    async def bot_channels(self) -> Sequence[Mapping[str, Any]]:
        """All channels that the bot is in, or those of ``[mattermost] team``."""
        account = await self.account()
        found: list[Mapping[str, Any]] = []
        for team in await self._api.teams(account.me):
            id = str(team.get("id") or "")
            found += await self._api.channels(account.me, id) if account.team in ("", id) else ()
        return found

    def remember_username(self, id: str, username: str) -> None:
        if len(self._usernames) >= _MAX_USERNAMES:
            self._usernames.clear()
        if id and username:
            self._usernames[id] = username

    async def handles(self, ids: Iterable[str]) -> Mapping[str, str]:
        """Usernames by id, for mentions. People who no longer exist are left out."""
        handles: dict[str, str] = {}
        for id in ids:
            if id not in self._usernames and is_id(id):
                await self._fetch_username(id)
            if name := self._usernames.get(id):
                handles[id] = name
        return handles

    async def _fetch_username(self, id: str) -> None:
        try:
            self.remember_username(id, str((await self._api.user(id)).get("username") or ""))
        except ApiError as error:
            if error.status not in (400, 403, 404):
                raise

    async def members(self, channel: str, most: int) -> Sequence[Actor]:
        """At most that many people in the channel, bots aside."""
        users = await self._api.users_in_channel(channel, most + _SPARE_FOR_BOTS)
        people = [self._actor(user) for user in users if not user.get("delete_at")]
        return [person for person in people if person.membership is not Membership.BOT][:most]

    async def profile(self, actor: Actor) -> Actor:
        return self._actor(await self._api.user(actor.id))

    async def find(self, query: str) -> Sequence[Actor]:
        """A handle with "@" is one person; without it the words may also be the names of other people."""
        query = query.strip()
        user: dict[str, Any] | None = None
        if is_id(query):
            user = await self._api.user(query)  # a username that looks like an id needs "@" in front
        elif "@" in query[1:] and not any(char.isspace() for char in query):
            user = await self._api.user_by_email(query)
        elif query:
            user = await self._api.user_named(query.removeprefix("@").lower())
            if not query.startswith("@"):
                return await self._with_name(query, user)
        return (self._actor(user),) if user else ()

    async def group(self, name: str, most: int) -> PersonGroup | None:
        found = await self._api.group_named(name)
        if found is None:
            return None
        try:
            members = await self._api.group_members(str(found.get("id") or ""), most)
        except ApiError as error:
            log.warning("the bot can't read the members of a group", error=str(error))
            return PersonGroup(name=f"@{name}", missing=GROUP_PERMISSION)
        return PersonGroup(name=f"@{name}", members=tuple(self._actor(user) for user in members[:most]))

    async def _with_name(self, name: str, user: Mapping[str, Any] | None) -> Sequence[Actor]:
        """``user``, who has it as username, and everybody whose full name or nickname it is.

        Only ``user`` on a server that doesn't let the bot search.
        """
        try:
            others = await self._api.search_users(name)
        except ApiError as error:
            log.warning("the bot can't search people by name", error=str(error))
            others = []
        found = [self._actor(other) for other in others if _is_called(other, name)]
        first = [self._actor(user)] if user else []
        return list({actor.id: actor for actor in (*first, *found)}.values())

    def _actor(self, user: Mapping[str, Any]) -> Actor:
        id, username = str(user.get("id") or ""), str(user.get("username") or "")
        self.remember_username(id, username)
        full_name = " ".join(str(user.get(part) or "") for part in ("first_name", "last_name")).strip()
        return Actor(
            surface="mattermost",
            id=id,
            name=full_name or str(user.get("nickname") or "") or username,
            handle=username,
            email=str(user.get("email") or "") or None,
            membership=_membership(user),
            timezone=_timezone(user.get("timezone")),
            locale=str(user.get("locale") or "") or None,
        )


def _is_called(user: Mapping[str, Any], name: str) -> bool:
    full_name = f"{user.get('first_name') or ''} {user.get('last_name') or ''}".strip()
    return name.casefold() in (full_name.casefold(), str(user.get("nickname") or "").casefold())


def _membership(user: Mapping[str, Any]) -> Membership:
    roles = str(user.get("roles") or "").split()
    if user.get("delete_at"):
        return Membership.UNKNOWN
    if user.get("is_bot"):
        return Membership.BOT
    if user.get("remote_id"):
        return Membership.EXTERNAL
    return Membership.GUEST if "system_guest" in roles else Membership.MEMBER


def _timezone(setting: object) -> str | None:
    """The IANA name. Mattermost has an automatic and a manual one, and a flag, which is a string."""
    if not isinstance(setting, Mapping):
        return None
    automatic = str(setting.get("useAutomaticTimezone", "true")).lower() == "true"
    name = str(setting.get("automaticTimezone" if automatic else "manualTimezone") or "")
    try:
        return ZoneInfo(name).key if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):  # people can set it to "America", which is a folder
        return None
