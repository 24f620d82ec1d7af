"""Validation of the ``[platforms.NAME]`` table."""

import pytest
from pydantic import ValidationError

from adapters.cutover import PLATFORM
from adapters.cutover.settings import CutoverSettings


@pytest.mark.parametrize(
    "changes",
    [
        {"url": "cutover.com"},
        {"url": ""},
        {"core_url": "ftp://example.cutover.com"},
        {"core_url": "https://user@example.cutover.com"},
        {"token": " "},
        {"link_template": "https://example.com/"},
        {"link_template": "https://example.com/{id}"},
        {"link_template": "https://example.com/{runbook_id"},
        {"api_version": ""},
    ],
)
def test_invalid_settings_are_rejected(changes: dict[str, str]) -> None:
    valid = {"url": "https://api.example.cutover.com", "token": "s3cret-token", "workspace_id": "3"}
    assert CutoverSettings.model_validate(valid).api_version == "2022-02-22"
    with pytest.raises(ValidationError) as raised:
        CutoverSettings.model_validate(valid | changes)
    assert "s3cret-token" not in str(raised.value)


def test_the_url_may_end_in_core() -> None:
    given = {"url": "https://api.example.cutover.com/core/", "token": "x", "workspace_id": 3}
    settings = CutoverSettings.model_validate(given)
    assert (settings.url, settings.workspace_id) == ("https://api.example.cutover.com", "3")
    assert set(PLATFORM.secret_fields) == {"token"}


@pytest.mark.parametrize(
    ("core_url", "expected"),
    [
        ("https://acme.cutover.com", "https://api.cutover.net"),
        ("acme.cutover.com/#/app/3/runbooks/7/current_version/tasks/list", "https://api.cutover.net"),
        ("https://acme.cutover.net/", "https://api.cutover.net"),
        ("https://acme.staging.cutover.cloud", "https://api.staging.cutover.cloud"),
    ],
)
def test_the_address_of_the_api_follows_from_that_of_the_instance(core_url: str, expected: str) -> None:
    settings = CutoverSettings.model_validate({"core_url": core_url, "token": "x"})
    assert settings.api_url == expected
    assert settings.core_url in (core_url.rstrip("/"), "https://acme.cutover.com")


@pytest.mark.parametrize("core_url", ["https://cutover.example.com", "https://acme.cutover.com.example.org", ""])
def test_the_token_is_never_sent_to_a_guessed_host(core_url: str) -> None:
    with pytest.raises(ValidationError, match="set url too" if core_url else "set core_url"):
        CutoverSettings.model_validate({"core_url": core_url, "token": "x"})
    settings = CutoverSettings.model_validate(
        {"core_url": core_url, "url": "https://api.example.org", "token": "x"}
    )
    assert settings.api_url == "https://api.example.org"
