"""DP6xx: values, data and training."""

from diffprog.codes.code import Code

NUMBERS: dict[str, Code] = {
    "DP601": Code(
        "an operation on reals that has no value for these arguments",
        "y = 1 / z  # with z = 0.0",
        "y = 1 / z if z > 0 else 0.0",
    ),
    "DP602": Code(
        "a result that is too large for a number",
        "y = exp(z)  # with z = 1000.0",
        "y = exp(min(z, 100.0))",
    ),
    "DP603": Code(
        "an input is missing, or the program has no input of this name",
        "diffprog run sort.dp --in ys='[3, 1, 2]'",
        "diffprog run sort.dp --in xs='[3, 1, 2]'",
    ),
    "DP604": Code(
        "an input is not of its type",
        "diffprog run sort.dp --in xs='[3, 1, 12]'",
        "diffprog run sort.dp --in xs='[3, 1, 2]'",
    ),
    "DP605": Code(
        "a backend that there is not",
        'program.soften(backend="numpy")',
        'program.soften(backend="torch")',
    ),
}
