"""Draws what people see: ``make pictures`` drives the real process on both chats and writes PNGs."""
