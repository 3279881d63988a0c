"""Whole programs as native code: C for forward and reverse, in one `torch.autograd.Function`.

From the same graph as the torch source and with its meaning. What is not supported is said by
`supported`, so that a caller can take the torch source instead.
"""
