"""A real Git repository to push to, on this disk or behind https with a password."""

import base64
import os
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import trustme

_IDENTITY = {
    f"GIT_{role}_{part}": text
    for role in ("AUTHOR", "COMMITTER")
    for part, text in (("NAME", "Ana"), ("EMAIL", "ana@example.com"))
}


def run_git(*arguments: str, cwd: Path) -> str:
    environment = {**os.environ, **_IDENTITY, "GIT_CONFIG_GLOBAL": os.devnull}
    completed = subprocess.run(
        ["git", *arguments], cwd=cwd, env=environment, check=True, capture_output=True, text=True
    )
    return completed.stdout.strip()


def all_commands() -> set[str]:
    """The command lines of all processes of this machine, as any account sees them."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            found.add(path.read_bytes().decode(errors="replace").replace("\0", " "))
    return found


@dataclass
class GitRepository:
    """``bare`` is what is cloned, ``work`` where people edit."""

    bare: Path
    work: Path

    @classmethod
    def create(cls, folder: Path, name: str = "ops") -> "GitRepository":
        bare, work = folder / f"{name}.git", folder / f"{name}-work"
        run_git("init", "--quiet", "--bare", "--initial-branch=main", str(bare), cwd=folder)
        run_git("init", "--quiet", "--initial-branch=main", str(work), cwd=folder)
        run_git("remote", "add", "origin", str(bare), cwd=work)
        return cls(bare, work)

    @property
    def address(self) -> str:
        return f"git+file://{self.bare}"

    def push(self, files: dict[str, str | None], *, branch: str = "main") -> str:
        """Commits these files (None removes one) to the branch, and returns the short id."""
        run_git("checkout", "--quiet", "-B", branch, cwd=self.work)
        for name, text in files.items():
            path = self.work / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if text is None:
                path.unlink()
            else:
                path.write_text(text)
        return self.commit(branch)

    def commit(self, branch: str = "main") -> str:
        run_git("add", "--all", cwd=self.work)
        run_git("commit", "--quiet", "--message", "Change the runbooks", cwd=self.work)
        run_git("push", "--quiet", "--force", "origin", branch, cwd=self.work)
        return run_git("rev-parse", "HEAD", cwd=self.work)[:7]


@dataclass
class GitServer:
    """``commands``: the command lines of all processes of this machine while it was asked."""

    port: int
    certificate: Path
    commands: set[str] = field(default_factory=set)


@contextmanager
def serve_https(repository: GitRepository, user: str, password: str, folder: Path) -> Iterator[GitServer]:
    """Serves it at https://localhost:PORT/ops.git by git's own server program."""
    authority = trustme.CA()
    certificate = folder / "ca.pem"
    authority.cert_pem.write_to_path(certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    expected = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    found = GitServer(server.server_address[1], certificate)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.commands |= all_commands()
            if self.headers.get("Authorization") != expected:
                self.send_response(401)
                self.send_header("WWW-Authenticate", 'Basic realm="git"')
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self._answer(_backend(repository, self))

        do_POST = do_GET

        def _answer(self, output: bytes) -> None:
            head, _, body = output.partition(b"\r\n\r\n")
            headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
            self.send_response(int(headers.pop("Status", "200").split()[0]))
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None: ...

    server.RequestHandlerClass = Handler
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()


def _backend(repository: GitRepository, request: BaseHTTPRequestHandler) -> bytes:
    path, _, query = request.path.partition("?")
    environment = {
        **os.environ,
        "GIT_PROJECT_ROOT": str(repository.bare.parent),
        "GIT_HTTP_EXPORT_ALL": "1",
        "REQUEST_METHOD": request.command,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "CONTENT_TYPE": request.headers.get("Content-Type", ""),
        "HTTP_CONTENT_ENCODING": request.headers.get("Content-Encoding", ""),
        "GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
        "CONTENT_LENGTH": request.headers.get("Content-Length", ""),
    }
    length = int(request.headers.get("Content-Length") or 0)
    body = _chunks(request) if request.headers.get("Transfer-Encoding") else request.rfile.read(length)
    completed = subprocess.run(
        ["git", "http-backend"], env=environment, input=body, capture_output=True, check=True
    )
    return completed.stdout


def _chunks(request: BaseHTTPRequestHandler) -> bytes:
    body = b""
    while size := int(request.rfile.readline(), 16):
        body += request.rfile.read(size)
        request.rfile.readline()
    return body
