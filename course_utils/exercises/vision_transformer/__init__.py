"""The exercises of notebook 04: what each asks, the mistakes people make, the hints.

Images are not square and no two axes have the same length, so that a swapped axis cannot pass for
the right one; the cases that are square say so.
"""

from course_utils.exercises.vision_transformer.add_class_token import ADD_CLASS_TOKEN
from course_utils.exercises.vision_transformer.attention_rollout import ATTENTION_ROLLOUT
from course_utils.exercises.vision_transformer.conv_kernel_from_dense import CONV_KERNEL
from course_utils.exercises.vision_transformer.count_vit_parameters import COUNT
from course_utils.exercises.vision_transformer.encoder_block import ENCODER_BLOCK
from course_utils.exercises.vision_transformer.learning_rate import LEARNING_RATE
from course_utils.exercises.vision_transformer.patchify import PATCHIFY
from course_utils.exercises.vision_transformer.top_k_accuracy import TOP_K_ACCURACY
from course_utils.exercises.vision_transformer.vit_logits import VIT_LOGITS

EXERCISES = (
    PATCHIFY,
    CONV_KERNEL,
    ADD_CLASS_TOKEN,
    ENCODER_BLOCK,
    VIT_LOGITS,
    COUNT,
    LEARNING_RATE,
    TOP_K_ACCURACY,
    ATTENTION_ROLLOUT,
)
