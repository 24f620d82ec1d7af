"""The fake responds like the recorded server, to every recorded request in order."""

import inspect
import json
from typing import Any

import httpx

from tests.adapters.playbooks import fake_core, samples
from tests.adapters.playbooks.fake import PlaybooksFake

ANA, BOT, STRANGER = "9ugcjbqarjdn8poop5zsn15y9h", "1zpkt5q58bdpxm47ntzndcbr7h", "xxq8bqmd6bymddp31syzeab15o"
TEAM = "1wxkhecqwpyo3jx5c9mjbsz8yw"
# These lists contain runs of another shape, which the recording does not create.
_OTHER_RUNS = {"list_runs", "list_runs_status"}


def recorded_site() -> PlaybooksFake:
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
        return samples.shape({**body, "items": body["items"][-1:], "total_count": 1})
    return samples.shape(body)


async def test_every_recorded_request_gets_the_recorded_response() -> None:
    ids: dict[str, str] = {}
    different: list[str] = []
    async with recorded_site() as fake, httpx.AsyncClient(base_url=fake.url) as client:
        assert isinstance(fake, PlaybooksFake)
        for exchange in samples.exchanges("playbooks-1.20"):
            name, request, answer = exchange["name"], exchange["request"], exchange["response"]
            token = "wrong" if name == "noauth" else fake.token
            reply = await client.request(
                request["method"],
                samples.translate_ids(request["path"], ids),
                params=samples.translate_ids(request["query"], ids) or {},
                json=samples.translate_ids(request["body"], ids),
                headers={"authorization": f"Bearer {token}"},
            )
            ours, theirs = body_of(reply), answer["body"]
            ids |= samples.matching_ids(theirs, ours)
            if reply.status_code != answer["status"]:
                different.append(f"{name}: {reply.status_code}, recorded {answer['status']}")
            different += samples.differences(comparable(name, ours), comparable(name, theirs), name)
            if "content-type" in answer["headers"]:
                kind = reply.headers["content-type"].replace("; charset=utf-8", "")
                assert answer["headers"]["content-type"].replace("; charset=utf-8", "") == kind, name
    assert not different, "\n".join(different)


async def test_refusals_are_quoted_exactly() -> None:
    source = (samples.FOLDER.parent / "fake_routes.py").read_text() + inspect.getsource(fake_core)
    refusals = [
        item["response"]["body"]
        for item in samples.exchanges("playbooks-1.20")
        if item["response"]["status"] > 399
    ]
    for body in refusals:
        words = body["error"] if isinstance(body, dict) else body.strip()
        assert words in source
    assert len(refusals) >= 10


async def test_playbooks_2_responds_as_its_source_says() -> None:
    """With the same statuses and refusals, and with every documented field."""
    different: list[str] = []
    async with PlaybooksFake(generation="2.x") as fake, httpx.AsyncClient(base_url=fake.url) as client:
        assert isinstance(fake, PlaybooksFake)
        fake.core.tokens["outsider"] = fake.core.add_user("outsider")
        ids = await _documented_ids(fake, client)
        for exchange in samples.exchanges("playbooks-2.x"):
            name, request, answer = exchange["name"], exchange["request"], exchange["response"]
            token = {"noauth": "wrong", "create_run_forbidden": "outsider"}.get(name, fake.token)
            reply = await client.request(
                request["method"],
                samples.translate_ids(request["path"], ids),
                params=samples.translate_ids(request["query"], ids) or {},
                json=samples.translate_ids(request["body"], ids),
                headers={"authorization": f"Bearer {token}"},
            )
            if reply.status_code != answer["status"]:
                different.append(f"{name}: {reply.status_code}, documented {answer['status']}")
            elif reply.status_code >= 400 and name not in _OTHER_TEXT:
                assert body_of(reply) == answer["body"], name
            elif isinstance(answer["body"], dict):
                different += _missing(body_of(reply), answer["body"], name)
    assert not different, "\n".join(different)


_OTHER_TEXT = {"get_run_unknown"}  # 403 with a different text
_UNUSED = {"property_values", "per_page", "public"}  # documented fields that are not used


async def _documented_ids(fake: PlaybooksFake, client: httpx.AsyncClient) -> dict[str, str]:
    """documented id -> our id, after starting a run of the seeded playbook."""
    run = next(item for item in samples.exchanges("playbooks-2.x") if item["name"] == "get_run")["response"][
        "body"
    ]
    ids = {run["owner_user_id"]: fake.ana, run["team_id"]: fake.team, run["playbook_id"]: fake.playbook}
    body = {"name": "x", "owner_user_id": fake.ana, "team_id": fake.team, "playbook_id": fake.playbook}
    headers = {"authorization": f"Bearer {fake.token}"}
    response = await client.post("/plugins/playbooks/api/v0/runs", json=body, headers=headers)
    return ids | {run["id"]: response.json()["id"]}


def _missing(ours: Any, theirs: Any, where: str) -> list[str]:
    if isinstance(theirs, dict) and isinstance(ours, dict):
        missing = [f"{where}.{key}" for key in theirs.keys() - ours.keys() - _UNUSED]
        return [
            *missing,
            *(line for key in theirs.keys() & ours.keys() for line in _missing(ours[key], theirs[key], key)),
        ]
    if isinstance(theirs, list) and isinstance(ours, list) and theirs and ours:
        return _missing(ours[0], theirs[0], f"{where}[]")
    return []
