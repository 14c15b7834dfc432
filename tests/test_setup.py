"""The set-up holds together: dependencies, links, imports."""

import base64
import re
import shutil
import subprocess
import sys
import tomllib

import pytest
import series
import yaml
from form import broken_links
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

ROOT = series.ROOT
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = PYPROJECT["project"]
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
        operators = {specifier.operator for specifier in requirement.specifier}
        assert operators in ({">=", "<"}, {"=="}), requirement


@pytest.mark.parametrize("folder", ["root", "notebooks", "elsewhere"])
def test_import_from_anywhere(folder, tmp_path):
    where = {"root": ROOT, "notebooks": ROOT / "notebooks", "elsewhere": tmp_path}[folder]
    run = subprocess.run(
        [sys.executable, "-P", "-c", "import lstm_core; print(lstm_core.__file__)"],
        cwd=where, capture_output=True, encoding="utf-8", check=True,
    )  # fmt: skip
    assert run.stdout.strip() == str(ROOT / "lstm_core.py"), "another copy is imported; install with pip install -e ."


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


def test_local_links_of_the_readme():
    assert broken_links((ROOT / "README.md").read_text(encoding="utf-8"), ROOT, kind=".md") == []


def test_every_chapter_is_in_the_readme():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    missing = [path.name for path in series.chapters() if f"notebooks/{path.name}" not in text]
    assert not missing, missing


def test_the_readme_shows_the_chapters_figure():
    figure = series.readme_figure()
    assert base64.b64decode(figure["image/png"]) == (ROOT / series.README_FIGURE).read_bytes()
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"![{figure['text/plain']}]({series.README_FIGURE.as_posix()})" in text


def own_links(root=ROOT) -> dict[str, set[str]]:
    """owner/name in the links that lead to this repository or to a fork of it, by file."""
    name = re.escape(series.repository(root).partition("/")[2])
    fork = re.compile(rf"(?<=github\.com/)[\w.-]+/{name}(?![\w-])")
    texts = {path.name: path.read_text(encoding="utf-8") for path in series.linked_files(root)}
    return {file: {*series.BINDER.findall(text), *fork.findall(text)} for file, text in texts.items()}


def test_all_links_lead_to_one_repository():
    wrong = {file: found - {series.repository()} for file, found in own_links().items()}
    assert not any(wrong.values()), wrong
    assert own_links()["README.md"], "the README has no link to Binder or GitHub"


def test_each_chapter_links_to_itself_on_binder():
    for path in series.chapters():
        assert f"?urlpath=lab/tree/notebooks/{path.name}" in path.read_text(encoding="utf-8"), path.name


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


@pytest.mark.parametrize("name", ["", "no-slash", "a/b/c", "a b/c"])
def test_make_links_refuses_what_is_no_repository(name, tmp_path):
    with pytest.raises(SystemExit, match="REPO=owner/name"):
        series.change_links(name, tmp_path)
