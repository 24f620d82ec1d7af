"""Forms as modals, and what comes back from them.

The modal's ``private_metadata`` carries what the submission must know: its own key (the nonce), what the form is
about, and where it was opened. Slack keeps it and signs it on the way back.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from bot.surfaces.slack import render
from bot.surfaces.slack.encoding import clean, cut
from bot.surfaces.slack.text import words
from commands.model.card import Card, Field, Form, Option
from commands.model.messages import Place
from commands.text.catalogue import plain_text

CALLBACK = "form.v1"
ACTION = "field.v1"
TITLE = 24
OPTION = 75  # characters of an option's text and of its value
OPTIONS = 100
METADATA = 3000


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
        if len(dumped) > METADATA:
            dumped = json.dumps({**facts, "link": ""}, separators=(",", ":"))
        return dumped

    @staticmethod
    def load(dumped: str) -> "Meta | None":
        try:
            facts = json.loads(dumped)
            known = {field.name for field in fields(Meta)}
            return Meta(**{name: value for name, value in facts.items() if name in known})
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


def loading() -> dict[str, Any]:
    return _modal(words("loading"), [_section(words("please_wait"))])


def card_view(card: Card, meta: Meta) -> dict[str, Any]:
    """A card in a modal: what went wrong, and buttons that lead on."""
    drawn = render.card(card)
    title = plain_text(card.title)
    return {**_modal(title, drawn.blocks), "private_metadata": meta.dump()}


def words_view(title: str, said: str) -> dict[str, Any]:
    return _modal(title, [_section(said)])


def form_view(form: Form, meta: Meta) -> dict[str, Any]:
    lead = [_section(plain_text(form.intro))] if plain_text(form.intro).strip() else []
    blocks = lead + [_input(field) for field in form.fields]
    return {
        **_modal(form.title, blocks[: render.BLOCKS] or [_section(form.title)]),
        "callback_id": CALLBACK,
        "private_metadata": meta.dump(),
        "submit": _plain(form.submit, TITLE),
    }


def _modal(title: str, blocks: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "type": "modal",
        "title": _plain(title, TITLE),
        "close": _plain(words("close"), TITLE),
        "blocks": blocks,
    }


def _plain(text: str, longest: int) -> dict[str, Any]:
    shown = cut(clean(text).strip(), longest) or "…"
    return {"type": "plain_text", "text": shown, "emoji": False}


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": _plain(text, 3000)}


def _input(field: Field) -> dict[str, Any]:
    if field.kind == "choice" and not _options(field.options):
        return _section(f"{field.label}: {words('nothing_to_choose')}")
    hint = field.hint
    if field.kind == "choice" and len(field.options) > OPTIONS:
        hint = f"{hint} {words('cut_options')}".strip()
    block = {
        "type": "input",
        "block_id": field.name,
        "label": _plain(field.label or field.name, 150),
        "optional": field.optional,
        "element": _element(field),
    }
    return {**block, "hint": _plain(hint, 2000)} if clean(hint).strip() else block


def _element(field: Field) -> dict[str, Any]:
    match field.kind:
        case "choice":
            options = _options(field.options)
            chosen = next((option for option in options if option["value"] == field.value), None)
            initial = {"initial_option": chosen} if chosen else {}
            return {"type": "static_select", "action_id": ACTION, "options": options, **initial}
        case "search":
            known = [*field.options, Option(field.value, field.value)]
            chosen = next(iter(_options([option for option in known if option.value == field.value])), None)
            initial = {"initial_option": chosen} if chosen else {}
            return {"type": "external_select", "action_id": ACTION, "min_query_length": 0, **initial}
    longest = min(max(field.longest, 1), 3000)
    element = {
        "type": "plain_text_input",
        "action_id": ACTION,
        "multiline": field.kind == "lines",
        "max_length": longest,
    }
    if field.kind == "when":
        element["placeholder"] = _plain(words("when"), 150)
    if value := clean(field.value)[:longest]:
        element["initial_value"] = value
    return element


def _options(options: Sequence[Option]) -> list[dict[str, Any]]:
    return options_answer(options)["options"]


def options_answer(options: Sequence[Option]) -> dict[str, list[dict[str, Any]]]:
    """The answer to an option search. An option whose value Slack cannot carry is left out."""
    drawn = [
        {"text": _plain(option.label or option.value, OPTION), "value": option.value}
        for option in options
        if 0 < len(option.value) <= OPTION and clean(option.value) == option.value
    ]
    return {"options": drawn[:OPTIONS]}


def values(view: Mapping[str, Any]) -> dict[str, str]:
    """Field name -> what was entered; fields left empty are ""."""
    found: dict[str, str] = {}
    for name, actions in ((view.get("state") or {}).get("values") or {}).items():
        for entered in actions.values():
            chosen = entered.get("selected_option")
            found[name] = (chosen.get("value") if chosen else entered.get("value")) or ""
    return found


def errors(view: Mapping[str, Any], wrong: Mapping[str, str]) -> dict[str, Any]:
    """The answer that shows ``wrong`` in the form. What names no field of it stands under the first one."""
    inputs = [block["block_id"] for block in view.get("blocks", ()) if block.get("type") == "input"]
    shown = {name: cut(said, 2000) for name, said in wrong.items() if name in inputs}
    homeless = " ".join(said for name, said in wrong.items() if name not in inputs)
    if homeless and inputs:
        shown[inputs[0]] = f"{shown.get(inputs[0], '')} {homeless}".strip()
    if not shown:
        return {"response_action": "update", "view": words_view(view["title"]["text"], homeless)}
    return {"response_action": "errors", "errors": shown}
