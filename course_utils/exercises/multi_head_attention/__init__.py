"""The exercises of notebook 02: what each asks, the mistakes people make, the hints.

D = 15 makes three heads of five features, or five of three, and the numbers of tokens are other
primes: so a swapped axis cannot pass for the right one. Biases are drawn too, for a forgotten one
to show.
"""

from course_utils.exercises.multi_head_attention.count_attention_parameters import COUNT
from course_utils.exercises.multi_head_attention.merge_heads import MERGE_HEADS
from course_utils.exercises.multi_head_attention.multi_head_attention import ATTENTION
from course_utils.exercises.multi_head_attention.MultiHeadAttention import LAYER
from course_utils.exercises.multi_head_attention.prune_head import PRUNE_HEAD
from course_utils.exercises.multi_head_attention.split_heads import SPLIT_HEADS

EXERCISES = (SPLIT_HEADS, MERGE_HEADS, ATTENTION, LAYER, PRUNE_HEAD, COUNT)
