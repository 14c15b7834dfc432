"""The chapters have the form that form.py describes, and form.py sees what has not."""

import copy

import form
import nbformat
import pytest
import series
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

ALT = "A falling line."


@pytest.mark.parametrize("path", series.chapters(), ids=lambda path: path.stem)
def test_form(path):
    found = form.problems(nbformat.read(path, as_version=4), path.parent)
    mend = f"`make notebooks ONLY=notebooks/{path.name}` runs it and saves it in the form asked for. What that leaves:"
    assert not found, "\n".join([mend, *found])


def good() -> nbformat.NotebookNode:
    """A small notebook with everything that a chapter may have."""
    figure = new_output(
        "display_data", {"image/png": "iVBORw0KGgo=", "text/plain": ALT}, metadata={"image/png": {"alt": ALT}}
    )
    caption = new_output("display_data", {"text/html": f"<p>{ALT}</p>"})
    hidden = {"tags": ["solution", "hide-input"], "jupyter": {"source_hidden": True}}
    cells = [
        new_markdown_cell(
            "# Why?\n\n## One question\n\n$$\na \\tag{1}\n$$\n\n[up](#One-question) and [away](first.ipynb)", id="title"
        ),
        new_code_cell("from drawing import show\n\nfrom lstm_core import LSTM", id="imports"),
        new_code_cell(
            "1 + 1", id="sum", outputs=[new_output("execute_result", {"text/plain": "2"}, execution_count=2)]
        ),
        new_code_cell("show(fig, ALT)", id="figure", outputs=[figure, caption]),
        new_code_cell("print(2)", id="solved", metadata=hidden, outputs=[new_output("stream", text="2\n")]),
    ]
    for count, cell in enumerate(cells[1:], 1):
        cell.execution_count = count
    return new_notebook(cells=cells, metadata=series.METADATA)


def never_run(nb):
    for cell in nb.cells[1:]:
        cell.execution_count, cell.outputs = None, []


def run_out_of_order(nb):
    nb.cells[1].execution_count, nb.cells[2].execution_count = 2, 1
    nb.cells[2].outputs[0].execution_count = 1


def output_of_another_run(nb):
    nb.cells[2].outputs[0].execution_count = 7


def same_id_twice(nb):
    nb.cells[3].id = "sum"


def too_long(nb):
    nb.cells[2].source = "x = 1\n" * 26


def no_caption(nb):
    del nb.cells[3].outputs[1]


def no_title(nb):
    del nb.cells[0]


def put(place, value):
    """A spoiler that puts value into the notebook at place, a list of keys."""

    def spoil(nb):
        *way, last = place
        for key in way:
            nb = nb[key]
        nb[last] = value

    return spoil


SPOILT = {
    "never run": (never_run, "not executed"),
    "out of order": (run_out_of_order, "not executed"),
    "one cell not run": (put(["cells", 3, "execution_count"], None), "not executed"),
    "output of another run": (output_of_another_run, "another run"),
    "error": (put(["cells", 4, "outputs"], [new_output("error", ename="ValueError")]), "an error"),
    "stderr": (put(["cells", 4, "outputs"], [new_output("stream", name="stderr", text="warning")]), "stderr"),
    "timing": (put(["cells", 1, "metadata", "execution"], {"iopub.execute_input": "2020-01-01T00:00:00Z"}), "metadata"),
    "kernel": (put(["metadata", "kernelspec", "name"], "my-env"), "kernel python3"),
    "version": (put(["metadata", "language_info", "version"], "3.11.7"), "kernel python3"),
    "same id": (same_id_twice, "twice"),
    "generated id": (put(["cells", 1, "id"], "1b2c3d4e"), "was generated"),
    "generated UUID": (put(["cells", 1, "id"], "1b2c3d4e-0000-4000-8000-1b2c3d4e5f60"), "was generated"),
    "invalid": (put(["cells", 1, "id"], "no blanks"), "not valid"),
    "no title": (no_title, "title"),
    "no import": (put(["cells", 1, "source"], "import numpy as np"), "not imported"),
    "drawing later": (put(["cells", 1, "source"], "import lstm_core\nimport drawing"), "before all else"),
    "empty cell": (put(["cells", 2, "source"], " "), "empty"),
    "too long": (too_long, "26 lines"),
    "too wide": (put(["cells", 2, "source"], "x = 1  " + "#" * 84), "91 characters"),
    "path in code": (put(["cells", 2, "source"], "open('/home/me/x')"), "a path"),
    "path in text": (put(["cells", 0, "source"], "# T\n\nSee /Users/me/x."), "a path"),
    "path in output": (put(["cells", 2, "outputs", 0, "data", "text/plain"], "'/tmp/x'"), "in the output"),
    "Windows path": (put(["cells", 4, "outputs", 0, "text"], "C:\\me"), "in the output"),
    "address": (put(["cells", 2, "outputs", 0, "data", "text/plain"], "<object at 0x7f00>"), "in the output"),
    "exempt by tag": (put(["cells", 2, "metadata", "tags"], ["nbval-ignore-output"]), "exempts"),
    "error let pass": (put(["cells", 2, "metadata", "tags"], ["raises-exception"]), "exempts"),
    "exempt by comment": (put(["cells", 2, "source"], "# NBVAL_IGNORE_OUTPUT\n1 + 1"), "exempts"),
    "plain figure": (put(["cells", 3, "outputs", 0, "data", "text/plain"], "<Figure size 640x480>"), "alternative"),
    "no alt": (put(["cells", 3, "outputs", 0, "metadata"], {}), "alternative"),
    "no caption": (no_caption, "caption"),
    "another caption": (put(["cells", 3, "outputs", 1, "data", "text/html"], "<p>Other.</p>"), "caption"),
    "another alt": (put(["cells", 3, "outputs", 0, "metadata", "image/png", "alt"], "Other."), "alternative"),
    "SVG": (put(["cells", 3, "outputs", 0, "data"], {"image/svg+xml": "<svg/>", "text/plain": ALT}), "not PNG"),
    "picture in text": (put(["cells", 0, "source"], "# T\n\n![](https://example.org/x.png)"), "alternative"),
    "picture in HTML": (put(["cells", 0, "source"], '# T\n\n<img src="https://example.org/x.png">'), "alternative"),
    "solution not folded": (put(["cells", 4, "metadata", "jupyter"], {}), "solutions"),
    "solution without its tag": (put(["cells", 4, "metadata", "tags"], ["hide-input"]), "solutions"),
    "maths in a line": (put(["cells", 0, "source"], "# T\n\n$$ a $$"), "$$"),
    "link to a chapter": (put(["cells", 0, "source"], "# T\n\n[next](99_nowhere.ipynb)"), "99_nowhere"),
    "link to a heading": (put(["cells", 0, "source"], "# T\n\n[see](#no-such)"), "#no-such"),
    "link to another's heading": (put(["cells", 0, "source"], "# T\n\n[see](first.ipynb#no)"), "first.ipynb#no"),
    "Binder link": (
        put(["cells", 0, "source"], "# T\n\n[go](https://mybinder.org/v2/gh/a/b/HEAD?urlpath=lab%2Ftree%2Fnone.ipynb)"),
        "none.ipynb",
    ),
    "browser link": (
        put(["cells", 0, "source"], "# T\n\n[go](https://a.github.io/b/lite/notebooks/index.html?path=no/c.ipynb)"),
        "no/c.ipynb",
    ),
}


@pytest.fixture
def folder(tmp_path):
    nbformat.write(good(), tmp_path / "first.ipynb")
    return tmp_path


def test_nothing_is_wrong_with_a_good_notebook(folder):
    assert form.problems(good(), folder) == []


@pytest.mark.filterwarnings("ignore:Non-unique cell id")
@pytest.mark.parametrize("name", SPOILT)
def test_spoilt_notebook_is_seen(name, folder):
    spoil, word = SPOILT[name]
    notebook = copy.deepcopy(good())
    spoil(notebook)
    found = form.problems(notebook, folder)
    assert any(word in problem for problem in found), found


def test_run_twice_leaves_no_diff(folder, monkeypatch):
    """As the text of a chapter: nothing of the time, the machine, the run or JupyterLab is left in the file."""
    # The reader's own settings are drawing.py's business; this notebook goes without it.
    monkeypatch.delenv("MPLBACKEND", raising=False)
    monkeypatch.setenv("MATPLOTLIBRC", str(folder / "matplotlibrc"))
    monkeypatch.setenv("IPYTHONDIR", str(folder / "ipython"))
    (folder / "matplotlibrc").touch()
    path = folder / "first.ipynb"
    source = "import matplotlib.pyplot as plt\n\nprint('a')\nprint('b')\nplt.plot([1, 2])\nplt.show()"
    nbformat.write(saved_by_jupyterlab(source), path)
    series.execute(path)
    first = path.read_bytes()
    assert b"image/png" in first
    series.execute(path)
    assert path.read_bytes() == first
    found = form.problems(nbformat.read(path, as_version=4), folder)
    assert not [problem for problem in found if "metadata" in problem or "executed" in problem]


def saved_by_jupyterlab(source):
    """A notebook with what JupyterLab writes into it and the chapters do without."""
    notebook = new_notebook(cells=[new_code_cell(source, id="plot", metadata={"scrolled": True})])
    notebook.cells[0].metadata["execution"] = {"iopub.execute_input": "2020-01-01T00:00:00Z"}
    notebook.cells[0].metadata["jupyter"] = {"outputs_hidden": False}
    notebook.metadata["kernelspec"] = series.METADATA["kernelspec"] | {"display_name": "Python 3 (ipykernel)"}
    notebook.metadata["language_info"] = {"name": "python", "version": "3.11.7", "pygments_lexer": "ipython3"}
    return notebook
