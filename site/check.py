"""Look at the built site: every link, every page in headless Chromium, JupyterLite's page and its files.

python site/check.py [FOLDER [page ...]]   screenshots go to FOLDER; a page's name is as notebooks/05_gru

A page may not overflow, ask another host, fail to load anything or leave mathematics as text. Its figures stand open,
have alternative texts, and say so if they scroll. What is printed is not cut, solutions are closed, and axe-core finds
no serious fault, at two widths and in both themes. The browser is found as tools/browser.py finds it. A formula that
scrolls on a phone is named, but is no fault.
"""

import json
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import sources  # before launch: it knows where that is
from browser import launch
from playwright.sync_api import Browser, Page, sync_playwright

HTML = sources.HERE / "build" / "html"
AXE = sources.HERE / "node_modules" / "axe-core" / "axe.min.js"
LINKS = ["npx", "linkinator", ".", "--server-root", "build/html", "--recurse", "--check-fragments"]
LINKS += ["--verbosity", "error", "--skip", "^(?!http://localhost)"]
SCRIPT = "an error in a script"
# What readers search for; each search has to begin with one of B's answers, though chapters have the word more often.
ASKED = ["epoch", "NaN", "padding", "hidden state", "two biases", "top_diff_s", "vanishing", "overfitting", "BPTT"]
ASKED += ["return_sequences", "many-to-one", "learning rate", "exploding gradient", "forget gate bias", "dropout"]
WIDTHS, THEMES = (1280, 390), ("light", "dark")
FOUND = """async () => {
    const all = (query) => [...document.querySelectorAll(query)];
    const found = [], text = (document.querySelector("article") ?? document.body).cloneNode(true);
    const images = all("article img");
    images.forEach(image => { image.loading = "eager"; });
    await Promise.allSettled(images.map(image => image.decode()));
    text.querySelectorAll("code, pre, mjx-container, script, style").forEach(node => node.remove());
    const raw = text.textContent.match(/\\$\\$|\\\\[([]|\\\\(begin|tag|frac|partial|mathrm|delta|circ)\\b/);
    if (raw) found.push(`mathematics left as text: ${raw[0]}`);
    const missing = all("article .math").length - all("article .math mjx-container").length;
    if (missing) found.push(`${missing} formulas are not rendered`);
    all("mjx-merror, [data-mjx-error]").forEach(node => found.push(`MathJax cannot read ${node.textContent}`));
    if (document.documentElement.scrollWidth > innerWidth) found.push("the page is wider than the window");
    if (all("article details[open]").length) found.push("a solution stands open");
    const wide = (box) => box.scrollWidth > box.clientWidth + 1;
    const cut = all(".cell_output pre").filter(wide);
    if (cut.length) found.push(`${cut.length} times what is printed is cut: ${cut[0].textContent.slice(0, 60)}`);
    for (const image of images) {
        if (!image.naturalWidth) found.push(`does not load: ${image.src}`);
        if (image.closest("details")) found.push(`a figure is folded away: ${image.src}`);
        if (wide(image.parentElement) && getComputedStyle(image.parentElement, "::after").content === "none")
            found.push(`scrolls, and does not say so: ${image.src}`);
        if (!image.alt || image.alt.includes("_images/")) found.push(`no alternative text: ${image.src}`);
    }
    return found;
}"""
TOO_WIDE = """() => [...(window.MathJax?.startup?.document?.math ?? [])].flatMap(formula => {
    const { scrollWidth, clientWidth } = formula.typesetRoot.closest("div.math") ?? {};
    return scrollWidth > clientWidth + 1 ? [`${scrollWidth} of ${clientWidth} px: ${formula.math}`] : [];
})"""
AXE_RUN = """async () => {
    document.querySelectorAll("details").forEach(details => { details.open = true; });
    const { violations } = await axe.run(document);
    document.querySelectorAll("article details").forEach(details => { details.open = false; });
    return violations.filter(fault => ["serious", "critical"].includes(fault.impact)).map(
        fault => `${fault.id}, ${fault.nodes.length} times: ${fault.nodes[0].html.slice(0, 150)}`);
}"""


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Yields the folder's address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def opened(browser: Browser, address: str, width: int, problems: list[str], hosts: set[str]) -> Page:
    """A page that asks nobody but address: whom else it asked is in hosts, what went wrong in problems."""

    def ask(route):
        host = urlsplit(route.request.url).netloc
        if route.request.url.startswith((address, "data:", "blob:")):
            return route.continue_()
        hosts.add(host)
        return route.abort()

    page = browser.new_page(viewport={"width": width, "height": 900}, service_workers="block")
    page.route("**/*", ask)
    page.on("pageerror", lambda error: problems.append(f"{SCRIPT}: {error}"))
    page.on("response", lambda got: got.status >= 400 and problems.append(f"{got.status}: {got.url}"))
    return page


def look_at(browser: Browser, address: str, name: str, shots: Path | None) -> list[str]:
    problems: list[str] = []
    for width in WIDTHS:
        seen: list[str] = []
        hosts: set[str] = set()
        page = opened(browser, address, width, seen, hosts)
        page.goto(f"{address}/{name}", wait_until="load")
        page.evaluate("() => window.MathJax?.startup?.promise.then(() => null)")
        seen += page.evaluate(FOUND)
        for text in page.evaluate(TOO_WIDE):
            print(f"{name} scrolls at {width} px, {' '.join(text.split())}", flush=True)
        page.add_script_tag(path=AXE)
        for theme in THEMES:
            page.emulate_media(color_scheme=theme)
            seen += [f"{theme}: {fault}" for fault in page.evaluate(AXE_RUN)]
            if shots:
                height = min(16_000, page.evaluate("document.documentElement.scrollHeight"))
                clip = {"x": 0, "y": 0, "width": width, "height": height}
                page.screenshot(path=shots / f"{Path(name).stem}_{width}_{theme}.png", full_page=True, clip=clip)
        problems += [f"{name}, {width} px: {text}" for text in seen + [f"asks {host}" for host in sorted(hosts)]]
        page.close()
    return problems


def look_at_search(browser: Browser, address: str) -> list[str]:
    problems: list[str] = []
    page = opened(browser, address, WIDTHS[0], problems, set())
    for words in ASKED:
        page.goto(f"{address}/search.html?q={words.replace(' ', '+')}")
        page.wait_for_function("document.querySelector('.search-summary')?.textContent.includes('search query')")
        results = page.locator("#search-results li a")
        if not results.count() or "B_questions.html#" not in str(results.first.get_attribute("href")):
            problems.append(f"the search for {words} does not begin with an answer")
    page.close()
    return problems


def look_at_lite(browser: Browser, address: str, shots: Path | None) -> list[str]:
    """As far as a machine without a network gets: the page with a chapter in it, the files, whom it asks for Python."""
    problems: list[str] = []
    for path in sources.series.needed():
        with urllib.request.urlopen(f"{address}/lite/files/{path.as_posix()}") as got:
            if got.read() != (sources.ROOT / path).read_bytes():
                problems.append(f"JupyterLite has another {path}")
    with urllib.request.urlopen(f"{address}/lite/jupyter-lite.json") as got:
        plugins = json.load(got)["jupyter-config-data"]["litePluginSettings"]
    if "numpy" not in plugins["@jupyterlite/pyodide-kernel-extension:kernel"]["loadPyodideOptions"]["packages"]:
        problems.append("JupyterLite's settings are not there")
    for width in WIDTHS:
        seen: list[str] = []
        hosts: set[str] = set()
        page = opened(browser, address, width, seen, hosts)
        chapter = sources.series.chapters()[0]
        page.goto(f"{address}/notebooks/{chapter.stem}.html")
        page.click("a.button")
        page.wait_for_selector(".jp-Notebook .jp-RenderedMarkdown h1", timeout=120_000)
        page.wait_for_timeout(5000)  # for the kernel's first request
        problems += [text for text in seen if not text.startswith(SCRIPT)]  # it says that it gets no Python
        if hosts - {"cdn.jsdelivr.net"}:
            problems.append(f"JupyterLite asks {sorted(hosts)}")
        if shots:
            page.screenshot(path=shots / f"lite_{width}.png")
        page.close()
    return problems


def main(folder: str = "", *names: str) -> None:
    shots = Path(folder) if folder else None
    if shots:
        shots.mkdir(parents=True, exist_ok=True)
    own = [place.with_suffix("").as_posix() for place in sources.alone()]
    pages = [f"{name}.html" for name in names or ["index", *sources.reading_order(), *own]]
    with served(HTML) as address, sync_playwright() as playwright:
        problems = ["links that lead nowhere: see above"] if subprocess.call(LINKS, cwd=sources.HERE) else []
        browser = launch(playwright)
        for name in pages:
            problems += look_at(browser, address, name, shots)
        problems += look_at_search(browser, address) + look_at_lite(browser, address, shots)
        browser.close()
    print(*problems, f"{len(pages)} pages, {len(problems)} problems", sep="\n")
    raise SystemExit(bool(problems))


if __name__ == "__main__":
    main(*sys.argv[1:])
