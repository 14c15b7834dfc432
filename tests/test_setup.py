"""The set-up holds together: dependencies, links, imports."""

import base64
import json
import re
import shutil
import subprocess
import sys
import textwrap
import tomllib
from pathlib import Path

import environment
import form
import nbformat
import pytest
import series
import sources
import yaml
from form import broken_links
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

ROOT = series.ROOT
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = PYPROJECT["project"]
README = (ROOT / "README.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
WORKFLOW = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
CONDA_NAMES = {"matplotlib-base": "matplotlib"}  # conda's matplotlib brings a whole Qt


def conda() -> dict[str, SpecifierSet]:
    listed = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    assert listed[-1] == {"pip": ["-e ."]}
    parsed = [
        Requirement(line.replace("=", "==") if re.fullmatch(r"python=3\.\d+", line) else line) for line in listed[:-1]
    ]
    return {CONDA_NAMES.get(requirement.name, requirement.name): requirement.specifier for requirement in parsed}


def test_environment_yml_says_what_pyproject_says():
    listed = conda()
    python, _ = listed.pop("python"), listed.pop("pip")
    assert listed == {r.name: r.specifier for r in map(Requirement, PROJECT["dependencies"])}
    assert str(python).removeprefix("==") in SpecifierSet(PROJECT["requires-python"])


def test_every_dependency_is_bounded():
    extras = [text for listed in PROJECT["optional-dependencies"].values() for text in listed]
    for requirement in map(Requirement, PROJECT["dependencies"] + extras + PYPROJECT["build-system"]["requires"]):
        if requirement.name != PROJECT["name"]:  # an extra may be part of another
            assert {specifier.operator for specifier in requirement.specifier} == {">=", "<"}, requirement


# --- Whose module -----------------------------------------------------------------------------------------------------


def test_the_tests_use_the_module_and_the_drawings_of_their_own_folder():
    import drawing

    import lstm_core

    assert Path(lstm_core.__file__) == ROOT / "lstm_core.py"
    assert Path(drawing.__file__) == ROOT / "notebooks" / "drawing.py"


def test_numpy_is_the_only_import_outside_the_standard_library():
    code = """
import sys, numpy, numpy.random, numpy.typing
before = set(sys.modules)
import lstm_core
new = {name.partition(".")[0] for name in set(sys.modules) - before}
print(sorted(new - set(sys.stdlib_module_names) - {"numpy", "lstm_core"}))
"""
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, encoding="utf-8", check=True)
    assert run.stdout.strip() == "[]"


# --- The environment that make makes ----------------------------------------------------------------------------------


@pytest.fixture
def calls(tmp_path, monkeypatch):
    """The commands that environment.py runs in a folder of its own; each makes an environment, but an empty one."""
    seen = []

    def call(command):
        *_, folder = seen.append(command) or command
        (Path(folder) / "bin").mkdir(parents=True, exist_ok=True)
        (Path(folder) / "bin" / "python").touch()
        (Path(folder) / "pyvenv.cfg").touch()
        return 0

    root = tmp_path / "first"
    root.mkdir()
    shutil.copy(ROOT / "pyproject.toml", root)
    monkeypatch.chdir(root)
    monkeypatch.setattr(environment, "ROOT", str(root))
    monkeypatch.setattr(subprocess, "call", call)
    environment.main(".venv", "make lab")
    assert [command[1:] for command in seen] == [["-m", "venv", "--clear", ".venv"]]
    seen.clear()
    return seen


def test_an_environment_that_works_stays(calls):
    environment.main(".venv", "make lab")
    assert not calls


@pytest.mark.parametrize("what", ["vanished Python", "another Python", "not make's", "copied"])
def test_an_environment_that_does_not_work_here_is_made_anew(what, calls, monkeypatch, tmp_path):
    if what == "vanished Python":
        Path(".venv/bin/python").unlink()
    elif what == "another Python":
        monkeypatch.setattr(sys, "base_prefix", "/another")
    elif what == "not make's":
        Path(".venv/.made").unlink()
    else:
        shutil.copytree(tmp_path / "first", tmp_path / "second")
        monkeypatch.chdir(tmp_path / "second")
        monkeypatch.setattr(environment, "ROOT", str(tmp_path / "second"))
    environment.main(".venv", "make lab")
    assert len(calls) == 1
    environment.main(".venv", "make lab")
    assert len(calls) == 1


def test_an_old_python_says_what_is_needed_unless_an_environment_is_there(calls, monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 9, 18))
    environment.main(".venv", "make lab")
    with pytest.raises(SystemExit, match=r"^Python 3.11 or newer .* 3.9. .*: make test PYTHON=python3\.\d+$"):
        environment.main(".venv-other", "make test")
    Path(".venv/bin/python").unlink()
    with pytest.raises(SystemExit, match="newer is needed"):
        environment.main(".venv", "make lab")
    assert not calls


def test_what_is_not_ours_is_not_replaced(calls, tmp_path):
    theirs, folder = tmp_path / "theirs", Path("notebooks")
    theirs.mkdir()
    (theirs / "pyvenv.cfg").touch()  # an environment, but elsewhere
    folder.mkdir()  # here, but no environment
    for path in (theirs, folder):
        with pytest.raises(SystemExit, match="not replaced"):
            environment.main(str(path), "make lab")
    assert not calls


# --- The README -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", sorted(ROOT.glob("*.md")), ids=lambda path: path.name)
def test_local_links_of_the_texts(path):
    assert broken_links(path.read_text(encoding="utf-8"), ROOT, kind=".md") == []


def numbers(text) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", text)]


def minutes_in(readme, name) -> list[int]:
    """The numbers of the last cells of the chapter's row, as many cells as hold nothing but times."""
    (row,) = [line for line in readme.splitlines() if line.startswith("|") and f"(notebooks/{name})" in line]
    cells = [cell.strip() for cell in row.strip("| ").split("|")]
    times = [cell for cell in cells if re.fullmatch(r"(\W|\d|min|minutes)*", cell)]
    return numbers(" ".join(times))


@pytest.mark.parametrize("path", series.chapters(), ids=lambda path: path.stem)
def test_both_readmes_have_each_chapter_with_its_minutes(path):
    text = form.prose_of(nbformat.read(path, as_version=4))
    said = re.search(r"\*\*Time\*\*:? *([^\n]*?)(?=\.(\s|$)|\n|$)", text)
    assert said, "the chapter does not say how long it takes: **Time**: …"
    for readme in (README, (ROOT / "README.zh.md").read_text(encoding="utf-8")):
        assert minutes_in(readme, path.name) == numbers(said[1]), said[1]


def test_the_readmes_lines_of_python_print_what_it_says(capsys):
    (found,) = re.finditer(r"```python\n([^`]*)```\n\n((?: {4}.*\n)+)", README)
    exec(compile(found[1], "README.md", "exec"), {})
    assert capsys.readouterr().out == textwrap.dedent(found[2])


def test_the_readmes_speed_is_the_recorded_one():
    recorded = json.loads((ROOT / "benchmarks/recorded.json").read_text(encoding="utf-8"))
    rows = {row["layer"]: row for row in recorded["against_others"] if (row["T"], row["B"], row["H"]) == (100, 32, 128)}
    text = " ".join(README.split())
    assert f"float32, one thread of an {recorded['machine']['cpu']}:" in text
    assert f"the GRU takes {rows['GRU after']['to_torch']} of the time of `torch.nn.GRU`" in text
    assert f"the RNN {rows['RNN']['to_torch']} of that of `torch.nn.RNN`" in text
    assert f"the LSTM {rows['LSTM']['to_torch']} times that of `torch.nn.LSTM`" in text
    assert f"and {rows['LSTM']['to_bare']} times that of its bare matrix products" in text


def test_what_is_said_of_make_can_be_made():
    targets = set(re.findall(r"^([\w-]+):.*## ", MAKEFILE, re.MULTILINE))
    phony = set(re.search(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)[1].split()) - {"FORCE"}
    assert targets == phony, "a target without ##, or one that is not in .PHONY"
    texts = README + (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert set(re.findall(r"(?:`|^ {4})make ([\w-]+)", texts, re.MULTILINE)) <= targets


def test_the_readmes_lines_without_make_are_those_of_the_workflow():
    for line in ('-m pip install --editable ".[test]"', "-m pytest", "PYTHONUTF8"):
        assert line in README, line
        assert line in WORKFLOW, line
    url = f"--LabApp.default_url=/lab/tree/{series.chapters()[0].relative_to(ROOT).as_posix()}"
    assert url in README
    assert url == "--LabApp.default_url=/lab/tree/" + re.search(r"^FIRST = (.*)$", MAKEFILE, re.MULTILINE)[1]


def test_citation_says_what_pyproject_says():
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert cited["version"] == PROJECT["version"]
    assert cited["repository-code"] == PROJECT["urls"]["Repository"]
    assert " AND ".join(cited["license"]) == PROJECT["license"]


# --- Links ------------------------------------------------------------------------------------------------------------


def test_the_readme_shows_the_chapters_figure():
    figure = series.readme_figure()
    assert base64.b64decode(figure["image/png"]) == (ROOT / series.README_FIGURE).read_bytes()
    assert f"![{figure['text/plain']}]({series.README_FIGURE.as_posix()})" in README


def own_links(root=ROOT) -> dict[str, set[str]]:
    """owner/name in the links that lead to this repository or to a fork of it, by file."""
    own = series.repository(root).partition("/")[2]
    name = re.escape(own)
    fork = re.compile(rf"(?<=github\.com/)[\w.-]+/{name}(?![\w-])")
    site = re.compile(rf"https://([\w-]+)\.github\.io/{name}/")
    texts = {path.name: path.read_text(encoding="utf-8") for path in series.linked_files(root)}
    return {
        file: {*series.BINDER.findall(text), *fork.findall(text), *(f"{owner}/{own}" for owner in site.findall(text))}
        for file, text in texts.items()
    }


def test_all_links_lead_to_one_repository():
    wrong = {file: found - {series.repository()} for file, found in own_links().items()}
    assert not any(wrong.values()), wrong
    assert all(own_links()[name] for name in ("README.md", "pyproject.toml", "CITATION.cff"))


@pytest.mark.parametrize("path", series.chapters(), ids=lambda path: path.stem)
def test_each_chapter_says_where_it_runs_the_browser_first(path):
    own, place = series.repository(), f"notebooks/{path.name}"
    here = f"[Run in the browser]({series.pages(own)}{sources.LITE}{place})"
    binder = f"[on Binder](https://mybinder.org/v2/gh/{own}/HEAD?urlpath=lab/tree/{place})"
    opening = nbformat.read(path, as_version=4).cells[0].source
    assert any(line.startswith(f"{here} · {binder} · ") for line in opening.splitlines())


def test_make_links_changes_every_link_and_nothing_else(tmp_path):
    (tmp_path / "notebooks").mkdir()
    for path in series.linked_files():
        shutil.copy(path, tmp_path / path.relative_to(ROOT))
    series.change_links("some-one/another.name", tmp_path)
    assert series.repository(tmp_path) == "some-one/another.name"
    assert set().union(*own_links(tmp_path).values()) == {"some-one/another.name"}
    series.change_links(series.repository(), tmp_path)
    for path in series.linked_files():
        assert (tmp_path / path.relative_to(ROOT)).read_text(encoding="utf-8") == path.read_text(encoding="utf-8")


def test_links_that_lead_to_nobody_are_an_error(monkeypatch, capsys):
    monkeypatch.setattr(series, "repository", lambda: "owner/lstm-from-scratch")
    with pytest.raises(SystemExit, match="make links REPO=owner/name"):
        series.main("links")
    monkeypatch.setattr(series, "repository", lambda: "some-one/lstm-from-scratch")
    series.main("links")
    assert capsys.readouterr().out == "every link leads to some-one/lstm-from-scratch\n"


@pytest.mark.parametrize("name", ["", "no-slash", "a/b/c", "a b/c"])
def test_make_links_refuses_what_is_no_repository(name, tmp_path):
    with pytest.raises(SystemExit, match="REPO=owner/name"):
        series.change_links(name, tmp_path)
