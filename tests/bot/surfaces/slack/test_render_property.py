"""Any card, any lines, any form: what we draw is always something that Slack takes, and never markup."""

import json
import re
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.models import TaskState
from bot.surfaces.slack import button_values as button_values
from bot.surfaces.slack import render, views
from bot.surfaces.slack.encoding import decode, escape, escape_truncated
from bot.surfaces.slack.views import Meta
from commands.model.card import (
    Bold,
    Button,
    Card,
    ClockTime,
    Code,
    Field,
    Form,
    Link,
    Option,
    PersonName,
    Row,
    Section,
    Span,
    Text,
)
from commands.model.intents import Comment, Finish, Intent, OpenForm
from tests.fakes.slack_blocks import message_faults, option_faults, view_faults

NASTY = st.sampled_from(
    ["<!channel>", "<@U0ANA>", "*b*", "`c`", "_i_", "~s~", "@here", "&amp;", "&", "<", ">", "\x00", "\n", "\ud800"]
)
WORDS = st.one_of(
    st.text(max_size=40),
    NASTY,
    st.builds(lambda word, times: word * times, st.one_of(NASTY, st.just("word ")), st.integers(0, 2000)),
)
URLS = st.one_of(
    WORDS, st.sampled_from(["https://a.example/x?y=1", "javascript:alert(1)", "http://[", "https://"])
)
CLOCKS = st.builds(
    ClockTime,
    st.datetimes(min_value=datetime(1900, 1, 1), timezones=st.just(UTC)),
    st.sampled_from(["UTC", "Europe/Lisbon", "No/Where", ""]),
)
SPANS: st.SearchStrategy[Span] = st.one_of(
    WORDS,
    CLOCKS,
    st.builds(PersonName, WORDS, st.sampled_from(["", "U0ANA", "u-no"]), st.booleans()),
    st.builds(Link, WORDS, URLS),
    st.builds(Code, WORDS, st.booleans()),
    st.builds(Bold, WORDS),
)
TEXTS: st.SearchStrategy[Text] = st.lists(SPANS, max_size=4).map(tuple)
INTENTS: st.SearchStrategy[Intent] = st.one_of(
    st.builds(Finish, run=WORDS, note=WORDS),
    st.builds(Comment, text=WORDS),
    st.builds(OpenForm, about=st.just("retry"), fill=st.dictionaries(st.just("text"), WORDS)),
)
BUTTONS = st.builds(Button, WORDS, INTENTS, st.sampled_from(["", "primary", "danger"]))
ROWS = st.builds(Row, st.one_of(st.none(), st.sampled_from(TaskState)), WORDS, WORDS, TEXTS)
SECTIONS = st.builds(Section, WORDS, st.lists(ROWS, max_size=6).map(tuple), TEXTS)
CARDS = st.builds(
    Card,
    title=TEXTS,
    summary=WORDS,
    subtitle=TEXTS,
    lines=st.lists(TEXTS, max_size=5).map(tuple),
    sections=st.lists(SECTIONS, max_size=60).map(tuple),
    buttons=st.lists(BUTTONS, max_size=6).map(tuple),
    link=st.one_of(st.none(), st.builds(Link, WORDS, URLS)),
)
OPTIONS = st.builds(Option, WORDS, WORDS)
FIELDS = st.builds(
    Field,
    name=st.just("x"),
    label=WORDS,
    kind=st.sampled_from(["line", "lines", "choice", "search", "when"]),
    options=st.lists(OPTIONS, max_size=120).map(tuple),
    value=WORDS,
    hint=WORDS,
    optional=st.booleans(),
    longest=st.integers(0, 5000),
)


def distinct(fields: list[Field]) -> tuple[Field, ...]:
    named = "abcdef"
    return tuple(
        Field(named[n], f.label, f.kind, f.options, f.value, f.hint, f.optional, f.longest)
        for n, f in enumerate(fields)
    )


FORMS = st.builds(
    Form,
    about=st.just("status"),
    run=st.just("R7"),
    title=WORDS,
    submit=WORDS,
    fields=st.lists(FIELDS, max_size=6).map(distinct),
    intro=TEXTS,
)


def check(drawn: render.RenderedMessage) -> None:
    assert message_faults(drawn.blocks) == []
    assert 0 < len(drawn.text) <= 4000
    assert drawn.text.strip()
    rest = re.sub(r"<!date\^\d+\^\{time\}\|[^<>]*>|<@U0ANA>", "", drawn.text)
    assert "<" not in rest
    assert ">" not in rest
    assert not re.search(r"&(?!lt;|gt;|amp;)", rest)
    json.dumps(drawn.blocks, ensure_ascii=False).encode()  # no half characters


@settings(max_examples=150, deadline=None)
@given(CARDS)
def test_any_card_is_a_message_that_slack_takes(card: Card) -> None:
    drawn = render.card(card)
    check(drawn)
    assert "<@U0ANA>" not in drawn.text  # a summary mentions nobody


@settings(max_examples=100, deadline=None)
@given(st.lists(TEXTS, max_size=8), st.lists(BUTTONS, max_size=5))
def test_any_lines_are_a_message_that_slack_takes(lines: list[Text], buttons: list[Button]) -> None:
    check(render.lines(lines, buttons))


@settings(max_examples=100, deadline=None)
@given(FORMS)
def test_any_form_is_a_modal_that_slack_takes(form: Form) -> None:
    assert view_faults(views.form_view(form, Meta(nonce="n"))) == []


@settings(max_examples=50, deadline=None)
@given(CARDS)
def test_any_card_fits_a_modal(card: Card) -> None:
    assert view_faults(views.card_view(card, Meta(nonce="n", link="x" * 5000))) == []


@settings(max_examples=50, deadline=None)
@given(st.lists(OPTIONS, max_size=150))
def test_any_options_are_an_answer_that_slack_takes(options: list[Option]) -> None:
    assert option_faults(views.options_response(options)["options"]) == []


@given(INTENTS)
def test_a_button_gives_back_its_intent(intent: Intent) -> None:
    loaded = button_values.load(button_values.dump(intent))
    assert loaded is not None
    assert loaded["verb"] == intent.verb
    if "\ud800" not in json.dumps(intent.model_dump(), ensure_ascii=False):
        assert type(intent).model_validate(loaded) == intent


@given(st.text(st.characters(blacklist_categories=("Cs", "Cc"))))
def test_what_is_escaped_is_read_as_typed(typed: str) -> None:
    assert decode(escape(typed)) == typed


@given(WORDS, st.integers(2, 50))
def test_a_cut_never_halves_an_entity(words: str, longest: int) -> None:
    shown = escape_truncated(words, longest)
    assert len(shown) <= longest
    assert not re.search(r"&(?!lt;|gt;|amp;)", shown)


def test_a_card_too_long_for_one_message_says_so() -> None:
    rows = tuple(Row(TaskState.READY, f"T{number}", "x" * 300) for number in range(100))
    drawn = render.card(Card(title=("R7",), summary="R7", sections=(Section("Long", rows),)))
    check(drawn)
    assert "more that does not fit" in json.dumps(drawn.blocks, ensure_ascii=False)
