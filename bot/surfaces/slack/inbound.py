"""Parses a verified Slack delivery into what it asks for, by whom and where. Uses no network, store or clock.

The payloads are documented in the Slack docs: "Implementing slash commands", "block_actions", "message_action",
"view_submission", "block_suggestion" and "Events API". Parsing is lenient. A delivery that is not for Liaison
becomes ``Ignored`` and is never an error.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pydantic import ValidationError

from bot.surfaces.malformed import require_storable
from bot.surfaces.protocol import SubmittedForm
from bot.surfaces.slack import button_values, views
from bot.surfaces.slack.deliveries import (
    OUTCOME_WAIT_SECONDS,
    Delivery,
    FormRequest,
    FormSubmission,
    Ignored,
    NewMessage,
    NotIdentified,
    OptionSearch,
    UnreadableButton,
)
from bot.surfaces.slack.encoding import around_mention, decode, text_after_mention
from bot.surfaces.slack.events import EventParser, authorized_bot_user
from bot.surfaces.slack.parsing import digest, shared_files, thread_of
from bot.surfaces.slack.replies import REPLACES_ORIGINAL
from bot.surfaces.slack.shortcuts import ShortcutParser
from bot.surfaces.slack.views import Meta
from commands.model.intents import OpenForm
from commands.model.messages import Message, Place, ReplyRoute, Via

# Messages from people. Any other subtype is an edit, a notice from Slack, or a bot's message.
_MAX_EDIT_AGE = timedelta(days=1)  # the message as it was may not be stored any more
_HUMAN_SUBTYPES = (None, "", "file_share", "thread_broadcast")


@dataclass(frozen=True, slots=True)
class DeliveryParser(ShortcutParser, EventParser):
    """``wants_form`` is ``Intake.form_for_line``, and ``command_in`` that of ``Intake``.

    ``bots`` are the user ids of bots that may give commands.
    """

    wants_form: Callable[[str], OpenForm | None]
    bots: Collection[str] = ()
    command_in: Callable[[str, str], str] = lambda before, after: ""

    def parse(self, body: Mapping[str, Any]) -> Delivery:
        """Raises ``NotIdentified``. A malformed body raises whatever its first wrong field leads to."""
        delivery = self._parse(body)
        if isinstance(delivery, NewMessage):
            require_storable(delivery.message)
        elif isinstance(delivery, FormSubmission):
            require_storable(delivery.draft)
        return delivery

    def _parse(self, body: Mapping[str, Any]) -> Delivery:
        match body.get("type"):
            case "event_callback":
                return self._parse_event(body)
            case "block_actions":
                return self._parse_button(body)
            case "view_submission":
                return self._parse_submission(body)
            case "block_suggestion":
                return self._parse_search(body)
            case "message_action":
                return self._parse_shortcut(body)
            case "shortcut":
                return self._parse_global_shortcut(body)
            case None if str(body.get("command") or "").startswith("/"):
                return self._parse_command(body)
        return Ignored(str(body.get("type") or "unknown"))

    def _parse_command(self, body: Mapping[str, Any]) -> Delivery:
        channel_name = str(body.get("channel_name") or "")
        channel = str(body.get("channel_id") or "")
        direct = channel_name == "directmessage" or channel.startswith("D")
        handle = str(body.get("user_name") or "")
        actor = self._actor(body, {"id": body.get("user_id"), "username": handle, "name": handle})
        place = self._place(body, channel, name="" if direct else channel_name, direct=direct)
        reply = ReplyRoute(url=str(body.get("response_url") or ""))
        trigger = str(body.get("trigger_id") or "")
        text = decode(str(body.get("text") or "")).strip()
        if trigger and (form := self.wants_form(text)) is not None:
            return FormRequest(form, actor, place, trigger, reply)
        key = self._key(body, trigger or digest(body))
        return NewMessage(
            Message(key=key, actor=actor, place=place, via=Via.COMMAND, at=self.now, text=text, reply=reply)
        )

    def _parse_event(self, body: Mapping[str, Any]) -> Delivery:
        event = body.get("event", {})
        if not isinstance(event, dict):
            raise TypeError("event")  # Bolt would fail
        if (notice := self._parse_notice(body, event)) is not None:
            return notice
        if event.get("type") not in ("app_mention", "message"):
            return Ignored(f"event {event.get('type')}")
        event = _edited_message(event)
        user = str(event.get("user") or "")
        from_bot = event.get("bot_id") or event.get("bot_profile") or user in ("", "USLACKBOT")
        is_named_bot = user in self.bots and event.get("subtype") in (None, "", "bot_message")
        is_human = event.get("subtype") in _HUMAN_SUBTYPES and not from_bot
        if event.get("hidden") or not (is_human or is_named_bot):
            return Ignored("not a person's message")
        bot_user = self.identity.user or authorized_bot_user(body)
        if not bot_user:
            raise NotIdentified
        if user == bot_user:
            return Ignored("the bot's own message")
        return self._parse_post(body, event, bot_user)

    def _parse_post(self, body: Mapping[str, Any], event: Mapping[str, Any], bot_user: str) -> Delivery:
        user = str(event.get("user") or "")
        channel, ts = str(event.get("channel") or ""), str(event.get("ts") or "")
        direct = event.get("channel_type") == "im" or channel.startswith("D")
        raw = str(event.get("text") or "")
        remainder = text_after_mention(raw, bot_user)
        in_passing = remainder is None and not direct
        text = decode(raw if remainder is None else remainder).strip()
        if in_passing:
            before, after = around_mention(raw, bot_user) or ("", "")
            text = self.command_in(decode(before), decode(after))
        if in_passing and not text:
            return Ignored("asks for nothing")
        key = self._key(body, f"{channel}:{ts}" if ts else str(body.get("event_id")))
        edited_at = str((event.get("edited") or {}).get("ts") or "")
        if edited_at and _seconds(edited_at) - _seconds(ts) > _MAX_EDIT_AGE.total_seconds():
            return Ignored("an old message was edited")
        place = self._place(body, channel, thread=thread_of(event), direct=direct)
        message = Message(
            key=f"{key}:{edited_at}" if edited_at else key,
            edits=key if edited_at else "",
            in_passing=in_passing,
            actor=self._actor(body, {"id": user}),
            place=place,
            via=Via.DIRECT if direct else Via.MENTION,
            at=self.now,
            text=text,
            reply=ReplyRoute(post=ts),
            files=shared_files(event, self.identity.permalink(channel, ts, thread_of(event))),
        )
        return NewMessage(message, slack_retries=True)

    def _parse_button(self, body: Mapping[str, Any]) -> Delivery:
        action: Mapping[str, Any] = body["actions"][0]
        if not isinstance(action.get("action_id"), str):
            raise TypeError("action_id")  # Bolt would fail
        if (body.get("view") or {}).get("callback_id") == views.CALLBACK and action.get("type") != "button":
            return self._parse_refresh(body)
        intent = _chosen_intent(action)
        if isinstance(intent, Ignored):
            return intent
        view, trigger = body.get("view") or {}, str(body.get("trigger_id") or "")
        meta = Meta.load(str(view.get("private_metadata") or "")) if view else None
        channel, ts = _pressed_post(body)
        place = meta.place if meta is not None else self._button_place(body, channel, ts)
        actor = self._actor(body, body.get("user") or {})
        reply = ReplyRoute(url=str(body.get("response_url") or ""), post=ts)
        if intent is None:
            return UnreadableButton(actor, place, reply)
        is_home = view.get("type") == "home"
        view_id = "" if is_home else str(view.get("id") or "")
        if intent["verb"] == "form":
            form = _open_form(intent)
            link = meta.link if meta is not None else ""
            if form is None:
                return UnreadableButton(actor, place, reply)
            return FormRequest(form, actor, place, trigger, reply, link, view_id)
        if _is_question(body, place, intent["verb"]):
            reply = reply.model_copy(update={"details": {REPLACES_ORIGINAL: True}})
        key = self._key(body, trigger or digest(body))
        if view_id or is_home:
            reply = reply.model_copy(update={"waits": OUTCOME_WAIT_SECONDS})
        message = Message(
            key=key, actor=actor, place=place, via=Via.BUTTON, at=self.now, intent=intent, reply=reply
        )
        return NewMessage(message, view=view_id, trigger=trigger if is_home else "")

    def _parse_refresh(self, body: Mapping[str, Any]) -> Delivery:
        """A value was chosen that decides what else the form asks for."""
        view = body["view"]
        meta = Meta.load(str(view.get("private_metadata") or ""))
        if meta is None:
            return Ignored("not one of our forms")
        values = {name: value for name, value in views.submitted_values(view).items() if value}
        form = _open_form({"about": meta.about, "run": meta.run, "fill": values})
        if form is None:
            return Ignored("a form of another version")
        actor = self._actor(body, body.get("user") or {})
        return FormRequest(form, actor, meta.place, "", ReplyRoute(), meta.link, str(view.get("id") or ""))

    def _button_place(self, body: Mapping[str, Any], channel: str, ts: str) -> Place:
        name = str((body.get("channel") or {}).get("name") or "")
        direct = name == "directmessage" or channel.startswith("D")
        thread = thread_of({"ts": ts, **(body.get("container") or {}), **(body.get("message") or {})})
        return self._place(body, channel, name="" if direct else name, thread=thread, direct=direct)

    def _parse_submission(self, body: Mapping[str, Any]) -> Delivery:
        view = body.get("view") or {}
        meta = Meta.load(str(view.get("private_metadata") or ""))
        if meta is None or not meta.nonce:
            return Ignored("not one of our forms")
        draft = Message(
            key=self._key(body, meta.nonce),
            actor=self._actor(body, body.get("user") or {}),
            place=meta.place,
            via=Via.FORM,
            at=self.now,
            link=meta.link,
        )
        return FormSubmission(SubmittedForm(meta.about, meta.run, views.submitted_values(view)), draft, view)

    def _parse_search(self, body: Mapping[str, Any]) -> Delivery:
        """In a form, or in the select of a card, whose action id says what is searched for."""
        actor = self._actor(body, body.get("user") or {})
        action_id = str(body.get("action_id") or "")
        searched = action_id.removeprefix(f"{button_values.SEARCH}.")
        if searched != action_id:
            verb, _, run = searched.partition(".")
            place = self._button_place(body, *_pressed_post(body))
            return OptionSearch(actor, place, verb, run, "task", str(body.get("value") or ""), on_card=True)
        meta = Meta.load(str((body.get("view") or {}).get("private_metadata") or ""))
        if meta is None:
            return Ignored("not one of our forms")
        field, typed = str(body.get("block_id") or ""), str(body.get("value") or "")
        return OptionSearch(actor, meta.place, meta.about, meta.run, field, typed)


def _edited_message(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """The new state of an edited message (Slack docs, "message_changed"). Slack also reports unfurled links."""
    message, before = event.get("message") or {}, event.get("previous_message") or {}
    if event.get("subtype") != "message_changed" or not message.get("edited"):
        return event
    if message.get("text") == before.get("text"):
        return event
    return {**message, "channel": event.get("channel"), "channel_type": event.get("channel_type")}


def _seconds(ts: str) -> float:
    try:
        return float(ts)
    except ValueError:
        return 0.0


def _is_question(body: Mapping[str, Any], place: Place, verb: str) -> bool:
    """Whether a private question was answered: the answer takes its place, so that it cannot be answered again."""
    if (body.get("container") or {}).get("is_ephemeral"):
        return verb in ("choose", "drop", "again")
    return place.direct and verb in ("choose", "drop")


def _pressed_post(body: Mapping[str, Any]) -> tuple[str, str]:
    """The channel and the ts of the message whose button or select was used."""
    container, message = body.get("container") or {}, body.get("message") or {}
    channel = str((body.get("channel") or {}).get("id") or container.get("channel_id") or "")
    return channel, str(container.get("message_ts") or message.get("ts") or "")


def _chosen_intent(action: Mapping[str, Any]) -> dict[str, Any] | Ignored | None:
    """Of a button, or of the option or person that was chosen. None if this version can't read it."""
    match action.get("type"):
        case "button":
            return button_values.load(str(action.get("value") or ""))
        case "static_select" | "external_select":
            option = action.get("selected_option")
            return button_values.load(str(option.get("value") or "") if isinstance(option, Mapping) else "")
        case "users_select":
            return button_values.load_person(
                str(action.get("action_id") or ""), str(action.get("selected_user") or "")
            )
    return Ignored("neither a button nor a select")


def _open_form(intent: Mapping[str, Any]) -> OpenForm | None:
    try:
        return OpenForm.model_validate(intent)
    except ValidationError:
        return None
