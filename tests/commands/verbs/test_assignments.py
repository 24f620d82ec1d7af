"""Whose a task is: assign, begin and [Take it over]."""

from dataclasses import replace

import pytest

from adapters.models import Person
from adapters.results import WriteResult
from adapters.writes import Op
from commands.model.messages import Membership, PersonGroup
from tests.commands.memory import MemoryPeople
from tests.commands.room import ANA, BEN, DAN, HERE, ON_SLACK, Room, button_labels, find_button, private_text


async def test_assign_finds_people_of_the_chat(room: Room) -> None:
    await room.start()
    answer = await room.type("assign T1 @ben")
    assert "T1 Confirm the primary is down: assigned to Ben" in private_text(answer)
    already = await room.type("assign T1 @ben")
    assert "is already assigned to Ben" in private_text(already)
    nobody = await room.type("assign T1 @zoe")
    assert "I can't find anyone called “@zoe” here" in private_text(nobody)


async def test_beginning_a_task_of_somebody_else_says_whose_it_is_and_offers_to_take_it_over(room: Room) -> None:
    await room.start()
    await room.type("assign T1 @ben")
    begun = await room.type("begin T1")
    assert "It is still assigned to Ben." in private_text(begun)
    assert [person.name for person in (await room.run("R1")).run.tasks[0].assignees] == ["Ben"]
    taken = await room.press(find_button(begun, "Take it over"))
    assert "assigned to Ana" in private_text(taken)
    assert [person.name for person in (await room.run("R1")).run.tasks[0].assignees] == ["Ana"]


async def test_beginning_a_task_that_was_given_to_somebody_meanwhile_says_whose_it_is(room: Room) -> None:
    await room.start()
    title = (await room.run("R1")).run.tasks[0].title
    room.platform.task_changes[title] = {"assignees": (Person(name="Ben", email="ben@x.example"),)}
    begun = await room.type("begin T1")
    assert "It is still assigned to Ben." in private_text(begun)
    assert "Take it over" in button_labels(begun)


async def test_beginning_an_own_or_unassigned_task_offers_nothing_to_take_over(room: Room) -> None:
    await room.start()
    await room.type("assign T1 me")
    for line in ("begin T1", "begin T2"):
        begun = await room.type(line)
        assert "Take it over" not in button_labels(begun)
        assert "still assigned" not in private_text(begun)


async def test_an_assignment_made_since_the_button_was_drawn_is_not_replaced(room: Room) -> None:
    await room.start()
    await room.type("assign T1 @ben")
    begun = await room.type("begin T1")
    assert "stays" in private_text(begun) or "Ben" in private_text(begun)
    await room.type("assign T1 @eve", by=BEN)
    answer = await room.press(find_button(begun, "Take it over"))
    assert private_text(answer) == (
        "T1 Confirm the primary is down has been assigned to Eve in the meantime. Nothing changed."
    )
    task = (await room.run("R1")).run.task("1")
    assert task is not None
    assert [person.name for person in task.assignees] == ["Eve"]
    answer = await room.press(find_button(answer, "Assign to Ana anyway"))
    assert answer.result == "done", private_text(answer)
    task = (await room.run("R1")).run.task("1")
    assert task is not None
    assert [person.name for person in task.assignees] == ["Ana"]


async def test_a_card_names_who_began_somebody_elses_task(room: Room) -> None:
    await room.start()
    await room.type("assign T1 @ben")
    await room.type("claim T1")
    answer = await room.type("show T1")
    assert "Ben since 14:06 UTC, begun by Ana" in private_text(answer)


async def test_claiming_a_running_task_of_somebody_else_offers_to_take_it_over(room: Room) -> None:
    await room.start()
    await room.type("assign T1 @ben")
    await room.type("begin T1", by=BEN)
    answer = await room.type("claim T1")
    assert "was already begun" in private_text(answer)
    assert button_labels(answer)[0] == "Take it over"
    assert "Take it over" not in button_labels(await room.type("begin T1", by=BEN))


async def test_a_begin_of_a_running_task_without_assignees_says_who_began_it(room: Room) -> None:
    """It is tried, because it may assign the task: the platform answers that it is done already."""
    await room.start()
    await room.type("begin T1", by=BEN)
    room.platform.task_changes["Confirm the primary is down"] = {"assignees": ()}
    await room.runs.refresh("R1")
    room.platform.results[Op.BEGIN] = WriteResult(already=True)
    answer = private_text(await room.type("begin T1"))
    assert "T1 Confirm the primary is down was already begun by Ben" in answer


async def test_somebody_known_by_name_only_is_already_assigned(room: Room) -> None:
    await room.start()
    await room.type("assign T1 me")
    run = (await room.run("R1")).run
    renamed = run.tasks[0].model_copy(update={"assignees": (Person(name="Ana", handle="ana"),)})
    await room.runs.track(run.model_copy(update={"tasks": (renamed, *run.tasks[1:])}))
    answer = await room.type("assign T1 me")
    assert private_text(answer) == "T1 Confirm the primary is down is already assigned to Ana. Nothing changed."


async def test_an_outsider_who_cannot_be_checked_is_not_said_to_be_outside(room: Room) -> None:
    await room.start(place=ON_SLACK)
    room.memberships.outsiders.add((DAN.id, HERE.channel))
    room.memberships.is_down = True
    answer = await room.type("assign T1 @dan", place=ON_SLACK)
    assert "I can't check now whether Dan is in #inc-42. Dan will be able to see R1" in private_text(answer)
    assert "isn't in" not in private_text(answer)


@pytest.mark.parametrize(
    "line",
    ["assign T1 @ana @ben @ana", "assign T1 to @ana and @ben", "assign @ana, @ben T1", "assign T1 me e @ben"],
)
async def test_several_people_get_a_task_where_the_platform_can(room: Room, line: str) -> None:
    several = replace(room.services.platform_types["local"], several_assignees=True)
    room.services = replace(room.services, platform_types={"local": several})
    await room.start()
    answer = await room.type(line)
    text = private_text(answer)
    assert "assigned to Ana" in text
    assert "assigned to Ben" in text
    assert room.platform.executed[-2:] == ["assign:1", "assign:1:U2"]
    assert len({line.slot for line in answer.activity}) == 2


async def test_where_a_task_has_one_assignee_one_is_chosen_before_anything_is_written(room: Room) -> None:
    await room.start()
    asked = await room.type("assign confirm the primary is down to @ana and @ben")
    assert (
        private_text(asked)
        == "Local runbooks allows only one assignee for a task. Nothing changed. Who should get it?"
    )
    assert button_labels(asked) == ["Ana", "Ben"]
    assert not any(step.startswith("assign") for step in room.platform.executed)
    await room.press(find_button(asked, "Ben"))
    assert [person.name for person in (await room.run("R1")).run.tasks[0].assignees] == ["Ben"]


async def test_of_two_people_with_one_name_each_is_asked_about_every_time(room: Room) -> None:
    await room.start()
    twin = BEN.model_copy(update={"id": "U9", "handle": "ben.reis", "email": None})
    room.services = replace(room.services, people=MemoryPeople([ANA, BEN, twin]))
    for _ in range(2):
        asked = await room.type("assign T1 Ben")
        assert button_labels(asked) == ["Ben (@ben)", "Ben (@ben.reis)"]
        await room.press(find_button(asked, "Ben (@ben.reis)"))
    task = (await room.run("R1")).run.tasks[0]
    assert [person.id for person in task.assignees] == ["U9"]


async def test_everybody_who_would_see_the_run_by_it_is_named_before(room: Room) -> None:
    several = replace(room.services.platform_types["local"], several_assignees=True)
    room.services = replace(room.services, platform_types={"local": several})
    await room.start()
    chat = HERE.model_copy(update={"surface": "slack"})
    ben = BEN.model_copy(update={"surface": "slack"})
    room.services = replace(room.services, people=MemoryPeople([ANA, ben]))
    await room.runs.update_overlay("R1", lambda overlay: overlay.model_copy(update={"places": (chat,)}))
    room.memberships.outsiders |= {("U2", HERE.channel)}
    asked = await room.type("assign T1 @ana @ben")
    assert "Ben isn't in" in private_text(asked)
    assert not any(step.startswith("assign") for step in room.platform.executed)
    await room.press(find_button(asked, "Assign anyway"))
    assert room.platform.executed[-2:] == ["assign:1", "assign:1:U2"]


async def test_the_members_of_a_group_are_offered(room: Room) -> None:
    await room.start()
    group = PersonGroup(name="@oncall", members=(ANA, BEN))
    many = PersonGroup(
        name="@everyone-else", members=tuple(BEN.model_copy(update={"id": f"U{n}"}) for n in range(12))
    )
    people = MemoryPeople([ANA, BEN], {"@oncall": group, "@S0604QSJC": group, "@everyone-else": many})
    room.services = replace(room.services, people=people)
    room.memberships.people = [BEN]
    for typed in ("@oncall", "@S0604QSJC"):
        asked = await room.type(f"assign T1 {typed}")
        assert private_text(asked) == "@oncall is a group. Which of them?"
        assert button_labels(asked) == ["Ana", "Ben"]
    await room.press(find_button(asked, "Ben"))
    assert room.platform.executed[-1] == "assign:1"
    assert button_labels(await room.type("assign T2 @here")) == ["Ben"]
    assert "is a group. Mention each person" in private_text(await room.type("assign T2 @everyone-else"))
    hidden = PersonGroup(name="@oncall", missing="usergroups:read")
    people.groups |= {"@S0604QSJC": hidden, "@else": hidden.model_copy(update={"name": ""})}
    assert "without usergroups:read" in private_text(await room.type("assign T2 @S0604QSJC"))
    assert "If it is a group, I can't see it without" in private_text(await room.type("assign T2 @else"))


@pytest.mark.parametrize("group", ["@here", "@channel", "@S0604QSJC"])
async def test_a_group_is_not_a_person(room: Room, group: str) -> None:
    await room.start()
    answer = await room.type(f"assign T1 @ben {group}")
    assert private_text(answer) == f"{group} is a group. Mention each person with @."
    assert not any(step.startswith("assign") for step in room.platform.executed)


async def test_a_task_is_not_assigned_to_an_app(room: Room) -> None:
    await room.start()
    liaison = BEN.model_copy(
        update={"id": "U9", "name": "Liaison", "handle": "liaison", "membership": Membership.BOT}
    )
    room.services = replace(room.services, people=MemoryPeople([ANA, BEN, liaison]))
    refused = await room.type("assign T1 @liaison")
    assert "Liaison is an app, not a person." in private_text(refused)
    assert not (await room.run("R1")).run.tasks[0].assignees


async def test_help_lists_only_what_a_guest_may_use(room: Room) -> None:
    await room.start()
    guest = BEN.model_copy(update={"id": "U8", "surface": "slack", "membership": Membership.GUEST})
    room.services = replace(room.services, people=MemoryPeople([ANA, guest]))
    for line in ("help", "help all", "help nonsense"):
        listed = private_text(await room.type(line, by=guest, place=ON_SLACK))
        for verb in ("finish", "start", "assign", "runbooks", "comment"):
            assert f"/run {verb}" not in listed, listed
    assert "/run next" in private_text(await room.type("help all", by=guest, place=ON_SLACK))
    assert "/run finish" in private_text(await room.type("help all"))
