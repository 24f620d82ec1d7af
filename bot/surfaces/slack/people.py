"""Reads profiles and memberships of people in the workspace, and finds people by id, e-mail or name."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from bot.surfaces.errors import ChatUnreachable
from bot.surfaces.slack.client import ApiError, SlackClient
from bot.surfaces.slack.identity import Identity
from commands.model.messages import Actor, Membership, PersonGroup

_ID = re.compile(r"[UW][A-Z0-9]{2,}")
_GROUP_ID = re.compile(r"S[A-Z0-9]{8,}")
GROUP_SCOPE = "usergroups:read"
_CACHE_LIFETIME = timedelta(minutes=10)
_PAGE_SIZE, _MAX_PAGES = 200, 25


class UserDirectory:
    def __init__(self, client: SlackClient, identity: Callable[[], Identity], now: Callable[[], datetime]) -> None:
        self._client = client
        self._identity = identity
        self._now = now
        self._by_name: dict[str, dict[str, list[Actor]]] = {}  # by team
        self._loaded_at: dict[str, datetime] = {}

    async def profile(self, actor: Actor) -> Actor:
        """Raises ``ChatUnreachable`` until the bot's own workspace is known, because membership depends on it."""
        if not self._identity().team:
            raise ChatUnreachable("the bot's workspace is not known yet")
        try:
            request = self._client.web.users_info(user=actor.id, include_locale=True)
            response = await self._client.call("users.info", request)
        except ApiError as error:
            if error.code == "user_not_visible":
                return actor.model_copy(update={"membership": Membership.EXTERNAL})
            if error.code in ("user_not_found", "users_not_found"):
                return actor.model_copy(update={"membership": Membership.UNKNOWN})
            raise
        return self._actor(response.get("user") or {}, actor)

    async def find(self, text: str, team: str = "") -> Sequence[Actor]:
        """``team``: where to look for names, if the app is installed in an organisation."""
        query = text.strip().removeprefix("<").removesuffix(">").removeprefix("@").partition("|")[0]
        if not query:
            return ()
        if _ID.fullmatch(query):
            actor = await self.profile(Actor(surface="slack", workspace=self._identity().team, id=query))
            return () if actor.membership is Membership.UNKNOWN else (actor,)
        if "@" in query:
            return await self._find_by_email(query)
        await self._load_members(team)
        return self._by_name[team].get(query.casefold(), ())

    async def group(self, name: str, team: str, most: int) -> PersonGroup | None:
        """By handle or id. Slack names the users of all groups in one answer (Slack docs, "usergroups.list")."""
        try:
            request = self._client.web.usergroups_list(include_users=True, team_id=team or None)
            response = await self._client.call("usergroups.list", request)
        except ApiError as error:
            if error.code == "missing_scope":
                return PersonGroup(name=f"@{name}" if _GROUP_ID.fullmatch(name) else "", missing=GROUP_SCOPE)
            raise
        for group in response.get("usergroups") or ():
            if name == group.get("id") or name.casefold() == str(group.get("handle") or "").casefold():
                workspace = self._identity().team
                people = [
                    await self.profile(Actor(surface="slack", workspace=workspace, id=str(id)))
                    for id in (group.get("users") or ())[:most]
                ]
                return PersonGroup(name=f"@{group.get('handle') or name}", members=tuple(people))
        return None

    async def _find_by_email(self, email: str) -> Sequence[Actor]:
        try:
            request = self._client.web.users_lookupByEmail(email=email)
            response = await self._client.call("users.lookupByEmail", request)
        except ApiError as error:
            if error.code == "users_not_found":
                return ()
            raise
        return (self._actor(response.get("user") or {}, None),)

    async def _load_members(self, team: str) -> None:
        """Slack has no call to look up a handle, so the whole list is read and kept for ten minutes."""
        loaded_at = self._loaded_at.get(team)
        if loaded_at is not None and self._now() - loaded_at < _CACHE_LIFETIME:
            return
        by_name: dict[str, list[Actor]] = {}
        cursor = ""
        for _ in range(_MAX_PAGES):
            request = self._client.web.users_list(
                limit=_PAGE_SIZE, cursor=cursor or None, include_locale=True, team_id=team or None
            )
            response = await self._client.call("users.list", request)
            for user in response.get("members") or ():
                if user.get("deleted"):
                    continue
                actor = self._actor(user, None)
                for name in {actor.handle.casefold(), actor.name.casefold()} - {""}:
                    by_name.setdefault(name, []).append(actor)
            cursor = str((response.get("response_metadata") or {}).get("next_cursor") or "")
            if not cursor:
                break
        self._by_name[team], self._loaded_at[team] = by_name, self._now()

    def _actor(self, user: Mapping[str, Any], fallback: Actor | None) -> Actor:
        profile = user.get("profile") or {}
        handle = str(user.get("name") or (fallback.handle if fallback else ""))
        name = profile.get("display_name") or profile.get("real_name") or user.get("real_name") or handle
        return Actor(
            surface="slack",
            workspace=self._identity().team,
            id=str(user.get("id") or (fallback.id if fallback else "")),
            name=str(name),
            handle=handle,
            email=profile.get("email") or None,
            membership=self._membership(user),
            timezone=user.get("tz") or None,
            locale=user.get("locale") or None,
        )

    def _membership(self, user: Mapping[str, Any]) -> Membership:
        """From the fields of the user object (Slack docs, "User object")."""
        identity = self._identity()
        enterprise = (user.get("enterprise_user") or {}).get("enterprise_id") or ""
        same_team = user.get("team_id") in (None, "", identity.team)
        same_organization = same_team or bool(enterprise and enterprise == identity.enterprise)
        if user.get("deleted"):
            return Membership.UNKNOWN
        if user.get("is_bot") or user.get("is_workflow_bot") or user.get("id") == "USLACKBOT":
            return Membership.BOT
        if user.get("is_stranger") or not same_organization:
            return Membership.EXTERNAL
        if user.get("is_restricted") or user.get("is_ultra_restricted"):
            return Membership.GUEST
        return Membership.MEMBER if user.get("id") else Membership.UNKNOWN
