"""Values of a settings file or the environment: lists, secrets, and what a problem must not quote."""

from collections.abc import Iterator, Mapping
from typing import Any, get_args, get_origin

from pydantic import BaseModel, SecretStr


def split_or_strip(value: Any, annotation: Any) -> Any:
    if isinstance(value, str) and _is_list(annotation) and not _has_tables(annotation):
        return [part.strip() for part in value.split(",") if part.strip()]
    if isinstance(value, str) and is_secret(annotation):
        return value.strip()  # the file of a secret often ends with a line break
    return value


def _has_tables(annotation: Any) -> bool:
    is_table = isinstance(annotation, type) and issubclass(annotation, BaseModel)
    return is_table or any(_has_tables(part) for part in get_args(annotation))


def _is_list(annotation: Any) -> bool:
    return get_origin(annotation) in (tuple, list) or any(_is_list(part) for part in get_args(annotation))


def is_secret(annotation: Any) -> bool:
    """Not a table of secrets: its values are URLs, and as an environment variable it is one JSON text."""
    if get_origin(annotation) is dict:
        return False
    return annotation is SecretStr or any(is_secret(part) for part in get_args(annotation))


def without_empty_secrets(known: Mapping[str, Any], fields: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """An empty secret counts as not set: nobody may sign in or sign requests with an empty one."""
    for key, value in known.items():
        if not is_secret(fields[key].annotation):
            yield key, value
        elif isinstance(value, list):
            yield key, [part for part in value if part != ""]
        elif value != "":
            yield key, value


def fits_header(text: str) -> bool:
    return text.isascii() and text.isprintable() and " " not in text


def texts(value: Any) -> Iterator[str]:
    for part in value if isinstance(value, list) else [value]:
        if isinstance(part, str):
            yield part


def texts_to_hide(value: Any) -> Iterator[str]:
    """Every text in a value, without those of up to 3 characters: hiding them would garble the sentence."""
    if isinstance(value, str) and len(value) > 3:
        yield value
    elif isinstance(value, list | dict):
        for part in value.values() if isinstance(value, dict) else value:
            yield from texts_to_hide(part)
