"""Settings of the whole suite: the hypothesis profiles.

`dev` explores new examples at every run; `ci` repeats the same, more of them. Choose with
`HYPOTHESIS_PROFILE=ci`.
"""

import os

from hypothesis import settings

# Wall time per example says more about the machine than about the code: no deadlines.
settings.register_profile("dev", max_examples=50, deadline=None)
settings.register_profile("ci", max_examples=300, deadline=None, derandomize=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))
