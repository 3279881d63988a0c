"""The soft reading: a graph becomes readable torch source, and that a module."""
