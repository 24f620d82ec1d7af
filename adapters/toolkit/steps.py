"""Steps, declared on the methods that execute them, and the table that an adapter looks them up in.

A *step* is one changing request of a write: a kind of write and a part of it. ``@step`` goes on the method that
sends the request, ``@reconciles`` on the method that finds out whether it was done:

    @step(FinishTask, part="note", recovery=Recovery.LOOKUP)
    async def note(self, step: FinishTask, marker: WriteMarker) -> WriteResult: ...

    @reconciles(FinishTask, part="note")
    async def find_note(self, step: FinishTask, marker: WriteMarker, baseline: Baseline) -> Reconciliation: ...

A step that changes a task or a run also declares its ``guard`` (``adapters.toolkit.guards``).

An overriding method keeps the declarations of the method it overrides.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from typing import Any, TypeVar

from adapters.protocol import Capability, Unsupported
from adapters.results import Baseline, Reconciliation, Recovery, WriteResult
from adapters.toolkit.guards import GUARDED, Fresh, Guard, GuardRule, check_fresh
from adapters.writes import READS, Op, Write, WriteMarker

Execute = Callable[..., Awaitable[WriteResult]]
ReadFresh = Callable[[Any], Awaitable[Fresh[Any] | None]]
Reconcile = Callable[[Any, WriteMarker, Baseline], Awaitable[Reconciliation]]
RecoveryRule = Recovery | Callable[[Any, Any], Recovery]
StepKey = tuple[type[Write], str]
F = TypeVar("F", bound=Callable[..., Awaitable[Any]])

_EXECUTES, _RECONCILES = "__executes_steps__", "__reconciles_steps__"


class StepTableError(Exception):
    """An adapter's declarations do not fit together. It is a bug in the adapter, found when it connects."""


@dataclass(frozen=True, slots=True)
class _Rules:
    recovery: RecoveryRule
    guard: GuardRule | None


def step(
    *kinds: type[Write], part: str = "", recovery: RecoveryRule, guard: GuardRule | None = None
) -> Callable[[F], F]:
    """Declares that the method executes this part of these kinds of write.

    ``part`` may end with ``*`` for parts that are numbered. ``recovery`` may be a function of the object that the
    method belongs to and the step, where it differs by settings or by what is asked. ``guard`` is a method of the
    same class that reads what the step changes; the method then gets what it returned as a third argument.
    """
    rules = _Rules(recovery, guard)
    return lambda method: _declare(method, _EXECUTES, {(kind, part): rules for kind in kinds})


def reconciles(*kinds: type[Write], part: str = "") -> Callable[[F], F]:
    """Declares that the method finds out whether this part was done. Not needed for ``Recovery.MANUAL``."""
    return lambda method: _declare(method, _RECONCILES, {(kind, part): None for kind in kinds})


def _declare(method: F, attribute: str, keys: Mapping[StepKey, object]) -> F:
    setattr(method, attribute, {**getattr(method, attribute, {}), **keys})
    return method


@dataclass(frozen=True)
class DeclaredStep:
    method: Execute
    recovery: Callable[[Write], Recovery]
    reconcile: Reconcile | None
    is_manual: bool
    is_guarded: bool  # or says why it need not be
    read_fresh: ReadFresh | None

    async def execute(self, platform: str, step: Write, marker: WriteMarker) -> WriteResult:
        """Sends the step, unless its guard finds it done already. Raises ``Conflict`` if it is wrong now."""
        if self.read_fresh is None:
            return await self.method(step, marker)
        fresh = await self.read_fresh(step)
        already = check_fresh(platform, step, fresh) if fresh is not None else None
        return already or await self.method(step, marker, fresh)


class StepTable:
    """The steps of one adapter instance: those declared by the ``handlers`` that it was given."""

    def __init__(self, adapter: str, handlers: Sequence[object]) -> None:
        self._adapter = adapter
        self._steps: dict[StepKey, DeclaredStep] = {}
        reconcilers: dict[StepKey, Reconcile] = {
            key: method for handler in handlers for key, method, _ in _declared(handler, _RECONCILES)
        }
        for handler in handlers:
            for key, method, rules in _declared(handler, _EXECUTES):
                if key in self._steps:
                    raise self._error(key, "is declared twice")
                self._steps[key] = DeclaredStep(
                    method,
                    _bound(rules.recovery, handler),
                    reconcilers.get(key),
                    is_manual=rules.recovery is Recovery.MANUAL,
                    is_guarded=rules.guard is not None or key[0] not in GUARDED,
                    read_fresh=_reader(rules.guard, handler),
                )
        for key in reconcilers.keys() - self._steps.keys():
            raise self._error(key, "has @reconciles, but no @step")

    def find(self, step: Write) -> DeclaredStep | None:
        exact = self._steps.get((type(step), step.part))
        if exact is not None:
            return exact
        patterns = (key for key in self._steps if key[0] is type(step) and key[1].endswith("*"))
        return next((self._steps[key] for key in patterns if fnmatchcase(step.part, key[1])), None)

    def require(self, step: Write) -> Write:
        """``step``, if it is declared. Raises ``StepTableError``."""
        if self.find(step) is None:
            raise self._error((type(step), step.part), "is planned, but has no @step")
        return step

    def check(self, capabilities: Mapping[Op, Capability]) -> None:
        """Raises ``StepTableError`` where the table is incomplete or ``capabilities`` says something else."""
        for key, declared in self._steps.items():
            if declared.reconcile is None and not declared.is_manual:
                raise self._error(key, "needs @reconciles, or Recovery.MANUAL")
            if not declared.is_guarded:
                raise self._error(key, "needs a guard: how to read it again, or why that is not needed")
        declared_ops = {op_of(kind) for kind, _ in self._steps}
        offered = {op for op, found in capabilities.items() if not isinstance(found, Unsupported)} - READS
        if capabilities.keys() != set(Op):
            raise StepTableError(f"{self._adapter}: capabilities must name every operation")
        for op in sorted(offered - declared_ops):
            raise StepTableError(f"{self._adapter}: capabilities offer {op}, but no @step is declared for it")
        for op in sorted(declared_ops - offered):
            raise StepTableError(f"{self._adapter}: {op} has a @step, but capabilities say it is unsupported")

    def _error(self, key: StepKey, what: str) -> StepTableError:
        kind, part = key
        return StepTableError(f"{self._adapter}: {kind.__name__}{f' part {part!r}' if part else ''} {what}")


def op_of(kind: type[Write]) -> Op:
    op: Op = kind.model_fields["op"].default
    return op


def _declared(handler: object, attribute: str) -> Iterator[tuple[StepKey, Any, Any]]:
    """(key, bound method, rules). What a subclass declares replaces what its bases declare for the same key."""
    found: dict[StepKey, tuple[str, Any]] = {}
    for cls in reversed(type(handler).__mro__):
        own: dict[StepKey, str] = {}
        for name, member in vars(cls).items():
            for key, rule in getattr(member, attribute, {}).items():
                if key in own:
                    kind, part = key
                    raise StepTableError(f"{cls.__name__}: {kind.__name__} {part!r} is declared twice")
                own[key] = name
                found[key] = (name, rule)
    for key, (name, rule) in found.items():
        yield key, getattr(handler, name), rule


def _bound(rule: RecoveryRule, handler: object) -> Callable[[Write], Recovery]:
    if isinstance(rule, Recovery):
        return lambda step: rule
    return lambda step: rule(handler, step)


def _reader(guard: GuardRule | None, handler: object) -> ReadFresh | None:
    if guard is None or isinstance(guard, Guard):
        return None
    own: ReadFresh | None = getattr(handler, guard.__name__, None)  # a subclass may override it
    return own or partial(guard, handler)
