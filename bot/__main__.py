"""``python -m bot`` is ``liaison``."""

import gc

# Imports create many objects and free none. Scanning them would take a tenth of the startup time.
gc.set_threshold(100_000)

from bot.cli import cli  # noqa: E402


def main() -> None:
    cli.main(prog_name="liaison")


if __name__ == "__main__":
    main()
