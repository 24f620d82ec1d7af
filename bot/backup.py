"""``liaison backup``: everything that Liaison stores, copied into a new folder."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from bot.config.settings import Settings, without_password
from bot.server.lock import CannotStart, is_locked
from bot.storage.inspection import CorruptDatabase, copy_database


class CannotBackUp(Exception):
    """Nothing was written. The text says why."""


def back_up(settings: Settings, folder: Path) -> Sequence[Path]:
    """The files written: the database, checked, and the key if it was generated."""
    store = settings.store_path
    if settings.bot.has_replicas:
        raise CannotBackUp(
            "The database is on a PostgreSQL server. Back it up with its own tool, for example: "
            f"pg_dump --format=custom --file=liaison.dump --dbname={without_password(settings.bot.database_url)}"
        )
    if not store.exists():
        raise CannotBackUp(f"There is no database at {store}.")
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise CannotBackUp(f"{folder} can't be created: {error.strerror}. Name a new folder.") from error
    try:
        copies = [folder / store.name]
        copy_database(store, copies[0], in_use=is_locked(settings.lock_path))
        if settings.bot.secret_key is None and settings.key_path.exists():
            copies.append(folder / settings.key_path.name)
            shutil.copyfile(settings.key_path, copies[1])
    except (CorruptDatabase, CannotStart, OSError) as error:
        shutil.rmtree(folder)
        raise CannotBackUp(f"{store} can't be copied: {error}. Nothing was written to {folder}.") from error
    return copies
