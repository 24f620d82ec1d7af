"""Comments on a case: their text, author and order."""

from datetime import UTC, datetime
from typing import Any

import pytest

from adapters.models import Health, Person
from adapters.tines.adapter import Tines
from adapters.writes import AddComment, SetStatus
from tests.adapters.tines.fake import TinesFake
from tests.adapters.tines.helpers import (
    ANA,
    STRANGER,
    add_open_case,
    comment_texts,
    effects,
    execute_steps,
    run_key,
)
from tests.adapters.tines.world import BOT, FakeCase


def amber(case: FakeCase, **what: Any) -> SetStatus:
    base = SetStatus(run=run_key(case), by=ANA, health=Health.AMBER, text="replica lagging")
    return base.model_copy(update=what)


async def test_a_status_is_a_comment_that_names_its_colour(fake: TinesFake, tines: Tines) -> None:
    case = add_open_case(fake)
    due = datetime(2026, 7, 18, 14, 20, tzinfo=UTC)
    _, result = await execute_steps(tines, amber(case, next_at=due))
    assert comment_texts(case)[0].startswith(
        "[amber] replica lagging\nNext update 2026-07-18 14:20 UTC\n\nAna via Slack (7K"
    )
    assert result.health is not None
    assert (result.health.health, result.health.text, result.health.due) == (Health.AMBER, "replica lagging", due)
    assert effects(fake) == ["metadata", "comment"]


@pytest.mark.parametrize("by", [STRANGER, Person(name="Nobody")])
async def test_an_author_outside_the_team_is_named_in_the_text(fake: TinesFake, tines: Tines, by: Person) -> None:
    """Tines then shows the key as the author (Tines API, Case comments, Create)."""
    case = add_open_case(fake)
    await execute_steps(tines, AddComment(run=run_key(case), by=by, text="Seen it too"))
    assert case.comments[0].by is BOT
    (shown,) = await tines.comments(str(case.id), None)
    assert (shown.text, shown.by) == ("Seen it too", "Ana via Slack")


async def test_a_comment_mentions_nobody_and_is_read_back_as_typed(fake: TinesFake, tines: Tines) -> None:
    case = add_open_case(fake)
    typed = "ask <@user-2435>\n\n```\nselect 1 < 2\n```\n\nbye (ABC)"
    await execute_steps(tines, AddComment(run=run_key(case), by=ANA, text=typed))
    assert "<@user" not in comment_texts(case)[0]
    (shown,) = await tines.comments(str(case.id), None)
    assert shown.text == typed


async def test_the_last_comments_are_in_order(fake: TinesFake, tines: Tines) -> None:
    case = add_open_case(fake)
    for number in range(130):
        fake.world.comment(case, f"number {number}", "ben@example.com")
    shown = await tines.comments(str(case.id), None)
    assert [comment.text for comment in shown] == [f"number {number}" for number in range(110, 130)]
    assert {comment.by for comment in shown} == {"Ben Okoro"}
