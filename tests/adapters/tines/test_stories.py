"""The activity of stories, shown before one is started."""

from adapters.http.client import HttpClients
from adapters.tines.adapter import Tines
from tests.adapters.tines.fake import TinesFake
from tests.adapters.tines.harness import connect_adapter, make_button
from tests.adapters.tines.helpers import add_open_case
from tests.adapters.tines.test_actions import label, list_own_actions, warning
from tests.adapters.tines.world import FakeStory


def with_stories(fake: TinesFake, http: HttpClients, *names: str) -> Tines:
    return connect_adapter(fake, http, stories={name: f"{fake.url}/webhook/restart/s3cr3t" for name in names})


async def test_an_action_shows_the_activity_of_the_whole_story(fake: TinesFake, http: HttpClients) -> None:
    case = add_open_case(fake)
    (story,) = await list_own_actions(with_stories(fake, http, "restart  SERVICE"), case)
    assert label(story) == "restart  SERVICE"
    assert "not only this case: runs in progress 3, action runs waiting 150." in warning(story)
    assert story.note == "tines.story_busy"
    (asked,) = fake.calls("GET", "/api/v1/stories$")
    assert asked.query["include_live_activity"] == "true"


async def test_an_action_shows_broken_actions_of_the_story(fake: TinesFake, http: HttpClients) -> None:
    fake.world.stories[0].broken = 2
    (story,) = await list_own_actions(with_stories(fake, http, "Restart service"), add_open_case(fake))
    assert "broken actions 2" in warning(story)


async def test_a_disabled_story_has_a_warning(fake: TinesFake, http: HttpClients) -> None:
    fake.world.stories[0].disabled = True
    (story,) = await list_own_actions(with_stories(fake, http, "Restart service"), add_open_case(fake))
    assert warning(story).startswith("The story with this name is disabled in Tines")


async def test_a_story_without_known_activity_is_still_listed(fake: TinesFake, http: HttpClients) -> None:
    case = add_open_case(fake)
    fake.hides_stories = True
    for names in (["Restart service"], ["Other"]):
        (story,) = await list_own_actions(with_stories(fake, http, *names), case)
        assert (story.note, story.warning) == ("", "tines.offer_story")
    fake.hides_stories = False
    fake.world.stories.append(FakeStory(7999, "Restart service", running=1))  # the name is ambiguous now
    (story,) = await list_own_actions(with_stories(fake, http, "Restart service"), case)
    assert story.note == ""


async def test_stories_are_read_only_if_needed(fake: TinesFake, tines: Tines, http: HttpClients) -> None:
    case = add_open_case(fake)
    await list_own_actions(tines, case)
    assert fake.calls("GET", "/api/v1/stories$") == []
    with_some = with_stories(fake, http, "Restart service")
    await list_own_actions(with_some, case)
    await list_own_actions(with_some, case)
    assert len(fake.calls("GET", "/api/v1/stories$")) == 1


async def test_actions_with_the_same_name_are_distinguishable(fake: TinesFake, http: HttpClients) -> None:
    case = add_open_case(fake)
    button = make_button(fake, "Restart service")
    case.actions = [{**button, "action_text": "Now"}, {**button, "query_params": {"when": "later"}}]
    actions = await list_own_actions(with_stories(fake, http, "Restart service"), case)
    assert [label(item) for item in actions] == [
        "Restart service (Now)",
        "Restart service (2)",
        "Restart service",
    ]
    case.actions = [button]
    actions = await list_own_actions(with_stories(fake, http, "Restart service"), case)
    assert [label(item) for item in actions] == ["Restart service", "Restart service (story)"]
