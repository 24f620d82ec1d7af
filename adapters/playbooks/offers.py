"""What else Playbooks does about a run: a task's slash command, and asking its owner for an update.

Both post into the run's channel and leave nothing that says who asked for them: a lost answer is a person's to
decide. A command runs as the bot (contract sheet, section 2).
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from adapters.errors import Conflict, Unsupported
from adapters.models import Offer, Run
from adapters.playbooks import mapping
from adapters.playbooks.api import Api
from adapters.playbooks.refusals import NO_ROUTE
from adapters.playbooks.tasks import Tasks
from adapters.protocol import DoOffer, Told

UPDATE, COMMAND = "update", "command"
_LONGEST = 60  # letters of a command in a label


@dataclass
class Offers:
    api: Api
    tasks: Tasks

    def of(self, run: Run) -> Sequence[Offer]:
        if run.state.is_over:
            return ()
        offers = [_of_command(task.id, task.command) for task in run.tasks if task.command.strip()]
        if self.api.features.asks_for_update:
            offers.append(Offer(id=UPDATE, label="playbooks.offer_update", warning="playbooks.offer_update_does"))
        return offers

    async def carry(self, step: DoOffer) -> Told:
        run = step.run.id if step.run else ""
        if step.offer == UPDATE:
            try:
                await self.api.request_update(run)
            except Unsupported as error:
                if error.key == NO_ROUTE:
                    self.api.features.knows_update = False
                raise
            return Told()
        before = await self.api.run(run, step.op)
        place = self.tasks.place(before, step)
        command = before.checklists[place[0]].items[place[1]].command
        if not command or _of_command(step.target, command).id != step.offer:
            link = mapping.run_link(self.tasks.site, run)
            raise Conflict(self.api.name, step.op, key="playbooks.command_changed", link=link)
        await self.api.run_command(run, place)
        return Told()


def _of_command(task: str, command: str) -> Offer:
    """Another command makes it another offer. The id of a task may be long: it goes into a button."""
    line = " ".join(command.split())
    shown = line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
    return Offer(
        id=f"{COMMAND}:{hashlib.sha256(f'{task} {command}'.encode()).hexdigest()[:16]}",
        label="playbooks.offer_command",
        warning="playbooks.offer_command_does",
        facts={"command": shown},
        task=task,
    )
