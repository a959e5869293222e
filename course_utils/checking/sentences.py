"""What a check says when no exercise has a sentence of its own. One place, so that one file
translates it."""

PASSED = "All properties hold. Well done."
NOT_SOLVED = (
    "Not solved yet. Write your code in the cell above, where it says YOUR CODE HERE. Run that "
    "cell, then this one."
)
NOT_CALLABLE = (
    "{name} should be a function, but this is {what}. Give check the function itself, "
    "without calling it."
)
IS_REFERENCE = (
    "This is the course's own {name}. Run the cell with your version again, then check that one."
)
FORBIDDEN = (
    "Your {name} uses {found}, which does the whole exercise. Build it from simpler operations."
)
TIME = (
    "Your {name} was still running after {seconds:g} seconds and was stopped. Is there a "
    "loop that never ends?"
)
ARGUMENTS = "{name} should take {expected}, but yours takes {given}."
NAME_ERROR = (
    "Your {name} uses the name '{missing}', which is not defined. Is it spelled right, and has the "
    "cell that makes it been run?"
)
RAISED = "Your {name} stopped with {error}{where}"
WHERE = " in line {line} of your code:  {source}"
NONE = (
    "Your {name} returned None. Is its return statement missing, or does it return what a function "
    "gives that only prints or only changes something in place?"
)
COUNT = "Your {name} should return {count} arrays, {names}. It returned {what}."
TYPE = "{output} should be an array, but it is {what}."
TYPE_LIST = TYPE + (
    " np.array(…) makes one of parts of one shape, ops.stack(…) of tensors; concatenate joins "
    "parts of several."
)
TYPE_TUPLE = TYPE + (
    " A comma makes a tuple, and so does a function that returns two things: a, b = function(…) "
    "takes them apart."
)
TYPE_SCALAR = "{output} should be one number or truth value, but it is {what}."
SHAPE = "{output} has shape {got}, expected {expected}{axes}."
AXES = ", that is ({axes})"
DTYPE = "{output} has type {got}, expected {expected}."
NOT_FINITE = "{output} contains {what} where there should be numbers."
SMALL_CASE = (
    "Look at this small case: in {output} you have {got}{place} where it should be {expected}."
)
OTHER_CASE = "Look at this case: in {output} you have {got}{place} where it should be {expected}."
TOO_MANY = "In every case where yours is wrong, it is {term} too large."
TOO_FEW = "In every case where yours is wrong, it is {term} too small."
PLACE = " at {place}"
ONE_NUMBER_SMALL = "Look at this small case: {output} is {got} and should be {expected}."
ONE_NUMBER = "Look at this case: {output} is {got} and should be {expected}."
CASE = "the case"
EXPECTED, YOURS = "expected", "yours"
ARROW = "→"
LARGE = "(an array of shape {shape})"
LARGE_AT = "(an array of shape {shape}, at {place} →{entry})"
WHEN = "Seen with {case}."
SHOWN_BELOW = "a small case"
SHAPES = "There the shapes were: {shapes}."
CONSTANT = (
    "It is the same whatever the inputs are. Does it come from a fixed table, or from a name "
    "outside your function, instead of the arguments?"
)
UNSTEADY = (
    "Called twice with the same input, your {name} gives two different results. Is there chance in "
    "it: dropout, or kernels and numbers that each call draws anew?"
)
CARET = "There is a ^ in your code. In Python it is no power, it works on bits: write **."
CHANGED = (
    "Your {name} changed its input '{inputs}' in place. Work on a copy: somebody else may "
    "still need it."
)
CHANGED_INSIDE = (
    "Your function changes the {kind} {name} that it is given: whoever calls it a second time gets "
    "other numbers. Leave it as it is, and keep what you need in variables of your own."
)

HELPER_FIRST = (
    "Your {name} uses your {helper}, and that does not pass its own check yet. Mend {helper} "
    "first, run its cell and then this one again."
)
NEIGHBOUR = "Your results are what a right answer gives with one slip: {change}."
NEIGHBOURS = (
    "Your results are what a right answer gives with one slip. Several slips do that, so yours is "
    "one of them or like them: {changes}."
)
TWO_AT_ONCE = "Two things at once. {first} And: {second}"

CLUE_TRANSPOSED = "It equals the expected result with its last two axes swapped."
CLUE_SIGN = "It is the expected result with the sign turned round."
CLUE_FACTOR = "Every entry is {factor:.4g} times the expected one."
CLUE_SHIFT = "Every entry is the expected one plus {shift:.4g}."
CLUE_INVERTED = "It is the expected result with True and False exchanged."
CLUE_INPUT = "It is your input '{name}', unchanged."
CLUE_INPUT_ADDED = "It is the expected result with your input '{name}' added."
CLUE_ZEROS = "Every entry is 0."
CLUE_FLIPPED = "It is the expected result with axis {axis} turned round."
CLUE_FLAT = "The right numbers stand in the right order, in another shape."
CLUE_AXES = "It is the expected result with its axes in the order {order}."
CLUE_ANOTHER_ORDER = "All the right numbers are there, but in another order."
CLUE_FLOAT16 = (
    "The differences are as small as float16 makes them, which keeps three digits: calculate in "
    "float32."
)
CLUE_CUT = "Every entry is the expected one without its fraction."
CLUE_ROUNDED = "Every entry is the expected one, rounded to {digits} digits."
CLUE_ROWS = "The rows should sum to 1; one of yours sums to {total:.4g}."

FOLDED = "{missing} more not yet, {holding} already"
BY_HAND = "small cases, to follow by hand"
INPUTS_INTACT = "leaves its inputs alone"
HINT = "Hint {number} of {total}: {hint}"
YOURS_IS_USED = "From here on your own {name} does the work."
OURS_IS_USED = (
    "From here on the course's own {name} does the work: yours does not pass its check yet. When "
    "it does, run this cell again."
)
HINTS_OVER = (
    "That was the last hint. If one of its pieces is new to you, try that piece alone, in a cell "
    "of its own."
)
TOTAL = "{got:g} of {points} points in the exercises so far."
DONE_IN = "{notebook}: {got:g} of {points} points, {tried} of {exercises} exercises tried"
NO_EXERCISES = (
    "The course's exercises are not loaded. Run this line once, then go on: "
    "from course_utils.exercises import check, hint, progress"
)
UNKNOWN_EXERCISE = "There is no exercise '{name}'. {suggestion}"
