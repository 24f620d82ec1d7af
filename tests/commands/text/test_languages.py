"""Private answers are in the person's language, everything a channel sees is in the channel's."""

from dataclasses import replace

import pytest

from adapters.errors import Conflict, NotFound, OutcomeUnknown, Rejected, Unreachable
from adapters.protocol import Unsupported
from adapters.toolkit.messages import current_language, in_language
from adapters.writes import Op
from commands.cards.pending_lines import queued_card, resolved_line, stopped_answer, waiting_card, waiting_line
from commands.cards.run_card import channel_card
from commands.forms.opening import open_form
from commands.lookup.message_intent import parse_message
from commands.model.card import ActivityLine, Card
from commands.model.intents import OpenForm, UpdateDue
from commands.model.messages import Message, Via
from commands.text.catalogue import plain_text
from commands.text.error_text import adapter_error_text
from commands.text.phrases import task_state_name
from tests.commands.room import ANA, BEN, HERE, Room, activity_texts, private_text, public_text

LIA = ANA.model_copy(update={"id": "U9", "name": "Lia", "handle": "lia", "locale": "pt-BR"})
KIT = BEN.model_copy(update={"locale": "en-GB"})
BRAZILIAN = "pt-BR"


@pytest.fixture
def brazil(room: Room) -> Room:
    """A room whose channel reads Portuguese."""
    room.services = replace(room.services, language=BRAZILIAN)
    return room


def drawn(room: Room, handle: str) -> str:
    """The run's live card in the channel."""
    card = channel_card(room.runs.tracked[handle], room.services, room.now())
    with in_language(room.services.language):
        rows = [
            (task_state_name(row.state), plain_text(row.note))
            for section in card.sections
            for row in section.rows
            if row.state
        ]
    lines = [*card.lines, *(section.more for section in card.sections)]
    return "\n".join([card.summary, *map(plain_text, lines), *map(" ".join, rows)])


async def test_a_brazilian_in_an_english_channel(room: Room) -> None:
    await room.start()
    answer = await room.type("finish T1", by=LIA)
    assert private_text(answer).startswith("T1 Confirm the primary is down: concluída. Recibo ")
    assert activity_texts(answer)[0].startswith("Lia finished T1 Confirm the primary is down (")
    assert "1 of 4 done" in drawn(room, "R1")
    assert "T3 Promote the replica (waiting for T2)" in drawn(room, "R1")
    assert current_language() == "en", "the language is the message's, and ends with it"


async def test_an_english_speaker_in_a_brazilian_channel(brazil: Room) -> None:
    await brazil.start()
    answer = await brazil.type("finish T1", by=KIT)
    assert private_text(answer).startswith("T1 Confirm the primary is down: done. Receipt ")
    assert activity_texts(answer)[0].startswith("Ben concluiu T1 Confirm the primary is down (")
    with in_language("en"):
        assert "1 de 4 concluídas" in drawn(brazil, "R1")
        assert "T3 Promote the replica (aguardando T2)" in drawn(brazil, "R1")


async def test_without_a_locale_people_get_the_channels_language(brazil: Room) -> None:
    await brazil.start()
    assert "concluída. Recibo" in private_text(await brazil.type("finish T1", by=ANA))
    french = BEN.model_copy(update={"locale": "fr_FR"})
    assert "Nenhuma tarefa" not in private_text(await brazil.type("hold T2 waiting", by=french))
    assert "em espera. Recibo" in private_text(await brazil.type("hold T3 waiting", by=french))


async def test_an_error_is_in_the_persons_language_and_its_line_in_the_channels(room: Room) -> None:
    await room.start()
    await room.type("finish T1", by=BEN)
    answer = await room.type("finish T1", by=LIA)
    assert private_text(answer).startswith("T1 Confirm the primary is down já foi concluída por Ben às 14:06 UTC")
    assert private_text(answer).endswith("Nada mudou.")
    waiting = ActivityLine("R1", "M:finish:1", ("…",))
    message = Message(key="M", actor=LIA, place=HERE, via=Via.COMMAND, at=room.now(), text="finish T1")
    line = plain_text(resolved_line(message, waiting, answer, room.services).text)
    assert line.startswith("Lia: T1 Confirm the primary is down was already finished by Ben at 14:06 UTC")
    assert line.endswith("Nothing changed.")


async def test_of_several_tasks_the_summary_of_the_line_is_in_the_channels_language(room: Room) -> None:
    await room.start()
    answer = await room.type("finish T1 T4", by=LIA)
    assert private_text(answer).startswith("1 de 2 feitas em R1 Primary down in EU.")
    assert plain_text(answer.channel_title) == "1 of 2 done in R1 Primary down in EU."


async def test_parse_errors_help_and_forms_are_in_the_persons_language(room: Room) -> None:
    await room.start()
    assert private_text(await room.type("finsh T1", by=LIA)) == "Comando desconhecido: finsh. Você quis dizer:"
    assert "marcar tarefas como concluídas" in private_text(await room.type("help all", by=LIA))
    assert "mark tasks as done" in private_text(await room.type("help all", by=KIT))
    wanted = OpenForm.model_validate({"about": "status", "run": "R1"})
    with in_language(BRAZILIAN):
        form = await open_form(wanted, ANA, HERE, room.services)
    assert (form.title, form.submit) == ("Atualizar status", "Publicar")
    labels = [field.label for field in form.fields]
    assert labels == ["Status", "O que está acontecendo?", "Próxima atualização", "Ou às"]
    assert form.fields[0].options[0].label == "🟢 Verde: sob controle"
    assert (await open_form(wanted, ANA, HERE, room.services)).title == "Update status"


async def test_which_task_is_asked_with_the_verb_of_the_language(room: Room) -> None:
    await room.start()
    asked = "Which task in R1 Primary down in EU do you want to hold?"
    assert private_text(await room.type("skip", by=KIT)) == asked.replace("hold", "skip")
    assert private_text(await room.type("skip", by=LIA)) == "Qual tarefa de R1 Primary down in EU você quer pular?"


async def test_a_public_status_and_a_reminder_are_in_the_channels_language(room: Room) -> None:
    await room.start()
    answer = await room.type("status amber replica lagging --next 15m", by=LIA)
    assert "status AMARELO. Recibo" in private_text(answer)
    assert public_text(answer).startswith("🟠 AMBER · R1 Primary down in EU\nreplica lagging\n")
    assert "next update 14:21 UTC" in public_text(answer)
    due = room.responder.reminders["R1"]
    assert due is not None
    reminder = await room.press(UpdateDue(run="R1", at=due), by=LIA)
    assert public_text(reminder) == "Lia, the update you promised for R1 Primary down in EU is due."
    assert reminder.public is not None
    assert [button.label for button in reminder.public.buttons] == ["Update status", "+15m", "No more"]
    using = await room.type("use R1", by=LIA)
    assert public_text(using) == "This channel now uses R1 Primary down in EU (set by Lia)."


async def test_why_a_run_did_not_start_is_on_its_card_in_the_channels_language(room: Room) -> None:
    room.platform.errors["start"] = Rejected("local", "start", said="no room")
    answer = await room.type("start Database failover", by=LIA)
    assert private_text(answer).startswith("Local runbooks rejeitou isso. Nada mudou. Mensagem: “no room”")
    assert "Local runbooks rejected this. Nothing changed. It said: “no room”" in drawn(room, "R1")


async def test_what_waits_is_told_in_both_languages(room: Room) -> None:
    tracked = await room.start()
    message = Message(key="M", actor=LIA, place=HERE, via=Via.COMMAND, at=room.now(), text="finish T1")
    intent = parse_message(message, room.services).model_copy(update={"run": "R1"})
    await room.type("finish T1", by=LIA, key="M")
    step = next(outcome.step for (key, _), outcome in room.effect_log.items() if key == "M")
    error = Unreachable("local", "finish")
    line = waiting_line(message, tracked, step, error, room.now(), room.services)
    assert plain_text(line.text).startswith(
        "Lia: Local runbooks isn't responding (finishing T1). Nothing was sent yet."
    )
    assert [button.label for button in line.buttons] == ["Stop"]
    private = waiting_line(message, tracked, step, error, room.now(), room.services, language=BRAZILIAN)
    assert "não está respondendo (a conclusão de T1)" in plain_text(private.text)
    assert _title(waiting_card(message, tracked, step, error, room.services)).startswith(
        "Local runbooks não está respondendo"
    )
    assert "está na fila" in _title(queued_card(message, intent, 1, room.services))
    stopped = stopped_answer(message, intent, BEN, room.services)
    assert private_text(stopped) == "Ben interrompeu finish T1 antes de qualquer envio. Nada mudou."


def _title(card: Card) -> str:
    return plain_text(card.title)


NOTHING = {"en": "Nothing changed.", BRAZILIAN: "Nada mudou."}


@pytest.mark.parametrize("language", list(NOTHING))
async def test_nothing_changed_is_said_of_a_refused_write_and_only_of_that(room: Room, language: str) -> None:
    nothing = NOTHING[language]
    room.services = replace(room.services, language=language)
    await room.start()
    room.platform.errors["finish"] = Rejected("local", "finish", said="no")
    assert private_text(await room.type("finish T1")).count(nothing) == 1
    room.platform.errors["finish"] = Conflict("local", "finish", key="platform.forbidden")
    assert private_text(await room.type("finish T1")).count(nothing) == 1, "the message says it itself"
    room.platform.errors["finish"] = OutcomeUnknown("local", "finish")
    assert nothing not in private_text(await room.type("finish T1"))
    for read in ("runs", "runbooks", "show R1.T1"):
        room.platform.errors = {"runs": NotFound("local", "runs"), "runbooks": NotFound("local", "runbooks")}
        assert nothing not in private_text(await room.type(read))
    room.platform.errors = {}
    room.platform.capabilities = {**room.platform.capabilities, Op.SKIP: Unsupported("Finish it.")}
    assert nothing not in private_text(await room.type("skip T1"))


@pytest.mark.parametrize("language", list(NOTHING))
async def test_nothing_changed_is_left_out_where_it_is_not_true(room: Room, language: str) -> None:
    """And the advice that follows it stays."""
    error = Rejected("local", "finish", key="platform.forbidden", said="")
    with in_language(language):
        whole = plain_text(adapter_error_text(error, room.services))
        partly = plain_text(adapter_error_text(error, room.services, nothing_changed=False))
    assert whole.replace(f"{NOTHING[language]} ", "") == partly
    assert partly.endswith({"en": "Ask the operator to give it access.", BRAZILIAN: "liberar o acesso."}[language])
    quoted = Rejected("local", "finish", said="Nothing changed. Honestly.")
    with in_language(language):
        assert "“Nothing changed. Honestly.”" in plain_text(
            adapter_error_text(quoted, room.services, nothing_changed=False)
        ), "the platform's own text is never edited"
