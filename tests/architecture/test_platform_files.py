"""Every adapter uses the same names for its files, so that somebody who knows one finds their way in another."""

import re
from pathlib import Path

import pytest

from adapters.registry import PLATFORMS

ROOT = Path(__file__).parents[2]
RESERVED = {
    "adapter",  # the class, and what it reads
    "capabilities",  # what it can do, without loading the adapter
    "settings",
    "api",  # requests, pages, headers
    "errors",  # what the platform's error responses mean
    "wire",  # its JSON
    "mapping",  # from its JSON to models
    "reads",
    "writes",
    "start",
    "approvals",
    "reconcile",
    "links",
    "people",
    "text",  # signing, markup, mentions
    "actions",
    "webhooks",
    "health",  # the lines of liaison doctor
}


@pytest.mark.parametrize("kind", PLATFORMS)
def test_a_file_has_a_reserved_name_or_is_named_in_the_docs(kind: str) -> None:
    """A file of its own is for a concept that only this product has, and its page says which."""
    files = {path.stem for path in (ROOT / "adapters" / kind).iterdir() if path.suffix == ".py"} - {"__init__"}
    folders = {path.name for path in (ROOT / "adapters" / kind).iterdir() if (path / "__init__.py").exists()}
    page = (ROOT / "docs" / "platforms" / f"{kind}.md").read_text()
    documented = set(re.findall(rf"`(?:adapters/{kind}/)?([a-z_]+)(?:\.py|/)`", page))
    assert files | folders <= RESERVED | documented
    assert {"adapter", "capabilities"} <= files


@pytest.mark.parametrize("kind", PLATFORMS)
def test_every_platform_has_a_catalogue_in_both_languages(kind: str) -> None:
    assert {path.name for path in (ROOT / "adapters" / kind).glob("messages*.toml")} == {
        "messages.toml",
        "messages.pt-BR.toml",
    }
