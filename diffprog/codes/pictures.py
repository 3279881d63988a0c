"""DP64x: pictures."""

from diffprog.codes.code import Code

PICTURES: dict[str, Code] = {
    "DP640": Code(
        "a picture in a format that there is not",
        "diffprog graph sort.dp -o sort.gif",
        "diffprog graph sort.dp -o sort.svg",
    ),
    "DP641": Code(
        "a picture, and nothing that draws graphs is installed",
        "diffprog graph sort.dp -o sort.svg",
        "pip install 'diffprog[draw]'  # or the system's graphviz; `-o sort.dot` needs neither",
    ),
    "DP642": Code(
        "a picture in a format that what is installed cannot draw",
        "diffprog graph sort.dp -o sort.pdf",
        "diffprog graph sort.dp -o sort.svg",
    ),
    "DP643": Code(
        "a picture that could not be drawn or written",
        "diffprog graph sort.dp -o no_such_folder/sort.svg",
        "diffprog graph sort.dp -o sort.svg",
    ),
    "DP644": Code(
        "a picture over time, and matplotlib is not installed",
        "diffprog trace sort.dp --in xs='[3, 1, 2]' -o sort.png",
        "pip install 'diffprog[plot]'",
    ),
    "DP645": Code(
        "a picture over time of a program without anything that takes time",
        "program p(x: bool) -> bool:\n    return not x",
        "program p(x: bool) -> bool:\n    for i in 0 .. 3:\n        x = not x\n    return x",
    ),
    "DP646": Code(
        "an alignment over sound or a picture that has not the cells of the array",
        "trace.alignment('a.png', 'states', over=picture, grid=(4, 4))  # states: real[12, 8]",
        "trace.alignment('a.png', 'states', over=picture, grid=(3, 4))",
    ),
}
