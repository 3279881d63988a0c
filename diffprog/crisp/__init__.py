"""The crisp reading of a program: plain Python values, the judge of every other reading."""
