"""DP3xx: choices and what is learned."""

from diffprog.codes.code import Code

CHOICES: dict[str, Code] = {
    "DP301": Code(
        "a choice among values that are not finitely many",
        "y = choose real",
        "learn y: real",
    ),
    "DP302": Code(
        "a choice that is given what is not finite",
        "b = choose bool given 0.5 * x",
        "b = choose bool given x > 4",
    ),
    "DP303": Code(
        "a choice with one alternative",
        "x = choose(x)",
        "x = choose(x, xs[0])",
    ),
    "DP304": Code(
        "a mask without one `bool` for each alternative",
        "x = choose int<3> where [true, b]",
        "x = choose int<3> where [true, b, b]",
    ),
    "DP305": Code(
        "a choice that nothing reaches",
        "fn unused() -> bool:\n    return choose bool\n\n"
        "program p(x: int<9>) -> int<9>:\n    return x",
        "fn used() -> bool:\n    return choose bool\n\nprogram p(x: int<9>) -> int<9>:\n"
        "    return x if used() else 0",
    ),
    "DP306": Code(
        "a choice that would have two shapes",
        "fn rule(xs: int<n>[k]) -> bool:\n    return choose bool given xs[0]\n\n"
        "program p(a: int<4>[2], b: int<5>[2]) -> bool:\n    return rule(a) and rule(b)",
        "fn rule(xs: int<n>[k]) -> bool:\n    return choose bool given xs[0] > 0\n\n"
        "program p(a: int<4>[2], b: int<5>[2]) -> bool:\n    return rule(a) and rule(b)",
    ),
    "DP307": Code(
        "a tuple that is to be learned",
        "learn t: (bool, int<3>)",
        "learn t: bool\nlearn u: int<3>",
    ),
    "DP308": Code(
        "a constant that holds a choice",
        "const k: bool = choose bool\n\nprogram p() -> bool:\n    return k",
        "program p() -> bool:\n    k = choose bool\n    return k",
    ),
    "DP309": Code(
        "a hole with more weights than one can learn",
        "y = choose bool given x * 10000000",
        "y = choose bool given x",
    ),
    "DP310": Code(
        "a choice or a network in a module: what is learned goes into the program's text",
        "fn double(x: int<9>) -> int<17>:\n    return choose(x + x, x)",
        "fn double(x: int<9>) -> int<17>:\n    return x + x",
    ),
    "DP311": Code(
        "a policy that sees nothing, or a controller that is given what it has already",
        "y = choose int<3> by mlp(hidden = 8)",
        "y = choose int<3> by mlp(hidden = 8) of x",
    ),
    "DP312": Code(
        "a controller of something that is no sequence",
        "controller reader = lstm(hidden = 8) reads (x, b)",
        "controller reader = lstm(hidden = 8) reads x, b",
    ),
    "DP313": Code(
        "a decision by a controller where it is not met just once",
        "controller reader = lstm(hidden = 8) reads xs\nx = (choose int<3> by reader) if b else 0",
        "controller reader = lstm(hidden = 8) reads xs\n"
        "y = choose int<3> by reader\nx = y if b else 0",
    ),
    "DP314": Code(
        "a controller that is used as a value",
        "controller reader = lstm(hidden = 8) reads xs\nx = reader",
        "controller reader = lstm(hidden = 8) reads xs\nx = choose int<3> by reader",
    ),
    "DP315": Code(
        "a choice by a network of a kind, or a controller of a name, that there is not",
        "y = choose int<3> by forest of x",
        "y = choose int<3> by mlp(hidden = 8) of x",
    ),
    "DP320": Code(
        "a program runs, and nothing is chosen for one of its holes",
        'dp.loads("program p() -> bool:\\n    return choose bool\\n").run()',
        'p = dp.loads("program p() -> bool:\\n    return choose bool\\n")\n'
        'p.decide({"p.return#0": 1}).run()',
    ),
    "DP321": Code(
        "a choice that a hole does not have, or of another shape than the hole's",
        'p.decide({"p.return#0": 2})  # `choose bool` has the alternatives 0 and 1',
        'p.decide({"p.return#0": 1})',
    ),
    "DP322": Code(
        "a choice whose alternative a `where` masks when it is met",
        "x = choose int<2> where [false, true]  # with 0 chosen",
        "x = choose int<2> where [false, true]  # with 1 chosen",
    ),
    "DP323": Code(
        "the choices of a program allow too many runs to go through all of them",
        "learn table: int<10>[20]",
        "learn table: int<10>[3]",
    ),
    "DP324": Code(
        "a program runs, and one of its networks has no weights",
        'p = dp.load("net.dp")\np.run(x=1)',
        'p = dp.fit(dp.load("net.dp"), examples).program\np.run(x=1)',
    ),
    "DP325": Code(
        "a program runs, and nothing is bound to one of its externs",
        'dp.load("scene.dp").run(image=image)',
        'dp.load("scene.dp").using(encoder=module).run(image=image)',
    ),
    "DP326": Code(
        "a module that does not do what the `extern` line says",
        "program.using(encoder=nn.Linear(8, 4))  # extern encoder(x: real[8]) -> real[5]",
        "program.using(encoder=nn.Linear(8, 5))",
    ),
    "DP327": Code(
        "weights that are not those of the network",
        'p.decide({"nets.f.weight": [[1.0, 2.0, 3.0]]})  # net f = linear(in = 2, out = 1)',
        'p.decide({"nets.f.weight": [[1.0, 2.0]]})',
    ),
    "DP328": Code(
        "a module for an extern that the program does not have",
        "program.using(encodr=module)",
        "program.using(encoder=module)",
    ),
    "DP329": Code(
        "the program for one input is asked for, and more is open than what networks decide",
        "program_for(p, {'x': 1})  # p: `choose int<3>` beside `choose int<3> by reader`",
        "program_for(p.fill({'p.return#0': 2}), {'x': 1})",
    ),
    "DP330": Code(
        "choices put into a module that has no logits for them",
        'module.load_choices({"p.x#0": [1]})  # x = choose(a, b) by reader',
        'p.decide({"p.x#0": [1]}).run(a=1, b=2)',
    ),
}
