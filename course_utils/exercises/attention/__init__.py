"""The exercises of notebook 01: what each asks, the mistakes people make, the hints.

Mistakes are written in NumPy, as short as students write them. Sizes are different primes, so that
a swapped axis cannot pass for the right one; values are drawn anew from each seed. Cases share
shapes where they can: JAX compiles each operation once for each shape.
"""

from course_utils.exercises.attention.attend import ATTEND
from course_utils.exercises.attention.attention_scores import ATTENTION_SCORES
from course_utils.exercises.attention.causal_mask import CAUSAL_MASK
from course_utils.exercises.attention.is_permutation_equivariant import EQUIVARIANT
from course_utils.exercises.attention.padding_mask import PADDING_MASK
from course_utils.exercises.attention.reversal_queries_keys import REVERSAL
from course_utils.exercises.attention.softmax import SOFTMAX

EXERCISES = (
    SOFTMAX,
    ATTENTION_SCORES,
    ATTEND,
    CAUSAL_MASK,
    PADDING_MASK,
    REVERSAL,
    EQUIVARIANT,
)
