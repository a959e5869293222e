"""A class of 30, right, mistaken and hostile."""
