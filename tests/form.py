"""The form of a chapter: what nbval does not look at. nbval alone passes a notebook that was never run."""

import copy
import html
import re
from itertools import zip_longest
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import nbformat
from series import METADATA, ROOT
from sources import LITE, names

MACHINE_PATH = re.compile(
    r"(?<![\w.])(/home/\w|/Users/\w|/root/|/tmp/|[A-Z]:\\)|site-packages|ipykernel_\d|<[^<>]* at 0x[0-9a-f]+>"
)
GENERATED_ID = re.compile(r"[0-9a-f]{8}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
IMPORT = re.compile(r"^(from lstm_core import|import lstm_core)\b", re.MULTILINE)
FIRST = re.compile(r"(from drawing import|import drawing)\b")
WIDTH = 90  # of a code line: more scrolls sideways on a page
HIDDEN = {"source_hidden": True}
# These tags take an output out of the comparison or let an error pass; as comments nbval reads them too.
EXEMPTION = re.compile(r"nbval-|raises-exception|skip-execution")
EXEMPTION_COMMENT = re.compile(r"#\s*(NBVAL_|PYTEST_VALIDATE_)")


def problems(notebook: nbformat.NotebookNode, folder: Path) -> list[str]:
    """What is wrong with a chapter that lies in folder; an empty list if nothing is."""
    found = [f"notebook: {text}" for text in notebook_problems(notebook)]
    for cell in notebook.cells:
        check = code_problems if cell.cell_type == "code" else text_problems
        found += [f"{cell.get('id')}: {text}" for text in check(cell)]
    return found + [f"a link that leads nowhere: {link}" for link in broken_links(prose_of(notebook), folder)]


def notebook_problems(notebook: nbformat.NotebookNode) -> list[str]:
    found = []
    try:
        nbformat.validate(copy.deepcopy(notebook))  # it mends what it can in the very notebook it is given
    except nbformat.ValidationError as error:
        found.append(f"not valid: {error.message}")
    if notebook.metadata != METADATA:
        found.append("the metadata hold more or less than the kernel python3 and the language's name")
    cells = notebook.cells
    if not (cells and cells[0].cell_type == "markdown" and cells[0].source.startswith("# ")):
        found.append("the first cell is not the title")
    ids = [cell.get("id", "") for cell in cells]
    found += [f"the id {name!r} stands twice" for name in sorted({name for name in ids if ids.count(name) > 1})]
    code = [cell for cell in cells if cell.cell_type == "code"]
    counts = [cell.execution_count for cell in code]
    if not code or counts != list(range(1, len(code) + 1)):
        found.append(f"not executed from top to bottom: the counts are {counts}")
    if not any(IMPORT.search(cell.source) for cell in code):
        found.append("lstm_core is not imported")
    if not (code and FIRST.match(code[0].source)):
        found.append("drawing is not imported before all else; it finds lstm_core.py and settles what NumPy loads with")
    return found


def cell_problems(cell: nbformat.NotebookNode) -> list[str]:
    """What holds for every cell."""
    found = []
    if GENERATED_ID.fullmatch(cell.get("id", "")):
        found.append("the id was generated; a speaking one does not change")
    if not cell.source.strip():
        found.append("empty")
    if match := MACHINE_PATH.search(cell.source):
        found.append(f"a path of a machine: {match[0]}")
    if extra := cell.metadata.keys() - {"tags", "jupyter"}:
        found.append(f"metadata that do not belong here: {', '.join(sorted(extra))}")
    found += [f"the tag {tag} exempts it from a check" for tag in cell.metadata.get("tags", []) if EXEMPTION.match(tag)]
    return found


def text_problems(cell: nbformat.NotebookNode) -> list[str]:
    found = cell_problems(cell)
    if re.search(r"!\[\s*\]\(", cell.source) or any(
        "alt=" not in tag for tag in re.findall(r"<img\b[^>]*>", cell.source)
    ):
        found.append("a picture without an alternative text")
    if len(re.findall(r"^\s*\$\$\s*$", cell.source, re.MULTILINE)) != cell.source.count("$$"):
        found.append("a $$ that does not stand on a line of its own")
    return found


def code_problems(cell: nbformat.NotebookNode) -> list[str]:
    found = cell_problems(cell)
    lines = [line for line in cell.source.splitlines() if line.strip()]
    if len(lines) > 25:
        found.append(f"{len(lines)} lines; more than 25 are a function of drawing.py or lstm_core.py")
    found += [
        f"{len(line)} characters wide, {line.strip()[:20]}…: at most {WIDTH}" for line in lines if len(line) > WIDTH
    ]
    if EXEMPTION_COMMENT.search(cell.source):
        found.append("a comment exempts it from nbval")
    folded = "hide-input" in cell.metadata.get("tags", []), cell.metadata.get("jupyter") == HIDDEN
    if folded != ("solution" in cell.metadata.get("tags", []),) * 2:
        found.append("solutions, and nothing else, are tagged solution and hide-input and are folded (source_hidden)")
    for output, below in zip_longest(cell.outputs, cell.outputs[1:]):
        found += output_problems(output, cell.execution_count)
        data = output.get("data", {})
        if "image/png" in data and not (below and is_caption(below, data.get("text/plain", ""))):
            found.append("a figure without its caption; show(fig, description) gives it one")
    return found


def is_caption(output: nbformat.NotebookNode, description: str) -> bool:
    return html.escape(description, quote=False) in output.get("data", {}).get("text/html", "")


def output_problems(output: nbformat.NotebookNode, count: int | None) -> list[str]:
    found = []
    if output.output_type == "error":
        found.append(f"an error: {output.ename}")
    if output.get("name") == "stderr":
        found.append(f"text on stderr: {output.text[:60]!r}")
    if output.get("execution_count", count) != count:
        found.append("an output from another run than its cell's")
    data = output.get("data", {})
    for text in [output.get("text", ""), *(data[kind] for kind in data if kind.startswith("text/"))]:
        if match := MACHINE_PATH.search(text):
            found.append(f"a path or an address of a machine in the output: {match[0]}")
    images = {kind for kind in data if kind.startswith("image/")}
    if images - {"image/png"}:
        found.append("a figure that is not PNG")
    elif images:
        description, alt = data.get("text/plain", ""), output.metadata.get("image/png", {}).get("alt")
        if not description or description.startswith("<Figure") or alt != description:
            found.append("a figure without an alternative text; show(fig, description) gives it one")
    return found


def broken_links(text: str, folder: Path, kind: str = ".ipynb") -> list[str]:
    """The local links of a text in folder that lead nowhere; Binder's and JupyterLite's to files that are not there."""
    prose = re.sub(r"`[^`\n]*`", "", without_fences(text))
    links = re.findall(r"\]\(<?([^)\s>]+)", prose) + re.findall(r"\b(?:href|src)=\"([^\"]+)\"", prose)
    return [link for link in links if not leads_somewhere(link, text, folder, kind)]


def leads_somewhere(link: str, text: str, folder: Path, kind: str) -> bool:
    parts = urlsplit(link)
    if parts.netloc == "mybinder.org":
        opened = parse_qs(parts.query).get("urlpath", ["lab"])[0].removeprefix("lab").removeprefix("/tree/")
        return (ROOT / opened).exists()
    if LITE in link:
        return (ROOT / link.partition(LITE)[2]).is_file()
    if parts.scheme or parts.netloc:
        return True
    target = folder / unquote(parts.path)
    if not parts.fragment:
        return target.exists()
    if parts.path:
        kind = target.suffix
        text = prose_of(nbformat.read(target, as_version=4)) if kind == ".ipynb" else target.read_text(encoding="utf-8")
    return unquote(parts.fragment) in anchors(text, kind)


def anchors(text: str, kind: str) -> set[str]:
    """The headings' names: JupyterLab puts hyphens for blanks, GitHub drops capitals and punctuation of .md too.

    In a module, the lines as GitHub names them, and what the site's page of it has anchors for.
    """
    if kind == ".py":
        return {f"L{n}" for n in range(1, len(text.splitlines()) + 1)} | names(text).keys()
    headings = [plain(heading) for heading in re.findall(r"^#{1,6} (.+?) *$", without_fences(text), re.MULTILINE)]
    if kind == ".ipynb":
        return {heading.replace(" ", "-") for heading in headings}
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def plain(heading: str) -> str:
    """A heading without its marks; what stands between backticks stays as it is."""
    return re.sub(r"`([^`]*)`|\*", lambda mark: mark[1] or "", heading)


def without_fences(text: str) -> str:
    return re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)


def prose_of(notebook: nbformat.NotebookNode) -> str:
    return "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
