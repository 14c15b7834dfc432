"""The site, as far as it can be asked without Node, Sphinx and a browser; `make site-check` asks the rest."""

import ast
import json
import re
import sys

import nbformat
import pytest
import series
import sources
import yaml
from form import broken_links, prose_of

SITE = sources.HERE
MODULE = (sources.ROOT / "lstm_core.py").read_text(encoding="utf-8")
SHOWN = ("text/markdown", "text/html")
SVG = 'xmlns="http://www.w3.org/2000/svg"'
LOCAL = re.compile(r"\]\((?!\w+:|#)([^)#\s]+)|\b(?:href|src)=\"(?!\w+:|#)([^\"#]+)")


def workflow(name):
    return yaml.safe_load((sources.ROOT / ".github" / "workflows" / name).read_text(encoding="utf-8"))


def test_every_chapter_is_on_the_site():
    names = [path.stem for path in series.chapters()]
    assert [name.removeprefix("notebooks/") for name in sources.reading_order()][: len(names)] == names
    assert {f"{name}.ipynb" for name in names} <= {place.name for place in sources.gathered()}
    assert all((sources.ROOT / path).is_file() for path in sources.gathered().values())


def words_of(path):
    """A text; of a chapter the prose, and what its cells have shown as such."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        notebook = nbformat.reads(text, as_version=4)
        shown = [output.get("data", {}) for cell in notebook.cells for output in cell.get("outputs", [])]
        text = "\n\n".join([prose_of(notebook), *(data.get(kind, "") for data in shown for kind in SHOWN)])
    return text


PAGES = [path for path in sources.gathered().values() if path.suffix in (".md", ".ipynb")]


@pytest.mark.parametrize("path", PAGES, ids=str)
def test_what_a_page_links_to_is_on_the_site(path):
    path = sources.ROOT / path
    text = words_of(path)
    there = {(sources.ROOT / source).resolve() for source in sources.gathered().values()}
    local = ["".join(found) for found in LOCAL.findall(re.sub(r"`[^`\n]*`", "", text))]
    assert [link for link in local if (path.parent / link).resolve() not in there] == []
    assert broken_links(text, path.parent, kind=path.suffix) == []


@pytest.mark.parametrize("path", series.chapters(), ids=lambda path: path.stem)
def test_a_fold_says_what_it_holds(path):
    notebook = nbformat.read(path, as_version=4)
    bars = {cell.id: sources.bar(cell) for cell in notebook.cells if cell.cell_type == "code"}
    solved = {cell.id for cell in notebook.cells if "solution" in cell.metadata.get("tags", []) and cell.id in bars}
    exercises = re.findall(r"^### Exercise (\d+):", prose_of(notebook), re.MULTILINE)
    assert {bar for name, bar in bars.items() if name in solved} == {f"Solution to exercise {n}" for n in exercises}
    assert {bar for name, bar in bars.items() if name not in solved} <= {"", sources.IMPORTS, sources.FIGURE}
    assert bars["imports"] == sources.IMPORTS


# --- The page of the module -------------------------------------------------------------------------------------------


def test_the_page_of_the_module_has_every_line_of_it_in_its_place():
    lines = MODULE.splitlines()
    seen = {}
    for _, start, piece in sources.parts(MODULE):
        assert lines[start - 1 : start - 1 + len(piece)] == piece
        seen |= {start + k: line for k, line in enumerate(piece)}
    assert [n for n, line in enumerate(lines, 1) if line.strip() and n not in seen] == []
    headings = [name for name, _, _ in sources.parts(MODULE)]
    assert headings[0] == ""
    assert len(set(headings)) == len(headings)
    assert {"LSTM", "Recurrent", "check_gradients"} <= set(headings)


def test_names_lead_to_the_lines_that_define_them():
    names, lines = sources.names(MODULE), MODULE.splitlines()
    for name, line in names.items():
        assert re.match(rf"\s*(class|def) {name.rpartition('.')[2]}\b", lines[line - 1]), name
    assert names["LSTM.backward"] == names["Recurrent.backward"]
    assert names["LSTM"] < names["GRU"]
    assert not any(name.startswith("_") or "._" in name for name in names)


def test_a_link_into_the_module_is_held_to_its_lines_and_names():
    broken = ["../lstm_core.py#L99999", "../lstm_core.py#LSTM.sideways"]
    fine = ["../lstm_core.py", "../lstm_core.py#L10", "../lstm_core.py#LSTM.backward"]
    text = " ".join(f"[a]({link})" for link in broken + fine)
    assert broken_links(text, sources.ROOT / "notebooks") == broken


# --- What is configured -----------------------------------------------------------------------------------------------


def imported(code):
    """What the code cannot do without: an import under a condition is of what may be missing."""
    for node in ast.parse(code).body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module


def test_the_browsers_python_has_what_the_chapters_import():
    """Pyodide loads what a cell imports, and not what the modules that it imports do."""
    code = [path.read_text(encoding="utf-8") for path in sources.ROOT.glob("notebooks/*.py")] + [MODULE]
    for path in series.chapters():
        notebook = nbformat.read(path, as_version=4)
        code += [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    tops = {name.partition(".")[0] for text in code for name in imported(text)}
    own = {"drawing", "exercises", "experiments", "lstm_core", "IPython"}  # IPython is the kernel's
    wanted = {"pillow" if name == "PIL" else name for name in tops - own - set(sys.stdlib_module_names)}
    settings = json.loads((SITE / "lite" / "jupyter-lite.json").read_text(encoding="utf-8"))["jupyter-config-data"]
    kernel = settings["litePluginSettings"]["@jupyterlite/pyodide-kernel-extension:kernel"]
    assert set(kernel["loadPyodideOptions"]["packages"]) == wanted


def test_the_sites_own_files_ask_no_other_host():
    for path in [SITE / "conf.py", SITE / "mathjax_config.js", *(SITE / "_static").iterdir()]:
        if path.is_file():
            text = path.read_text(encoding="utf-8").replace('"://" not in', "").replace(SVG, "")
            assert "://" not in text, path.name


def test_what_npm_installs_is_settled_and_names_no_registry():
    wanted = json.loads((SITE / "package.json").read_text(encoding="utf-8"))
    lock = json.loads((SITE / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    kinds = ("dependencies", "devDependencies")
    assert [lock[""][kind] for kind in kinds] == [wanted[kind] for kind in kinds]
    assert all(package.get("integrity") and "resolved" not in package for name, package in lock.items() if name)


def test_the_workflow_publishes_what_was_checked():
    jobs = workflow("site.yml")["jobs"]
    assert any(step.get("run", "").startswith("make site-check") for step in jobs["build"]["steps"])
    assert jobs["build"]["steps"][-1]["with"]["path"] == "site/build/html"
    assert jobs["publish"]["needs"] == "build"
    assert workflow("published.yml")["jobs"].keys() == {"links", "binder"}
