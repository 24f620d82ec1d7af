"""``liaison doctor``: one line a check, ``ok`` or ``FIX`` with the exact setting or click; the last line counts.

Settings problems are lines too. Nothing is started and nothing is written, but for the button of ``--in``.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from adapters.protocol import CheckResult, CheckStatus
from bot.config.parse import PREFIX, SECTIONS
from bot.config.settings import Settings, SettingsError, load
from bot.server.lock import CannotStart, StoreLocked
from bot.server.say_socket import ConnectionCut, Request, SocketSilent, ask
from bot.surfaces.console.terminal_text import one_line
from commands.access import is_chat_id

SHORTEST_HOOK_SECRET = 16
Print = Callable[[str], None]


@dataclass
class CheckCounter:
    ok: int = 0
    fix: int = 0

    def line(self, problem: CheckResult) -> str:
        """What platforms, chats and files are called is in it: nothing of that may move a terminal's cursor."""
        if problem.status is CheckStatus.OK:
            self.ok += 1
            return one_line(f"ok   {problem.summary}")
        self.fix += 1
        return one_line(f"FIX  {problem.summary}" + (f" -> {problem.fix}" if problem.fix else ""))


async def doctor(config: Path | None, channel: str | None, show: Print, read: "ReadSettings" = load) -> int:
    """0 all well, 1 something to fix, 2 the settings cannot be used."""
    count = CheckCounter()
    try:
        settings = read(config)
    except SettingsError as error:
        for sentence in error.problems:
            show(count.line(fix(sentence, _where(sentence))))
        show(_total(count))
        return 2
    show(count.line(ok(f"settings: {settings.source or 'no file, defaults and the environment'}")))
    async for problem in _checks(settings):
        show(count.line(problem))
    if channel is not None:
        show(f"     Posting a button in {channel}; press it there within a minute ...")
        show(count.line(await _press(settings, channel)))
    show(_total(count))
    return 1 if count.fix else 0


ReadSettings = Callable[[Path | None], Settings]


def ok(what: str) -> CheckResult:
    return CheckResult(status=CheckStatus.OK, summary=what)


def fix(what: str, how: str) -> CheckResult:
    return CheckResult(status=CheckStatus.FIX, summary=what, fix=how)


def _where(problem: str) -> str:
    """The exact place of the key that a problem begins with; what is no key is a variable, or the file."""
    key = problem.partition(":")[0]
    section, dot, name = key.rpartition(".")
    if "cannot be read" in problem:
        return "name the right file with --config or LIAISON_CONFIG; liaison settings prints one to begin with"
    if not dot or section.partition(".")[0] not in SECTIONS:
        return f"correct {key}"
    variable = f"{PREFIX}{key.replace('.', '__').replace('-', '_').upper()}"
    act = "set" if ": is missing" in problem else "correct"
    return f"{act} {name} under [{section}] in the settings file, or {variable}"


def _total(count: CheckCounter) -> str:
    return f"{count.ok} ok, {count.fix} to fix"


async def _checks(settings: Settings) -> AsyncIterator[CheckResult]:
    from bot.app import bootstrap  # settings that are wrong are said at once, without loading all of it

    for problem in [*_address(settings), *_hooks(settings), *_places(settings), await _store(settings)]:
        yield problem
    try:
        app = bootstrap(settings.with_secret_key())
    except SettingsError as error:
        for sentence in error.problems:
            yield fix(sentence, "")
        return
    try:
        for part, problems in (await app.check()).items():
            for problem in problems:
                yield problem.model_copy(update={"summary": f"{part}: {problem.summary}"})
    finally:
        await app.http.close()


def _address(settings: Settings) -> Sequence[CheckResult]:
    bot = settings.bot
    found = []
    if settings.slack is None and settings.mattermost is None:
        found.append(fix("chat: none is configured", "add [slack] or [mattermost] (liaison settings shows them)"))
    if settings.mattermost is not None and bot.public_url is None:
        how = f"set bot.public_url to where Mattermost reaches port {bot.port}"
        found.append(fix(f"bot.public_url: not set; Mattermost will call its buttons at {bot.address}", how))
    return found


def _hooks(settings: Settings) -> Sequence[CheckResult]:
    short = [
        name
        for name, known in settings.platforms.items()
        if known.hook_secret is not None and len(known.hook_secret.get_secret_value()) < SHORTEST_HOOK_SECRET
    ]
    how = f"at least {SHORTEST_HOOK_SECRET} characters: openssl rand -hex 16"
    return [fix(f"platforms.{name}.hook_secret: can be guessed", how) for name in short]


def _places(settings: Settings) -> Sequence[CheckResult]:
    """On Mattermost anybody may make a team, with a channel of any name in it, and let our bot in."""
    site = settings.mattermost
    if site is None or site.team:
        return []
    how = "name it by its id (the channel's menu, View Info), or set mattermost.team"
    names = [place for place in settings.access.places if not is_chat_id(place)]
    return [fix(f"access.places: {name} may be a channel of any team's", how) for name in names]


async def _store(settings: Settings) -> CheckResult:
    """Opened only when nobody else has it."""
    from bot.server.serve import migrate

    path = settings.store_path
    try:
        await migrate(settings)
    except StoreLocked:
        return ok(f"store: {path}, in use by a running Liaison")
    except CannotStart as error:
        return fix(f"store: {error}", "set bot.database_url to a database that this account can open and write")
    return ok(f"store: {path}")


async def _press(settings: Settings, channel: str) -> CheckResult:
    what = f"button in {channel}"
    try:
        reply = await ask(settings.socket_path, Request(about="press", channel=channel))
    except SocketSilent:
        return fix(f"{what}: no Liaison is running to receive the press", "start liaison serve, then try again")
    except ConnectionCut:
        return fix(f"{what}: Liaison stopped meanwhile", "start liaison serve, then try again")
    if reply.result == "done":
        return ok(" ".join(block.summary for block in reply.shown))
    return fix(what, reply.says)
