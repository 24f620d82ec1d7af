"""Which domains of platforms are in the manifest of the Slack app."""

import tomllib

from bot.config.link_domains import link_domains
from bot.config.settings import parse

SETTINGS = """
[platforms.cutover]
kind = "cutover"
core_url = "https://acme.cutover.com"
token = "a-token"
[platforms.xurrent]
kind = "xurrent"
url = "https://api.xurrent.com/v1"
account = "acme"
token = "a-token"
[platforms.playbooks]
kind = "playbooks"
url = "http://localhost:8065"
token = "a-token"
[platforms.tines]
kind = "tines"
url = "https://127.0.0.1:8080"
token = "a-token"
team_id = 1
[platforms.local]
kind = "local"
path = "."
"""


def test_the_domains_are_those_that_people_open() -> None:
    settings = parse(tomllib.loads(SETTINGS), {})
    assert list(link_domains(settings)) == ["acme.cutover.com", "xurrent.com"]
