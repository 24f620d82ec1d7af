"""What tests of a platform use: the contract suite and the skeleton of a new platform. No runtime module imports it."""
