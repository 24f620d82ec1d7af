"""Renders forms as modals, and reads the submitted values.

The modal's ``private_metadata`` holds what the submission needs: its delivery key (the nonce), what the form is
about, and where it was opened. Slack stores it and returns it in the signed submission.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from bot.surfaces.slack import render
from bot.surfaces.slack.encoding import remove_unsendable, truncate
from bot.surfaces.slack.text import translate_plain
from commands.model.card import Card, Field, Form, Option
from commands.model.messages import Place
from commands.text.catalogue import plain_text

CALLBACK = "form.v1"
ACTION = "field.v1"
MAX_TITLE = 24
MAX_OPTION = 75  # characters of an option's text, and of its value
MAX_OPTIONS = 100
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
    return _modal(translate_plain("loading"), [_section(translate_plain("please_wait"))])


def card_view(card: Card, meta: Meta) -> dict[str, Any]:
    """A card in place of a form: why the form can't open, with buttons."""
    message = render.card(card)
    return {**_modal(plain_text(card.title), message.blocks), "private_metadata": meta.dump()}


def text_view(title: str, text: str) -> dict[str, Any]:
    return _modal(title, [_section(text)])


def form_view(form: Form, meta: Meta) -> dict[str, Any]:
    intro = [_section(plain_text(form.intro))] if plain_text(form.intro).strip() else []
    blocks = intro + [_input(field) for field in form.fields]
    return {
        **_modal(form.title, blocks[: render.MAX_BLOCKS] or [_section(form.title)]),
        "callback_id": CALLBACK,
        "private_metadata": meta.dump(),
        "submit": _plain_text(form.submit, MAX_TITLE),
    }


def _modal(title: str, blocks: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "type": "modal",
        "title": _plain_text(title, MAX_TITLE),
        "close": _plain_text(translate_plain("close"), MAX_TITLE),
        "blocks": blocks,
    }


def _plain_text(text: str, limit: int) -> dict[str, Any]:
    shown = truncate(remove_unsendable(text).strip(), limit) or "…"
    return {"type": "plain_text", "text": shown, "emoji": False}


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": _plain_text(text, 3000)}


def _input(field: Field) -> dict[str, Any]:
    if field.kind == "choice" and not _render_options(field.options):
        return _section(f"{field.label}: {translate_plain('nothing_to_choose')}")
    hint = field.hint
    if field.kind == "choice" and len(field.options) > MAX_OPTIONS:
        hint = f"{hint} {translate_plain('cut_options')}".strip()
    block = {
        "type": "input",
        "block_id": field.name,
        "label": _plain_text(field.label or field.name, 150),
        "optional": field.optional,
        "element": _element(field),
    }
    return {**block, "hint": _plain_text(hint, 2000)} if remove_unsendable(hint).strip() else block


def _element(field: Field) -> dict[str, Any]:
    match field.kind:
        case "choice":
            options = _render_options(field.options)
            chosen = next((option for option in options if option["value"] == field.value), None)
            initial = {"initial_option": chosen} if chosen else {}
            return {"type": "static_select", "action_id": ACTION, "options": options, **initial}
        case "search":
            all_options = [*field.options, Option(field.value, field.value)]
            matching = [option for option in all_options if option.value == field.value]
            chosen = next(iter(_render_options(matching)), None)
            initial = {"initial_option": chosen} if chosen else {}
            return {"type": "external_select", "action_id": ACTION, "min_query_length": 0, **initial}
    limit = min(max(field.longest, 1), 3000)
    element = {
        "type": "plain_text_input",
        "action_id": ACTION,
        "multiline": field.kind == "lines",
        "max_length": limit,
    }
    if field.kind == "when":
        element["placeholder"] = _plain_text(translate_plain("when"), 150)
    if value := remove_unsendable(field.value)[:limit]:
        element["initial_value"] = value
    return element


def _render_options(options: Sequence[Option]) -> list[dict[str, Any]]:
    return options_response(options)["options"]


def options_response(options: Sequence[Option]) -> dict[str, list[dict[str, Any]]]:
    """The response to an option search. Options whose value Slack can't hold are left out."""
    rendered = [
        {"text": _plain_text(option.label or option.value, MAX_OPTION), "value": option.value}
        for option in options
        if 0 < len(option.value) <= MAX_OPTION and remove_unsendable(option.value) == option.value
    ]
    return {"options": rendered[:MAX_OPTIONS]}


def submitted_values(view: Mapping[str, Any]) -> dict[str, str]:
    """The entered values by field name; "" for an empty field."""
    result: dict[str, str] = {}
    for name, actions in ((view.get("state") or {}).get("values") or {}).items():
        for entered in actions.values():
            chosen = entered.get("selected_option")
            result[name] = str((chosen.get("value") if chosen else entered.get("value")) or "")
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
        title = view.get("title")
        heading = str(title.get("text") or "") if isinstance(title, Mapping) else ""
        return {"response_action": "update", "view": text_view(heading or "Liaison", general)}
    return {"response_action": "errors", "errors": shown}
