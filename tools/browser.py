"""Open chapters in a real JupyterLab in headless Chromium, run all their cells and look.

python tools/browser.py FOLDER [notebook ...]   all chapters without a name; screenshots go to FOLDER

Every prompt must get its number, in order; no output may be an error or stand on stderr; all mathematics must be
rendered and every picture loaded. The saved notebooks stay as they are: a copy is opened. The browser is the one that
the variable CHROMIUM names, else a Chromium or Chrome on the PATH, else that of `playwright install chromium`.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, Playwright, sync_playwright
from series import ROOT, chapters, needed

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
QUIET = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
SETTINGS = {
    # "none": otherwise JupyterLab keeps only the cells in sight in the page.
    "notebook-extension/tracker": {"windowingMode": "none", "scrollPastEnd": False},
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}
WIDTH, HEIGHT = 1200, 1600  # of a screenshot; a chapter is a row of them
CELLS = "() => jupyterapp.shell.currentWidget.content.widgets.map(w => w.model).filter(m => m.type === 'code')"
LEFT_OVER = """() => {
    const seen = [];
    for (const part of document.querySelectorAll('.jp-RenderedMarkdown')) {
        const copy = part.cloneNode(true);
        copy.querySelectorAll('code, mjx-container').forEach(node => node.remove());
        const raw = copy.textContent.match(/\\$\\$|\\$[^$\\n]+\\$|\\\\(begin|tag|frac|partial|mathrm|delta|circ)\\b/);
        if (raw) seen.push(raw[0]);
    }
    return seen;
}"""


def launch(playwright: Playwright) -> Browser:
    executable = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    sandbox = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    return playwright.chromium.launch(executable_path=executable, args=QUIET + sandbox)


@contextmanager
def jupyterlab(folder: Path) -> Iterator[str]:
    """JupyterLab over folder/work, with settings of its own in folder; yields its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    names = ("JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTERLAB_WORKSPACES_DIR", "IPYTHONDIR")
    own = {name: str(folder / name.lower()) for name in names} | {"JUPYTERLAB_SETTINGS_DIR": str(folder / "settings")}
    for name, values in SETTINGS.items():
        file = folder / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values), encoding="utf-8")
    options = ["--no-browser", "--allow-root", f"--ServerApp.port={port}", "--ServerApp.port_retries=0"]
    options += [
        "--IdentityProvider.token=",
        f"--ServerApp.root_dir={folder / 'work'}",
        "--LabApp.expose_app_in_browser=True",
    ]
    log = folder / "server.log"
    with log.open("w", encoding="utf-8") as written:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *options],
            env=os.environ | own,
            stdout=written,
            stderr=subprocess.STDOUT,
        )
    address = f"http://127.0.0.1:{port}"
    try:
        wait(lambda: server.poll() is not None or answers(f"{address}/api/status"), "JupyterLab to answer")
        if server.poll() is not None:
            raise SystemExit(log.read_text(encoding="utf-8"))
        yield address
    finally:
        server.terminate()
        server.wait(30)


def answers(url: str) -> bool:
    try:
        return urllib.request.urlopen(url, timeout=5).status == 200
    except OSError:
        return False


def wait(condition, what: str, seconds: float = 120.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"waited {seconds:.0f} s for {what}")
        time.sleep(0.25)


def kernel_is_idle(address: str, name: str) -> bool:
    with urllib.request.urlopen(f"{address}/api/sessions", timeout=10) as answer:
        sessions = [s for s in json.load(answer) if s["path"].endswith(name)]
    return bool(sessions) and sessions[0]["kernel"]["execution_state"] == "idle"


def command(page: Page, name: str, **args) -> None:
    page.evaluate("([name, args]) => jupyterapp.commands.execute(name, args)", [name, args])


def look_at(page: Page, address: str, path: Path, shots: Path) -> list[str]:
    """Open, clear, run all, check, take pictures; returns what is wrong."""
    page.goto(f"{address}/doc/tree/notebooks/{path.name}")
    page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=60_000)
    # A Run All before the kernel is there opens a dialog and runs nothing, and the saved outputs look like success.
    wait(lambda: kernel_is_idle(address, path.name), "an idle kernel")
    command(page, "notebook:clear-all-cell-outputs")
    counts = f"() => ({CELLS})().map(m => m.executionCount)"
    wait(lambda: not any(page.evaluate(counts)), "the outputs to be cleared")
    number = len(page.evaluate(counts))
    page.evaluate("() => { void jupyterapp.commands.execute('notebook:run-all-cells'); }")
    wait(lambda: None not in page.evaluate(counts) or complaints(page), "every prompt's number", 300)
    wait(lambda: kernel_is_idle(address, path.name), "an idle kernel")
    page.wait_for_timeout(1500)  # the last pictures and the mathematics in outputs

    found = []
    got = page.evaluate(counts)
    if got != list(range(1, number + 1)):
        found.append(f"the prompts are {got}")
    found += complaints(page)
    written = sum(cell["source"].count("$") for cell in markdown(path))
    rendered = page.locator(".jp-Notebook mjx-container").count()
    if written and not rendered:
        found.append("no mathematics is rendered")
    found += [f"mathematics left as text: {text}" for text in page.evaluate(LEFT_OVER)]
    if wrong := page.locator(".jp-Notebook mjx-merror, .jp-Notebook [data-mjx-error]").count():
        found.append(f"{wrong} formulas that MathJax cannot read")
    pictures = page.locator(".jp-Notebook img")
    if dead := [k for k in range(pictures.count()) if not pictures.nth(k).evaluate("img => img.naturalWidth")]:
        found.append(f"{len(dead)} pictures that did not load")
    for name, theme in THEMES.items():
        command(page, "apputils:change-theme", theme=theme)
        page.wait_for_timeout(1000)
        take_pictures(page, shots / f"{path.stem}_{name}")
    print(
        f"{path.name}: {number} cells, {rendered} formulas, {pictures.count()} pictures, {len(found)} problems",
        flush=True,
    )
    command(page, "docmanager:save")
    command(page, "kernelmenu:shutdown")
    return found


def complaints(page: Page) -> list[str]:
    """Errors and what stands on stderr."""
    outputs = page.evaluate(f"() => ({CELLS})().flatMap(m => m.outputs.toJSON())")
    errors = [f"{output['ename']}: {output['evalue']}" for output in outputs if output["output_type"] == "error"]
    return errors + [f"stderr: {''.join(output['text'])[:300]}" for output in outputs if output.get("name") == "stderr"]


def markdown(path: Path) -> list[dict]:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [{"source": "".join(cell["source"])} for cell in cells if cell["cell_type"] == "markdown"]


def take_pictures(page: Page, stem: Path) -> None:
    """The notebook from top to bottom, as stem_01.png, stem_02.png, …"""
    panel = page.locator(".jp-Notebook .jp-WindowedPanel-outer, .jp-Notebook.jp-WindowedPanel-outer").first
    box = panel.bounding_box()
    total = panel.evaluate("panel => panel.scrollHeight")
    for old in stem.parent.glob(f"{stem.name}_*.png"):
        old.unlink()
    top, number = 0, 0
    while top < total:
        panel.evaluate("(panel, top) => { panel.scrollTop = top; }", top)
        page.wait_for_timeout(200)
        number += 1
        page.screenshot(path=f"{stem}_{number:02}.png", clip=box)
        top += int(box["height"])


def main(shots: str = "", *names: str) -> None:
    if not shots:
        raise SystemExit(__doc__)
    folder = Path(shots).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    paths = [Path(name) for name in names] or chapters()
    wrong = {}
    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as playwright:
        work = Path(temporary) / "work"
        for path in needed():
            (work / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / path, work / path)
        for path in paths:
            shutil.copy(path, work / "notebooks" / path.name)
        browser = launch(playwright)
        with jupyterlab(Path(temporary)) as address:
            for path in paths:
                page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
                wrong[path.name] = look_at(page, address, path, folder)
                page.close()
        browser.close()
    for name, found in wrong.items():
        print(*(f"{name}: {problem}" for problem in found), sep="\n", end="\n" if found else "")
    raise SystemExit(1 if any(wrong.values()) else 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
