"""The skeleton of a new platform, filled in. It shows that the list of TODOs leads to a green contract suite."""
