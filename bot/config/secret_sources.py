"""Secrets from files: ``token = {file = "…"}``, ``token_file``, ``LIAISON_…__TOKEN_FILE``; systemd's credentials.

Those are files in ``$CREDENTIALS_DIRECTORY``, each named by its key: ``slack.bot_token``.

``database_url`` may be in a file too, because it may contain a password. A file's trailing line break does not
count. In a file for a list of secrets each one has its own line.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import SecretStr

FILE_SUFFIX = "_file"
URL_KEY = "database_url"
MAX_SECRET_BYTES = 64 * 1024


class SecretFileError(Exception):
    """The text completes a sentence that begins with the key."""


def holds_secrets(annotation: Any) -> bool:
    """Whether a setting of this type is a secret, a list of secrets, or a table of secrets."""
    return annotation is SecretStr or any(holds_secrets(part) for part in get_args(annotation))


def _may_be_in_file(key: str, annotations: Mapping[str, Any]) -> bool:
    return holds_secrets(annotations.get(key)) or (key == URL_KEY and key in annotations)


def read_secret(path: Path) -> str:
    """Raises ``SecretFileError``."""
    try:
        with path.expanduser().open("rb") as file:
            content = file.read(MAX_SECRET_BYTES + 1)
        text = content.decode("utf-8").strip()
    except OSError as error:
        raise SecretFileError(f"its file {path} cannot be read ({error.strerror or error})") from None
    except UnicodeDecodeError:
        raise SecretFileError(f"its file {path} is not UTF-8 text") from None
    if len(content) > MAX_SECRET_BYTES:
        raise SecretFileError(f"its file {path} is too large for a secret")
    if not text:
        raise SecretFileError(f"its file {path} is empty")
    return text


def with_secrets_from_files(
    values: Mapping[str, Any],
    annotations: Mapping[str, Any],
    read: Callable[[str], str],
    report: Callable[[str, str], None],
) -> dict[str, Any]:
    """``values`` with the contents of the files that they name. ``annotations``: the type of each setting.

    ``read`` returns the secret in a file. One that cannot be read is reported by ``report(key, text)``.
    """
    found: dict[str, Any] = {}
    for key, value in values.items():
        target = _named_secret(key, annotations)
        try:
            if target is not None and values.get(target) not in (None, ""):
                raise SecretFileError(f"is set twice; remove either {target} or {key}")
            if target is not None:
                found[target] = _read(value, annotations[target], read)
            elif _may_be_in_file(key, annotations):
                found[key] = _resolve(value, annotations[key], read)
            elif key not in found:
                found[key] = value
        except SecretFileError as error:
            report(target or key, str(error))
    return found


def credentials(folder: Path, sections: Collection[str]) -> Iterator[tuple[list[str], Path]]:
    """(the parts of the key, the file) of each credential that is a setting. Others are not for us."""
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        section, *rest = path.name.split(".")
        if section in sections and len(rest) == (2 if section == "platforms" else 1) and all(rest):
            yield [section, *rest], path


def _named_secret(key: str, annotations: Mapping[str, Any]) -> str | None:
    """ "bot_token" for "bot_token_file"."""
    target = key.removesuffix(FILE_SUFFIX)
    is_file = key not in annotations and target != key and _may_be_in_file(target, annotations)
    return target if is_file else None


def _resolve(value: Any, annotation: Any, read: Callable[[str], str]) -> Any:
    if isinstance(value, list):
        return [_resolve(item, SecretStr, read) for item in value]
    if isinstance(value, dict) and get_origin(annotation) is dict:
        return {name: _resolve(item, SecretStr, read) for name, item in value.items()}
    if isinstance(value, dict) and set(value) == {"file"}:
        return _read(value["file"], annotation, read)
    return value


def _read(path: Any, annotation: Any, read: Callable[[str], str]) -> Any:
    if not isinstance(path, str) or not path.strip():
        raise SecretFileError("must name a file")
    text = read(path.strip())
    return ",".join(text.splitlines()) if _is_list(annotation) else text


def _is_list(annotation: Any) -> bool:
    return get_origin(annotation) in (tuple, list) or any(_is_list(part) for part in get_args(annotation))
