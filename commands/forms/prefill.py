"""An intent -> the form that says it again, filled: nobody types a text twice."""

from collections.abc import Mapping

from commands.model.intents import (
    Add,
    Approve,
    Assign,
    Comment,
    DoAction,
    End,
    Finish,
    Hold,
    Intent,
    OpenForm,
    Reject,
    Skip,
    Start,
    Status,
    TaskIntent,
)


def prefilled_form(intent: Intent) -> OpenForm:
    about, fill = _fill(intent)
    kept = {name: value for name, value in fill.items() if value}
    run = "" if isinstance(intent, Start) else intent.run
    return OpenForm.model_validate({"run": run, "about": about, "fill": kept})


def _fill(intent: Intent) -> tuple[str, Mapping[str, str]]:
    match intent:
        case Status():
            return "status", {"health": intent.health, "text": intent.text, "next": intent.next}
        case Comment():
            return "comment", {"text": intent.text, "task": intent.task}
        case Add():
            return "add", {"title": intent.title, "stage": intent.stage, "person": intent.person}
        case Start():
            rehearsal = "yes" if intent.rehearsal else ""
            fill = {"runbook": intent.runbook, "name": intent.name, "owner": intent.owner}
            return "start", {**fill, "rehearsal": rehearsal}
        case End():
            return "more", {"do": "end", "text": intent.text}
        case DoAction():
            return "more", {"do": "do"}
        case TaskIntent():
            person = intent.person if isinstance(intent, Assign) else ""
            return "more", {"do": intent.verb, "task": _task(intent), "text": _text(intent), "person": person}
    return "more", {}


def _task(intent: TaskIntent) -> str:
    return intent.tasks[0] if intent.tasks else ""


def _text(intent: TaskIntent) -> str:
    match intent:
        case Finish(note=text) | Approve(note=text) | Skip(reason=text) | Hold(reason=text) | Reject(reason=text):
            return text
    return ""
