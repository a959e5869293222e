"""nbgrader's side: the gradebook, the feedback pages, the plug-in."""
