"""The fake's endpoints for linked cases, files and fields (Tines API, Cases v2, of these names)."""

import base64
import re
from typing import TYPE_CHECKING

from adapters.testing.fake_server import Seen
from tests.adapters.tines import fake_responses
from tests.adapters.tines.fake_requests import body_of, checked, paging
from tests.adapters.tines.fake_responses import Json
from tests.adapters.tines.world import BOT, FakeComment, Refusal

if TYPE_CHECKING:
    from tests.adapters.tines.fake import FakeResponse, TinesFake

_FILE = {"filename": str, "file_contents": str, "value": str, "author_email": str, "team_case_block_id": int}


def list_linked(fake: "TinesFake", seen: Seen, at: "re.Match[str]") -> "FakeResponse":
    page, per_page = paging(seen, 500)
    case = fake.case(at)
    items = [fake_responses.linked(fake.world.cases[other]) for other in case.linked]
    status, body = fake.page(seen, "linked_cases", items, page, per_page)
    return status, {"case_id": case.id, "name": case.name, **body}


def create_link(fake: "TinesFake", seen: Seen, at: "re.Match[str]") -> "FakeResponse":
    """Refuses a second link: the API does not state what happens, so the adapter must not rely on it."""
    case = fake.case(at)
    id = int(body_of(seen, {"id": str}, ("id",))["id"])
    other = fake.world.cases.get(id)
    if other is None:
        raise Refusal("Not Found", 404)
    if id in case.linked:
        raise Refusal("cases are already linked")
    case.linked.append(id)
    fake.world.record("link", case.id)
    return 201, {"case_id": case.id, "name": case.name, "linked_case": fake_responses.linked(other)}


def delete_link(fake: "TinesFake", seen: Seen, at: "re.Match[str]") -> "FakeResponse":
    case = fake.case(at)
    if int(at["other"]) not in case.linked:
        raise Refusal("Not Found", 404)
    case.linked.remove(int(at["other"]))
    fake.world.record("unlink", case.id)
    return 204, {}


def list_files(fake: "TinesFake", seen: Seen, at: "re.Match[str]") -> "FakeResponse":
    page, per_page = paging(seen, 500)
    case = fake.case(at)
    items = [_file(item, f"{fake.url}/api/v2/cases/{case.id}") for item in case.activities if item.filename]
    status, body = fake.page(seen, "files", items, page, per_page)
    return status, {"case_id": case.id, **body}


def create_file(fake: "TinesFake", seen: Seen, at: "re.Match[str]") -> "FakeResponse":
    case = fake.case(at)
    body = body_of(seen, _FILE, ("filename", "file_contents"))
    base64.b64decode(body["file_contents"], validate=True)
    kind = "FILE_ATTACHED_AND_COMMENTED" if body.get("value") else "FILE_ATTACHED"
    author = fake.world.user(body.get("author_email", "")) or BOT
    item = fake.world.log(case, kind, author, body.get("value", ""), body["filename"])
    fake.world.record("file", item.id)
    return 201, {"case_id": case.id, **_file(item, f"{fake.url}/api/v2/cases/{case.id}")}


def change_fields(fake: "TinesFake", seen: Seen, _: "re.Match[str]") -> "FakeResponse":
    """Without ``upsert``, only fields that a case has are changed."""
    body = body_of(seen, {"case_ids": list, "fields": list}, ("case_ids", "fields"))
    types = {"input_id": int, "value": str, "upsert": bool}
    fields = [checked(item, types, ("input_id",)) for item in body["fields"]]
    inputs = {item.id: item for item in fake.world.inputs}
    for given in fields:
        found = inputs.get(given["input_id"])
        if found is None or (found.options and given["value"] not in found.options):
            raise Refusal("value is not allowed")
    cases: list[Json] = []
    for id in body["case_ids"]:
        case = fake.world.cases.get(id)
        if case is None:
            raise Refusal("Not Found", 404)
        for given in fields:
            if given.get("upsert") or given["input_id"] in case.fields:
                case.fields[given["input_id"]] = given["value"]
        fake.world.record("fields", id)
        shown = [
            {"id": number, "value": case.fields[item.id], "case_input": {"id": item.id, "name": item.name}}
            for number, item in enumerate(fake.world.inputs, 1)
            if item.id in case.fields
        ]
        cases.append({"case_id": id, "fields": shown})
    return 200, {"cases": cases}


def _file(item: FakeComment, url: str) -> Json:
    """The user's id is a number here, as in a comment."""
    about = fake_responses.comment(item)
    return {**about, "activity_type": item.kind, **fake_responses.file(item, url)}
