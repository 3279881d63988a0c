"""C files as loaded libraries: compiled once by the system's compiler, kept in a cache.

In: a text and a precision. Out: a library. A file of the cache is named by a digest of its
source and flags; it is written under a temporary name and renamed, so none is ever half there.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import shutil
import tempfile
import warnings
from functools import lru_cache
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen

FLAGS = (
    *("-O3", "-march=native", "-std=gnu11", "-fPIC", "-shared", "-w"),
    *("-fno-math-errno", "-fno-trapping-math", "-fno-signed-zeros"),
)
"""No `-ffast-math`: infinities and NaN mean what they say; of zeros there is one."""

PRECISIONS = {
    "float": """\
typedef float real; typedef int whole;
#define DOUBLE 0
#define TINY 1.17549435e-38f
#define HIGHEST 88.3f
#define LOWEST -87.0f
#define MAGIC 12582912.0f
#define MANTISSA 23
#define BIAS 127
#define LOG2_HEAD 0.693359375f
#define LOG2_TAIL -2.12194440e-4f
""",
    "double": """\
typedef double real; typedef long whole;
#define DOUBLE 1
#define TINY 2.2250738585072014e-308
#define HIGHEST 709.4
#define LOWEST -708.0
#define MAGIC 6755399441055744.0
#define MANTISSA 52
#define BIAS 1023
#define LOG2_HEAD 0.69314718036912382
#define LOG2_TAIL 1.9082149292705877e-10
""",
}
"""The C types of numbers: smallest normal number, the range of `exp`, log 2 in two parts."""


class BuildError(Exception):
    """The compiler is missing, or does not take a file."""


def compiler() -> str | None:
    """Return the system's C compiler, None where there is none."""
    return shutil.which("cc") or shutil.which("gcc")


@lru_cache(maxsize=1)
def warn_missing() -> None:
    """Say once that there is no compiler."""
    warnings.warn(MISSING, RuntimeWarning, stacklevel=3)


MISSING = "there is no C compiler (`cc` or `gcc`): the torch source is used"


def cache() -> Path:
    """Return the folder of compiled programs."""
    root = os.environ.get("XDG_CACHE_HOME")
    return (Path(root) if root else Path.home() / ".cache") / "diffprog"


@lru_cache(maxsize=256)
def library(source: str, precision: str, parts: int = 1) -> ctypes.CDLL:
    """Return a compiled file, from the cache if it is there.

    Args:
        source: the text.
        precision: which of `PRECISIONS`.
        parts: how many parts it has, each between `#if PART != …` of the others. They are compiled
            at once and linked: that takes a user's time for the longest, where cores are free.

    Raises:
        BuildError: without a compiler, or if it fails.
    """
    text = PRECISIONS[precision] + source
    key = "\n".join([*FLAGS, str(parts), _machine(), text])
    digest = hashlib.sha256(key.encode()).hexdigest()[:24]
    path = cache() / f"{digest}.so"
    if not path.exists():
        _compile(text, path, parts)
    return ctypes.CDLL(str(path))


@lru_cache(maxsize=1)
def _machine() -> str:
    """Return what `-march=native` depends on, where the system says it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    return next((line for line in lines if line.startswith("flags")), "")


def _compile(text: str, path: Path, parts: int) -> None:
    found = compiler()
    if found is None:
        raise BuildError(MISSING)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        source, made = Path(folder, "program.c"), Path(folder, "program.so")
        source.write_text(text, encoding="utf-8")
        objects = [str(Path(folder, f"{i}.o")) for i in range(1, parts + 1)]
        _run(*([found, *FLAGS, "-c", f"-DPART={i}", str(source), "-o", o]
               for i, o in enumerate(objects, 1)))  # fmt: skip
        _run([found, *FLAGS, *objects, "-o", str(made), "-lm"])
        made.replace(path)


def _run(*commands: list[str]) -> None:
    """Run commands at once; wait for all."""
    running = [Popen(c, stdout=DEVNULL, stderr=PIPE, text=True) for c in commands]
    said = [one.communicate()[1] for one in running]
    for one, text in zip(running, said, strict=True):
        if one.returncode:
            raise BuildError(text)
