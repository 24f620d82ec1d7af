"""Who we are, and who others are, as Mattermost knows them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.surfaces.mattermost.driver import ApiError, Site, is_id
from bot.surfaces.mattermost.incoming_posts import PostReader
from bot.surfaces.protocol import SurfaceError
from commands.model.messages import Actor, Membership

_MOST_NAMES = 10_000


class People:
    def __init__(self, site: Site, team: str, key_prefix: str) -> None:
        self._site = site
        self._team = team
        self._prefix = key_prefix
        self._ear: PostReader | None = None
        self._names: dict[str, str] = {}

    @property
    def me(self) -> str:
        """Our user id; empty until the site was asked."""
        return self._ear.me if self._ear is not None else ""

    async def ear(self) -> PostReader:
        if self._ear is None:
            me = await self._site.me()
            id, name = str(me.get("id") or ""), str(me.get("username") or "")
            if not is_id(id) or not name:
                raise SurfaceError("Mattermost did not say who we are")
            self._ear = PostReader(id, name, self._site.url, self._prefix, await self.team_id())
        return self._ear

    async def team_id(self) -> str:
        """Of ``[mattermost] team``, which may be the team's name (as in its address) or id; empty: any team."""
        if not self._team or is_id(self._team):
            return self._team
        team = await self._site.team_named(self._team.lower())
        if team is None:
            raise SurfaceError(f"Mattermost has no team {self._team!r} that we can see")
        return str(team["id"])

    def met(self, id: str, username: str) -> None:
        if len(self._names) >= _MOST_NAMES:
            self._names.clear()
        if id and username:
            self._names[id] = username

    async def handles(self, ids: Iterable[str]) -> Mapping[str, str]:
        """Usernames, for real mentions. Whoever is gone is left out, and drawn by name."""
        found: dict[str, str] = {}
        for id in ids:
            if id not in self._names and is_id(id):
                await self._meet(id)
            if name := self._names.get(id):
                found[id] = name
        return found

    async def _meet(self, id: str) -> None:
        try:
            self.met(id, str((await self._site.user(id)).get("username") or ""))
        except ApiError as error:
            if error.status not in (400, 403, 404):
                raise

    async def profile(self, actor: Actor) -> Actor:
        return self._actor(await self._site.user(actor.id))

    async def find(self, words: str) -> Sequence[Actor]:
        words = words.strip()
        user: dict[str, Any] | None = None
        if is_id(words):
            user = await self._site.user(words)  # a username may be spelt like somebody's id: "@" stands before it
        elif "@" in words[1:] and not any(char.isspace() for char in words):
            user = await self._site.user_by_email(words)
        elif words:
            user = await self._site.user_named(words.removeprefix("@").lower())
        return (self._actor(user),) if user else ()

    def _actor(self, user: Mapping[str, Any]) -> Actor:
        id, username = str(user.get("id") or ""), str(user.get("username") or "")
        self.met(id, username)
        full = " ".join(str(user.get(part) or "") for part in ("first_name", "last_name")).strip()
        return Actor(
            surface="mattermost",
            id=id,
            name=full or str(user.get("nickname") or "") or username,
            handle=username,
            email=str(user.get("email") or "") or None,
            membership=_standing(user),
            timezone=_zone(user.get("timezone")),
        )


def _standing(user: Mapping[str, Any]) -> Membership:
    roles = str(user.get("roles") or "").split()
    if user.get("is_bot"):
        return Membership.BOT
    if user.get("delete_at"):
        return Membership.UNKNOWN
    if user.get("remote_id"):
        return Membership.EXTERNAL
    return Membership.GUEST if "system_guest" in roles else Membership.MEMBER


def _zone(said: object) -> str | None:
    """IANA. Mattermost keeps two, and which of them counts ("true" is a string there)."""
    if not isinstance(said, Mapping):
        return None
    automatic = str(said.get("useAutomaticTimezone", "true")).lower() == "true"
    name = str(said.get("automaticTimezone" if automatic else "manualTimezone") or "")
    try:
        return ZoneInfo(name).key if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):  # anybody may set theirs to "America", which is a folder
        return None
