"""What a chapter shows does not depend on who reads it, and it runs on the lstm_core.py of its own folder."""

import shutil
import subprocess
import sys

import pytest
import series
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

NOTEBOOKS = series.ROOT / "notebooks"
CELLS = [
    "from drawing import curves, show\n\nimport numpy as np\n\nfrom lstm_core import LSTM, check_layer",
    'lines = {"one": ([1.0, 0.1, 0.01], "c"), "$W_h$": ([1.0, 0.5, 0.25], "h", "--")}\n'
    'show(curves(lines, "Two lines fall", "lag (steps)", "norm"), "Two lines fall.")',
    "third = np.arange(4) / 3\nprint(third, third.sum(), np.exp(np.array([-800.0])))\nthird[:2]\nthird",
    "layer = LSTM(2, 1, rng=np.random.default_rng(0))\ncheck_layer(layer, np.ones((2, 2)))",
    "[0.1 + 0.2, np.float64(0.1), 1 / np.array([0.5, 3.0]), *range(30)]",
]


def run() -> list:
    """What the cells show, pictures included."""
    notebook = new_notebook(cells=[new_code_cell(source) for source in CELLS])
    NotebookClient(notebook, kernel_name="python3", resources={"metadata": {"path": str(NOTEBOOKS)}}).execute()
    return [cell.outputs for cell in notebook.cells]


@pytest.fixture(scope="module")
def usual(tmp_path_factory):
    """Without any setting."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IPYTHONDIR", str(tmp_path_factory.mktemp("ipython")))
        patch.delenv("MPLBACKEND", raising=False)
        return run()


RC = (
    "text.usetex: True\nfont.family: No Such Font\nsavefig.bbox: tight\naxes.grid: True\nno.such: 1\nlines.color: 99x\n"
)
IPYTHON = (
    "c = get_config()\nc.InteractiveShell.ast_node_interactivity = 'all'\n"
    "c.PlainTextFormatter.float_precision = '%.2f'\nc.PlainTextFormatter.max_width = 30\n"
)
STARTUP = (
    "import numpy as np\nnp.set_printoptions(precision=2, linewidth=20, sign='+', legacy='1.25')\n"
    "np.seterr(all='raise')\nimport matplotlib.pyplot as plt\nplt.style.use('dark_background')\n"
)
SETTINGS = {
    "matplotlibrc": ({"MATPLOTLIBRC": "{}/matplotlibrc"}, "matplotlibrc", RC),
    "a backend without pictures": ({"MPLBACKEND": "Agg"}, None, ""),
    "an IDE's backend": ({"MPLBACKEND": "module://no_such_module"}, None, ""),
    "IPython's configuration": ({"IPYTHONDIR": "{}"}, "profile_default/ipython_config.py", IPYTHON),
    "a startup file": ({"IPYTHONDIR": "{}"}, "profile_default/startup/00.py", STARTUP),
    "no home": ({"MPLCONFIGDIR": "/dev/null/none", "HOME": "/dev/null/none"}, None, ""),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_the_readers_settings_change_nothing(name, usual, tmp_path, monkeypatch):
    environment, file, text = SETTINGS[name]
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value.format(tmp_path))
    if file:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text(text, encoding="utf-8")
    assert run() == usual


def python(folder, code: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True)


@pytest.fixture
def copied(tmp_path):
    """A copy of the folder that is not the installed one: notebooks/ and, a folder up, lstm_core.py."""
    (tmp_path / "notebooks").mkdir()
    shutil.copy(NOTEBOOKS / "drawing.py", tmp_path / "notebooks")
    shutil.copy(series.ROOT / "lstm_core.py", tmp_path)
    return tmp_path


def test_a_copy_uses_its_own_module(copied):
    code = "import drawing, lstm_core, os; print(lstm_core.__file__, os.environ['OPENBLAS_NUM_THREADS'])"
    assert python(copied / "notebooks", code).stdout.split() == [str(copied / "lstm_core.py"), "1"]
    shutil.move(copied / "lstm_core.py", copied / "notebooks")  # all in one folder, as in the browser
    assert python(copied / "notebooks", code).stdout.split()[0] == str(copied / "notebooks" / "lstm_core.py")


def test_the_module_beside_comes_before_the_one_a_folder_up(copied):
    shutil.copy(copied / "lstm_core.py", copied / "notebooks")
    code = "import drawing, lstm_core; print(lstm_core.__file__)"
    assert python(copied / "notebooks", code).stdout.strip() == str(copied / "notebooks" / "lstm_core.py")


def test_without_a_module_of_its_own_a_chapter_says_so(copied):
    (copied / "lstm_core.py").unlink()  # and the installed one is not taken
    assert "ImportError: no lstm_core.py in" in python(copied / "notebooks", "import drawing").stderr


def test_another_module_imported_before_is_named(copied):
    said = python(
        copied / "notebooks", f"import sys; sys.path.insert(0, {str(series.ROOT)!r}); import lstm_core, drawing"
    )
    assert f"{series.ROOT / 'lstm_core.py'} was imported before drawing" in said.stderr
    assert "restart the kernel" in said.stderr


def test_what_lies_beside_the_module_can_be_imported(copied):
    (copied / "experiments").mkdir()
    (copied / "experiments" / "__init__.py").touch()
    (copied / "experiments" / "nets.py").write_text("side_by_side = 1\n", encoding="utf-8")
    code = "import drawing\nfrom experiments.nets import side_by_side\nprint(side_by_side)"
    assert python(copied / "notebooks", code).stdout.strip() == "1"
