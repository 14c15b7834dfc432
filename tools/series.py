"""What make does with the notebooks.

python tools/series.py execute [notebook ...]   run chapters in place, all of them without a name
python tools/series.py class FOLDER             write a copy of the series without the solutions
python tools/series.py links OWNER/NAME         let every Binder and GitHub link lead to that repository
"""

import base64
import re
import shutil
import sys
import tomllib
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbconvert.preprocessors import TagRemovePreprocessor

ROOT = Path(__file__).resolve().parent.parent
README_FIGURE, README_CELL = Path("notebooks/data/flow.png"), ("03_lstm_bptt.ipynb", "flow-figure")
# Every Binder link of the series leads to its own repository; a GitHub link only if it bears the repository's name.
BINDER = re.compile(r"(?<=mybinder\.org/v2/gh/)[\w.-]+/[\w.-]+")


def chapters(root: Path = ROOT) -> list[Path]:
    return sorted((root / "notebooks").glob("*.ipynb"))


def execute(path: Path) -> None:
    """Run one notebook in its own folder and save it, so that a second run leaves no diff.

    No times are recorded, printed pieces are joined, and the language's version, which is the machine's, is left out.
    """
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
    NotebookClient(
        notebook,
        timeout=600,
        kernel_name="python3",
        record_timing=False,
        coalesce_streams=True,
        resources={"metadata": {"path": str(path.resolve().parent)}},
    ).execute()
    notebook.metadata["language_info"] = {"name": "python"}
    nbformat.write(notebook, path)


def save_readme_figure(root: Path = ROOT) -> None:
    """Take the README's picture out of the chapter that draws it."""
    picture = readme_figure(root)["image/png"]
    (root / README_FIGURE).parent.mkdir(exist_ok=True)
    (root / README_FIGURE).write_bytes(base64.b64decode(picture))


def readme_figure(root: Path = ROOT) -> dict[str, str]:
    """The picture and its description, as the chapter holds them."""
    notebook = nbformat.read(root / "notebooks" / README_CELL[0], as_version=4)
    (cell,) = [cell for cell in notebook.cells if cell.id == README_CELL[1]]
    return cell.outputs[0].data


def without_solutions(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The notebook less its cells tagged `solution`, the others counted anew."""
    notebook, _ = TagRemovePreprocessor(remove_cell_tags={"solution"}).preprocess(notebook, {})
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for count, cell in enumerate(code, 1):
        for counted in [cell, *cell.outputs]:
            if "execution_count" in counted:
                counted["execution_count"] = count
    return notebook


def class_copy(folder: Path, root: Path = ROOT) -> None:
    """Copy notebooks/ to folder, without the solutions; what the notebooks read, drawing.py and data/, comes along."""
    ignore = shutil.ignore_patterns("*.ipynb", "__pycache__", ".ipynb_checkpoints")
    shutil.copytree(root / "notebooks", folder, ignore=ignore, dirs_exist_ok=True)
    for path in chapters(root):
        nbformat.write(without_solutions(nbformat.read(path, as_version=4)), folder / path.name)


def repository(root: Path = ROOT) -> str:
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["series"]["repository"]


def linked_files(root: Path = ROOT) -> list[Path]:
    return [root / "README.md", root / "pyproject.toml", *chapters(root)]


def change_links(new: str, root: Path = ROOT) -> list[Path]:
    """Put the new owner/name into pyproject.toml and into every link; returns the files that changed."""
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", new):
        raise SystemExit(f"expected owner/name, got {new!r}: make links REPO=owner/name")
    old = re.escape(repository(root))
    ours = re.compile(rf'(?<=github\.com/){old}(?![\w-])|(?<=repository = "){old}(?=")')
    changed = []
    for path in linked_files(root):
        text = path.read_text(encoding="utf-8")
        rewritten = BINDER.sub(new, ours.sub(new, text))
        if rewritten != text:
            path.write_text(rewritten, encoding="utf-8", newline="\n")
            changed.append(path)
    return changed


def main(command: str = "", *names: str) -> None:
    if command == "execute":
        for path in [Path(name) for name in names] or chapters():
            execute(path)
            print(path.name)
        save_readme_figure()
    elif command == "class" and len(names) == 1:
        class_copy(Path(names[0]))
    elif command == "links":
        print(*(path.relative_to(ROOT) for path in change_links(*names or [""])), sep="\n")
    else:
        raise SystemExit(__doc__)


if __name__ == "__main__":
    main(*sys.argv[1:])
