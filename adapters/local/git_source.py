"""The address of a folder in a Git repository: ``git+https://host/repo.git#branch:sub/folder``.

Whatever is accepted here can be passed to ``git``: no part of it can be taken for an option.
"""

import re
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit

from pydantic import SecretStr

PREFIX = "git+"
DEFAULT_BRANCH = "HEAD"
_SCHEMES = ("https", "ssh", "file")
_FORM = 'must have the form "git+https://host/repo.git#branch:folder" (or git+ssh, git+file)'
_UNFIT_FOR_BRANCHES = re.compile(r"[\s~^:?*\[\\\x00-\x1f\x7f]|\.\.|@\{|//|^[-/+.]|[/.]$|\.lock$")


@dataclass(frozen=True, slots=True)
class GitSource:
    """``url`` has no credentials. Without a ``branch`` it is the repository's default one.

    ``credentials``: what stands before the ``@`` of an https address, and then each part of it that is secret.
    """

    url: str
    branch: str = ""
    folder: str = ""
    credentials: tuple[SecretStr, ...] = field(default=(), compare=False)

    @property
    def scheme(self) -> str:
        return self.url.partition(":")[0]

    @property
    def ref(self) -> str:
        """On the server."""
        if not self.branch:
            return DEFAULT_BRANCH
        return self.branch if self.branch.startswith("refs/") else f"refs/heads/{self.branch}"

    @property
    def name(self) -> str:
        """What the folder is called: its own name, or else that of the repository."""
        return (self.folder or self.url.rstrip("/").removesuffix(".git")).rpartition("/")[2]

    def __str__(self) -> str:
        """As people recognise it: "github.com/acme/ops#main:runbooks"."""
        parts = urlsplit(self.url)
        place = f"{parts.hostname or ''}{parts.path}".removesuffix(".git")
        inside = f"{self.branch}:{self.folder}".rstrip(":")
        return f"{place}#{inside}" if inside else place

    def redacted(self, text: str) -> str:
        for secret in sorted((part.get_secret_value() for part in self.credentials), key=len, reverse=True):
            text = text.replace(secret, "…")
        return text


def parse_git_source(address: str) -> GitSource:
    """Raises ``ValueError`` with a sentence that has no part of the address."""
    try:
        parts = urlsplit(address.removeprefix(PREFIX))
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError(_FORM) from None
    if not address.startswith(PREFIX) or parts.scheme not in _SCHEMES or not address.isprintable():
        raise ValueError(_FORM)
    if parts.query or not parts.path.strip("/") or bool(host) == (parts.scheme == "file"):
        raise ValueError(_FORM)
    branch, _, folder = parts.fragment.partition(":")
    if branch and _UNFIT_FOR_BRANCHES.search(branch):
        raise ValueError("has a branch with characters that no branch can have")
    folder = folder.strip("/")
    if any(name in ("", ".", "..") for name in folder.split("/")) and folder:
        raise ValueError("has a folder that is not a path inside the repository")
    user = _user(parts)
    if any(part.startswith("-") for part in (host, user)):
        raise ValueError(_FORM)
    at = f"{user}@" if user else ""
    place = f"{at}{host}{f':{port}' if port else ''}"
    return GitSource(f"{parts.scheme}://{place}{parts.path}", branch, folder, _credentials(parts))


def _user(parts: SplitResult) -> str:
    """Of an ssh address, where it is not a secret: there is nobody but "git" on most servers."""
    if parts.scheme != "ssh":
        return ""
    if parts.password:
        raise ValueError("has a password, which ssh does not take; use a key")
    return parts.username or ""


def _credentials(parts: SplitResult) -> tuple[SecretStr, ...]:
    """Of an https address. Some servers take a token in place of the user, so a user alone is a secret too."""
    if parts.scheme != "https" or not parts.username:
        return ()
    whole = parts.netloc.rpartition("@")[0]
    secret = parts.password or parts.username
    return tuple(SecretStr(text) for text in dict.fromkeys((whole, secret, unquote(secret))) if text)
