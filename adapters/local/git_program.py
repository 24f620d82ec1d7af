"""Runs the ``git`` program: without a shell, without questions, and never for longer than it was given."""

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote, urlsplit

from adapters.local.git_source import GitSource

_LONGEST_REASON = 300  # characters
_SETTINGS = (
    ("core.hooksPath", os.devnull),  # a program in the user's templates is not for our copies
    ("gc.autoDetach", "false"),  # nothing goes on after the command
    ("maintenance.autoDetach", "false"),
    ("http.lowSpeedLimit", "1000"),  # bytes a second
    ("http.lowSpeedTime", "20"),  # seconds
)
_USER, _PASSWORD = "GIT_SOURCE_USER", "GIT_SOURCE_PASSWORD"
_HELPER = f"""!printf 'username=%s\\npassword=%s\\n' "${_USER}" "${_PASSWORD}" #"""
"""Git calls it, with a word that is ignored, when the server asks who it is."""
_OTHER_REPOSITORY = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_NAMESPACE")


class GitFailed(Exception):
    """The text is one line, without credentials."""


class GitMissing(GitFailed):
    """There is no ``git`` program."""


async def git(source: GitSource, *arguments: str, timeout: float, **environment: str) -> str:
    """Returns what it printed. Raises ``GitFailed``. Ends with all of its children when it is cancelled."""
    process = await _start(arguments, {**_environment(source), **environment})
    try:
        async with asyncio.timeout(timeout):
            output, errors = await process.communicate()
    except TimeoutError:
        raise GitFailed(f"no answer within {timeout:.0f} s") from None
    finally:
        await _end(process)
    if process.returncode:
        raise GitFailed(_reason(source, errors.decode(errors="replace")))
    return output.decode(errors="replace").strip()


async def _start(arguments: Sequence[str], environment: Mapping[str, str]) -> asyncio.subprocess.Process:
    """Cancelling asyncio in the middle of this would only kill git itself, and wait for its children."""
    starting = asyncio.ensure_future(
        asyncio.create_subprocess_exec(
            "git",
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environment,
            cwd=Path("/"),
            start_new_session=True,  # without a terminal, ssh cannot ask for a password there either
        )
    )
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        with suppress(OSError):
            await _end(await starting)
        raise
    except FileNotFoundError:
        raise GitMissing("the git program is not installed") from None
    except OSError as error:
        raise GitFailed(f"git cannot be started: {error.strerror}") from None


async def _end(process: asyncio.subprocess.Process) -> None:
    """With its children, such as the one that talks to the server."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.communicate()  # it counts as ended once all that it printed was read


def _environment(source: GitSource) -> Mapping[str, str]:
    """Credentials go here: arguments can be seen by every account of the machine, and an address that has them
    becomes an argument of git's own programs."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name not in _OTHER_REPOSITORY and not name.startswith("LIAISON_")
    }
    settings = list(_SETTINGS)
    if source.credentials:
        user, _, password = source.credentials[0].get_secret_value().partition(":")
        inherited |= {_USER: unquote(user), _PASSWORD: unquote(password)}
        helper = f"credential.https://{urlsplit(source.url).netloc}.helper"
        settings += [(helper, ""), (helper, _HELPER)]  # in place of any other
    before = int(inherited.get("GIT_CONFIG_COUNT", "0") or 0)
    for number, (key, value) in enumerate(settings, start=before):
        inherited |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return {
        **inherited,
        "GIT_CONFIG_COUNT": str(before + len(settings)),
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "",
        "SSH_ASKPASS_REQUIRE": "never",
        "GCM_INTERACTIVE": "never",
        "GIT_LFS_SKIP_SMUDGE": "1",
        "GIT_ALLOW_PROTOCOL": "file" if source.scheme == "file" else "https:ssh",
        "LC_ALL": "C.UTF-8",
    }


def _reason(source: GitSource, errors: str) -> str:
    """The line that says what is wrong, of all that git printed."""
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    fatal = [line for line in lines if line.startswith(("fatal:", "error:", "ERROR:", "remote: ERROR"))]
    line = (fatal or lines or ["git failed and did not say why"])[0]
    if line.startswith("fatal: Could not read from remote repository") and len(lines) > 1:
        line = lines[0]
    for word in ("fatal: ", "error: "):
        line = line.removeprefix(word)
    return source.redacted("".join(c for c in line if c.isprintable()))[:_LONGEST_REASON].rstrip(". ")
