"""Checking: from syntax to the typed tree, with every error of a program told at once.

In: a `syntax.Program` and numbers for its sizes. Out: a `typed.Checked`. The rooms, from the
door inwards: `program` (functions and what is told at the end), `declarations`, `statements` with
`branches`, `matching`, `loops`, `places`, then `expressions` with `calls`, `operations`,
`indexing`, `choices`, and below them `convert`, `narrow`, `sizes`, `scope`, `context`, `names`.
Never imports torch.
"""

from diffprog.lang.check.module import check_module
from diffprog.lang.check.program import check

__all__ = ["check", "check_module"]
