"""What a Mattermost server can do, by its version (Mattermost docs, "Interactive dialogs" and the changelogs)."""

import re

_VERSION = re.compile(r"(\d+)\.(\d+)")
Version = tuple[int, int]
OLDEST: Version = (0, 0)
_REFRESHING_DIALOGS: Version = (11, 1)


def parse_version(text: str) -> Version:
    """Of the header ``X-Version-Id`` ("5.37.0.5.37.0.8c46….false"); ``OLDEST`` if it is not one."""
    found = _VERSION.match(text)
    return (int(found[1]), int(found[2])) if found else OLDEST


def refreshes_dialogs(version: Version) -> bool:
    """Whether a field may ask for the dialog again, with what its value asks for."""
    return version >= _REFRESHING_DIALOGS
