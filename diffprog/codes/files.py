"""DP0xx: files that cannot be read or written."""

from diffprog.codes.code import Code

FILES: dict[str, Code] = {
    "DP001": Code(
        "a file that cannot be read, or is not text in UTF-8",
        "diffprog check no_such_file.dp",
        "diffprog check sort.dp",
    ),
    "DP002": Code(
        "a file that cannot be written",
        "diffprog emit run -o no_such_folder/learned.dp",
        "diffprog emit run -o learned.dp",
    ),
}
