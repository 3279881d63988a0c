"""DP1xx: texts that are no program."""

from __future__ import annotations

from diffprog.codes.code import Code

SYNTAX: dict[str, Code] = {
    "DP100": Code(
        "something else was expected at this place",
        "x = 1 +",
        "x = 1 + 2",
    ),
    "DP101": Code(
        "blocks are indented by spaces, because a tab is as wide as the reader's settings",
        "if b:\n\tx = 1",
        "if b:\n    x = 1",
    ),
    "DP102": Code(
        "a line goes back to the indentation of no block that stands open",
        "if b:\n        x = 1\n    x = 2",
        "if b:\n    x = 1\n    x = 2",
    ),
    "DP103": Code(
        "a character, or two, that the language does not have",
        "c = b && b",
        "c = b and b",
    ),
    "DP104": Code(
        "there are no strings: finite values with names are enumerations",
        'x = "red"',
        "enum Colour: red, green\n\nprogram first() -> Colour:\n    return Colour.red",
    ),
    "DP105": Code(
        "a line is too long to be read",
        "y = [1, 1, 1, 1, …]  # more than 100,000 characters",
        "y = [\n    1, 1, 1,\n    1, 1, 1,\n]",
    ),
    "DP106": Code(
        "a bracket is opened and never closed",
        "y = (x + 1\nx = 2",
        "y = (x + 1)\nx = 2",
    ),
    "DP107": Code(
        "a bracket is closed that is not open, or by one of the other kind",
        "y = xs[0)",
        "y = xs[0]",
    ),
    "DP108": Code(
        "a line is indented although the line before starts no block",
        "x = 1\n    x = 2",
        "x = 1\nx = 2",
    ),
    "DP109": Code(
        "the block is missing after a line that ends in `:`",
        "if b:\nx = 1",
        "if b:\n    x = 1",
    ),
    "DP110": Code(
        "a `:` ends the line that starts a block, and the block starts on the next line",
        "if b\n    x = 1",
        "if b:\n    x = 1",
    ),
    "DP111": Code(
        "`=` sets a variable, in a statement of its own; `==` compares",
        "if x = 1:\n    x = 2",
        "if x == 1:\n    x = 2",
    ),
    "DP112": Code(
        "a further test of an `if` is written `elif`",
        "if b:\n    x = 1\nelse if x == 2:\n    x = 3",
        "if b:\n    x = 1\nelif x == 2:\n    x = 3",
    ),
    "DP113": Code(
        "`elif`, `else`, `case` and `until` belong to a statement above them",
        "x = 1\nelse:\n    x = 2",
        "if b:\n    x = 1\nelse:\n    x = 2",
    ),
    "DP114": Code(
        "a `for` has one variable and runs over a half-open range or an array",
        "for i in 0, 4:\n    x = i",
        "for i in 0 .. 4:\n    x = i",
    ),
    "DP115": Code(
        "every loop has a bound, so that its soft form is finite",
        "while x < 3:\n    x = x + 1",
        "while x < 3 max 3:\n    x = x + 1",
    ),
    "DP116": Code(
        "a `repeat` ends in `until` and its test, which may use the names of the block",
        "repeat max 3:\n    stop = b",
        "repeat max 3:\n    stop = b\nuntil stop",
    ),
    "DP117": Code(
        "loops end by their test alone: leaving from the middle has no soft form",
        "while b max 3:\n    break",
        "repeat max 3:\n    stop = b\nuntil stop",
    ),
    "DP118": Code(
        "a statement of another language",
        "def f(x):\n    return x",
        "fn f(x: bool) -> bool:\n    return x\n\nprogram p(x: bool) -> bool:\n    return f(x)",
    ),
    "DP119": Code(
        "an expression alone does nothing, because nothing has side effects",
        "xs.append(1)",
        "xs[3] = 1",
    ),
    "DP120": Code(
        "the truth values are `true` and `false`, and there is no empty value",
        "c = True",
        "c = true",
    ),
    "DP121": Code(
        "an operator of another language",
        "x++",
        "x += 1",
    ),
    "DP122": Code(
        "comparisons do not chain: each compares two values",
        "c = 0 < x < 3",
        "c = 0 < x and x < 3",
    ),
    "DP123": Code(
        "numbers are written `12`, `0.5` or `1e-3`",
        "y = .5",
        "y = 0.5",
    ),
    "DP124": Code(
        "a word of the language cannot be a name",
        "for = 1",
        "for_ = 1",
    ),
    "DP125": Code(
        "declarations stand at the outermost level, statements inside a function",
        "x = 1\n\nprogram p() -> int<2>:\n    return x",
        "const x: int<2> = 1\n\nprogram p() -> int<2>:\n    return x",
    ),
    "DP126": Code(
        "integers go up to 10^15, reals as far as double precision",
        "y = 10000000000000000",
        "y = 1e16",
    ),
    "DP127": Code(
        "parameters, results and integers have types that say what values they take",
        "program p(x: int) -> bool:\n    return x == 1",
        "program p(x: int<10>) -> bool:\n    return x == 1",
    ),
    "DP128": Code(
        "a choice with `given`, `by` or `where` stands in parentheses inside an expression",
        "y = 1 + choose(1, 2) given b",
        "y = 1 + (choose(1, 2) given b)",
    ),
    "DP130": Code(
        "a file to run has one `program`",
        "fn program_() -> bool:\n    return true",
        "program p() -> bool:\n    return true",
    ),
    "DP131": Code(
        "a file has one `program`, and a module to be imported has none",
        "program p() -> bool:\n    return true\n\nprogram q() -> bool:\n    return false",
        "program p() -> bool:\n    return true\n\nfn q() -> bool:\n    return false",
    ),
    "DP140": Code(
        "brackets nest up to 100 levels",
        "y = ((((x))))  # more than 100 of them",
        "y = x",
    ),
    "DP141": Code(
        "blocks nest up to 60 levels",
        "if b:\n    if b:\n        if b:  # and so on, more than 60 of them\n            x = 1",
        "if b:\n    x = 1",
    ),
    "DP142": Code(
        "expressions nest up to 200 levels",
        "y = x + x + x  # and so on, more than 200 of them",
        "y = 300 * x",
    ),
}
