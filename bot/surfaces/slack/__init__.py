"""Slack: slash commands, mentions, buttons, modals and message shortcuts, over HTTP or Socket Mode."""

from bot.surfaces.slack.surface import SlackSurface

__all__ = ["SlackSurface"]
