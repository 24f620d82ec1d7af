"""Durable state: tables, queries, migrations. The only folder that knows the database library.

``store.py`` owns the connections; each other module owns the queries of one concern.
"""
