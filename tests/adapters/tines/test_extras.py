"""What is offered beyond a case's buttons: what goes on in a story, the case's priority, following it."""

from datetime import timedelta

import pytest

from adapters.errors import OutcomeUnknown, Rejected
from adapters.http.client import HttpClients
from adapters.models import Person, PlatformAction
from adapters.tines.adapter import Tines
from adapters.writes import Applied, NotApplied, PerformAction, Recovery
from tests.adapters.tines.acting import ANA, KNOWN, STRANGER, a_mark, an_open_case, done, key
from tests.adapters.tines.fake import TinesFake
from tests.adapters.tines.subject import a_button, connected
from tests.adapters.tines.test_offers import everything, label, offered, warning
from tests.adapters.tines.world import FakeCase, FakeStory


def with_stories(fake: TinesFake, http: HttpClients, *names: str) -> Tines:
    return connected(fake, http, stories={name: f"{fake.url}/webhook/restart/s3cr3t" for name in names})


async def test_a_story_says_what_goes_on_in_all_of_it(fake: TinesFake, http: HttpClients) -> None:
    case = an_open_case(fake)
    (story,) = await offered(with_stories(fake, http, "restart  SERVICE"), case)
    assert label(story) == "restart  SERVICE"
    assert "as a whole, whoever started it, has now: runs at work 3, action runs waiting 150." in warning(story)
    assert story.note == "tines.story_busy"
    (asked,) = fake.calls("GET", "/api/v1/stories$")
    assert asked.query["include_live_activity"] == "true"


async def test_a_story_with_actions_that_do_not_work(fake: TinesFake, http: HttpClients) -> None:
    fake.world.stories[0].broken = 2
    (story,) = await offered(with_stories(fake, http, "Restart service"), an_open_case(fake))
    assert "actions that do not work 2" in warning(story)


async def test_a_disabled_story_is_said_to_be(fake: TinesFake, http: HttpClients) -> None:
    fake.world.stories[0].disabled = True
    (story,) = await offered(with_stories(fake, http, "Restart service"), an_open_case(fake))
    assert warning(story).startswith("The story of this name is disabled in Tines")


async def test_a_story_that_tines_does_not_tell_about_is_offered_all_the_same(
    fake: TinesFake, http: HttpClients
) -> None:
    case = an_open_case(fake)
    fake.hides_stories = True
    for names in (["Restart service"], ["Other"]):
        (story,) = await offered(with_stories(fake, http, *names), case)
        assert (story.note, story.warning) == ("", "tines.offer_story")
    fake.hides_stories = False
    fake.world.stories.append(FakeStory(7999, "Restart service", running=1))  # which of the two is meant?
    (story,) = await offered(with_stories(fake, http, "Restart service"), case)
    assert story.note == ""


async def test_stories_are_not_asked_for_in_vain(fake: TinesFake, tines: Tines, http: HttpClients) -> None:
    case = an_open_case(fake)
    await offered(tines, case)
    assert fake.calls("GET", "/api/v1/stories$") == []
    with_some = with_stories(fake, http, "Restart service")
    await offered(with_some, case)
    await offered(with_some, case)
    assert len(fake.calls("GET", "/api/v1/stories$")) == 1


async def test_offers_of_one_name_are_told_apart(fake: TinesFake, http: HttpClients) -> None:
    case = an_open_case(fake)
    button = a_button(fake, "Restart service")
    case.actions = [{**button, "action_text": "Now"}, {**button, "query_params": {"when": "later"}}]
    found = await offered(with_stories(fake, http, "Restart service"), case)
    assert [label(one) for one in found] == [
        "Restart service (Now)",
        "Restart service (2)",
        "Restart service",
    ]
    case.actions = [button]
    found = await offered(with_stories(fake, http, "Restart service"), case)
    assert [label(one) for one in found] == ["Restart service", "Restart service (story)"]


def pressed(case: FakeCase, offer: PlatformAction | str, by: Person = ANA) -> PerformAction:
    id = offer if isinstance(offer, str) else offer.id
    return PerformAction(run=key(case), by=by, action=id, label="As offered")


async def test_the_priority_is_raised(fake: TinesFake, tines: Tines) -> None:
    case = an_open_case(fake)
    found = [one for one in await everything(tines, case) if one.id.startswith("priority:")]
    assert [label(one) for one in found] == [
        "Priority critical",
        "Priority high",
        "Priority medium",
        "Priority info",
    ]
    assert warning(found[0]).endswith("as last read it is low.")
    step = pressed(case, found[0])
    assert tines.recovery(step) is Recovery.IDEMPOTENT
    assert isinstance(await tines.reconcile(step, a_mark(), KNOWN), NotApplied)
    await tines.execute(step, a_mark())
    assert case.priority == "CRITICAL"
    assert fake.calls("PUT", r"/cases/\d+$")[-1].json == {
        "priority": "critical",
        "author_email": "ana@example.com",
    }
    assert isinstance(await tines.reconcile(step, a_mark(), KNOWN), Applied)


async def test_somebody_follows_a_case_once(fake: TinesFake, tines: Tines) -> None:
    case = an_open_case(fake)
    step = pressed(case, "follow")
    assert "follow" in [one.id for one in await everything(tines, case)]
    assert tines.recovery(step) is Recovery.LOOKUP
    assert isinstance(await tines.reconcile(step, a_mark(), KNOWN), NotApplied)
    fake.fault("cut_after", method="POST", path="/subscribers$")
    with pytest.raises(OutcomeUnknown):
        await tines.execute(step, a_mark())
    assert isinstance(await tines.reconcile(step, a_mark(), KNOWN), Applied)
    again = await tines.execute(step, a_mark())
    assert (again.already, again.message) == (True, "tines.already")
    assert ([one.first for one in case.followers], done(fake)) == (["Ana"], ["follow"])


async def test_who_cannot_follow_is_told(fake: TinesFake, tines: Tines) -> None:
    case = an_open_case(fake)
    with pytest.raises(Rejected) as unknown:
        await tines.execute(pressed(case, "follow", Person(name="Nobody")), a_mark())
    assert unknown.value.key == "tines.cannot_follow"
    with pytest.raises(Rejected) as refused:
        await tines.execute(pressed(case, "follow", STRANGER), a_mark())
    assert (refused.value.key, refused.value.said) == ("tines.refused", "user not found")


async def test_a_closed_case_offers_only_its_buttons(fake: TinesFake, tines: Tines) -> None:
    case = an_open_case(fake)
    case.actions = [a_button(fake)]
    case.status = "CLOSED"
    assert [label(one) for one in await everything(tines, case)] == ["Claim case"]


async def test_the_card_says_how_urgent_it_is_and_what_was_promised(fake: TinesFake, http: HttpClients) -> None:
    tines = connected(fake, http)
    case = an_open_case(fake)
    assert (await tines.read(str(case.id))).notes == ()
    case.priority = "CRITICAL"
    case.slas = {"response": (0, True), "resolution": (3600, False)}
    run = await tines.read(str(case.id))
    urgent, late, promised = run.notes
    assert (urgent.key, dict(urgent.facts)) == ("tines.priority", {"priority": "critical"})
    assert (late.key, dict(late.facts)) == ("tines.sla_exceeded", {"kind": "response"})
    assert (promised.key, dict(promised.facts)) == ("tines.sla_until", {"kind": "resolution"})
    assert run.read_at is not None
    until = promised.times["until"]
    assert abs(until - run.read_at - timedelta(hours=1)) <= timedelta(minutes=2, seconds=31)
    assert (until.minute % 5, until.second) == (0, 0)
    case.status = "CLOSED"
    assert (await tines.read(str(case.id))).notes == ()
