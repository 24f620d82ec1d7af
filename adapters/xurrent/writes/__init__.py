"""Writes to tasks (``tasks``) and notes (``notes``), on both generations of the API."""
