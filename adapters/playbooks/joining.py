"""Letting our bot into a run that somebody else started, once a person said so.

Who may change a run: on Playbooks 2 its participants, before that whoever is in its channel (contract sheet,
section 2, "Rights for edits"). Whoever sees a run may let themselves in.
"""

from dataclasses import dataclass

from adapters.errors import AdapterError, CredentialsRejected, RateLimited, Rejected, Unreachable
from adapters.playbooks import mapping
from adapters.playbooks.api import Api
from adapters.playbooks.people import People
from adapters.playbooks.wire import WireRun
from adapters.writes import EndRun, PerformAction, Write

JOIN = "join"  # the write option that the button of the question brings along
NOT_IN_IT = "playbooks.not_participant"


@dataclass
class Joining:
    api: Api
    people: People
    site: str

    async def explained(self, step: Write, refused: Rejected) -> Rejected:
        """The refusal as a question, where joining would help."""
        try:
            inside = await self._is_inside(await self._run(step))
        except AdapterError:
            return refused
        if not inside:
            choices = {"playbooks.button.join": (JOIN,)}
            return Rejected(self.api.name, step.op, key=NOT_IN_IT, said=refused.said, choices=choices)
        if isinstance(step, EndRun | PerformAction):
            link = mapping.run_link(self.site, step.run_id)
            return Rejected(self.api.name, step.op, key="playbooks.owner_only", said=refused.said, link=link)
        return refused

    async def join(self, step: Write) -> None:
        """Raises ``Rejected`` where the bot is not let in."""
        try:
            run, bot = await self._run(step), await self.people.me()
            if self.api.features.skip:
                await self.api.take_part(run.id, bot.id, step.op)
            else:
                await self.api.join(run.channel_id, bot.id, step.op)
        except (CredentialsRejected, RateLimited, Unreachable):
            raise
        except AdapterError as error:
            link = mapping.run_link(self.site, step.run_id)
            key = "playbooks.may_not_join"
            raise Rejected(self.api.name, step.op, key=key, said=error.said, link=link) from error

    async def _run(self, step: Write) -> WireRun:
        return await self.api.run(step.run_id, step.op)

    async def _is_inside(self, run: WireRun) -> bool:
        """Before Playbooks 2 the bots of a channel are not among a run's participants: then nobody can tell."""
        bot = await self.people.me()
        return bool(self.api.features.skip) and bot.id in (run.owner_user_id, *run.participant_ids)
