"""The settings of a Tines platform."""

from typing import Any

import pytest
from pydantic import ValidationError

from adapters.tines.settings import TinesSettings
from bot.config.settings import parse

GOOD = {"url": "https://adjective-noun-1234.tines.com/", "token": "secret", "team_id": 276}


def test_settings_are_normalized() -> None:
    settings = TinesSettings.model_validate({**GOOD, "amber": 3})
    assert (settings.url, settings.team_id, settings.amber) == (
        "https://adjective-noun-1234.tines.com",
        "276",
        "3",
    )
    assert (settings.template_tag, settings.run_tag) == ("runbook-template", "runbook-run")
    assert TinesSettings.model_validate({**GOOD, "url": "https://a.tines.io/api/v1"}).url == "https://a.tines.io"
    assert "secret" not in repr(settings)


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "adjective-noun-1234.tines.com"},
        {"token": " "},
        {"team_id": "my team"},
        {"run_tag": "Runbook-Template"},
        {"template_tag": ""},
        {"colour": "3"},
    ],
)
def test_invalid_settings_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TinesSettings.model_validate({**GOOD, **wrong})


def table(stories: object) -> dict[str, Any]:
    return {"kind": "tines", "url": "https://tenant.tines.com", "token": "t" * 20, "stories": stories}


def test_the_webhook_url_of_a_story_is_a_secret() -> None:
    address = "https://tenant.tines.com/webhook/restart/s3cr3t"
    settings = parse({"platforms": {"tines": table({"Restart service": address})}}, {})
    assert address in settings.secret_values()
    assert address not in repr(settings)
    text = f'{{"Restart service": "{address}"}}'
    alike = parse({"platforms": {"tines": table(None) | {"stories": text}}}, {})
    assert alike.platforms["tines"].options == settings.platforms["tines"].options


@pytest.mark.parametrize(
    "stories",
    [
        {"Restart": "http://tenant.tines.com/webhook/a/s3cr3t"},
        {"Restart": "https://tenant.tines.com@s3cr3t.example/x"},
        {"Restart": "s3cr3t"},
        {" ": "https://tenant.tines.com/webhook/a/s3cr3t"},
        "s3cr3t",
        ["https://tenant.tines.com/webhook/a/s3cr3t"],
    ],
)
def test_invalid_story_urls_are_refused_without_showing_them(stories: object) -> None:
    values = {name: value for name, value in table(stories).items() if name != "kind"}
    with pytest.raises(ValidationError) as error:
        TinesSettings.model_validate(values)
    for problem in error.value.errors():
        assert "s3cr3t" not in problem["msg"]
