"""Any cell can be run again after the whole chapter has run: no name is used for a second thing.

After the whole, each cell is run once more, from the last to the first: so it meets all names as the end left them.
"""

import nbformat
import pytest
import series
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

# Cells that cannot be run again: {(chapter, cell): why}.
EXEMPT: dict[tuple[str, str], str] = {}


@pytest.mark.parametrize("path", series.chapters(), ids=lambda path: path.stem)
def test_every_cell_runs_again(path):
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": path.parent}})
    cells = [(k, cell) for k, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    failed = {}
    with client.setup_kernel():
        for k, cell in cells:
            client.execute_cell(cell, k)
        for k, cell in reversed(cells):
            if (path.stem, cell.id) not in EXEMPT:
                try:
                    client.execute_cell(cell, k)
                except CellExecutionError as error:
                    failed[cell.id] = f"{error.ename}: {error.evalue}"
    assert not failed, "\n".join(f"{cell}: {error}" for cell, error in failed.items())


def test_what_is_exempt_is_still_there():
    ids = {(path.stem, cell.id) for path in series.chapters() for cell in nbformat.read(path, as_version=4).cells}
    assert EXEMPT.keys() <= ids
