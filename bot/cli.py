"""The ``liaison`` command. Exit codes: 0 ok, 1 it failed, 2 settings or usage wrong, 3 a question is open.

Commands import what they need when they run: loading the whole application takes longer than most of a ``say``,
which only talks to a socket.
"""

import asyncio
import json
import logging
import os
import shutil
import sys
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import click
import uvloop
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay, wait_fixed

from bot.config.settings import Settings, SettingsError, load
from bot.observability import logs
from bot.server.lock import CannotStart, StoreFolderNotWritable, StoreLocked, hold_lock
from bot.server.say_socket import SILENCE_SECONDS, ConnectionCut, Reply, Request, SocketSilent, ask
from bot.surfaces.console.surface import CHANNEL, account
from bot.surfaces.console.terminal_text import strip_controls

EXIT_OK, EXIT_FAILED, EXIT_USAGE, EXIT_QUESTION = 0, 1, 2, 3
_BY_RESULT = {"done": EXIT_OK, "failed": EXIT_FAILED, "question": EXIT_QUESTION, "": EXIT_FAILED}
T = TypeVar("T")


class CommandFailed(click.ClickException):
    """Ends the command with a sentence."""

    exit_code = EXIT_FAILED

    def show(self, file: Any = None) -> None:
        click.echo(self.message, err=True)


class UsageFailed(CommandFailed):
    """So does this, when settings or usage are to blame."""

    exit_code = EXIT_USAGE


_config = click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The settings file; else LIAISON_CONFIG, else ./liaison.toml.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="liaison")
def cli() -> None:
    """Runs your runbooks from chat. New here? Try: liaison demo"""


@cli.command()
@_config
def serve(config: Path | None) -> None:
    """Run Liaison until it is told to stop."""
    settings = _settings(config, key=True)
    logs.configure(settings.secret_values())
    from bot.server.serve import serve as until_told

    _run(_guarded(until_told(settings), settings))


cli.add_command(serve, "run")


@cli.command()
@click.option("--script", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Lines to carry out.")
def demo(script: Path | None) -> None:
    """Try it: a chat in this terminal, over sample runbooks. No accounts, no network."""
    from bot.demo import demo as chat

    try:
        lines = script.read_text(encoding="utf-8").splitlines() if script is not None else None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageFailed(f"The script cannot be read: {error}") from None
    logs.configure(level=logging.ERROR)
    with suppress(KeyboardInterrupt):  # a way of leaving, like Ctrl-D
        sys.exit(_run(chat(lines)))


@cli.command(context_settings={"ignore_unknown_options": True})
@_config
@click.argument("words", nargs=-1, required=True, metavar="TEXT", type=click.UNPROCESSED)
@click.option("--as", "user", default="", help="Whose word it is; else this account's name.")
@click.option("--channel", default=CHANNEL, show_default=True, help="The channel it is said in.")
@click.option("--yes", is_flag=True, help="Answer a question with its first choice.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
def say(config: Path | None, words: tuple[str, ...], user: str, channel: str, yes: bool, as_json: bool) -> None:
    """Carry out one command, wait for its outcome, and print the card."""
    settings = _settings(config)
    logs.configure(settings.secret_values(), level=logging.ERROR)
    width = shutil.get_terminal_size().columns
    request = Request(text=_line(words), user=user or account("operator"), channel=channel, yes=yes, width=width)
    reply = _run(_guarded(_say(settings, request), settings))
    if as_json:
        click.echo(strip_controls(json.dumps(reply.model_dump(mode="json"), ensure_ascii=False, indent=2)))
    else:
        for block in reply.shown:
            click.echo(strip_controls("\n".join(block.lines)))
        if reply.says:
            click.echo(strip_controls(reply.says), err=True)
    sys.exit(_BY_RESULT[reply.result])


@cli.command()
@_config
@click.option("--in", "channel", help="Post a button in this channel and wait until somebody presses it.")
def doctor(config: Path | None, channel: str | None) -> None:
    """Check settings, store, chats and platforms; say how to fix what is wrong."""
    from bot.doctor import doctor as examine

    with suppress(SettingsError):  # doctor reports those
        logs.configure(load(config).secret_values(), level=logging.CRITICAL)
    sys.exit(_run(examine(config, channel, click.echo)))


@cli.command()
def settings() -> None:
    """Print a commented liaison.toml."""
    from bot.config.template import template

    click.echo(template(), nl=False)


@cli.command()
@_config
def manifest(config: Path | None) -> None:
    """Print the Slack app's manifest."""
    from bot.surfaces.slack.manifest import manifest_yaml

    found = _settings(config)
    socket = found.slack is not None and found.slack.app_token is not None
    click.echo(manifest_yaml(found.bot.command, found.bot.public_url, socket), nl=False)


@cli.command()
@_config
def migrate(config: Path | None) -> None:
    """Bring the database's tables up to date (serve does it by itself)."""
    from bot.server.serve import migrate as bring_up_to_date

    found = _settings(config)
    logs.configure(found.secret_values(), level=logging.WARNING)
    _run(_guarded(bring_up_to_date(found), found))
    click.echo(f"{found.store_path} is up to date.")


async def _say(settings: Settings, request: Request) -> Reply:
    """Here where the store is free, else by whoever holds it; either may be about to change, so for 2 s."""
    tries = AsyncRetrying(
        retry=retry_if_exception_type(SocketSilent),
        stop=stop_after_delay(SILENCE_SECONDS),
        wait=wait_fixed(0.1),
        reraise=True,
    )
    return await tries(_say_once, settings, request)


async def _say_once(settings: Settings, request: Request) -> Reply:
    try:
        with hold_lock(settings.lock_path):
            from bot.server.serve import say_alone

            return await say_alone(settings, request)
    except StoreLocked:
        return await ask(settings.socket_path, request)


async def _guarded(work: Coroutine[Any, Any, T], settings: Settings) -> T:
    """What can go wrong around a store and a port, as a sentence and an exit code."""
    try:
        return await work
    except StoreFolderNotWritable as error:
        raise UsageFailed(str(error)) from None
    except CannotStart as error:
        raise CommandFailed(logs.Redactor(settings.secret_values())(str(error))) from None
    except SettingsError as error:
        raise UsageFailed(_problems(error)) from None
    except SocketSilent:
        raise CommandFailed(
            f"A Liaison holds {settings.store_path}, but is silent for 2 s. Nothing was done."
        ) from None
    except ConnectionCut:
        raise CommandFailed(
            "Liaison stopped before the outcome was known. It is recorded, and goes on when Liaison runs again: "
            "look with liaison say show."
        ) from None


def _settings(config: Path | None, *, key: bool = False) -> Settings:
    """``key``: with the secret key, which is made where there is none yet."""
    try:
        return load(config).with_secret_key() if key else load(config)
    except SettingsError as error:
        raise UsageFailed(_problems(error)) from None


def _problems(error: SettingsError) -> str:
    return "\n".join(["Settings:", *(f"  {problem}" for problem in error.problems)])


def _line(words: tuple[str, ...]) -> str:
    """As typed: the shell took the quotes off, so an argument with spaces gets them back."""
    if len(words) == 1:
        return words[0]
    return " ".join(f'"{word}"' if any(map(str.isspace, word)) else word for word in words)


def _run(work: Coroutine[Any, Any, T]) -> T:
    os.umask(0o077)  # the store holds what people said
    make: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=make) as runner:
        return runner.run(work)
