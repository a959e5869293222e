"""Reference models, exercises and tools for the vision transformer course.

Importing this package is cheap on purpose: Keras is loaded only by the parts that need it.
"""
