"""Programs written to files, with the numbers that do not go into the text in a file beside it.

In: a program. Out: ``name.dp``, and ``name.safetensors`` where learned blocks of reals stayed
holes. The second file knows the text that it belongs to. Never imports torch.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from diffprog.errors import fail
from diffprog.lang.imports import texts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diffprog.lang import syntax

FORMAT = "diffprog/1"


def weights_path(path: str | Path) -> Path:
    """Return where the numbers of a program in a file are."""
    return Path(path).with_suffix(".safetensors")


def write_beside(path: str | Path, program: syntax.Program, choices: Mapping[str, object]) -> None:
    """Write a program, the choices of its remaining holes where there are any, and its modules.

    Raises:
        DiffprogError: DP002 where that is not possible.
    """
    source = program.span.source.text
    try:
        if choices:
            import numpy as np
            from safetensors.numpy import save

            arrays = {key: np.asarray(value, dtype=np.float64) for key, value in choices.items()}
            _replace(
                weights_path(path), save(arrays, {"format": FORMAT, "program": _digest(source)})
            )
        for name, text in texts(program).items():
            _write_module(Path(path).parent / name, text)
        _replace(Path(path), source.encode())
    except OSError as problem:
        fail("DP002", f"cannot write {path}: {problem.strerror or problem}")


def _write_module(path: Path, text: str) -> None:
    """Write a module, unless it is there; another of its name is not written over."""
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, text.encode())
    elif path.read_text(encoding="utf-8") != text:
        fail("DP002", f"{path} is another module than the program imports")


def read_beside(path: str | Path, source: str) -> dict[str, object]:
    """Return the choices beside a program; none where the file is missing or another's."""
    beside = weights_path(path)
    if not beside.is_file():
        return {}
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(beside, framework="np") as file:
            metadata = file.metadata() or {}
            if metadata.get("program") != _digest(source):
                return {}
            return {key: file.get_tensor(key).tolist() for key in file.keys()}  # noqa: SIM118 - no mapping
    except (SafetensorError, OSError) as problem:
        fail("DP001", f"cannot read {beside}: {problem}")


def _digest(source: str) -> str:
    return hashlib.sha256(source.encode()).hexdigest()


def _replace(path: Path, data: bytes) -> None:
    """Write a file at once or not at all."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "wb") as out:
        out.write(data)
    mask = os.umask(0)
    os.umask(mask)
    Path(name).chmod(0o666 & ~mask)
    Path(name).replace(path)
