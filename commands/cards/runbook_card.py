"""The card of a runbook before a start: its text as written, and which parts of it are tasks."""

from collections.abc import Iterator, Mapping, Sequence

from adapters.models import Passage, Runbook
from adapters.protocol import Adapter
from commands.cards.platform_text import platform_text
from commands.model.card import Bold, Button, Card, Text
from commands.model.intents import Help, OpenForm, Start
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
    """Stage by stage: the tasks, with the handles that they will have, and the text between them."""
    places = {stage.id: place for place, stage in enumerate(runbook.stages, start=1)}
    titles = {stage.id: stage.title for stage in runbook.stages}
    numbered = sorted(enumerate(runbook.tasks, start=1), key=lambda one: places.get(one[1].stage or "", 0))
    waiting = list(runbook.passages)
    stage: str | None = None
    for number, task in numbered[:_MOST_TASKS]:
        before = _passages_before(task.id, runbook, waiting)
        yield from _texts(adapter, [passage for passage in before if passage.stage != task.stage])
        if task.stage in titles and task.stage != stage:
            yield (Bold(titles[task.stage]),)
        yield from _texts(adapter, [passage for passage in before if passage.stage == task.stage])
        stage = task.stage
        yield (Bold(f"T{number}"), f" {shorten(task.title, _TITLE)}")
    yield from _texts(adapter, waiting)
    if len(numbered) > _MOST_TASKS:
        yield translate("runbook.more", count=len(numbered) - _MOST_TASKS)


def _texts(adapter: Adapter, passages: Sequence[Passage]) -> Iterator[Text]:
    for passage in passages:
        yield from platform_text(adapter, passage.text)


def _passages_before(task: str, runbook: Runbook, waiting: list[Passage]) -> list[Passage]:
    """Takes what stands before the task from ``waiting``, which is in the order written."""
    order = [one.id for one in runbook.tasks]
    place = order.index(task)
    found = [one for one in waiting if one.before is not None and order.index(one.before) <= place]
    for passage in found:
        waiting.remove(passage)
    return found
