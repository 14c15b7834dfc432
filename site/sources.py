"""Gather in site/build what the site is made of: the repository's files in their own places, and MathJax.

python site/sources.py

Nothing here needs Sphinx, so that a test can ask it what conf.py asks it.
"""

import ast
import re
import shutil
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
BUILD = HERE / "build"
SOURCE, ALONE, MATHJAX = BUILD / "source", BUILD / "alone", BUILD / "mathjax"
# A README is a landing page, and every server looks for index.html.
LANDING = {"README.md": "index.md", "README.zh.md": "index.zh.md"}
LITE = "lite/notebooks/index.html?path="  # JupyterLite with one notebook, for a phone as well
IMPORTS, FIGURE = "Imports", "Code of this figure"  # what stands on the bar of a fold

sys.path.insert(0, str(ROOT / "tools"))
import series  # noqa: E402


def gathered(root: Path = ROOT) -> dict[Path, Path]:
    """Where each file of the site lies in the repository, by the place that it gets."""
    found = {Path(page): Path(name) for name, page in LANDING.items() if (root / name).is_file()}
    return found | {path: path for path in series.needed(root)}


def landing(root: Path = ROOT) -> list[str]:
    return [page.removesuffix(".md") for name, page in LANDING.items() if (root / name).is_file()]


def reading_order(root: Path = ROOT) -> list[str]:
    """The pages of the table of contents, as Sphinx names them: chapters by number, then the rest."""
    chapters = [path.relative_to(root).with_suffix("").as_posix() for path in series.chapters(root)]
    data = [path.with_suffix("").as_posix() for path in gathered(root) if path.match("data/*.md")]
    return [*chapters, "lstm_core", *data, *landing(root)[1:]]


def alone(root: Path = ROOT) -> list[Path]:
    """The pages that are finished as they lie in the repository, but that a chapter is a page here."""
    return [place for place in gathered(root) if place.suffix == ".html"]


def slug(heading: str) -> str:
    """A heading's anchor, as JupyterLab makes it."""
    return heading.replace(" ", "-")


def bar(cell: dict) -> str:
    """What the fold says that a cell stands under; nothing, if it stands open."""
    name, shows = cell["id"], any("image/png" in output.get("data", {}) for output in cell.get("outputs", ()))
    if solved := re.match(r"solution-(\d+)", name):
        return f"Solution to exercise {solved[1]}"
    if name in ("imports", "imports-core"):
        return IMPORTS
    return FIGURE if shows and re.search(r"-figure$|^draw(-|$)", name) else ""


def names(source: str) -> dict[str, int]:
    """The line of each public class, function and method of a module, inherited methods among them."""
    found: dict[str, int] = {}
    for node in ast.parse(source).body:
        if not isinstance(node, ast.ClassDef | ast.FunctionDef) or node.name.startswith("_"):
            continue
        found[node.name] = node.lineno
        if isinstance(node, ast.ClassDef):
            for base in node.bases:
                inherited = [name for name in found if name.startswith(f"{ast.unparse(base)}.")]
                found |= {f"{node.name}.{name.partition('.')[2]}": found[name] for name in inherited}
            methods = [part for part in node.body if isinstance(part, ast.FunctionDef)]
            found |= {f"{node.name}.{part.name}": part.lineno for part in methods if not part.name.startswith("_")}
    return found


def parts(source: str) -> list[tuple[str, int, list[str]]]:
    """A module in pieces, each with its heading, its first line's number and its lines.

    A piece begins at a public class or function, with the comment above it; the first one has no heading.
    """
    lines, body = source.splitlines(), ast.parse(source).body
    starts = [("", 0)]
    for before, node in zip(body, body[1:], strict=False):
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_"):
            starts.append((node.name, before.end_lineno or 0))
    pieces = []
    for (name, start), end in zip(starts, [start for _, start in starts[1:]] + [len(lines)], strict=True):
        while start < end and not lines[start].strip():
            start += 1
        pieces.append((name, start + 1, lines[start:end]))
    return pieces


def gather() -> None:
    shutil.copytree(HERE / "lite", BUILD / "lite")
    for place, path in gathered().items():
        (SOURCE / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / path, SOURCE / place)
    for place in alone():
        (ALONE / place).parent.mkdir(parents=True, exist_ok=True)
        text = (ROOT / place).read_text(encoding="utf-8")
        (ALONE / place).write_text(re.sub(r'(href="[^":]*)\.ipynb(?=[#"])', r"\1.html", text), encoding="utf-8")
    modules = HERE / "node_modules"
    speech = [f"sre/mathmaps/{name}.json" for name in ("base", "en", "nemeth")]  # read to the blind in English
    for name in ["tex-chtml.js", "sre/speech-worker.js", *speech]:
        (MATHJAX / "mathjax" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(modules / "mathjax" / name, MATHJAX / "mathjax" / name)
    font = Path("mathjax-newcm-font", "chtml")
    for name in ("woff2", "dynamic"):
        target = MATHJAX / "mathjax" / font / name
        shutil.copytree(modules / "@mathjax" / font / name, target)


if __name__ == "__main__":
    gather()
