"""One verified delivery of Slack, read: what is wanted, by whom, where. No network, no store, no clock.

Payloads: docs.slack.dev/interactivity (slash commands, block_actions, message_action, view_submission,
block_suggestion) and docs.slack.dev/apis/events-api. Everything is read leniently, and told apart by the fields
Slack documents; a delivery that is nothing for us is ``Ignored``, never an error.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from bot.surfaces.protocol import SubmittedForm
from bot.surfaces.slack import button_values as presses
from bot.surfaces.slack import views
from bot.surfaces.slack.encoding import decode, mention_rest
from bot.surfaces.slack.identity import Identity
from bot.surfaces.slack.views import Meta
from commands.model.intents import Comment, OpenForm
from commands.model.messages import Actor, Message, Place, ReplyRoute, Via

START_HERE = "start_here"
ADD_COMMENT = "add_comment"
# Messages of people. Every other subtype is an edit, a notice of Slack's, or a bot's word.
_SPOKEN = (None, "", "file_share", "thread_broadcast")


class NotIdentified(Exception):
    """An event came before we know our own user id: it must be sent again."""


@dataclass(frozen=True, slots=True)
class Ignored:
    why: str


@dataclass(frozen=True, slots=True)
class Recording:
    """To be recorded, then acknowledged, then carried. ``resent``: Slack repeats it when we do not acknowledge.

    ``view``: the modal that was pressed in, to be told that the press was taken.
    """

    message: Message
    resent: bool = False
    view: str = ""


@dataclass(frozen=True, slots=True)
class Opening:
    """A form to open. Not recorded. ``view``: the modal to draw it in, when it was asked for in one."""

    wanted: OpenForm
    actor: Actor
    place: Place
    trigger: str
    reply: ReplyRoute
    link: str = ""
    view: str = ""


@dataclass(frozen=True, slots=True)
class Search:
    about: str
    run: str
    field: str
    typed: str


@dataclass(frozen=True, slots=True)
class Submission:
    """A filled form; ``draft`` becomes the message once the fields are right and the intent is known."""

    submitted: SubmittedForm
    draft: Message
    view: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A button that this version cannot read."""

    actor: Actor
    place: Place
    reply: ReplyRoute


Delivery = Ignored | Recording | Opening | Search | Submission | Unreadable


@dataclass(frozen=True, slots=True)
class Reader:
    """``wants_form`` is ``Intake.wants_form``."""

    me: Identity
    at: datetime
    wants_form: Callable[[str], OpenForm | None]

    def read(self, body: Mapping[str, Any]) -> Delivery:
        """Raises ``NotIdentified``."""
        match body.get("type"):
            case "event_callback":
                return self._event(body)
            case "block_actions":
                return self._press(body)
            case "view_submission":
                return self._submission(body)
            case "block_suggestion":
                return _search(body)
            case "message_action":
                return self._shortcut(body)
            case None if str(body.get("command") or "").startswith("/"):
                return self._command(body)
        return Ignored(str(body.get("type") or "unknown"))

    def _command(self, body: Mapping[str, Any]) -> Delivery:
        channel_name = str(body.get("channel_name") or "")
        channel = str(body.get("channel_id") or "")
        direct = channel_name == "directmessage" or channel.startswith("D")
        handle = str(body.get("user_name") or "")
        actor = self._actor(body, {"id": body.get("user_id"), "username": handle, "name": handle})
        place = self._place(body, channel, name="" if direct else channel_name, direct=direct)
        reply = ReplyRoute(url=str(body.get("response_url") or ""))
        trigger = str(body.get("trigger_id") or "")
        text = decode(str(body.get("text") or "")).strip()
        if trigger and (wanted := self.wants_form(text)) is not None:
            return Opening(wanted, actor, place, trigger, reply)
        key = self._key(body, trigger or _digest(body))
        return Recording(
            Message(key=key, actor=actor, place=place, via=Via.COMMAND, at=self.at, text=text, reply=reply)
        )

    def _event(self, body: Mapping[str, Any]) -> Delivery:
        event = body.get("event") or {}
        if event.get("type") not in ("app_mention", "message"):
            return Ignored(f"event {event.get('type')}")
        user = str(event.get("user") or "")
        bots = event.get("bot_id") or event.get("bot_profile") or user in ("", "USLACKBOT")
        if event.get("subtype") not in _SPOKEN or bots or event.get("hidden"):
            return Ignored("not said by a person")
        me = self.me.user or _authorized(body)
        if not me:
            raise NotIdentified
        if user == me:
            return Ignored("said by ourselves")
        channel, ts = str(event.get("channel") or ""), str(event.get("ts") or "")
        direct = event.get("channel_type") == "im" or channel.startswith("D")
        raw = str(event.get("text") or "")
        rest = mention_rest(raw, me)
        if rest is None and not direct:
            return Ignored("no mention opens it")
        place = self._place(body, channel, thread=_thread(event), direct=direct)
        message = Message(
            key=self._key(body, f"{channel}:{ts}" if ts else str(body.get("event_id"))),
            actor=self._actor(body, {"id": user}),
            place=place,
            via=Via.DIRECT if direct else Via.MENTION,
            at=self.at,
            text=decode(raw if rest is None else rest).strip(),
            reply=ReplyRoute(post=ts),
        )
        return Recording(message, resent=True)

    def _press(self, body: Mapping[str, Any]) -> Delivery:
        action: Mapping[str, Any] = next(iter(body.get("actions") or ()), {})
        if action.get("type") != "button":
            return Ignored("not a button")
        view, trigger = body.get("view") or {}, str(body.get("trigger_id") or "")
        meta = Meta.load(str(view.get("private_metadata") or "")) if view else None
        container, pressed = body.get("container") or {}, body.get("message") or {}
        channel = str((body.get("channel") or {}).get("id") or container.get("channel_id") or "")
        ts = str(container.get("message_ts") or pressed.get("ts") or "")
        place = meta.place if meta is not None else self._pressed_in(body, channel, ts)
        actor = self._actor(body, body.get("user") or {})
        reply = ReplyRoute(url=str(body.get("response_url") or ""), post=ts)
        intent = presses.load(str(action.get("value") or ""))
        if intent is None:
            return Unreadable(actor, place, reply)
        view_id = str(view.get("id") or "")
        if intent["verb"] == "form":
            wanted = _form(intent)
            link = meta.link if meta is not None else ""
            if wanted is None:
                return Unreadable(actor, place, reply)
            return Opening(wanted, actor, place, trigger, reply, link, view_id)
        key = self._key(body, trigger or _digest(body))
        message = Message(
            key=key, actor=actor, place=place, via=Via.BUTTON, at=self.at, intent=intent, reply=reply
        )
        return Recording(message, view=view_id)

    def _pressed_in(self, body: Mapping[str, Any], channel: str, ts: str) -> Place:
        name = str((body.get("channel") or {}).get("name") or "")
        direct = name == "directmessage" or channel.startswith("D")
        thread = _thread({"ts": ts, **(body.get("container") or {}), **(body.get("message") or {})})
        return self._place(body, channel, name="" if direct else name, thread=thread, direct=direct)

    def _shortcut(self, body: Mapping[str, Any]) -> Delivery:
        said, trigger = body.get("message") or {}, str(body.get("trigger_id") or "")
        channel = body.get("channel") or {}
        id, ts = str(channel.get("id") or ""), str(said.get("ts") or body.get("message_ts") or "")
        actor, reply = (
            self._actor(body, body.get("user") or {}),
            ReplyRoute(url=str(body.get("response_url") or ""), post=ts),
        )
        link = self.me.permalink(id, ts, str(said.get("thread_ts") or ""))
        direct = channel.get("name") == "directmessage" or id.startswith("D")
        name = "" if direct else str(channel.get("name") or "")
        if body.get("callback_id") == START_HERE:
            thread = str(said.get("thread_ts") or ts)
            place = self._place(body, id, name=name, thread=thread, direct=direct)
            return Opening(OpenForm(about="start"), actor, place, trigger, reply, link)
        if body.get("callback_id") != ADD_COMMENT:
            return Ignored(f"shortcut {body.get('callback_id')}")
        text = "\n".join(filter(None, (decode(str(said.get("text") or "")).strip(), link)))
        message = Message(
            key=self._key(body, trigger or _digest(body)),
            actor=actor,
            place=self._place(body, id, name=name, thread=_thread(said), direct=direct),
            via=Via.SHORTCUT,
            at=self.at,
            intent=Comment(text=text).model_dump(mode="json"),
            reply=reply,
            link=link,
        )
        return Recording(message)

    def _submission(self, body: Mapping[str, Any]) -> Delivery:
        view = body.get("view") or {}
        meta = Meta.load(str(view.get("private_metadata") or ""))
        if meta is None or not meta.nonce:
            return Ignored("not a form of ours")
        draft = Message(
            key=self._key(body, meta.nonce),
            actor=self._actor(body, body.get("user") or {}),
            place=meta.place,
            via=Via.FORM,
            at=self.at,
            link=meta.link,
        )
        return Submission(SubmittedForm(meta.about, meta.run, views.values(view)), draft, view)

    def _workspace(self, body: Mapping[str, Any]) -> str:
        """Ours, not the delivery's: in shared channels and Enterprise Grid those differ for one message."""
        team = body.get("team") or {}
        return self.me.team or str(body.get("team_id") or team.get("id") or "")

    def _key(self, body: Mapping[str, Any], of: str) -> str:
        return f"slack:{self._workspace(body)}:{of}"

    def _actor(self, body: Mapping[str, Any], user: Mapping[str, Any]) -> Actor:
        handle = str(user.get("username") or user.get("name") or "")
        name = str(user.get("name") or handle)
        workspace = self._workspace(body)
        return Actor(surface="slack", workspace=workspace, id=str(user.get("id") or ""), name=name, handle=handle)

    def _place(
        self, body: Mapping[str, Any], channel: str, *, name: str = "", thread: str = "", direct: bool = False
    ) -> Place:
        workspace = self._workspace(body)
        return Place(
            surface="slack",
            workspace=workspace,
            channel=channel,
            channel_name=name,
            thread=thread,
            direct=direct,
        )


def _thread(said: Mapping[str, Any]) -> str:
    """The thread that a message stands in. The message that a thread hangs under stands in the channel."""
    thread = str(said.get("thread_ts") or "")
    return "" if thread == str(said.get("ts") or said.get("message_ts") or "") else thread


def _search(body: Mapping[str, Any]) -> Delivery:
    meta = Meta.load(str((body.get("view") or {}).get("private_metadata") or ""))
    if meta is None:
        return Ignored("not a form of ours")
    return Search(meta.about, meta.run, str(body.get("block_id") or ""), str(body.get("value") or ""))


def _form(intent: Mapping[str, Any]) -> OpenForm | None:
    try:
        return OpenForm.model_validate(intent)
    except ValidationError:
        return None


def _authorized(body: Mapping[str, Any]) -> str:
    """Our own user id as the event envelope names it, for the time before ``auth.test`` answered."""
    bots = (one.get("user_id") for one in body.get("authorizations") or () if one.get("is_bot"))
    return str(next(bots, None) or "")


def _digest(body: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True, default=str).encode()).hexdigest()[:32]
