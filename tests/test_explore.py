"""The page to move (notebooks/explore.html): its two functions against lstm_core, and what its text says of them."""

import json
import re
import shutil
import subprocess

import numpy as np
import pytest
from series import ROOT

from lstm_core import LSTM, sigmoid

PAGE = (ROOT / "notebooks" / "explore.html").read_text(encoding="utf-8")
SCRIPT = re.search(r"<script>(.*)</script>", PAGE, re.DOTALL)[1]
RUN = """
const page = { exports: {} };
new Function("module", SCRIPT)(page);
const { forward, backward } = page.exports;
console.log(JSON.stringify(SETTINGS.map((at) => {
  const steps = forward(at), flows = {};
  for (const flow of ["full", "cell", "hidden"]) flows[flow] = backward(steps, at.w, flow);
  return { steps, flows };
})));
"""
FIRST = {name: float(re.search(rf'id="{name}".*?value="([\d.]+)"', PAGE)[1]) for name in ("b_f", "i", "o", "w", "mark")}
SETTINGS = [
    FIRST,
    FIRST | {"b_f": 5},
    FIRST | {"b_f": 5, "w": 0.5},
    {"b_f": -2, "i": 0.5, "o": 0.3, "w": 2, "mark": 1},
    {"b_f": 7, "i": 0.99, "o": 0.99, "w": 0, "mark": 39},
]


@pytest.fixture(scope="module")
def page():
    if not (node := shutil.which("node")):
        pytest.skip("the page's script runs in Node")
    script = f"const SCRIPT = {json.dumps(SCRIPT)}, SETTINGS = {json.dumps(SETTINGS)};{RUN}"
    said = subprocess.run([node, "-"], input=script, capture_output=True, text=True, check=True, encoding="utf-8")
    return json.loads(said.stdout)


def layer_of(at) -> LSTM:
    ones = {"W_x": np.array([[0.0], [6], [0], [2]]), "W_h": np.full((4, 1), float(at["w"]))}
    logit = [np.log(at[gate] / (1 - at[gate])) for gate in "io"]
    return LSTM.of(ones | {"b": np.array([at["b_f"], *logit, 0.0])})


def column(rows, name):
    return np.array([row[name] for row in rows])


@pytest.mark.parametrize("k", range(len(SETTINGS)))
def test_it_computes_what_lstm_core_does(k, page):
    at, layer, x = SETTINGS[k], layer_of(SETTINGS[k]), np.zeros((40, 1))
    x[int(at["mark"]) - 1] = 1
    h, trace = layer.forward(x)
    for name in ("f", "i", "o", "c_tilde", "c", "c_prev", "h"):
        np.testing.assert_allclose(column(page[k]["steps"], name), getattr(trace, name)[:, 0], rtol=1e-12, atol=1e-15)
    dh = np.zeros_like(h)
    dh[-1] = 1
    deltas = layer.backward(dh, trace).deltas
    full = page[k]["flows"]["full"]
    for name, right in (("delta", deltas.h), ("epsilon", deltas.c)):
        np.testing.assert_allclose(column(full, name), right[:, 0], rtol=1e-10, atol=1e-300)


@pytest.mark.parametrize("k", range(len(SETTINGS)))
def test_the_two_part_flows(k, page):
    """Along c alone the error is times f a step; along h alone, times the slope of h by the h before, c_prev held."""
    steps, flows, layer = page[k]["steps"], page[k]["flows"], layer_of(SETTINGS[k])
    f, along_c = column(steps, "f"), column(flows["cell"], "epsilon")
    np.testing.assert_allclose(along_c[:-1], along_c[1:] * f[1:], rtol=1e-12)
    assert (column(flows["cell"], "delta")[:-1] == 0).all()
    along_h = column(flows["hidden"], "delta")
    for t in range(39, 0, -1):
        x = np.array([[float(t + 1 == SETTINGS[k]["mark"])]], complex)
        before = np.array([steps[t - 1]["h"] + 1e-20j]), np.array([steps[t]["c_prev"] + 0j])
        slope = layer(x, before)[0][0, 0].imag / 1e-20
        np.testing.assert_allclose(along_h[t - 1], along_h[t] * slope, rtol=1e-9, atol=1e-300)


def test_what_its_text_says(page):
    def kept(k, flow):
        """The part of the cell's error that gets back to the mark."""
        epsilon = column(page[k]["flows"][flow], "epsilon")
        return epsilon[int(SETTINGS[k]["mark"]) - 1] / epsilon[-1]

    held = [page[k]["steps"][-1]["c"] for k in range(3)]
    assert held[0] < 0.01
    assert kept(0, "full") < 0.01
    assert held[1] > 0.5
    assert kept(1, "full") > 0.5
    assert kept(1, "hidden") < 1e-20
    assert kept(2, "full") > 1.2
    assert sigmoid(np.array(5.0)) > 0.99
