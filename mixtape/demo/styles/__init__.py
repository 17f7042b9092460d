"""One player for each style of the made-up collection."""
