"""How a step of a write ends: with a ``WriteResult``, or its outcome is found out later.

``Recovery`` says how it is found out, and ``Reconciliation`` what was found.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from pydantic import Field

from adapters.models import Comment, Model, Run, RunHealth, RunKey, RunState, Task


class Recovery(StrEnum):
    """What to do about a step whose outcome is unknown."""

    IDEMPOTENT = "idempotent"  # it only sets a state, or the platform refuses a second one; it carries no text
    LOOKUP = "lookup"  # it is found by its receipt code, by its state, or as an id that did not exist before
    MANUAL = "manual"  # it leaves nothing to find: a person decides


class Baseline(Model):
    """The state before a step was sent. ``ids`` are those of the tasks and comments that already existed."""

    sent_at: datetime
    ids: frozenset[str] = frozenset()


class WriteResult(Model):
    """What is known after a write. Everything is optional, and is merged into the stored snapshot.

    ``already``: nothing was sent, or nothing changed: somebody else had done it before (it counts as done, but the
    card says who did it), or this part of the write had nothing to do.
    ``message``: the key of a message in the adapter's catalogue to add to the receipt, with ``facts``.
    ``partial``: this person's part is recorded, but the task stays as it is until others have done theirs.
    ``too_late``: it had no effect: somebody finished, skipped or failed the task just before it arrived.
    ``complete``: nothing else of the run has changed, apart from tasks that waited for one of ``tasks``. The whole
    run is read again if it is not set.
    ``moves_notes``: so are the run's notes ("forecast end"), which move with everything that is done. They may be
    read some seconds later.
    """

    run: RunKey | None = None  # the run that a start created; the next step gets it
    id: str = ""  # the comment or task that was created
    snapshot: Run | None = None  # the whole run, if the adapter has read it anyway
    tasks: tuple[Task, ...] = ()
    state: RunState | None = None
    health: RunHealth | None = None
    comment: Comment | None = None
    already: bool = False
    partial: bool = False
    too_late: bool = False
    complete: bool = False
    moves_notes: bool = False
    message: str = Field("", alias="says")
    facts: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Applied:
    """The write was done."""

    result: WriteResult


@dataclass(frozen=True, slots=True)
class NotApplied:
    """The platform does not show the write (yet).

    ``missing`` is the key of a message in the adapter's catalogue that names what is missing ("25 of 58 tasks are
    missing"), with ``facts``; empty if the write is all there is to name.
    """

    missing: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Indeterminate:
    """It cannot be found out: the write leaves nothing to find, or not everything could be read.

    ``missing`` and ``facts`` as above, where a part of the write is known to be missing.
    """

    missing: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)


Reconciliation = Applied | NotApplied | Indeterminate
