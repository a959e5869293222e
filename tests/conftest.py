"""What all tests share: Keras comes up quietly, whatever test file imports it first."""

import course_utils.reference  # noqa: F401
