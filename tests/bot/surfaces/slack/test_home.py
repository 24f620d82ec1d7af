"""The Home tab stays within Slack's limits, whatever is on it."""

from adapters.models import TaskState
from bot.surfaces.slack.home import home_view
from commands.model.card import Button, Card, Row, Section
from commands.model.intents import Finish, Runs
from commands.model.messages import Place
from tests.fakes.slack_blocks import home_faults, visible_block_text


def test_a_long_page_keeps_its_buttons() -> None:
    finish = Button("Finish T1", Finish(run="R1", tasks=("T1",)), "primary")
    rows = tuple(Row(TaskState.RUNNING, f"R1.T{n}", "*drop* <!channel> " * 40, button=finish) for n in range(150))
    sections = (Section("What you can do now", rows, ("and more",)), Section("", (), ("Nothing",)))
    card = Card(
        title=("Home",), summary="Home", sections=sections, buttons=(Button("All runs", Runs()),), footer=("x",)
    )
    view = home_view(card, Place(surface="slack", workspace="T1", channel="D1", direct=True))
    assert home_faults(view) == []
    assert len(view["blocks"]) == 100
    assert view["blocks"][-2]["type"] == "actions"
    assert "<!channel>" in visible_block_text(view["blocks"])
