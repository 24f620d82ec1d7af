"""The Dockerfile's instructions, carried out in a temporary folder in place of ``/``. No container is involved.

The base image is a fresh virtual environment, because that also has Python and pip. ``useradd`` and ``apt-get``
are only recorded, and ``install`` keeps the owner, because none of them may change this machine.
"""

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.e2e.process import free_port, until

ROOT = Path(__file__).parent.parent.parent
DOCKERFILE = ROOT / "deploy" / "Dockerfile"
FOLDERS = re.compile(r"(?<![\w.])/(opt|data|var/lib/apt)\b")  # the image's own
NOT_IN_IMAGE = ("LIAISON_", "PYTHON", "PYTEST", "COV", "VIRTUAL_ENV")
BUILD_TOOLS = {"pip", "uv", "hatchling", "setuptools", "wheel", "pytest", "mypy", "ruff"}


def instructions() -> Iterator[tuple[str, str]]:
    """(instruction, the rest)"""
    for line in DOCKERFILE.read_text().replace("\\\n", " ").splitlines():
        if line and not line.startswith("#"):
            instruction, _, rest = line.partition(" ")
            yield instruction, rest.strip()


def arguments(instruction: str) -> list[str]:
    return [rest for name, rest in instructions() if name == instruction]


@dataclass
class Image:
    """``folder`` has ``root`` (of this stage), ``stage-NAME`` (of earlier ones) and ``image`` (its Python)."""

    folder: Path
    stage: str = ""
    workdir: str = "/"
    env: dict[str, str] = field(default_factory=dict)
    command: list[str] = field(default_factory=list)
    health_check: str = ""

    def here(self, text: str) -> str:
        """With the image's folders in this one."""
        return FOLDERS.sub(lambda found: f"{self.folder}/root{found[0]}", text)

    def path(self, text: str) -> Path:
        path = Path(self.workdir, text)
        return Path(self.here(str(path)))

    @property
    def environment(self) -> dict[str, str]:
        """Ours has how packages are downloaded here."""
        keep = {name: value for name, value in os.environ.items() if not name.startswith(NOT_IN_IMAGE)}
        return {**keep, "PATH": self.base_path, **self.env}

    @property
    def base_path(self) -> str:
        return f"{self.folder}/shims:{self.folder}/image/bin:/usr/bin:/bin"

    def build(self) -> None:
        shims = self.folder / "shims"
        shims.mkdir()
        _write_script(shims / "useradd", f'echo "$@" >> {self.folder}/users')
        _write_script(shims / "apt-get", f'echo "$@" >> {self.folder}/packages')
        _write_script(shims / "install", 'test "$2" = --owner && exec /usr/bin/install "$1" "$4" "$5" "$6"')
        for instruction, rest in instructions():
            getattr(self, f"on_{instruction.lower()}", self.on_other)(rest)

    def on_from(self, rest: str) -> None:
        root, image = self.folder / "root", self.folder / "image"
        if root.exists():
            root.rename(self.folder / f"stage-{self.stage}")
            shutil.rmtree(image)
        root.mkdir()
        subprocess.run([sys.executable, "-m", "venv", image], check=True)
        self.stage, self.workdir, self.env = rest.partition(" AS ")[2], "/", {}

    def on_workdir(self, rest: str) -> None:
        self.workdir = rest
        self.path("").mkdir(parents=True, exist_ok=True)

    def on_env(self, rest: str) -> None:
        name, _, value = rest.partition("=")
        self.env[name] = self.here(value).replace("$PATH", self.base_path)

    def on_copy(self, rest: str) -> None:
        *sources, target = rest.split()
        origin = ROOT
        if sources[0].startswith("--from="):
            origin = self.folder / f"stage-{sources.pop(0).removeprefix('--from=')}"
        for source in sources:
            found, to = origin / source.lstrip("/"), self.path(target)
            if found.is_dir():
                shutil.copytree(found, to, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(found, to)

    def on_run(self, rest: str) -> None:
        done = self.run(rest)
        assert done.returncode == 0, f"RUN {rest}\n{done.stdout}{done.stderr}"

    def on_cmd(self, rest: str) -> None:
        self.command = json.loads(rest)

    def on_healthcheck(self, rest: str) -> None:
        self.health_check = rest.partition("CMD ")[2]

    def on_other(self, rest: str) -> None:
        """USER, VOLUME, EXPOSE and STOPSIGNAL have no effect on files."""

    def run(self, line: str, **env: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            ["sh", "-ec", self.here(line)],
            cwd=self.path(""),
            env={**self.environment, **env},
            capture_output=True,
            text=True,
            check=False,
        )


def _write_script(path: Path, line: str) -> None:
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)


@pytest.mark.slow  # it installs packages, so it needs a package index
@pytest.mark.timeout(300)
async def test_its_steps_make_a_liaison_that_serves_and_is_healthy_and_has_no_build_tools(tmp_path: Path) -> None:
    image = Image(tmp_path)
    await asyncio.to_thread(image.build)
    installed = {
        re.split(r"[-.]", path.name)[0].lower()
        for folder in (tmp_path / "root", tmp_path / "image")
        for path in folder.rglob("*.dist-info")
    }
    assert "liaison" in installed
    assert not installed & BUILD_TOOLS
    assert not [path for path in (tmp_path / "root").rglob("bin/*") if path.name in BUILD_TOOLS]
    assert "git openssh-client" in (tmp_path / "packages").read_text()  # for runbooks in Git repositories
    assert "--system --uid 10001 liaison" in (tmp_path / "users").read_text()
    assert (tmp_path / "root" / "data").stat().st_mode & 0o777 == 0o700

    (image.path("") / "runbooks").mkdir()
    port = {"LIAISON_BOT__PORT": str(free_port()), "LIAISON_BOT__HOST": "127.0.0.1"}
    assert (await asyncio.to_thread(image.run, image.health_check, **port)).returncode != 0
    process = await asyncio.create_subprocess_exec(
        "/usr/bin/env", *image.command, cwd=image.path(""), env={**image.environment, **port}
    )
    try:

        async def is_healthy() -> bool:
            assert process.returncode is None
            return (await asyncio.to_thread(image.run, image.health_check, **port)).returncode == 0

        await until(is_healthy, within=60)
        assert (tmp_path / "root" / "data" / "liaison.db").exists()
    finally:
        process.terminate()
        assert await process.wait() == 0


def test_it_runs_as_an_unprivileged_user_and_keeps_data_in_its_volume() -> None:
    assert arguments("USER") == ["10001"]
    assert arguments("VOLUME") == ["/data"]
    assert "LIAISON_BOT__DATABASE_URL=sqlite:////data/liaison.db" in arguments("ENV")
    assert "LIAISON_BOT__PORT" in arguments("HEALTHCHECK")[0]


def test_the_build_gets_what_it_copies() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    copied = {source for rest in arguments("COPY") if "--from" not in rest for source in rest.split()[:-1]}
    assert ignored[0] == "*"
    assert copied == {line.removeprefix("!") for line in ignored if line.startswith("!")}
