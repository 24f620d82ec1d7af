"""What the fake's changing requests do, once their bodies are validated."""

from dataclasses import dataclass
from typing import Any

from tests.adapters.xurrent.fake_account import (
    NOT_FOUND,
    ErrorResponse,
    FakeAccount,
    FakeApproval,
    FakeRun,
    FakeTask,
)
from tests.adapters.xurrent.fake_validation import APPROVAL, NEW_TASK, NOTE, PHASED, RUN, TASK, validate

DECISIONS = {"approved": "approve", "rejected": "reject"}
OPERATIONS = {
    **DECISIONS,
    "completed": "finish",
    "in_progress": "begin",
    "canceled": "skip",
    "waiting_for": "hold",
}


@dataclass
class FakeWrites:
    account: FakeAccount
    itrp: bool

    def start(self, body: Any) -> FakeRun:
        """Requires the fields that are documented as required: nothing says which ones a template provides."""
        required = ("subject", "service_id", "category", "justification", "workflow_type")
        given = validate(body, RUN, "run", ("template_id", *required))
        template = self.account.templates.get(given["template_id"])
        if template is None or template.disabled:
            raise ErrorResponse(("template", "Template is invalid"))
        if given.get("manager_id", next(iter(self.account.people))) not in self.account.people:
            raise ErrorResponse(("manager", "Manager is invalid"))
        run = self.account.start(template, given["subject"])
        run.source, run.source_id = given.get("source"), given.get("sourceID")
        run.manager = given.get("manager_id", run.manager)
        if given.get("note"):
            self.account.write_note(run, given["note"])
        self.account.record_effect("start", run.id)
        return run

    def add(self, run: FakeRun, body: Any) -> FakeTask:
        allowed = NEW_TASK if self.itrp else NEW_TASK | PHASED
        given = validate(body, allowed, "task", ("subject", "category", "planned_duration", "team_id"))
        task = FakeTask(self.account.id(), run.id, given["subject"], given["category"], team=given["team_id"])
        task.phase = given.get("phase_id")
        if task.phase is not None and task.phase not in run.phases:
            raise ErrorResponse(("phase", "Phase is invalid"))
        task.planned_duration = given["planned_duration"]
        task.source, task.source_id = given.get("source"), given.get("sourceID")
        ids = {other.id for other in self.account.tasks_of(run)}
        task.predecessors = given.get("predecessor_ids", [])
        after = given.get("successor_ids", [])
        if not ids.issuperset([*task.predecessors, *after]):
            raise ErrorResponse(("predecessors", "Predecessors must be of the same workflow"))
        if "member_id" in given:
            self.account.assign(task, given["member_id"])
        self.account.tasks[task.id] = task
        for id in after:
            self.account.tasks[id].predecessors.append(task.id)
        self.account.update_statuses(run)
        self.account.record_effect("add", task.id)
        return task

    def change(self, task: FakeTask, body: Any) -> None:
        """Changes everything or nothing. A note may come along, and is not in the response."""
        given = validate(body, TASK, "task")
        if "waiting_until" in given and given.get("status", task.status) != "waiting_for":
            raise ErrorResponse(("waiting_until", "Waiting until must be blank"))
        previous_member = task.member
        if "member_id" in given:
            self.account.assign(task, given["member_id"])
        try:
            if "status" in given and (given["status"] != task.status or task.status == "waiting_for"):
                self.account.set_status(task, given["status"], given.get("note"))
        except ErrorResponse:
            task.member = previous_member
            raise
        task.waiting_until = given.get("waiting_until", task.waiting_until)
        task.urgent = given.get("urgent", task.urgent)
        if given.get("note"):
            self.account.write_note(self.account.runs[task.run], given["note"], task)
        if "status" in given:
            self.account.record_effect(OPERATIONS.get(given["status"], given["status"]), task.id)
        elif "member_id" in given:
            self.account.record_effect("assign", task.id)
        elif "urgent" in given:
            self.account.record_effect("urgent", task.id)
        elif given.get("note"):
            self.account.record_effect("comment", task.id)

    def decide(self, task: FakeTask, id: int, body: Any) -> FakeApproval:
        approval = next((item for item in task.approvals if item.id == id), None)
        if approval is None:
            raise NOT_FOUND
        status = validate(body, APPROVAL, "approval", ("status",))["status"]
        self.account.decide(task, approval, status)
        self.account.record_effect(DECISIONS[status], task.id)
        return approval

    def note(self, run: FakeRun, task: FakeTask | None, body: Any) -> int:
        given = validate(body, NOTE, "note", ("text",))
        note = self.account.write_note(run, given["text"], task)
        note.internal = given.get("internal", False)
        self.account.record_effect("comment", note.id)
        return note.id
