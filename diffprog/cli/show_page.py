"""A page in the browser: `--view`.

In: what writes a page to a path. Out: the file, opened in a browser where there is one.
"""

from __future__ import annotations

import re
import tempfile
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING

from diffprog.cli.say import note

if TYPE_CHECKING:
    from collections.abc import Callable


def show_page(name: str, write: Callable[[Path], Path]) -> None:
    """Write a page into a new folder, open it in a browser, and say where it is."""
    stem = re.sub(r"\W+", "_", Path(name).stem) or "program"
    path = write(Path(tempfile.mkdtemp(prefix="diffprog-")) / f"{stem}.html")
    opened = webbrowser.open(path.as_uri())
    note(f"{path}: {'opened' if opened else 'written; no browser was found to open it'}")
