"""Which deliveries an answer leads to, and how those without a state of their own are sent."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from adapters.models import HomeChannel
from adapters.toolkit.messages import in_language
from bot.outbound.live_cards import LiveCards
from bot.outbound.outbox import Send
from bot.storage.card_json import dump_card
from bot.storage.outbox import Delivery, Kind
from bot.storage.runs import RunRows
from bot.surfaces.errors import FOR_THE_OPERATOR, NotInChannel, SurfaceError
from bot.surfaces.protocol import PostRef, Surface
from commands.cards import pending_lines
from commands.cards.undelivered import undelivered_card
from commands.model.card import Answer, Card, PersonName, Text
from commands.model.messages import Actor, Message, Place, Via
from commands.model.ports import Services
from commands.model.tracked_run import TrackedRun
from commands.text.locales import language_of

LATE = timedelta(seconds=60)  # then an answer says what it answers
ANSWER_USEFUL_FOR = timedelta(hours=24)
"""An answer that no chat has taken by then is given up."""
NOTICE_USEFUL_FOR = timedelta(minutes=1)
_TOLD_OF = {Kind.POST: "post", Kind.CARD: "card", Kind.LINES: "lines"}
"""Whoever causes one of these is told when the chat refuses it."""


def direct_place(person: Actor) -> Place:
    return Place(surface=person.surface, workspace=person.workspace, channel=f"@{person.id}", direct=True)


def home_place(tracked: TrackedRun, live_cards: LiveCards) -> Place | None:
    """Where everybody is told about a run: the place it belongs to first, as its card is placed there."""
    cards = live_cards.cards_of(tracked.handle)
    home = tracked.home
    if home is None:
        return cards[0].place if cards else None
    for card in cards:
        if card.place.key == home.key:
            return card.place
    return home.model_copy(update={"thread": ""})


def without_mentions(card: Card) -> Card:
    """For what is posted late: it must not call anybody for what is over."""

    def plain(text: Text) -> Text:
        return tuple(replace(span, ping=False) if isinstance(span, PersonName) else span for span in text)

    return replace(card, title=plain(card.title), lines=tuple(plain(line) for line in card.lines))


@dataclass(frozen=True)
class PublicPosts:
    here: Sequence[Delivery]  # in the place of the message
    elsewhere: Sequence[Delivery]

    @property
    def all(self) -> Sequence[Delivery]:
        return (*self.here, *self.elsewhere)


@dataclass(frozen=True)
class Postings:
    surfaces: Mapping[str, Surface]
    live_cards: LiveCards
    run_rows: RunRows
    reaction: str = ""  # the emoji that stands for an answer without words; "" for none

    def reply(self, message: Message, card: Card, runs: Sequence[str], now: datetime) -> Delivery:
        """The answer to the sender, or a reaction if it adds nothing to what everybody sees.

        ``runs``: the handles of the runs that were changed."""
        is_typed = message.via is Via.MENTION or (
            message.via is Via.DIRECT and self._are_here(runs, message.place)
        )
        if self.reaction and is_typed and message.reply.post and _needs_no_words(card):
            key, useful_until = f"reaction {message.key}", now + ANSWER_USEFUL_FOR
            subject, emoji = message.reply.post, self.reaction
            return Delivery(
                key, Kind.REACTION, message.place, now, useful_until, subject=subject, target=emoji, cause=message
            )
        return self.answer(message, card, now)

    def _are_here(self, runs: Sequence[str], place: Place) -> bool:
        """Whether their activity lines are in this place."""
        threads = [next(iter(self.live_cards.threads_of(run)), None) for run in runs]
        return bool(threads) and all(thread is not None and thread.key == place.key for thread in threads)

    def answer(
        self, message: Message, card: Card, now: datetime, useful_for: timedelta = ANSWER_USEFUL_FOR
    ) -> Delivery:
        """The same answer to a message is given once."""
        digest = hashlib.sha256(dump_card(card).encode()).hexdigest()[:16]
        key = f"answer {message.key} {digest}"
        return Delivery(key, Kind.ANSWER, message.place, now, now + useful_for, card=card, cause=message)

    def of(self, message: Message, answer: Answer, now: datetime) -> PublicPosts:
        """What everybody sees. A status update goes to the other places that show the run too."""
        card, home = answer.public, self._home_of(answer.announces)
        if card is None:
            return PublicPosts((), ())
        own = self._thread_for(answer.thread_of, self._place_of_its_readers(answer, message.place))
        places = {own.key: own} if own is message.place or not answer.announces else {}
        for live in self.live_cards.cards_of(answer.announces):
            places.setdefault(live.place.key, live.place)
        tracked = self.run_rows.get(answer.announces) if answer.announces else None
        if tracked is not None and (first := home_place(tracked, self.live_cards)) is not None:
            places.setdefault(first.key, first)
        posts = [
            Delivery(
                f"post {message.key} {key}",
                Kind.POST,
                place,
                now,
                now + ANSWER_USEFUL_FOR,
                subject=answer.announces,
                card=card,
                cause=message,
            )
            for key, place in places.items()
            if place.surface in self.surfaces and not self._is_home(home, place)
        ]
        answered = [post for post in posts if post.place is message.place]
        return PublicPosts(answered, [post for post in posts if post not in answered])

    def _thread_for(self, run: str, place: Place) -> Place:
        """The thread of the run's card: in this place, else in this chat; the place itself if it has none."""
        threads = self.live_cards.threads_of(run) if run else ()
        nearest = [thread for thread in threads if thread.key == place.key]
        nearest += [thread for thread in threads if thread.surface == place.surface]
        return nearest[0] if nearest else place

    def _place_of_its_readers(self, answer: Answer, place: Place) -> Place:
        """The place of the message, unless others there may not read the run: then the run's own."""
        run = self.run_rows.get(answer.changed_runs[0]) if answer.changed_runs else None
        home = run.home if run is not None and not run.is_of(place) and not place.direct else None
        return home or place

    def _home_of(self, run: str) -> HomeChannel | None:
        tracked = self.run_rows.get(run) if run else None
        return tracked.run.home if tracked else None

    def _is_home(self, home: HomeChannel | None, place: Place) -> bool:
        """Whether ``place`` is in the channel that the run's platform made for it."""
        if home is None:
            return False
        return home.channel == place.channel and home.is_of(self.surfaces[place.surface].site)


def _needs_no_words(card: Card) -> bool:
    """Its buttons, if any, only lead to what everybody sees."""
    verbs = {button.intent.verb for button in card.all_buttons}
    return card.shown_elsewhere and card.tone in ("", "good") and verbs <= {"show", "form"}


class Senders:
    """``services`` depends on this object, so it is set after it is created."""

    services: Services

    def __init__(
        self,
        surfaces: Mapping[str, Surface],
        run_rows: RunRows,
        now: Callable[[], datetime],
        language: str,
    ) -> None:
        self._surfaces = surfaces
        self._run_rows = run_rows
        self._now = now
        self._language = language

    def by_kind(self) -> Mapping[Kind, Send]:
        return {
            Kind.ANSWER: self._answer,
            Kind.NOTICE: self._notice,
            Kind.DIRECT: self._direct,
            Kind.POST: self._post,
            Kind.REACTION: self._reaction,
        }

    async def _answer(self, delivery: Delivery, may_exist: bool) -> None:
        message, card = delivery.cause, delivery.card
        assert message is not None
        assert card is not None
        if self._now() - delivery.at > LATE:
            card = pending_lines.late_card(message, card, self.services)
        surface = self._surfaces[delivery.place.surface]
        with in_language(language_of(message.actor, self.services)):
            await surface.send_private(message, card, nonce=delivery.nonce, may_exist=may_exist)

    async def _notice(self, delivery: Delivery, may_exist: bool) -> None:
        person, card = delivery.person, delivery.card
        assert person is not None
        assert card is not None
        with in_language(language_of(person, self.services)):
            await self._surfaces[person.surface].send_notice(
                person, delivery.place, card, nonce=delivery.nonce, may_exist=may_exist
            )

    async def _direct(self, delivery: Delivery, may_exist: bool) -> None:
        person, card = delivery.person, delivery.card
        assert person is not None
        assert card is not None
        surface = self._surfaces[person.surface]
        with in_language(language_of(person, self.services)):
            await surface.send_direct(person, card, nonce=delivery.nonce, may_exist=may_exist)

    async def _post(self, delivery: Delivery, may_exist: bool) -> None:
        surface, place, card = self._surfaces[delivery.place.surface], delivery.place, delivery.card
        assert card is not None
        if may_exist and await surface.find_post(place, delivery.nonce) is not None:
            return
        if self._now() - delivery.at > LATE:
            card = without_mentions(card)
        with in_language(self._language):
            await surface.post(place, card, nonce=delivery.nonce)

    async def _reaction(self, delivery: Delivery, _: bool) -> None:
        surface = self._surfaces[delivery.place.surface]
        await surface.react(PostRef(place=delivery.place, id=delivery.subject), delivery.target)

    def notices_about(self, delivery: Delivery, error: SurfaceError) -> Sequence[Delivery]:
        """For the person who caused it, once for each message, place and reason, visible only to them."""
        message, what = delivery.cause, _TOLD_OF.get(delivery.kind)
        if message is None or what is None or message.place.surface not in self._surfaces:
            return ()
        run = self._run_of(delivery)
        with in_language(language_of(message.actor, self.services)):
            card = undelivered_card(
                what,
                error.refusal,
                delivery.place,
                tracked=self._run_rows.get(run) if run else None,
                invite=error.invite if isinstance(error, NotInChannel) else "",
                detail=str(error)[:200],
            )
        key = f"refused {message.key} {delivery.place.key} {error.refusal}"
        now = self._now()
        if message.reply.url or error.refusal in FOR_THE_OPERATOR:
            return (
                Delivery(key, Kind.ANSWER, message.place, now, now + ANSWER_USEFUL_FOR, card=card, cause=message),
            )
        return (
            Delivery(
                key,
                Kind.NOTICE,
                message.place,
                now,
                now + ANSWER_USEFUL_FOR,
                card=card,
                person=message.actor,
                cause=message,
            ),
        )

    def _run_of(self, delivery: Delivery) -> str:
        return delivery.target if delivery.kind is Kind.LINES else delivery.subject
