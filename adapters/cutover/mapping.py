"""Maps Cutover's resources to Liaison's models. Unknown values must never crash: the run still has to be shown."""

from collections.abc import Mapping, Sequence

from adapters.cutover import wire
from adapters.cutover.errors import MESSAGES
from adapters.cutover.links import Links
from adapters.cutover.run_notes import run_notes
from adapters.cutover.tasks import RunbookContext, field_lines
from adapters.cutover.text import SIGNER, to_text
from adapters.models import (
    Comment,
    Health,
    Person,
    Run,
    Runbook,
    RunbookKey,
    RunHealth,
    RunKey,
    RunState,
    RunSummary,
    StartOption,
)
from adapters.toolkit.authors import attributed
from adapters.toolkit.messages import message_text
from adapters.toolkit.timestamps import parse_timestamp

RUN_STATES = {
    "planning": RunState.PLANNED,
    "active": RunState.ACTIVE,
    "paused": RunState.PAUSED,
    "complete": RunState.FINISHED,
    "canceled": RunState.CANCELLED,
    "cancelled": RunState.CANCELLED,
}
HEALTHS = {"green": Health.GREEN, "amber": Health.AMBER, "red": Health.RED}
AUTHOR = "author"
STATUSES = {Health.GREEN: "green", Health.AMBER: "amber", Health.RED: "red", Health.UNSET: "off"}


def run_state(runbook: wire.Runbook) -> RunState:
    attributes = runbook.attributes
    if attributes.stage in RUN_STATES:
        return RUN_STATES[attributes.stage]
    if attributes.end_actual:
        return RunState.FINISHED
    return RunState.ACTIVE if attributes.start_actual else RunState.PLANNED


def is_template(runbook: wire.Runbook) -> bool:
    return bool(runbook.attributes.is_template)


def run_health(runbook: wire.Runbook) -> RunHealth:
    """Ignores ``status_updated_at`` without a status: some versions set it when anything in a runbook changes."""
    attributes = runbook.attributes
    signed = SIGNER.read(attributes.status_message or "")
    health = HEALTHS.get(attributes.status or "", Health.UNSET)
    has_status = signed.text or signed.by or health is not Health.UNSET
    at = parse_timestamp(attributes.status_updated_at) if has_status else None
    return RunHealth(health=health, text=signed.text, by=signed.by, at=at, due=signed.due)


def comment(item: wire.Comment, people: Mapping[str, Person], own_user: str = "") -> Comment:
    """Comments have no author and no time in the reference, but may have them on newer versions.

    Those of ours are written by the token's user. Their signature says who they are from.
    """
    whole, author = to_text(item.attributes.content), item.related_id(AUTHOR)
    by = people.get(author, Person(id=author)) if author else None
    signed = attributed(SIGNER.read(whole), whole, by, own_user)
    at = parse_timestamp(item.attributes.created_at)
    return Comment(id=item.id, text=signed.text, by=signed.by, at=at, task=item.related_id("task"))


def run_summary(platform: str, item: wire.Runbook, links: Links) -> RunSummary:
    return RunSummary(
        key=RunKey(platform=platform, id=item.id),
        title=title(item),
        state=run_state(item),
        link=_link(item, links),
    )


def run(
    platform: str, item: wire.Runbook, tasks: Sequence[wire.Task], context: RunbookContext, links: Links
) -> Run:
    health, state = run_health(item), run_state(item)
    return Run(
        key=RunKey(platform=platform, id=item.id),
        title=title(item),
        state=state,
        health=health.health,
        health_text=health.text,
        health_by=health.by,
        health_at=health.at,
        update_due=health.due,
        stages=context.stages(),
        tasks=context.tasks(tasks),
        link=_link(item, links),
        rehearsal=item.attributes.run_type == "rehearsal",
        notes=run_notes(item, context) if state in (RunState.ACTIVE, RunState.PAUSED) else (),
    )


def runbook(
    platform: str,
    item: wire.Runbook,
    links: Links,
    tasks: Sequence[wire.Task] | None = None,
    context: RunbookContext | None = None,
    start_options: tuple[StartOption, ...] = (),
    folder: str = "",
) -> Runbook:
    """A template can be started any number of times; a planned runbook runs live once."""
    context = context or RunbookContext()
    fields = field_lines(item.attributes.custom_field_values)
    return Runbook(
        key=RunbookKey(platform=platform, id=item.id),
        title=title(item),
        description="\n".join(filter(None, [to_text(item.attributes.description), *fields])),
        stages=context.stages(),
        tasks=context.tasks(tasks or ()),
        task_count=None if tasks is None else len(tasks),
        irreversible=not is_template(item),
        rehearsable=True,
        start_options=start_options,
        link=_link(item, links),
        folder=folder,
        created_at=parse_timestamp(item.attributes.created_at),
        warning=_warning(item),
    )


def _warning(item: wire.Runbook) -> str:
    """For a template that is not approved, and for a runbook that is archived or was started already."""
    if item.attributes.archived:
        return "cutover.is_archived"
    if is_template(item):
        return "" if item.attributes.template_status in (None, "", "approved") else "cutover.not_approved"
    state = run_state(item)
    if state.is_over:
        return "cutover.run_over"
    return "cutover.run_active" if state in (RunState.ACTIVE, RunState.PAUSED) else ""


def _link(item: wire.Runbook, links: Links) -> str | None:
    return links.run(item.id, item.related_id("workspace"))


def title(item: wire.Runbook) -> str:
    return item.attributes.name or message_text(MESSAGES, "cutover.label.runbook", id=item.id)
