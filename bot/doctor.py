"""``liaison doctor``: one line per check, ``ok`` or ``FIX`` with what to set or click, and the totals.

Invalid settings are reported in the same way. Nothing is started, and nothing is posted except the button of
``--in``.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from adapters.protocol import CheckResult, CheckStatus
from bot.config.parse import PREFIX, RENAMED, SECTIONS
from bot.config.settings import Settings, SettingsError, load
from bot.server.lock import CannotStart, StoreLocked
from bot.server.say_socket import ConnectionCut, Request, SocketSilent, send_request
from bot.surfaces.console.terminal_text import one_line
from commands.access import is_chat_id

SHORTEST_HOOK_SECRET = 16


@dataclass
class CheckCounter:
    ok: int = 0
    fix: int = 0

    def line(self, result: CheckResult) -> str:
        """Names from platforms, chats and files are made safe for a terminal."""
        if result.status is CheckStatus.OK:
            self.ok += 1
            return one_line(f"ok   {result.summary}")
        self.fix += 1
        return one_line(f"FIX  {result.summary}" + (f" -> {result.fix}" if result.fix else ""))

    def totals(self) -> str:
        return f"{self.ok} ok, {self.fix} to fix"


async def doctor(
    config: Path | None,
    channel: str | None,
    show: Callable[[str], None],
    load_settings: Callable[[Path | None], Settings] = load,
) -> int:
    """Returns the exit code: 0 if all is well, 1 if there is something to fix, 2 if the settings are invalid."""
    counter = CheckCounter()
    try:
        settings = load_settings(config)
    except SettingsError as error:
        for problem in error.problems:
            show(counter.line(fix(problem, _how_to_fix(problem))))
        show(counter.totals())
        return 2
    show(counter.line(ok(f"settings: {settings.source or 'no file, only defaults and the environment'}")))
    async for result in _checks(settings):
        show(counter.line(result))
    if channel is not None:
        show(f"     Posting a button in {channel}. Press it there within a minute ...")
        show(counter.line(await _check_roundtrip(settings, channel)))
    show(counter.totals())
    return 1 if counter.fix else 0


def ok(summary: str) -> CheckResult:
    return CheckResult(status=CheckStatus.OK, summary=summary)


def fix(summary: str, how: str) -> CheckResult:
    return CheckResult(status=CheckStatus.FIX, summary=summary, fix=how)


def _how_to_fix(problem: str) -> str:
    """Names the place of the key that the problem begins with: the settings file and the variable."""
    key = problem.partition(":")[0]
    section, dot, name = key.rpartition(".")
    if "cannot be read" in problem:
        return "name the right file with --config or LIAISON_CONFIG; liaison settings prints a template"
    if not dot or section.partition(".")[0] not in SECTIONS:
        return f"correct {key}"
    verb = "set" if ": is missing" in problem else "correct"
    return f"{verb} {name} under [{section}] in the settings file, or {_variable(key)}"


def _variable(key: str) -> str:
    return f"{PREFIX}{key.replace('.', '__').replace('-', '_').upper()}"


async def _checks(settings: Settings) -> AsyncIterator[CheckResult]:
    from bot.app import bootstrap  # late: invalid settings are reported without loading all of it

    for result in [
        *_renamed_settings(settings),
        *_check_chats(settings),
        *_check_hook_secrets(settings),
        *_check_places(settings),
        await _check_store(settings),
        *await _check_rows(settings),
    ]:
        yield result
    try:
        app = bootstrap(settings.with_secret_key())
    except SettingsError as error:
        for problem in error.problems:
            yield fix(problem, "")
        return
    try:
        for part, results in (await app.check()).items():
            for result in results:
                yield result.model_copy(update={"summary": f"{part}: {result.summary}"})
    finally:
        await app.http.close()


def _renamed_settings(settings: Settings) -> Sequence[CheckResult]:
    """A line for each setting that was set by its old name."""
    found = []
    for warning in settings.warnings:
        section, _, old = warning.partition(":")[0].rpartition(".")
        new = RENAMED[section][old]
        how = (
            f"rename {old} to {new} under [{section}] in the settings file, or use {_variable(f'{section}.{new}')}"
        )
        found.append(fix(warning, how))
    return found


def _check_chats(settings: Settings) -> Sequence[CheckResult]:
    bot = settings.bot
    found = []
    if settings.slack is None and settings.mattermost is None:
        found.append(fix("chat: none is configured", "add [slack] or [mattermost]; see liaison settings"))
    if settings.mattermost is not None and bot.public_url is None:
        how = f"set bot.public_url to the URL at which Mattermost can reach port {bot.port}"
        found.append(fix(f"bot.public_url: not set, so Mattermost will send clicks to {bot.address}", how))
    return found


def _check_hook_secrets(settings: Settings) -> Sequence[CheckResult]:
    short = [
        name
        for name, entry in settings.platforms.items()
        if entry.hook_secret is not None and len(entry.hook_secret.get_secret_value()) < SHORTEST_HOOK_SECRET
    ]
    how = f"use at least {SHORTEST_HOOK_SECRET} characters: openssl rand -hex 16"
    return [fix(f"platforms.{name}.hook_secret: is too short and can be guessed", how) for name in short]


def _check_places(settings: Settings) -> Sequence[CheckResult]:
    """On Mattermost anybody may create a team with a channel of any name, and add our bot to it."""
    if settings.mattermost is None or settings.mattermost.team:
        return []
    how = "use its id (in the channel's menu, View Info), or set mattermost.team"
    names = [place for place in settings.access.places if not is_chat_id(place)]
    return [fix(f"access.places: {name} matches channels of every team", how) for name in names]


async def _check_store(settings: Settings) -> CheckResult:
    """Opens the database only if no other process uses it."""
    from bot.server.serve import migrate

    path = settings.store_path
    try:
        await migrate(settings)
    except StoreLocked:
        return ok(f"store: {path}, in use by a running Liaison")
    except CannotStart as error:
        return fix(f"store: {error}", "set bot.database_url to a database that this account can open and write")
    return ok(f"store: {path}")


async def _check_rows(settings: Settings) -> Sequence[CheckResult]:
    """A line for each row that cannot be read; nothing where the database cannot be read at all."""
    from bot.storage.store import StoreError
    from bot.storage.unreadable import find_unreadable_rows

    if not settings.store_path.is_file():
        return []
    try:
        unreadable = await find_unreadable_rows(settings.bot.database_url)
    except StoreError:
        return []
    how = "Liaison runs without it; keep a copy of the database and report this"
    return [fix(f"store: {row.table} {row.key} cannot be read ({row.reason})", how) for row in unreadable]


async def _check_roundtrip(settings: Settings, channel: str) -> CheckResult:
    summary = f"button in {channel}"
    try:
        reply = await send_request(settings.socket_path, Request(about="press", channel=channel))
    except SocketSilent:
        return fix(f"{summary}: no Liaison is running", "start liaison serve, then try again")
    except ConnectionCut:
        return fix(
            f"{summary}: Liaison stopped before the button was pressed", "start liaison serve, then try again"
        )
    if reply.result == "done":
        return ok(" ".join(block.summary for block in reply.shown))
    return fix(summary, reply.text)
