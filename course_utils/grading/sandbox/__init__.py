"""Run what students wrote where it can do no harm, and hear what it gave."""
