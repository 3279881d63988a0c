"""DP65x: tables and questions."""

from diffprog.codes.code import Code

ASKING: dict[str, Code] = {
    "DP650": Code(
        "a table is to be read, and pandas is not installed",
        'diffprog ask run table.csv "count rows"',
        "pip install 'diffprog[ask]'",
    ),
    "DP651": Code(
        "a file that is no table",
        "1990,3\n1991,5",
        "year,goals\n1990,3\n1991,5",
    ),
    "DP652": Code(
        "a table without a row that has all numbers",
        "city,people\nRome,",
        "city,people\nRome,2873000",
    ),
    "DP653": Code(
        "a question to a program that asks no tables",
        'diffprog ask sort_run table.csv "count rows"',
        'diffprog ask tables_run table.csv "count rows"',
    ),
    "DP654": Code(
        "a question that the program cannot read",
        'diffprog ask run table.csv ""',
        'diffprog ask run table.csv "count rows where year greater 1990"',
    ),
}
