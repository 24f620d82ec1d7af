"""How platforms are found: built-in folders, installed packages, and what is wrong with some of them."""

import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from adapters.protocol import API_VERSION, PlatformLoadError
from adapters.registry import GROUP, PLATFORMS, Registry
from adapters.testing import skeleton
from tests.adapters.wheels import ROOT, build_wheel, install

PACKAGE = """
from pathlib import Path

from pydantic import BaseModel

from adapters.protocol import Platform
from adapters.toolkit.capabilities import declare_capabilities


class AcmeSettings(BaseModel):
    url: str


def connect(name, settings, resources):
    raise NotImplementedError


PLATFORM = Platform(
    kind="acme",
    title="Acme Runs",
    settings=AcmeSettings,
    connect=connect,
    capabilities=declare_capabilities("acme"),
    messages=Path(__file__).with_name("messages.toml"),
    api_version={version},
)
"""
SETTINGS = (
    "from bot.config.settings import parse\nread = parse({'platforms': {'a': {'kind': 'acme', 'url': 'x'}}}, {})\n"
)


def registry_with(*points: EntryPoint) -> Registry:
    registry = Registry()
    vars(registry)["_external"] = list(points)  # a cached property
    return registry


def point(name: str, value: str) -> EntryPoint:
    return EntryPoint(name=name, value=value, group=GROUP)


def test_every_folder_with_an_adapter_is_a_platform() -> None:
    folders = sorted(path.parent.name for path in (ROOT / "adapters").glob("*/adapter.py"))
    assert list(PLATFORMS) == folders
    assert [PLATFORMS[kind].kind for kind in folders] == folders


def test_platforms_are_imported_only_when_they_are_asked_for() -> None:
    code = (
        "import sys\nfrom adapters.registry import PLATFORMS\n"
        "assert 'tines' in PLATFORMS and len(PLATFORMS) > 5\n"
        "PLATFORMS['cutover']\n"
        "print([name for name in sys.modules if name.startswith('adapters.') and name[9:] in PLATFORMS])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['adapters.cutover']"


@pytest.mark.parametrize("kind", list(PLATFORMS))
def test_importing_a_platform_does_not_import_its_adapter(kind: str) -> None:
    code = f"import sys\nimport adapters.{kind}\nassert 'adapters.{kind}.adapter' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_an_unknown_kind_is_a_key_error() -> None:
    assert "acme" not in PLATFORMS
    with pytest.raises(KeyError):
        PLATFORMS["acme"]


def test_a_kind_that_liaison_has_itself_is_an_error() -> None:
    registry = registry_with(point("local", "adapters.cutover:PLATFORM"))
    with pytest.raises(PlatformLoadError, match="provided by Liaison and the entry point"):
        registry["local"]
    assert registry["cutover"].kind == "cutover"


def test_a_kind_of_two_packages_is_an_error() -> None:
    registry = registry_with(point("acme", "one:PLATFORM"), point("acme", "two:PLATFORM"))
    assert list(registry).count("acme") == 1
    with pytest.raises(PlatformLoadError, match=r"provided by the entry point one:PLATFORM and"):
        registry["acme"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("no_such_package:PLATFORM", "cannot be loaded: ModuleNotFoundError"),
        ("adapters.protocol:Platform", "does not export a Platform"),
        ("adapters.local:PLATFORM", 'exports the kind "local" under the name "acme"'),
    ],
)
def test_a_package_that_cannot_be_used_is_explained(value: str, text: str) -> None:
    with pytest.raises(PlatformLoadError, match=text):
        registry_with(point("acme", value))["acme"]


def run_with_package(folder: Path, api_version: int, code: str) -> "subprocess.CompletedProcess[str]":
    files = {"liaison_acme/__init__.py": PACKAGE.replace("{version}", str(api_version))}
    wheel = build_wheel(folder, "liaison-acme", files, f"[{GROUP}]\nacme = liaison_acme:PLATFORM\n")
    python = install(folder / "env", wheel)
    return subprocess.run([python, "-c", code], cwd=folder, capture_output=True, text=True, check=False)


def test_an_installed_package_adds_a_platform(tmp_path: Path) -> None:
    done = run_with_package(tmp_path, API_VERSION, f"{SETTINGS}print(read.platforms['a'].platform.title)")
    assert done.stdout.strip() == "Acme Runs", done.stderr


def test_the_skeleton_of_a_package_is_for_this_version() -> None:
    assert skeleton.PLATFORM.api_version == API_VERSION


@pytest.mark.parametrize("version", [API_VERSION - 1, API_VERSION + 1])
def test_a_package_for_another_version_is_a_settings_error(tmp_path: Path, version: int) -> None:
    done = run_with_package(tmp_path, version, SETTINGS)
    assert done.returncode == 1
    assert done.stderr.strip().endswith(
        f"platforms.a.kind: The package liaison-acme was written for version {version} of Liaison's "
        f"adapter API, but this is version {API_VERSION}. Install a release of it for this version."
    )
