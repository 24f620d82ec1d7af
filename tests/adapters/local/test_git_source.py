"""Addresses of folders in Git repositories: what is read from them, and what is refused."""

import pytest
from pydantic import ValidationError

from adapters.local import LocalSettings
from adapters.local.git_source import GitSource, parse_git_source


@pytest.mark.parametrize(
    ("address", "url", "branch", "folder", "name", "shown"),
    [
        ("git+https://host/a/ops.git", "https://host/a/ops.git", "", "", "ops", "host/a/ops"),
        (
            "git+https://host:8443/ops.git#release/2:books/db/",
            "https://host:8443/ops.git",
            "release/2",
            "books/db",
            "db",
            "host/ops#release/2:books/db",
        ),
        ("git+https://host/ops#:books", "https://host/ops", "", "books", "books", "host/ops#:books"),
        ("git+https://host/ops/#main", "https://host/ops/", "main", "", "ops", "host/ops/#main"),
        ("git+ssh://git@host/ops.git#main", "ssh://git@host/ops.git", "main", "", "ops", "host/ops#main"),
        ("git+file:///srv/ops.git", "file:///srv/ops.git", "", "", "ops", "/srv/ops"),
    ],
)
def test_an_address_is_a_url_a_branch_and_a_folder(
    address: str, url: str, branch: str, folder: str, name: str, shown: str
) -> None:
    source = parse_git_source(address)
    assert source == GitSource(url, branch, folder)
    assert (source.name, str(source)) == (name, shown)


@pytest.mark.parametrize(
    "address",
    [
        "git+https://",
        "git+https://host",
        "git+https:///ops.git",
        "git+http://host/ops.git",
        "git+ext::sh -c touch% /tmp/x",
        "git+https://host/ops.git?x=1",
        "git+https://host:port/ops.git",
        "git+ssh://-oProxyCommand=touch/ops.git",
        "git+ssh://-oProxyCommand=x@host/ops.git",
        "git+ssh://git:secret@host/ops.git",
        "git+file://host/ops.git",
        "git+https://host/ops.git#--upload-pack=touch",
        "git+https://host/ops.git#a b",
        "git+https://host/ops.git#a..b",
        "git+https://host/ops.git#+main",
        "git+https://host/ops.git#main:../other",
        "git+https://host/ops.git#main:a//b",
        "git+https://host/ops.git\n#main",
    ],
)
def test_what_git_could_take_for_something_else_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match=r"^(must|has)") as caught:
        parse_git_source(address)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("ref", "branch"), [("HEAD", ""), ("refs/heads/main", "main"), ("refs/tags/v1", "refs/tags/v1")]
)
def test_a_branch_is_named_in_full(ref: str, branch: str) -> None:
    assert GitSource("https://host/ops", branch).ref == ref


@pytest.mark.parametrize(
    ("address", "hidden"),
    [
        ("git+https://ana:s3cr%40t@host/ops.git", ("ana:s3cr%40t", "s3cr%40t", "s3cr@t")),
        ("git+https://t0ken@host/ops.git", ("t0ken",)),
    ],
)
def test_credentials_are_kept_apart_and_never_shown(address: str, hidden: tuple[str, ...]) -> None:
    source = parse_git_source(address)
    assert [secret.get_secret_value() for secret in source.credentials] == list(hidden)
    settings = LocalSettings.model_validate({"path": address})
    for shown in (str(source), repr(source), source.url, repr(settings), settings.model_dump_json()):
        assert not any(secret in shown for secret in hidden), shown
    assert source.redacted(f"cannot read {address}") == "cannot read git+https://…@host/ops.git"


def test_several_sources_need_different_names() -> None:
    with pytest.raises(ValidationError, match="ops"):
        LocalSettings.model_validate({"paths": ["git+https://host/ops.git", "/srv/ops"]})
    settings = LocalSettings.model_validate(
        {"paths": ["git+https://host/ops.git#:db", "/srv/ops"], "refresh": "90s"}
    )
    assert [place.name for place in settings.paths] == ["db", "ops"]


def test_a_refresh_every_second_is_refused() -> None:
    with pytest.raises(ValidationError, match="10 seconds"):
        LocalSettings.model_validate({"refresh": "1s"})
