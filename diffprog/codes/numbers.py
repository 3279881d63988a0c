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
}
