"""How long to wait after a 429, in every format that platforms use."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest

from adapters.http.responses import retry_after

BRASILIA = timezone(timedelta(hours=-3))
FORMATS: dict[str, Callable[[datetime], str]] = {
    "epoch": lambda at: str(at.timestamp()),
    "iso": lambda at: at.isoformat(),
    "iso with Z": lambda at: at.strftime("%Y-%m-%dT%H:%M:%SZ"),
    "with UTC": lambda at: at.strftime("%Y-%m-%d %H:%M:%S UTC"),
    "with offset": lambda at: at.astimezone(BRASILIA).strftime("%Y-%m-%d %H:%M:%S %z"),
    "as a header": lambda at: at.astimezone(BRASILIA).strftime("%a, %d %b %Y %H:%M:%S %z"),
}


@pytest.mark.parametrize("format", FORMATS)
def test_a_point_in_time_is_a_wait_until_then(format: str) -> None:
    in_forty = datetime.now(UTC) + timedelta(seconds=40)
    assert 5 < retry_after({"ratelimit-reset": FORMATS[format](in_forty)}, 3600.0) <= 41


def test_a_number_is_seconds() -> None:
    assert retry_after({"ratelimit-reset": "17"}) == 17
    assert retry_after({"retry-after": "7", "ratelimit-reset": "17"}) == 7
    assert retry_after({"x-ratelimit-reset": "3"}) == 3  # Mattermost's


@pytest.mark.parametrize("headers", [{}, {"ratelimit-reset": "soon"}, {"retry-after": "nan"}, {"retry-after": ""}])
def test_without_a_time_it_is_the_default(headers: dict[str, str]) -> None:
    assert retry_after(headers, 60.0) == 60


@pytest.mark.parametrize("format", FORMATS)
def test_a_point_in_time_is_compared_with_the_servers_clock(format: str) -> None:
    server_time = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=9)
    headers = {"date": server_time.strftime("%a, %d %b %Y %H:%M:%S GMT")}
    in_forty = FORMATS[format](server_time + timedelta(seconds=40))
    assert retry_after({**headers, "ratelimit-reset": in_forty}, 3600.0) == pytest.approx(41)


def test_the_second_that_has_just_begun_is_waited_for() -> None:
    assert 1 <= retry_after({"ratelimit-reset": FORMATS["iso with Z"](datetime.now(UTC))}, 60.0) <= 2


@pytest.mark.parametrize("past", ["2020-01-21 19:49:02 -0300", "1500000000"])
def test_a_point_in_the_past_does_not_mean_that_the_wait_is_over(past: str) -> None:
    assert retry_after({"ratelimit-reset": past}, 60.0) == 60
