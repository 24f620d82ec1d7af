"""Generates the app manifest (Slack docs, "App manifest reference") from the constants that the code uses."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bot.surfaces.slack.events import PLACE_EVENTS, UNINSTALL_EVENTS
from bot.surfaces.slack.shortcuts import ADD_COMMENT, ADD_TASK, START_ANYWHERE, START_HERE
from bot.surfaces.slack.workflow_steps import FUNCTIONS

SCOPES = (
    "app_mentions:read",
    "channels:history",
    "channels:read",
    "chat:write",
    "commands",
    "groups:history",
    "groups:read",
    "im:history",
    "im:read",
    "im:write",
    "mpim:history",
    "mpim:read",
    "reactions:read",
    "reactions:write",
    "usergroups:read",
    "users:read",
    "users:read.email",
)
LINK_SCOPES = ("links:read", "links:write")
MAX_DOMAINS = 5  # Slack docs, "App manifest reference"
EVENTS = (
    "app_home_opened",
    "app_mention",
    "message.im",
    "reaction_added",
    "reaction_removed",
    "user_change",
    *UNINSTALL_EVENTS,
    *PLACE_EVENTS,
)
EVENTS_PATH = "/slack/events"
INSTALL_PATH = "/slack/install"
REDIRECT_PATH = "/slack/oauth_redirect"
_UNQUOTED = re.compile(r"[A-Za-z][A-Za-z0-9_.:-]*[A-Za-z0-9]")  # needs no quotes in YAML, unless it is a keyword
_YAML_KEYWORDS = ("true", "false", "null", "yes", "no", "on", "off")


def manifest(
    command: str, public_url: str | None, socket: bool, domains: Sequence[str] = (), *, steps: bool = False
) -> dict[str, Any]:
    """``public_url`` is where Slack reaches Liaison. Socket Mode doesn't need it. Links to ``domains`` unfurl, and
    ``steps`` adds those of Workflow Builder."""
    domains = domains[:MAX_DOMAINS]
    scopes = sorted((*SCOPES, *LINK_SCOPES)) if domains else list(SCOPES)
    events = [*EVENTS, *(["link_shared"] if domains else []), *(["function_executed"] if steps else [])]
    url = "" if socket else f"{(public_url or 'https://liaison.example.com').rstrip('/')}{EVENTS_PATH}"
    return {
        "display_information": {
            "name": "Liaison",
            "description": "Run your runbooks from chat, on the platform where they live.",
            "background_color": "#1d3557",
        },
        "features": {
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": False,
            },
            **({"unfurl_domains": list(domains)} if domains else {}),
            "bot_user": {"display_name": "liaison", "always_online": True},
            "shortcuts": [
                _shortcut("Start a runbook", START_ANYWHERE, "Start a runbook from anywhere in Slack", "global"),
                _shortcut("Start a runbook here", START_HERE, "Start a runbook in this message's thread"),
                _shortcut("Add to run as comment", ADD_COMMENT, "Add this message to the run as a comment"),
                _shortcut("Add as task", ADD_TASK, "Add this message to the run as a task"),
            ],
            "slash_commands": [
                {
                    "command": command,
                    **({"url": url} if url else {}),
                    "description": "Start, follow and finish runbooks",
                    "usage_hint": "start RUNBOOK | finish T3 | status amber … | help",
                    "should_escape": True,
                }
            ],
        },
        **({"functions": dict(FUNCTIONS)} if steps else {}),
        "oauth_config": {**_redirect_urls(public_url), "scopes": {"bot": scopes}},
        "settings": {
            "event_subscriptions": {
                **({"request_url": url} if url else {}),
                "bot_events": events,
            },
            "interactivity": {
                "is_enabled": True,
                **({"request_url": url, "message_menu_options_url": url} if url else {}),
            },
            "org_deploy_enabled": steps,  # steps need it, also without a Grid
            **({"function_runtime": "remote"} if steps else {}),
            "socket_mode_enabled": socket,
            "token_rotation_enabled": False,
        },
    }


def _redirect_urls(public_url: str | None) -> dict[str, list[str]]:
    """Slack takes only https."""
    is_https = public_url is not None and public_url.startswith("https:")
    return {"redirect_urls": [f"{str(public_url).rstrip('/')}{REDIRECT_PATH}"]} if is_https else {}


def _shortcut(name: str, callback_id: str, description: str, kind: str = "message") -> dict[str, str]:
    return {"name": name, "type": kind, "callback_id": callback_id, "description": description}


def manifest_yaml(
    command: str, public_url: str | None, socket: bool, domains: Sequence[str] = (), *, steps: bool = False
) -> str:
    return "\n".join(_yaml(manifest(command, public_url, socket, domains, steps=steps), "")) + "\n"


def _yaml(value: Mapping[str, Any] | Sequence[Any], indent: str) -> Iterator[str]:
    """The subset of YAML that a manifest needs: mappings, lists and scalars. Quoted scalars are JSON."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if isinstance(inner, Mapping | list):
                yield f"{indent}{key}:"
                yield from _yaml(inner, indent + "  ")
            else:
                yield f"{indent}{key}: {_scalar(inner)}"
        return
    for item in value:
        if isinstance(item, Mapping):
            first, *rest = _yaml(item, indent + "  ")
            yield f"{indent}- {first.strip()}"
            yield from rest
        else:
            yield f"{indent}- {_scalar(item)}"


def _scalar(value: object) -> str:
    if isinstance(value, str) and _UNQUOTED.fullmatch(value) and value.lower() not in _YAML_KEYWORDS:
        return value
    return json.dumps(value, ensure_ascii=False)
