"""Durable processing of messages: queues, writes to platforms, and reconciliation of unknown outcomes."""
