"""Errbot's settings. Its Slack backend has no setting for Slack's address, so its client gets another default."""

# mypy: ignore-errors

import logging
import os
from pathlib import Path

import slack_sdk.web


class WebClient(slack_sdk.web.WebClient):
    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options, base_url=os.environ["BASELINE_SLACK"])


slack_sdk.web.WebClient = WebClient

BACKEND = "SlackV3"
BOT_IDENTITY = {"token": os.environ["BASELINE_TOKEN"], "app_token": os.environ["BASELINE_APP_TOKEN"]}
BOT_ADMINS = ("@ana",)
BOT_DATA_DIR = os.environ["BASELINE_FOLDER"]
BOT_EXTRA_PLUGIN_DIR = str(Path(__file__).parent / "plugin")
BOT_LOG_FILE = None
BOT_LOG_LEVEL = logging.ERROR
STORAGE = "Memory"
# All but VersionChecker, which calls home.
CORE_PLUGINS = (
    *("ACLs", "Backup", "ChatRoom", "CommandNotFoundFilter", "Flows", "Health", "Help", "Plugins"),
    *("TextCmds", "Utils", "Webserver"),
)
