"""Tokens that were replaced in their file, or in the settings file, while Liaison runs.

While a chat does not accept its token, the settings are read again now and then. A chat gets a new token at once,
and what it refused because of the old one is sent again.
"""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import structlog
from pydantic import BaseModel, SecretStr

from bot.app import Application
from bot.config.settings import Settings, SettingsError, load
from bot.observability import logs
from bot.surfaces.protocol import TokenSurface

RENEW_SECONDS = 10.0  # only files are read

log = structlog.get_logger("liaison")


async def renew_secrets_forever(app: Application) -> None:
    known = app.settings.secret_values()
    while True:
        await asyncio.sleep(RENEW_SECONDS)
        rejected = {name: surface for name, surface in _token_surfaces(app).items() if _is_rejected(app, name)}
        latest = await asyncio.to_thread(_latest, app.settings.source) if rejected else None
        if latest is None:
            continue
        if new := [secret for secret in latest.secret_values() if secret not in known]:
            known += new
            logs.configure(known)
        for name, surface in rejected.items():
            options = {"slack": latest.slack, "mattermost": latest.mattermost}.get(name)
            if options is not None and await surface.use_tokens(_secrets(options)):
                log.info("using a new token", surface=name)
                app.outbox.place_changed(name)


def _token_surfaces(app: Application) -> Mapping[str, TokenSurface]:
    return {name: surface for name, surface in app.surfaces.items() if isinstance(surface, TokenSurface)}


def _is_rejected(app: Application, name: str) -> bool:
    return app.surfaces[name].reception().problem is not None or app.outbox.needs_operator(name)


def _latest(source: Path | None) -> Settings | None:
    try:
        return load(source)
    except SettingsError as error:  # perhaps it is being edited
        log.warning("settings not read again", error="; ".join(error.problems))
        return None


def _secrets(options: BaseModel) -> Mapping[str, str]:
    return {key: value.get_secret_value() for key, value in dict(options).items() if isinstance(value, SecretStr)}
