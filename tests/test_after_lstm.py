"""Chapter 11's models against xlstm and mingru-pytorch: their recorded answers everywhere, live where installed."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from after_lstm import CASES, PACKAGES
from conftest import error

RECORD = Path(__file__).parent / "data" / "after_lstm.npz"
every_model = pytest.mark.parametrize("model", CASES)


def recorded(model):
    with np.load(RECORD) as archive:
        return {n.removeprefix(f"{model}/"): archive[n] for n in archive.files if n.startswith(f"{model}/")}


def compare(model, case):
    answers = CASES[model][1](case)
    assert answers.keys() == {name for name in case if name.startswith(("h_p", "h_s", "grad/")) or name == "h"}
    for name, a in answers.items():
        assert error(a, case[name]) < 1e-12, name


@every_model
def test_the_answers_that_the_packages_gave(model):
    compare(model, recorded(model))


@every_model
def test_the_answers_that_the_packages_give(model):
    if not (find_spec("xlstm") and find_spec("minGRU_pytorch")):
        pytest.skip("xlstm and mingru-pytorch are not installed; make parity installs them")
    case = CASES[model][0]()
    compare(model, case)
    for name, a in recorded(model).items():
        assert error(case[name], a) < 1e-12, name


def test_the_two_forms_of_the_packages_minlstm_part_once_a_state_is_passed():
    case = recorded("minLSTM")
    assert error(case["h_parallel"], case["h_steps"]) < 1e-12
    assert np.abs(case["h_parallel_from_h_0"] - case["h_steps_from_h_0"]).max() > 0.3


def test_the_record_is_of_the_versions_that_make_parity_installs():
    with np.load(RECORD) as archive:
        assert {name: str(archive[f"version/{name}"]) for name in PACKAGES} == PACKAGES
    makefile = (Path(__file__).parent.parent / "Makefile").read_text(encoding="utf-8")
    assert all(f"{name}=={version}" in makefile for name, version in PACKAGES.items())
