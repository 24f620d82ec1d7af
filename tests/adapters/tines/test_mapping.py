"""What the card of a case shows."""

from datetime import timedelta

from adapters.http.client import HttpClients
from tests.adapters.tines.fake import TinesFake
from tests.adapters.tines.harness import connect_adapter
from tests.adapters.tines.helpers import add_open_case


async def test_the_card_shows_a_high_priority_and_the_slas(fake: TinesFake, http: HttpClients) -> None:
    tines = connect_adapter(fake, http)
    case = add_open_case(fake)
    (sub_status,) = (await tines.read(str(case.id))).notes
    assert (sub_status.key, dict(sub_status.facts)) == ("tines.sub_status", {"name": "To do"})
    case.priority = "CRITICAL"
    case.slas = {"response": (0, True), "resolution": (3600, False)}
    run = await tines.read(str(case.id))
    priority, exceeded, running, _ = run.notes
    assert (priority.key, dict(priority.facts)) == ("tines.priority", {"priority": "critical"})
    assert (exceeded.key, dict(exceeded.facts)) == ("tines.sla_exceeded", {"kind": "response"})
    assert (running.key, dict(running.facts)) == ("tines.sla_until", {"kind": "resolution"})
    assert run.read_at is not None
    until = running.times["until"]
    assert abs(until - run.read_at - timedelta(hours=1)) <= timedelta(minutes=2, seconds=31)
    assert (until.minute % 5, until.second) == (0, 0)
    case.status = "CLOSED"
    assert (await tines.read(str(case.id))).notes == ()
