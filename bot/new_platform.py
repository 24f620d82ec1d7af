"""``liaison new-platform NAME``: writes the skeleton of an adapter, which is in ``adapters/testing/skeleton``."""

import re
from collections.abc import Mapping
from pathlib import Path

import adapters

_SKELETON = Path(adapters.__file__).parent / "testing" / "skeleton"
_MODULE = "adapters.testing.skeleton"
_TESTING = ("fake", "harness")
NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


class CannotWrite(Exception):
    """Its text is a sentence for the person at the terminal."""


def write_package(name: str, folder: Path) -> Path:
    """A package of its own in ``folder``, with an entry point. Returns its folder."""
    target, package = folder / f"liaison-{name.replace('_', '-')}", f"liaison_{name}"
    extra = {"pyproject.toml": "pyproject.toml.txt", "README.md": "page.md"}
    files = {f"{package}/{file}": file for file in _adapter_files()} | extra
    files |= {f"tests/{module}.py": f"{module}.py" for module in _TESTING}
    _write(target, name, files, package, "tests")
    (target / "tests" / "__init__.py").touch()
    return target


def write_built_in(name: str, folder: Path) -> Path:
    """The folders of a platform that comes with Liaison, in a checkout of it. Returns the adapter's folder."""
    if not (folder / "adapters" / "registry.py").exists():
        raise CannotWrite(f"{folder} is not a checkout of Liaison.")
    package, tests = f"adapters.{name}", f"tests.adapters.{name}"
    files = {f"adapters/{name}/{file}": file for file in _adapter_files()}
    files |= {f"tests/adapters/{name}/{module}.py": f"{module}.py" for module in _TESTING}
    files[f"docs/platforms/{name}.md"] = "page.md"
    _write(folder, name, files, package, tests)
    (folder / "tests" / "adapters" / name / "__init__.py").touch()
    return folder / "adapters" / name


def _adapter_files() -> list[str]:
    files = sorted(path for path in _SKELETON.iterdir() if path.suffix in (".py", ".toml"))
    return [path.name for path in files if path.stem not in _TESTING]


def _write(target: Path, name: str, files: Mapping[str, str], package: str, tests: str) -> None:
    if not NAME.fullmatch(name):
        raise CannotWrite(
            f"{name} can't be a name: use small letters, digits and single underscores, like acme_runs."
        )
    existing = [path for path in files if (target / path).exists()]
    if existing:
        raise CannotWrite(f"{target / existing[0]} exists already. Nothing was written.")
    for path, source in files.items():
        text = (_SKELETON / source).read_text(encoding="utf-8")
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        (target / path).write_text(_renamed(text, name, package, tests), encoding="utf-8")


def _renamed(text: str, name: str, package: str, tests: str) -> str:
    words = name.split("_")
    for module in _TESTING:
        text = text.replace(f"{_MODULE}.{module}", f"{tests}.{module}")
    text = text.replace(_MODULE, package)
    text = re.sub(r"Example(?=[A-Z])", "".join(word.capitalize() for word in words), text)
    text = text.replace("Example", " ".join(word.capitalize() for word in words)).replace("EXAMPLE", name.upper())
    return text.replace("liaison-example", f"liaison-{'-'.join(words)}").replace("example", name)
