"""Any card becomes a post that the oldest server accepts, without markup or mentions from outside."""

import re
from datetime import UTC, datetime
from typing import get_args

from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from adapters.models import TaskState
from bot.surfaces.mattermost.buttons import Buttons, ButtonScope
from bot.surfaces.mattermost.dialogs import build_dialog, dialog_features
from bot.surfaces.mattermost.escape import escape
from bot.surfaces.mattermost.render import MESSAGE_RUNES, Renderer, private_text
from bot.surfaces.mattermost.signing import Signer
from commands.model.card import (
    Bold,
    Button,
    Card,
    ClockTime,
    Code,
    Field,
    FieldKind,
    Form,
    Link,
    Menu,
    Option,
    PersonName,
    Row,
    Section,
    Span,
)
from commands.model.intents import Choose, Comment, Finish, OpenForm
from commands.model.messages import Place
from tests.fakes.mattermost import User
from tests.fakes.mattermost.models import mentioned
from tests.fakes.mattermost.rules import check_dialog, check_post

NOW = datetime(2026, 11, 21, 14, 5, tzinfo=UTC)
SCOPE = ButtonScope(Place(surface="mattermost", channel="c" * 26), "n" * 24)
RENDERER = Renderer(Buttons(Signer(b"k" * 32), "https://bot.example.com/mattermost/action"))
USERS = [User("ana"), User("ben"), User("all.in-one")]
MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])

MARKUP = [
    *("@ana", "@all", "@channel", "@here", "#tag", "~town", ":fire:", "[x](http://y)", "<b>", "&lt;", "```\n"),
    *("    ", "- ", "1. ", "> ", "---", "===", "\n\n", "\r\n", "https://x.example/@ana_b", "\x00", "\ud800"),
    *"*_`|\\! \t\n\"'()aZé🔥9.:@",
]
text = st.lists(st.sampled_from(MARKUP), max_size=8).map("".join)
longer = st.one_of(text, text.map(lambda item: item * 100))
spans: st.SearchStrategy[Span] = st.one_of(
    longer,
    st.builds(ClockTime, st.just(NOW), st.sampled_from(["UTC", "Europe/Lisbon", "nowhere"])),
    st.builds(PersonName, text),
    st.builds(Link, text, st.one_of(text, text.map(lambda item: f"https://x.example/{item}"))),
    st.builds(Code, longer, st.booleans()),
    st.builds(Bold, longer),
)
texts = st.lists(spans, max_size=3).map(tuple)
buttons = st.builds(
    Button,
    text,
    st.one_of(
        st.builds(Finish, tasks=st.lists(text, max_size=3).map(tuple)),
        st.builds(Comment, text=longer),
        st.builds(Choose, key=text, values=st.dictionaries(text, text, max_size=3)),
        st.builds(OpenForm, about=st.just("retry"), fill=st.dictionaries(text, longer, max_size=3)),
    ),
    st.sampled_from(["", "primary", "danger"]),
)
states = st.one_of(st.none(), st.sampled_from(TaskState))
rows = st.builds(Row, states, text, longer, texts, st.one_of(st.none(), buttons))
menus = st.one_of(st.none(), st.builds(Menu, text, st.lists(buttons, min_size=1, max_size=3).map(tuple)))
sections = st.builds(Section, text, st.lists(rows, max_size=6).map(tuple), texts, menus)
cards = st.builds(
    Card,
    title=texts,
    summary=longer,
    subtitle=texts,
    lines=st.lists(texts, max_size=6).map(tuple),
    sections=st.lists(sections, max_size=4).map(tuple),
    buttons=st.lists(buttons, max_size=7).map(tuple),
    tone=st.sampled_from(["", "good", "warn", "bad"]),
    link=st.one_of(st.none(), st.builds(Link, text, text)),
    menu=menus,
    footer=texts,
)


@given(cards)
@settings(max_examples=100, deadline=None)
def test_every_card_is_accepted_and_mentions_nobody(drawn_from: Card) -> None:
    rendered = RENDERER.card(drawn_from, SCOPE, {}, NOW)
    check_post(rendered.message or "x", rendered.props("n" * 24))
    assert rendered.message or rendered.attachments
    assert len(private_text(drawn_from, {})) <= MESSAGE_RUNES
    shown = [rendered.message, *(str(item.get("text", "")) for item in rendered.attachments)]
    shown += [field["value"] for item in rendered.attachments for field in item.get("fields", ())]
    assert mentioned(shown, USERS) == set()
    labels = [action["name"] for item in rendered.attachments for action in item.get("actions", ())]
    assert len(labels) <= 5
    assert all(0 < len(label) <= 30 for label in labels)
    has_menu = any(
        action["type"] == "select" for item in rendered.attachments for action in item.get("actions", ())
    )
    intents = set() if has_menu else {repr(button.intent) for button in drawn_from.all_buttons}
    if len(labels) < len(intents):
        assert "No room for" in "".join(shown) or "left out" in "".join(shown)


@given(st.lists(texts, max_size=8), st.lists(buttons, max_size=3))
@settings(max_examples=80, deadline=None)
@example([("@ana", Code(""), Code("```"))], [])
@example([(Link("@ana", "https://x.example/@ana_b"), Bold(""), Code("`"))], [])
def test_all_lines_are_accepted(lines: list[tuple[Span, ...]], shown: list[Button]) -> None:
    rendered = RENDERER.lines(lines, shown, SCOPE, {}, NOW)
    check_post(rendered.message or "x", rendered.props("n" * 24))
    assert mentioned([rendered.message], USERS) == set()


PLAIN = {
    *("paragraph_open", "paragraph_close", "inline", "text", "softbreak", "hardbreak"),
    *("code_inline", "link_open", "link_close"),  # a name with "@", and a plain URL
}


def _plain(markdown: str) -> tuple[set[str], str]:
    """The kinds of markup in the text, and the text that people see."""
    kinds: set[str] = set()
    seen: list[str] = []
    for token in MARKDOWN.parse(markdown):
        kinds.add(token.type)
        for child in token.children or ():
            kinds.add(child.type)
            seen.append("\n" if child.type in ("softbreak", "hardbreak") else child.content)
    return kinds, "".join(seen)


@given(text)
@settings(max_examples=400, deadline=None)
@example("a\n===")
@example("[a]: http://b")
@example("&amp;")
@example("\\n")
def test_escaped_text_is_complete_and_has_no_markup(given_words: str) -> None:
    kinds, seen = _plain(escape(given_words))
    assert kinds <= PLAIN, kinds
    if "http" not in given_words:  # addresses are percent-encoded where they must be
        assert _letters(seen) == _letters(given_words)


def _letters(text: str) -> str:
    """Without spaces and control characters."""
    text = text.encode("utf-8", "replace").decode()
    return re.sub(r"[\s\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069\ufff9-\ufffb]", "", text)


fields = st.builds(
    Field,
    name=st.sampled_from(["a", "b", "c", "d"]),
    label=text,
    kind=st.sampled_from(get_args(FieldKind)),
    options=st.lists(st.builds(Option, st.from_regex(r"\A[a-z]{1,4}\Z"), text), max_size=5).map(tuple),
    value=longer,
    hint=longer,
    optional=st.booleans(),
    shown=text,
    refreshes=st.booleans(),
)


@given(
    st.builds(
        Form,
        st.just("status"),
        text,
        text,
        text,
        st.lists(fields, max_size=4, unique_by=lambda f: f.name).map(tuple),
        st.lists(texts, max_size=2).map(tuple),
    )
)
@settings(max_examples=100, deadline=None)
def test_every_form_is_a_valid_dialog(dialog: Form) -> None:
    check_dialog(build_dialog(dialog, {}, "state"))
    check_dialog(build_dialog(dialog, {}, "state", dialog_features((11, 1), "https://liaison")), (11, 1))
