"""Private answers are in the person's language, and what a channel sees is in the channel's."""

from tests.e2e.conftest import Scene


async def test_a_private_answer_is_in_the_persons_language(scene: Scene) -> None:
    await scene.start_run()
    english = await scene.room.private_answer("finsh T1", user="ana")
    assert "Unknown command finsh" in english.text
    brazilian = await scene.room.private_answer("finsh T1", user="rui")
    assert "Comando desconhecido: finsh" in brazilian.text


async def test_a_channel_sees_the_channels_language_whoever_acts(scene: Scene) -> None:
    await scene.start_run()
    await scene.room.private_answer("next", user="rui")
    await scene.room.command("begin T1", user="rui")
    await scene.wait_for_effects("begin")
    await scene.wait_for_text(r"T1 Confirm the primary is down\W+running")
    assert "em andamento" not in scene.room.public_text()


async def test_a_form_is_in_the_persons_language(scene: Scene) -> None:
    await scene.start_run()
    await scene.room.private_answer("next", user="rui")  # until then the profile is not known
    await scene.room.press("Update status", user="rui")
    assert await scene.room.form_title(user="rui") == "Atualizar status"
