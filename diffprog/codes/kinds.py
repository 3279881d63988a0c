"""DP4xx: types and sizes."""

from diffprog.codes.code import Code

KINDS: dict[str, Code] = {
    "DP401": Code(
        "an operation on types that it does not take",
        "x = x % 3 + b",
        "x = x % 3 + int(b)",
    ),
    "DP402": Code(
        "shapes that do not go together",
        "ys = xs + [1, 2]",
        "ys = xs + [1, 2, 3, 4]",
    ),
    "DP403": Code(
        "an integer that may be outside the range of its place",
        "x = x + 1",
        "x = (x + 1) % 9",
    ),
    "DP404": Code(
        "a value of another type than its place has",
        "x = b",
        "x = 1 if b else 0",
    ),
    "DP405": Code(
        "a divisor that may be 0",
        "x = 8 // x",
        "x = 8 // (x + 1)",
    ),
    "DP406": Code(
        "an index or a slice that may be outside its array",
        "x = xs[x]",
        "x = xs[x % 4]",
    ),
    "DP407": Code(
        "an index or a target that is none",
        "x = xs[0.5]",
        "x = xs[1]",
    ),
    "DP408": Code(
        "cases, alternatives or cells that are not of one type",
        "y = choose(b, x)",
        "y = choose(b, x > 0)",
    ),
    "DP409": Code(
        "a test that is no `bool`",
        "if x:\n    x = 0",
        "if x != 0:\n    x = 0",
    ),
    "DP410": Code(
        "something that must be known before the program runs, and is not",
        "ys: int<9>[x] = 0",
        "ys: int<9>[len(xs)] = 0",
    ),
    "DP411": Code(
        "arguments that give one size two values",
        "fn dot(a: real[n], b: real[n]) -> real:\n    return sum(a * b)\n\n"
        "program p(a: real[3], b: real[4]) -> real:\n    return dot(a, b)",
        "fn dot(a: real[n], b: real[n]) -> real:\n    return sum(a * b)\n\n"
        "program p(a: real[3], b: real[4]) -> real:\n    return dot(a, b[0..3])",
    ),
    "DP412": Code(
        "a `match` that lacks a case",
        "match x:\n    case 0, 1:\n        x = 5",
        "match x:\n    case 0, 1:\n        x = 5\n    case _:\n        pass",
    ),
    "DP413": Code(
        "two cases for one value",
        "match b:\n    case true:\n        x = 1\n    case true:\n        x = 2\n"
        "    case _:\n        x = 0",
        "match b:\n    case true:\n        x = 1\n    case _:\n        x = 0",
    ),
    "DP414": Code(
        "a `match` on what has no cases, or a case that is no value of it",
        "match x * 0.5:\n    case 0:\n        x = 1\n    case _:\n        x = 0",
        "match x:\n    case 0:\n        x = 1\n    case _:\n        x = 0",
    ),
    "DP415": Code(
        "more or fewer variables than values",
        "x, y = (1, 2, 3)",
        "x, y, z = (1, 2, 3)",
    ),
    "DP416": Code(
        "a reduction with a clause too many, or too few",
        "x = min(xs where xs > x)",
        "x = min(xs where xs > x else 0)",
    ),
    "DP418": Code(
        "a type that has no values, or that no value can have",
        "y: int<0> = 0",
        "y: int<1> = 0",
    ),
    "DP419": Code(
        "an `if` with more branches than 100",
        "",
        "match x:\n    case 0:\n        x = 5\n    case _:\n        pass",
    ),
    "DP421": Code(
        "an array of more cells than a program can hold",
        "ys: int<9>[1000000000] = 0",
        "ys: int<9>[1000] = 0",
    ),
    "DP420": Code(
        "a size that the program does not have, or that cannot be bound to this number",
        "diffprog check sort.dp --set m=3",
        "diffprog check sort.dp --set n=3",
    ),
}
