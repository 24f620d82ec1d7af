"""Who somebody is in the workspace: profiles, standing, and people found by the words typed for them."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from bot.surfaces.protocol import ChatUnreachable
from bot.surfaces.slack.client import Client, Refused
from bot.surfaces.slack.identity import Identity
from commands.model.messages import Actor, Membership

_ID = re.compile(r"[UW][A-Z0-9]{2,}")
_FRESH = timedelta(minutes=10)
_PAGE, _PAGES = 200, 25


class People:
    def __init__(self, client: Client, me: Callable[[], Identity], now: Callable[[], datetime]) -> None:
        self._client = client
        self._me = me
        self._now = now
        self._handles: dict[str, list[Actor]] = {}
        self._read_at: datetime | None = None

    async def profile(self, actor: Actor) -> Actor:
        """Raises ``ChatUnreachable`` also while our own workspace is not known: then nobody can be placed."""
        if not self._me().team:
            raise ChatUnreachable("Slack has not told us our own workspace yet")
        try:
            told = await self._client.call("users.info", self._client.web.users_info(user=actor.id))
        except Refused as error:
            if error.code == "user_not_visible":
                return actor.model_copy(update={"membership": Membership.EXTERNAL})
            if error.code in ("user_not_found", "users_not_found"):
                return actor.model_copy(update={"membership": Membership.UNKNOWN})
            raise
        return self._actor(told.get("user") or {}, actor)

    async def find(self, words: str) -> Sequence[Actor]:
        wanted = words.strip().removeprefix("<").removesuffix(">").removeprefix("@").partition("|")[0]
        if not wanted:
            return ()
        if _ID.fullmatch(wanted):
            actor = await self.profile(Actor(surface="slack", workspace=self._me().team, id=wanted))
            return () if actor.membership is Membership.UNKNOWN else (actor,)
        if "@" in wanted:
            return await self._by_email(wanted)
        await self._read_members()
        return self._handles.get(wanted.casefold(), ())

    async def _by_email(self, email: str) -> Sequence[Actor]:
        try:
            request = self._client.web.users_lookupByEmail(email=email)
            told = await self._client.call("users.lookupByEmail", request)
        except Refused as error:
            if error.code == "users_not_found":
                return ()
            raise
        return (self._actor(told.get("user") or {}, None),)

    async def _read_members(self) -> None:
        """Handles are not asked for one by one: Slack has no such call. The list is kept for ten minutes."""
        if self._read_at is not None and self._now() - self._read_at < _FRESH:
            return
        handles: dict[str, list[Actor]] = {}
        cursor = ""
        for _ in range(_PAGES):
            request = self._client.web.users_list(limit=_PAGE, cursor=cursor or None)
            told = await self._client.call("users.list", request)
            for user in told.get("members") or ():
                if user.get("deleted"):
                    continue
                actor = self._actor(user, None)
                for known in {actor.handle.casefold(), actor.name.casefold()} - {""}:
                    handles.setdefault(known, []).append(actor)
            cursor = str((told.get("response_metadata") or {}).get("next_cursor") or "")
            if not cursor:
                break
        self._handles, self._read_at = handles, self._now()

    def _actor(self, user: Mapping[str, Any], known: Actor | None) -> Actor:
        profile = user.get("profile") or {}
        handle = str(user.get("name") or (known.handle if known else ""))
        name = profile.get("display_name") or profile.get("real_name") or user.get("real_name") or handle
        return Actor(
            surface="slack",
            workspace=self._me().team,
            id=str(user.get("id") or (known.id if known else "")),
            name=str(name),
            handle=handle,
            email=profile.get("email") or None,
            membership=self._standing(user),
            timezone=user.get("tz") or None,
        )

    def _standing(self, user: Mapping[str, Any]) -> Membership:
        """Fields of the user object: docs.slack.dev/reference/objects/user-object."""
        me = self._me()
        company = (user.get("enterprise_user") or {}).get("enterprise_id") or ""
        colleague = user.get("team_id") in (None, "", me.team) or bool(company and company == me.enterprise)
        if user.get("is_bot") or user.get("is_workflow_bot") or user.get("id") == "USLACKBOT":
            return Membership.BOT
        if user.get("is_stranger") or not colleague:
            return Membership.EXTERNAL
        if user.get("is_restricted") or user.get("is_ultra_restricted"):
            return Membership.GUEST
        return Membership.UNKNOWN if user.get("deleted") or not user.get("id") else Membership.MEMBER
