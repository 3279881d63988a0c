"""C files as loaded libraries: compiled once by the system's compiler, kept in a cache.

In: a text and a precision. Out: a library. A file of the cache is named by a digest of its
source and flags; it is written under a temporary name and renamed, so none is ever half there.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import shutil
import subprocess
import tempfile
import warnings
from functools import lru_cache
from pathlib import Path

FLAGS = ("-O3", "-march=native", "-std=gnu11", "-fPIC", "-shared", "-fno-math-errno", "-w")
"""No `-ffast-math`: infinities and NaN mean what they say."""

PRECISIONS = {"float": "1.17549435e-38f", "double": "2.2250738585072014e-308"}
"""The C types of numbers, with the smallest normal number of each."""


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
def library(source: str, precision: str) -> ctypes.CDLL:
    """Return a compiled file, from the cache if it is there.

    Raises:
        BuildError: without a compiler, or if it fails.
    """
    text = f"typedef {precision} real;\n#define TINY {PRECISIONS[precision]}\n{source}"
    digest = hashlib.sha256("\n".join([*FLAGS, _machine(), text]).encode()).hexdigest()[:24]
    path = cache() / f"{digest}.so"
    if not path.exists():
        _compile(text, path)
    return ctypes.CDLL(str(path))


@lru_cache(maxsize=1)
def _machine() -> str:
    """Return what `-march=native` depends on, where the system says it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    return next((line for line in lines if line.startswith("flags")), "")


def _compile(text: str, path: Path) -> None:
    found = compiler()
    if found is None:
        raise BuildError(MISSING)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        source, made = Path(folder, "program.c"), Path(folder, "program.so")
        source.write_text(text, encoding="utf-8")
        command = [found, *FLAGS, str(source), "-o", str(made), "-lm"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise BuildError(done.stderr)
        made.replace(path)
