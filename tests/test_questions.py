"""Each question of appendix B is asked once, says where it was asked, and has something that shows its answer."""

import re

import form
import nbformat
import pytest
import series

CELLS = nbformat.read(series.ROOT / "notebooks" / "B_questions.ipynb", as_version=4).cells
QUESTIONS = [
    (cell.source.split("### ")[1].split("\n")[0], cell.source, after)
    for cell, after in zip(CELLS, [*CELLS[1:], None], strict=True)
    if cell.cell_type == "markdown" and "### " in cell.source
]


@pytest.mark.parametrize(("question", "text", "after"), QUESTIONS, ids=[question for question, _, _ in QUESTIONS])
def test_a_question_has_its_sources_and_what_shows_it(question, text, after):
    assert text.count("### ") == 1, "one question a cell, so that the cell below it is its own"
    assert re.search(r"[Aa]sked (in|by readers of) \[", text), "where was it asked?"
    shown = re.search(r"Shown in \[[^\]]+\]\(\w+\.ipynb", text)
    assert shown or after.cell_type == "code", "no chapter and no cell shows the answer"


def test_no_question_stands_twice():
    headings = [question.lower() for question, _, _ in QUESTIONS]
    assert len(headings) == len(set(headings)) > 50


def test_the_list_at_the_top_names_every_question_in_its_order():
    """The cell every-question should read as the text that this compares it with."""
    groups, prose = [], "\n".join(cell.source for cell in CELLS if cell.cell_type == "markdown")
    for mark, heading in re.findall(r"^(###?) (.+)$", prose, re.MULTILINE):
        link = f"[{heading}](#{form.plain(heading).replace(' ', '-')})"
        if mark == "##":
            groups.append([f"**{link}**", ""])
        else:
            groups[-1].append(f"- {link}")
    assert not [link for group in groups for link in group if not link.isascii()], "JupyterLab finds no such heading"
    listed = next(cell.source for cell in CELLS if cell.id == "every-question")
    assert listed == "\n\n".join("\n".join(group) for group in groups if len(group) > 2)
