"""The ``[bot]`` and ``[access]`` sections of the settings, and the types of their values.

``[slack]`` and ``[mattermost]`` are in ``bot/surfaces/options.py``. Each platform defines its own settings.
"""

import json
import re
from datetime import timedelta
from importlib.util import find_spec
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    field_validator,
    model_validator,
)

from adapters.toolkit.durations import parse_duration
from adapters.toolkit.messages import ENGLISH, LANGUAGES
from bot.surfaces.options import host_of, split_url
from commands.model.access_rules import AccessRules, ReadRule

POSTGRESQL_PACKAGES = ("psycopg", "procrastinate")
SHORTEST_KEY = 16  # characters
SHORTEST_KEEP = timedelta(days=7)  # longer than a chat repeats a delivery, and than a choice stays open


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


def _public_url(url: str) -> str:
    parts = split_url(url, 'must be a URL like "https://liaison.example.com"')
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError(f'must not have a path; set it to "{parts.scheme}://{host_of(parts)}"')
    return url.rstrip("/")


def _collector(url: str) -> str:
    split_url(url, 'must be a URL like "http://localhost:4318"')
    return url.rstrip("/")


def _root_command(word: str) -> str:
    if not re.fullmatch(r"/[^\s/]{1,31}", word):
        raise ValueError('must be a slash followed by one word, like "/run"')
    return word


def _database(url: str) -> str:
    if re.fullmatch(r"sqlite(\+aiosqlite)?:///[^?]+(\?.*)?", url):
        return url
    if not url.startswith("postgres"):
        raise ValueError('must be like "sqlite:///liaison.db" or "postgresql://user@host/liaison"')
    return require_postgresql(url)


def require_postgresql(url: str) -> str:
    """Raises ``ValueError``."""
    if not re.fullmatch(r"postgres(ql)?://.+", url):
        raise ValueError('must be like "postgresql://user@host/liaison"')
    if any(find_spec(module) is None for module in POSTGRESQL_PACKAGES):
        raise ValueError(
            'needs more packages for PostgreSQL; install them with: pip install "liaison[postgresql]"'
        )
    return url


class Options(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _emoji(name: str) -> str:
    name = name.strip().strip(":").lower()
    if re.fullmatch(r"[a-z0-9_+-]+", name) is None:
        raise ValueError('must be the name of an emoji, such as "white_check_mark", or "off"')
    return name


class BotOptions(Options):
    command: Annotated[str, AfterValidator(_root_command)] = Field("/run", description="the slash command")
    host: str = Field("127.0.0.1", description="the address to listen on; 0.0.0.0 for all interfaces")
    port: int = Field(8080, ge=0, le=65535, description="the port to listen on; 0 picks a free one")
    public_url: Annotated[str, AfterValidator(_public_url)] | None = Field(
        None, description="the URL where the chats reach Liaison; Mattermost sends button clicks there"
    )
    secret_key: SecretStr | None = Field(
        None,
        min_length=SHORTEST_KEY,
        description="signs buttons; if not set, one is generated and stored next to an SQLite database",
    )
    database_url: Annotated[str, AfterValidator(_database)] = Field(
        "sqlite:///liaison.db",
        repr=False,  # it may contain a password
        description="a path after sqlite:/// is relative to the working directory; several replicas share a "
        'PostgreSQL database, "postgresql://user@host/liaison"',
    )
    write_timeout: Annotated[timedelta, BeforeValidator(parse_duration)] = Field(
        timedelta(minutes=2),
        gt=timedelta(0),
        description="how long a write is retried while its platform is unreachable",
    )
    assignments_within: Annotated[timedelta, BeforeValidator(parse_duration)] = Field(
        timedelta(seconds=30),
        gt=timedelta(0),
        description="what a person is assigned within this time is told in one message",
    )
    activity_within: Annotated[timedelta, BeforeValidator(parse_duration)] = Field(
        timedelta(seconds=20),
        ge=timedelta(0),
        description="while many activity lines are posted, those of a run that come within this time share "
        "a post; 0s posts each at once",
    )
    escalate_after: Annotated[timedelta, BeforeValidator(parse_duration)] = Field(
        timedelta(minutes=5),
        gt=timedelta(0),
        description="how long a promised update is overdue before its author gets a direct message; "
        "the run's owner gets one after twice as long",
    )
    keep: Annotated[timedelta, BeforeValidator(parse_duration)] = Field(
        timedelta(days=90),
        ge=SHORTEST_KEEP,
        description="how long messages, writes and activity lines of runs that are over are kept; "
        "receipts are kept for ever",
    )
    timezone: Annotated[str, AfterValidator(_zone)] = Field(
        "UTC", description="the time zone of clock times for people whose chat does not provide one"
    )
    language: Annotated[str, AfterValidator(_language)] = Field(
        ENGLISH, description=f"the language of messages: {', '.join(LANGUAGES)}"
    )

    reaction: Annotated[str, AfterValidator(_emoji)] = Field(
        "white_check_mark",
        description='the emoji on a mention that was done and needs no words; "off" answers with words',
    )

    traces: Annotated[str, AfterValidator(_collector)] | None = Field(
        None,
        description="a collector that gets an OpenTelemetry trace of every command (OTLP over HTTP), like "
        '"http://localhost:4318"; see the operations page',
    )

    @property
    def has_replicas(self) -> bool:
        """Whether several processes may share the database."""
        return not self.database_url.startswith("sqlite")

    @property
    def reaction_emoji(self) -> str:
        """ "" if reactions are off."""
        return "" if self.reaction == "off" else self.reaction

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def address(self) -> str:
        """The URL at which chats reach us: ``public_url``, or else the address we listen on."""
        return self.public_url or f"http://{self.host}:{self.port}"


class ReadOptions(Options):
    """``{runbook = "Payroll export", who = ["place", "@ana"]}``"""

    who: tuple[str, ...] = ()
    place: str = ""
    runbook: str = ""
    platform: str = ""

    @model_validator(mode="before")
    @classmethod
    def _is_a_table(cls, value: Any) -> Any:
        if isinstance(value, dict):
            return value
        raise ValueError('must be a list of tables, like [{platform = "cutover", who = ["members"]}]')

    @model_validator(mode="after")
    def _names_runs(self) -> "ReadOptions":
        if not self.who:
            raise ValueError('each entry must say who may read, like who = ["members"]')
        if not (self.place or self.runbook or self.platform):
            raise ValueError("each entry must have a place, a runbook or a platform")
        return self

    @property
    def rule(self) -> ReadRule:
        return ReadRule(who=self.who, place=self.place, runbook=self.runbook, platform=self.platform)


class AccessOptions(Options):
    """An empty list means every full member.

    Guests and people of other organisations may only read, unless a list names them by chat id. Other bots are
    heard only if a list names them.
    """

    start: tuple[str, ...] = Field((), description="who may start runs: chat ids, handles or e-mail addresses")
    end: tuple[str, ...] = Field((), description="who may end runs")
    write: tuple[str, ...] = Field((), description="who may change runs")
    override: tuple[str, ...] = Field(
        (),
        description="who may override a platform's own rules, where it allows that; empty: who may end runs",
    )
    places: tuple[str, ...] = Field(
        (), description="channels where runs may be changed, preferably by id; empty: all channels"
    )
    guests: Literal["card", "read", "off"] = Field(
        "card",
        description="what guests and other companies see of runs of channels they are in: what the card shows;"
        ' with "read" also instructions and comments; with "off" nothing',
    )
    read: tuple[ReadOptions, ...] = Field(
        (), description="who may read runs of a place, runbook or platform, if not the people of their channels"
    )

    @field_validator("read", mode="before")
    @classmethod
    def _in_one_line(cls, value: Any) -> Any:
        """An environment variable has it as JSON."""
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError as error:
            raise ValueError('must be JSON, like [{"platform": "cutover", "who": ["members"]}]') from error

    @property
    def listed(self) -> frozenset[str]:
        """Everybody who is named for anything. Bots are heard only if they are among them."""
        readers = [who for rule in self.read for who in rule.who]
        return frozenset((*self.start, *self.end, *self.write, *self.override, *readers))

    @property
    def rules(self) -> AccessRules:
        lists = {name: getattr(self, name) for name in ("start", "end", "write", "override", "places")}
        return AccessRules(**lists, guests=self.guests, read=[rule.rule for rule in self.read])
