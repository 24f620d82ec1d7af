"""Mattermost: commands, buttons and dialogs over HTTP, mentions and direct messages over its websocket."""
