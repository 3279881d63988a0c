"""Each law shown able to fail: break one line, run the law's test, keep the smallest program.

    .venv/bin/python tests/laws/mutants.py                      every mutant; exit 1 if one survives
    .venv/bin/python tests/laws/mutants.py --only tie-offset    one (may be given several times)
    .venv/bin/python tests/laws/mutants.py --write              and write docs/laws.md

A mutant is made in a copy of the tree. Its seed is fixed, so a run finds what the last one found.
With `--only`, `--write` replaces what the page says of those mutants.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "laws.md"
PARTS = ("diffprog", "tests", "grammar", "pyproject.toml")
LIMIT = 400
"""Seconds of the processor for one mutant, shrinking included."""
SHOWN = 24
"""Lines of a failing program that the page shows."""

LAWS = {
    1: ("Vertex", "one-hot inputs and one-hot weights of holes: soft is crisp, at ties and bounds"),
    2: ("Mass", "every soft value stays on its simplex; nothing is dropped silently"),
    3: (
        "Expectation",
        "where no correlation is lost, soft is the expectation of the interpreter; "
        "`exact` is the expectation over choices for every finite program",
    ),
    4: ("Limit", "as the temperature falls, soft becomes crisp, but at exact ties of `pick`"),
    5: ("Gradient", "right at interior points, finite at vertices"),
    6: ("Broadcast", "a stack of rows or restarts is each of them alone"),
    7: ("Round trip", "what is printed parses to what was printed, and runs as it did"),
    8: ("Passes", "simplification keeps every result, and the graph verified"),
    9: ("Determinism", "the same seed gives the same text and the same tensors"),
}


@dataclass(frozen=True)
class Mutant:
    """One broken line.

    Attributes:
        name: what `--only` takes.
        law: the number of the law that it breaks.
        file: which file the line is in.
        old: the text that stands there, once.
        new: what it is replaced by.
        why: what the line is for.
        test: the test that has to fail, below `tests/laws`.
    """

    name: str
    law: int
    file: str
    old: str
    new: str
    why: str
    test: str


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant: whether the law failed, how, and on which program."""

    failed: bool
    program: str
    message: str
    seconds: float


MUTANTS = (
    Mutant(
        "tie-of-reals", 1, "diffprog/soft/kernels.py",
        "return 1 - torch.relu(torch.sign(y - x))",
        "return torch.relu(torch.sign(x - y))",
        "`>=` holds at ties, also at temperature 0",
        "test_vertex.py::test_at_temperature_zero",
    ),
    Mutant(
        "tie-of-pick", 1, "diffprog/soft/kernels.py",
        "return best * (best.cumsum(axis) == 1)",
        "return best / best.sum(axis, keepdim=True)",
        "crisply `pick` takes the first of equal scores",
        "test_vertex.py::test_at_temperature_zero",
    ),
    Mutant(
        "known-bound", 1, "diffprog/soft/compare.py",
        '"le": f":{place(1)}"',
        '"le": f":{place(0)}"',
        "`x <= 2` takes the entry of 2 with it",
        "test_vertex.py::test_at_every_temperature",
    ),
    Mutant(
        "rest-at-the-bound", 2, "diffprog/soft/halted.py",
        'whole = f"{code} + {weighed(rest, trail(t))} * {em.tensor(last[p])}"',
        'whole = f"{code}"',
        "what is alive at a loop's bound goes to the last state",
        "test_mass.py::test_results",
    ),
    Mutant(
        "masked-mass", 2, "diffprog/soft/holes.py",
        'code = f"normalised({code} * {mask})"',
        'code = f"({code} * {mask})"',
        "the weights that a mask leaves of a choice are scaled to sum to 1",
        "test_mass.py::test_results",
    ),
    Mutant(
        "marginals", 3, "diffprog/soft/conditions.py",
        "test.posterior(i, values) if i in test.sources and i in used else a",
        "a",
        "in a case, the sources of the test are given its outcome",
        "test_expectation.py::test_whatever_is_clean",
    ),
    Mutant(
        "through-a-choice", 3, "diffprog/lower/nodes.py",
        "return node.branches and bool(node.inputs)",
        "return bool(node.inputs)",
        "a choice that is a value is a source: a test does not look through it at what it is given",
        "test_expectation.py::test_a_choice_that_is_tested",
    ),
    Mutant(
        "inputs-of-a-table", 3, "diffprog/ir/meet.py",
        "                meeting(ledger, node, [masks[i], masks[j]])\n",
        "                pass\n",
        "the inputs of a table that depend on each other are not independent",
        "test_expectation.py::test_each_tie",
    ),
    Mutant(
        "two-indices", 3, "diffprog/ir/meet.py",
        "    index, at = _indices(args[1:], types[1:])\n"
        "    meeting(ledger, node, [union(m) for m, _ in args[1:]])\n",
        "    index, at = _indices(args[1:], types[1:])\n",
        "nor are two indices of a read",
        "test_expectation.py::test_each_tie",
    ),
    Mutant(
        "changed-in-a-loop", 3, "diffprog/ir/masks.py",
        "@dataclass(frozen=True, eq=False, slots=True)",
        "@dataclass(frozen=True, slots=True)",
        "a value that rounds have changed is another, though it has the same sources",
        "test_expectation.py::test_each_tie",
    ),
    Mutant(
        "forgotten-choice", 3, "diffprog/learn/particles.py",
        "        keys.add(world.memory + 1, memories + 1)\n",
        "",
        "runs that have made different free choices stay apart, though their values agree",
        "test_exact.py::test_answers_have_their_probability",
    ),
    Mutant(
        "tie-offset", 4, "diffprog/soft/kernels.py",
        "return -math.log(t) if 0 < t < 1 else None",
        "return None",
        "the offset c = max(0, -log T) makes the limit of comparisons right at ties",
        "test_limit.py::test_cold_is_crisp",
    ),
    Mutant(
        "single-where", 5, "diffprog/soft/finite.py",
        "torch.where(live, mass / torch.where(live, total, 1.0), 1.0 / mass.shape[-1])",
        "torch.where(live, mass / total, 1.0 / mass.shape[-1])",
        "in a case without weight nothing is divided by 0, not even on the side not taken",
        "test_gradient.py::test_finite_at_vertices",
    ),
    Mutant(
        "cut-gradient", 5, "diffprog/soft/halting.py",
        "        return alive * go\n",
        "        return alive * go.detach()\n",
        "the weight that goes on depends on the test",
        "test_gradient.py::test_right_inside",
    ),
    Mutant(
        "other-rows", 6, "diffprog/soft/halting.py",
        "return not left.count_nonzero().item()",
        "return left.count_nonzero().item() < left.numel()",
        "a loop ends when every row has halted, not when one has",
        "test_broadcast.py::test_rows",
    ),
    Mutant(
        "mixed-restarts", 6, "diffprog/soft/choices.py",
        "x.reshape(x.shape[0], *(1,) * lead, *x.shape[1:])",
        "x.mean(0)",
        "each restart has logits of its own",
        "test_broadcast.py::test_restarts",
    ),
    Mutant(
        "right-of-minus", 7, "diffprog/lang/print_expr.py",
        'f"{node.op} ", *expr(node.right, own + 1)]',
        'f"{node.op} ", *expr(node.right, own)]',
        "`a - (b - c)` keeps its parentheses",
        "test_generated.py::test_kinds_check_and_run",
    ),
    Mutant(
        "written-choice", 7, "diffprog/lang/fill.py",
        "used = sorted(set(entries))\n        self.forget_blocks(node, used)",
        "used = sorted(set(entries[:1]))\n        self.forget_blocks(node, used)",
        "a table of choices among blocks is written with all its entries",
        "test_emission.py::test_verbatim_emission_runs_as_the_hardened_program",
    ),
    Mutant(
        "x-and-x", 8, "diffprog/ir/algebra.py",
        "    places = NEUTRAL.get(node.op, ())\n",
        '    if node.op in ("and", "or") and node.inputs[0] == node.inputs[1]:\n'
        "        return node.inputs[0]\n"
        "    places = NEUTRAL.get(node.op, ())\n",
        "passes use only identities of the composed extension; `y and y = y` is none",
        "test_passes.py::test_nothing_is_assumed_of_what_meets_itself",
    ),
    Mutant(
        "carried-over", 8, "diffprog/ir/prune.py",
        "        if more == used:\n            return sorted(used)\n",
        "        if more >= used:\n            return sorted(used)\n",
        "a loop carries what its results depend on, over any number of rounds",
        "test_passes.py::test_soft_results_are_kept",
    ),
    Mutant(
        "order-of-a-set", 9, "diffprog/soft/sources.py",
        "return [name for name in KERNELS if name in found]",
        "return list(found)",
        "the functions in the generated source stand in a fixed order",
        "test_determinism.py::test_two_processes_agree",
    ),
)  # fmt: skip


def tried(mutant: Mutant, seed: int) -> Verdict:
    """Break the line in a copy of the tree and run the law's test there."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        copy = Path(folder)
        for part in PARTS:
            source = ROOT / part
            if source.is_dir():
                ignore = shutil.ignore_patterns("__pycache__", "golden")
                shutil.copytree(source, copy / part, ignore=ignore)
            else:
                shutil.copy(source, copy / part)
        path = copy / mutant.file
        text = path.read_text(encoding="utf-8")
        if text.count(mutant.old) != 1:
            message = f"{mutant.name}: {text.count(mutant.old)} places in {mutant.file}, not 1"
            raise SystemExit(message)
        path.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
        return _run(mutant, copy, seed)


def _run(mutant: Mutant, copy: Path, seed: int) -> Verdict:
    command = [sys.executable, "-m", "pytest", f"tests/laws/{mutant.test}", "-q", "-x"]
    command += ["-p", "no:cacheprovider", "--tb=short", "-m", "", f"--hypothesis-seed={seed}"]
    env = {**os.environ, "HYPOTHESIS_PROFILE": "mutants", "OMP_NUM_THREADS": "1"}
    env["PYTHONDONTWRITEBYTECODE"] = "1"
    start = time.monotonic()
    done = subprocess.run(
        command, cwd=copy, env=env, capture_output=True, text=True, check=False, preexec_fn=_limited
    )
    seconds = time.monotonic() - start
    if done.returncode == -signal.SIGXCPU:
        return Verdict(False, "", f"no answer after {LIMIT} s", seconds)
    if done.returncode and (done.returncode > 1 or "\nFAILED tests/laws/" not in done.stdout):
        raise SystemExit(f"{mutant.name}: the test did not run\n{done.stdout}{done.stderr}")
    output = done.stdout
    return Verdict(done.returncode == 1, failing_program(output), failure(output), seconds)


def _limited() -> None:
    # Of the processor, not of the clock: what else runs on the machine decides nothing.
    resource.setrlimit(resource.RLIMIT_CPU, (LIMIT, LIMIT + 10))


def failing_program(output: str) -> str:
    """Return the smallest program that pytest shows hypothesis to have found, or nothing."""
    found = re.search(
        r"^E(?P<margin> +)(?:Failing test case|Falsifying example): .*\n"
        r"(?:E(?P=margin) +#.*\n)*E +program=(?P<rest>(?:.*\n)+?)E *,",
        output,
        re.MULTILINE,
    )
    if found is None:
        return ""
    first, *rest = found["rest"].splitlines()
    start = 1 + len(found["margin"])
    return "\n".join([first, *(line[start:] for line in rest)]).strip()


def failure(output: str) -> str:
    """Return the first line of the error."""
    found = re.search(r"^E +(\S.*(?:Error|Exception|Unsatisfiable)\b.*)$", output, re.MULTILINE)
    line = found[1] if found else ""
    return line if len(line) <= 100 else line[:97] + "..."


def section(mutant: Mutant, verdict: Verdict) -> str:
    """Return what the page says of a mutant."""
    lines = [f"### {mutant.name}", "", f"{mutant.why[0].upper()}{mutant.why[1:]}.", ""]
    lines += [f"In `{mutant.file}`, held by `tests/laws/{mutant.test}`:", "", "```diff"]
    lines += [f"- {line.strip()}" for line in mutant.old.strip().splitlines()]
    lines += [f"+ {line.strip()}" for line in mutant.new.strip().splitlines()]
    lines += ["```", ""]
    if not verdict.failed:
        lines += [f"The law did not fail. {verdict.message}".strip(), ""]
    elif verdict.program:
        program = verdict.program.splitlines()
        if len(program) > SHOWN:
            program = [*program[:SHOWN], "…"]
        lines += ["The smallest program on which it failed:", "", "```text", *program, "```", ""]
    else:
        lines += ["It failed on the test's own program.", ""]
    return "\n".join(lines)


HEAD = """# The laws, and that they can fail

What diffprog promises is written as nine laws: properties that hold for every well-typed program.
Each is a property test over generated programs (`tests/strategies` makes them: nested branches,
loops whose bounds depend on data, reads and writes at uncertain places, functions, choices). A law
that cannot fail is decoration, so for each of them a line was broken, and this page shows which,
and the smallest program that hypothesis then found.

```sh
python -m pytest tests/laws
python tests/laws/mutants.py
python tests/laws/mutants.py --only tie-of-reals
python tests/laws/mutants.py --write
```

The first runs the laws, the second breaks every line below in turn (ten minutes), the third only
one, and the last writes this page.

"""


def page(sections: dict[str, str]) -> str:
    """Return the whole page."""
    out = [HEAD]
    for number, (name, what) in LAWS.items():
        out.append(f"## {number}. {name}\n\n{what[0].upper()}{what[1:]}.\n\n")
        out += [sections[m.name] + "\n" for m in MUTANTS if m.law == number and m.name in sections]
    return "".join(out).rstrip() + "\n"


def old_sections() -> dict[str, str]:
    """Return what the page says now, by mutant."""
    text = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    parts = re.split(r"^### (\S+)$", text, flags=re.MULTILINE)[1:]
    pairs = zip(parts[::2], parts[1::2], strict=True)
    return {name: f"### {name}" + body.split("\n## ")[0].rstrip() + "\n" for name, body in pairs}


def main() -> int:
    """Try the mutants that are asked for; return how the process ends."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    names = [m.name for m in MUTANTS]
    parser.add_argument("--only", action="append", choices=names, help="try just this one")
    parser.add_argument("--write", action="store_true", help="write docs/laws.md")
    parser.add_argument("--seed", type=int, default=0, help="of hypothesis")
    asked = parser.parse_args()
    sections, survived = old_sections(), 0
    for mutant in MUTANTS:
        if asked.only and mutant.name not in asked.only:
            continue
        verdict = tried(mutant, asked.seed)
        survived += not verdict.failed
        word = "failed, as it has to" if verdict.failed else "SURVIVED"
        print(f"law {mutant.law}  {mutant.name:20} {word}  {verdict.seconds:.0f} s", flush=True)
        print(f"    {verdict.message}" if verdict.message else "", flush=True)
        print("\n".join("    " + line for line in verdict.program.splitlines()), flush=True)
        sections[mutant.name] = section(mutant, verdict)
        if asked.write:
            PAGE.write_text(page(sections), encoding="utf-8")
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main())
