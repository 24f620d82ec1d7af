"""Who wrote a comment that ends with a signature: on the platform itself, anybody can type one."""

import re

from adapters.models import Person
from adapters.toolkit.signing import SignedText


def attributed(signed: SignedText, whole: str, author: Person | None, own_user: str) -> SignedText:
    """``signed`` if its signature is to be believed, else ``whole`` as written by the platform's author.

    It is believed where the platform names no author, or names the user of our token (``own_user``, empty while
    unknown), or the same person as the signature does. Then ``signed`` gets the author's name if it has none.
    """
    if author is None:
        return signed
    if not signed.by:
        return signed.model_copy(update={"by": author.shown})
    is_ours = bool(own_user) and author.id == own_user
    return signed if is_ours or _is_same_person(signed.by, author) else SignedText(text=whole, by=author.shown)


def _is_same_person(signer: str, author: Person) -> bool:
    """ "Ana via Slack" may be Ana Lima, but not the other way round: there may be several of that first name."""
    words = _words(signer.rpartition(" via ")[0])
    known = _words(f"{author.name} {author.handle or ''} {(author.email or '').partition('@')[0]}")
    return bool(words) and words <= known


def _words(name: str) -> set[str]:
    return set(re.findall(r"\w+", name.casefold()))
