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
    "DP606": Code(
        "a program that runs crisply, and is too large to be softened",
        "program p(a: int<1000000>, b: int<1000000>) -> int<10>:\n    return a * b % 10",
        "program p(a: int<1000>, b: int<1000>) -> int<10>:\n    return a * b % 10",
    ),
    "DP630": Code(
        "a data file that cannot be read, or has no examples",
        "diffprog train sort.dp --data no_such_file.jsonl",
        "diffprog train sort.dp --data train.jsonl",
    ),
    "DP631": Code(
        "a line of data that is not JSON",
        "{'in': {'xs': [3, 1, 2]}, 'out': [1, 2, 3]}",
        '{"in": {"xs": [3, 1, 2]}, "out": [1, 2, 3]}',
    ),
    "DP632": Code(
        "a line of data with a field too many, or too few",
        '{"xs": [3, 1, 2], "out": [1, 2, 3]}',
        '{"in": {"xs": [3, 1, 2]}, "out": [1, 2, 3]}',
    ),
    "DP633": Code(
        "a value in the data that is not of the program's type",
        '{"in": {"xs": [3, 1, 12]}, "out": [1, 3, 12]}',
        '{"in": {"xs": [3, 1, 2]}, "out": [1, 2, 3]}',
    ),
    "DP634": Code(
        "examples are to be drawn for an input that has no natural bounds: a real",
        "dp.generate(program, reference, 100)  # of program p(x: real) -> bool",
        'dp.fit(program, [({"x": 0.5}, True), ({"x": -1.0}, False)])',
    ),
}
