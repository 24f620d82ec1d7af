"""Validation of the ``[platforms.NAME]`` table."""

from typing import Any

import pytest
from pydantic import ValidationError

from adapters.runrunit.settings import RunrunitSettings
from tests.adapters.connections import platform_settings
from tests.adapters.runrunit.fake import RunrunitFake


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("https://runrun.it/api/v1.0/", "https://runrun.it/api/v1.0"),
        ("https://runrun.it", "https://runrun.it/api/v1.0"),
    ],
)
def test_the_url_may_lack_the_api_path(fake: RunrunitFake, given: str, url: str) -> None:
    assert RunrunitSettings.model_validate(platform_settings(fake, url=given)).url == url


@pytest.mark.parametrize(
    "changes", [{"url": "runrun.it"}, {"app_key": " "}, {"project_id": 0}, {"type_id": "one"}, {"extra": 1}]
)
def test_invalid_settings_are_rejected(fake: RunrunitFake, changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        RunrunitSettings.model_validate(platform_settings(fake, **changes))
