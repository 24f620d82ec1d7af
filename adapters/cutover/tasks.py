"""Maps a runbook's tasks, which need its streams, the task types and each other."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field

from adapters.cutover import wire
from adapters.cutover.errors import MESSAGES
from adapters.cutover.text import ADDED, SIGNER, to_text
from adapters.models import Person, Stage, Task, TaskState
from adapters.toolkit.messages import message_text
from adapters.toolkit.timestamps import parse_timestamp

STATES = {
    "default": TaskState.WAITING,
    "not_startable": TaskState.WAITING,  # newer versions
    "startable": TaskState.READY,
    "in_progress": TaskState.RUNNING,
}
ABANDONED = "complete_abandoned"
COMPLETED_STATES = {"complete_skipped": TaskState.SKIPPED, ABANDONED: TaskState.FAILED}
END_REQUIREMENTS = {
    "all_must_end": "cutover.label.everyone_finishes",
    "same_must_end": "cutover.label.starter_finishes",
}
COMMS = {"email": "cutover.label.email", "sms": "cutover.label.sms", "call": "cutover.label.call"}
USER = "user"


@dataclass(frozen=True)
class RunbookContext:
    """What else is needed to map a runbook's tasks. ``types`` and ``people`` are by id."""

    streams: Sequence[wire.Stream] = ()
    types: Mapping[str, wire.TaskTypeAttributes] = field(default_factory=dict)
    people: Mapping[str, Person] = field(default_factory=dict)
    is_cancelled: bool = False  # the run

    def stages(self) -> tuple[Stage, ...]:
        return tuple(Stage(id=stream.id, title=self.stream_name(stream)) for stream in self.streams)

    def stream_name(self, stream: wire.Stream) -> str:
        """With the names of the streams that it is part of: two of them may each have a stream "Checks"."""
        by_id = {other.id: other for other in self.streams}
        names: list[str] = []
        while len(names) < len(by_id):
            name = stream.attributes.name
            names.insert(0, name or message_text(MESSAGES, "cutover.label.stream", id=stream.id))
            parent = by_id.get(stream.related_id("parent") or "")
            if parent is None:
                break
            stream = parent
        return " / ".join(names)

    def tasks(self, items: Sequence[wire.Task]) -> tuple[Task, ...]:
        unfinished = {task.id for task in items if not task_state(task).is_over}
        stages = {stream.id for stream in self.streams}
        successors = _successors(items)
        return tuple(self._task(task, unfinished, stages, successors[task.id]) for task in items)

    def changed_task(self, item: wire.Task, before: Task) -> Task:
        """One task as an action on it returned it, without the list that ``before`` was read from."""
        streams, is_open = {stream.id for stream in self.streams}, not task_state(item).is_over
        waits = before.waits_for if is_open else ()
        changed = self._task(item, set(waits), streams, before.branches if is_open else ())
        kept: dict[str, object] = {"waits_for": waits}
        if item.related("assignees") is None:
            kept["assignees"] = before.assignees
        if item.related_id("stream") is None:
            kept["stage"] = before.stage
        return changed.model_copy(update=kept)

    def decides(self, item: wire.Task) -> bool | None:
        """Whether people choose which task comes next. None if its type could not be read."""
        return self._type(item).conditional_progression

    def _task(self, item: wire.Task, unfinished: Set[str], stages: Set[str], successors: Sequence[str]) -> Task:
        mapped, type = map_task(item), self._type(item)
        changes: dict[str, object] = {
            "stage": mapped.stage if mapped.stage in stages else None,
            "automatic": bool(type.auto_start and type.auto_finish),
            "assignees": tuple(assignee(kind, id, self.people) for kind, id in item.related("assignees") or ()),
        }
        if mapped.state.is_over:
            if self.is_cancelled and item.attributes.completion_type == ABANDONED:
                reason = message_text(MESSAGES, "cutover.label.cancelled")
                changes |= {"state": TaskState.SKIPPED, "reason": reason}
        else:
            changes["waits_for"] = tuple(id for id in predecessors(item) if id in unfinished)
            changes["mark"] = ", ".join([*filter(None, [mapped.mark]), *_type_marks(type)])
            if self.decides(item):
                changes["branches"] = tuple(successors)
        return mapped.model_copy(update=changes)

    def _type(self, item: wire.Task) -> wire.TaskTypeAttributes:
        return self.types.get(item.related_id("task_type") or "", wire.TaskTypeAttributes())


def assignee(kind: str, id: str, people: Mapping[str, Person]) -> Person:
    """A user, or a team of the runbook."""
    if kind == USER:
        return people.get(id, Person(id=id, name=message_text(MESSAGES, "cutover.label.user", id=id)))
    return Person(name=message_text(MESSAGES, "cutover.label.team", id=id))


def map_task(item: wire.Task) -> Task:
    """A task on its own, without what needs the whole list or the task types."""
    attributes = item.attributes
    state = task_state(item)
    fields = field_lines(attributes.custom_field_values)
    return Task(
        id=item.id,
        title=attributes.name or message_text(MESSAGES, "cutover.label.task", id=item.id),
        state=state,
        stage=item.related_id("stream"),
        instructions="\n".join(filter(None, [_written_by_people(attributes.description), *fields])),
        started_at=parse_timestamp(attributes.start_actual),
        finished_at=parse_timestamp(attributes.end_actual),
        due_at=parse_timestamp(attributes.end_fixed) or parse_timestamp(attributes.end_planned),
        mark=_requirement(item, state),
    )


def _written_by_people(description: str | None) -> str:
    """Not the description that only says that we added the task."""
    text = to_text(description)
    signed = SIGNER.read(text)
    return "" if signed.code and signed.text == ADDED else text


def task_state(task: wire.Task) -> TaskState:
    """The actual times decide for an unknown stage. Without any, the task is ready: Cutover rejects what isn't."""
    attributes = task.attributes
    if attributes.stage == "complete" or (attributes.stage not in STATES and attributes.end_actual):
        return COMPLETED_STATES.get(attributes.completion_type or "", TaskState.DONE)
    if attributes.stage in STATES:
        return STATES[attributes.stage]
    return TaskState.RUNNING if attributes.start_actual else TaskState.READY


def everyone_must_start(task: wire.Task) -> bool:
    return task.attributes.start_requirements == "all_must_start"


def field_lines(values: Sequence[wire.FieldValue]) -> list[str]:
    """ "Change number: CHG-12" for each custom field that has a value. Some responses name only a field's id."""
    lines: list[str] = []
    for given in values:
        name = given.display_name or given.name
        if given.custom_field_id and not name:
            name = message_text(MESSAGES, "cutover.label.field", id=given.custom_field_id)
        if name and given.value and given.value.strip():
            lines.append(f"{name}: {to_text(given.value)}")
    return lines


def predecessors(item: wire.Task) -> Sequence[str]:
    """From the forecast, or from the relationship that newer versions send."""
    if item.attributes.predecessor_ids is not None:
        return item.attributes.predecessor_ids
    return [id for _, id in item.related("predecessors") or ()]


def is_order_known(item: wire.Task) -> bool:
    """Whether the server says what the task waits for."""
    return item.attributes.predecessor_ids is not None or item.related("predecessors") is not None


def _successors(tasks: Sequence[wire.Task]) -> Mapping[str, Sequence[str]]:
    """Successor ids by task id: as the task itself names them, otherwise from others' predecessors."""
    ids = {task.id for task in tasks}
    successors: dict[str, list[str]] = {task.id: [] for task in tasks}
    for task in tasks:
        for predecessor in predecessors(task):
            if predecessor in successors:
                successors[predecessor].append(task.id)
    for task in tasks:
        named = task.attributes.successor_ids
        if named is None and (related := task.related("successors")) is not None:
            named = tuple(id for _, id in related)
        if named is not None:
            successors[task.id] = [id for id in named if id in ids]
    return successors


def _requirement(item: wire.Task, state: TaskState) -> str:
    """Who has to start or finish the task, if that isn't anyone."""
    key = None
    if state is TaskState.RUNNING:
        key = END_REQUIREMENTS.get(item.attributes.end_requirements or "")
    elif state is TaskState.READY and everyone_must_start(item):
        key = "cutover.label.everyone_starts"
    return message_text(MESSAGES, key) if key else ""


def _type_marks(type: wire.TaskTypeAttributes) -> list[str]:
    """What Cutover does by itself with a task of this type."""
    keys = [
        "cutover.label.automatic" if type.auto_start and type.auto_finish else None,
        "cutover.label.auto_start" if type.auto_start and not type.auto_finish else None,
        "cutover.label.auto_finish" if type.auto_finish and not type.auto_start else None,
        COMMS.get(type.comms or ""),
    ]
    return [message_text(MESSAGES, key) for key in keys if key]
