"""Parses commands into typed intents and executes them, without network, clock, chat or platform libraries."""
