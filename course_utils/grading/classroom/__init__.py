"""A whole class: made, handed in, graded, exported."""
