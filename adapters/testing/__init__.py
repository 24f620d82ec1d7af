"""For testing platforms: the contract suite, its pytest plugin, and the base of fakes. No runtime module imports
it."""
