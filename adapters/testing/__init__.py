"""For testing platforms: the contract suite, and the skeleton of a new platform. No runtime module imports it."""
