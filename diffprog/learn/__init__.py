"""Learning: from examples to choices, by gradient, enumeration, sampling or local search."""
