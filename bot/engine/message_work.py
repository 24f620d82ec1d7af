"""Processes one message for the engine (implements ``MessageWork``): sender's profile, route, execution, answer.

Unexpected errors end here: they are logged with an id, and the sender is told the id.
"""

import asyncio
import json
import secrets
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import datetime, tzinfo

import structlog

from adapters.http.rate_limits import background
from adapters.models import RunKey
from adapters.toolkit.messages import in_language
from bot.engine.command_log import CommandFacts, LoggedEffects, log_command
from bot.engine.effect_outcomes import EffectServices
from bot.engine.port import STORE_RETRY_SECONDS, Progress
from bot.engine.reconciler import Reconciler
from bot.observability import metrics, traces
from bot.outbound.live_cards import LiveCards
from bot.outbound.responder import Responder
from bot.services.bot_loops import MOST_COMMANDS, QUIET_FOR, BotLoops, Hearing
from bot.services.memberships import Memberships
from bot.services.people_directory import PeopleDirectory
from bot.services.reaction_reader import ReactionReader
from bot.storage.inbox import Inbox
from bot.storage.store import StoreError
from commands import dispatch
from commands.access import is_listed
from commands.cards import error_card, pending_lines
from commands.dispatch import Route
from commands.lookup import message_intent
from commands.model.card import Answer
from commands.model.intents import Intent
from commands.model.messages import Actor, Membership, Message, Via
from commands.model.ports import CommandContext, Services
from commands.text.locales import language_of
from commands.text.phrases import clock

DOUBLE_CLICK_SECONDS = 1.0
MAX_REMEMBERED_PRESSES = 10_000  # after that they are forgotten, and a double click may count

log = structlog.get_logger(__name__)


class MessageProcessor:
    def __init__(
        self,
        services: Services,
        effect_services: EffectServices,
        reconciler: Reconciler,
        people: PeopleDirectory,
        memberships: Memberships,
        responder: Responder,
        live_cards: LiveCards,
        reactions: ReactionReader,
        inbox: Inbox,
        now: Callable[[], datetime],
        *,
        raises_store_errors: bool = False,
    ) -> None:
        """``raises_store_errors``: the engine processes a message again when the database has failed."""
        self._raises_store_errors = raises_store_errors
        self._services = services
        self._effect_services = effect_services
        self._reconciler = reconciler
        self._people = people
        self._memberships = memberships
        self._responder = responder
        self._live_cards = live_cards
        self._reactions = reactions
        self._inbox = inbox
        self._now = now
        self._bot_loops = BotLoops()
        self._last_press: dict[tuple[str, str, str], datetime] = {}  # by place, actor id and post id
        self._routed_at: dict[str, float] = {}  # by message key
        self._facts: dict[str, CommandFacts] = {}  # of unfinished messages, by key

    def lacks_run(self, message: Message) -> bool:
        return message_intent.lacks_run(message, self._services)

    @traces.traced("route")
    async def route(self, message: Message) -> Route | Answer | RunKey:
        self._routed_at[message.key] = time.monotonic()
        facts = self._facts_of(message)
        self._memberships.prove(message)
        try:
            is_write = message_intent.message_needs_current_rights(message, self._services)
            message = await self._with_profile(message, is_write)
            if self._is_double_click(message):
                with self._language_of(message):
                    return error_card.just_changed_answer()
            route = self._unheard_answer(message) or await dispatch.route(message, self._services)
        except Exception as error:  # noqa: BLE001  an unexpected error gets an answer too
            return self._error_answer(message, error)
        if isinstance(route, Answer):
            await self._save_intent(message)
        elif isinstance(route, Route):
            facts.add_intent(route.intent or {}, route.queue)
        return route

    async def read_reaction(self, message: Message) -> Message | Answer | None:
        try:
            with self._language_of(message):
                return await self._reactions.read(message)
        except Exception as error:  # noqa: BLE001  as above
            return self._error_answer(message, error)

    async def read_run(self, message: Message, key: RunKey) -> Answer | None:
        try:
            message = await self._with_profile(message, current=False)
            with low_priority_unless_member(message.actor):
                answer = await dispatch.read_run(key, message, self._services)
        except Exception as error:  # noqa: BLE001  as above
            return self._error_answer(message, error)
        if answer is not None:
            await self._save_intent(message)
        return answer

    async def _save_intent(self, message: Message) -> None:
        intent = await message_intent.intent_json(message, self._services)
        if intent is not None:
            self._facts_of(message).add_intent(json.loads(intent))
            try:
                await self._inbox.save_intent(message.key, intent)
            except StoreError as error:  # only its choice is lost
                log.warning("intent not stored", delivery=message.key, error=str(error))

    def failed_answer(self, message: Message, error: Exception) -> Answer:
        return self._fault_answer(message, error)

    async def busy_answer(self, message: Message, run: str) -> Answer:
        await self._save_intent(message)  # for [Try again]
        with self._language_of(message):
            return error_card.busy_answer(message, run)

    async def notify_queued(self, message: Message, route: Route, ahead: int) -> None:
        card = pending_lines.queued_card(message, self._intent(route), ahead, self._services)
        try:
            await self._responder.notify_queued(message, card, route.queue)
        except StoreError as error:
            log.warning("notice not stored", delivery=message.key, error=str(error))

    def stopped_answer(self, message: Message, route: Route, by: Actor) -> Answer:
        return pending_lines.stopped_answer(message, self._intent(route), by, self._services)

    @traces.traced("execute")
    async def execute(self, message: Message, route: Route, progress: Progress) -> Answer | Route:
        """Runs the handler again while the database fails: what was sent is in the log, or known to be unsent."""
        structlog.contextvars.bind_contextvars(delivery=message.key)
        for delay in STORE_RETRY_SECONDS:
            try:
                return await self._execute(message, route, progress)
            except StoreError as error:
                if self._raises_store_errors:
                    raise
                log.warning("database failed, trying again", delivery=message.key, error=str(error))
            except Exception as error:  # noqa: BLE001  an unexpected error gets an answer too
                return self._error_answer(message, error)
            progress.resumed = True
            await asyncio.sleep(delay)
        try:
            return await self._execute(message, route, progress)
        except Exception as error:  # noqa: BLE001  likewise
            return self._error_answer(message, error)

    async def _execute(self, message: Message, route: Route, progress: Progress) -> Answer | Route:
        is_write = message_intent.needs_current_rights(self._intent(route), self._services.commands)
        message = await self._with_profile(message, is_write)
        effects = LoggedEffects(
            self._effect_services,
            self._reconciler,
            message,
            progress,
            lambda: self._require_current_right(message, route),
        )
        effects.facts = self._facts_of(message)
        effects.facts.add_intent(route.intent or {}, route.queue)
        context = CommandContext(
            services=self._services,
            message=message,
            now=self._now(),
            zone=self._zone(message.actor),
            effects=effects,
            run=await self._services.runs.get(route.queue) if route.queue else None,
        )
        with read_priority(message, route):
            has_begun = progress.resumed and await self._has_begun(message)
            answer = await dispatch.execute(message, route, context, has_begun=has_begun)
            if isinstance(answer, Route):
                return answer
            if progress.resumed:
                await effects.settle_unplanned()
            return replace(answer, private=None) if _is_answered_by_press(message, progress) else answer

    @traces.traced("deliver")
    async def deliver(self, message: Message, answer: Answer, *, resumed: bool) -> None:
        structlog.contextvars.bind_contextvars(delivery=message.key)
        known = message.model_copy(update={"actor": self._people.cached_profile(message.actor)})
        log_command(known, self._facts.pop(message.key, CommandFacts()), answer.result)
        try:
            visible = await self._responder.deliver(message, answer, resumed=resumed)
        except Exception as error:
            if self._raises_store_errors and isinstance(error, StoreError):
                raise
            log.exception("answer not delivered", delivery=message.key)
            await self._inbox.mark_done(message.key, answer.result)
            return
        routed_at = self._routed_at.pop(message.key, None)
        surface = message.place.surface
        if routed_at is not None:
            visible.add_done_callback(lambda _: metrics.observe_processing(surface, time.monotonic() - routed_at))
        result = answer.result
        visible.add_done_callback(
            lambda _: traces.end_message(message.key, message.at, surface=surface, result=result)
        )

    def shut_down(self) -> None:
        self._effect_services.shutting_down.set()

    def _facts_of(self, message: Message) -> CommandFacts:
        return self._facts.setdefault(message.key, CommandFacts())

    async def _with_profile(self, message: Message, current: bool) -> Message:
        read = self._people.current_profile if current else self._people.profile
        actor = await read(message.actor)
        return message if actor is message.actor else message.model_copy(update={"actor": actor})

    async def _require_current_right(self, message: Message, route: Route) -> None:
        """For a write that has waited: its sender may have been demoted, or have left the channel."""
        message = await self._with_profile(message, current=True)
        await dispatch.require_access(self._intent(route), message, self._services)

    async def _has_begun(self, message: Message) -> bool:
        """Whether one of its writes was sent before a restart."""
        effects = await self._effect_services.effect_log.for_message(message.key)
        return any(effect.state != "unsent" for effect in effects.values())

    def _is_double_click(self, message: Message) -> bool:
        """Whether the same person pressed the same card before, and it was edited within the last second.

        A double click would hit whatever button has moved under the pointer.
        """
        if message.via is not Via.BUTTON or not message.reply.post:
            return False
        press = (message.place.key, message.actor.id, message.reply.post)
        pressed_before = self._last_press.get(press, message.at) != message.at  # it may be routed twice
        if len(self._last_press) >= MAX_REMEMBERED_PRESSES:
            self._last_press.clear()
        self._last_press[press] = message.at
        elapsed = self._live_cards.seconds_since_edit(message.place, message.reply.post)
        return pressed_before and elapsed is not None and elapsed < DOUBLE_CLICK_SECONDS

    def _unheard_answer(self, message: Message) -> Answer | None:
        """To a bot that has given too many commands. None if it is heard."""
        if message.actor.membership is not Membership.BOT or not is_listed(
            message.actor, self._services.access_rules
        ):
            return None
        hearing = self._bot_loops.hear(message)
        if hearing is Hearing.HEARD:
            return None
        if hearing is Hearing.IGNORED:
            return Answer(result="failed")
        log.warning(
            "bot ignored for a while", bot=message.actor.id, channel=message.place.channel, delivery=message.key
        )
        with in_language(self._services.language):
            until = clock(message.at + QUIET_FOR, self._services.zone, self._now())
            return error_card.bot_stopped_answer(message.actor, MOST_COMMANDS, until)

    def _intent(self, route: Route) -> Intent:
        return self._services.commands.intent_from(route.intent or {})

    def _zone(self, actor: Actor) -> tzinfo:
        zone = self._services.zone_of(actor)
        if actor.timezone and str(zone) != actor.timezone:
            log.info("unknown time zone", zone=actor.timezone)
        return zone

    def _error_answer(self, message: Message, error: Exception) -> Answer:
        if self._raises_store_errors and isinstance(error, StoreError):
            raise error
        return self._fault_answer(message, error)

    def _fault_answer(self, message: Message, error: Exception) -> Answer:
        id = secrets.token_hex(4)
        if isinstance(error, StoreError):
            log.error("database failed", id=id, delivery=message.key, error=str(error))
        else:
            log.error("unexpected error", id=id, delivery=message.key, exc_info=error)
        with self._language_of(message):
            return error_card.fault_answer(id)

    def _language_of(self, message: Message) -> AbstractContextManager[None]:
        return in_language(language_of(message.actor, self._services))


def _is_answered_by_press(message: Message, progress: Progress) -> bool:
    """Whether the sender's own click ended the message, and the answer to that click said everything."""
    pressed_by = progress.decided_by
    return pressed_by is not None and message.actor.same_as(pressed_by) and not progress.has_news


def read_priority(message: Message, route: Route) -> AbstractContextManager[None]:
    """Makes reads by people who are not full members wait behind all other requests to the platform.

    Otherwise a guest with a hundred questions could use up a platform's calls per minute, and nobody could finish
    a task.
    """
    return nullcontext() if route.queue else low_priority_unless_member(message.actor)


def low_priority_unless_member(actor: Actor) -> AbstractContextManager[None]:
    return nullcontext() if actor.membership is Membership.MEMBER else background()
