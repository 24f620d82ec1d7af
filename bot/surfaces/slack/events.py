"""Parses the events that are not messages (Slack docs, "Event types")."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from bot.surfaces.protocol import SubmittedForm
from bot.surfaces.slack.deliveries import (
    Delivery,
    HomeOpened,
    Ignored,
    LinksShared,
    NewMessage,
    NotIdentified,
    PersonChanged,
    PlaceChanged,
    Uninstalled,
    WorkflowStep,
)
from bot.surfaces.slack.parsing import Parser, digest
from bot.surfaces.slack.reactions import ADDED, VERB, verb_of
from bot.surfaces.slack.workflow_steps import EXECUTION, FORMS
from commands.model.messages import Message, ReplyRoute, Via

UNINSTALL_EVENTS = ("app_uninstalled", "tokens_revoked")
# After these, other people may see a channel than before (Slack docs, "Event types").
PLACE_EVENTS = (
    "member_joined_channel",
    "member_left_channel",
    "channel_archive",
    "channel_deleted",
    "channel_left",
    "channel_shared",
    "channel_unarchive",
    "channel_unshared",
    "group_archive",
    "group_deleted",
    "group_left",
    "group_unarchive",
)


@dataclass(frozen=True, slots=True)
class EventParser(Parser):
    """``reactions``: verbs by the names of emojis."""

    reactions: Mapping[str, str] = field(default_factory=dict, kw_only=True)

    def _parse_notice(self, body: Mapping[str, Any], event: Mapping[str, Any]) -> Delivery | None:
        """None for a message."""
        match event.get("type"):
            case "user_change":
                return PersonChanged(str((event.get("user") or {}).get("id") or ""))
            case "app_home_opened":
                return self._parse_home_opened(body, event)
            case "reaction_added" | "reaction_removed":
                return self._parse_reaction(body, event)
            case "link_shared":
                return self._parse_links(body, event)
            case "function_executed":
                return self._parse_step(body, event)
            case kind if kind in UNINSTALL_EVENTS:
                return self._parse_uninstall(body, event)
            case kind if kind in PLACE_EVENTS:
                return _changed_place(event)
        return None

    def _parse_uninstall(self, body: Mapping[str, Any], event: Mapping[str, Any]) -> Delivery:
        revoked = (event.get("tokens") or {}).get("bot") or ()
        if event["type"] == "tokens_revoked" and self.identity.user not in revoked:
            return Ignored("tokens of people")
        at = datetime.fromtimestamp(int(body.get("event_time") or self.now.timestamp()), UTC)
        return Uninstalled(str(event["type"]), at)

    def _parse_home_opened(self, body: Mapping[str, Any], event: Mapping[str, Any]) -> Delivery:
        if event.get("tab") != "home":
            return Ignored("the messages of the app")
        actor = self._actor(body, {"id": event.get("user")})
        return HomeOpened(actor, self._place(body, str(event.get("channel") or actor.id), direct=True))

    def _parse_reaction(self, body: Mapping[str, Any], event: Mapping[str, Any]) -> Delivery:
        item, user = event.get("item") or {}, str(event.get("user") or "")
        bot_user = self.identity.user or authorized_bot_user(body)
        if not bot_user:
            raise NotIdentified
        if item.get("type") != "message" or event.get("item_user") != bot_user or user in ("", bot_user):
            return Ignored("not a person's reaction to a message of ours")
        verb = verb_of(str(event.get("reaction") or ""), self.reactions)
        if not verb:
            return Ignored("a reaction that asks for nothing")
        channel = str(item.get("channel") or "")
        details = {VERB: verb, ADDED: event.get("type") == "reaction_added"}
        message = Message(
            key=self._key(body, f"reaction:{body.get('event_id') or digest(body)}"),
            actor=self._actor(body, {"id": user}),
            place=self._place(body, channel, direct=channel.startswith("D")),  # Slack does not say which thread
            via=Via.REACTION,
            at=self.now,
            reply=ReplyRoute(post=str(item.get("ts") or ""), details=details),
        )
        return NewMessage(message, slack_retries=True)

    def _parse_step(self, body: Mapping[str, Any], event: Mapping[str, Any]) -> Delivery:
        form = FORMS.get(str((event.get("function") or {}).get("callback_id") or ""))
        execution = str(event.get("function_execution_id") or "")
        if form is None or not execution:
            return Ignored("not one of our steps")
        values = {name: str(value or "") for name, value in (event.get("inputs") or {}).items()}
        channel, run = values.pop("channel", ""), values.pop("run", "").strip()
        draft = Message(
            key=self._key(body, f"step:{execution}"),
            actor=self._actor(body, {"id": values.pop("person", "")}),
            place=self._place(body, channel, direct=channel.startswith("D")),
            via=Via.WORKFLOW,
            at=self.now,
            reply=ReplyRoute(details={EXECUTION: execution}),
        )
        return WorkflowStep(SubmittedForm(form, run, values), draft, execution)

    def _parse_links(self, body: Mapping[str, Any], event: Mapping[str, Any]) -> Delivery:
        channel = str(event.get("channel") or "")
        if event.get("source") == "composer" or event.get("user") in ("", self.identity.user):
            return Ignored("it is not known who will read it")
        urls = tuple(str(link.get("url") or "") for link in event.get("links") or ())
        place = self._place(body, channel, direct=channel.startswith("D"))
        return LinksShared(place, str(event.get("message_ts") or ""), urls)


def _changed_place(event: Mapping[str, Any]) -> PlaceChanged:
    """Some events have the whole channel, others its id."""
    channel = event.get("channel")
    id = channel.get("id") if isinstance(channel, Mapping) else channel
    person = event.get("user") if str(event.get("type")).startswith("member_") else ""
    return PlaceChanged(str(id or ""), str(person or ""))


def authorized_bot_user(body: Mapping[str, Any]) -> str:
    """The bot's user id from the event envelope, for use before ``auth.test`` has responded."""
    users = (item.get("user_id") for item in body.get("authorizations") or () if item.get("is_bot"))
    return str(next(users, None) or "")
