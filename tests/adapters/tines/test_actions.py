"""Actions on a case: its buttons, the stories in the settings, its priority, and following it."""

from typing import Any

import pytest

from adapters.errors import Conflict, OutcomeUnknown, Rejected
from adapters.http.client import HttpClients
from adapters.models import Person, PlatformAction
from adapters.results import Applied, Indeterminate, NotApplied, Recovery, WriteResult
from adapters.tines import PLATFORM
from adapters.tines.adapter import Tines
from adapters.toolkit.messages import load_messages
from adapters.writes import PerformAction
from commands.text.catalogue import plain_text, translate
from tests.adapters.tines.fake import TinesFake
from tests.adapters.tines.harness import connect_adapter, make_button
from tests.adapters.tines.helpers import ANA, BASELINE, STRANGER, add_open_case, effects, make_marker, run_key
from tests.adapters.tines.world import FakeCase

MESSAGES = load_messages(PLATFORM.messages)


async def list_own_actions(tines: Tines, case: FakeCase) -> list[PlatformAction]:
    """The case's buttons and the stories in the settings."""
    return [item for item in await list_actions(tines, case) if item.id.startswith(("action:", "story:"))]


async def list_actions(tines: Tines, case: FakeCase) -> list[PlatformAction]:
    return list(await tines.actions(await tines.read(str(case.id))))


async def press(tines: Tines, case: FakeCase, action: PlatformAction, label: str = "Claim case") -> WriteResult:
    step = PerformAction(run=run_key(case), by=ANA, action=action.id, label=label)
    assert tines.steps(step, None) == [step]
    assert tines.recovery(step) is Recovery.MANUAL
    assert await tines.reconcile(step, make_marker(), BASELINE) == Indeterminate()
    return await tines.execute(step, make_marker())


def label(action: PlatformAction) -> str:
    return plain_text(translate(action.label, MESSAGES, **action.facts))


def warning(action: PlatformAction) -> str:
    return plain_text(translate(action.warning, MESSAGES, **action.facts))


async def test_the_buttons_of_a_case_are_listed(fake: TinesFake, tines: Tines) -> None:
    case = add_open_case(fake)
    form = {"url": "https://tenant.tines.com/pages/form", "label": "Open form", "action_type": "page"}
    case.actions = [make_button(fake), form]
    button, page = await list_own_actions(tines, case)
    assert (label(button), button.link) == ("Claim case", "")
    assert warning(button).startswith("This calls 127.0.0.1, as the button in Tines does.")
    assert (label(page), page.link) == ("Open form", "https://tenant.tines.com/pages/form")
    assert (await tines.read(str(case.id))).own_buttons == ("Claim case",)


@pytest.mark.parametrize(
    "change",
    [{"url": "{url}/webhook/other/s3cr3t"}, {"query_params": {"status": "open"}}, {"action_type": "page"}, None],
)
async def test_a_button_that_changed_since_it_was_confirmed_is_not_called(
    fake: TinesFake, tines: Tines, change: dict[str, Any] | None
) -> None:
    case = add_open_case(fake)
    case.actions = [make_button(fake)]
    (button,) = await list_own_actions(tines, case)
    case.actions = [] if change is None else [{**make_button(fake), **change}]
    if change and "url" in change:
        case.actions[0]["url"] = change["url"].format(url=fake.url)
    with pytest.raises(Conflict) as error:
        await press(tines, case, button)
    assert error.value.key == "tines.offer_gone"
    assert effects(fake) == []


async def test_a_story_in_the_settings_is_listed_for_every_run(fake: TinesFake, http: HttpClients) -> None:
    tines = connect_adapter(fake, http, stories={"Restart service": f"{fake.url}/webhook/restart/s3cr3t"})
    case = add_open_case(fake)
    (story,) = await list_own_actions(tines, case)
    assert label(story) == "Restart service"
    assert warning(story).startswith("This starts the story in Tines for this case.")
    assert "s3cr3t" not in story.model_dump_json()
    result = await press(tines, case, story, "Restart service")
    assert result.message == "tines.pressed"
    (seen,) = fake.calls("POST", "^/webhook/restart/s3cr3t$")
    assert seen.json["case_id"] == case.id
    assert seen.json["story"] == "Restart service"
    with pytest.raises(Conflict):
        await press(tines, case, story.model_copy(update={"id": "story:Other"}), "Other")


def perform(case: FakeCase, action: PlatformAction | str, by: Person = ANA) -> PerformAction:
    id = action if isinstance(action, str) else action.id
    return PerformAction(run=run_key(case), by=by, action=id, label="As listed")


async def test_the_priority_is_set(fake: TinesFake, tines: Tines) -> None:
    case = add_open_case(fake)
    priorities = [item for item in await list_actions(tines, case) if item.id.startswith("priority:")]
    assert [label(item) for item in priorities] == [
        "Priority critical",
        "Priority high",
        "Priority medium",
        "Priority info",
    ]
    assert warning(priorities[0]).endswith("When last read, it was low.")
    step = perform(case, priorities[0])
    assert tines.recovery(step) is Recovery.IDEMPOTENT
    assert isinstance(await tines.reconcile(step, make_marker(), BASELINE), NotApplied)
    await tines.execute(step, make_marker())
    assert case.priority == "CRITICAL"
    assert fake.calls("PUT", r"/cases/\d+$")[-1].json == {
        "priority": "critical",
        "author_email": "ana@example.com",
    }
    assert isinstance(await tines.reconcile(step, make_marker(), BASELINE), Applied)


async def test_a_person_follows_a_case_once(fake: TinesFake, tines: Tines) -> None:
    case = add_open_case(fake)
    step = perform(case, "follow")
    assert "follow" in [item.id for item in await list_actions(tines, case)]
    assert tines.recovery(step) is Recovery.LOOKUP
    assert isinstance(await tines.reconcile(step, make_marker(), BASELINE), NotApplied)
    fake.fault("cut_after", method="POST", path="/subscribers$")
    with pytest.raises(OutcomeUnknown):
        await tines.execute(step, make_marker())
    assert isinstance(await tines.reconcile(step, make_marker(), BASELINE), Applied)
    again = await tines.execute(step, make_marker())
    assert (again.already, again.message) == (True, "tines.already")
    assert ([item.first for item in case.followers], effects(fake)) == (["Ana"], ["follow"])


async def test_following_without_a_known_user_is_refused(fake: TinesFake, tines: Tines) -> None:
    case = add_open_case(fake)
    with pytest.raises(Rejected) as error:
        await tines.execute(perform(case, "follow", Person(name="Nobody")), make_marker())
    assert error.value.key == "tines.cannot_follow"
    with pytest.raises(Rejected) as error:
        await tines.execute(perform(case, "follow", STRANGER), make_marker())
    assert (error.value.key, error.value.said) == ("tines.refused", "user not found")


async def test_a_closed_case_lists_only_its_buttons(fake: TinesFake, tines: Tines) -> None:
    case = add_open_case(fake)
    case.actions = [make_button(fake)]
    case.status = "CLOSED"
    assert [label(item) for item in await list_actions(tines, case)] == ["Claim case"]
