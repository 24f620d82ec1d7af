"""The fake is proved against what a real server answered: every recorded request, in its order."""

import inspect
import json
from typing import Any

import httpx

from tests.adapters.playbooks import core, recorded
from tests.adapters.playbooks.fake import PlaybooksFake

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


async def test_the_current_generation_answers_as_its_source_says() -> None:
    """Statuses and refusals alike; every documented field is there."""
    different: list[str] = []
    async with PlaybooksFake(generation="2.x") as fake, httpx.AsyncClient(base_url=fake.url) as client:
        assert isinstance(fake, PlaybooksFake)
        fake.core.tokens["outsider"] = fake.core.add_user("outsider")
        known = await _like_the_documents(fake, client)
        for exchange in recorded.exchanges("playbooks-2.x"):
            name, request, answer = exchange["name"], exchange["request"], exchange["response"]
            token = {"noauth": "wrong", "create_run_forbidden": "outsider"}.get(name, fake.token)
            reply = await client.request(
                request["method"],
                recorded.translated(request["path"], known),
                params=recorded.translated(request["query"], known) or {},
                json=recorded.translated(request["body"], known),
                headers={"authorization": f"Bearer {token}"},
            )
            if reply.status_code != answer["status"]:
                different.append(f"{name}: {reply.status_code}, documented {answer['status']}")
            elif reply.status_code >= 400 and name not in _WORDED_ALIKE:
                assert body_of(reply) == answer["body"], name
            elif isinstance(answer["body"], dict):
                different += _missing(body_of(reply), answer["body"], name)
    assert not different, "\n".join(different)


_WORDED_ALIKE = {"get_run_unknown"}  # 403 either way
_NOT_KEPT = {"property_values", "per_page", "public"}  # documented fields that nobody here reads


async def _like_the_documents(fake: PlaybooksFake, client: httpx.AsyncClient) -> dict[str, str]:
    """Documented id -> ours, for a run that was made of the seeded playbook."""
    run = next(one for one in recorded.exchanges("playbooks-2.x") if one["name"] == "get_run")["response"]["body"]
    known = {run["owner_user_id"]: fake.ana, run["team_id"]: fake.team, run["playbook_id"]: fake.playbook}
    body = {"name": "x", "owner_user_id": fake.ana, "team_id": fake.team, "playbook_id": fake.playbook}
    headers = {"authorization": f"Bearer {fake.token}"}
    made = await client.post("/plugins/playbooks/api/v0/runs", json=body, headers=headers)
    return known | {run["id"]: made.json()["id"]}


def _missing(ours: Any, theirs: Any, where: str) -> list[str]:
    if isinstance(theirs, dict) and isinstance(ours, dict):
        lost = [f"{where}.{key}" for key in theirs.keys() - ours.keys() - _NOT_KEPT]
        return [
            *lost,
            *(line for key in theirs.keys() & ours.keys() for line in _missing(ours[key], theirs[key], key)),
        ]
    if isinstance(theirs, list) and isinstance(ours, list) and theirs and ours:
        return _missing(ours[0], theirs[0], f"{where}[]")
    return []
