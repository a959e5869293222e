"""What is told of a class: tables, progress, statistics, a page."""
