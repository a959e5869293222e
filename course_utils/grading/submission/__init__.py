"""One notebook, from its file to its Reports."""
