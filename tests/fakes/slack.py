"""A fake Slack: the server that Liaison calls, and the people who type and click.

async with Slack() as slack:
ana = slack.add_user("U0ANA", "ana")
slack.add_channel("C0OPS", "ops", members=(ana,))
delivered = await slack.command(app_url, "start Database failover", user=ana, channel="C0OPS")
assert delivered.status == 200                       # the ack
card = await slack.until(lambda: slack.bot_posts and slack.bot_posts[0])
await slack.press(app_url, "Begin T1", user=ana)     # on the newest message with this button
await slack.press(app_url, "Update status", user=ana)
modal = await slack.modal(ana)                       # waits until it is loaded
await slack.submit(app_url, {"text": "all good"}, user=ana)

``app_url`` is where Liaison listens ("http://127.0.0.1:8080"), or ``SOCKET``: then the delivery goes through one
of Liaison's Socket Mode connections, and ``status`` is 200 if its envelope was acknowledged and 0 if not. Point
Liaison at the fake with ``api_url=slack.api_url``, ``bot_token=slack.token``,
``signing_secret=slack.signing_secret`` (and ``app_token=slack.app_token``).

To wait: ``until(predicate)``, ``wait_for_post(text)`` (a message of the bot), ``wait_for_private(text)`` (a
private answer).

What people see: ``slack.bot_posts``, ``slack.ephemerals`` (with their ``route``) and ``slack.modals``. Each has
``visible_text`` and, except for modals, ``labels`` (of its buttons). ``slack.redeliver(delivered)`` sends a
delivery again, as Slack does on a retry. Triggers are valid for ``slack.trigger_life`` seconds (3, as in Slack):
raise it on a slow machine. Faults: ``slack.fault("cut_after", path="chat.postMessage")``.
"""

import re
import time
from collections.abc import Mapping, Sequence
from typing import Any

from tests.fakes.slack_blocks import buttons, is_labelled, option_faults, view_faults, visible_block_text
from tests.fakes.slack_deliveries import Delivered, SlackDeliveries
from tests.fakes.slack_state import Modal, Posted


class Slack(SlackDeliveries):
    @property
    def api_url(self) -> str:
        return f"{self.url}/api/"

    async def __aenter__(self) -> "Slack":
        await self.start()
        return self

    # Actions of people

    async def command(
        self, app_url: str, text: str, *, user: str, channel: str, command: str = "/run"
    ) -> Delivered:
        """Types ``/run text``. ``text`` is encoded as Slack sends it: escaped, mentions as ``<@U1|ana>``."""
        payload = {
            "token": "legacy",
            "team_id": self.users[user]["team_id"],
            "team_domain": "acme",
            "channel_id": channel,
            "channel_name": self.channels[channel].name if channel in self.channels else "directmessage",
            "user_id": user,
            "user_name": self.users[user]["name"],
            "command": command,
            "text": text,
            "api_app_id": "A1",
            "is_enterprise_install": "false",
            "response_url": self.new_response_url(channel, user),
            "trigger_id": self.new_trigger(user),
        }
        return await self.deliver(app_url, "slash_commands", payload)

    async def mention(
        self,
        app_url: str,
        text: str,
        *,
        user: str,
        channel: str,
        thread: str = "",
        opening: bool = True,
        files: Sequence[str] = (),
    ) -> Delivered:
        """Posts ``@liaison text`` (just ``text`` if not ``opening``), and delivers it as ``app_mention``.
        ``files``: names of what is attached."""
        post = self.say(f"<@{self.bot_user}> {text}" if opening else text, user, channel, thread)
        attached = {"files": [self.file(name, user) for name in files]} if files else {}
        return await self.deliver(app_url, "events_api", self.event(post, "app_mention", **attached))

    def file(self, name: str, user: str) -> dict[str, Any]:
        """As in the events of a message (Slack docs, "File object")."""
        id = f"F{self.new_ts().replace('.', '')}"
        place = f"https://acme.slack.com/files/{user}/{id}/{re.sub(r'[^a-z0-9.]', '_', name.lower())}"
        return {"id": id, "name": name, "title": name, "user": user, "mode": "hosted", "permalink": place}

    async def direct(self, app_url: str, text: str, *, user: str) -> Delivered:
        """Posts a direct message to the bot."""
        post = self.say(text, user, self._channel(user).id)
        return await self.deliver(app_url, "events_api", self.event(post, "message", channel_type="im"))

    async def direct_post(self, app_url: str, text: str, *, user: str) -> str:
        """As ``direct``, for the id of the message."""
        post = self.say(text, user, self._channel(user).id)
        await self.deliver(app_url, "events_api", self.event(post, "message", channel_type="im"))
        return post.ts

    async def edit(self, app_url: str, ts: str, text: str) -> None:
        """A person changes a message. Slack sends another ``app_mention`` if it mentions the bot then, and
        ``message_changed`` to a bot that reads the channel, as this one reads its direct messages."""
        post = next(post for channel in self.channels.values() for post in channel.messages if post.ts == ts)
        before, post.text = post.text, text
        edited = {"user": post.user, "ts": self.new_ts()}
        if post.channel.startswith("D"):
            message = {"type": "message", "user": post.user, "text": text, "ts": ts, "edited": edited}
            facts = {"message": message, "previous_message": {**message, "text": before}, "hidden": True}
            body = self.event(post, "message", subtype="message_changed", channel_type="im", **facts)
            body["event"] = {name: fact for name, fact in body["event"].items() if name not in ("user", "text")}
            await self.deliver(app_url, "events_api", body)
        elif self.bot_user in text:
            await self.deliver(app_url, "events_api", self.event(post, "app_mention", edited=edited))

    async def leave(self, app_url: str, *, user: str, channel: str) -> Delivered:
        """Leaves a channel that the bot is in."""
        self.channels[channel].members.discard(user)
        event = {"type": "member_left_channel", "user": user, "channel": channel, "channel_type": "C"}
        return await self.deliver(app_url, "events_api", self.envelope({**event, "team": self.team}))

    def say(self, text: str, user: str, channel: str, thread: str = "") -> Posted:
        """Posts a person's message without delivering it."""
        post = Posted(channel, self.new_ts(), text, user, thread_ts=thread)
        self.channels[channel].add(post)
        return post

    def event(self, post: Posted, type: str, **facts: Any) -> dict[str, Any]:
        """The envelope of an event for ``post``, with a new ``event_id``."""
        inner = {"type": type, "user": post.user, "text": post.text, "ts": post.ts, "channel": post.channel}
        thread = {"thread_ts": post.thread_ts} if post.thread_ts not in ("", post.ts) else {}
        return self.envelope({**inner, "event_ts": post.ts, "team": self.team, **thread, **facts})

    def envelope(self, event: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "type": "event_callback",
            "team_id": self.team,
            "api_app_id": "A1",
            "event_id": f"Ev{self.new_ts()}",
            "event_time": int(time.time()),
            "authorizations": [{"team_id": self.team, "user_id": self.bot_user, "is_bot": True}],
            "event": event,
        }

    async def press(self, app_url: str, label: str, *, user: str, on: Posted | Modal | None = None) -> Delivered:
        """Presses the button ``label`` on ``on``, by default the newest message on which ``user`` sees the
        button."""
        if isinstance(on, Modal):
            return await self.deliver(app_url, "interactive", self._pressed_in_modal(on, label, user))
        post = on or self._newest_with(label, user)
        block_id, button = next(
            found for found in buttons(post.blocks) if is_labelled(found[1]["text"]["text"], label)
        )
        ephemeral = bool(post.to)
        thread = {"thread_ts": post.thread_ts} if post.thread_ts else {}
        shown = {"ts": post.ts, "user": post.user, "text": post.text, "blocks": post.blocks, **thread}
        container = {"type": "message", "message_ts": post.ts, "channel_id": post.channel, **thread}
        payload = {
            **self.interaction("block_actions", user),
            "response_url": self.new_response_url(post.channel, user, post),
            "channel": {"id": post.channel, "name": self.channels[post.channel].name},
            "container": {**container, "is_ephemeral": ephemeral},
            **({} if ephemeral else {"message": {"type": "message", **shown}}),
            "actions": [{**button, "block_id": block_id, "action_ts": self.new_ts()}],
        }
        return await self.deliver(app_url, "interactive", payload)

    async def open_home(self, app_url: str, *, user: str, tab: str = "home") -> Delivered:
        """Opens the app. Slack also tells it what its Home tab shows."""
        channel = self._channel(user).id
        page = self.homes.get(user)
        shown = {"view": {"id": page.id, **page.view}} if page is not None and tab == "home" else {}
        event = {
            "type": "app_home_opened",
            "user": user,
            "channel": channel,
            "event_ts": self.new_ts(),
            "tab": tab,
            **shown,
        }
        return await self.deliver(app_url, "events_api", self.envelope(event))

    async def press_home(self, app_url: str, label: str, *, user: str, row: str = "") -> Delivered:
        """Waits for a button of the Home tab, beside ``row``, and presses it. Its delivery names no channel or
        response_url."""
        page = self.homes[user]

        def shown() -> list[tuple[str, Mapping[str, Any]]]:
            found = buttons([block for block in page.view["blocks"] if row in visible_block_text([block])])
            return [item for item in found if item[1]["text"]["text"] == label]

        block_id, button = (await self.until(shown))[0]
        payload = {
            **self.interaction("block_actions", user),
            "container": {"type": "view", "view_id": page.id},
            "view": {"id": page.id, **page.view},
            "actions": [{**button, "block_id": block_id, "action_ts": self.new_ts()}],
        }
        return await self.deliver(app_url, "interactive", payload)

    async def global_shortcut(self, app_url: str, callback_id: str, *, user: str) -> Delivered:
        """Uses a shortcut from the search box, in no channel."""
        payload = {**self.interaction("shortcut", user), "callback_id": callback_id, "action_ts": self.new_ts()}
        return await self.deliver(app_url, "interactive", payload)

    async def react(self, app_url: str, emoji: str, post: Posted, *, user: str, added: bool = True) -> Delivered:
        """Adds a reaction, or takes it back. Its event does not contain the message."""
        event = {
            "type": "reaction_added" if added else "reaction_removed",
            "user": user,
            "reaction": emoji,
            "item_user": post.user,
            "item": {"type": "message", "channel": post.channel, "ts": post.ts},
            "event_ts": self.new_ts(),
        }
        return await self.deliver(app_url, "events_api", self.envelope(event))

    async def share_link(self, app_url: str, url: str, *, user: str, channel: str) -> Posted:
        """Posts a link to one of the app's domains."""
        post = self.say(f"look at <{url}>", user, channel)
        event = {
            "type": "link_shared",
            "channel": channel,
            "is_bot_user_member": self.bot_user in self.channels[channel].members,
            "user": user,
            "message_ts": post.ts,
            "unfurl_id": f"C.{post.ts}",
            "source": "conversations_history",
            "links": [{"domain": url.split("/")[2], "url": url}],
            "event_ts": self.new_ts(),
        }
        assert (await self.deliver(app_url, "events_api", self.envelope(event))).status == 200
        return post

    async def run_step(self, app_url: str, callback_id: str, inputs: Mapping[str, str]) -> str:
        """A workflow reaches a step. Returns how it ended: its output "run", or "error: …"."""
        execution = f"Fx{self.new_ts()}"
        self.executions[execution] = ""
        event = {
            "type": "function_executed",
            "function": {"id": "Fn1", "callback_id": callback_id, "type": "app", "app_id": "A1"},
            "inputs": dict(inputs),
            "function_execution_id": execution,
            "workflow_execution_id": "Wx1",
            "bot_access_token": "xwfp-1",
            "event_ts": self.new_ts(),
        }
        assert (await self.deliver(app_url, "events_api", self.envelope(event))).status == 200
        return await self.until(lambda: self.executions[execution])

    def _newest_with(self, label: str, user: str) -> Posted:
        ephemerals = [ephemeral for ephemeral in self.ephemerals if ephemeral.to == user]
        seen = sorted([*self.posts, *ephemerals], key=lambda post: post.ts)
        found = [post for post in seen if any(is_labelled(shown, label) for shown in post.labels)]
        assert found, f"no button {label!r} in {[post.labels for post in seen]}"
        return found[-1]

    def _pressed_in_modal(self, modal: Modal, label: str, user: str) -> dict[str, Any]:
        block_id, button = next(item for item in buttons(modal.view["blocks"]) if item[1]["text"]["text"] == label)
        return {
            **self.interaction("block_actions", user),
            "container": {"type": "view", "view_id": modal.id},
            "view": {"id": modal.id, **modal.view},
            "actions": [{**button, "block_id": block_id, "action_ts": self.new_ts()}],
        }

    async def modal(self, user: str) -> Modal:
        """Waits until the open modal of ``user`` is loaded."""

        def filled() -> Modal | None:
            open_modals = [item for item in self.modals.values() if item.user == user]
            return open_modals[-1] if open_modals and "private_metadata" in open_modals[-1].view else None

        found = await self.until(filled)
        assert found is not None
        return found

    async def search(self, app_url: str, field: str, typed: str, *, user: str) -> list[str]:
        """Types into a search field of the open modal, and returns the labels of the options."""
        modal = await self.modal(user)
        payload = {
            **self.interaction("block_suggestion", user),
            "container": {"type": "view", "view_id": modal.id},
            "view": {"id": modal.id, **modal.view},
            "block_id": field,
            "action_id": "field.v1",
            "value": typed,
        }
        options = (await self.deliver(app_url, "interactive", payload)).json["options"]
        assert not (faults := option_faults(options)), faults
        return [option["text"]["text"] for option in options]

    async def submit(self, app_url: str, values: Mapping[str, str], *, user: str) -> Delivered:
        """Fills in and submits the open modal. Fields that are not in ``values`` keep their value.

        If the submission is accepted, the modal closes. Errors are in ``Delivered.json["errors"]`` and keep it
        open.
        """
        modal = await self.modal(user)
        self._enter(modal, values)
        payload = {**self.interaction("view_submission", user), "view": _with_state(modal), "response_urls": []}
        missing = [
            block["block_id"]
            for block in modal.view["blocks"]
            if block["type"] == "input" and not block.get("optional") and not _is_filled(modal, block)
        ]
        assert not missing, f"the client asks for {missing}"
        delivered = await self.deliver(app_url, "interactive", payload)
        answer: Any = delivered.json if delivered.status == 200 else {"response_action": "failed"}
        if not answer or answer.get("response_action") == "clear":
            self.modals.pop(modal.id)
        elif answer.get("response_action") == "update":
            assert not (faults := view_faults(answer["view"])), faults
            modal.show(answer["view"])
        return delivered

    async def choose(self, app_url: str, field: str, value: str, *, user: str) -> Delivered:
        """Chooses an option of a field with ``dispatch_action``, which is delivered at once."""
        modal = await self.modal(user)
        block = next(block for block in modal.view["blocks"] if block.get("block_id") == field)
        assert block.get("dispatch_action"), f"{field} is not delivered before the form is submitted"
        self._enter(modal, {field: value})
        entered = modal.entered[field][block["element"]["action_id"]]
        action = {**entered, "block_id": field, "action_id": block["element"]["action_id"]}
        payload = {
            **self.interaction("block_actions", user),
            "container": {"type": "view", "view_id": modal.id},
            "view": _with_state(modal),
            "actions": [{**action, "action_ts": self.new_ts()}],
        }
        return await self.deliver(app_url, "interactive", payload)

    def _enter(self, modal: Modal, values: Mapping[str, str]) -> None:
        assert not set(values) - set(modal.fields), f"the form has {modal.fields}"
        modal.entered |= {field: _entered(modal.element(field), value) for field, value in values.items()}

    async def shortcut(
        self, app_url: str, callback_id: str, post: Posted, *, user: str, files: Sequence[str] = ()
    ) -> Delivered:
        """Uses a message shortcut ("start_here", "add_comment") on ``post``, which has ``files``."""
        attached = {"files": [self.file(name, post.user) for name in files]} if files else {}
        thread = {"thread_ts": post.thread_ts} if post.thread_ts else {}
        payload = {
            **self.interaction("message_action", user),
            "callback_id": callback_id,
            "response_url": self.new_response_url(post.channel, user),
            "channel": {"id": post.channel, "name": self.channels[post.channel].name},
            "message_ts": post.ts,
            "message": {"type": "message", "user": post.user, "ts": post.ts, "text": post.text}
            | thread
            | attached,
        }
        return await self.deliver(app_url, "interactive", payload)

    def interaction(self, type: str, user: str) -> dict[str, Any]:
        return {
            "type": type,
            "team": {"id": self.users[user]["team_id"], "domain": "acme"},
            "user": {
                "id": user,
                "username": self.users[user]["name"],
                "team_id": self.users[user]["team_id"],
            },
            "api_app_id": "A1",
            "token": "legacy",
            "trigger_id": self.new_trigger(user),
        }


def _with_state(modal: Modal) -> dict[str, Any]:
    inputs = [block for block in modal.view["blocks"] if block["type"] == "input"]
    state = {
        block["block_id"]: modal.entered.get(block["block_id"]) or _entered(block["element"], None)
        for block in inputs
    }
    return {"id": modal.id, **modal.view, "state": {"values": state}}


def _is_filled(modal: Modal, block: Mapping[str, Any]) -> bool:
    entered = _with_state(modal)["state"]["values"][block["block_id"]][block["element"]["action_id"]]
    return any(value for name, value in entered.items() if name != "type")


def _entered(element: Mapping[str, Any], value: str | None) -> dict[str, Any]:
    if element["type"] == "plain_text_input":
        entered = element.get("initial_value") if value is None else value
        return {element["action_id"]: {"type": element["type"], "value": entered or None}}
    if element["type"] == "multi_users_select":
        people = value.split() if value is not None else element.get("initial_users", [])
        return {element["action_id"]: {"type": element["type"], "selected_users": people}}
    if element["type"] == "users_select":
        person = element.get("initial_user") if value is None else value
        return {element["action_id"]: {"type": element["type"], "selected_user": person or None}}
    if element["type"] == "conversations_select":
        channel = element.get("initial_conversation") if value is None else value
        return {element["action_id"]: {"type": element["type"], "selected_conversation": channel or None}}
    if element["type"] == "checkboxes":
        ticked = element.get("initial_options", []) if value is None else element["options"] if value else []
        return {element["action_id"]: {"type": element["type"], "selected_options": ticked}}
    chosen = element.get("initial_option")
    if value is not None:
        known = (item for item in element.get("options", ()) if value in (item["value"], item["text"]["text"]))
        chosen = next(known, {"text": {"type": "plain_text", "text": value}, "value": value}) if value else None
    return {element["action_id"]: {"type": element["type"], "selected_option": chosen}}
