"""The contract suite: what must be true of every adapter. It is run by ``adapters.testing.plugin``."""
