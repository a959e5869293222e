"""From one percent script a notebook to what students open and what they read."""
