"""The chats. Each is unaware of the others, of the store, and of platforms."""
