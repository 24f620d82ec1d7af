"""The fake is proved against what a real server answered: every recorded request, in its order."""

import inspect
import json
from typing import Any

import httpx

from tests.platforms.playbooks import core, recorded
from tests.platforms.playbooks.fake import PlaybooksFake

ANA, BOT, STRANGER = "9ugcjbqarjdn8poop5zsn15y9h", "1zpkt5q58bdpxm47ntzndcbr7h", "xxq8bqmd6bymddp31syzeab15o"
TEAM = "1wxkhecqwpyo3jx5c9mjbsz8yw"
# Lists showed runs that the recording does not create, with a shape of their own.
_OTHER_RUNS = {"list_runs", "list_runs_status"}


def the_recorded_site() -> PlaybooksFake:
    fake = PlaybooksFake(seed=False)
    fake.core.add_user("relay", id=BOT)
    fake.core.add_user("ana", "ana@example.com", id=ANA)
    fake.core.add_user("carl", "carl@example.com", id=STRANGER)
    fake.core.add_team("ops", [BOT, ANA, STRANGER], id=TEAM)
    fake.core.tokens[fake.token] = BOT
    return fake


def body_of(reply: httpx.Response) -> Any:
    try:
        return json.loads(reply.text)
    except ValueError:
        return reply.text


def comparable(name: str, body: Any) -> Any:
    if name in _OTHER_RUNS:
        return recorded.shape({**body, "items": body["items"][-1:], "total_count": 1})
    return recorded.shape(body)


async def test_every_recorded_request_gets_the_recorded_answer() -> None:
    known: dict[str, str] = {}
    different: list[str] = []
    async with the_recorded_site() as fake, httpx.AsyncClient(base_url=fake.url) as client:
        assert isinstance(fake, PlaybooksFake)
        for exchange in recorded.exchanges("playbooks-1.20"):
            name, request, answer = exchange["name"], exchange["request"], exchange["response"]
            token = "wrong" if name == "noauth" else fake.token
            reply = await client.request(
                request["method"],
                recorded.translated(request["path"], known),
                params=recorded.translated(request["query"], known) or {},
                json=recorded.translated(request["body"], known),
                headers={"authorization": f"Bearer {token}"},
            )
            ours, theirs = body_of(reply), answer["body"]
            known |= recorded.ids(theirs, ours)
            if reply.status_code != answer["status"]:
                different.append(f"{name}: {reply.status_code}, recorded {answer['status']}")
            different += recorded.differences(comparable(name, ours), comparable(name, theirs), name)
            if "content-type" in answer["headers"]:
                kind = reply.headers["content-type"].replace("; charset=utf-8", "")
                assert answer["headers"]["content-type"].replace("; charset=utf-8", "") == kind, name
    assert not different, "\n".join(different)


async def test_refusals_are_word_for_word() -> None:
    source = (recorded.FOLDER.parent / "routes.py").read_text() + inspect.getsource(core)
    refusals = [
        one["response"]["body"] for one in recorded.exchanges("playbooks-1.20") if one["response"]["status"] > 399
    ]
    for body in refusals:
        words = body["error"] if isinstance(body, dict) else body.strip()
        assert words in source
    assert len(refusals) >= 10
