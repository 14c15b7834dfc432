"""Chapter 11's layers: their gradients, the scan, and what a row of equal inputs can do at most."""

import numpy as np
import pytest
from conftest import draw, error

from experiments.recurrences import SLSTM, MinGRU, SignedMinGRU, backwards, in_a_loop, log_sigmoid, scan
from lstm_core import check_gradients, check_layer, complex_step, sigmoid


def drawn(kind, D=3, H=2):
    layer = kind(D, H, rng=np.random.default_rng(0))
    for name, a in layer.params.items():
        a[...] = np.random.default_rng([*name.encode()]).uniform(-0.8, 0.8, a.shape)
    return layer


@pytest.mark.parametrize("kind", [MinGRU, SignedMinGRU])
@pytest.mark.parametrize("batch", [True, False])
def test_all_gradients_of_a_layer_whose_gates_do_not_see_h(kind, batch):
    layer = drawn(kind)
    x = draw(layer, T=5, B=2).x
    report = check_layer(layer, x if batch else x[:, 0])
    assert report.ok, report
    assert {row.name for row in report.rows} == {"W_zx", "W_hx", "b_z", "b_h", "h_0", "x"}


def test_all_gradients_of_an_slstm():
    """From h alone, and from zero states: m is held fixed, and h does not depend on it."""
    layer = drawn(SLSTM)
    x, w = draw(layer, T=5, B=2).x, np.random.default_rng(2).standard_normal((5, 2, 2))
    grads = layer.backward(w, layer.forward(x)[1])
    report = check_gradients(lambda p: (w * layer.with_params(p).forward(x)[0]).sum(), layer.params, grads.params)
    assert report.ok, report
    true = complex_step(lambda x: (w * layer.forward(x)[0]).sum(), x)
    assert error(grads.x, true) < 1e-12


def test_an_slstm_of_large_weighted_inputs_is_finite():
    layer = drawn(SLSTM)
    layer.by_gate(layer.params)["b_i"][:] = 800
    layer.by_gate(layer.params)["b_f"][:] = -800
    h, trace = layer.forward(draw(layer, T=5, B=2).x)
    assert np.isfinite(h).all()
    assert (trace.f <= 1).all()
    assert np.isfinite(layer.backward(np.ones_like(h), trace).params["W_h"]).all()


def test_log_sigmoid():
    a = np.array([-800.0, -3, 0, 3, 800])
    assert log_sigmoid(a)[1:4] == pytest.approx(np.log(sigmoid(a[1:4])), rel=1e-12)
    assert log_sigmoid(a)[[0, 4]].tolist() == [-800, 0]


@pytest.mark.parametrize("T", [1, 2, 3, 8, 9, 1000])
def test_the_scan_is_the_loop_forwards_and_backwards(T):
    rng = np.random.default_rng(T)
    a, b, dh = rng.uniform(-1, 1, (T, 2, 3)), rng.standard_normal((T, 2, 3)), rng.standard_normal((T, 2, 3))
    assert error(scan(a, b), in_a_loop(a, b)) < 1e-13
    delta = backwards(scan, a, dh)
    assert error(delta, backwards(in_a_loop, a, dh)) < 1e-13
    if T < 10:
        assert error(delta, complex_step(lambda b: (dh * in_a_loop(a, b)).sum(), b)) < 1e-13


def test_on_equal_inputs_a_read_out_changes_its_sign_at_most_once_a_cell():
    for H, seed in np.ndindex(4, 200):
        layer, rng = MinGRU(1, H + 1, rng=np.random.default_rng(seed)), np.random.default_rng([H, seed])
        layer.params["b"][:] = rng.normal(0, 3, layer.params["b"].shape)
        y = layer(np.ones((100, 1)), rng.normal(size=H + 1))[0] @ rng.normal(size=H + 1) - rng.normal()
        assert (np.diff(np.sign(y)) != 0).sum() <= H + 1
