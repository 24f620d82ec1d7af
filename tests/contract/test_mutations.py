"""The contract suite trusts no declaration: it is green for the filled-in skeleton, and red for every mutation."""

import pytest

from tests.contract.mutations import CAUGHT_BY
from tests.contract.suite_runs import run_suite_in_fork


def test_the_suite_is_green_without_a_mutation() -> None:
    run = run_suite_in_fork("--liaison-harness", "tests.contract.sample.harness:PlatformHarness")
    assert run.failed == [], run.output
    assert run.passed > 100, run.output


@pytest.mark.parametrize(("mutation", "test"), CAUGHT_BY.items(), ids=list(CAUGHT_BY))
def test_every_mutation_turns_the_suite_red(mutation: str, test: str) -> None:
    run = run_suite_in_fork(
        "--liaison-harness", f"tests.contract.mutations:{mutation}", "-k", test.partition("[")[0]
    )
    assert test in run.failed, run.output
