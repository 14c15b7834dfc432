"""What the tests share: layers with nothing zero in them, data for them, a derivative, a measure of error."""

import itertools
import os
import re
from types import SimpleNamespace

# Before NumPy: the records were made with one thread, and two of them add up in another order.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pytest

from lstm_core import GRU, LSTM, RNN

KINDS = {
    "RNN-tanh": (RNN, {"activation": "tanh"}),
    "RNN-relu": (RNN, {"activation": "relu"}),
    "RNN-identity": (RNN, {"activation": "identity"}),
    "LSTM": (LSTM, {}),
    "GRU-before": (GRU, {"reset": "before"}),
    "GRU-after": (GRU, {"reset": "after"}),
}


def make_layer(kind, D=3, H=2, dtype=np.float64, seed=0):
    """A layer whose parameters, the biases among them, are all random: a zero would hide errors."""
    make, options = KINDS[kind]
    rng = np.random.default_rng(seed)
    layer = make(D, H, rng=rng, dtype=dtype, **options)
    for a in layer.params.values():
        a[...] = rng.uniform(-0.8, 0.8, a.shape)
    if kind == "RNN-relu":
        layer.params["b"] += 1  # most units on the side that passes an error
    return layer


def draw(layer, T, B, seed=1):
    """x, state, dh and dstate for a layer, all random."""
    rng = np.random.default_rng(seed)

    def array(*shape):
        return rng.standard_normal(shape).astype(layer.dtype)

    def state():
        return join([array(B, layer.hidden_size) for _ in layer.STATE])

    H = layer.hidden_size
    return SimpleNamespace(x=array(T, B, layer.input_size), state=state(), dh=array(T, B, H), dstate=state())


def parts(state):
    """A state as a list of arrays."""
    return list(state) if isinstance(state, tuple) else [state]


def join(arrays):
    """The reverse of parts."""
    return tuple(arrays) if len(arrays) > 1 else arrays[0]


def weighted_sum(data, h, final):
    """A loss with an error of its own on each output and each part of the final state."""
    return (data.dh * h).sum() + sum((d * s).sum() for d, s in zip(parts(data.dstate), parts(final), strict=True))


def complex_step(loss, a, step=1e-30):
    """∂loss/∂a, entry by entry."""
    gradient = np.empty(a.shape)
    for index in np.ndindex(a.shape):
        moved = a.astype(complex)
        moved[index] += 1j * step
        gradient[index] = loss(moved).imag / step
    return gradient


def error(actual, expected):
    """max|actual − expected| / max|expected|, absolute where expected is zero; the shapes must be the same."""
    assert actual.shape == expected.shape
    return np.abs(actual - expected).max() / (np.abs(expected).max() or 1.0)


def arrays_in(*things):
    """All arrays in nested tuples, lists, dicts and records, in order."""
    for thing in things:
        if isinstance(thing, np.ndarray):
            yield thing
        elif isinstance(thing, (tuple, list)):
            yield from arrays_in(*thing)
        elif isinstance(thing, dict):
            yield from arrays_in(*thing.values())
        elif hasattr(thing, "__dict__"):
            yield from arrays_in(vars(thing))


def same(a, b):
    """Whether two such things hold the same arrays to the last bit."""
    pairs = itertools.zip_longest(arrays_in(a), arrays_in(b))
    return all(np.array_equal(one, other) and one.dtype == other.dtype for one, other in pairs)


def raises(error, message):
    """Expect this error with a message that says these things in this order, "…" between them; the rest is wording."""
    return pytest.raises(error, match=".*".join(map(re.escape, message.split(" … "))))
