"""How texts that Liaison writes to Example are signed, and read back."""

from adapters.toolkit.signing import TextSigner

# TODO 2: if a text on your platform can mention people or has markup, pass ``escape`` and ``unescape``.
SIGNER = TextSigner(separator="\n\n")
