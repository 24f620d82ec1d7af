"""The card of a runbook before a start: its text as written, and which parts of it are tasks."""

from collections.abc import Iterator, Mapping

from adapters.models import Runbook, Stage
from adapters.protocol import Adapter
from commands.cards.platform_text import platform_text
from commands.model.card import Bold, Button, Card, RichText, Text
from commands.model.intents import Help, OpenForm, Start
from commands.model.rich_text import Item
from commands.text.catalogue import plain_text, plural, translate
from commands.text.phrases import button, open_link, shorten

_MOST_TASKS = 60
_TITLE = 200  # characters of it


def runbook_card(runbook: Runbook, adapter: Adapter, messages: Mapping[str, str]) -> Card:
    """``messages``: the catalogue of its platform. The first three start options are buttons."""
    count = runbook.task_count if runbook.task_count is not None else len(runbook.tasks)
    lines = [*platform_text(adapter, runbook.description)]
    lines.append(translate(plural("start.tasks", count), count=count))
    if runbook.notice:
        lines.append(translate(plural(runbook.notice, count), messages, count=count))
    if runbook.alerts:
        lines.append(translate("start.alerts", alerts=runbook.alerts))
    start = button("button.start_this", Start(runbook=str(runbook.key)))
    other_starts = [
        Button(
            shorten(plain_text(translate(option.label, messages)), 30),
            Start(runbook=str(runbook.key), values=dict(option.values), rehearsal=option.rehearsal),
        )
        for option in runbook.start_options[1:3]
    ]
    form = button("button.start_form", OpenForm(about="start", fill={"runbook": str(runbook.key)}))
    how_to = [button("button.how_to_write_steps", Help(topic="steps"))] if runbook.notice else []
    return Card(
        title=(runbook.title,),
        subtitle=translate("runbook.on", platform=runbook.key.platform),
        summary=plain_text(translate(plural("runbook.summary", count), runbook=runbook.title, count=count)),
        lines=(*lines, *_content(runbook, adapter)),
        buttons=(start, *other_starts, form, *how_to),
        link=open_link(runbook.key.platform, runbook.link),
    )


def _content(runbook: Runbook, adapter: Adapter) -> Iterator[Text]:
    """Stage by stage: the tasks with their numbers, and the text between them where it was written."""
    stages: list[Stage | None] = [None, *runbook.stages]
    stage_ids = {stage.id for stage in runbook.stages}
    numbers = {task.id: number for number, task in enumerate(runbook.tasks, start=1)}
    for stage in stages:
        drawn = [*_of_stage(runbook, adapter, stage, stage_ids, numbers)]
        if stage and drawn:
            yield (Bold(stage.title),)
        yield from drawn
    if len(runbook.tasks) > _MOST_TASKS:
        yield translate("runbook.more", count=len(runbook.tasks) - _MOST_TASKS)


def _of_stage(
    runbook: Runbook, adapter: Adapter, stage: Stage | None, stage_ids: set[str], numbers: Mapping[str, int]
) -> Iterator[Text]:
    tasks = [
        task
        for task in runbook.tasks[:_MOST_TASKS]
        if (task.stage == stage.id if stage else task.stage not in stage_ids)
    ]
    passages = [
        (numbers.get(passage.before or "", len(numbers) + 1), passage.text)
        for passage in runbook.passages
        if passage.stage == (stage.id if stage else None)
    ]
    items: list[Item] = []
    for task in tasks:
        number = numbers[task.id]
        before = [text for place, text in passages if place <= number]
        passages = [(place, text) for place, text in passages if place > number]
        if before and items:
            yield (RichText(tuple(items)),)
            items = []
        for text in before:
            yield from platform_text(adapter, text)
        items.append(Item((shorten(task.title, _TITLE),), number=number))
    if items:
        yield (RichText(tuple(items)),)
    for _, text in passages:
        yield from platform_text(adapter, text)
