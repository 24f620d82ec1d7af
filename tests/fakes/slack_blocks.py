"""Checks of Block Kit's rules: what Slack rejects with ``invalid_blocks`` or ``invalid_arguments``.

The limits are from the Slack docs, "Block Kit reference"; where sources differ, the smaller one is used. Each
function returns a list of faults. If it is empty, Slack would accept the value.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

Faults = Iterator[str]
_BUTTON_KEYS = {"type", "action_id", "text", "value", "url", "style", "confirm", "accessibility_label"}
_STYLES = {"bold", "italic", "strike", "code", "highlight", "client_highlight", "unlink", "underline"}


def message_faults(blocks: object) -> list[str]:
    return list(_blocks(blocks, 50, {"rich_text", "section", "header", "context", "actions", "divider"}))


def view_faults(view: Mapping[str, Any]) -> list[str]:
    return list(_view(view))


def home_faults(view: Mapping[str, Any]) -> list[str]:
    """Of the Home tab, which has no title and no buttons of its own (Slack docs, "Home tab views")."""
    faults = [f"home: unknown field {name}" for name in set(view) - {"type", "blocks", "private_metadata"}]
    if view.get("type") != "home":
        faults.append("home: type")
    if len(view.get("private_metadata", "")) > 3000:
        faults.append("private_metadata over 3000 characters")
    kinds = {"rich_text", "section", "header", "context", "actions", "divider"}
    return [*faults, *_blocks(view.get("blocks"), 100, kinds)]


def _blocks(blocks: object, limit: int, kinds: set[str]) -> Faults:
    if not isinstance(blocks, list) or not 1 <= len(blocks) <= limit:
        yield f"must be a list of 1 to {limit} blocks"
        return
    ids: set[str] = set()
    for number, block in enumerate(blocks):
        where = f"blocks[{number}]"
        if not isinstance(block, dict) or block.get("type") not in kinds:
            yield f"{where}: unknown type {block.get('type') if isinstance(block, dict) else block!r}"
            continue
        id = block.get("block_id")
        if id is not None and not (isinstance(id, str) and 0 < len(id) <= 255):
            yield f"{where}: block_id"
        if id in ids:
            yield f"{where}: block_id {id!r} is used twice"
        ids.update([id] if isinstance(id, str) else [])
        yield from (f"{where}: {fault}" for fault in _BLOCKS[block["type"]](block))


def _text(text: object, limit: int, *, plain: bool = False) -> Faults:
    if not isinstance(text, dict) or text.get("type") not in ("plain_text", "mrkdwn"):
        yield "not a text object"
        return
    value = text.get("text")
    if plain and text["type"] != "plain_text":
        yield "must be plain_text"
    if not isinstance(value, str) or not 0 < len(value) <= limit:
        yield f"text must have 1 to {limit} characters"
    if set(text) - {"type", "text", "emoji", "verbatim"} or ("emoji" in text and text["type"] == "mrkdwn"):
        yield "text object has unknown fields"


def _section(block: Mapping[str, Any]) -> Faults:
    if "text" not in block and not block.get("fields"):
        yield "section needs text or fields"
    if "text" in block:
        yield from _text(block["text"], 3000)
    if "accessory" in block:
        yield from _control(block["accessory"])
    fields = block.get("fields", [])
    if len(fields) > 10:
        yield "section has more than 10 fields"
    for field in fields:
        yield from _text(field, 2000)


def _header(block: Mapping[str, Any]) -> Faults:
    yield from _text(block.get("text"), 150, plain=True)


def _context(block: Mapping[str, Any]) -> Faults:
    elements = block.get("elements") or []
    if not 1 <= len(elements) <= 10:
        yield "context needs 1 to 10 elements"
    for element in elements:
        yield from _text(element, 3000)


def _actions(block: Mapping[str, Any]) -> Faults:
    elements = block.get("elements") or []
    if not 1 <= len(elements) <= 25:
        yield "actions needs 1 to 25 elements"
    ids = [element.get("action_id") for element in elements]
    if len(set(ids)) != len(ids):
        yield "action ids are used twice"
    for element in elements:
        yield from _control(element)


def _control(element: Mapping[str, Any]) -> Faults:
    match element.get("type"):
        case "button":
            yield from _button(element)
        case "static_select":
            yield from _select(element)
            yield from _options(element.get("options"), "static_select")
        case "external_select":
            yield from _select(element)
            if not 0 <= element.get("min_query_length", 0) <= 3000 or "options" in element:
                yield "external_select: min_query_length, or options of its own"
        case "users_select":
            yield from _select(element)
        case other:
            yield f"Liaison does not use {other}"


def _select(select: Mapping[str, Any]) -> Faults:
    if not 0 < len(str(select.get("action_id") or "")) <= 255:
        yield "select: action_id"
    yield from (f"placeholder: {fault}" for fault in _text(select.get("placeholder"), 150, plain=True))
    if set(select) - {"type", "action_id", "placeholder", "options", "min_query_length"}:
        yield "select has unknown fields"


def _button(button: Mapping[str, Any]) -> Faults:
    yield from _text(button.get("text"), 75, plain=True)
    if not 0 < len(str(button.get("action_id") or "")) <= 255:
        yield "button: action_id"
    if len(button.get("value", "")) > 2000:
        yield "button: value over 2000 characters"
    if button.get("style", "primary") not in ("primary", "danger"):
        yield "button: style"
    if set(button) - _BUTTON_KEYS:
        yield "button has unknown fields"


def _rich_text(block: Mapping[str, Any]) -> Faults:
    containers = block.get("elements")
    if not isinstance(containers, list) or not containers:
        yield "rich_text needs elements"
        return
    if sum(len(str(element.get("text", ""))) for element in _leaves(containers)) > 3000:
        yield "rich_text over 3000 characters"
    for container in containers:
        yield from _container(container)


_CONTAINER_KEYS = {
    "rich_text_section": set(),
    "rich_text_preformatted": {"border", "language"},
    "rich_text_quote": {"border"},
    "rich_text_list": {"style", "indent", "offset", "border"},
}


def _leaves(containers: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for container in containers:
        for element in container.get("elements", ()):
            yield from _leaves([element]) if "elements" in element else [element]


def _container(container: Mapping[str, Any]) -> Faults:
    kind = str(container.get("type"))
    if kind not in _CONTAINER_KEYS:
        yield f"rich_text: unknown {kind}"
        return
    if set(container) - {"type", "elements"} - _CONTAINER_KEYS[kind]:
        yield f"{kind} has unknown fields"
    if not container.get("elements"):
        yield f"{kind} needs elements"
    if kind != "rich_text_list":
        for element in container.get("elements", ()):
            yield from _element(element, kind == "rich_text_preformatted")
        return
    if container.get("style") not in ("bullet", "ordered"):
        yield "rich_text_list: style"
    if not 0 <= container.get("indent", 0) <= 8 or container.get("offset", 0) < 0:
        yield "rich_text_list: indent or offset"
    for section in container.get("elements", ()):
        if section.get("type") != "rich_text_section":
            yield "rich_text_list: its elements are sections"
        yield from _container(section)


def _element(element: Mapping[str, Any], preformatted: bool) -> Faults:
    kind = element.get("type")
    allowed = ("text", "link") if preformatted else ("text", "link", "user", "date", "emoji", "channel")
    if kind not in allowed:
        yield f"rich_text: {kind} is not allowed here"
    if kind == "text" and not (isinstance(element.get("text"), str) and element["text"]):
        yield "rich_text: empty text"
    if any(_is_unsendable(letter) for letter in str(element.get("text", ""))):
        yield "rich_text: characters that cannot be sent"
    if set(element.get("style") or {}) - _STYLES:
        yield "rich_text: unknown style"
    if kind == "link" and not _is_url(str(element.get("url", ""))):
        yield f"rich_text: not a URL: {element.get('url')!r}"
    if kind == "user" and not str(element.get("user_id", "")).startswith(("U", "W")):
        yield "rich_text: not a user id"
    stamp = element.get("timestamp")
    if kind == "date" and not (isinstance(stamp, int) and stamp > 0 and "{" in str(element.get("format"))):
        yield "rich_text: not a date"


def _is_unsendable(letter: str) -> bool:
    return (ord(letter) < 32 and letter not in "\n\t") or 0xD800 <= ord(letter) < 0xE000


def _is_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https", "mailto") and " " not in url and 0 < len(url) <= 3000


def _view(view: Mapping[str, Any]) -> Faults:
    if view.get("type") != "modal":
        yield "view: type"
    for name, needed in (("title", True), ("submit", False), ("close", False)):
        if needed or name in view:
            yield from (f"{name}: {fault}" for fault in _text(view.get(name), 24, plain=True))
    if len(view.get("private_metadata", "")) > 3000:
        yield "private_metadata over 3000 characters"
    if len(view.get("callback_id", "")) > 255:
        yield "callback_id over 255 characters"
    blocks = view.get("blocks")
    yield from _blocks(blocks, 100, {"rich_text", "section", "header", "context", "actions", "divider", "input"})
    if any(block.get("type") == "input" for block in blocks or ()) and "submit" not in view:
        yield "a view with inputs needs submit"


def _input(block: Mapping[str, Any]) -> Faults:
    yield from (f"label: {fault}" for fault in _text(block.get("label"), 2000, plain=True))
    if "hint" in block:
        yield from (f"hint: {fault}" for fault in _text(block["hint"], 2000, plain=True))
    element = block.get("element") or {}
    if not 0 < len(str(element.get("action_id") or "")) <= 255:
        yield "input: action_id"
    if "placeholder" in element:
        yield from (f"placeholder: {fault}" for fault in _text(element["placeholder"], 150, plain=True))
    check = _ELEMENTS.get(str(element.get("type")))
    if check is None:
        yield f"input: unknown element {element.get('type')}"
    else:
        yield from check(element)


def _plain_text_input(element: Mapping[str, Any]) -> Faults:
    limit = element.get("max_length", 3000)
    if not 1 <= limit <= 3000 or len(element.get("initial_value", "")) > limit:
        yield "plain_text_input: length"


def _static_select(element: Mapping[str, Any]) -> Faults:
    yield from _options(element.get("options"), "static_select")
    if "initial_option" in element and element["initial_option"] not in element.get("options", ()):
        yield "static_select: initial_option is none of the options"


def _external_select(element: Mapping[str, Any]) -> Faults:
    if "initial_option" in element:
        yield from _options([element["initial_option"]], "external_select")


def _multi_users_select(element: Mapping[str, Any]) -> Faults:
    if not all(re.fullmatch(r"[UW][A-Z0-9]{2,}", str(id)) for id in element.get("initial_users", [])):
        yield "multi_users_select: initial_users are not all ids"


def _users_select(element: Mapping[str, Any]) -> Faults:
    if not re.fullmatch(r"[UW][A-Z0-9]+", element.get("initial_user", "U0")):
        yield "users_select: initial_user is not an id"


def _conversations_select(element: Mapping[str, Any]) -> Faults:
    if not re.fullmatch(r"[CDG][A-Z0-9]+", element.get("initial_conversation", "C0")):
        yield "conversations_select: initial_conversation is not an id"
    if set(element.get("filter", {}).get("include", ())) - {"im", "mpim", "private", "public"}:
        yield "conversations_select: filter"


def _boxes(element: Mapping[str, Any]) -> Faults:
    """Radio buttons or checkboxes: at most ten options."""
    kind = str(element["type"])
    options = element.get("options") or ()
    yield from _options(options, kind)
    if len(options) > 10:
        yield f"{kind}: more than 10 options"
    initial = [element["initial_option"]] if "initial_option" in element else element.get("initial_options", [])
    if "initial_options" in element and not initial:
        yield f"{kind}: initial_options is empty"
    if any(option not in options for option in initial):
        yield f"{kind}: what is chosen at first is none of the options"


def option_faults(options: object) -> list[str]:
    """For the response to an option search, which may be empty."""
    return [] if options == [] else list(_options(options, "options"))


def _options(options: object, where: str) -> Faults:
    if not isinstance(options, Sequence) or not 1 <= len(options) <= 100:
        yield f"{where}: needs 1 to 100 options"
        return
    for option in options:
        yield from (f"{where}: {fault}" for fault in _text(option.get("text"), 75, plain=True))
        if not 0 < len(option.get("value", "")) <= 75:
            yield f"{where}: an option's value has 1 to 75 characters"


_ELEMENTS: Mapping[str, Callable[[Mapping[str, Any]], Faults]] = {
    "plain_text_input": _plain_text_input,
    "static_select": _static_select,
    "external_select": _external_select,
    "radio_buttons": _boxes,
    "checkboxes": _boxes,
    "users_select": _users_select,
    "multi_users_select": _multi_users_select,
    "conversations_select": _conversations_select,
}
_BLOCKS: Mapping[str, Callable[[Mapping[str, Any]], Faults]] = {
    "rich_text": _rich_text,
    "section": _section,
    "header": _header,
    "context": _context,
    "actions": _actions,
    "divider": lambda _: iter(()),
    "input": _input,
}


def visible_block_text(blocks: Sequence[Mapping[str, Any]]) -> str:
    """The text of the blocks as people read it, without buttons."""
    return "\n".join(filter(None, (_visible_block(block) for block in blocks)))


def _visible_container(container: Mapping[str, Any]) -> str:
    if container["type"] != "rich_text_list":
        return "".join(map(_visible_element, container["elements"]))
    first = int(container.get("offset", 0)) + 1
    markers = [f"{first + number}." if container["style"] == "ordered" else "•" for number in range(10_000)]
    indent = "    " * int(container.get("indent", 0))
    shown = [_visible_container(section) for section in container["elements"]]
    return "\n".join(f"{indent}{marker} {text}" for marker, text in zip(markers, shown, strict=False))


def copied_code(blocks: Sequence[Mapping[str, Any]]) -> list[str]:
    """What the copy button of each code block puts into the clipboard."""
    containers = [item for block in blocks if block.get("type") == "rich_text" for item in block["elements"]]
    return [
        "".join(map(_visible_element, item["elements"]))
        for item in containers
        if item["type"] == "rich_text_preformatted"
    ]


def _visible_block(block: Mapping[str, Any]) -> str:
    match block.get("type"):
        case "rich_text":
            return "\n".join(map(_visible_container, block["elements"]))
        case "section" | "header":
            return _visible_text(block["text"])
        case "context":
            return " ".join(_visible_text(element) for element in block["elements"])
        case "input":
            return str(block["label"]["text"])
    return ""


_TOKEN = re.compile(r"<(?:!date\^\d+\^[^|>]*\|([^>]*)|(@\w+)|[^|>]*\|([^>]*))>")


def _visible_text(text: Mapping[str, Any]) -> str:
    """mrkdwn without its markers: tokens as people see them, and no asterisks around what is bold."""
    shown = str(text["text"])
    if text["type"] != "mrkdwn":
        return shown
    shown = _TOKEN.sub(lambda token: next(part for part in token.groups() if part is not None), shown)
    shown = re.sub(r"(?<!\w)\*([^*\n]+)\*(?!\w)", r"\1", shown)
    return shown.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _visible_element(element: Mapping[str, Any]) -> str:
    if element["type"] == "user":
        return f"@{element['user_id']}"
    return str(element.get("text") or element.get("fallback") or element.get("url") or "")


def controls(blocks: Sequence[Mapping[str, Any]]) -> list[tuple[str, Mapping[str, Any]]]:
    """(block_id, element) of every button and select, in the order of the blocks."""
    return [
        (str(block.get("block_id", "")), element)
        for block in blocks
        for element in [
            *([block["accessory"]] if "accessory" in block else []),
            *(block["elements"] if block.get("type") == "actions" else []),
        ]
    ]


def is_labelled(shown: str, label: str) -> bool:
    """``label`` is the whole label, or that of an option without the task's title ("Begin T2 · Page the DBA")."""
    return shown == label or shown.startswith(f"{label} · ")


def buttons(blocks: Sequence[Mapping[str, Any]]) -> list[tuple[str, Mapping[str, Any]]]:
    """(block_id, action) of every button and of every option of a select, as it arrives when pressed or chosen.

    ``text`` is the label of both.
    """
    found: list[tuple[str, Mapping[str, Any]]] = []
    for block_id, element in controls(blocks):
        if element["type"] == "button":
            found.append((block_id, element))
        for option in element.get("options", ()):
            kept = {name: element[name] for name in ("type", "action_id", "placeholder")}
            found.append((block_id, {**kept, "selected_option": option, "text": option["text"]}))
    return found
