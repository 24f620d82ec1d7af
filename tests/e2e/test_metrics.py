"""``GET /metrics`` of the real process: what operators, the alerts and the dashboard need to know."""

import time
from collections.abc import Mapping
from pathlib import Path

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from tests.deploy import queries
from tests.e2e.conftest import FIRST_TASK, RUNBOOK, Scene, on_mattermost, on_one_chat
from tests.e2e.process import Liaison, until
from tests.e2e.slack_chat import SlackChat
from tests.e2e.test_silent_connections import socket_mode

Samples = Mapping[tuple[str, frozenset[tuple[str, str]]], float]


async def scrape_text(liaison: Liaison) -> str:
    async with aiohttp.ClientSession() as session, session.get(f"{liaison.url}/metrics") as response:
        assert response.status == 200
        return await response.text()


async def scrape(liaison: Liaison) -> Samples:
    families = text_string_to_metric_families(await scrape_text(liaison))
    samples = [sample for family in families for sample in family.samples]
    return {(sample.name, frozenset(sample.labels.items())): sample.value for sample in samples}


def value(samples: Samples, name: str, **labels: str) -> float:
    """The sum of the samples with these labels (among others); 0 if there is none."""
    return sum(sample for (found, values), sample in samples.items() if found == name and values >= labels.items())


async def wait_for_value(liaison: Liaison, wanted: float, name: str, **labels: str) -> None:
    async def is_reached() -> bool:
        return value(await scrape(liaison), name, **labels) == wanted

    await until(is_reached, within=40)


@on_one_chat
async def test_the_process_its_version_and_its_parts(scene: Scene) -> None:
    samples = await scrape(scene.liaison)
    assert value(samples, "process_resident_memory_bytes") > 10e6
    assert value(samples, "process_open_fds") > 3
    assert value(samples, "process_start_time_seconds") <= time.time()
    assert value(samples, "liaison_build_info", version="0.1.0") == 1
    assert value(samples, "liaison_ready", part="database") == 1


@on_one_chat
async def test_active_runs_and_the_requests_to_their_platform(scene: Scene) -> None:
    before = await scrape(scene.liaison)
    await scene.start_run()
    after = await scrape(scene.liaison)

    def grown(name: str, **labels: str) -> float:
        return value(after, name, **labels) - value(before, name, **labels)

    assert grown("liaison_active_runs", platform="cutover") == 1
    assert grown("liaison_platform_responses_total", platform="cutover", status="2xx") > 0
    assert grown("liaison_platform_request_seconds_count", platform="cutover", kind="write") > 0
    assert value(after, "liaison_platform_request_seconds_sum", platform="cutover") > 0
    assert value(after, "liaison_unknown_effects", platform="local") == 0
    assert ("liaison_outbox_depth", frozenset({("surface", "slack"), ("state", "refused")})) in after


@on_one_chat
async def test_rate_limits_of_a_platform(scene: Scene) -> None:
    run = scene.cutover_run(await scene.start_run())
    before = await scrape(scene.liaison)
    headers = {"Retry-After": "1"}
    scene.cutover.fault("answer", method="POST", path=f"/runbooks/{run.id}/comments$", status=429, headers=headers)
    await scene.room.private_answer("comment hello")
    after = await scrape(scene.liaison)
    labels = {"platform": "cutover", "status": "429"}
    name = "liaison_platform_responses_total"
    assert value(after, name, **labels) == value(before, name, **labels) + 1


@on_one_chat
async def test_rate_limits_of_a_chat_and_what_waits_for_it(scene: Scene) -> None:
    before = await scrape(scene.liaison)
    headers = {"Retry-After": "3"}
    scene.environment.chat.fake.fault("answer", path=r"chat.postMessage", status=429, headers=headers)
    await scene.room.command(f'start "{RUNBOOK}" --on cutover')

    async def is_limited() -> bool:
        after = await scrape(scene.liaison)
        name = "liaison_chat_rate_limits_total"
        waiting = value(after, "liaison_outbox_depth", surface="slack", state="waiting")
        return value(after, name) == value(before, name) + 1 and waiting > 0

    await until(is_limited)
    await scene.wait_for_card()


@on_one_chat
async def test_the_queue_ages_and_an_unknown_write_is_counted_until_it_is_settled(scene: Scene) -> None:
    run = scene.cutover_run(await scene.start_run())
    finish = rf"/runbooks/{run.id}/tasks/\d+/finish$"
    run.task(FIRST_TASK).stage = "in_progress"
    fault = scene.cutover.fault("hold", method="PATCH", path=finish)
    await scene.room.command("finish T1")

    async def is_waiting() -> bool:
        samples = await scrape(scene.liaison)
        return value(samples, "liaison_queue_oldest_seconds") > 0.2

    await until(is_waiting)
    fault.release.set()
    await scene.wait_for_effects("finish")
    scene.cutover.fault("cut_after", method="POST", path=f"/runbooks/{run.id}/comments$")
    looks = scene.cutover.fault("answer", method="GET", path=f"/runbooks/{run.id}", status=500, times=1000)
    await scene.room.command("comment hello")
    await wait_for_value(scene.liaison, 1, "liaison_unknown_effects", platform="cutover")
    looks.times = 0
    await wait_for_value(scene.liaison, 0, "liaison_unknown_effects", platform="cutover")


@on_mattermost
async def test_the_websocket_of_mattermost(scene: Scene) -> None:
    samples = await scrape(scene.liaison)
    assert value(samples, "liaison_sockets_connected", surface="mattermost") == 1
    assert value(samples, "liaison_last_received_timestamp_seconds", surface="mattermost") > time.time() - 120


async def test_the_websockets_of_socket_mode(tmp_path: Path) -> None:
    async with SlackChat() as chat, Liaison(tmp_path, socket_mode(chat)) as liaison:
        await wait_for_value(liaison, 2, "liaison_sockets_connected", surface="slack")


@on_one_chat
async def test_the_alerts_and_the_dashboard_name_only_metrics_that_exist(scene: Scene) -> None:
    exported = queries.exported_names(await scrape_text(scene.liaison))
    for source, query in queries.all_queries():
        unknown = queries.metric_names(query) - exported - queries.FROM_PROMETHEUS
        assert not unknown, f"{source}: {query}"
