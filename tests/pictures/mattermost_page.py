"""Mattermost's attachments and dialogs as a page: like the web client, it folds a text of more than 200 pixels and
never a field, and puts actions below the footer."""

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt

_STYLE = (Path(__file__).parent / "mattermost.css").read_text()
_MARKDOWN = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable(["table", "strikethrough"])
Json = dict[str, Any]


def page(pictures: Sequence[Json], theme: str) -> str:
    body = "".join(_picture(picture) for picture in pictures)
    return f"<!doctype html><meta charset=utf-8><style>{_STYLE}</style><body class={theme}>{body}</body>"


def _picture(picture: Json) -> str:
    caption = f"<p class=caption>{escape(picture['caption'])}</p>"
    if "form" in picture:
        return caption + _dialog(picture["form"])
    only = '<span class="only">(Only visible to you)</span>' if picture["private"] else ""
    message = f"<div class=message>{_markdown(picture['message'])}</div>" if picture["message"] else ""
    attachments = "".join(_attachment(item) for item in picture["attachments"])
    head = f"<div class=head><b>liaison</b> <i>BOT</i> 3:04 AM {only}</div>"
    body = f"<div class=body>{head}{message}{attachments}</div>"
    return f"{caption}<div class=post><div class=avatar>L</div>{body}</div>"


def _attachment(item: Json) -> str:
    parts: list[str] = []
    if title := item.get("title"):
        tag = "a" if item.get("title_link") else "span"
        parts.append(f"<h1><{tag}>{escape(title)}</{tag}></h1>")
    if text := item.get("text"):
        parts.append(f"<div class=text><div>{_markdown(text)}</div></div>")
    for entry in item.get("fields") or []:
        title = f"<b>{escape(entry['title'])}</b>" if entry["title"] else ""
        parts.append(f"<div class=field>{title}<div>{_markdown(entry['value'])}</div></div>")
    if footer := item.get("footer"):
        parts.append(f"<div class=footer>{escape(footer)}</div>")
    actions = "".join(_action(action) for action in item.get("actions") or [])
    parts.append(f"<div class=actions>{actions}</div>" if actions else "")
    color = escape(item.get("color") or "#999")
    return f'<div class=attachment style="border-left-color:{color}">{"".join(parts)}</div>'


def _action(action: Json) -> str:
    name = escape(action["name"])
    if action["type"] == "select":
        return f"<span class=select>{name}<s>⌄</s></span>"
    return f'<span class="button {escape(action.get("style") or "")}">{name}</span>'


def _dialog(form: Json) -> str:
    intro = f"<div>{_markdown(form['introduction_text'])}</div>" if form.get("introduction_text") else ""
    fields = "".join(_element(element) for element in form["elements"])
    submit = escape(form.get("submit_label") or "Submit")
    buttons = f"<span class=button>Cancel</span> <span class='button filled'>{submit}</span>"
    title = f"<h1>{escape(form['title'])}</h1>"
    return f"<div class=dialog>{title}{intro}{fields}<div class=actions>{buttons}</div></div>"


def _element(element: Json) -> str:
    label = escape(element["display_name"]) + ("" if element.get("optional") else " <em>*</em>")
    value = escape(str(element.get("default") or ""))
    help_text = f"<small>{escape(element['help_text'])}</small>" if element.get("help_text") else ""
    placeholder = escape(element.get("placeholder") or "")
    options = {option["value"]: option["text"] for option in element.get("options") or []}
    match element["type"]:
        case "radio":
            shown = "".join(
                f"<div>{'◉' if value == escape(key) else '○'} {escape(text)}</div>"
                for key, text in options.items()
            )
        case "select":
            chosen = escape(options.get(str(element.get("default")), "")) or f"<s>{placeholder or 'Choose…'}</s>"
            shown = f"<div class=input>{chosen}<s class=arrow>⌄</s></div>"
        case "bool":
            shown = f"<div>☐ {placeholder}</div>"
        case kind:
            shown = f"<div class='input {kind}'>{value or f'<s>{placeholder}</s>'}</div>"
    return f"<label>{label}</label>{shown}{help_text}"


def _markdown(text: str) -> str:
    return str(_MARKDOWN.render(text))
