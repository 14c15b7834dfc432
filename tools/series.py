"""What make does with the notebooks.

python tools/series.py execute [notebook ...]   run chapters in place, all of them without a name
python tools/series.py class FOLDER             write a copy of the series without the solutions
python tools/series.py links [OWNER/NAME]       let every Binder and GitHub link lead to that repository
"""

import base64
import hashlib
import json
import re
import sys
import tomllib
from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parent.parent
README_FIGURE, README_CELL = Path("notebooks/data/counter.png"), ("02_lstm_forward.ipynb", "counter-figure")
# All that a chapter says of the program that ran it, whichever did.
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
# What the chapters need to run, and the licences that a copy has to carry.
NEEDED = (
    "lstm_core.py",
    "notebooks/*.ipynb",
    "notebooks/*.py",
    "notebooks/*.html",
    "notebooks/data/**/*",
    "benchmarks/recorded.json",
    "benchmarks/scan.json",
    "experiments/*.py",
    "LICENSE*",
)
WRITTEN = ".written.json"  # in the copy for a class: the hash of each file as it was written
# Every Binder link of the series leads to its own repository; a GitHub link only if it bears the repository's name.
BINDER = re.compile(r"(?<=mybinder\.org/v2/gh/)[\w.-]+/[\w.-]+")


def chapters(root: Path = ROOT) -> list[Path]:
    return sorted((root / "notebooks").glob("*.ipynb"))


def needed(root: Path = ROOT) -> list[Path]:
    """All files that the chapters need to run, from root."""
    found = sorted(path for pattern in NEEDED for path in root.glob(pattern) if path.is_file())
    return [path.relative_to(root) for path in found]


def execute(path: Path) -> None:
    """Run one notebook in its own folder and save it, so that a second run leaves no diff.

    No times are recorded, printed pieces are joined, and what JupyterLab or a machine adds to the metadata goes.
    """
    notebook = nbformat.read(path, as_version=4)
    notebook.metadata = nbformat.from_dict(METADATA)
    for cell in notebook.cells:
        cell.metadata = nbformat.from_dict(kept(cell.metadata))
    NotebookClient(
        notebook,
        timeout=600,
        kernel_name="python3",
        record_timing=False,
        coalesce_streams=True,
        resources={"metadata": {"path": str(path.resolve().parent)}},
    ).execute()
    notebook.metadata = nbformat.from_dict(METADATA)
    nbformat.write(notebook, path)


def kept(metadata: dict) -> dict:
    """Of a cell's metadata its tags, and whether JupyterLab folds it."""
    tags = {"tags": metadata["tags"]} if metadata.get("tags") else {}
    return tags | ({"jupyter": {"source_hidden": True}} if metadata.get("jupyter", {}).get("source_hidden") else {})


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
    notebook.cells = [cell for cell in notebook.cells if "solution" not in cell.metadata.get("tags", [])]
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for count, cell in enumerate(code, 1):
        for counted in [cell, *cell.outputs]:
            if "execution_count" in counted:
                counted["execution_count"] = count
    return notebook


def class_copy(folder: Path, root: Path = ROOT) -> list[str]:
    """Write to folder all that the chapters need, in the same places, and the chapters without their solutions.

    A file that has changed since it was written there, or was not written by this, is somebody's work: it stays as it
    is. Returns the names of those files.
    """
    manifest = folder / WRITTEN
    written = json.loads(manifest.read_text(encoding="utf-8")) if manifest.exists() else {}
    edited = []
    for path in needed(root):
        name, target, content = path.as_posix(), folder / path, (root / path).read_bytes()
        if path.suffix == ".ipynb":
            notebook = without_solutions(nbformat.reads(content.decode("utf-8"), as_version=4))
            content = nbformat.writes(notebook).encode("utf-8") + b"\n"
        if target.exists() and digest(target.read_bytes()) not in (written.get(name), digest(content)):
            edited.append(name)
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        written[name] = digest(content)
    manifest.write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8", newline="\n")
    return edited


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def repository(root: Path = ROOT) -> str:
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["series"]["repository"]


def pages(repository: str) -> str:
    """Where GitHub shows a repository's site."""
    return "https://{}.github.io/{}/".format(*repository.split("/"))


def linked_files(root: Path = ROOT) -> list[Path]:
    return [*(root / name for name in ("README.md", "README.zh.md", "pyproject.toml", "CITATION.cff")), *chapters(root)]


def change_links(new: str, root: Path = ROOT) -> list[Path]:
    """Put the new owner/name into pyproject.toml and into every link; returns the files that changed."""
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", new):
        raise SystemExit(f"expected owner/name, got {new!r}: make links REPO=owner/name")
    here, old = pages(repository(root)), re.escape(repository(root))
    ours = re.compile(rf'(?<=github\.com/){old}(?![\w-])|(?<=repository = "){old}(?=")')
    changed = []
    for path in linked_files(root):
        text = path.read_text(encoding="utf-8")
        rewritten = BINDER.sub(new, ours.sub(new, text)).replace(here, pages(new))
        if rewritten != text:
            path.write_text(rewritten, encoding="utf-8", newline="\n")
            changed.append(path)
    return changed


def main(command: str = "", *names: str) -> None:
    if command == "execute":
        for path in [Path(name) for name in names] or chapters():
            execute(path)
            print(path.name, flush=True)
        save_readme_figure()
    elif command == "class" and len(names) == 1:
        edited = class_copy(Path(names[0]))
        print(f"{names[0]}/ holds the series without its solutions.")
        if edited:
            print("Kept as they are, because they were changed there:", *edited, sep="\n    ")
    elif command == "links" and len(names) == 1:
        print(*(path.relative_to(ROOT) for path in change_links(names[0])), sep="\n")
    elif command == "links" and not names:
        if repository().startswith("owner/"):
            raise SystemExit(f"every link still leads to {repository()}, to nobody: make links REPO=owner/name")
        print(f"every link leads to {repository()}")
    else:
        raise SystemExit(__doc__)


if __name__ == "__main__":
    main(*sys.argv[1:])
