"""``python -m bot`` is ``liaison``."""

from bot.cli import cli


def main() -> None:
    cli.main(prog_name="liaison")


if __name__ == "__main__":
    main()
