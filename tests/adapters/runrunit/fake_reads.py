"""What the fake reads: its GET routes, and finding what a path names."""

import re
from collections.abc import Sequence
from typing import Any

from adapters.testing.fake_server import Fake, Seen
from tests.adapters.runrunit import fake_responses
from tests.adapters.runrunit.fake_responses import Json
from tests.adapters.runrunit.recording_files import load_recording
from tests.adapters.runrunit.world import (
    BOARD,
    PROJECT_TEMPLATE,
    FakeAssignment,
    FakeItem,
    FakeTask,
    World,
    refuse,
)

Match = re.Match[str]
Answer = tuple[int, Any]


class FakeReads(Fake):
    def __init__(self) -> None:
        super().__init__()
        self.world = World()

    def list_templates(self, seen: Seen, match: Match) -> Answer:
        if int(match["id"]) != PROJECT_TEMPLATE:
            refuse(404)
        return 200, [fake_responses.template(item, self.world) for item in self.world.templates.values()][::-1]

    def show_template(self, seen: Seen, match: Match) -> Answer:
        if int(match["id"]) != PROJECT_TEMPLATE or int(match["other"]) not in self.world.templates:
            refuse(404)
        return 200, fake_responses.template(self.world.templates[int(match["other"])], self.world)

    def list_tasks(self, seen: Seen, match: Match) -> Answer:
        """Closed tasks are hidden unless requested."""
        tasks = list(self.world.tasks.values())
        if "responsible_id" in seen.query:
            user = seen.query["responsible_id"]
            tasks = [item for item in tasks if user in (assigned.user for assigned in item.assignments)]
        if "project_id" in seen.query:
            tasks = [item for item in tasks if str(item.project) == seen.query["project_id"]]
        if "ids" in seen.query:
            ids = seen.query["ids"].split(",")
            tasks = [item for item in tasks if str(item.id) in ids]
        if seen.query.get("bypass_status_default") != "true":
            closed = seen.query.get("is_closed", "false") == "true"
            tasks = [item for item in tasks if bool(item.closed_at) == closed]
        return 200, self._task_bodies(tasks)

    def show_task(self, seen: Seen, match: Match) -> Answer:
        return 200, self._task_body(self._task(match))

    def show_description(self, seen: Seen, match: Match) -> Answer:
        return 200, load_recording("task_description") | {
            "description": self.world.descriptions.get(self._task(match).id)
        }

    def show_template_description(self, seen: Seen, match: Match) -> Answer:
        id = int(seen.query.get("task_template_id", "0"))
        if id not in self.world.templates:
            refuse(404)
        return 200, {"task_template_id": id, "description": self.world.descriptions.get(id)}

    def list_subtasks(self, seen: Seen, match: Match) -> Answer:
        return 200, self._task_bodies(self.world.steps(self._task(match))[::-1])

    def list_prerequisites(self, seen: Seen, match: Match) -> Answer:
        return 200, self._task_bodies([self.world.tasks[id] for id in self._task(match).waits_for])

    def list_comments(self, seen: Seen, match: Match) -> Answer:
        task = self._task(match)
        comments = [item for item in self.world.comments if item.task == task.id]
        return 200, [fake_responses.comment(item, self.world) for item in comments[::-1]]

    def show_project_template(self, seen: Seen, match: Match) -> Answer:
        if int(match["id"]) != PROJECT_TEMPLATE:
            refuse(404)
        return 200, load_recording("project_template") | {"id": PROJECT_TEMPLATE, "name": "Operations"}

    def show_checklist(self, seen: Seen, match: Match) -> Answer:
        task = self._task(match)
        return 200, fake_responses.checklist(task) if task.checklist else refuse(404)

    def list_items(self, seen: Seen, match: Match) -> Answer:
        task = self._task_of_checklist(match)
        return 200, [fake_responses.checklist_item(item, task) for item in task.items]

    def show_item(self, seen: Seen, match: Match) -> Answer:
        task = self._task_of_checklist(match)
        return 200, fake_responses.checklist_item(self._item(task, match), task)

    def list_stages(self, seen: Seen, match: Match) -> Answer:
        if int(match["id"]) != BOARD:
            refuse(404)
        return 200, fake_responses.stages(self.world)[::-1]

    def list_users(self, seen: Seen, match: Match) -> Answer:
        return 200, [fake_responses.user(item) for item in self.world.users]

    def list_dashboards(self, seen: Seen, match: Match) -> Answer:
        owner = self.world.users[0].id
        return 200, [{"id": 1, "name": "Dashboard 8", "user_id": owner}]

    def show_workflow(self, seen: Seen, match: Match) -> Answer:
        task = self.world.tasks.get(int(seen.query.get("task_id", "0")))
        if task is None or task.workflow is None:
            return refuse(404)
        return 200, fake_responses.workflow(task)

    def list_elements(self, seen: Seen, match: Match) -> Answer:
        task = next((item for item in self.world.tasks.values() if item.workflow == int(match["id"])), None)
        if task is None:
            return refuse(404)
        return 200, [fake_responses.element(item, place, task) for place, item in enumerate(task.elements, 1)]

    def _task_body(self, task: FakeTask) -> Json:
        return fake_responses.task(task, self.world)

    def _task_bodies(self, tasks: Sequence[FakeTask]) -> list[Json]:
        return [self._task_body(item) for item in tasks]

    def _task_of_checklist(self, match: Match) -> FakeTask:
        tasks = self.world.tasks.values()
        return next((task for task in tasks if task.checklist == int(match["id"])), None) or refuse(404)

    def _item(self, task: FakeTask, match: Match) -> FakeItem:
        return next((item for item in task.items if item.id == int(match["other"])), None) or refuse(404)

    def _find_task(self, id: int) -> FakeTask:
        return self.world.tasks.get(id) or refuse(404)

    def _task(self, match: Match) -> FakeTask:
        return self._find_task(int(match["id"]))

    def _assignment(self, task: FakeTask, id: str) -> FakeAssignment:
        return next((assignment for assignment in task.assignments if assignment.id == id), None) or refuse(404)
