"""How many commands another bot may give, and when it is heard again."""

from datetime import UTC, datetime, timedelta

from bot.services.bot_loops import MOST_COMMANDS, QUIET_FOR, WITHIN, BotLoops, Hearing
from commands.model.messages import Actor, Membership, Message, Place, Via

NOW = datetime(2026, 5, 4, 14, 5, tzinfo=UTC)


def command(key: str, at: datetime = NOW, channel: str = "C0INC", thread: str = "") -> Message:
    bot = Actor(surface="slack", id="U0ALERTS", handle="alerts", membership=Membership.BOT)
    place = Place(surface="slack", channel=channel, thread=thread)
    return Message(key=key, actor=bot, place=place, via=Via.MENTION, at=at, text="runs")


def heard(loops: BotLoops, *commands: Message) -> list[Hearing]:
    return [loops.hear(one) for one in commands]


def loops_that_ignore() -> BotLoops:
    loops = BotLoops()
    assert set(heard(loops, *(command(f"{number}") for number in range(MOST_COMMANDS)))) == {Hearing.HEARD}
    assert loops.hear(command("last")) is Hearing.STOPPED
    return loops


def test_after_too_many_commands_in_one_place_a_bot_is_ignored_there_for_a_while() -> None:
    loops = loops_that_ignore()
    assert loops.hear(command("more", NOW + QUIET_FOR - timedelta(seconds=1), thread="1.2")) is Hearing.IGNORED
    assert loops.hear(command("elsewhere", channel="C0OTHER")) is Hearing.HEARD
    assert loops.hear(command("later", NOW + QUIET_FOR)) is Hearing.HEARD


def test_a_message_that_is_routed_again_counts_once() -> None:
    loops = BotLoops()
    assert set(heard(loops, *[command("same")] * (2 * MOST_COMMANDS))) == {Hearing.HEARD}
    loops = loops_that_ignore()
    assert heard(loops, command("last"), command("0")) == [Hearing.STOPPED, Hearing.IGNORED]


def test_a_bot_that_commands_now_and_then_is_always_heard() -> None:
    loops = BotLoops()
    pace = WITHIN / MOST_COMMANDS
    assert set(heard(loops, *(command(f"{n}", NOW + n * pace) for n in range(5 * MOST_COMMANDS)))) == {
        Hearing.HEARD
    }
