"""Durable state: tables, queries and migrations. The only folder that imports the database library.

``store.py`` owns the connections. Every other module holds the queries of one concern.
"""
