"""Message keys that no code uses any more. Rows of earlier versions have them, so the catalogues keep them."""

RETIRED_KEYS = frozenset(
    {
        "cutover.task_is_over",
        "local.no_branches",
        "playbooks.done",
        "runrunit.task_is_over",
        "tines.task_is_over",
    }
)
