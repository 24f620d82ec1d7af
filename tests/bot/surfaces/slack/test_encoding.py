import pytest

from bot.surfaces.slack.encoding import decode, text_after_mention


@pytest.mark.parametrize(
    ("raw", "typed"),
    [
        ("assign T3 <@U0BEN>", "assign T3 @U0BEN"),
        ("assign T3 <@U0BEN|ben>", "assign T3 @U0BEN"),
        ("see <#C0OPS|ops> and <#C0OPS>", "see #ops and #C0OPS"),
        ("<!channel> <!here|here>", "@channel here"),
        ("<!subteam^S1|@oncall> <!subteam^S1>", "@oncall @S1"),
        ("at <!date^1392734382^{time}|14:03>", "at 14:03"),
        ("<https://x.example/a?b=1&amp;c=2>", "https://x.example/a?b=1&c=2"),
        ("<http://example.com|example.com> works", "example.com works"),
        ("<mailto:ana@acme.example|ana@acme.example>", "ana@acme.example"),
        ("read <https://wiki.example/x|the page>", "read the page (https://wiki.example/x)"),
        ("a &lt; b &amp;&amp; c &gt; d &amp;lt;", "a < b && c > d &lt;"),
        ("two\nlines `code &lt;b&gt;`", "two\nlines `code <b>`"),
        ("", ""),
    ],
)
def test_slack_text_is_decoded_as_typed(raw: str, typed: str) -> None:
    assert decode(raw) == typed


@pytest.mark.parametrize(
    ("raw", "rest"),
    [
        ("<@U1> finish T1", "finish T1"),
        ("  <@U1|liaison>: finish T1", "finish T1"),
        ("<@U1>", ""),
        ("hey <@U1> finish", None),
        ("<@U2> finish", None),
        ("<@U12> finish", None),
    ],
)
def test_a_mention_counts_only_at_the_start(raw: str, rest: str | None) -> None:
    assert text_after_mention(raw, "U1") == rest
