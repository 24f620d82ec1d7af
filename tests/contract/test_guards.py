"""Guards of the built-in platforms: other generations of them, and what the suite says when guards are ignored."""

import pytest

from tests.contract.suite_runs import run_suite_in_fork

OVER = "test_a_task_that_is_over_does_not_move"
ENDED = "test_a_run_that_has_ended_stays_as_it_is"
VARIANTS = (
    "tests.adapters.playbooks.harness:Playbooks2Harness",
    "tests.adapters.cutover.harness_with_extras:ExtrasHarness",
)
CAUGHT_BY = {
    "Cutover": f"{OVER}[cutover-hold-finished]",
    "Playbooks": f"{OVER}[playbooks-begin-finished]",
    "Playbooks2": f"{OVER}[playbooks-finish-skipped]",
    "PlaybooksBlindToRivals": (
        "test_a_change_between_the_read_and_the_write_is_not_passed_over[playbooks-begin-finished]"
    ),
    "Runrunit": f"{ENDED}[runrunit-finish]",
    "Tines": f"{OVER}[tines-skip-finished]",
    "Xurrent": f"{OVER}[xurrent-assign-finished]",
}


@pytest.mark.parametrize("harness", VARIANTS)
def test_other_generations_do_not_undo_what_others_did(harness: str) -> None:
    run = run_suite_in_fork("--liaison-harness", harness, "-k", "test_changed_there")
    assert run.failed == [], run.output
    assert run.passed > 20, run.output


@pytest.mark.parametrize(("platform", "test"), CAUGHT_BY.items(), ids=list(CAUGHT_BY))
def test_an_adapter_that_ignores_its_guards_turns_the_suite_red(platform: str, test: str) -> None:
    name = test.partition("[")[0]
    run = run_suite_in_fork("--liaison-harness", f"tests.contract.unguarded:{platform}", "-k", name)
    assert test in run.failed, run.output
