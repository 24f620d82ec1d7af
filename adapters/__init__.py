"""Clients of the platforms, behind one protocol (``protocol.py``). Nothing here knows of chats or commands."""
