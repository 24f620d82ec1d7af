"""``python -m bot`` is ``liaison``."""

import gc

gc.set_threshold(100_000)  # loading makes much and throws nothing away: looking for it is a tenth of the start

from bot.cli import cli  # noqa: E402


def main() -> None:
    cli.main(prog_name="liaison")


if __name__ == "__main__":
    main()
