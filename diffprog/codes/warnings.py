"""DP9xx: what is allowed and yet worth knowing."""

from diffprog.codes.code import Code

WARNINGS: dict[str, Code] = {
    "DP901": Code(
        "softly, values that belong together are taken as independent here: the soft result is an "
        "approximation",
        "y: int<9> = 0\nfor i in 0 .. 3:\n    y = (y + x) % 9\nx = y",
        "x = 3 * x % 9",
    ),
    "DP902": Code(
        "a variable that nothing reads",
        "y = x",
        "x = xs[0]",
    ),
    "DP903": Code(
        "a parameter that nothing reads",
        "program p(x: int<9>, b: bool) -> int<9>:\n    return x",
        "program p(x: int<9>, _b: bool) -> int<9>:\n    return x",
    ),
    "DP904": Code(
        "a function that nothing calls",
        "fn f(x: int<9>) -> int<9>:\n    return x\n\nprogram p(x: int<9>) -> int<9>:\n    return x",
        "fn f(x: int<9>) -> int<9>:\n    return x\n\nprogram p(x: int<9>) -> int<9>:\n"
        "    return f(x)",
    ),
    "DP905": Code(
        "a size, a constant, an enumeration or a network that nothing uses",
        "size n = 3\n\nprogram p(x: int<9>) -> int<9>:\n    return x",
        "program p(x: int<9>) -> int<9>:\n    return x",
    ),
    "DP906": Code(
        "a case that can never be met",
        "if x > 10:\n    x = 0",
        "if x > 5:\n    x = 0",
    ),
    "DP907": Code(
        "a loop that never runs",
        "for i in 3 .. 0:\n    x = i",
        "for i in 3 .. 0 step -1:\n    x = i",
    ),
    "DP908": Code(
        "a choice inside a case or a loop that is never entered",
        "if x > 10:\n    x = choose int<9>",
        "if x > 5:\n    x = choose int<9>",
    ),
}
