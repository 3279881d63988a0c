"""DP62x: training."""

from diffprog.codes.code import Code

TRAINING: dict[str, Code] = {
    "DP620": Code(
        "an operation on ranges so large that its table does not fit",
        "y = sharpen(a, b)  # a, b: int<100000>",
        "y = sharpen(a, b)  # a, b: int<100>",
    ),
    "DP621": Code(
        "a network in an estimator that runs programs crisply",
        "fit(program, examples, estimator='exact')  # the program has a `net`",
        "fit(program, examples, estimator='soft')",
    ),
    "DP622": Code(
        "exact inference that would meet more states than its budget",
        "fit(program, examples, estimator='exact')",
        "fit(program, examples, estimator='auto')  # or: states=2**22",
    ),
    "DP623": Code(
        "a loss that is not a number",
        "fit(program, examples, lr=1000.0, clip=None)",
        "fit(program, examples, lr=0.1)",
    ),
    "DP624": Code(
        "an estimator that is unknown, or cannot learn this program",
        "fit(program, examples, estimator='exakt')",
        "fit(program, examples, estimator='exact')",
    ),
    "DP625": Code(
        "a folder that holds another run, or a checkpoint that cannot be read",
        "fit(program, examples, restarts=64, out='run')  # started with 32",
        "fit(program, examples, restarts=64, out='run-64')",
    ),
    "DP626": Code(
        "training of a program without an unknown",
        "state = false",
        "state = choose bool",
    ),
    "DP627": Code(
        "a training option that is wrong",
        "fit(program, examples, restarts=0)",
        "fit(program, examples, restarts=32)",
    ),
    "DP628": Code(
        "a stream of batches where examples are needed that can be gone through",
        "fit(program, draw)  # a program without networks",
        "fit(program, [({'x': 1}, 2), ({'x': 2}, 3)])",
    ),
}
