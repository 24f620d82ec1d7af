"""What people are told about a change: "Ana assigned you T4 …", "T5 … can begin", "R7 … has ended"."""

from collections.abc import Sequence
from dataclasses import replace

from adapters.models import Health, Task, TaskState
from adapters.protocol import supports
from adapters.writes import Op
from commands.cards.health_line import health_title
from commands.cards.task_buttons import approve_button, begin_button
from commands.cards.task_row import as_shown
from commands.lookup.earlier_message import plain_name
from commands.model.card import Answer, Button, Card, Code, PersonName, Text
from commands.model.messages import Actor
from commands.model.ports import Services
from commands.model.run_head import run_health
from commands.model.tracked_run import TrackedRun
from commands.text.catalogue import plain_text, plural, translate
from commands.text.error_text import platform_title
from commands.text.phrases import join_parts, name_of_signer, run_name, short_card, show_button, task_name

_MOST_NAMED = 5
_MOST_BUTTONS = 3


def mention(actor: Actor) -> PersonName:
    return PersonName(actor.display_name, actor.id, ping=True)


def with_files_left_out(answer: Answer, names: str) -> Answer:
    """Says which files of the message are no part of the run."""
    if not names:
        return answer
    line = translate("files.left_out", names=names, example=Code("comment T3: what it shows"))
    private = answer.private
    shown = (
        short_card(line)
        if private is None
        else replace(private, lines=(*private.lines, line), shown_elsewhere=False)
    )
    return replace(answer, private=shown)


def assigned_card(
    tracked: TrackedRun, tasks: Sequence[Task], by: Actor | None, to: PersonName | None, services: Services
) -> Card:
    """``to`` is None in a direct message. ``by`` is None where the platform does not say who it was."""
    named, facts = _named(tracked, tasks), {"run": run_name(tracked)}
    if by is not None:
        text = translate("notice.assigned_by", who=plain_name(by), tasks=named, **facts)
    else:
        title = platform_title(tracked.run.key.platform, services)
        text = translate(plural("notice.assigned", len(tasks)), tasks=named, platform=title, **facts)
    return _card(text, tracked, tasks, to, services)


def ready_card(tracked: TrackedRun, tasks: Sequence[Task], to: PersonName | None, services: Services) -> Card:
    text = translate(plural("notice.ready", len(tasks)), tasks=_named(tracked, tasks), run=run_name(tracked))
    return _card(text, tracked, tasks, to, services)


def _card(
    text: Text, tracked: TrackedRun, tasks: Sequence[Task], to: PersonName | None, services: Services
) -> Card:
    buttons = _buttons(tracked, tasks, services)
    if to is None:
        return short_card(text, buttons=[*buttons, show_button(tracked)])
    return short_card(translate("notice.to", who=to, text=text), buttons=buttons)


def _named(tracked: TrackedRun, tasks: Sequence[Task]) -> Text:
    names = [task_name(tracked, task) for task in tasks[:_MOST_NAMED]]
    more = len(tasks) - len(names)
    return join_parts([*names, translate("run.and_more", count=more) if more else ()])


def _buttons(tracked: TrackedRun, tasks: Sequence[Task], services: Services) -> list[Button]:
    can = services.adapter(tracked.run.key.platform).capabilities
    buttons: list[Button] = []
    for task in (as_shown(tracked, task) for task in tasks):
        if task.state is not TaskState.READY or task.automatic:
            continue
        if task.approval:
            buttons += [approve_button(tracked, task)] if supports(can, Op.APPROVE) else []
        elif supports(can, Op.BEGIN):
            buttons.append(begin_button(tracked, task))
    return buttons[:_MOST_BUTTONS]


def red_card(tracked: TrackedRun) -> Card:
    """For a run that was turned red on its platform."""
    health = run_health(tracked)
    by = translate("notice.said_by", who=name_of_signer(health.by)) if health.by else ()
    return Card(
        title=health_title(Health.RED, run_name(tracked)),
        summary=plain_text(translate("status.summary", run=run_name(tracked), text=health.text)),
        lines=tuple(line for line in ((health.text,) if health.text else (), by) if line),
        buttons=(show_button(tracked),),
        tone="bad",
    )


def ended_card(tracked: TrackedRun, by: Actor | None, message: str, services: Services) -> Card:
    """``by`` is None for a run that was ended on its platform."""
    run, name = tracked.run, run_name(tracked)
    if by is not None:
        text = translate(f"notice.{run.state}_by", run=name, who=plain_name(by))
    else:
        text = translate(f"notice.{run.state}", run=name, platform=platform_title(run.key.platform, services))
    lines = [translate("receipt.quote", text=message.strip())] if message.strip() else []
    return short_card(text, lines=lines, buttons=[show_button(tracked)])


def owner_card(tracked: TrackedRun, owner: PersonName | str, by: Actor | None) -> Card:
    if by is None:
        return short_card(translate("notice.owner", run=run_name(tracked), owner=owner))
    return short_card(translate("notice.owner_by", run=run_name(tracked), owner=owner, who=plain_name(by)))
