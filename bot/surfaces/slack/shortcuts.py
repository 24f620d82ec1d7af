"""Parses shortcuts: those of a message, and the one that can be used anywhere in Slack."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.surfaces.slack.deliveries import Delivery, FormRequest, Ignored, NewMessage, UnreadableButton
from bot.surfaces.slack.encoding import decode, truncate
from bot.surfaces.slack.parsing import Parser, digest, shared_files, thread_of
from commands.lookup.shared_files import files_text
from commands.model.intents import Comment, OpenForm
from commands.model.messages import Actor, Message, Place, ReplyRoute, Via

START_HERE = "start_here"
ADD_COMMENT = "add_comment"
ADD_TASK = "add_task"
START_ANYWHERE = "start_runbook"
_TITLE = 150  # characters that the form takes


@dataclass(frozen=True, slots=True)
class ShortcutParser(Parser):
    def _parse_global_shortcut(self, body: Mapping[str, Any]) -> Delivery:
        """It comes from no channel, so it is answered in the direct one."""
        actor = self._actor(body, body.get("user") or {})
        place = self._place(body, actor.id, direct=True)
        if body.get("callback_id") != START_ANYWHERE:
            return _unknown(body, actor, place, ReplyRoute())
        return FormRequest(OpenForm(about="start"), actor, place, str(body.get("trigger_id") or ""), ReplyRoute())

    def _parse_shortcut(self, body: Mapping[str, Any]) -> Delivery:
        message_body, trigger = body.get("message") or {}, str(body.get("trigger_id") or "")
        channel = body.get("channel") or {}
        id, ts = str(channel.get("id") or ""), str(message_body.get("ts") or body.get("message_ts") or "")
        actor = self._actor(body, body.get("user") or {})
        reply = ReplyRoute(url=str(body.get("response_url") or ""), post=ts)
        link = self.identity.permalink(id, ts, str(message_body.get("thread_ts") or ""))
        direct = channel.get("name") == "directmessage" or id.startswith("D")
        name = "" if direct else str(channel.get("name") or "")
        if body.get("callback_id") == START_HERE:
            thread = str(message_body.get("thread_ts") or ts)
            place = self._place(body, id, name=name, thread=thread, direct=direct)
            return FormRequest(OpenForm(about="start"), actor, place, trigger, reply, link)
        place = self._place(body, id, name=name, thread=thread_of(message_body), direct=direct)
        said = decode(str(message_body.get("text") or "")).strip()
        if body.get("callback_id") == ADD_TASK:
            title = " ".join((said.splitlines() or [""])[0].split())
            form = OpenForm(about="add", fill={"title": truncate(title, _TITLE)})
            return FormRequest(form, actor, place, trigger, reply, link)
        if body.get("callback_id") != ADD_COMMENT:
            return _unknown(body, actor, place, reply)
        text = "\n".join(filter(None, (said, files_text(shared_files(message_body, link)), link)))
        message = Message(
            key=self._key(body, trigger or digest(body)),
            actor=actor,
            place=place,
            via=Via.SHORTCUT,
            at=self.now,
            intent=Comment(text=text).model_dump(mode="json"),
            reply=reply,
            link=link,
        )
        return NewMessage(message)


def _unknown(body: Mapping[str, Any], actor: Actor, place: Place, reply: ReplyRoute) -> Delivery:
    """A shortcut of another version of the app."""
    if not isinstance(body.get("callback_id"), str):
        return Ignored("a shortcut without an id")
    return UnreadableButton(actor, place, reply, "unknown_shortcut")
