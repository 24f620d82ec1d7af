"""The example card, also on a narrow screen."""

from bot.surfaces.console.render import draw
from commands.cards.run_card import run_card
from tests.commands.cards.test_run_card import NOW, RUN, known

UNLINKED = RUN.model_copy(update={"link": None})
WIDE = """\
🟠 AMBER · R7 Primary down in EU
replica lagging behind 40 s — Ana 14:03 · next update 14:20 UTC
■■□□□□□□□□  1 of 4 done · 1 running
Now     running  T2 Page the DBA         Ana since 14:02
Next             T3 Promote the replica
Later   T4 Repoint the app (waiting for T3)
Done    T1 Confirm the primary is down (Ben 14:01 UTC)
Stages  Triage 1/2 · Fail over 0/2
Database failover · playbooks · updated 14:05 UTC
[1 Finish T2]  [2 Begin T3]  [3 Update status]  [4 Comment]"""
NARROW = """\
🟠 AMBER · R7 Primary down in EU
replica lagging behind 40 s — Ana 14:03 · next update 14:20
UTC
■■□□□□□□□□  1 of 4 done · 1 running"""


def test_the_card_of_the_design_is_drawn_like_there() -> None:
    card = run_card(known(UNLINKED), now=NOW)
    assert "\n".join(draw(card, 80, now=NOW)) == WIDE


def test_on_a_narrow_screen_long_lines_are_wrapped() -> None:
    card = run_card(known(UNLINKED), now=NOW)
    assert draw(card, 60, now=NOW)[:4] == NARROW.splitlines()
