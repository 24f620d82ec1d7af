"""The platforms that can be configured, by kind, each imported when it is first asked for.

Built-in platforms are the folders beside this file that have an ``adapter`` module. Others come from installed
packages, by an entry point of the group ``liaison.platforms``:

    [project.entry-points."liaison.platforms"]
    acme = "liaison_acme:PLATFORM"
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from adapters.protocol import API_VERSION, Platform, PlatformLoadError

GROUP = "liaison.platforms"
_FOLDER = Path(__file__).parent


class Registry(Mapping[str, Platform]):
    """Asking for a platform raises ``PlatformLoadError`` where it cannot be used."""

    def __init__(self) -> None:
        self._loaded: dict[str, Platform] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(self._kinds)

    def __len__(self) -> int:
        return len(self._kinds)

    def __contains__(self, kind: object) -> bool:
        return kind in self._kinds

    def __getitem__(self, kind: str) -> Platform:
        if kind not in self._loaded:
            self._loaded[kind] = self._load(kind)
        return self._loaded[kind]

    def _load(self, kind: str) -> Platform:
        external = [point for point in self._external if point.name == kind]
        if kind in self._built_in and not external:
            return _checked(kind, import_module(f"adapters.{kind}").PLATFORM, f"adapters.{kind}")
        if not external:
            raise KeyError(kind)
        if kind in self._built_in or len(external) > 1:
            owners = " and ".join([*(["Liaison"] if kind in self._built_in else []), *map(_owner, external)])
            raise PlatformLoadError(
                f'The kind "{kind}" is provided by {owners}. Only one of them can be installed.'
            )
        owner = _owner(external[0])
        try:
            found = external[0].load()
        except Exception as error:  # whatever a package raises while it is imported
            raise _error(owner, f"cannot be loaded: {type(error).__name__}: {error}") from error
        return _checked(kind, found, owner)

    @cached_property
    def _built_in(self) -> Sequence[str]:
        return sorted(path.parent.name for path in _FOLDER.glob("*/adapter.py"))

    @cached_property
    def _external(self) -> Sequence[EntryPoint]:
        return sorted(entry_points(group=GROUP), key=lambda point: point.name)

    @cached_property
    def _kinds(self) -> Sequence[str]:
        return list(dict.fromkeys([*self._built_in, *(point.name for point in self._external)]))


def _owner(point: EntryPoint) -> str:
    return f"the package {point.dist.name}" if point.dist else f"the entry point {point.value}"


def _checked(kind: str, found: object, owner: str) -> Platform:
    if not isinstance(found, Platform):
        raise _error(owner, "does not export a Platform.")
    if found.kind != kind:
        raise _error(owner, f'exports the kind "{found.kind}" under the name "{kind}".')
    if found.api_version != API_VERSION:
        what = f"was written for version {found.api_version} of Liaison's adapter API"
        raise _error(
            owner, f"{what}, but this is version {API_VERSION}. Install a release of it for this version."
        )
    return found


def _error(owner: str, what: str) -> PlatformLoadError:
    return PlatformLoadError(f"{owner[0].upper()}{owner[1:]} {what}")


PLATFORMS = Registry()
