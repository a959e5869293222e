"""What a model learns from, and how it is trained."""

import course_utils.reference  # noqa: F401  (it brings up Keras quietly)
