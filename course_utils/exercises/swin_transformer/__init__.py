"""The exercises of notebook 05: what each asks, the mistakes people make, the hints."""

from course_utils.exercises.swin_transformer.attention_cost import ATTENTION_COST
from course_utils.exercises.swin_transformer.cyclic_shift import CYCLIC_SHIFT
from course_utils.exercises.swin_transformer.merge_patches import MERGE_PATCHES
from course_utils.exercises.swin_transformer.relative_position_index import (
    RELATIVE_POSITION_INDEX,
)
from course_utils.exercises.swin_transformer.shifted_window_mask import SHIFTED_WINDOW_MASK
from course_utils.exercises.swin_transformer.window_attention import WINDOW_ATTENTION
from course_utils.exercises.swin_transformer.window_partition import WINDOW_PARTITION
from course_utils.exercises.swin_transformer.window_reverse import WINDOW_REVERSE

EXERCISES = (
    WINDOW_PARTITION,
    WINDOW_REVERSE,
    ATTENTION_COST,
    RELATIVE_POSITION_INDEX,
    CYCLIC_SHIFT,
    SHIFTED_WINDOW_MASK,
    WINDOW_ATTENTION,
    MERGE_PATCHES,
)
