"""``liaison doctor``: one line per check, and the totals. ``FIX`` and ``warn`` say what to set or click.

A problem of the settings is ``FIX`` exactly if ``serve`` refuses it. ``warn`` is advice.

Invalid settings are reported in the same way, and a check that fails unexpectedly is a line too. Nothing is
started or created, and nothing is posted except the button of ``--in``.
"""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr

from adapters.protocol import CheckResult, CheckStatus
from adapters.toolkit.people import is_chat_id
from bot.config.checks import check_problem, check_settings, fix, ok, warn
from bot.config.settings import Settings, SettingsError, load, without_password
from bot.observability.check_report import CheckCounter
from bot.observability.logs import Redactor
from bot.server.lock import CannotStart, is_locked
from bot.server.say_socket import ConnectionCut, Request, SocketSilent, send_request
from bot.surfaces.errors import FOR_THE_OPERATOR, Refusal, SurfaceError

if TYPE_CHECKING:
    from bot.app import Application
    from bot.storage.replicas import Replica
    from bot.storage.store import UnreadableRow

CHECK_TIMEOUT_SECONDS = 60.0
MANY_CHANGES = 1000
_REPORT = "please report this line as a bug"
_HOW_TO_DELIVER = {
    Refusal.NOT_INSTALLED: "install the Slack app in that workspace again",
    Refusal.TOKEN: "replace the token (and restart, if it is in an environment variable)",
    Refusal.SCOPE: "give the app or the bot's account that permission",
    Refusal.NOT_IN_CHANNEL: "invite the bot to that channel",
    Refusal.NO_CHANNEL: "invite the bot to that channel, if it still exists",
    Refusal.ARCHIVED: "unarchive the channel, or leave it",
    Refusal.RESTRICTED: "allow the bot to post in that channel",
    Refusal.INVALID: _REPORT,
}
_OTHER_DATABASE = "set bot.database_url to a database that this account can open and write"


async def doctor(
    config: Path | None,
    channel: str | None,
    show: Callable[[str], None],
    load_settings: Callable[[Path | None], Settings] = load,
) -> int:
    """Returns the exit code: 0 if all is well, 1 if there is something to fix, 2 if the settings are invalid."""
    counter = CheckCounter(Redactor(()))
    try:
        settings = load_settings(config)
    except SettingsError as error:
        for problem in error.problems:
            show(counter.line(check_problem(problem)))
        show(counter.totals())
        return 2
    counter.redact = Redactor(settings.secret_values())
    show(counter.line(ok(f"settings: {settings.source or 'no file, only defaults and the environment'}")))
    async for result in _checks(settings):
        show(counter.line(result))
    if channel is not None:
        show(f"     Posting a button in {channel}. Press it there within a minute ...")
        show(counter.line(await _check_roundtrip(settings, channel)))
    show(counter.totals())
    return 1 if counter.fix else 0


async def _checks(settings: Settings) -> AsyncIterator[CheckResult]:
    for result in check_settings(settings):
        yield result
    with tempfile.TemporaryDirectory(prefix="liaison-doctor-") as folder:
        copy = Path(folder, "liaison.db")
        check_store = _check_server if settings.bot.has_replicas else _check_store
        for result in await _guarded("store", lambda: check_store(settings, copy)):
            yield result
        in_use = _is_in_use(settings)
        async for result in _check_parts(settings, copy, in_use=in_use):
            yield result
    if in_use and (settings.slack is not None or settings.mattermost is not None):
        for result in await _guarded("running Liaison", lambda: _check_running(settings)):
            yield result


async def _guarded(part: str, check: Callable[[], Awaitable[Sequence[CheckResult]]]) -> Sequence[CheckResult]:
    """The results of a check. One that breaks or hangs is a result too."""
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_SECONDS):
            return await check()
    except TimeoutError:
        return [fix(f"{part}: no answer within {CHECK_TIMEOUT_SECONDS:.0f} s", "check that it can be reached")]
    except Exception as error:  # noqa: BLE001  one bad part must not hide the others
        return [fix(f"{part}: the check failed ({type(error).__name__}: {error})", _REPORT)]


async def _check_running(settings: Settings) -> Sequence[CheckResult]:
    """What the process that uses the store knows of its connections to the chats."""
    try:
        return (await send_request(settings.socket_path, Request(about="chats"))).checks
    except (SocketSilent, ConnectionCut):
        summary = "the Liaison that uses the store didn't say whether it receives the chats"
        return [CheckResult(status=CheckStatus.WARN, summary=summary, fix="run liaison doctor again in a minute")]


async def _check_parts(settings: Settings, copy: Path, *, in_use: bool) -> AsyncIterator[CheckResult]:
    """Chats and platforms, on a copy of the database."""
    from bot.bootstrap import bootstrap  # late: invalid settings are reported without loading all of it

    try:
        if settings.bot.secret_key is None and settings.key_path.exists():
            settings.secret_key()
        app = bootstrap(_with_copy(settings, copy))
    except SettingsError as error:
        for problem in error.problems:
            yield check_problem(problem)
        return
    except Exception as error:  # noqa: BLE001  as above
        yield fix(f"settings: Liaison cannot start with them ({type(error).__name__}: {error})", _REPORT)
        return
    try:
        await app.load_rate_limits(read_only=True)
        for name, check in app.checks(in_use=in_use).items():
            for result in await _guarded(name, check):
                yield result.model_copy(update={"summary": _with_part(name, result.summary)})
        for result in await _guarded("outbox", lambda: _check_outbox(app)):
            yield result
        for result in await _guarded("access.places", lambda: _check_place_names(settings, app)):
            yield result
    finally:
        await app.http.close()
        await app.store.close()


def _with_part(name: str, summary: str) -> str:
    return summary if summary.startswith(f"{name}:") else f"{name}: {summary}"


def _with_copy(settings: Settings, copy: Path) -> Settings:
    """``serve`` generates a key if there is none. Here one is only needed to build the application.

    Without a copy, the checks read the database on its server.
    """
    if not copy.exists():
        return settings
    key = settings.bot.secret_key or SecretStr("x" * 32)
    return replace(
        settings,
        cache_folder=settings.cache_path,
        bot=settings.bot.model_copy(update={"database_url": f"sqlite:///{copy}", "secret_key": key}),
    )


async def _check_store(settings: Settings, copy: Path) -> Sequence[CheckResult]:
    """Leaves a usable database in ``copy``, an empty one if there is none or it cannot be read."""
    from bot.storage.inspection import CorruptDatabase, copy_database, migrate, without_leftovers
    from bot.storage.store import StoreError
    from bot.storage.unreadable import find_unreadable_rows

    path = settings.store_path
    if not path.exists():
        await migrate(copy)
        return [_check_new_store(path)]
    try:
        in_use = is_locked(settings.lock_path)
        with without_leftovers(copy):
            await asyncio.to_thread(copy_database, path, copy, in_use=in_use)
            await migrate(copy)
        unreadable = await find_unreadable_rows(f"sqlite:///{copy}")
    except CorruptDatabase as error:
        await migrate(copy)
        how = f"restore a backup of {path}, or move it away to start with an empty one"
        return [fix(f"store: {path} is not a readable database ({error})", how)]
    except (StoreError, CannotStart, OSError) as error:
        await migrate(copy)
        return [fix(f"store: {path}: {error}", _OTHER_DATABASE)]
    if not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK | os.X_OK)):
        return [fix(f"store: {path} cannot be written", _OTHER_DATABASE)]
    return [
        ok(f"store: {path}{', in use by a running Liaison' if in_use else ''}"),
        *_unreadable_rows(unreadable),
    ]


def _unreadable_rows(rows: Sequence["UnreadableRow"]) -> Iterator[CheckResult]:
    how = "Liaison runs without it; keep a copy of the database and report this"
    for row in rows:
        yield fix(f"store: {row.table} {row.key} cannot be read ({row.reason})", how)


async def _check_server(settings: Settings, copy: Path) -> Sequence[CheckResult]:
    """A PostgreSQL database: nothing in it is changed. The other checks get an empty database in ``copy`` if this
    one has no tables that they can use."""
    from bot.storage.inspection import inspect_server, migrate
    from bot.storage.store import StoreError
    from bot.storage.unreadable import find_unreadable_rows

    url = settings.bot.database_url
    name = without_password(url)
    try:
        tables = await inspect_server(url)
        if tables == "current":
            unreadable = _unreadable_rows(await find_unreadable_rows(url))
            return [ok(f"store: {name}"), *await _check_replicas(url), *unreadable]
    except StoreError as error:
        await migrate(copy)
        return [fix(f"store: {name}: {error}", _OTHER_DATABASE)]
    await migrate(copy)
    what = "has no tables yet; liaison serve creates them"
    return [ok(f"store: {name} {what if tables == 'empty' else 'is migrated by the next liaison serve'}")]


async def _check_replicas(url: str) -> Sequence[CheckResult]:
    """One line for each that is alive. Several versions are normal only during an upgrade."""
    from bot.storage.replicas import live_replicas

    now = datetime.now(UTC)
    replicas = await live_replicas(url, now)
    if not replicas:
        return [ok("replicas: none is running")]
    found = [ok(f"replica {_described(replica, now)}") for replica in replicas]
    found += [
        warn(
            f"replica {replica.name} is {replica.behind} changes behind the others", "look at its load and its log"
        )
        for replica in replicas
        if replica.behind > MANY_CHANGES
    ]
    versions = sorted({replica.version for replica in replicas})
    if len(versions) > 1:
        found.append(warn(f"replicas: several versions ({', '.join(versions)})", "finish the upgrade"))
    return found


def _described(replica: "Replica", now: datetime) -> str:
    seen = max(0, round((now - replica.seen_at).total_seconds()))
    lag = f"{replica.behind} changes behind" if replica.behind else "up to date"
    return f"{replica.name}: version {replica.version}, seen {seen} s ago, {lag}"


def _check_new_store(path: Path) -> CheckResult:
    folder = next(parent for parent in path.absolute().parents if parent.exists())
    if folder.is_dir() and os.access(folder, os.W_OK | os.X_OK):
        return ok(f"store: {path} does not exist yet; liaison serve creates it")
    return fix(f"store: {path} cannot be created, because {folder} cannot be written", _OTHER_DATABASE)


def _is_in_use(settings: Settings) -> bool:
    try:
        return is_locked(settings.lock_path)
    except CannotStart:  # the check of the store has a line for it
        return False


async def _check_outbox(app: "Application") -> Sequence[CheckResult]:
    """What a chat refused to take, by place and reason. Each is sent once that is possible."""
    from bot.storage.outbox import OutboxRows

    refused: dict[tuple[str, str], list[str]] = {}
    for delivery in await OutboxRows(app.store).unsent():
        if delivery.parked:
            place = delivery.place
            name = f"{place.surface} #{place.channel_name}" if place.channel_name else place.key
            refused.setdefault((name, delivery.reason), []).append(delivery.detail)
    results: list[CheckResult] = []
    for (place_name, reason), details in refused.items():
        summary = f"outbox: {len(details)} not taken in {place_name}: {details[-1]}"
        how = _HOW_TO_DELIVER.get(Refusal(reason), "nothing; it is sent once the chat takes it")
        result = fix(summary, how) if reason in FOR_THE_OPERATOR else warn(summary, how)
        results.append(result)
    return results


async def _check_place_names(settings: Settings, app: "Application") -> Sequence[CheckResult]:
    """A name that no channel has lets nobody change runs anywhere. Ids are not looked up."""
    names = [place.removeprefix("#") for place in settings.access.places if not is_chat_id(place)]
    results: list[CheckResult] = []
    for name in names:
        try:
            found = [await surface.channels_named(name) for surface in app.surfaces.values()]
        except SurfaceError:  # the check of that chat has a line for it
            break
        if found and all(ids is not None and not ids for ids in found):
            how = "correct it (the name is in the channel's URL), or invite the bot to that channel"
            results.append(fix(f"access.places: the bot is in no channel called {name}", how))
    return results


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
