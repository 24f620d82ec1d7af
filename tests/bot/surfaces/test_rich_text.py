"""Any runbook's Markdown on both chats: every word is seen, code is copied as written, and nobody is pinged."""

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.protocol import Markup
from bot.surfaces.console.render import draw
from bot.surfaces.mattermost.buttons import Buttons, ButtonScope
from bot.surfaces.mattermost.render import Renderer
from bot.surfaces.mattermost.signing import Signer
from bot.surfaces.slack import render
from commands.model.card import Card
from commands.model.messages import Place
from commands.model.rich_text import CodeBlock, RichText, Table, words
from commands.text.markdown import rich_text
from tests.fakes.mattermost import User
from tests.fakes.mattermost.models import mentioned
from tests.fakes.mattermost.rules import check_post
from tests.fakes.mattermost.visible_text import copied_code as copied_from_mattermost
from tests.fakes.mattermost.visible_text import visible_text
from tests.fakes.slack_blocks import copied_code as copied_from_slack
from tests.fakes.slack_blocks import message_faults, visible_block_text

NOW = datetime(2026, 11, 21, 14, 5, tzinfo=UTC)
SCOPE = ButtonScope(Place(surface="mattermost", channel="c" * 26), "n" * 24)
RENDERER = Renderer(Buttons(Signer(b"k" * 32), "https://bot.example.com/mattermost/action"))
USERS = [User("ana"), User("ben"), User("all.in-one")]
STEP = """\
Ask from **two** zones, see [the wiki](https://wiki.example/db). Don't tell @channel or <!here> yet.

1. Look at it:
   ```sh
   pg_isready -h "db-1"  &&  echo '<ok>'

     tail -f /var/log/db.log | grep `hostname`
   ```
2. Then promote:
   ```
   patronictl failover --force
   ```

| Host | Port |
|------|------|
| `db_1` | 5432 |
"""
FENCES = [
    "pg_isready -h \"db-1\"  &&  echo '<ok>'\n\n  tail -f /var/log/db.log | grep `hostname`",
    "patronictl failover --force",
]


def slack_blocks(rich: RichText) -> list[dict[str, object]]:
    rendered = render.card(Card(("T1",), "T1", lines=((rich,),)))
    assert message_faults(rendered.blocks) == []
    return rendered.blocks


def mattermost_text(rich: RichText) -> str:
    rendered = RENDERER.card(Card(("T1",), "T1", lines=(("state",), (rich,), ("after",))), SCOPE, {}, NOW)
    check_post(rendered.message or "x", rendered.props("n" * 24))
    shown = [rendered.message, *(str(item.get("text", "")) for item in rendered.attachments)]
    shown += [str(field["value"]) for item in rendered.attachments for field in item.get("fields", ())]
    assert mentioned(shown, USERS) == set()
    return "\n".join(filter(None, shown))


def slack_elements(blocks: list[dict[str, object]]) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    for block in blocks:
        inner = block.get("elements")
        found += slack_elements(inner) if isinstance(inner, list) else [block]
    return found


def test_a_step_with_two_fences_on_slack() -> None:
    blocks = slack_blocks(rich_text(STEP, Markup.MARKDOWN))
    kinds = [item["type"] for block in blocks for item in block["elements"]]  # type: ignore[attr-defined]
    assert kinds[-6:] == [
        "rich_text_section",
        "rich_text_list",
        "rich_text_preformatted",
        "rich_text_list",
        "rich_text_preformatted",
        "rich_text_preformatted",
    ]
    assert copied_from_slack(blocks)[:2] == FENCES
    assert "1. Look at it:" in visible_block_text(blocks)
    assert "2. Then promote:" in visible_block_text(blocks)
    links = [element for element in slack_elements(blocks) if element["type"] == "link"]
    assert links == [{"type": "link", "url": "https://wiki.example/db", "text": "the wiki"}]
    assert {element["type"] for element in slack_elements(blocks)} == {"text", "link"}  # none that pings


def test_addresses_in_plain_text_are_links_on_slack() -> None:
    blocks = render.card(Card(("T1",), "T1", lines=(("see (https://wiki.example/a_b)!",),))).blocks
    assert slack_elements(blocks)[-3:] == [
        {"type": "text", "text": "see ("},
        {"type": "link", "url": "https://wiki.example/a_b", "text": "https://wiki.example/a_b"},
        {"type": "text", "text": ")!"},
    ]


def test_a_step_with_two_fences_on_mattermost() -> None:
    text = mattermost_text(rich_text(STEP, Markup.MARKDOWN))
    assert copied_from_mattermost(text) == FENCES
    assert all(f"\n{code}\n" in text for code in FENCES)  # also in the source of the post
    assert "**two**" in text
    assert "[the wiki](https://wiki.example/db)" in text
    assert "\n2. Then promote:" in text
    assert "| `db_1` | 5432 |" in text


def test_a_nested_list_below_a_fence_stays_one_list_on_mattermost() -> None:
    text = "1. one\n   ```\n   x\n   ```\n   - a\n   - b\n     - c\n2. two\n   - d\n"
    drawn = mattermost_text(rich_text(text, Markup.MARKDOWN))
    assert "- a\n- b\n    - c\n2. two\n    - d" in drawn


def test_code_is_never_wrapped_in_a_terminal() -> None:
    command = "kubectl get pods --all-namespaces -o wide  | grep -v Running | awk '{print $1, $2}' | sort -u"
    drawn = draw(
        Card(("T1",), "T1", lines=((rich_text(f"```\n{command}\n```\nor `{command}`", Markup.MARKDOWN),),)), 60
    )
    assert f"    {command}" in drawn
    assert any(f"`{command}`" in line for line in drawn)


@pytest.mark.parametrize(
    "code", ["```", "a ``` b", "`x`", "  two  spaces  ", "# no heading", "<!channel> @all", "\\n"]
)
def test_the_code_of_a_block_is_copied_as_it_is(code: str) -> None:
    rich = RichText((CodeBlock(code),))
    assert copied_from_slack(slack_blocks(rich)) == [code]
    assert copied_from_mattermost(mattermost_text(rich)) == [code]


def test_long_code_is_split_between_lines_and_nothing_is_lost() -> None:
    code = "\n".join(f"echo line {number:04}" for number in range(400))
    assert "".join(copied_from_slack(slack_blocks(RichText((CodeBlock(code),))))) == code
    assert copied_from_mattermost(mattermost_text(RichText((CodeBlock(code),)))) == [code]


PIECES = st.sampled_from(
    [
        *(
            "@ana",
            "@channel",
            "@here",
            "<!channel>",
            "<@U0BEN>",
            "*",
            "**",
            "_",
            "`",
            "``",
            "```",
            "~~",
            "#",
            "- ",
        ),
        *("1. ", "> ", "|", "\n", "\n\n", "    ", "\t", "[x](https://a.example/@ana)", "![", "](", "<b>", "&amp;"),
        *(
            "https://a.example/b(c)",
            "word",
            "db_host_name",
            ":fire:",
            "\\",
            "| a | b |\n|---|---|\n| c | `@ben` |\n",
        ),
        *("```sh\n@all rm -rf  *\n```\n", "- [ ] box\n", "  - nested\n", "=", "---\n", "<!-- x -->"),
    ]
)
MARKDOWN = st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=25).map("".join))


def letters(text: str) -> str:
    return "".join(re.findall(r"[a-z]", text))


@given(MARKDOWN, st.sampled_from(Markup))
@settings(max_examples=200, deadline=None)
def test_any_text_pings_nobody_and_shows_every_word(markdown: str, markup: Markup) -> None:
    rich = rich_text(markdown, markup)
    blocks = slack_blocks(rich)
    assert {element["type"] for element in slack_elements(blocks)} <= {"text", "link"}
    if any(isinstance(block, Table) for block in rich.blocks):  # a wide one repeats its heading beside each cell
        assert set(re.findall(r"[a-z]+", words(rich))) <= set(re.findall(r"[a-z]+", visible_block_text(blocks)))
    else:
        assert letters(visible_block_text(blocks)) == letters(words(rich))
    shown = mattermost_text(rich)
    assert letters(visible_text(shown)) == letters(f"state{words(rich)}after")
    code = [block.text for block in rich.blocks if isinstance(block, CodeBlock)]
    if code == [re.sub(r"[^\S\n ]|[^\x20-\x7e\n]", "", text) for text in code]:  # without control characters
        assert [
            copied for copied in copied_from_slack(blocks) if not copied.partition("\n")[2].startswith("─")
        ] == code
        assert copied_from_mattermost(shown) == code
