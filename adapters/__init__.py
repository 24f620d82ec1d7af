"""The adapters of the platforms, behind one contract (``protocol.py``). They know nothing of chats and
commands."""
