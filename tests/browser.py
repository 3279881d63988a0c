"""A page in headless Chromium: scripts run in it, and what they find comes back.

In: an HTML file and JavaScript that returns something. Out: that, as Python values. The browser
has no network: names are not resolved, and the page itself forbids every request.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from html import unescape
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome")
REQUIRED = "DIFFPROG_BROWSER"
"""Set where a browser has to be there, so that its tests fail instead of being left out."""
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--window-size=1400,1600",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)
WATCH = '<head><script>var broken = []; addEventListener("error", (e) => broken.push(e.message));'
RESULT = re.compile(r'<pre id="test-result">(.*?)</pre>', re.DOTALL)


def find_browser() -> str | None:
    """Return the browser's program, None where there is none."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def left_out() -> bool:
    """Say whether tests by browser are left out: there is none, and nobody wants one."""
    return find_browser() is None and not os.environ.get(REQUIRED)


def ask(page: Path, script: str) -> Any:
    """Open a page, run the body of a function in it, and return what it returns.

    `broken` has the errors of the page so far.
    """
    text = page.read_text(encoding="utf-8").replace("<head>", f"{WATCH}</script>", 1)
    probe = (
        "<script>(() => { const out = document.createElement('pre'); out.id = 'test-result';"
        f"let found; try {{ found = (() => {{ {script} }})(); }} catch (e) {{ found = '' + e; }}"
        "out.textContent = JSON.stringify(found); document.body.append(out); })();</script>"
    )
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "page.html"
        copy.write_text(text.replace("</body>", f"{probe}</body>", 1), encoding="utf-8")
        dom = _run(folder, "--dump-dom", copy.as_uri())
    found = RESULT.search(dom)
    assert found is not None, dom[-2000:]
    return json.loads(unescape(found[1]))


def screenshot(page: Path, image: Path) -> None:
    """Draw a page as a PNG."""
    with tempfile.TemporaryDirectory() as folder:
        _run(folder, f"--screenshot={image}", page.as_uri())


def _run(folder: str, *args: str) -> str:
    browser = find_browser()
    assert browser is not None, f"{REQUIRED} is set and there is no browser: install `chromium`"
    command = [browser, *FLAGS, f"--user-data-dir={folder}/profile", *args]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    return done.stdout
