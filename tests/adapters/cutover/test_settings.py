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
