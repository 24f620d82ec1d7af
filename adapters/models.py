"""What every platform's things look like to the rest of Liaison.

Plain frozen values: safe to keep as JSON in the store (``Run.model_dump_json``) and to share between tasks.
Times are aware and in UTC. All text is the platform's own, unescaped: whoever shows it escapes it.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class Model(BaseModel):
    """Frozen, and blind to fields it does not know (rows written by a newer Liaison stay readable)."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", validate_by_name=True, validate_by_alias=True, serialize_by_alias=True
    )


class Person(Model):
    """Somebody as a platform or a chat knows them. ``id`` is the platform's own, empty while unknown."""

    id: str = ""
    name: str = ""
    email: str | None = None
    handle: str | None = None

    @property
    def shown(self) -> str:
        return self.name or self.handle or self.email or self.id or "somebody"


class RunKey(Model):
    """A run's identity: the ``[platforms.NAME]`` it lives on, and its id there."""

    platform: str
    id: str

    def __str__(self) -> str:
        return f"{self.platform}:{self.id}"


class RunbookKey(Model):
    platform: str
    id: str

    def __str__(self) -> str:
        return f"{self.platform}:{self.id}"


class TaskKey(Model):
    run: RunKey
    id: str


class TaskState(StrEnum):
    WAITING = "waiting"  # for another task
    READY = "ready"
    RUNNING = "running"
    HELD = "held"  # somebody said why
    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"

    @property
    def is_over(self) -> bool:
        return self in (TaskState.DONE, TaskState.SKIPPED, TaskState.FAILED)


class RunState(StrEnum):
    PLANNED = "planned"
    STARTING = "starting"  # the platform is still making it
    ACTIVE = "active"
    PAUSED = "paused"
    FINISHED = "finished"
    CANCELLED = "cancelled"

    @property
    def is_over(self) -> bool:
        return self in (RunState.FINISHED, RunState.CANCELLED)


class Health(StrEnum):
    GREEN = "green"
    AMBER = "amber"
    RED = "red"
    UNSET = "unset"


class Stage(Model):
    id: str
    title: str


class Task(Model):
    """One step of a run. ``mark`` is a short fact beside the state: "2 of 3 done".

    Of an open approval it begins with "approval" and says whose: "approval: Ana, Rui, 1 of 2".
    """

    id: str
    title: str
    state: TaskState = TaskState.READY
    stage: str | None = None  # a Stage.id
    instructions: str = ""
    command: str = ""  # something to run by hand, shown as code
    assignees: tuple[Person, ...] = ()
    waits_for: tuple[str, ...] = ()  # ids of unfinished tasks of the same run
    started_at: datetime | None = None
    started_by: str | None = None
    finished_at: datetime | None = None
    finished_by: str | None = None
    due_at: datetime | None = None
    reason: str = ""  # why it is held or was skipped
    mark: str = ""
    branches: tuple[str, ...] = ()  # task ids, of which finishing this one must choose
    approval: bool = False  # a person's own decision: finish refuses it
    approvers: tuple[Person, ...] = ()  # who is asked, while the approval is open
    automatic: bool = False  # the platform does it itself: nobody begins or finishes it
    urgent: bool = False
    expected_at: datetime | None = None  # when the platform expects that a waiting or held task goes on
    link: str | None = None

    @property
    def is_ours(self) -> bool:
        """Whether people can begin and finish it here: no approval, and not the platform's own doing."""
        return not (self.approval or self.automatic)


class Comment(Model):
    text: str
    by: str = ""
    at: datetime | None = None
    task: str | None = None  # a Task.id
    id: str = ""


class HomeChannel(Model):
    """The chat channel that a platform gave this run. ``site`` is the chat's URL; it tells whose channel."""

    site: str
    channel: str

    def is_of(self, site: str) -> bool:
        return bool(site) and self.site.rstrip("/").casefold() == site.rstrip("/").casefold()


class RunSummary(Model):
    """A run as a list shows it."""

    key: RunKey
    title: str
    runbook: str = ""
    state: RunState = RunState.ACTIVE
    done: int | None = None
    total: int | None = None
    link: str | None = None


class RunNote(Model):
    """One more line on a run's card. ``key``: a sentence of the adapter's ``messages.toml``; ``facts`` and ``times`` are
    for its placeholders, the times drawn as the reader's."""

    key: str
    facts: Mapping[str, str] = {}
    times: Mapping[str, datetime] = {}


class Run(Model):
    """A run as last read. ``read_at`` says when; tasks stand in the platform's order.

    ``notes`` are more lines for its card; ``own_buttons`` the names of what people put on this very run to press
    (``Adapter.offers`` has them whole).
    """

    key: RunKey
    title: str
    runbook: str = ""
    runbook_id: str = ""
    state: RunState = RunState.ACTIVE
    health: Health = Health.UNSET
    health_text: str = ""
    health_by: str = ""
    health_at: datetime | None = None
    update_due: datetime | None = None
    owner: Person | None = None
    stages: tuple[Stage, ...] = ()
    tasks: tuple[Task, ...] = ()
    comments: tuple[Comment, ...] = ()  # the last few, newest last; empty where reading them costs extra
    link: str | None = None
    home: HomeChannel | None = None
    rehearsal: bool = False
    notes: tuple[RunNote, ...] = ()
    own_buttons: tuple[str, ...] = ()
    read_at: datetime | None = None

    def task(self, id: str) -> Task | None:
        return next((task for task in self.tasks if task.id == id), None)

    def summary(self) -> RunSummary:
        return RunSummary(
            key=self.key,
            title=self.title,
            runbook=self.runbook,
            state=self.state,
            done=sum(task.state.is_over for task in self.tasks),
            total=len(self.tasks),
            link=self.link,
        )

    def merge(self, changed: Iterable[Task]) -> "Run":
        """The same run with these tasks replaced by id, and new ones added at the end."""
        fresh = {task.id: task for task in changed}
        tasks = tuple(fresh.pop(task.id, task) for task in self.tasks) + tuple(fresh.values())
        return self.model_copy(update={"tasks": tasks})


class StartOption(Model):
    """One way to start a runbook, as a button. ``label``: a sentence of the adapter's ``messages.toml``; ``values``: as
    ``--set`` would give them; ``confirms``: options that say that the button was asked first."""

    label: str
    values: Mapping[str, str] = {}
    confirms: Mapping[str, str] = {}
    rehearsal: bool = False


class Runbook(Model):
    """A procedure that can be started. ``runbooks()`` may leave ``tasks`` empty; ``runbook()`` fills it.

    ``alerts`` says in words whom a start reaches beyond its people ("e-mail and SMS to 12 people"); a start
    of such a runbook, or of one that is ``irreversible`` (a live run that exists once), asks first: which of its
    ``ways`` (four at most, the usual one first), or live or rehearsal where it names none.
    """

    key: RunbookKey
    title: str
    description: str = ""
    stages: tuple[Stage, ...] = ()
    tasks: tuple[Task, ...] = ()
    task_count: int | None = None
    alerts: str = ""
    irreversible: bool = False
    rehearsable: bool = False
    start_options: tuple[StartOption, ...] = ()
    link: str | None = None


class PlatformAction(Model):
    """Something more that a platform can do about a run: a button of theirs, a task's command, a flag.

    ``label``, ``warning`` and ``note`` are sentence keys, ``facts`` are for all; ``warning`` says what pressing
    does, ``note`` what is known of it just now, for a list (never on a button, it changes).
    ``task``: the Task.id it is about. ``link``: it only opens this page, and nothing is written.
    """

    id: str
    label: str
    warning: str = ""
    note: str = ""
    facts: Mapping[str, str] = {}
    task: str | None = None
    link: str = ""


class RunHealth(Model):
    """A run status as a platform holds it after a write."""

    health: Health = Health.UNSET
    text: str = ""
    by: str = ""
    at: datetime | None = None
    due: datetime | None = None
