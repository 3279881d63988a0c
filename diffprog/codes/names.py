"""DP2xx: names, scopes and imports."""

from diffprog.codes.code import Code

NAMES: dict[str, Code] = {
    "DP201": Code(
        "a name that is not defined",
        "x = reslt",
        "result = 3\nx = result",
    ),
    "DP202": Code(
        "a call of something that is no function",
        "x = duoble(x)",
        "x = (x + x) % 9",
    ),
    "DP203": Code(
        "a name that is taken already",
        "y: int<3> = 0\ny: int<5> = 1",
        "y: int<5> = 0\ny = 1",
    ),
    "DP204": Code(
        "a name of the language itself, taken for something else",
        "sum = xs[0]",
        "total = xs[0]",
    ),
    "DP205": Code(
        "a variable that has no value on every way here",
        "if b:\n    y = 1\nx = y",
        "if b:\n    y = 1\nelse:\n    y = 0\nx = y",
    ),
    "DP206": Code(
        "a type, or a value of an enumeration, that is not declared",
        "y: float = 0.5",
        "y: real = 0.5",
    ),
    "DP207": Code(
        "too many or too few arguments",
        "x = clamp(x, 3)",
        "x = clamp(x, 0, 3)",
    ),
    "DP208": Code(
        "a size without a value, or a value without a size",
        "size n\n\nprogram p() -> int<9>:\n    x: int<9> = 0\n    for i in 0 .. n:\n"
        "        x = (x + i) % 9\n    return x",
        "size n = 3\n\nprogram p() -> int<9>:\n    x: int<9> = 0\n    for i in 0 .. n:\n"
        "        x = (x + i) % 9\n    return x",
    ),
    "DP209": Code(
        "a function that calls itself",
        "fn down(x: int<9>) -> int<9>:\n    return down(x - 1) if x > 0 else 0\n\n"
        "program p(x: int<9>) -> int<9>:\n    return down(x)",
        "program p(x: int<9>) -> int<9>:\n    while x > 0 max 8:\n        x = x - 1\n    return x",
    ),
    "DP211": Code(
        "a name of a function, an operation or an enumeration, used as a value",
        "x = min",
        "x = min(xs)",
    ),
    "DP212": Code(
        "an assignment to what cannot change: a loop's variable, a constant",
        "for i in 0 .. 4:\n    i = 0",
        "for i in 0 .. 4:\n    x = i",
    ),
    "DP213": Code(
        "functions that call functions more than 50 deep",
        "",
        "fn f(x: int<9>) -> int<9>:\n    return x\n\nprogram p(x: int<9>) -> int<9>:\n"
        "    return f(x)",
    ),
    "DP214": Code(
        "an import of a module that is not there",
        "import std.memori\n\nprogram p(xs: real[3], ys: real[3]) -> real:\n"
        "    return sum(memori.read([xs, ys], 0))",
        "import std.memory\n\nprogram p(xs: real[3], ys: real[3]) -> real:\n"
        "    return sum(memory.read([xs, ys], 0))",
    ),
    "DP215": Code(
        "modules that import each other in a circle",
        "",
        "program p(x: int<9>) -> int<9>:\n    return x",
    ),
    "DP216": Code(
        "a kind of network that does not exist",
        "net f = linaer(in = 2, out = 1)\n\nprogram p(xs: real[2]) -> real[1]:\n    return f(xs)",
        "net f = linear(in = 2, out = 1)\n\nprogram p(xs: real[2]) -> real[1]:\n    return f(xs)",
    ),
    "DP217": Code(
        "an option that a network lacks, has not, or cannot have",
        "net f = linear(in = 2, width = 1)\n\nprogram p(xs: real[2]) -> real[1]:\n    return f(xs)",
        "net f = linear(in = 2, out = 1)\n\nprogram p(xs: real[2]) -> real[1]:\n    return f(xs)",
    ),
    "DP218": Code(
        "an `extern` that takes a tuple or gives what is not real",
        "extern digit(image: real[8, 8]) -> int<10>\n\n"
        "program p(image: real[8, 8]) -> int<10>:\n    return digit(image)",
        "extern digit(image: real[8, 8]) -> real[10]\n\n"
        "program p(image: real[8, 8]) -> int<10>:\n    return pick(digit(image))",
    ),
}
