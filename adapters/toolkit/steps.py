"""Steps, declared on the methods that execute them, and the table that an adapter looks them up in.

A *step* is one changing request of a write: a kind of write and a part of it. ``@step`` goes on the method that
sends the request, ``@reconciles`` on the method that finds out whether it was done:

    @step(FinishTask, part="note", recovery=Recovery.LOOKUP)
    async def note(self, step: FinishTask, marker: WriteMarker) -> WriteResult: ...

    @reconciles(FinishTask, part="note")
    async def find_note(self, step: FinishTask, marker: WriteMarker, baseline: Baseline) -> Reconciliation: ...

An overriding method keeps the declarations of the method it overrides.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, TypeVar

from adapters.protocol import Capability, Unsupported
from adapters.writes import READS, Baseline, Op, Reconciliation, Recovery, Write, WriteMarker, WriteResult

Execute = Callable[[Any, WriteMarker], Awaitable[WriteResult]]
Reconcile = Callable[[Any, WriteMarker, Baseline], Awaitable[Reconciliation]]
RecoveryRule = Recovery | Callable[[Any, Any], Recovery]
StepKey = tuple[type[Write], str]
F = TypeVar("F", bound=Callable[..., Awaitable[Any]])

_EXECUTES, _RECONCILES = "__executes_steps__", "__reconciles_steps__"


class StepTableError(Exception):
    """An adapter's declarations do not fit together. It is a bug in the adapter, found when it connects."""


def step(*kinds: type[Write], part: str = "", recovery: RecoveryRule) -> Callable[[F], F]:
    """Declares that the method executes this part of these kinds of write.

    ``part`` may end with ``*`` for parts that are numbered. ``recovery`` may be a function of the object that the
    method belongs to and the step, where it differs by settings or by what is asked.
    """
    return lambda method: _declare(method, _EXECUTES, {(kind, part): recovery for kind in kinds})


def reconciles(*kinds: type[Write], part: str = "") -> Callable[[F], F]:
    """Declares that the method finds out whether this part was done. Not needed for ``Recovery.MANUAL``."""
    return lambda method: _declare(method, _RECONCILES, {(kind, part): None for kind in kinds})


def _declare(method: F, attribute: str, keys: Mapping[StepKey, object]) -> F:
    setattr(method, attribute, {**getattr(method, attribute, {}), **keys})
    return method


@dataclass(frozen=True)
class DeclaredStep:
    execute: Execute
    recovery: Callable[[Write], Recovery]
    reconcile: Reconcile | None
    is_manual: bool


class StepTable:
    """The steps of one adapter instance: those declared by the ``handlers`` that it was given."""

    def __init__(self, adapter: str, handlers: Sequence[object]) -> None:
        self._adapter = adapter
        self._steps: dict[StepKey, DeclaredStep] = {}
        reconcilers: dict[StepKey, Reconcile] = {
            key: method for handler in handlers for key, method, _ in _declared(handler, _RECONCILES)
        }
        for handler in handlers:
            for key, method, rule in _declared(handler, _EXECUTES):
                if key in self._steps:
                    raise self._error(key, "is declared twice")
                recovery = _bound(rule, handler)
                self._steps[key] = DeclaredStep(method, recovery, reconcilers.get(key), rule is Recovery.MANUAL)
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
    """(key, bound method, recovery). What a subclass declares replaces what its bases declare for the same key."""
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
