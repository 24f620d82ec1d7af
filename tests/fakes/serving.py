"""The base of every fake, which lives in ``adapters.testing``: other people's fakes are built on it too."""

from adapters.testing.fake_server import Fake, Fault, FaultKind, Seen

__all__ = ["Fake", "Fault", "FaultKind", "Seen"]
