"""docs/decisions/0001-names.md: every name that replaced another one exists."""

import importlib
import inspect
import re
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from bot.storage.tables import metadata
from tests.docs.__main__ import ROOT

PAGE = ROOT / "docs" / "decisions" / "0001-names.md"
DATABASE = "Database"
HARDEST = "The ten hardest names"


def new_names() -> Iterator[tuple[str, str]]:
    """(section, name) for every name in an "is" column."""
    section = ""
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            section = line.removeprefix("## ")
        elif line.startswith("| `"):
            for name in re.findall(r"`([^`]+)`", line.split(" | ")[1]):
                yield section, name


NAMES = list(new_names())
CODE_NAMES = sorted({name for section, name in NAMES if section not in (DATABASE, HARDEST)})


def has_name(path: str) -> bool:
    """Whether the dotted path is a module, or a name or attribute in one."""
    parts = path.split(".")
    for length in range(len(parts), 0, -1):
        try:
            value: Any = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        return _has_attributes(value, parts[length:])
    return False


def _has_attributes(value: Any, names: list[str]) -> bool:
    for position, name in enumerate(names):
        if not hasattr(value, name):
            return position == len(names) - 1 and inspect.isclass(value) and _has_instance_attribute(value, name)
        value = getattr(value, name)
    return True


def _has_instance_attribute(owner: type, name: str) -> bool:
    """Whether the class or a base declares the attribute or assigns it to ``self``."""
    if issubclass(owner, BaseModel) and name in owner.model_fields:
        return True
    own_classes = [
        base for base in owner.__mro__ if base.__module__.startswith(("bot.", "commands.", "adapters."))
    ]
    return any(
        name in inspect.get_annotations(base) or re.search(rf"\bself\.{name}\b[^=\n]*=", inspect.getsource(base))
        for base in own_classes
    )


def test_the_page_lists_names() -> None:
    assert len(CODE_NAMES) > 500


@pytest.mark.parametrize("package", ["bot", "commands", "adapters", "tests"])
def test_every_new_name_exists(package: str) -> None:
    names = [name for name in CODE_NAMES if name.split(".")[0] == package]
    assert [name for name in names if not has_name(name)] == []


def test_every_new_name_is_in_a_package() -> None:
    assert {name.split(".")[0] for name in CODE_NAMES} == {"bot", "commands", "adapters", "tests"}


def test_the_ten_hardest_names_are_in_the_tables() -> None:
    hardest = [name.removesuffix("()") for section, name in NAMES if section == HARDEST]
    assert hardest
    assert set(hardest) <= {path.rpartition(".")[2] for path in CODE_NAMES}


def test_every_new_table_and_column_exists() -> None:
    columns = {f"{table.name}.{column.name}" for table in metadata.tables.values() for column in table.columns}
    names = {name for section, name in NAMES if section == DATABASE}
    assert names
    assert names <= columns | set(metadata.tables)


def test_a_missing_name_is_found() -> None:
    assert has_name("adapters.results.WriteResult")
    assert has_name("adapters.results.WriteResult.message")
    assert not has_name("adapters.writes.Told")
    assert not has_name("adapters.results.WriteResult.says_nothing")
