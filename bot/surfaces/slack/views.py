"""Renders forms as modals, and reads the submitted values.

The modal's ``private_metadata`` holds what the submission needs: its delivery key (the nonce), what the form is
about, and where it was opened. Slack stores it and returns it in the signed submission.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from bot.surfaces.slack import render
from bot.surfaces.slack.elements import entered_value, input_block, plain_object, section
from bot.surfaces.slack.encoding import truncate
from bot.surfaces.slack.text import translate_plain
from commands.model.card import Card, Form
from commands.model.messages import Place
from commands.text.catalogue import plain_text

CALLBACK = "form.v1"
MAX_TITLE = 24
MAX_METADATA = 3000


@dataclass(frozen=True, slots=True)
class Meta:
    nonce: str
    about: str = ""
    run: str = ""
    workspace: str = ""
    channel: str = ""
    channel_name: str = ""
    thread: str = ""
    direct: bool = False
    link: str = ""

    def dump(self) -> str:
        facts = {name: value for name, value in asdict(self).items() if value}
        dumped = json.dumps(facts, separators=(",", ":"))
        if len(dumped) > MAX_METADATA:
            dumped = json.dumps({**facts, "link": ""}, separators=(",", ":"))
        return dumped

    @staticmethod
    def load(dumped: str) -> "Meta | None":
        try:
            facts = json.loads(dumped)
            known_names = {field.name for field in fields(Meta)}
            return Meta(**{name: value for name, value in facts.items() if name in known_names})
        except (ValueError, TypeError, AttributeError):
            return None

    @property
    def place(self) -> Place:
        return Place(
            surface="slack",
            workspace=self.workspace,
            channel=self.channel,
            channel_name=self.channel_name,
            thread=self.thread,
            direct=self.direct,
        )


def loading_view() -> dict[str, Any]:
    return _modal(translate_plain("loading"), [section(translate_plain("please_wait"))])


def card_view(card: Card, meta: Meta, title: str = "") -> dict[str, Any]:
    """A card in place of a form: why the form can't open, or what became of it, with buttons."""
    message = render.card(card)
    return {**_modal(title or plain_text(card.title), message.blocks), "private_metadata": meta.dump()}


def outcome_response(view: Mapping[str, Any], card: Card) -> dict[str, Any]:
    """The response to a submission that shows its outcome in place of the form."""
    meta = Meta.load(str(view.get("private_metadata") or "")) or Meta("")
    return {"response_action": "update", "view": card_view(card, meta, _title_of(view))}


def _title_of(view: Mapping[str, Any]) -> str:
    title = view.get("title")
    return (str(title.get("text") or "") if isinstance(title, Mapping) else "") or "Liaison"


def text_view(title: str, text: str) -> dict[str, Any]:
    return _modal(title, [section(text)])


def form_view(form: Form, meta: Meta) -> dict[str, Any]:
    intro = render.lines(form.intro).blocks if form.intro else []
    blocks = intro + [input_block(field) for field in form.fields]
    return {
        **_modal(form.title, blocks[: render.MAX_BLOCKS] or [section(form.title)]),
        "callback_id": CALLBACK,
        "private_metadata": meta.dump(),
        "submit": plain_object(form.submit, MAX_TITLE),
        "close": plain_object(translate_plain("cancel"), MAX_TITLE),
    }


def _modal(title: str, blocks: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "type": "modal",
        "title": plain_object(title, MAX_TITLE),
        "close": plain_object(translate_plain("close"), MAX_TITLE),
        "blocks": blocks,
    }


def submitted_values(view: Mapping[str, Any]) -> dict[str, str]:
    """The entered values by field name; "" for an empty field."""
    result: dict[str, str] = {}
    for name, actions in ((view.get("state") or {}).get("values") or {}).items():
        for entered in actions.values():
            result[name] = entered_value(entered)
    return result


def _blocks(view: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """As Slack sent them back: another form than ours must not hide the errors."""
    blocks = view.get("blocks")
    return [block for block in blocks if isinstance(block, Mapping)] if isinstance(blocks, list) else []


def errors_response(view: Mapping[str, Any], field_errors: Mapping[str, str]) -> dict[str, Any]:
    """The response that shows errors in the form. An error of no field of the form is shown at the first field."""
    inputs = [block.get("block_id", "") for block in _blocks(view) if block.get("type") == "input"]
    shown = {name: truncate(text, 2000) for name, text in field_errors.items() if name in inputs}
    general = " ".join(text for name, text in field_errors.items() if name not in inputs)
    if general and inputs:
        shown[inputs[0]] = f"{shown.get(inputs[0], '')} {general}".strip()
    if not shown:
        return {"response_action": "update", "view": text_view(_title_of(view), general)}
    return {"response_action": "errors", "errors": shown}
