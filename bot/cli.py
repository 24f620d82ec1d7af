"""The ``liaison`` command. Exit codes: 0 success, 1 failure, 2 invalid settings or usage, 3 an open question.

Commands import what they need when they run: loading the whole application takes longer than the rest of a
``say``, which only talks to a socket.
"""

import asyncio
import json
import logging
import os
import shutil
import sys
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import click
import uvloop
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay, wait_fixed

from bot.config.settings import Settings, SettingsError, load, passwords_of
from bot.observability import logs
from bot.server.lock import CannotStart, StoreFolderNotWritable, StoreLocked, hold_lock
from bot.server.say_socket import (
    GREETING_TIMEOUT_SECONDS,
    ConnectionCut,
    Reply,
    Request,
    SocketSilent,
    send_request,
)
from bot.surfaces.console.surface import CHANNEL, account
from bot.surfaces.console.terminal_text import strip_controls

EXIT_OK, EXIT_FAILED, EXIT_USAGE, EXIT_QUESTION = 0, 1, 2, 3
_EXIT_CODES = {"done": EXIT_OK, "failed": EXIT_FAILED, "question": EXIT_QUESTION, "": EXIT_FAILED}
T = TypeVar("T")


class CommandFailed(click.ClickException):
    """Ends the command with a message and exit code 1."""

    exit_code = EXIT_FAILED

    def show(self, file: Any = None) -> None:
        click.echo(self.message, err=True)


class UsageFailed(CommandFailed):
    """Invalid settings or usage: exit code 2."""

    exit_code = EXIT_USAGE


_config = click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The settings file. Default: LIAISON_CONFIG, else ./liaison.toml.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="liaison")
def cli() -> None:
    """Run your runbooks from chat. New here? Try: liaison demo"""


@cli.command()
@_config
def serve(config: Path | None) -> None:
    """Run Liaison until it is stopped."""
    settings = _load_settings(config, secret_key=True)
    logs.configure(settings.secret_values())
    from bot.server import serve as server

    _run(_with_exit_codes(server.serve(settings), settings))


cli.add_command(serve, "run")


@cli.command()
@click.option("--script", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Commands to run.")
def demo(script: Path | None) -> None:
    """Try Liaison in this terminal with sample runbooks. No accounts, no network."""
    from bot.demo import demo as run_demo

    try:
        lines = script.read_text(encoding="utf-8").splitlines() if script is not None else None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageFailed(f"The script cannot be read: {error}") from None
    logs.configure(level=logging.ERROR)
    with suppress(KeyboardInterrupt):  # leaves the demo, like Ctrl-D
        sys.exit(_run(run_demo(lines)))


@cli.command(context_settings={"ignore_unknown_options": True})
@_config
@click.argument("words", nargs=-1, required=True, metavar="TEXT", type=click.UNPROCESSED)
@click.option("--as", "user", default="", help="The name to act under. Default: this account's name.")
@click.option("--channel", default=CHANNEL, show_default=True, help="The channel to act in.")
@click.option("--yes", is_flag=True, help="Confirm what a question asks. It never chooses between things.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
def say(config: Path | None, words: tuple[str, ...], user: str, channel: str, yes: bool, as_json: bool) -> None:
    """Run one command, wait for its outcome, and print the card."""
    settings = _load_settings(config)
    logs.configure(settings.secret_values(), level=logging.ERROR)
    width = shutil.get_terminal_size().columns
    request = Request(
        text=_command_line(words), user=user or account("operator"), channel=channel, yes=yes, width=width
    )
    reply = _run(_with_exit_codes(_say(settings, request), settings))
    if as_json:
        click.echo(strip_controls(json.dumps(reply.model_dump(mode="json"), ensure_ascii=False, indent=2)))
    else:
        for block in reply.shown:
            click.echo(strip_controls("\n".join(block.lines)))
        if reply.text:
            click.echo(strip_controls(reply.text), err=True)
    sys.exit(_EXIT_CODES[reply.result])


@cli.command()
@_config
@click.option("--in", "channel", help="Post a button in this channel and wait until somebody presses it.")
def doctor(config: Path | None, channel: str | None) -> None:
    """Check settings, database, chats and platforms."""
    from bot.doctor import doctor as run_checks

    with suppress(SettingsError):  # doctor reports them
        logs.configure(load(config).secret_values(), level=logging.CRITICAL)
    sys.exit(_run(run_checks(config, channel, click.echo)))


@cli.command()
@click.option(
    "--write",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write it to this new file, readable only by you.",
)
def settings(write: Path | None) -> None:
    """Print a commented liaison.toml."""
    from bot.config.template import template

    if write is None:
        click.echo(template(), nl=False)
        return
    try:
        with os.fdopen(os.open(write, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(template())
    except OSError as error:
        raise CommandFailed(f"{write} cannot be written: {error.strerror}.") from None


@cli.command()
@_config
def manifest(config: Path | None) -> None:
    """Print the manifest of the Slack app."""
    from bot.config.link_domains import link_domains
    from bot.surfaces.slack.manifest import manifest_yaml

    settings = _load_settings(config)
    socket_mode = settings.slack is not None and settings.slack.app_token is not None
    domains = link_domains(settings)
    steps = settings.slack is not None and settings.slack.workflow_steps
    bot = settings.bot
    click.echo(manifest_yaml(bot.command, bot.public_url, socket_mode, domains, steps=steps), nl=False)


@cli.group()
def mattermost() -> None:
    """Commands for Mattermost."""


@mattermost.command("setup")
@_config
@click.option("--team", "teams", multiple=True, help="A team to set up, by name. Default: all teams of the bot.")
@click.option("--dry-run", is_flag=True, help="Only print what would change.")
def mattermost_setup(config: Path | None, teams: tuple[str, ...], dry_run: bool) -> None:
    """Create the slash commands, add the bot to its teams, and check the server, with an administrator's token."""
    from bot.mattermost_setup import set_up_mattermost

    settings = _load_settings(config)
    options = settings.mattermost
    if options is None:
        raise UsageFailed(
            "Set [mattermost] url and token first: liaison settings prints a commented liaison.toml."
        )
    logs.configure(settings.secret_values(), level=logging.ERROR)
    question = "An administrator's access token (used once, not stored; leave it empty to see what to click)"
    admin_token = click.prompt(question, hide_input=True, default="", show_default=False, err=True).strip()
    work = set_up_mattermost(
        settings, options, admin_token=admin_token, teams=teams, dry_run=dry_run, show=click.echo
    )
    sys.exit(_run(work))


@cli.group()
def runbooks() -> None:
    """Commands for the runbooks of local folders."""


@runbooks.command("check")
@_config
@click.argument("path", type=click.Path(path_type=Path, exists=True), required=False)
@click.option("--fix", is_flag=True, help="Offer to write each file again with a check box for each task.")
def runbooks_check(config: Path | None, path: Path | None, fix: bool) -> None:
    """Print how runbooks are read: a file, a folder, or all that are configured."""
    from bot.runbooks import check_runbooks

    settings = _load_settings(config)
    logs.configure(settings.secret_values(), level=logging.ERROR)
    confirm = partial(click.confirm, default=False, err=True)
    sys.exit(_run(check_runbooks(settings, path, click.echo, confirm if fix else None)))


@runbooks.command("sync")
@_config
def runbooks_sync(config: Path | None) -> None:
    """Refresh the copies of Git repositories now."""
    from bot.runbooks import sync_runbooks

    settings = _load_settings(config)
    logs.configure(settings.secret_values(), level=logging.ERROR)
    sys.exit(_run(sync_runbooks(settings, click.echo)))


@cli.command()
@_config
@click.option(
    "--to", "target", metavar="URL", help="Move everything to this empty PostgreSQL database. Stop serve first."
)
def migrate(config: Path | None, target: str | None) -> None:
    """Migrate the database (serve also does this at startup)."""
    from bot.server import serve as server

    settings = _load_settings(config)
    if target is not None:
        _move(settings, target)
        return
    logs.configure(settings.secret_values(), level=logging.WARNING)
    _run(_with_exit_codes(server.migrate(settings), settings))
    click.echo(f"{'The database' if settings.bot.has_replicas else settings.store_path} is up to date.")


def _move(settings: Settings, target: str) -> None:
    from bot.config.options import require_postgresql
    from bot.server import serve as server

    if settings.bot.has_replicas:
        raise UsageFailed("--to moves an SQLite database, and bot.database_url is another one.")
    if not settings.store_path.exists():
        raise UsageFailed(f"There is no database at {settings.store_path}.")
    try:
        require_postgresql(target)
    except ValueError as error:
        raise UsageFailed(f"--to: {error}") from None
    secrets = [*settings.secret_values(), *passwords_of(target)]
    logs.configure(secrets, level=logging.WARNING)
    moved = _run(_with_exit_codes(server.move(settings, target), settings, secrets))
    for table, rows in moved.items():
        click.echo(f"{rows:>9}  {table}")
    click.echo(f"Moved {sum(moved.values())} rows. Next, set bot.database_url to the PostgreSQL database.")
    if settings.bot.secret_key is None and settings.key_path.exists():
        click.echo(f"Set bot.secret_key to the key in {settings.key_path}, so that buttons keep working.")


@cli.command()
@_config
@click.argument("folder", type=click.Path(path_type=Path))
def backup(config: Path | None, folder: Path) -> None:
    """Copy the database and its key into a new folder, also while Liaison runs."""
    from bot.backup import CannotBackUp, back_up

    settings = _load_settings(config)
    os.umask(0o077)  # only the owner may read what people wrote
    try:
        copies = back_up(settings, folder)
    except CannotBackUp as error:
        raise CommandFailed(str(error)) from None
    click.echo("\n".join(f"Wrote {copy}." for copy in copies))


@cli.command("new-platform")
@click.argument("name")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=Path(),
    help="Where to write it; the current folder by default.",
)
def new_platform(name: str, folder: Path) -> None:
    """Write the skeleton of an adapter for another platform."""
    from bot.new_platform import CannotWrite, suite_command, write_skeleton

    try:
        written = write_skeleton(name, folder)
    except CannotWrite as error:
        raise UsageFailed(str(error)) from None
    click.echo(
        f"Wrote {written}. Its TODOs are numbered. When they are done, this passes: {suite_command(name, folder)}"
    )


async def _say(settings: Settings, request: Request) -> Reply:
    """Retries for 2 s, because the process that has the store may just be starting or stopping."""
    attempts = AsyncRetrying(
        retry=retry_if_exception_type(SocketSilent),
        stop=stop_after_delay(GREETING_TIMEOUT_SECONDS),
        wait=wait_fixed(0.1),
        reraise=True,
    )
    return await attempts(_say_once, settings, request)


async def _say_once(settings: Settings, request: Request) -> Reply:
    """Executes the command here if the store is free, or else in the process that has it."""
    try:
        with hold_lock(settings.lock_path):
            from bot.server.serve import execute_without_server

            return await execute_without_server(settings, request)
    except StoreLocked:
        return await send_request(settings.socket_path, request)


async def _with_exit_codes(
    work: Coroutine[Any, Any, T], settings: Settings, secrets: Sequence[str] | None = None
) -> T:
    """Turns errors of the store, the port and the socket into messages with exit codes."""
    try:
        return await work
    except StoreFolderNotWritable as error:
        raise UsageFailed(str(error)) from None
    except CannotStart as error:
        raise CommandFailed(logs.Redactor(secrets or settings.secret_values())(str(error))) from None
    except SettingsError as error:
        raise UsageFailed(_problem_list(error)) from None
    except SocketSilent:
        raise CommandFailed(
            f"A Liaison process is using {settings.store_path}, but did not respond within "
            f"{GREETING_TIMEOUT_SECONDS:.0f} s. The command was not sent."
        ) from None
    except ConnectionCut:
        raise CommandFailed(
            "Liaison stopped before the outcome was known. The command is recorded and will continue when Liaison "
            "runs again. Check with: liaison say show"
        ) from None


def _load_settings(config: Path | None, *, secret_key: bool = False) -> Settings:
    """With ``secret_key``, a key is generated if there is none yet."""
    try:
        return load(config).with_secret_key() if secret_key else load(config)
    except SettingsError as error:
        raise UsageFailed(_problem_list(error)) from None


def _problem_list(error: SettingsError) -> str:
    return "\n".join(["Invalid settings:", *(f"  {problem}" for problem in error.problems)])


def _command_line(words: tuple[str, ...]) -> str:
    """The command as typed: the shell has removed the quotes around arguments with spaces."""
    if len(words) == 1:
        return words[0]
    return " ".join(f'"{word}"' if any(map(str.isspace, word)) else word for word in words)


def _run(work: Coroutine[Any, Any, T]) -> T:
    os.umask(0o077)  # only the owner may read what people wrote
    loop_factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        return runner.run(work)
