"""DP5xx: loops and where functions end."""

from diffprog.codes.code import Code

LOOPS: dict[str, Code] = {
    "DP501": Code(
        "a bound that lets a loop not run at all",
        "while b max 0:\n    b = false",
        "while b max 1:\n    b = false",
    ),
    "DP502": Code(
        "a way of halting that there is not, or without its number",
        "s = 1.0\nrepeat max 5 by act:\n    s = s * 0.5\nuntil s < 0.1",
        "s = 1.0\nrepeat max 5 by act(epsilon = 0.01):\n    s = s * 0.5\nuntil s < 0.1",
    ),
    "DP503": Code(
        "a loop `by act` that carries what has no weighted sum",
        "repeat max 5 by act(epsilon = 0.01):\n    x = (x + 1) % 9\nuntil x == 0",
        "repeat max 5 by ponder(prior = 0.2):\n    x = (x + 1) % 9\nuntil x == 0",
    ),
    "DP504": Code(
        "a loop that does not move",
        "for i in 0 .. 4 step 0:\n    x = i",
        "for i in 0 .. 4 step 2:\n    x = i",
    ),
    "DP505": Code(
        "a `for` over what is neither a range nor an array",
        "for i in x:\n    b = not b",
        "for i in 0 .. x:\n    b = not b",
    ),
    "DP506": Code(
        "a `return` inside a loop",
        "program p(xs: int<9>[4]) -> int<9>:\n    for x in xs:\n        return x",
        "program p(xs: int<9>[4]) -> int<9>:\n    last: int<9> = 0\n    for x in xs:\n"
        "        last = x\n    return last",
    ),
    "DP507": Code(
        "a `return` with something after it",
        "program p(x: int<9>) -> int<9>:\n    if x > 5:\n        return 5\n    return x",
        "program p(x: int<9>) -> int<9>:\n    if x > 5:\n        return 5\n    else:\n"
        "        return x",
    ),
    "DP508": Code(
        "a function that may end without a `return`",
        "program p(x: int<9>) -> int<9>:\n    if x > 5:\n        return 5",
        "program p(x: int<9>) -> int<9>:\n    return 5 if x > 5 else x",
    ),
}
