"""The headers of a page, read whatever they hold: one server must not keep everybody waiting."""

import time

import pytest

from adapters.runrunit.paging import next_page

LONG = 60_000  # characters; the HTTP library takes no more
RANGE = "1-100/250"


@pytest.mark.parametrize("link", ["<" * LONG, "<a>;" * (LONG // 4), "<?page=" + "9" * 5000 + '>; rel="next"'])
def test_a_link_that_leads_nowhere(link: str) -> None:
    began = time.process_time()
    assert next_page({"link": link, "x-item-range": RANGE}, 1) is None
    assert time.process_time() - began < 2


@pytest.mark.parametrize("shown", ["1" * LONG, "1 " * (LONG // 2), "1-" + "9" * 5000 + "/" + "9" * 5000])
def test_a_range_without_end(shown: str) -> None:
    began = time.process_time()
    assert next_page({"link": '</tasks?page=2>; rel="next"', "x-item-range": shown}, 1) == 2
    assert time.process_time() - began < 2


def test_a_range_says_whether_there_is_more() -> None:
    assert next_page({"x-item-range": RANGE}, 1) == 2
    assert next_page({"x-item-range": "items 201 - 250 / 250"}, 3) is None
    assert (
        next_page({"link": '</tasks?page=1>; rel="first", </tasks?page=2>; rel=next', "x-item-range": RANGE}, 1)
        == 2
    )
