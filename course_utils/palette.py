"""The course's colours. Change one here, and every figure, check and page that shows it follows.

Okabe and Ito's palette ("Color Universal Design", 2008): told apart by colour-blind eyes. Blue and
vermillion are dark enough on white for text and thin lines.
"""

BLUE = "#0072b2"
VERMILLION = "#d55e00"
GREEN = "#009e73"
PURPLE = "#cc79a7"
SKY = "#56b4e9"
ORANGE = "#e69f00"
YELLOW = "#f0e442"
BLACK = "#000000"
GREY = "#888888"  # lines that help to read the others
PALE = "#bbbbbb"

LINES = (BLUE, VERMILLION, GREEN, PURPLE, SKY, ORANGE, BLACK)  # the first, the second, …
ON_PHOTOS = (SKY, ORANGE, YELLOW, PURPLE)  # the light ones

# What a check says, at its edge and in its picture.
EXPECTED = BLUE  # the edge of what is as expected; the arrays in the picture have SCALE
DIFFERENT = VERMILLION  # something is not, and there it is
UNSOLVED = GREY
HINT = SKY
# The numbers of an array in that picture, from the lowest to the highest, whether expected or
# yours: Viridis at five points, readable in grey, too.
SCALE = ("#440154", "#3b528b", "#21918c", "#5ec962", "#fde725")
