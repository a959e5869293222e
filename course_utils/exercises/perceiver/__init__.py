"""The exercises of notebook 06: what each asks, the mistakes people make, the hints."""

from course_utils.exercises.perceiver.count_perceiver_parameters import COUNT_PERCEIVER_PARAMETERS
from course_utils.exercises.perceiver.cross_attend import CROSS_ATTEND
from course_utils.exercises.perceiver.fourier_features import FOURIER_FEATURES
from course_utils.exercises.perceiver.keras_attention import KERAS_ATTENTION
from course_utils.exercises.perceiver.perceive import PERCEIVE
from course_utils.exercises.perceiver.perceiver_cost import PERCEIVER_COST
from course_utils.exercises.perceiver.perceiver_logits import PERCEIVER_LOGITS

EXERCISES = (
    CROSS_ATTEND,
    KERAS_ATTENTION,
    FOURIER_FEATURES,
    PERCEIVE,
    COUNT_PERCEIVER_PARAMETERS,
    PERCEIVER_LOGITS,
    PERCEIVER_COST,
)
