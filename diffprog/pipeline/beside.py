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

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMAT = "diffprog/1"


def weights_path(path: str | Path) -> Path:
    """Return where the numbers of a program in a file are."""
    return Path(path).with_suffix(".safetensors")


def write_beside(path: str | Path, source: str, choices: Mapping[str, object]) -> None:
    """Write a program, and the choices of its remaining holes where there are any.

    Raises:
        DiffprogError: DP002 where that is not possible.
    """
    try:
        if choices:
            import numpy as np
            from safetensors.numpy import save

            arrays = {key: np.asarray(value, dtype=np.float64) for key, value in choices.items()}
            _replace(
                weights_path(path), save(arrays, {"format": FORMAT, "program": _digest(source)})
            )
        _replace(Path(path), source.encode())
    except OSError as problem:
        fail("DP002", f"cannot write {path}: {problem.strerror or problem}")


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
