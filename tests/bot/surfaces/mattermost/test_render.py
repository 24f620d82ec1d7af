"""Cards rendered as posts: their text, limits and escaping."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from adapters.models import TaskState
from adapters.toolkit.messages import in_language
from bot.surfaces.mattermost.buttons import Buttons, ButtonScope
from bot.surfaces.mattermost.escape import code_markdown, escape, safe_url
from bot.surfaces.mattermost.markdown import clock_text, text_markdown
from bot.surfaces.mattermost.render import Renderer, fit_lines, private_text, props_runes
from bot.surfaces.mattermost.signing import Signer
from commands.model.card import Bold, Button, Card, ClockTime, Code, Link, PersonName, Row, Section
from commands.model.intents import Finish, OpenForm, Show
from commands.model.messages import Place
from tests.bot.surfaces.mattermost.harness import SECRET, simple_card
from tests.fakes.mattermost import User
from tests.fakes.mattermost.models import mentioned
from tests.fakes.mattermost.rules import check_post
from tests.fakes.mattermost.visible_text import visible_text

NOW = datetime(2026, 11, 21, 14, 5, tzinfo=UTC)
SCOPE = ButtonScope(Place(surface="mattermost", channel="c" * 26), "n" * 24)
RENDERER = Renderer(Buttons(Signer(SECRET), "https://bot.example.com/mattermost/action"))

FAILOVER = Card(
    title=("R7 Primary down in EU",),
    subtitle=("Database failover, on playbooks",),
    summary="R7 Primary down in EU: amber, 1 of 4 done",
    lines=(
        (Bold("AMBER"), "  replica lagging behind 40 s, Ana ", ClockTime(NOW)),
        ("1 of 4 done, 1 running",),
    ),
    sections=(
        Section(
            "Triage",
            (
                Row(TaskState.DONE, "T1", "Confirm the primary is down", ("Ben ", ClockTime(NOW))),
                Row(TaskState.RUNNING, "T2", "Page the DBA", ("Ana since ", ClockTime(NOW))),
            ),
        ),
        Section("Fail over", (Row(TaskState.READY, "T3", "Promote_the replica"),), more=("1 waiting",)),
    ),
    buttons=(Button("Finish T2", Finish(run="R7", tasks=("T2",)), "primary"),),
    tone="warn",
    link=Link("Open in Playbooks", "https://chat.example.com/ops/_playbooks?a=1"),
)


def test_a_card_is_rendered_as_an_attachment() -> None:
    rendered = RENDERER.card(FAILOVER, SCOPE, {}, NOW)
    [attachment] = rendered.attachments
    assert rendered.message == ""
    assert attachment["fallback"] == FAILOVER.summary
    assert (attachment["title"], attachment["title_link"]) == (
        "R7 Primary down in EU",
        "https://chat.example.com/ops/_playbooks?a=1",
    )
    assert attachment["text"].split("\n") == [
        "Database failover, on playbooks",
        "**AMBER**  replica lagging behind 40 s, Ana 14:05 UTC",
        "1 of 4 done, 1 running",
    ]
    assert {item["title"]: item["value"].split("\n") for item in attachment["fields"]} == {
        "Triage": [
            "✅ **T1** Confirm the primary is down — done · Ben 14:05 UTC",
            "🔵 **T2** Page the DBA — running · Ana since 14:05 UTC",
        ],
        "Fail over": ["⚪ **T3** Promote_the replica — ready", "1 waiting"],
    }
    [action] = attachment["actions"]
    assert (action["name"], action["style"]) == ("Finish T2", "primary")


def test_the_tone_only_changes_the_colour() -> None:
    tones = [
        RENDERER.card(simple_card("x", tone=tone), SCOPE, {}, NOW).attachments[0]
        for tone in ("", "good", "warn", "bad")
    ]
    assert len({item["color"] for item in tones}) == 4
    assert len({item["text"] for item in tones}) == 1


@pytest.mark.parametrize(
    ("zone", "shown"),
    [
        ("UTC", "14:05 UTC"),
        ("Europe/London", "14:05 GMT"),
        ("America/Sao_Paulo", "11:05 UTC-03"),
        ("Mars", "14:05 UTC"),
    ],
)
def test_a_time_includes_its_zone(zone: str, shown: str) -> None:
    assert clock_text(NOW, zone) == shown


ESCAPED = [
    ("*bold* _em_ ~~gone~~", "\\*bold\\* \\_em\\_ \\~\\~gone\\~\\~"),
    ("[x](https://evil.example/a)", "\\[x\\](<https://evil.example/a>)"),
    ("@channel @here @all @ana", "`@channel` `@here` `@all` `@ana`"),
    ("ask @ana. (@ben)", "ask `@ana`. (`@ben`)"),
    ("ana@example.com", "ana@example.com"),
    ("# big", "# big"),
    ("#tag ~town :fire:", "\\#tag \\~town &#58;fire:"),
    ("<!channel> <@U1> &lt;b&gt;", "&#60;!channel> &#60;`@U1`> &#38;lt;b&#38;gt;"),
    ("C:\\new", "C:&#92;new"),
    ("`code` | table", "\\`code\\` \\| table"),
    ("14:03 snake_case_name", "14:03 snake_case_name"),
    ("see!", "see\\!"),
    ("a\x00b\x1b[31m\u202e", "ab\\[31m"),
]


@pytest.mark.parametrize(("given", "shown"), ESCAPED)
def test_text_from_outside_is_escaped(given: str, shown: str) -> None:
    assert escape(given, at_line_start=False) == shown


@pytest.mark.parametrize(
    "command",
    [
        "/invite @liaison",
        "@liaison finish T1",
        "git log --author=@ana HEAD~1 | grep -c '#12' && echo \\n",
        "curl -s https://x.example/a_b?q=1 > out.txt",
        "kubectl get pods -l app=db:web:1 # all",
        "- [ ] *done* <b>&amp;</b>",
    ],
)
def test_what_people_copy_is_what_was_written(command: str) -> None:
    assert visible_text(escape(command)) == command
    assert visible_text(text_markdown((Code(command),), {})) == command


@pytest.mark.parametrize(
    "opener",
    [
        "# t",
        "> t",
        "- t",
        "+ t",
        "1. t",
        "2) t",
        "--- ",
        "=== ",
        "    code",
        "\tcode",
        "```\nx\n```",
        "* t",
        "|a|b|\n|---|---|",
    ],
)
def test_no_line_starts_a_markdown_block(opener: str) -> None:
    for text in (opener, f"text\n{opener}"):
        for line in escape(text).split("\n"):
            assert not line.startswith(("#", ">", "-", "+", "1.", "2)", "=", "    ", "\t", "`", "*", "|")), line


USERS = [User("ana"), User("ben"), User("liaison")]


@pytest.mark.parametrize(
    "hostile",
    [
        "@ana",
        "x @channel",
        "(@here)",
        "@all.",
        "**@ben**",
        "@ana's",
        "a@ana",
        "`@ana`",
        "\\@ana",
        "@ana\n@ben",
        "https://x.example/@channel",
        "@",
        ":@ana:",
    ],
)
def test_no_part_of_a_card_mentions_anybody(hostile: str) -> None:
    full = Card(
        title=(hostile, "ana"),
        subtitle=(hostile,),
        summary=hostile,
        lines=(
            (hostile, "ana"),
            (Bold(hostile), PersonName(hostile), Link(hostile, f"https://x.example/{hostile}"), Code("x")),
        ),
        sections=(Section(hostile, (Row(TaskState.READY, hostile, hostile, (hostile,)),), more=(hostile,)),),
        buttons=(Button(hostile, Show(what=hostile)),),
    )
    rendered = RENDERER.card(full, SCOPE, {}, NOW)
    texts = [
        rendered.message,
        *(str(item.get("text", "")) for item in rendered.attachments),
        private_text(full, {}),
    ]
    texts += [field["value"] for item in rendered.attachments for field in item.get("fields", ())]
    assert mentioned(texts, USERS) == set()


def test_adjacent_code_spans_stay_separate() -> None:
    assert mentioned([text_markdown((Code("a `` b"), Code("@all")), {})], USERS) == set()


def test_code_cannot_end_its_own_fence() -> None:
    assert code_markdown("a ``` b", block=True).startswith("````\n")
    assert code_markdown("a `` b", block=False) == "``` a `` b ```"
    assert code_markdown("rm -rf /tmp/x", block=False) == "`rm -rf /tmp/x`"
    assert code_markdown(" \n ", block=False) == ""
    assert text_markdown(("run ", Code("a\nb", block=True), "then"), {}) == "run \n```\na\nb\n```\nthen"


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://a.example/x_y?q=1#f", "https://a.example/x_y?q=1#f"),
        ("https://a.example/(x)[y]*`", "https://a.example/%28x%29%5By%5D%2A%60"),
        ("https://a.example:8443/@all", "https://a.example:8443/%40all"),
        ("http://[::1]:80/x", "http://[::1]:80/x"),
        ("javascript:alert(1)", None),
        ("https://user:pw@a.example/", None),
        ("https://", None),
        ("https://a.example:x/", None),
        ("//a.example", None),
        ("https://a b/", None),
    ],
)
def test_only_web_urls_become_links(url: str, safe: str | None) -> None:
    assert safe_url(url) == safe
    shown = text_markdown((Link("label", url),), {})
    assert shown == (f"[label]({safe})" if safe else "label")


def test_a_plain_url_stays_a_link() -> None:
    assert escape("see https://a.example/b_c/_d for more") == "see <https://a.example/b_c/_d> for more"


@pytest.mark.parametrize("after", [")", "]", "!", "**", ".", ",", "?", '"', ").", "'"])
def test_punctuation_after_a_url_is_outside_of_the_link(after: str) -> None:
    assert escape(f"https://a.example/b{after}").startswith("<https://a.example/b>")
    assert visible_text(escape(f"https://a.example/b{after}")) == f"https://a.example/b{after}"
    assert text_markdown((Bold(f"https://a.example/b{after}"),), {}).startswith("**<https://a.example/b>")


def test_a_url_keeps_the_parentheses_that_it_opens() -> None:
    assert escape("(https://a.example/b_(c))") == "(<https://a.example/b_%28c%29>)"


def huge(**fields: Any) -> Card:
    rows = tuple(Row(TaskState.READY, f"T{n}", "x" * 200) for n in range(200))
    return Card(title=("R7",), summary="s" * 900, sections=(Section("All", rows),), **fields)


def test_lines_that_do_not_fit_are_left_out_with_a_note() -> None:
    rendered = RENDERER.card(huge(buttons=FAILOVER.buttons), SCOPE, {}, NOW)
    check_post(rendered.message, rendered.props("n"))
    assert rendered.message.startswith("**R7**")
    assert "**T1**" in rendered.message
    assert "more left out" in rendered.message.split("\n")[-1]
    assert [item["name"] for item in rendered.attachments[0]["actions"]] == ["Finish T2"]
    assert len(rendered.attachments[0]["fallback"]) == 300


def test_a_card_too_long_for_the_props_is_put_in_the_message() -> None:
    long = Card(title=("R7",), summary="R7", lines=tuple((f"line {n} " + "<&>" * 50,) for n in range(20)))
    rendered = RENDERER.card(long, SCOPE, {}, NOW)
    check_post(rendered.message, rendered.props("n"))
    assert rendered.attachments == []
    assert "line 19" in rendered.message


def test_buttons_that_do_not_fit_are_listed_by_label() -> None:
    many = tuple(Button(f"Finish T{n}", Finish(run="R7", tasks=(f"T{n}",))) for n in range(8))
    rendered = RENDERER.card(simple_card("R7", *many), SCOPE, {}, NOW)
    assert [item["name"] for item in rendered.attachments[0]["actions"]] == [f"Finish T{n}" for n in range(5)]
    assert "Finish T5, Finish T6, Finish T7" in rendered.attachments[0]["text"]
    heavy = tuple(Button(f"Again {n}", OpenForm(about="retry", fill={"text": f"{n}" * 3000})) for n in range(3))
    rendered = RENDERER.card(simple_card("R7", *heavy), SCOPE, {}, NOW)
    check_post(rendered.message, rendered.props("n"))
    assert [item["name"] for item in rendered.attachments[0]["actions"]] == ["Again 0"]
    assert "Again 1, Again 2" in rendered.attachments[0].get("text", rendered.message)


def test_two_buttons_with_the_same_intent_become_one() -> None:
    twice = (Button("Finish", Finish(tasks=("T1",))), Button("Finish it", Finish(tasks=("T1",))))
    assert len(RENDERER.card(simple_card("R7", *twice), SCOPE, {}, NOW).attachments[0]["actions"]) == 1


def test_props_are_measured_as_go_encodes_them() -> None:
    assert props_runes({"a": "<é>"}) == len('{"a":"é"}') + 12


def test_fit_lines_keeps_the_lines_that_fit() -> None:
    assert fit_lines(["a", "b"], 100) == "a\nb"
    assert len(fit_lines(["a" * 60] * 10, 200)) <= 200


def test_attachments_do_not_contain_the_secret_key() -> None:
    sealed = json.dumps(RENDERER.card(FAILOVER, SCOPE, {}, NOW).attachments)
    assert SECRET.decode() not in sealed


def test_a_time_of_another_day_has_its_date_in_the_language_of_the_card() -> None:
    assert clock_text(NOW, "UTC", dated=True).endswith(f"{NOW:%b} {NOW:%H:%M} UTC")
    with in_language("pt-BR"):
        assert clock_text(datetime(2026, 2, 1, 14, 30, tzinfo=UTC), "UTC", dated=True) == "1 fev 14:30 UTC"
