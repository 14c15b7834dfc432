"""The copy for a class: it runs alone, holds no solutions, and loses nobody's work."""

import ast
import json

import form
import nbformat
import pytest
import series


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """Nowhere near the repository, as it is handed out."""
    folder = tmp_path_factory.mktemp("class")
    assert series.class_copy(folder) == []
    return folder


def has_solution_tag(cell) -> bool:
    return "solution" in cell.metadata.get("tags", [])


def code_of(path) -> list:
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


def files_read(path) -> list[str]:
    """The strings in a chapter's code that name a file."""
    trees = [ast.parse(cell.source) for cell in code_of(path)]
    texts = {node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    return sorted(text for text in texts if isinstance(text, str) and is_file(path.parent, text))


def is_file(folder, text) -> bool:
    return "\n" not in text and 0 < len(text) < 100 and (folder / text).is_file()


def leans_on_solutions(path) -> bool:
    """Whether code that stays comes after a solution. If none does, the copy is the beginning of what nbval runs."""
    tagged = [has_solution_tag(cell) for cell in code_of(path)]
    return tagged != sorted(tagged)


READING = [path for path in series.chapters() if files_read(path)]
TO_RUN = sorted({*filter(leans_on_solutions, series.chapters()), *READING[:1]})


def test_all_chapters_are_there_without_solutions(copy):
    copied = series.chapters(copy)
    assert [path.name for path in series.chapters()] == [path.name for path in copied]
    assert not any(has_solution_tag(cell) for path in copied for cell in nbformat.read(path, as_version=4).cells)


def test_no_link_of_the_copy_leads_to_what_was_left_out(copy):
    for path in series.chapters(copy):
        assert form.broken_links(form.prose_of(nbformat.read(path, as_version=4)), path.parent) == [], path.name


def test_what_the_chapters_read_is_there(copy):
    assert READING, "no chapter reads a file: this test sees nothing"
    for path in READING:
        missing = [text for text in files_read(path) if not (copy / "notebooks" / text).is_file()]
        assert not missing, (path.name, missing)


@pytest.mark.parametrize("name", [path.name for path in TO_RUN])
def test_the_copy_runs_and_shows_the_same(name, copy):
    path = copy / "notebooks" / name
    before = outputs(path)
    series.execute(path)
    assert outputs(path) == before


def outputs(path) -> list[tuple]:
    """What each cell says; a figure by its description, as nbval compares it."""
    return [
        (cell.id, output.get("text") or output.get("data", {}).get("text/plain"))
        for cell in code_of(path)
        for output in cell.outputs
    ]


# --- A second time ----------------------------------------------------------------------------------------------------


@pytest.fixture
def small(tmp_path):
    """A series of two files and its copy."""
    root = tmp_path / "series"
    (root / "notebooks").mkdir(parents=True)
    (root / "lstm_core.py").write_text("first = 1\n", encoding="utf-8")
    cells = [nbformat.v4.new_markdown_cell("# Why?", id="title"), nbformat.v4.new_code_cell("1 + 1", id="sum")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), root / "notebooks" / "01_why.ipynb")
    series.class_copy(tmp_path / "class", root)
    return root, tmp_path / "class"


def change(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_what_was_edited_is_kept_and_named(small):
    root, folder = small
    chapter = folder / "notebooks" / "01_why.ipynb"
    change(chapter, "1 + 1", "my answer")
    (folder / "mine.txt").write_text("a note", encoding="utf-8")
    for _ in range(2):
        assert series.class_copy(folder, root) == ["notebooks/01_why.ipynb"]
        assert "my answer" in chapter.read_text(encoding="utf-8")
    assert (folder / "mine.txt").read_text(encoding="utf-8") == "a note"


def test_what_was_not_edited_follows_the_series(small):
    root, folder = small
    change(root / "lstm_core.py", "first = 1", "second = 2")
    change(root / "notebooks" / "01_why.ipynb", "1 + 1", "2 + 2")
    assert series.class_copy(folder, root) == []
    assert (folder / "lstm_core.py").read_bytes() == (root / "lstm_core.py").read_bytes()
    assert "2 + 2" in (folder / "notebooks" / "01_why.ipynb").read_text(encoding="utf-8")


def test_a_file_that_was_there_before_is_kept(small):
    root, folder = small
    (folder / series.WRITTEN).unlink()
    change(folder / "lstm_core.py", "first = 1", "mine = 3")
    assert series.class_copy(folder, root) == ["lstm_core.py"]
    assert "lstm_core.py" not in json.loads((folder / series.WRITTEN).read_text(encoding="utf-8"))


def test_what_was_edited_and_put_back_follows_again(small):
    root, folder = small
    change(folder / "lstm_core.py", "first = 1", "mine = 3")
    assert series.class_copy(folder, root) == ["lstm_core.py"]
    change(folder / "lstm_core.py", "mine = 3", "first = 1")
    change(root / "lstm_core.py", "first = 1", "second = 2")
    assert series.class_copy(folder, root) == []
    assert "second" in (folder / "lstm_core.py").read_text(encoding="utf-8")
