"""From a student's notebook to points: class folders, a sandbox, and the plug-in for nbgrader.

The rooms, from the lowest. Each may import those above it in this list, and none below:

report        tables, progress, statistics, the page "what to teach again": words and pictures only
sandbox       run a notebook's cells and solutions where they can do no harm; knows no points
submission    one notebook: read, restored, planned, run in the sandbox, judged; its result, kept
nbgrader      the gradebook, the feedback pages, and the plug-in that has nbgrader grade our way
classroom     a whole class: made, handed in, graded, exported
demo          a class of 30 to look at

class_folder.py is below them all: what every room knows of the folder of a class. On top are the
names that a class's nbgrader_config.py imports, and they stay: nbgrader_plugin.py, and for classes
made by an earlier version feedback_page.py.
"""
