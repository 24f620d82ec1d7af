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


def write_skeleton(name: str, folder: Path) -> Path:
    """In a checkout of Liaison, a platform that comes with it; elsewhere a package of its own. Returns its
    folder."""
    if _is_checkout(folder):
        return _write_built_in(name, folder)
    return _write_package(name, folder / f"liaison-{name.replace('_', '-')}")


def suite_command(name: str, folder: Path) -> str:
    """What runs the contract suite for it."""
    return f"pytest tests/contract -k {name}" if _is_checkout(folder) else "pytest --pyargs adapters.testing.suite"


def _is_checkout(folder: Path) -> bool:
    return (folder / "adapters" / "registry.py").exists()


def _write_package(name: str, folder: Path) -> Path:
    package = f"liaison_{name}"
    files = {f"{package}/{file}": file for file in _adapter_files()}
    files |= {f"tests/{module}.py": f"{module}.py" for module in _TESTING}
    files |= {"pyproject.toml": "pyproject.toml.txt", "README.md": "page.md"}
    _write(folder, name, files, package, "tests")
    return folder


def _write_built_in(name: str, folder: Path) -> Path:
    package, tests = f"adapters.{name}", f"tests.adapters.{name}"
    files = {f"adapters/{name}/{file}": file for file in _adapter_files()}
    files |= {f"tests/adapters/{name}/{module}.py": f"{module}.py" for module in _TESTING}
    files[f"docs/platforms/{name}.md"] = "page.md"
    _write(folder, name, files, package, tests)
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
    (target / tests.replace(".", "/") / "__init__.py").touch()


def _renamed(text: str, name: str, package: str, tests: str) -> str:
    words = name.split("_")
    for module in _TESTING:
        text = text.replace(f"{_MODULE}.{module}", f"{tests}.{module}")
    text = text.replace(_MODULE, package)
    text = re.sub(r"Example(?=[A-Z])", "".join(word.capitalize() for word in words), text)
    text = text.replace("Example", " ".join(word.capitalize() for word in words)).replace("EXAMPLE", name.upper())
    return text.replace("liaison-example", f"liaison-{'-'.join(words)}").replace("example", name)
