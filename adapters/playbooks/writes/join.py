"""Lets Liaison's bot join a run that somebody else started, once a person agreed.

Who can change a run: on Playbooks 2 its participants, before that the members of its channel. Whoever can see a
run can join it (mattermost-plugin-playbooks, server/app/permissions_service.go).
"""

from dataclasses import dataclass

from adapters.errors import AdapterError, CredentialsRejected, RateLimited, Rejected, Unreachable
from adapters.playbooks import links
from adapters.playbooks.api import Api
from adapters.playbooks.errors import NOT_PARTICIPANT
from adapters.playbooks.people import People
from adapters.playbooks.wire import WireRun
from adapters.writes import EndRun, PerformAction, Write

JOIN = "join"  # the write option that the button of the question sets


@dataclass
class RunJoiner:
    api: Api
    people: People
    site: str

    async def explain_refusal(self, step: Write, refusal: Rejected) -> Rejected:
        """The refusal as a question, if joining would help."""
        try:
            is_participant = await self._is_participant(await self.api.run(step.run_id, step.op))
        except AdapterError:
            return refusal
        if not is_participant:
            choices = {"playbooks.button.join": (JOIN,)}
            return Rejected(self.api.name, step.op, key=NOT_PARTICIPANT, said=refusal.said, choices=choices)
        if isinstance(step, EndRun | PerformAction):
            link = links.run_link(self.site, step.run_id)
            return Rejected(self.api.name, step.op, key="playbooks.owner_only", said=refusal.said, link=link)
        return refusal

    async def join(self, step: Write) -> None:
        """Raises ``Rejected`` if the bot is not allowed to join."""
        try:
            run, bot = await self.api.run(step.run_id, step.op), await self.people.me()
            if self.api.features.can_skip:
                await self.api.add_participant(run.id, bot.id, step.op)
            else:
                await self.api.join_channel(run.channel_id, bot.id, step.op)
        except (CredentialsRejected, RateLimited, Unreachable):
            raise
        except AdapterError as error:
            link = links.run_link(self.site, step.run_id)
            key = "playbooks.may_not_join"
            raise Rejected(self.api.name, step.op, key=key, said=error.said, link=link) from error

    async def _is_participant(self, run: WireRun) -> bool:
        """Always False before Playbooks 2: bots in the channel are not listed as participants there."""
        bot = await self.people.me()
        return bool(self.api.features.can_skip) and bot.id in (run.owner_user_id, *run.participant_ids)
