"""What ``bare.py`` does, as an Errbot plugin."""

# mypy: ignore-errors

import os

import requests
from errbot import BotPlugin, botcmd


class Finish(BotPlugin):
    def activate(self):
        super().activate()
        self.platform = requests.Session()
        self.platform.headers.update(
            {
                "Authorization": f"Bearer {os.environ['BASELINE_CUTOVER_TOKEN']}",
                "Api-Version": "2022-02-22",
                "Accept": "application/json",
            }
        )

    @botcmd
    def ready(self, message, args):
        return "ready"

    @botcmd
    def finish(self, message, args):
        runbook, task, card = args.split()
        url = f"{os.environ['BASELINE_CUTOVER']}/core/runbooks/{runbook}/tasks"
        body = {"meta": {"override": False}}
        self.platform.patch(f"{url}/{task}/finish", json=body, timeout=30).raise_for_status()
        tasks = self.platform.get(url, timeout=30)
        tasks.raise_for_status()
        shown = [task["attributes"] for task in tasks.json()["data"][:10]]
        rows = "\n".join(f"{task['stage']} {task['name']}" for task in shown)
        self._bot.slack_web.chat_update(
            channel=message.extras["slack_event"]["channel"],
            ts=card,
            text="The run was updated",
            blocks=[
                {"type": "header", "text": {"type": "plain_text", "text": f"Run {runbook}"}},
                {"type": "section", "text": {"type": "mrkdwn", "text": rows}},
            ],
        )
