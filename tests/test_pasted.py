"""The function that chapter 04 gives away, as it is pasted: without the chapter and without lstm_core around it."""

import math

import nbformat
import numpy as np
import pytest
from series import ROOT

from lstm_core import GRU, LSTM, RNN


def pasted():
    notebook = nbformat.read(ROOT / "notebooks" / "04_gradient_checking.ipynb", as_version=4)
    (cell,) = (cell for cell in notebook.cells if cell.get("id") == "paste")
    namespace = {}
    exec(cell.source, namespace)
    return namespace["gradient_errors"]


gradient_errors = pasted()


def layer_and_arrays(kind, seed=0):
    """A layer's loss, its gradients and its arrays, as somebody outside would hand them in."""
    rng = np.random.default_rng(seed)
    layer = kind(3, 2, rng=rng)
    x, dh, h_0 = rng.normal(size=(4, 2, 3)), rng.normal(size=(4, 2, 2)), rng.normal(size=(2, 2))
    state = (h_0, rng.normal(size=(2, 2))) if kind is LSTM else h_0

    def loss(arrays):
        return (dh * layer.with_params({n: arrays[n] for n in layer.params})(arrays["x"], state)[0]).sum()

    def gradients(arrays):
        own = layer.with_params({n: arrays[n] for n in layer.params})
        grads = own.backward(dh, own.forward(arrays["x"], state)[1])
        return grads.params | {"x": grads.x}

    return loss, gradients, layer.params | {"x": x}


@pytest.mark.parametrize("kind", [RNN, LSTM, GRU])
def test_right_gradients_are_right(kind):
    loss, gradients, arrays = layer_and_arrays(kind)
    kept = {name: a.copy() for name, a in arrays.items()}
    errors = gradient_errors(loss, gradients, arrays)
    assert list(errors) == list(arrays)
    assert all(error < 1e-6 for error in errors.values())
    assert all((arrays[name] == a).all() for name, a in kept.items())


@pytest.mark.parametrize(
    ("spoil", "least", "most"),
    [
        (lambda g: -g, 1.99, 2.01),
        (lambda g: 0 * g, 0.99, 1.01),
        (lambda g: 1.0001 * g, 0.9e-4, 1.1e-4),
        (lambda g: g + np.abs(g).max() * np.eye(*g.shape), 0.9, 1.1),
    ],
)
def test_one_wrong_array_is_wrong(spoil, least, most):
    loss, gradients, arrays = layer_and_arrays(LSTM)
    errors = gradient_errors(loss, lambda a: gradients(a) | {"W_h": spoil(gradients(a)["W_h"])}, arrays)
    assert [name for name, error in errors.items() if not error < 1e-6] == ["W_h"]
    assert least < errors["W_h"] < most


def test_what_it_cannot_tell_is_nan():
    loss, gradients, arrays = layer_and_arrays(RNN)
    small = {"x": 1e-13 * arrays["x"]}
    for slope in (1e-13, -1e-13, 0):
        errors = gradient_errors(
            lambda a: 4 + a["x"].sum() * 1e-13, lambda a, slope=slope: {"x": np.full((4, 2, 3), slope)}, small
        )
        assert math.isnan(errors["x"])
    errors = gradient_errors(lambda a: 4 + a["x"].sum() * 1e-13, lambda a: {"x": -np.ones((4, 2, 3))}, small)
    assert errors["x"] >= 1
    errors = gradient_errors(loss, lambda a: gradients(a) | {"b": np.full(2, np.nan)}, arrays)
    assert math.isnan(errors["b"])


@pytest.mark.parametrize("T", [5, 15, 30])
@pytest.mark.parametrize("seed", range(5))
def test_what_has_vanished_is_not_called_wrong(T, seed):
    """The gradient of h_0 of a long RNN lies below the rounding of the loss."""
    rng = np.random.default_rng(seed)
    layer = RNN(3, 4, rng=rng)
    layer.params["W_h"] *= 0.5
    x, dh = rng.normal(size=(T, 3)), rng.normal(size=4)

    def loss(arrays):
        return dh @ layer(x, arrays["h_0"])[0][-1]

    def gradients(arrays):
        return {"h_0": layer.backward(None, layer.forward(x, arrays["h_0"])[1], dh).state}

    error = gradient_errors(loss, gradients, {"h_0": rng.normal(size=4)})["h_0"]
    assert error < 1e-6 or (T > 5 and math.isnan(error))


def test_it_objects_to_what_is_random_changed_or_of_another_kind():
    loss, gradients, arrays = layer_and_arrays(RNN)
    rng = np.random.default_rng(0)
    with pytest.raises(AssertionError, match="loss is random"):
        gradient_errors(lambda a: loss(a) * rng.normal(), gradients, arrays)

    def in_place(a):
        a["x"] *= 2
        return gradients(a)

    with pytest.raises(AssertionError, match="changed what it uses"):
        gradient_errors(loss, in_place, {name: a.copy() for name, a in arrays.items()})
    with pytest.raises(AssertionError, match="b"):
        gradient_errors(loss, lambda a: gradients(a) | {"b": np.zeros((1, 2))}, arrays)
    with pytest.raises(AssertionError, match="b"):
        gradient_errors(lambda a: a["b"].sum(), lambda a: {"b": np.ones(2)}, {"b": np.ones(2, np.float32)})


def test_it_has_fifteen_lines_and_a_docstring():
    notebook = nbformat.read(ROOT / "notebooks" / "04_gradient_checking.ipynb", as_version=4)
    (cell,) = (cell for cell in notebook.cells if cell.get("id") == "paste")
    assert len(cell.source.split("def ")[1].splitlines()) == 16
