"""The copy for a class: no solutions in it, and it runs from top to bottom."""

import shutil

import nbformat
import pytest
import series


@pytest.fixture(scope="module")
def copies(tmp_path_factory):
    """Beside the benchmarks, as class/ is in the repository: some chapters draw their figures."""
    root = tmp_path_factory.mktemp("root")
    shutil.copytree(series.ROOT / "benchmarks", root / "benchmarks")
    series.class_copy(root / "class")
    return root / "class"


def has_solutions(path) -> bool:
    return any("solution" in cell.metadata.get("tags", []) for cell in nbformat.read(path, as_version=4).cells)


def test_all_chapters_are_there_without_solutions(copies):
    assert [path.name for path in series.chapters()] == sorted(path.name for path in copies.glob("*.ipynb"))
    assert not any(has_solutions(path) for path in copies.glob("*.ipynb"))


def test_what_the_notebooks_read_is_there(copies):
    assert (copies / "drawing.py").is_file()
    assert (copies / "data").is_dir() == (series.ROOT / "notebooks" / "data").is_dir()


# A chapter without solutions is the same in the copy, and nbval runs it already.
@pytest.mark.parametrize(
    "path", [path for path in series.chapters() if has_solutions(path)], ids=lambda path: path.stem
)
def test_the_copy_runs_and_shows_the_same(path, copies):
    copied = copies / path.name
    before = outputs(copied)
    series.execute(copied)
    assert outputs(copied) == before


def outputs(path) -> list[tuple]:
    """What each cell says; a figure by its description, as nbval compares it."""
    cells = nbformat.read(path, as_version=4).cells
    return [
        (cell.id, output.get("text") or output.get("data", {}).get("text/plain"))
        for cell in cells
        for output in cell.get("outputs", [])
    ]
