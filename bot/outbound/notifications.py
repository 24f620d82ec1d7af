"""Who is told what about a change of a run, and where. ``Notifier`` says when.

A person is mentioned in the run's thread, or gets a direct message. What concerns everybody is posted in the run's
home place. Nobody is told about what they did themselves, or about a run that they may not read.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from adapters.models import Person, Task, TaskState
from adapters.results import WriteResult
from adapters.toolkit.messages import in_language
from adapters.toolkit.people import is_among, is_certainly_same, same_person
from adapters.writes import NOTE, AssignTask, Op
from bot.outbound.live_cards import LiveCards
from bot.outbound.postings import ANSWER_USEFUL_FOR, direct_place, home_place
from bot.storage.effects import Effect, EffectLog
from bot.storage.inbox import Inbox
from bot.storage.news import StoredNews
from bot.storage.outbox import Delivery, Kind
from bot.storage.runs import RunRows
from commands.cards import notices
from commands.cards.task_row import as_shown
from commands.model.card import Card, PersonName
from commands.model.messages import Actor, Message, Place
from commands.model.ports import NotifyMode, Services
from commands.model.run_news import NewsKind
from commands.model.tracked_run import TrackedRun
from commands.text.locales import language_of
from commands.visibility import Reader

ACTIVE_WITHIN = timedelta(hours=24)
"""Somebody who has used Liaison in a channel since then looks at it."""
CAUSED_WITHIN = timedelta(minutes=15)
"""A platform may show a change that much later than it was written."""
_GIVES_TASKS = (Op.ASSIGN, Op.BEGIN, Op.ADD, Op.REOPEN, Op.ACTION)
_ENDS_TASKS = (Op.FINISH, Op.SKIP, Op.APPROVE, Op.REJECT, Op.ACTION)


@dataclass(frozen=True)
class _Cause:
    """Who changed it through Liaison, with which words."""

    message: Message
    effect: Effect


@dataclass
class Notifications:
    """``services`` depends on this object, so it is set after it is created."""

    run_rows: RunRows
    effect_log: EffectLog
    inbox: Inbox
    live_cards: LiveCards
    now: Callable[[], datetime]
    services: Services = field(init=False)

    async def about(self, news: Sequence[StoredNews]) -> Sequence[Delivery]:
        """``news`` are of one kind. Raises ``CommandError`` if a chat cannot say who somebody is."""
        first = news[0]
        await self.live_cards.load(first.run)
        tracked = await self.run_rows.read(first.run)
        if tracked is None:
            return ()
        if first.news.kind in (NewsKind.ASSIGNED, NewsKind.READY):
            return await self._for_person(news, tracked)
        return await self._for_everybody(first, tracked)

    # For one person

    async def _for_person(self, news: Sequence[StoredNews], tracked: TrackedRun) -> Sequence[Delivery]:
        person = news[0].news.person
        if person is None or tracked.run.state.is_over:
            return ()
        actor = await self._account_of(person, tracked)
        if actor is None or not await Reader(actor, self.services).can_read(tracked):
            return ()
        told = {one.news.task: one for one in news if _is_true(one, tracked)}
        causes = {task: await self._cause_of_task(one) for task, one in told.items()}
        tasks = [
            task
            for task in tracked.run.tasks
            if task.id in told and not self._did_it(actor, tracked, told[task.id], causes[task.id])
        ]
        if not tasks:
            return ()
        kind, place = news[0].news.kind, self._thread_for(actor, tracked)
        mode = await self.services.preferences.notify_mode(actor)
        if mode == "off":
            return ()
        by = _only([cause.message.actor if cause else None for cause in (causes[task.id] for task in tasks)])
        key = f"{kind} {tracked.handle} {news[0].number}"
        if place is not None and await self._sees_mention(actor, place, kind, mode):
            with in_language(self.services.language):
                card = self._card(kind, tracked, tasks, by, notices.mention(actor))
            return (self._post(key, place, card),)
        with in_language(language_of(actor, self.services)):
            card = self._card(kind, tracked, tasks, by, None)
        at = self.now()
        return (
            Delivery(key, Kind.DIRECT, direct_place(actor), at, at + ANSWER_USEFUL_FOR, card=card, person=actor),
        )

    def _card(
        self, kind: NewsKind, tracked: TrackedRun, tasks: Sequence[Task], by: Actor | None, to: PersonName | None
    ) -> Card:
        if kind is NewsKind.ASSIGNED:
            return notices.assigned_card(tracked, tasks, by, to, self.services)
        return notices.ready_card(tracked, tasks, to, self.services)

    async def _account_of(self, person: Person, tracked: TrackedRun) -> Actor | None:
        """In the first chat that has the run and in which it is certain who they are."""
        places = {place.surface: place for place in reversed(self._places(tracked))}
        for place in places.values():
            actor = await self.services.people.account_of(person, place)
            if actor is not None:
                return actor
        return None

    def _places(self, tracked: TrackedRun) -> Sequence[Place]:
        return (*self.live_cards.threads_of(tracked.handle), *tracked.overlay.places)

    def _thread_for(self, actor: Actor, tracked: TrackedRun) -> Place | None:
        threads = self.live_cards.threads_of(tracked.handle)
        return next((place for place in threads if place.surface == actor.surface), None)

    async def _sees_mention(self, actor: Actor, place: Place, kind: NewsKind, mode: NotifyMode) -> bool:
        if mode == "dm" or not await self.services.memberships.is_in_channel(actor, place):
            return False
        if mode == "thread" or kind is NewsKind.READY or place.direct:
            return True
        return await self.inbox.has_message(actor, place, self.now() - ACTIVE_WITHIN)

    def _did_it(self, actor: Actor, tracked: TrackedRun, stored: StoredNews, cause: _Cause | None) -> bool:
        if cause is not None:
            return cause.message.actor.same_as(actor)
        person, task = stored.news.person or Person(), tracked.run.task(stored.news.task)
        if stored.news.kind is NewsKind.ASSIGNED and task is not None:
            doers = {person.name} if task.self_assigned else {task.started_by}
        else:
            blockers = [tracked.run.task(id) for id in stored.news.blockers]
            doers = {other.finished_by for other in blockers if other is not None and other.finished_by}
        return bool(person.name) and doers == {person.name}

    async def _cause_of_task(self, stored: StoredNews) -> _Cause | None:
        news = stored.news
        if news.kind is NewsKind.READY:
            return await self._cause(stored, lambda effect: _ends(effect, news.blockers))
        return await self._cause(stored, lambda effect: _gives(effect, news.task, news.person or Person()))

    async def _cause(self, stored: StoredNews, fits: Callable[[Effect], bool]) -> _Cause | None:
        effects = await self.effect_log.of_run(stored.run, stored.at - CAUSED_WITHIN)
        for effect in effects:
            if not (_changed_something(effect) and fits(effect)):
                continue
            if (recorded := await self.inbox.get(effect.key)) is not None:
                message = recorded.message
                known = self.services.people.cached_profile(message.actor)
                return _Cause(message.model_copy(update={"actor": known}), effect)
        return None

    # For everybody

    async def _for_everybody(self, stored: StoredNews, tracked: TrackedRun) -> Sequence[Delivery]:
        place = home_place(tracked, self.live_cards)
        if place is None:
            return ()
        with in_language(self.services.language):
            drawn = await self._public_card(stored, tracked, place)
        if drawn is None:
            return ()
        card, cause = drawn
        return (self._post(f"{stored.news.kind} {tracked.handle} {stored.number}", place, card, cause),)

    async def _public_card(
        self, stored: StoredNews, tracked: TrackedRun, place: Place
    ) -> tuple[Card, _Cause | None] | None:
        match stored.news.kind:
            case NewsKind.RED:
                cause = await self._cause(stored, lambda effect: effect.step.op is Op.STATUS)
                if cause is not None:
                    return None  # the update itself was posted
                return notices.red_card(tracked), None
            case NewsKind.ENDED:
                cause = await self._cause(stored, lambda effect: effect.step.op is Op.END)
                words = cause.effect.step.words if cause else tracked.run.health_text
                by = cause.message.actor if cause else None
                return notices.ended_card(tracked, by, words, self.services), cause
        person = stored.news.person or Person()
        cause = await self._cause(stored, lambda effect: effect.step.op is Op.ACTION)
        actor = await self.services.people.account_of(person, place)
        by = cause.message.actor if cause else None
        is_own = actor is not None and by is not None and by.same_as(actor)
        name = person.shown if actor is None or is_own else notices.mention(actor)
        return notices.owner_card(tracked, name, by), cause

    def _post(self, key: str, place: Place, card: Card, cause: _Cause | None = None) -> Delivery:
        at = self.now()
        return Delivery(
            key, Kind.POST, place, at, at + ANSWER_USEFUL_FOR, card=card, cause=cause.message if cause else None
        )


def _is_true(stored: StoredNews, tracked: TrackedRun) -> bool:
    """Whether it still is so: the task may have been given to somebody else, or finished, in the meantime."""
    task, person = tracked.run.task(stored.news.task), stored.news.person
    if task is None or person is None or task.state.is_over:
        return False
    if not is_among(person, (*task.assignees, *task.approvers)):
        return False
    return stored.news.kind is NewsKind.ASSIGNED or as_shown(tracked, task).state is TaskState.READY


def _changed_something(effect: Effect) -> bool:
    """Not what somebody else had done before, nor the note about it."""
    had_been_done = isinstance(effect.outcome, WriteResult) and effect.outcome.already
    return not had_been_done and effect.step.part != NOTE


def _gives(effect: Effect, task: str, person: Person) -> bool:
    step = effect.step
    if isinstance(step, AssignTask):
        is_same = same_person(step.person, person) or is_certainly_same(step.person, person)
        return step.task == task and is_same
    return step.op in _GIVES_TASKS and step.target in (task, "")


def _ends(effect: Effect, blockers: Sequence[str]) -> bool:
    if not blockers:
        return effect.step.op is Op.START
    return effect.step.op in _ENDS_TASKS and effect.step.target in blockers


def _only(actors: Sequence[Actor | None]) -> Actor | None:
    """The one person who did it all, if it was one and is known."""
    first = actors[0]
    if first is None or any(other is None or not other.same_as(first) for other in actors):
        return None
    return first
