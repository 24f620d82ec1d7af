"""The Bolt application: verified deliveries in, acknowledgements out.

One global middleware makes the record and is awaited before ``next()``: a Bolt listener for an event runs after
its ack, which would be too late. Nothing here asks the network before the ack: ``authorize`` returns what the
start-up built, and Bolt's own verification and self-filter (which would log whole bodies, or look the bot up)
are replaced by ours.
"""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bot.surfaces.protocol import FieldErrors, Intake, NotRecorded, SurfaceError
from bot.surfaces.slack import views
from bot.surfaces.slack.forms import Forms
from bot.surfaces.slack.identity import Identity
from bot.surfaces.slack.inbound import (
    Delivery,
    Ignored,
    NotIdentified,
    Opening,
    Reader,
    Recording,
    Search,
    Submission,
    Unreadable,
)
from bot.surfaces.slack.replies import Replies
from bot.surfaces.slack.text import translate
from commands.model.card import Card, Text
from commands.text.catalogue import plain_text

log = logging.getLogger("liaison.slack")
_ANY = re.compile("")
_DELIVERY = "delivery"


class Deliveries:
    """``reader`` makes a ``Reader`` for now; ``show`` is what to type to see what was recorded."""

    def __init__(
        self,
        token: str,
        me: Callable[[], Identity],
        reader: Callable[[], Reader],
        replies: Replies,
        forms: Forms,
        show: str,
    ) -> None:
        self._token = token
        self._me = me
        self._reader = reader
        self._replies = replies
        self._forms = forms
        self._show = show
        self._intake: Intake | None = None
        self._accepting = False
        self._work: set[asyncio.Task[None]] = set()
        self.app = self._build()

    def open(self, intake: Intake) -> None:
        self._intake = intake
        self._accepting = True

    def close(self) -> None:
        """From now on nothing is accepted; what was recorded is still carried."""
        self._accepting = False

    async def drain(self) -> None:
        """Waits until what follows earlier acks (forms being opened) is done."""
        await asyncio.gather(*self._work, return_exceptions=True)

    async def dispatch(self, request: AsyncBoltRequest) -> BoltResponse:
        if not self._accepting:
            return BoltResponse(status=503)
        return await self.app.async_dispatch(request)

    def _build(self) -> AsyncApp:
        async def authorize() -> AuthorizeResult:  # Bolt cannot call a method here
            return self._authorized()

        app = AsyncApp(
            name="liaison",
            logger=logging.getLogger("liaison.slack.bolt"),
            authorize=authorize,
            request_verification_enabled=False,
            ignoring_self_events_enabled=False,
            attaching_function_token_enabled=False,
        )
        app.middleware(self._record)
        app.command(_ANY)(self._follow)
        app.action(_ANY)(self._follow)
        app.shortcut(_ANY)(self._follow)
        app.view(_ANY)(self._follow)
        app.event("app_mention")(self._follow)
        app.event("message")(self._follow)
        app.options(_ANY)(self._options)
        return app

    def _authorized(self) -> AuthorizeResult:
        me = self._me()
        return AuthorizeResult(
            enterprise_id=me.enterprise or None,
            team_id=me.team or None,
            bot_user_id=me.user or None,
            bot_id=me.bot or None,
            bot_token=self._token,
        )

    async def _record(self, req: AsyncBoltRequest, next: Callable[[], Awaitable[None]]) -> BoltResponse | None:
        intake = self._intake
        if intake is None:
            return BoltResponse(status=503)
        try:
            delivery = self._reader().read(req.body)
        except NotIdentified:
            return BoltResponse(status=503)
        if isinstance(delivery, Submission):
            intent = intake.submit(delivery.submitted)
            if isinstance(intent, FieldErrors):
                return BoltResponse(status=200, body=views.errors(delivery.view, intent.errors))
            delivery = _submitted(delivery, intent)
        if isinstance(delivery, Ignored):
            return BoltResponse(status=200)
        if isinstance(delivery, Recording) and (known := await self._recorded(delivery, intake, req.body)):
            return known
        req.context[_DELIVERY] = delivery
        await next()
        return None

    async def _recorded(self, delivery: Recording, intake: Intake, body: dict[str, Any]) -> BoltResponse | None:
        """The answer, when this delivery ends here: seen before, or not recorded."""
        try:
            recorded = await intake.record(delivery.message, b"")
        except NotRecorded:
            return self._not_recorded(delivery, body)
        return None if recorded.new else BoltResponse(status=200, body=recorded.answer.decode())

    def _not_recorded(self, delivery: Recording, body: dict[str, Any]) -> BoltResponse:
        """Nobody sends a command, click or form again: its person must know. An event comes again by itself."""
        if delivery.resent:
            return BoltResponse(status=503)
        said = translate("not_recorded", show=self._show)
        if body.get("type") == "view_submission":
            return BoltResponse(status=200, body=views.errors(body.get("view") or {}, {"": plain_text(said)}))
        message = delivery.message
        if body.get("type") is not None:  # Slack shows the body of a command's answer only
            self._spawn(self._replies.send(message.actor, message.place, message.reply, _card(said)))
        return BoltResponse(status=200, body={"response_type": "ephemeral", "text": plain_text(said)})

    async def _follow(self, ack: AsyncAck, delivery: Delivery) -> None:
        await ack()
        intake = self._intake
        match delivery:
            case Recording(message=message, view=view) if intake is not None:
                intake.process(message.key)
                if view:
                    self._spawn(self._forms.taken(view))
            case Opening() if intake is not None:
                self._spawn(self._forms.open(delivery, intake))
            case Unreadable(actor=actor, place=place, reply=reply):
                said = translate("too_old", show=self._show)
                self._spawn(self._replies.send(actor, place, reply, _card(said)))

    async def _options(self, ack: AsyncAck, delivery: Delivery) -> None:
        if not isinstance(delivery, Search) or self._intake is None:
            await ack(options=[])
            return
        found = await self._intake.search_options(delivery.about, delivery.run, delivery.field, delivery.typed)
        await ack(options=views.options_answer(found)["options"])

    def _spawn(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(_logged(work))
        self._work.add(task)
        task.add_done_callback(self._work.discard)


async def _logged(work: Awaitable[None]) -> None:
    try:
        await work
    except SurfaceError as error:  # the last route to this person: nothing was recorded, so nothing is owed
        log.warning("slack: a person could not be told: %s", error)


def _card(said: Text) -> Card:
    return Card(title=said, summary=plain_text(said), tone="bad")


def _submitted(delivery: Submission, intent: dict[str, Any]) -> Recording:
    link = delivery.draft.link
    if link and intent.get("link") == "":
        intent = {**intent, "link": link}
    return Recording(delivery.draft.model_copy(update={"intent": intent}))
