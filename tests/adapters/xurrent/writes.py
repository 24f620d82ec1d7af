"""What the fake's writing requests do, once their bodies were found good."""

from dataclasses import dataclass
from typing import Any

from tests.adapters.xurrent.bodies import APPROVAL, NEW_TASK, NOTE, PHASED, RUN, TASK, checked
from tests.adapters.xurrent.world import NOT_FOUND, FakeApproval, FakeRun, FakeTask, Refusal, World

DECIDED_AS = {"approved": "approve", "rejected": "reject"}
DONE_AS = {**DECIDED_AS, "completed": "finish", "in_progress": "begin", "canceled": "skip", "waiting_for": "hold"}


@dataclass
class Writes:
    world: World
    old: bool

    def start(self, body: Any) -> FakeRun:
        """The fields that the documents mark as required must come: what a template fills in is not stated."""
        required = ("subject", "service_id", "category", "justification", "workflow_type")
        given = checked(body, RUN, "run", ("template_id", *required))
        template = self.world.templates.get(given["template_id"])
        if template is None or template.disabled:
            raise Refusal(("template", "Template is invalid"))
        if given.get("manager_id", next(iter(self.world.people))) not in self.world.people:
            raise Refusal(("manager", "Manager is invalid"))
        run = self.world.start(template, given["subject"])
        run.source, run.source_id = given.get("source"), given.get("sourceID")
        run.manager = given.get("manager_id", run.manager)
        if given.get("note"):
            self.world.write_note(run, given["note"])
        self.world.did("start", run.id)
        return run

    def add(self, run: FakeRun, body: Any) -> FakeTask:
        allowed = NEW_TASK if self.old else NEW_TASK | PHASED
        given = checked(body, allowed, "task", ("subject", "category", "planned_duration", "team_id"))
        task = FakeTask(self.world.id(), run.id, given["subject"], given["category"], team=given["team_id"])
        task.phase = given.get("phase_id")
        if task.phase is not None and task.phase not in run.phases:
            raise Refusal(("phase", "Phase is invalid"))
        task.planned_duration = given["planned_duration"]
        task.source, task.source_id = given.get("source"), given.get("sourceID")
        ids = {one.id for one in self.world.tasks_of(run)}
        task.before = given.get("predecessor_ids", [])
        after = given.get("successor_ids", [])
        if not ids.issuperset([*task.before, *after]):
            raise Refusal(("predecessors", "Predecessors must be of the same workflow"))
        if "member_id" in given:
            self.world.assign(task, given["member_id"])
        self.world.tasks[task.id] = task
        for id in after:
            self.world.tasks[id].before.append(task.id)
        self.world.advance(run)
        self.world.did("add", task.id)
        return task

    def change(self, task: FakeTask, body: Any) -> None:
        """All or nothing; a note goes with it, and is not in the answer."""
        given = checked(body, TASK, "task")
        if "waiting_until" in given and given.get("status", task.status) != "waiting_for":
            raise Refusal(("waiting_until", "Waiting until must be blank"))
        before = task.member
        if "member_id" in given:
            self.world.assign(task, given["member_id"])
        try:
            if "status" in given and (given["status"] != task.status or task.status == "waiting_for"):
                self.world.move(task, given["status"], given.get("note"))
        except Refusal:
            task.member = before
            raise
        task.waiting_until = given.get("waiting_until", task.waiting_until)
        task.urgent = given.get("urgent", task.urgent)
        if given.get("note"):
            self.world.write_note(self.world.runs[task.run], given["note"], task)
        if "status" in given:
            self.world.did(DONE_AS.get(given["status"], given["status"]), task.id)
        elif "member_id" in given:
            self.world.did("assign", task.id)
        elif "urgent" in given:
            self.world.did("urgent", task.id)
        elif given.get("note"):
            self.world.did("comment", task.id)

    def decide(self, task: FakeTask, id: int, body: Any) -> FakeApproval:
        approval = next((one for one in task.approvals if one.id == id), None)
        if approval is None:
            raise NOT_FOUND
        status = checked(body, APPROVAL, "approval", ("status",))["status"]
        self.world.decide(task, approval, status)
        self.world.did(DECIDED_AS[status], task.id)
        return approval

    def note(self, run: FakeRun, task: FakeTask | None, body: Any) -> int:
        given = checked(body, NOTE, "note", ("text",))
        note = self.world.write_note(run, given["text"], task)
        note.internal = given.get("internal", False)
        self.world.did("comment", note.id)
        return note.id
