"""The tables of the settings file that are Liaison's own: ``[bot]`` and ``[access]``, and their kinds of value.

``[slack]`` and ``[mattermost]`` are in ``bot/surfaces/options.py``; each platform brings its own.
"""

import re
from datetime import timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

LANGUAGES = ("en",)
SHORTEST_KEY = 16  # characters
_DURATION = re.compile(r"(?:(\d+)\s*h)?\s*(?:(\d+)\s*(?:m|$))?\s*(?:(\d+)\s*s)?")


def duration(words: object) -> object:
    """``"2m"``, ``"90s"``, ``"1h30"`` as a timedelta; a bare number says no unit, and is refused."""
    if isinstance(words, timedelta):
        return words
    text = str(words).strip().lower()
    found = _DURATION.fullmatch(text)
    if found is None or not any(found.groups()) or text.isdigit():
        raise ValueError('must be a time like "90s", "2m" or "1h30"')
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return timedelta(hours=hours, minutes=minutes, seconds=seconds)


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError('must be a time zone like "Europe/Lisbon" or "UTC"') from None
    return name


def _language(name: str) -> str:
    if name not in LANGUAGES:
        raise ValueError(f"must be one of: {', '.join(LANGUAGES)}")
    return name


def _web_address(url: str) -> str:
    if not re.fullmatch(r"https?://[^\s/]+(/\S*)?", url):
        raise ValueError('must be an address like "https://liaison.example.com"')
    return url.rstrip("/")


def _root_command(word: str) -> str:
    if not re.fullmatch(r"/[^\s/]{1,31}", word):
        raise ValueError('must be a slash and one word, like "/run"')
    return word


def _database(url: str) -> str:
    if re.fullmatch(r"sqlite(\+aiosqlite)?:///[^?]+(\?.*)?", url):
        return url
    if url.startswith("postgresql"):
        raise ValueError('must be like "sqlite:///liaison.db": the engine for PostgreSQL is not in this version')
    raise ValueError('must be like "sqlite:///liaison.db"')


class Options(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class BotOptions(Options):
    command: Annotated[str, AfterValidator(_root_command)] = Field(
        "/run", description="the slash command people type"
    )
    host: str = Field("127.0.0.1", description="the address to listen on; 0.0.0.0 for all")
    port: int = Field(8080, ge=0, le=65535, description="the port to listen on; 0 takes a free one")
    public_url: Annotated[str, AfterValidator(_web_address)] | None = Field(
        None, description="where the chats reach this Liaison; Mattermost calls its buttons there"
    )
    secret_key: SecretStr | None = Field(
        None, min_length=SHORTEST_KEY, description="signs buttons; made, and kept beside the database, if not set"
    )
    database_url: Annotated[str, AfterValidator(_database)] = Field(
        "sqlite:///liaison.db", description="a path after sqlite:/// is relative to the working folder"
    )
    patience: Annotated[timedelta, BeforeValidator(duration)] = Field(
        timedelta(minutes=2), gt=timedelta(0), description="how long a write is wanted while its platform is away"
    )
    timezone: Annotated[str, AfterValidator(_zone)] = Field(
        "UTC", description="for clock times where the chat does not know the reader's"
    )
    language: Annotated[str, AfterValidator(_language)] = Field("en", description="of what Liaison says")

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def address(self) -> str:
        """Where we can be called: ``public_url``, else the address listened on."""
        return self.public_url or f"http://{self.host}:{self.port}"


class AccessOptions(Options):
    """Empty lists mean every full member. Guests, other companies and bots may only read, whatever stands here."""

    start: tuple[str, ...] = Field((), description="who may start runs: chat ids, handles or e-mails")
    end: tuple[str, ...] = Field((), description="who may end runs")
    write: tuple[str, ...] = Field((), description="who may change runs")
    override: tuple[str, ...] = Field(
        (), description="who may overrule a platform's own rules where it lets them be; empty: who may end runs"
    )
    places: tuple[str, ...] = Field((), description="channels where runs may be changed, best by id; empty: all")
