"""Any card, lines and form become valid messages and modals without markup from outside."""

import json
import re
from datetime import UTC, datetime
from typing import get_args

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.models import TaskState
from adapters.protocol import Markup
from bot.surfaces.slack import button_values as button_values
from bot.surfaces.slack import elements, render, views
from bot.surfaces.slack.encoding import decode, escape, escape_truncated
from bot.surfaces.slack.views import Meta
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
    Text,
)
from commands.model.intents import Comment, Finish, Intent, OpenForm
from commands.text.markdown import rich_text
from tests.fakes.slack_blocks import message_faults, option_faults, view_faults

MARKUP = st.sampled_from(
    ["<!channel>", "<@U0ANA>", "*b*", "`c`", "_i_", "~s~", "@here", "&amp;", "&", "<", ">", "\x00", "\n", "\ud800"]
)
TEXT = st.one_of(
    st.text(max_size=40),
    MARKUP,
    st.builds(lambda word, times: word * times, st.one_of(MARKUP, st.just("word ")), st.integers(0, 2000)),
)
URLS = st.one_of(TEXT, st.sampled_from(["https://a.example/x?y=1", "javascript:alert(1)", "http://[", "https://"]))
CLOCKS = st.builds(
    ClockTime,
    st.datetimes(min_value=datetime(1900, 1, 1), timezones=st.just(UTC)),
    st.sampled_from(["UTC", "Europe/Lisbon", "No/Where", ""]),
)
SPANS: st.SearchStrategy[Span] = st.one_of(
    TEXT,
    CLOCKS,
    st.builds(PersonName, TEXT, st.sampled_from(["", "U0ANA", "u-no"]), st.booleans()),
    st.builds(Link, TEXT, URLS),
    st.builds(Code, TEXT, st.booleans()),
    st.builds(Bold, TEXT),
    st.builds(rich_text, TEXT, st.sampled_from(Markup)),
)
TEXTS: st.SearchStrategy[Text] = st.lists(SPANS, max_size=4).map(tuple)
INTENTS: st.SearchStrategy[Intent] = st.one_of(
    st.builds(Finish, run=TEXT, note=TEXT),
    st.builds(Comment, text=TEXT),
    st.builds(OpenForm, about=st.just("retry"), fill=st.dictionaries(st.just("text"), TEXT)),
)
BUTTONS = st.builds(Button, TEXT, INTENTS, st.sampled_from(["", "primary", "danger"]))
STATES = st.one_of(st.none(), st.sampled_from(TaskState))
ROWS = st.builds(Row, STATES, TEXT, TEXT, TEXTS, st.one_of(st.none(), BUTTONS))
MENUS = st.one_of(
    st.none(),
    st.builds(
        Menu, TEXT, st.lists(BUTTONS, max_size=12).map(tuple), st.sampled_from(["", "begin"]), st.just("R7")
    ),
)
SECTIONS = st.builds(Section, TEXT, st.lists(ROWS, max_size=6).map(tuple), TEXTS, MENUS)
CARDS = st.builds(
    Card,
    title=TEXTS,
    summary=TEXT,
    subtitle=TEXTS,
    lines=st.lists(TEXTS, max_size=5).map(tuple),
    sections=st.lists(SECTIONS, max_size=60).map(tuple),
    buttons=st.lists(BUTTONS, max_size=6).map(tuple),
    link=st.one_of(st.none(), st.builds(Link, TEXT, URLS)),
    menu=MENUS,
    footer=TEXTS,
)
OPTIONS = st.builds(Option, TEXT, TEXT)
FIELDS = st.builds(
    Field,
    name=st.just("x"),
    label=TEXT,
    kind=st.sampled_from(get_args(FieldKind)),
    options=st.lists(OPTIONS, max_size=120).map(tuple),
    value=TEXT,
    hint=TEXT,
    optional=st.booleans(),
    longest=st.integers(0, 5000),
)


def rename_fields(fields: list[Field]) -> tuple[Field, ...]:
    named = "abcdef"
    return tuple(
        Field(named[n], f.label, f.kind, f.options, f.value, f.hint, f.optional, f.longest, f.shown, f.refreshes)
        for n, f in enumerate(fields)
    )


FORMS = st.builds(
    Form,
    about=st.just("status"),
    run=st.just("R7"),
    title=TEXT,
    submit=TEXT,
    fields=st.lists(FIELDS, max_size=6).map(rename_fields),
    intro=st.lists(TEXTS, max_size=2).map(tuple),
)


def assert_valid(rendered: render.RenderedMessage) -> None:
    assert message_faults(rendered.blocks) == []
    assert 0 < len(rendered.text) <= 4000
    assert rendered.text.strip()
    rest = re.sub(r"<!date\^\d+\^\{time\}\|[^<>]*>|<@U0ANA>", "", rendered.text)
    assert "<" not in rest
    assert ">" not in rest
    assert not re.search(r"&(?!lt;|gt;|amp;)", rest)
    json.dumps(rendered.blocks, ensure_ascii=False).encode()  # no lone surrogates


@settings(max_examples=150, deadline=None)
@given(CARDS)
def test_any_card_is_a_valid_message(card: Card) -> None:
    rendered = render.card(card)
    assert_valid(rendered)
    assert "<@U0ANA>" not in rendered.text  # a summary has no mentions


@settings(max_examples=100, deadline=None)
@given(st.lists(TEXTS, max_size=8), st.lists(BUTTONS, max_size=5))
def test_any_lines_are_a_valid_message(lines: list[Text], buttons: list[Button]) -> None:
    assert_valid(render.lines(lines, buttons))


@settings(max_examples=100, deadline=None)
@given(FORMS)
def test_any_form_is_a_valid_modal(form: Form) -> None:
    assert view_faults(views.form_view(form, Meta(nonce="n"))) == []


@settings(max_examples=50, deadline=None)
@given(CARDS)
def test_any_card_is_a_valid_modal(card: Card) -> None:
    assert view_faults(views.card_view(card, Meta(nonce="n", link="x" * 5000))) == []


@settings(max_examples=50, deadline=None)
@given(st.lists(OPTIONS, max_size=150))
def test_any_options_are_a_valid_response(options: list[Option]) -> None:
    assert option_faults(elements.options_response(options)["options"]) == []


@given(INTENTS)
def test_a_button_value_is_decoded_to_its_intent(intent: Intent) -> None:
    loaded = button_values.load(button_values.dump(intent))
    assert loaded is not None
    assert loaded["verb"] == intent.verb
    if "\ud800" not in json.dumps(intent.model_dump(), ensure_ascii=False):
        assert type(intent).model_validate(loaded) == intent


@given(st.text(st.characters(blacklist_categories=("Cs", "Cc"))))
def test_escaped_text_is_decoded_unchanged(typed: str) -> None:
    assert decode(escape(typed)) == typed


@given(TEXT, st.integers(2, 50))
def test_truncating_never_splits_an_entity(text: str, longest: int) -> None:
    shown = escape_truncated(text, longest)
    assert len(shown) <= longest
    assert not re.search(r"&(?!lt;|gt;|amp;)", shown)


def test_a_card_too_long_for_a_message_says_so() -> None:
    rows = tuple(Row(TaskState.READY, f"T{number}", "x" * 300) for number in range(100))
    rendered = render.card(Card(title=("R7",), summary="R7", sections=(Section("Long", rows),)))
    assert_valid(rendered)
    assert "more that doesn't fit" in json.dumps(rendered.blocks, ensure_ascii=False)
