"""From a student's notebook to points: class folders and the plug-in for nbgrader."""
