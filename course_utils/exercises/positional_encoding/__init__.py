"""The exercises of notebook 03: what each asks, the mistakes people make, the hints.

Answers are written in NumPy, as short as students write them; mistakes change a few words of them.
Positions stay below a hundred: there a student's angles in float32 still give sines that are right
to four digits.
"""

from course_utils.exercises.positional_encoding.add_positions import ADD_POSITIONS
from course_utils.exercises.positional_encoding.linear_positions import LINEAR_POSITIONS
from course_utils.exercises.positional_encoding.offset_rotation import OFFSET_ROTATION
from course_utils.exercises.positional_encoding.resize_positions import RESIZE_POSITIONS
from course_utils.exercises.positional_encoding.sinusoidal_encoding import SINUSOIDAL_ENCODING
from course_utils.exercises.positional_encoding.sinusoidal_encoding_2d import SINUSOIDAL_ENCODING_2D

EXERCISES = (
    LINEAR_POSITIONS,
    SINUSOIDAL_ENCODING,
    ADD_POSITIONS,
    SINUSOIDAL_ENCODING_2D,
    OFFSET_ROTATION,
    RESIZE_POSITIONS,
)
