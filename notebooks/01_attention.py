# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 1 · Attention: from one softmax up
#
# **You will**
#
# - build attention yourself, in small functions, and know what every number in it does
# - see why scores are divided by $\sqrt{d}$, and what a mask hides
# - find out what attention cannot know, and write the test that shows it
#
# **You need** Python, a little NumPy, and what a matrix product is. No machine learning yet.
#
# **Time**: two to three hours for you; the machine needs less than a minute, without a GPU.

# %% [markdown]
# ## How to use this notebook
#
# Read, run each cell with Shift+Enter, and fill in the cells that say `YOUR CODE HERE`.
# After each of them comes a `check`. It says what already holds, and if it knows your mistake,
# it names it. Stuck? `hint("softmax")` gives one hint each time you call it.
#
# Later cells never need your answers: they use the course's own versions, in
# `attention`. So skip what you like, and come back.

# %%
import numpy as np

from matplotlib import cbook, pyplot

from course_utils import plots
from course_utils.exercises import check, hint, progress  # loads Keras: a few seconds
from course_utils.reference import attention

import keras
from keras import ops

keras.utils.set_random_seed(1)
rng = np.random.default_rng(1)
print("Keras", keras.__version__, "on", keras.backend.backend())

# %% [markdown]
# ## Letters we use
#
# The same letters stand for the same things in the text, in the formulas and in the code, all
# through the course.
#
# | letter | meaning |
# |---|---|
# | $B$ | sequences (or images) in a batch |
# | $N$ | tokens in a sequence (words, patches of a picture …); $N_q$ queries, $N_k$ keys |
# | $d$ | width of a query and of a key |
# | $d_v$ | width of a value |
# | $(\dots, N, d)$ | a shape; the dots are any axes in front |

# %% [markdown]
# ## A soft dictionary
#
# A Python dictionary is strict. Ask `colours["lemon"]` and you get yellow; ask for "something
# sour and crunchy" and you get a `KeyError`.
#
# Attention is a dictionary that never refuses. You ask with a **query**. It compares the query
# with every **key**, and hands you a mixture of all the **values**, with more of those whose
# keys fit better.
#
# Three fruits, four features (sweet, sour, soft, crunchy), and a colour as the value:

# %%
fruits = ["apple", "lemon", "plum"]
features = ["sweet", "sour", "soft", "crunchy"]
key = np.array([[1, 1, 0, 2], [0, 3, 0, 1], [2, 1, 2, 0]], "float32")  # (Nk, d) = (3, 4)
value = np.array([[0.8, 0.1, 0.1], [0.9, 0.9, 0.1], [0.4, 0.1, 0.5]], "float32")  # (3, 3)
question = np.array([[0, 2, 0, 2]], "float32")  # (Nq, d) = (1, 4): "sour and crunchy"

plots.heatmap(key, rows=fruits, columns=features, title="keys: what each fruit offers",
              row_label="key", column_label="feature")
plots.show("Table of three fruits and four features; lemon is 3 sour, apple is 2 crunchy.")

# %% [markdown]
# ## By hand, once
#
# Compare the query with each key by a **dot product**: multiply feature by feature and add up.
# For the apple: $0\cdot1 + 2\cdot1 + 0\cdot0 + 2\cdot2 = 6$. Then divide by $\sqrt{d}$, here
# $\sqrt 4 = 2$ (the reason comes soon).
#
# | | dot product | score | $e^{\text{score}}$ | weight |
# |---|---|---|---|---|
# | apple | 6 | 3 | 20.09 | 0.26 |
# | lemon | 8 | 4 | 54.60 | 0.71 |
# | plum | 2 | 1 | 2.72 | 0.04 |
#
# The weights are each exponential's share of their sum. (We add before we round: 77.40. The rounded
# columns add up to 77.41 and 1.01.) Check with a pencil, then with the machine. It takes the
# course's own functions, which you will write yourself below:

# %%
fruit_scores = np.array(attention.attention_scores(question, key))  # (1, 3)
fruit_weights = np.array(attention.softmax(fruit_scores))  # (1, 3)
mixture = fruit_weights @ value  # (1, 3): red, green, blue
print("scores ", fruit_scores)
print("weights", fruit_weights.round(2))
print("colour ", mixture.round(2))

# %% [markdown]
# Seven tenths lemon, a quarter apple, a trace of plum. The answer to a question that no key
# matches exactly is a colour that no fruit has:

# %%
_, axes = pyplot.subplots(1, 2, figsize=(5.5, 2.6), width_ratios=[3, 1], layout="constrained")
plots.bars(fruit_weights[0], fruits, title="weights", colors=value, ax=axes[0])
axes[1].imshow(mixture[None])
axes[1].set(title="the answer", xticks=[], yticks=[])
plots.show("Bars: apple 0.26 red, lemon 0.71 yellow, plum 0.04 purple. The answer is ochre.")

# %% [markdown]
# ## From scores to weights
#
# The middle step deserves a closer look, because everything else hangs on it. Scores can be any
# numbers. Weights must be positive and sum to 1. The **softmax** does this for a row of scores
# $s_1, \dots, s_N$:
#
# $$\text{softmax}(s)_j = \frac{e^{s_j}}{\sum_{k=1}^{N} e^{s_k}}$$
#
# The exponential makes every number positive, and turns *differences* of scores into *ratios*
# of weights: one more in the score is $e \approx 2.7$ times the weight, wherever you start.
# So adding the same number to all scores changes nothing.

# %% [markdown]
# ### One row, several moods
#
# Divide the scores by a **temperature** before the softmax, and you choose how decided it is.
# Cold, and the best key takes all. Hot, and everyone gets the same. The **entropy** in the
# titles, $-\sum_j w_j \ln w_j$, is roughly the logarithm of how many keys share the attention:
# 0 is one key, $\ln 3 \approx 1.1$ is all three.

# %%
plots.temperature(fruit_scores[0], fruits, [0.2, 1.0, 5.0])
plots.show("Weights of three scores at temperature 0.2, 1 and 5: from nearly one fruit to even.")

# %% [markdown]
# ### Try it
#
# Move the sliders. **Temperature** is the one from above. What does **scale** do to the scores? And
# which pairs of slider positions give exactly the same picture? Predict first. (Without sliders,
# on a printed page, the three pictures above are three positions.)
#
# <details><summary>Answer</summary>Scale multiplies the scores. All pairs with the same quotient
# give the same picture, since only scale divided by temperature reaches the softmax: twice the
# scale is half the temperature.</details>

# %% tags=["nbval-ignore-output"]
plots.temperature_explorer(fruit_scores[0], fruits)

# %% [markdown]
# ## Exercise: `softmax`
#
# *About 10 minutes, difficulty 1 of 3.*
#
# Write `softmax(scores)` over the **last** axis, for an array of any shape $(\dots, N)$. The
# result has the same shape.
#
# Example: `softmax(np.array([[0, 0], [0, np.log(3)]]))` is `[[0.5, 0.5], [0.25, 0.75]]`.
#
# It must survive scores of 10,000. In 32-bit numbers $e^{89}$ is already infinity. Remember what
# adding a number to all scores changes.
#
# Use NumPy or `keras.ops`, as you like, here and everywhere. (Keras has a softmax. The check
# will ask you to build your own.)


# %% nbgrader={"grade": false, "grade_id": "softmax", "locked": false, "schema_version": 3, "solution": true, "task": false}
def softmax(scores):
    """scores (..., N) -> weights (..., N), each row along the last axis sums to 1."""
    ### BEGIN SOLUTION
    shifted = scores - ops.max(scores, axis=-1, keepdims=True)
    exponentials = ops.exp(shifted)
    return exponentials / ops.sum(exponentials, axis=-1, keepdims=True)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "softmax_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check("softmax", softmax)

# %% [markdown]
# ### Quick question
#
# Two scores are 3 and 5. You add 100 to both. What happens to the two weights?
#
# <details><summary>A: both become 1/2, since 103 and 105 are nearly equal</summary>No. Softmax
# looks at the difference, not at the ratio of the scores. The difference is still 2.</details>
# <details><summary>B: nothing</summary>Yes. Both exponentials grow by the factor e¹⁰⁰, and so
# does their sum: the shares stay.</details>
# <details><summary>C: they overflow</summary>Only if you compute e¹⁰⁵ directly, which float32
# cannot hold. The value itself is well defined, and subtracting the maximum finds
# it.</details>

# %% [markdown]
# ## Queries meet keys
#
# One query against three keys was one row of scores. With $N_q$ queries there are $N_q$ rows,
# and all the dot products together are one matrix product. For $Q$ of shape $(N_q, d)$ and $K$
# of shape $(N_k, d)$,
#
# $$S = \frac{Q K^\top}{\sqrt d}, \qquad S_{ij} = \frac{1}{\sqrt d} \sum_{c=1}^{d} Q_{ic} K_{jc}$$
#
# has shape $(N_q, N_k)$: row $i$ holds what query $i$ thinks of each key. Let us ask the fruits
# three questions at once.

# %%
questions = ["sour and crunchy", "sweet and soft", "anything"]
query = np.array([[0, 2, 0, 2], [2, 0, 2, 0], [0, 0, 0, 0]], "float32")  # (Nq, d) = (3, 4)
question_scores = np.array(attention.attention_scores(query, key))  # (3, 3)
plots.heatmap(question_scores, rows=questions, columns=fruits, title="scores",
              row_label="query", column_label="key")
plots.show("A table with the scores of three questions for three fruits.")

# %% [markdown]
# The last question is the zero vector: it scores 0 with every fruit, so its weights will be even.
# A query that wants nothing gets the average of everything.

# %% [markdown]
# ## Exercise: `attention_scores`
#
# *About 10 minutes, difficulty 1.*
#
# Write `attention_scores(query, key)`: query $(\dots, N_q, d)$ and key $(\dots, N_k, d)$ give
# scores $(\dots, N_q, N_k)$. The dots are a batch of sequences, or anything: your function
# should not care how many axes come first. (So not `key.T`: it turns round *all* axes. Which
# function swaps just two?)
#
# Example: the query `np.array([[2, 0, 0, 0]])` and the key `np.array([[3, 1, 1, 1]])` give
# `[[3]]`: the dot product is 6, and $\sqrt 4 = 2$.


# %% nbgrader={"grade": false, "grade_id": "attention_scores", "locked": false, "schema_version": 3, "solution": true, "task": false}
def attention_scores(query, key):
    """query (..., Nq, d), key (..., Nk, d) -> scores (..., Nq, Nk), divided by √d."""
    ### BEGIN SOLUTION
    width = query.shape[-1]
    return ops.matmul(query, ops.swapaxes(key, -1, -2)) / width**0.5
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "attention_scores_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check("attention_scores", attention_scores)

# %% [markdown]
# ## Why $\sqrt d$?
#
# Take queries and keys whose entries are random, with mean 0 and standard deviation 1. (We call
# the standard deviation the *spread*.) A dot product adds up $d$ products of spread 1. The
# variances of independent terms add up: $d$ terms of variance 1 have the variance $d$, so the sum
# has the spread $\sqrt d$. At $d = 256$ typical scores are $\pm 16$.
#
# What does that do to **learning**? A network learns by small steps: it asks how the result would
# change if a score changed a little. For softmax this slope is $w_j (1 - w_j)$: push score $j$ by
# 0.01, and its weight $w_j$ moves by about $0.01 \cdot w_j (1 - w_j)$.

# %% [markdown]
# Where a weight is nearly 0 or nearly 1, this slope is nearly 0. Summed over the keys, it is
# $1 - \sum_j w_j^2$.
#
# **Predict before you run.** There are 32 keys, and even weights would have the entropy
# $\ln 32 \approx 3.5$ and the slope $1 - 1/32 \approx 0.97$. Where do the two go as $d$ grows,
# without the division by $\sqrt d$? At which $d$ is the entropy below 1?


# %%
def measure(scores):
    """scores (..., N) -> their spread, mean entropy and mean slope of the softmax."""
    weights = np.array(attention.softmax(scores))
    entropy = -(weights * np.log(weights + 1e-30)).sum(axis=-1)
    return scores.std(), entropy.mean(), (1 - (weights**2).sum(axis=-1)).mean()


widths = [1, 4, 16, 64, 256, 1024]
raw, scaled = [], []
for width in widths:
    queries, keys = rng.standard_normal((2, 500, 32, width)).astype("float32")
    products = queries @ keys.swapaxes(-1, -2)  # (500, 32, 32)
    raw.append(measure(products))
    scaled.append(measure(products / width**0.5))
for width, (spread, entropy, slope) in zip(widths, raw):
    print(f"d = {width:4}   spread {spread:5.1f}   entropy {entropy:.2f}   slope {slope:.2f}")

# %% [markdown]
# Now the same beside what the division by $\sqrt d$ makes of it:

# %%
plots.spread(widths, np.array(raw), np.array(scaled))
plots.show("Spread of the scores, entropy of the weights and slope of the softmax, each drawn "
           "against the width d, without and with the division by the root of d.")

# %% [markdown]
# The raw spread doubles whenever $d$ grows fourfold, as $\sqrt d$ does. The entropy falls: it is
# 1.15 at $d = 16$ and 0.50 at 64, our first width where it is below 1. The slope falls with it,
# from 0.93 to 0.06 at 1024: whatever a score does there, the weights hardly answer, so there is
# hardly anything to learn from.
#
# Divided by $\sqrt d$, all three stay where they are: the choice is soft, and can be learned, at
# any width. This is the paper's reason (*Attention Is All You Need*, section 3.2.1:
# "extremely small gradients"). It holds for the start of a training. Later a network may be as
# decided as it likes.

# %% [markdown]
# ### Find the bug
#
# Somebody tests a student's scaled attention like this. Why does the test also accept attention
# **without** the scale?
#
# ```python
# query = key = 100 * np.eye(4)
# expected = np.eye(4)
# weights = student_attention(query, key)
# assert np.allclose(weights, expected)
# ```
#
# <details><summary>Answer</summary>The numbers are so large that softmax is one-hot either
# way: scores of 10,000 or of 5,000 make no difference. A test must use inputs for which the
# mistake changes the result. Here: small, random ones.</details>

# %% [markdown]
# ## Attention, whole
#
# Now put the three steps together. With values $V$ of shape $(N_k, d_v)$,
#
# $$\text{attend}(Q, K, V) = \text{softmax}\!\left(\frac{Q K^\top}{\sqrt d}\right) V$$
#
# Each row of the result, $(N_q, d_v)$, is a weighted average of the rows of $V$. Keys decide
# *where* to look; values are *what* is fetched. Here are our three questions, each answered by
# a colour:

# %%
output, question_weights = attention.attend(query, key, value)  # (3, 3), (3, 3)
_, axes = pyplot.subplots(1, 2, figsize=(5.5, 2.4), width_ratios=[3, 1], layout="constrained")
plots.heatmap(
    np.array(question_weights), rows=questions, columns=fruits, title="weights", ax=axes[0],
    row_label="query", column_label="key",
)
axes[1].imshow(np.array(output)[:, None])
axes[1].set(title="output", xticks=[], yticks=[])
plots.show("The weights of three questions for three fruits, and the three colours they mix.")

# %% [markdown]
# Lemon for "sour and crunchy", plum for "sweet and soft", and for "anything" the mean of the three.

# %% [markdown]
# ### One pass, all numbers
#
# So far we wrote queries, keys and values by hand. In a network all three are made from the same
# tokens $x$, each by a matrix of its own: $q = x W_q$, $k = x W_k$, $v = x W_v$. A sequence that
# asks itself in this way does **self-attention**. (If the queries come from other tokens than
# keys and values, it is *cross-attention*: notebook 2.)
#
# Here are two tokens of width 2. **Before you run:** take token 0, $(2, 0)$. With pencil and
# paper, what are its query, its two dot products, its two weights and its output?

# %%
x = np.array([[2, 0], [1, 1]], "float32")  # (N, D) = (2, 2)
matrices = {
    "query": np.array([[1, 0], [0, 2]], "float32"),  # (D, d) = (2, 2)
    "key": np.array([[0, 1], [1, 0]], "float32"),
    "value": np.array([[0, 1], [3, 0]], "float32"),
}
boxes = plots.one_pass(x, matrices)
plots.show("Small boxes of numbers with arrows: x times three matrices gives query, key and value; "
           "query and key give products, scores and weights; weights and values the output.")
q, k, v = (x @ matrices[name] for name in ["query", "key", "value"])
print("attend agrees:", np.allclose(attention.attend(q, k, v)[0], boxes["output"], atol=1e-5))

# %% [markdown]
# Follow token 0, the first row of each box. Its query $(2, 0)$ meets the keys $(0, 2)$ and
# $(1, 1)$: dot products 0 and 2, scores 0 and 1.41, weights 0.20 and 0.80. Its output is
# $0.20 \cdot (0, 2) + 0.80 \cdot (3, 1) = (2.4, 1.2)$: mostly what token 1 has to give.
#
# Change a number of $x$ in the cell and run it again: what moves, and what stays?
#
# <details><summary>Answer</summary>In x, query, key and value, only the row of the token that you
# changed can move: each is made from its own token alone. From the products on, both rows can move,
# whichever token it was: each looks at both. (Where your number meets a zero, its product
# stays.)</details>

# %% [markdown]
# ## Masks
#
# Sometimes a query must not see a key: a word that comes later, a place that is only padding. A
# **mask** is a boolean array that broadcasts to $(\dots, N_q, N_k)$. In this course **True means
# "may attend"**, as in Keras. (Some libraries mean the opposite. Always look it up.)
#
# Hide the scores *before* the softmax: put a large negative number where the mask is False.
# Then $e^{-10^9} = 0$, and the others share everything.
#
# One trap: a query that may attend to **nothing**. All its scores are equally bad, so softmax
# would make them even. We agree that such a query gets zero weights and a zero output.

# %%
toy_scores = np.array([[2.0, 1.0, 0.0]] * 3)  # three queries, three keys
toy_mask = np.array([[True, True, False], [True, False, False], [False, False, False]])
hidden = np.where(toy_mask, toy_scores, -1e9)
plots.heatmaps(
    [toy_mask, np.array(attention.softmax(hidden))],
    ["the mask", "softmax after hiding"], row_label="query", column_label="key",
)
plots.show("A mask whose last row hides all keys, and the softmax of the scores it leaves.")

# %% [markdown]
# The middle query has one key to look at and gives it everything. The last one may see nothing,
# yet its weights are 1/3 each: the trap.

# %% [markdown]
# ## Exercise: `attend`
#
# *About 25 minutes, difficulty 2.*
#
# Write `attend(query, key, value, mask=None)`. It returns **two** arrays: the output
# $(\dots, N_q, d_v)$ and the weights $(\dots, N_q, N_k)$.
#
# - without a mask: scores, softmax, weighted sum
# - with a mask: no weight where it is False, however large or small the scores are, and zeros
#   (not NaN) in a row without any True
# - `mask` is None when there is none: ask with `if mask is not None`, since an array is neither
#   true nor false
#
# Use your own `softmax` and `attention_scores`, or the course's: `attention.softmax`,
# `attention.attention_scores`.


# %% nbgrader={"grade": false, "grade_id": "attend", "locked": false, "schema_version": 3, "solution": true, "task": false}
def attend(query, key, value, mask=None):
    """query (..., Nq, d), key (..., Nk, d), value (..., Nk, dv), mask: True = may attend
    -> output (..., Nq, dv), weights (..., Nq, Nk)."""
    ### BEGIN SOLUTION
    scores = attention.attention_scores(query, key)
    if mask is not None:
        scores = ops.where(mask, scores, -1e9)
    weights = attention.softmax(scores)
    if mask is not None:
        weights = ops.where(mask, weights, 0.0)
    return ops.matmul(weights, value), weights
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "attend_check", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
check("attend", attend)

# %% [markdown]
# ### Quick question
#
# You set weights to zero *after* the softmax, where the mask is False. What is wrong?
#
# <details><summary>A: nothing, hidden keys have weight 0</summary>They do. But they took part
# in the sum that everybody was divided by, so the rest of the row sums to less
# than 1.</details>
# <details><summary>B: the output shrinks, the more is hidden</summary>Yes. The weights that are
# left no longer sum to 1, so the output is too small, by an amount that depends on what it
# should not know.</details>
# <details><summary>C: it is slower</summary>Not noticeably. It is wrong.</details>

# %% [markdown]
# ## Look at a sentence
#
# Where a network is trained, it finds out for itself what to ask. Here we write queries and keys by
# hand. In this sentence, what does "it" refer to?
#
# > the cat slept because it was tired
#
# Each word *offers* something (its key) and *asks* for something (its query). There are three
# features: *an animal*, *an action*, *a pronoun*. "slept" and "it" ask for an animal: who sleeps,
# who is meant? "because" asks for an action: what has a reason? "was" and "tired" ask for a
# pronoun: who is tired? The other words ask for nothing.

# %%
words = "the cat slept because it was tired".split()
offers = {"cat": [3, 0, 0], "slept": [0, 3, 0], "was": [0, 1, 0], "it": [0, 0, 3]}
asks = {"slept": [3, 0, 0], "it": [3, 0, 0], "because": [0, 3, 0], "was": [0, 0, 3],
        "tired": [0, 0, 3]}
word_keys = np.array([offers.get(w, [0, 0, 0]) for w in words], "float32")  # (7, 3)
word_queries = np.array([asks.get(w, [0, 0, 0]) for w in words], "float32")  # (7, 3)

_, word_weights = attention.attend(word_queries, word_keys, word_keys)
plots.heatmap(
    np.array(word_weights), rows=words, columns=words, row_label="asks", column_label="offers"
)
plots.show("A table of weights: seven words in the rows ask, the same words in the columns offer.")

# %% [markdown]
# Row by row: "slept" and "it" look at "cat", "because" at "slept" (and a little at "was", a weak
# action), "was" and "tired" at "it". Words that ask for nothing look at all words alike.
#
# The same weights, drawn as lines by **bertviz**. Move the mouse over a word on the left to see
# only its lines. (This view loads its scripts from the network. Without one it stays empty, and
# the map above says the same.) With a trained model such views become interesting; notebook 2
# has one.

# %%
plots.token_view(np.array(word_weights)[None], words, title="What each word looks at")

# %% [markdown]
# ### What the words learn from it
#
# We typed in who looks where, so those weights hold no surprise. The *values* do. At first only
# "cat" knows of an animal, and only "slept" of an action: two features, the values. One look
# brings each word a mixture, and we add that to what it knew. Then all words look once more, with
# the same weights.
#
# **Predict:** "tired" looks at "it", and "it" looks at "cat". After one look, does "tired" know of
# the animal? After two?

# %%
known = np.array([[w == "cat", w == "slept"] for w in words], "float32")  # (N, dv) = (7, 2)
first_look = np.array(word_weights) @ known  # (7, 2)
second_look = np.array(word_weights) @ (known + first_look)
plots.heatmaps(
    [known, first_look, second_look],
    ["known at first", "the first look brings", "the second look brings"],
    rows=words, columns=["animal", "action"], limits=(0, 1),
    row_label="word", column_label="feature",
)
plots.show("Three tables of seven words and two features: animal and action, as numbers.")

# %% [markdown]
# After one look "it" knows (0.97), and "tired" does not (0.01): when it looked, "it" knew nothing
# yet. The second look brings "tired" the animal, by way of "it". Attention moves what is known one
# step at a time, and **layers** that follow each other make chains. "because" learns of the action
# at once, and in the second look (0.93) who did it.
#
# "the" asked for nothing, and gets 1/7 of everything. The second time there is more to get (0.46
# and 0.32): all words know something by then. And no number is held to 1: "it" gets 1.12 of the
# animal, since "cat" knew 1, and added 0.14 in its own first look.

# %% [markdown]
# ## Masks you will meet every day
#
# Two masks cover nearly all uses.
#
# The **causal** mask: each token sees itself and what came before. It makes a model that
# *predicts* the next token honest.
#
# The **padding** mask: sequences of different lengths share one array, filled up at the end.
# Nobody should look at the filling.

# %%
plots.heatmaps(
    [np.array(attention.causal_mask(6)), np.array(attention.padding_mask([6, 2, 4], 6))[:, 0]],
    ["causal: rows are queries", "padding: one row a sequence"],
    column_label="keys",
)
plots.show("A lower triangle of True, and three rows with 6, 2 and 4 True from the left.")

# %% [markdown]
# ## Exercise: `causal_mask`
#
# *About 5 minutes, difficulty 1.*
#
# Write `causal_mask(length)`: a boolean array $(N, N)$. Row $i$ is a query, column $j$ a key, and
# True means that token $i$ may look at token $j$.


# %% nbgrader={"grade": false, "grade_id": "causal_mask", "locked": false, "schema_version": 3, "solution": true, "task": false}
def causal_mask(length):
    """length N -> mask (N, N), bool: True where the key is not later than the query."""
    ### BEGIN SOLUTION
    position = np.arange(length)
    return position[:, None] >= position[None, :]
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "causal_mask_check", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("causal_mask", causal_mask)

# %% [markdown]
# ## Exercise: `padding_mask`
#
# *About 10 minutes, difficulty 2.*
#
# Write `padding_mask(lengths, max_length)`: lengths $(B,)$ give a boolean array $(B, 1, N)$ with
# $N$ = `max_length`, True where there is a token.
#
# Why the 1 in the middle? Scores have shape $(B, N_q, N_k)$. The mask says the same to every
# query of a sequence, so it needs one row, which broadcasts.
#
# Example: `padding_mask(np.array([2, 1]), 3)` is `[[[True, True, False]], [[True, False, False]]]`.


# %% nbgrader={"grade": false, "grade_id": "padding_mask", "locked": false, "schema_version": 3, "solution": true, "task": false}
def padding_mask(lengths, max_length):
    """lengths (B,) -> mask (B, 1, N), bool: True where there is a token."""
    ### BEGIN SOLUTION
    position = np.arange(max_length)  # (N,)
    return (position < np.asarray(lengths)[:, None])[:, None, :]
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "padding_mask_check", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("padding_mask", padding_mask)

# %% [markdown]
# ### What padding takes away
#
# Three fruits, filled up to six places with keys and values that are all zero. No mask yet.
# **Predict:** how much of its weight does each of the three questions give to the padding?
# Nothing, since there is nothing?

# %%
padded_key = np.concatenate([key, np.zeros_like(key[:, :4])])  # (6, 4)
padded_value = np.concatenate([value, np.zeros_like(value)])  # (6, 3)
hide = attention.padding_mask(np.array([3]), 6)[0]  # (1, 6)
spread_out = [np.array(attention.attend(query, padded_key, padded_value, mask)[1])
              for mask in [None, hide]]
plots.heatmaps(spread_out, ["without a mask", "with the mask"], rows=questions,
               columns=[*fruits, "pad", "pad", "pad"], row_label="query", column_label="key")
plots.show("Two tables of weights, three questions and six places: without and with the mask.")
for question, weights in zip(questions, spread_out[0]):
    print(f"{question:16} {weights[3:].sum():.3f} of its weight on the padding")
for name, weights in zip(["without", "with"], spread_out):
    print("the colour of anything", name, "the mask:", (weights[2] @ padded_value).round(2))

# %% [markdown]
# A zero key has the score 0, and $e^0 = 1$ is not nothing. "anything" gives half of its weight to
# the padding, and its colour becomes half as bright: each of the three numbers is halved. The other
# two lose 4 and 5 percent (the cells, 0.01 and 0.02 each, are rounded): small enough to be
# overlooked for months, and more for every sequence that is shorter.

# %% [markdown]
# ### Find the bug
#
# This draws what a model attends to. The model itself works well. What does the picture show
# that the model never did?
#
# ```python
# output, _ = attend(query, key, value, mask=causal_mask(N))
# _, weights = attend(query, key, value)
# plt.imshow(weights)
# ```
#
# <details><summary>Answer</summary>The weights in the picture were computed a second time,
# without the mask: it shows tokens looking at the future. Plot the weights that were used. This
# is why our <code>attend</code> returns them.</details>

# %% [markdown]
# ## What can a token see?
#
# Now a picture. Cut a photo into patches of 32 × 32 pixels, $18 \times 16 = 288$ of them. Each
# patch is a token, described by just its average colour: how it differs from the whole photo's
# average, scaled to length 1. (With keys of different lengths, the longest would win: a dot
# product grows with length.)
#
# A 3 × 3 **convolution** on this grid lets a patch see its eight neighbours. Two in a row: the
# neighbours' neighbours. To see across the photo takes many layers.
#
# **Attention** compares a patch with *every* patch, in one layer. The weights say where it
# looks, and they depend on what is in the photo.

# %%
file = cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)
photo = pyplot.imread(file)[:576, :512]  # (H, W, C) = (576, 512, 3)
patches = photo.reshape(18, 32, 16, 32, 3)  # grid row, pixel row, grid column, pixel column, C
colour = patches.mean(axis=(1, 3)).reshape(288, 3)  # (N, 3): one colour a patch
tokens = (colour - colour.mean(axis=0)).astype("float32")
tokens = tokens / np.linalg.norm(tokens, axis=-1, keepdims=True)  # length 1

row, column = 8, 14  # a patch of the blue backdrop
_, seen = attention.attend(20 * tokens[None, row * 16 + column], tokens, tokens)  # (1, N)
plots.receptive_field(photo, 32, (row, column), np.array(seen).reshape(18, 16), radii=[1, 2, 3])
plots.show("A photo twice: with squares of 3, 5 and 7 patches around the query patch; with each "
           "patch as bright as its weight. Beside it, a map of the weights.")

# %% [markdown]
# The query patch lies on the blue backdrop. Three convolutions see a square of $7 \times 7$
# patches (cut off by the edge here), whatever is in it. Attention lights up the backdrop beyond
# that square, and leaves face and uniform dark. (The uniform is dark anyway: trust the map on the
# right.) It also finds scattered patches far away, a few of the flag, a bit of collar: their
# average colour is bluish too. It knows *what*, and it does not care *where*.

# %% [markdown]
# **Try it:** choose another `row` and `column`, on the face or on the flag. Predict what will
# light up. The factor 20 is a scale, as on the slider: what happens with 1, or with 200?
# (Brightness is relative to the largest.)
#
# <details><summary>Answer</summary>From the face, (5, 7): face and neck, and a few patches of like
# colour far away. From the flag, (4, 1): much of the flag, and the uniform at half strength. Both
# differ from the photo's average in nearly the same direction, and at length 1 the direction is
# all that counts. With the factor 1, all share: the largest weight is about three times the
# smallest. With 200, only nearly the same colour is left.</details>

# %% [markdown]
# (The photo shows Grace Hopper, who wrote one of the first compilers. It comes with
# Matplotlib and is in the public domain.)

# %% [markdown]
# ## Attention can compute
#
# If queries and keys may be anything, attention can be a *program*. Here is one: turn a sequence
# round. Token $i$ of the output should be token $N-1-i$ of the input.
#
# A weighted average that is all weight on one key *copies* that key's value. So query $i$ must
# find key $N-1-i$, clearly: its score must be so much larger than all others that softmax gives
# it everything.

# %%
letters = list("attention")
codes = np.eye(26, dtype="float32")[[ord(c) - ord("a") for c in letters]]  # (9, 26), one-hot
turn_query, turn_key = attention.reversal_queries_keys(len(letters))  # (9, 9), (9, 9)
mixed, who_where = attention.attend(turn_query, turn_key, codes)
turned = "".join(chr(ord("a") + i) for i in np.array(mixed).argmax(axis=-1))

plots.heatmap(np.array(who_where), rows=list(turned), columns=letters, title="who looks where",
              row_label="query", column_label="key")
plots.show("Weights along the other diagonal: the first output letter looks at the last input.")
print("".join(letters), "->", turned)

# %% [markdown]
# ## Exercise: `reversal_queries_keys`
#
# *About 15 minutes, difficulty 2.*
#
# Write `reversal_queries_keys(length, sharpness=50.0)`: a query $(N, d)$ and a key $(N, d)$ for
# a sequence of `length` $= N$ tokens, such that attention turns **any** values between -1 and 1
# round, each with an error below 0.001. The width $d$ is yours to choose.
#
# `sharpness` is there for you: by how much the right key's score should beat the others. It must
# still work for 67 tokens.


# %% nbgrader={"grade": false, "grade_id": "reversal_queries_keys", "locked": false, "schema_version": 3, "solution": true, "task": false}
def reversal_queries_keys(length, sharpness=50.0):
    """length N -> query (N, d), key (N, d): attention with them reverses any values."""
    ### BEGIN SOLUTION
    key = np.eye(length, dtype="float32")  # each position points along its own axis
    query = sharpness * np.sqrt(length) * key[::-1]  # the √d comes back out in the scores
    return query.astype("float32"), key
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "reversal_queries_keys_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check("reversal_queries_keys", reversal_queries_keys)

# %% [markdown]
# ## Attention as regression
#
# In 1964 Nadaraya and Watson, independently, drew a curve through noisy points: to guess $y$ at
# a place $x$, average the known $y_j$, and trust those more whose $x_j$ is near:
#
# $$\hat y(x) = \sum_j \text{softmax}_j\!\left(-\frac{(x - x_j)^2}{2 \sigma^2}\right) y_j$$
#
# That is attention. The places to guess are queries, the known places are keys, the known
# $y_j$ are values. Only the score is another one: minus the squared distance instead of a dot
# product. The width $\sigma$ is a temperature.


# %%
def curve(x):
    return np.cos(2 * x) * np.exp(-x / 4)


x = np.sort(rng.uniform(0, 6, 60))  # keys
y = curve(x) + 0.15 * rng.standard_normal(60)  # values, with noise
grid = np.linspace(0, 6, 200)  # queries

def trust_in_points(sigma):
    """-> weights (200, 60): how much each place of the grid trusts each point."""
    return np.array(attention.softmax(-((grid[:, None] - x[None, :]) ** 2) / (2 * sigma**2)))


def error(sigma):
    return np.mean((trust_in_points(sigma) @ y - curve(grid)) ** 2)


for sigma in [0.02, 0.2, 2.0]:
    print(f"sigma {sigma:4}: mean squared error {error(sigma):.4f}")

# %% [markdown]
# Too narrow copies the noise, too wide averages the curve away. In between there is a good guess,
# and nothing was trained:

# %%
trust = trust_in_points(0.2)  # (200, 60)
plots.regression(x, y, grid, trust @ y, curve(grid), trust)
plots.show("Left: sixty noisy points, the curve they came from, and the guess with sigma 0.2. "
           "Right: a map of the weights, a row for each place, a column for each point.")

# %% [markdown]
# On the right, each row of the map is one query. The bright band along the diagonal says "look at
# your neighbours".
#
# **Predict:** we picked 0.2 by eye. If you search for the best $\sigma$, how much smaller can the
# error become: by half, by a tenth, by less?

# %%
sigmas = np.geomspace(0.02, 2, 200)
errors = np.array([error(sigma) for sigma in sigmas])
best = errors.argmin()
print(f"sigma 0.20: error {error(0.2):.5f}; the best, {sigmas[best]:.2f}: {errors[best]:.5f}")
near = sigmas[errors < 1.1 * errors[best]]
print(f"within a tenth of the best: sigma from {near[0]:.2f} to {near[-1]:.2f}")
_, axes = pyplot.subplots(figsize=(4.8, 2.8), layout="constrained")
axes.loglog(sigmas, errors, color=plots.BLUE)
axes.plot(sigmas[best], errors[best], "o", color=plots.VERMILLION)
axes.set(xlabel="sigma", ylabel="mean squared error")
plots.show("The error against sigma, both on logarithmic axes, with a dot at the smallest error.")

# %% [markdown]
# By about one percent: 0.00454 beside 0.00460. The curve is flat at its bottom: any $\sigma$ from
# 0.15 to 0.22 comes within a tenth of the best.
#
# One catch: the search used the true curve, which nobody has outside a lesson. With points alone,
# one would leave some out and see how well they are guessed.

# %% [markdown]
# ### Can our own `attend` do this?
#
# Its score is a dot product, not a distance. **Predict:** can queries and keys be chosen so that it
# draws this curve exactly, nearly, or not at all? (A pencil helps: multiply out $-(x - x_j)^2$,
# and think of what softmax ignores.)

# %%
sigma = 0.2
places = np.stack([grid, np.ones_like(grid)], axis=-1)  # queries (200, 2)
points = np.stack([2 * x, -(x**2)], axis=-1) / (2 * sigma**2)  # keys (60, 2)
guess, _ = attention.attend(2**0.5 * places, points, y[:, None])  # attend divides by √2 again
difference = np.abs(np.array(guess)[:, 0] - trust @ y).max()
print("the two curves differ by less than 0.001:", difference < 1e-3)

# %% [markdown]
# Exactly, but for rounding: $-(x - x_j)^2 = 2 x x_j - x_j^2 - x^2$. The last term is the same for
# all keys, and softmax ignores what is the same for all. The rest is the dot product of $(x, 1)$
# with $(2 x_j, -x_j^2)$. So attention with a dot product can look for what is *near*, if the tokens
# carry the right features: here, the squared length of each key as a second one.

# %% [markdown]
# ## Does order matter?
#
# *Dog bites man* is no news. *Man bites dog* is. Give each word a vector, let all words attend to
# each other. **Predict:** of what the three words get, how much differs between the two sentences?

# %%
vectors = {w: rng.standard_normal(4).astype("float32") for w in ["dog", "bites", "man"]}


def look_around(sentence):
    x = np.stack([vectors[w] for w in sentence])  # (3, 4)
    return np.array(attention.attend(x, x, x)[0])


first, second = ["dog", "bites", "man"], ["man", "bites", "dog"]
_, axes = pyplot.subplots(1, 2, figsize=(8, 2.4), layout="constrained")
plots.heatmap(look_around(first), rows=first, title="dog bites man", ax=axes[0],
              column_label="feature")
plots.heatmap(look_around(second), rows=second, title="man bites dog", ax=axes[1],
              column_label="feature")
plots.show("Two tables: what each of the three words gets in the one sentence and in the other.")

# %% [markdown]
# Nothing differs. The row of "dog" is the same in both, and so are the others: they only changed
# places. To
# attention, a sentence is a bag of words, and a photo is a bag of patches.
#
# The name for this: attention is **permutation equivariant**. Permute the tokens, and the
# outputs are permuted in the same way, and otherwise unchanged. For a layer $f$ and any
# permutation $\pi$ of the tokens,
#
# $$f(\pi(x)) = \pi(f(x))$$
#
# (*Invariant* would mean $f(\pi(x)) = f(x)$: the order leaves no trace at all.)

# %% [markdown]
# ## Exercise: `is_permutation_equivariant`
#
# *About 20 minutes, difficulty 3.*
#
# This time you write the **test**. `is_permutation_equivariant(layer, tokens, rng)` gets any
# function from $(B, N, D)$ to $(B, N, D)$, tokens to try it on, and a NumPy generator
# (`rng.permutation(5)` shuffles 0 … 4). It returns True or False.
#
# We run your test on layers that are equivariant and on layers that only look so. Two things to
# remember: sums of floats in another order differ in the last digits, so compare with a tolerance
# such as `atol=1e-4`. And a layer may return a tensor, which `np.array` makes an array.


# %% nbgrader={"grade": false, "grade_id": "is_permutation_equivariant", "locked": false, "schema_version": 3, "solution": true, "task": false}
def is_permutation_equivariant(layer, tokens, rng):
    """layer: (B, N, D) -> (B, N, D), tokens (B, N, D), rng: NumPy generator -> bool."""
    ### BEGIN SOLUTION
    order = rng.permutation(tokens.shape[1])
    before = ops.convert_to_numpy(layer(tokens[:, order]))
    after = ops.convert_to_numpy(layer(tokens))[:, order]
    return bool(np.allclose(before, after, rtol=1e-3, atol=1e-4))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "is_permutation_equivariant_check", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check("is_permutation_equivariant", is_permutation_equivariant)

# %% [markdown]
# ### Use the test
#
# Four layers. Which will pass? Write down four guesses before you run the cell.


# %%
def self_attention(x):
    return attention.attend(x, x, x)[0]


def causal_attention(x):
    return attention.attend(x, x, x, mask=attention.causal_mask(x.shape[1]))[0]


where = rng.standard_normal((7, 5)).astype("float32")  # one vector a position
layers = {
    "self-attention": self_attention,
    "causal self-attention": causal_attention,
    "each token squared": lambda x: x**2,
    "positions added first": lambda x: self_attention(x + where),
}
batch = rng.standard_normal((2, 7, 5)).astype("float32")  # (B, N, D)
for name, layer in layers.items():
    print(f"{name:24}", attention.is_permutation_equivariant(layer, batch, rng))

# %% [markdown]
# Two pass. Self-attention does, and so does squaring, which treats every token alike. The causal
# mask knows the order: it says who came before whom. And the last line is the way out: *add*
# something to each token that says where it is. What to add is the whole of notebook 3.

# %% [markdown]
# ### Quick question
#
# Does a Vision Transformer read its patches one after another, from top left to bottom right?
#
# <details><summary>A: yes, like a text</summary>No. All patches are compared with all patches
# at once. There is no "next".</details>
# <details><summary>B: no, and without positions it would not even notice if you shuffled
# them</summary>Yes. That is what equivariance says.</details>
# <details><summary>C: only in the first layer</summary>No layer reads in order. The order in
# which we number the patches is ours.</details>

# %% [markdown]
# ## In your own words
#
# *About 15 minutes. A person reads this one, not a check. 3 points.*
#
# Someone says: "Attention is just a weighted average, so it can do no more than a blur." Answer
# in five to eight sentences, and use an example from this notebook.
#
# - 1 point: what makes it more than a fixed blur (where do the weights come from?)
# - 1 point: your example is right and says which part are queries, keys and values
# - 1 point: one thing attention cannot know by itself, and why

# %% [markdown] nbgrader={"grade": true, "grade_id": "weighted_average_answer", "locked": false, "points": 3, "schema_version": 3, "solution": true, "task": false}
# A blur averages with weights that are fixed before it sees the picture. In attention the
# weights are computed from the content: each query is compared with each key. So the same layer
# can look at the neighbours in one picture and across the photo in another. In the photo, the
# query was the colour of one patch of the backdrop, the keys were the colours of all patches, and
# the weights lit up the backdrop beyond its neighbours. With the right queries and keys it
# can even copy single values, as in the reversal, where no blur is left at all. But by itself it
# does not know where a patch lies: permute the patches, and the outputs are permuted with them,
# because scores depend on content only.
#
# *Rubric: one point for each of the three lines in the question; half a point where the right
# idea has a wrong example.*

# %% [markdown]
# ## What you have now
#
# | idea | function | shape of the result |
# |---|---|---|
# | scores become shares | `softmax` | $(\dots, N)$ |
# | every query meets every key | `attention_scores` | $(\dots, N_q, N_k)$ |
# | mix the values by the weights | `attend` | $(\dots, N_q, d_v)$ |
# | no looking ahead | `causal_mask` | $(N, N)$ |
# | no looking at padding | `padding_mask` | $(B, 1, N)$ |
# | attention is a program | `reversal_queries_keys` | $(N, d)$ twice |
# | the order is not seen | `is_permutation_equivariant` | True or False |
#
# Your points from the checks (the three for your own words come from a person):

# %% tags=["nbval-ignore-output"]
progress()

# %% [markdown]
# ## What we left out
#
# How the three matrices that make queries, keys and values are learned: in the next notebook.
# Why one attention is not enough: several heads, there too. How to tell the tokens where they
# are: notebook 3. And the cost: the scores are an $N \times N$ table, which is why notebooks 5
# and 6 exist.
#
# **Next: notebook 2, multi-head attention.**

# %% [markdown]
# ## To read on
#
# - A. Vaswani and others, *Attention Is All You Need*, 2017: equation 1 is what you built;
#   footnote 4 is the argument for $\sqrt d$.
# - D. Bahdanau, K. Cho, Y. Bengio, *Neural Machine Translation by Jointly Learning to Align and
#   Translate*, 2014: where it began, with another score function.
# - E. A. Nadaraya, *On Estimating Regression*, 1964, and G. S. Watson, *Smooth Regression
#   Analysis*, 1964.
# - J. Vig, *A Multiscale Visualization of Attention in the Transformer Model*, 2019: bertviz.
