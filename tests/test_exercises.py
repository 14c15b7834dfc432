"""The checks of the exercises: wrong answers of every kind that a reader might give, right ones written in many ways.

What is said of the stubs and the solutions in the chapters is compared by nbval; here only that each is there.
"""

import contextlib
import io
import math
import re
import sys

import nbformat
import numpy as np
import pytest
import series

import exercises as check
import lstm_core
from lstm_core import GRU, check_gradients, from_torch, sigmoid

NAMES = [name for name, thing in vars(check).items() if hasattr(thing, "__wrapped__") and name[0] != "_"]
new = np.random.default_rng


def verdict(name: str, answer) -> str:
    """What the check says: one line."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        assert getattr(check, name)(answer) is None
    (line,) = said.getvalue().splitlines()
    return line


# What the answers below read as if they stood in a chapter: the notebook's own variables.
H, D, N = 3, 2, 10
p = {name: new(5).normal(size=shape) for name, shape in {"W_zh": (H, H), "W_zx": (H, D), "b_z": H}.items()}
x, h_0, W = new(6).normal(size=(4, D)), new(7).normal(size=H), new(8).normal(size=(H, H))
alphabet = check._ALPHABET
letters = "".join(character for character in alphabet if character.isalpha())
OPEN, SHUT = 40.0, -40.0


def set_gate(layer, g, cell, usual, at=None, scale=1.0):
    q = layer.by_gate(layer.params)
    q[f"W_{g}h"][cell], q[f"b_{g}"][cell], q[f"W_{g}x"][cell] = 0, 0, scale * usual
    for characters, net in (at or {}).items():
        q[f"W_{g}x"][cell, [alphabet.index(character) for character in characters]] = scale * net


# ---------------------------------------------------------------- chapter 02's cells


def counts_words(layer, scale=1.0, times=1.0, shut=letters + "'"):
    set_gate(layer, "f", 0, OPEN, scale=scale)
    set_gate(layer, "c", 0, OPEN, scale=scale)
    set_gate(layer, "i", 0, SHUT, {shut: -3 * OPEN}, scale=scale)
    layer.by_gate(layer.params)["W_ih"][0, 1] = times * scale * 2 * OPEN / np.tanh(1)


def counts_words_in_the_bias(layer):
    for a in layer.by_gate(layer.params).values():
        a[0] = 0
    q = layer.by_gate(layer.params)
    q["b_f"][0], q["b_c"][0], q["b_i"][0], q["W_ih"][0, 1] = 40, 40, -40, 80 / np.tanh(1)
    q["W_ix"][0, [alphabet.index(character) for character in letters + "'"]] = -80


def counts_words_by_writing_over_cell_1(layer):
    set_gate(layer, "f", 1, SHUT)
    set_gate(layer, "i", 1, SHUT, {letters + "'": OPEN})
    counts_words(layer)


def counts_newlines(layer):
    set_gate(layer, "f", 0, OPEN)
    set_gate(layer, "c", 0, OPEN)
    set_gate(layer, "i", 0, SHUT, {"\n": OPEN})


def holds_first(layer, table=alphabet, scale=1.0, step=0.02):
    set_gate(layer, "f", 1, SHUT)
    set_gate(layer, "i", 1, OPEN, {"\n": SHUT})
    set_gate(layer, "c", 1, OPEN)
    set_gate(layer, "o", 1, OPEN)
    set_gate(layer, "c", 0, 0, {c: np.arctanh(step * (alphabet.index(c) + 1)) for c in table})
    set_gate(layer, "i", 0, scale * OPEN)
    set_gate(layer, "f", 0, scale * SHUT)
    q = layer.by_gate(layer.params)
    q["W_ih"][0, 1], q["W_fh"][0, 1] = -scale * 2 * OPEN / np.tanh(1), scale * 2 * OPEN / np.tanh(1)


def holds_first_of_text(layer):
    holds_first(layer)
    layer.by_gate(layer.params)["W_ix"][1, alphabet.index("\n")] = OPEN


# ---------------------------------------------------------------- chapter 03's rules

base = check._RULES
peephole_rules = {
    "(10a) epsilon": lambda now: base["(10a) epsilon"](now) + now.d_o * now.p_o,
    "(10a) carried": lambda now: now.epsilon * now.f + now.d_f * now.p_f + now.d_i * now.p_i,
}


def in_place(now):
    now.epsilon *= now.f
    now.epsilon += now.d_f * now.p_f + now.d_i * now.p_i
    return now.epsilon


coupled_rules = {
    "(10') d_f": lambda now: now.epsilon * (now.c_prev - now.c_tilde) * now.f * (1 - now.f),
    "(11') d_i": lambda now: 0 * now.epsilon,
}


def truncated(layer, x, dh, K):
    total, state = {name: np.zeros_like(a) for name, a in layer.params.items()}, None
    for t in range(0, len(x), K):
        _, trace = layer.forward(x[t : t + K], state)
        state = trace.state
        for name, g in layer.backward(dh[t : t + K], trace).params.items():
            total[name] += g
    return total


def truncated_backwards(layer, x, dh, K):
    """The pieces from the last to the first, as lists, spoiling dh."""
    trace, sums = layer.forward(x)[1], {}
    for t in list(range(0, len(x), K))[::-1]:
        piece = layer.forward(x[t : t + K], (trace.h_prev[t], trace.c_prev[t]))[1]
        for name, g in layer.backward(dh[t : t + K], piece).params.items():
            sums[name] = sums.get(name, 0) + g
        dh[t:] = np.nan
    return {name: sums[name].tolist() for name in reversed(layer.params)}


def truncated_from(layer, x, dh, K, start=0, end=None, carry=True, keep=None):
    total, state = {name: np.zeros_like(a) for name, a in layer.params.items()}, None
    for t in range(start, end or len(x), K):
        _, trace = layer.forward(x[t : t + K], state)
        state = trace.state if carry else None
        grads = layer.backward(dh[t : t + K], trace).params
        total = {name: grads[name] if keep == "last" else total[name] + grads[name] for name in total}
    return total


# ---------------------------------------------------------------- chapter 04


def wrong_arrays(head, arrays, target, **options):
    grads = head(arrays, target)[1]
    return set(check_gradients(lambda moved: head(moved, target)[0], arrays, grads, **options).wrong)


def by_differences(head, arrays, target):
    """One entry after the other, in place, as a list."""
    found, grads = [], head(arrays, target)[1]
    for name, a in arrays.items():
        numeric = np.zeros_like(a)
        for k in range(a.size):
            kept = a.flat[k]
            a.flat[k] = kept + 1e-5
            numeric.flat[k] = head(arrays, target)[0]
            a.flat[k] = kept - 1e-5
            numeric.flat[k] = (numeric.flat[k] - head(arrays, target)[0]) / 2e-5
            a.flat[k] = kept
        if np.abs(numeric - grads[name]).max() > 1e-5 * np.abs(numeric).max():
            found.append(name)
    return found


def by_norms(head, arrays, target):
    grads, wrong = head(arrays, target)[1], set()
    for name, a in arrays.items():
        step = 1e-6 * grads[name] / (np.linalg.norm(grads[name]) or 1)
        slope = (head(arrays | {name: a + step}, target)[0] - head(arrays, target)[0]) / 1e-6
        if abs(slope - np.linalg.norm(grads[name])) > 1e-3 * abs(slope):
            wrong.add(name)
    return wrong


KEYS = ["(11') d_i", "(15) W_x", "(10a) carried", "(14) dx"]

# ---------------------------------------------------------------- chapter 05


def mgu_step(p, x, h_prev):
    f = sigmoid(p["W_zh"] @ h_prev + p["W_zx"] @ x + p["b_z"])
    h_tilde = np.tanh(p["W_hh"] @ (f * h_prev) + p["W_hx"] @ x + p["b_h"])
    return (1 - f) * h_prev + f * h_tilde


def mgu_in_place(p, x, h_prev):
    f = 1 / (1 + np.exp(-(x @ p["W_zx"].T + h_prev @ p["W_zh"].T + p["b_z"])))
    new = np.tanh(p["W_hh"] @ (f * h_prev) + p["W_hx"] @ x + p["b_h"])
    h_prev += f * (new - h_prev)
    return h_prev


def mgu_spoilt(p, x, h_prev):
    f = sigmoid(p["W_zh"] @ h_prev + p["W_zx"] @ x + p["b_z"])
    h_prev *= f
    return (1 - f) * h_prev + f * np.tanh(p["W_hh"] @ h_prev + p["W_hx"] @ x + p["b_h"])


def mgu_of_the_notebook(q, x_t, h):
    f = sigmoid(p["W_zh"] @ h_0 + p["W_zx"] @ x[0] + p["b_z"])
    return (1 - f) * h_0 + f * np.tanh(W @ (f * h_0))


def fix_update_gate(layer, z, steps=None, names=("W_zh", "W_zx"), shift=0.0):
    q = layer.by_gate(layer.params)
    for name in names:
        q[name][:] = 0
    q["b_z"][:] = math.log(z / (1 - z)) + shift
    return math.ceil(-1 / math.log(1 - z)) if steps is None else steps(z)


def fix_by_counting(layer, z):
    H = layer.hidden_size
    layer.params["W_x"][:H], layer.params["W_h"][:H], layer.params["b"][:H] = 0, 0, -np.log(1 / z - 1)
    left, steps = 1 - z, 1
    while left >= np.exp(-1):
        left, steps = left * (1 - z), steps + 1
    return np.float64(steps)


def fix_everything(layer, z):
    for a in layer.params.values():
        a[:] = 0
    return fix_update_gate(layer, z)


def converted(layer, look=lambda q: np.column_stack([q["W_rh"], q["W_rx"], q["b_r"]]), heard=lambda W: W != 0):
    q = layer.by_gate(layer.params)
    for j, k in np.argwhere(heard(q["W_hh"])):
        if (look(q)[j] != look(q)[k]).any():
            raise ValueError(f"unit {j} hears unit {k}, and their reset gates differ")
    return GRU.of(layer.params | {"b_hh": np.zeros(layer.hidden_size)}, reset="after")


def converted_by_trying(layer):
    made = GRU(layer.input_size, layer.hidden_size, rng=new(0))
    for name in layer.params:
        made.params[name] = layer.params[name]
    x, h = new(1).normal(size=(20, 50, layer.input_size)), new(2).normal(size=(50, layer.hidden_size))
    if not np.allclose(made(x, h)[0], layer(x, h)[0], atol=1e-12):
        raise ValueError("not the same")
    return made


def load_gru(layer, state_dict, hidden="b_hh", negate=("W_zx", "W_zh", "b_z")):
    q = layer.by_gate(layer.params)
    q["W_rx"][:], q["W_zx"][:], q["W_hx"][:] = np.split(state_dict["weight_ih_l0"], 3)
    q["W_rh"][:], q["W_zh"][:], q["W_hh"][:] = np.split(state_dict["weight_hh_l0"], 3)
    ir, iz, q["b_h"][:] = np.split(state_dict["bias_ih_l0"], 3)
    hr, hz, hn = np.split(state_dict["bias_hh_l0"], 3)
    q["b_r"][:], q["b_z"][:] = ir + hr, iz + hz
    q[hidden][:] += hn
    for name in negate:
        q[name] *= -1


def load_reordered(layer, state_dict):
    """By index, into the stacked arrays."""
    n = layer.hidden_size
    order = np.r_[n : 2 * n, :n, 2 * n : 3 * n]
    sign = np.r_[-np.ones(n), np.ones(2 * n)]
    layer.params = {
        "b": sign * (state_dict["bias_ih_l0"] + np.r_[state_dict["bias_hh_l0"][: 2 * n], np.zeros(n)])[order],
        "b_hh": state_dict["bias_hh_l0"][2 * n :],
        "W_h": sign[:, None] * state_dict["weight_hh_l0"][order],
        "W_x": sign[:, None] * state_dict["weight_ih_l0"][order],
    }


def load_swapped(layer, state_dict):
    load_gru(layer, state_dict)
    q = layer.by_gate(layer.params)
    q["b_h"][:], q["b_hh"][:] = q["b_hh"].copy(), q["b_h"].copy()


def load_with_from_torch(layer, state_dict):
    from_torch(layer, state_dict)


def load_through_another(layer, state_dict):
    other = GRU(layer.input_size, layer.hidden_size, rng=new(0))
    lstm_core.from_torch(other, state_dict)
    for name, a in other.params.items():
        layer.params[name][:] = a


# ---------------------------------------------------------------- right answers, written in different ways


def slope_of(h):
    return h * (1 - h)


def rest_and_factor(w, steps=20_000):
    h = 1.0
    for _ in range(steps):
        h = math.tanh(w * h)
    return h, w * (1 - h * h)


def by_bisection(w):
    low, high = 1e-6, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if math.tanh(w * middle) > middle else (low, middle)
    return low, w * (1 - np.tanh(w * low) ** 2)


# ---------------------------------------------------------------- chapter 09's rows, and what looks ahead


def rows_and_targets(values, n, ahead, off=0, newest=1, shift=0):
    times = range(n + ahead - 1 + shift, len(values))
    rows = [[1.0, *(values[t - ahead - k + off] for k in range(n))][::newest] for t in times]
    return np.array(rows), np.array([values[t] for t in times])


def by_windows(values, n, ahead):
    windows = np.lib.stride_tricks.sliding_window_view(values, n)[: len(values) - n - ahead + 1, ::-1]
    return np.insert(windows, 0, 1, axis=1), values[n + ahead - 1 :]


def looks_ahead(forecaster, series, t, other=lambda future: 100 + 50 * new(1).normal(size=len(future)), at=None):
    changed = series.copy()
    changed[t:] = other(series[t:])
    differs = np.array(forecaster(series.copy())) != np.array(forecaster(changed))
    return bool(differs[t] if at is None else at(differs, t))


def looks_ahead_in_place(forecaster, series, t):
    before = forecaster(series)[t].copy()
    series[t:] = -1000
    return forecaster(series)[t] != before


def next_value_alone(forecaster, series, t):
    other = series.copy()
    other[t] += 100
    return bool(forecaster(other)[t] != forecaster(series)[t])


RIGHT = {
    "reach": [
        lambda shares, part: int(np.argmax(np.cumsum(shares[::-1]) >= part)) + 1,
        lambda shares, part: np.searchsorted(np.cumsum(np.flip(shares)), part) + 1,
        lambda shares, part: 1 + sum(shares[k:].sum() < part for k in range(1, len(shares))),
        lambda shares, part: float(next(n for n in range(1, len(shares) + 1) if sum(shares[-n:]) >= part)),
    ],
    "error_before": [
        lambda delta, h, W_h: (delta @ W_h) * h * (1 - h),
        lambda delta, h, W_h: W_h.T @ delta * slope_of(h),
        lambda delta, h, W_h: delta @ W_h @ np.diag(h - h**2),
        lambda delta, h, W_h: [sum(delta * W_h[:, k]) * h[k] * (1 - h[k]) for k in range(len(h))],
        lambda delta, h, W_h: np.multiply(delta @ W_h, h * (1 - h), out=h),
    ],
    "rest_and_factor": [
        rest_and_factor,
        lambda w: list(rest_and_factor(w)),
        lambda w: np.array(rest_and_factor(w)),
        by_bisection,
    ],
    "inverted": [
        lambda W, b: (-W, -b),
        lambda W, b: [0 - W, b - 2 * b],
        lambda W, b: (np.negative(W, out=W), np.negative(b, out=b)),
        lambda W, b: ((-W).tolist(), (-b).tolist()),
    ],
    "counts_words": [
        counts_words,
        lambda layer: counts_words(layer, 0.5),
        lambda layer: counts_words(layer, 2.0),
        counts_words_in_the_bias,
    ],
    "holds_first": [
        holds_first,
        lambda layer: holds_first(layer, scale=0.5),
        lambda layer: holds_first(layer, scale=3),
    ],
    "peephole_rules": [
        peephole_rules,
        dict(reversed(peephole_rules.items())),
        base | peephole_rules,
        peephole_rules | {"(10a) carried": in_place},
        peephole_rules | {"(10a) epsilon": lambda now: list(peephole_rules["(10a) epsilon"](now))},
    ],
    "coupled_rules": [
        coupled_rules,
        coupled_rules | {"(11') d_i": lambda now: np.zeros_like(now.c)},
        {
            "(10') d_f": lambda now: (now.c_prev - now.c_tilde) * now.epsilon * now.i * now.f,
            "(11') d_i": lambda now: [0] * len(now.c),
        },
    ],
    "truncated": [truncated, truncated_backwards],
    "wrong_arrays": [
        wrong_arrays,
        by_differences,
        lambda head, arrays, target: frozenset(wrong_arrays(head, arrays, target, method="central")),
        lambda head, arrays, target: dict.fromkeys(sorted(wrong_arrays(head, arrays, target))),
    ],
    "keys": [KEYS, tuple(KEYS), list(np.array(KEYS))],
    "best_step": [
        lambda size, third, eta: (1.5 * eta * size / third) ** (1 / 3),
        lambda size, third, eta: np.cbrt(3 * eta * size / third),
        lambda size, third, eta: np.array(eta ** (1 / 3) * math.cbrt(size / third)),
    ],
    "mgu_step": [mgu_step, mgu_in_place, lambda p, x, h: list(mgu_step(p, x, h))],
    "fix_update_gate": [fix_update_gate, fix_by_counting],
    "converted": [converted, converted_by_trying],
    "load_gru": [load_gru, load_reordered],
    "rows_and_targets": [
        rows_and_targets,
        by_windows,
        lambda values, n, ahead: tuple(a.tolist() for a in rows_and_targets(values, n, ahead)),
    ],
    "looks_ahead": [looks_ahead, looks_ahead_in_place],
}


def test_every_exercise_is_here():
    assert sorted(RIGHT) == sorted(NAMES) == sorted(WRONG)


@pytest.mark.parametrize(("name", "k"), [(name, k) for name in RIGHT for k in range(len(RIGHT[name]))])
def test_right(name, k):
    assert verdict(name, RIGHT[name][k]) == "right"


# ---------------------------------------------------------------- wrong answers, and a word of what is said of each


def slip(good, key=None, spoil=None, **options):
    """A function that gives what `good` does, spoilt."""

    def answer(*arguments):
        result = good(*arguments, **options)
        if key is not None:
            result[key] = spoil(result[key])
            return result
        return result if spoil is None else spoil(result)

    return answer


def spoilt_in_place(layer):
    layer.params["b_hh"][:] = np.nan
    return layer


def only_one(W, k):
    """Of the places where a unit hears another one, the first alone (k = 0) or the last (−1)."""
    places, found = np.flatnonzero(W * (1 - np.eye(len(W)))), np.zeros_like(W)
    if len(places):
        found.flat[places[k]] = 1
    return found


def nothing_for(good, number):
    """A function that forgets to return something from call `number` on."""
    calls = []

    def answer(*arguments):
        calls.append(1)
        return good(*arguments) if len(calls) < number else None

    return answer


WRONG = {
    "reach": [
        (lambda shares, part: 1, "reach("),
        (lambda shares, part: 3, "reach("),
        (lambda shares, part: {3: 2}.get(len(shares), 1), "reach("),
        (lambda shares, part: np.cumsum(shares[::-1]).argmax() + 1, "reach("),
        (lambda shares, part: min(3, RIGHT["reach"][0](shares, part)), "reach("),
        (lambda shares, part: int(np.argmax(np.cumsum(shares[::-1]) > part)) + 1, "reach("),
        (lambda shares, part: int(np.argmax(np.cumsum(shares) >= part)) + 1, "reach("),
        (lambda shares, part: int(np.argmax(np.cumsum(shares[::-1]) >= part)), "reach("),
        (lambda shares, part: int(np.ceil(part * len(shares))), "reach("),
        (lambda shares, part: math.nan, "whole number"),
        (lambda shares, part: math.inf, "whole number"),
        (lambda shares, part: 1.5, "whole number"),
        (lambda shares, part: True, "whole number"),
        (lambda shares, part: "2", "whole number"),
        (lambda shares, part: shares, "whole number"),
        (lambda shares, part: N, "reads the notebook's own N"),
        (lambda shares: 1, "it raises TypeError"),
        (lambda shares, part: shares[99], "it was given shares: an array of shape"),
        (nothing_for(RIGHT["reach"][0], 4), "whole number"),
        (2, "a function is expected, got 2"),
    ],
    "error_before": [
        (lambda delta, h, W_h: W_h @ delta * slope_of(h), "W_h transposed"),
        (lambda delta, h, W_h: delta @ W_h, "without the slope"),
        (lambda delta, h, W_h: delta @ W_h * (1 - h**2), "tanh's slope"),
        (lambda delta, h, W_h: (delta * slope_of(h)) @ W_h, "before the weights"),
        (lambda delta, h, W_h: -(delta @ W_h) * slope_of(h), "off by 2"),
        (lambda delta, h, W_h: delta @ W_h * slope_of(h) * (1 + 1e-6), "off by 1e-06"),
        (lambda delta, h, W_h: delta @ W_h * slope_of(sigmoid(h)), "off by"),
        (lambda delta, h, W_h: (delta @ W_h * slope_of(h))[None], "(1, 3)"),
        (lambda delta, h, W_h: (delta @ W_h * slope_of(h)).sum(), "shape"),
        (lambda delta, h, W_h: delta * np.nan, "nan or inf"),
        (lambda delta, h, W_h: delta + np.inf, "nan or inf"),
        (lambda delta, h, W_h: [[1.0], [1.0, 2.0], 3], "array of numbers"),
        (lambda delta, h, W_h: delta + 0j, "array of numbers"),
        (lambda delta, h, W_h: "delta", "array of numbers"),
        (lambda delta, h, W_h: h_0 @ W * slope_of(h_0), "own W, h_0"),
        (lambda delta, h, W_h: delta @ W_h[:2], "ValueError: matmul"),
    ],
    "rest_and_factor": [
        (lambda w: (0.0, w), "rests at"),
        (lambda w: (1.0, 0.0), "rests at"),
        (lambda w: rest_and_factor(w, 10), "rests at"),
        (lambda w: (-rest_and_factor(w)[0], rest_and_factor(w)[1]), "rests at"),
        (lambda w: rest_and_factor(3.0), "rests at"),
        (lambda w: (rest_and_factor(w)[0], rest_and_factor(w)[1] / w), "without the weight"),
        (lambda w: (rest_and_factor(w)[0], w), "the factor is"),
        (lambda w: (rest_and_factor(w)[0], 0.031), "the factor is"),
        (lambda w: rest_and_factor(w)[0], "two numbers"),
        (lambda w: (*rest_and_factor(w), 1), "two numbers"),
        (lambda w: (math.nan, math.nan), "rest"),
        (lambda w: (rest_and_factor(w)[0], math.nan), "factor"),
        (lambda w: (rest_and_factor(w)[0], math.inf), "factor"),
        (lambda w: (True, 0.5), "rest"),
        (lambda w: ("0.5", 0.5), "rest"),
        (lambda w: rest_and_factor(N / 3), "reads the notebook's own N"),
        ((0.995, 0.031), "a function is expected"),
    ],
    "inverted": [
        (lambda W, b: (-W, b), "for v = 0"),
        (lambda W, b: (W, -b), "for other v"),
        (lambda W, b: (1 - W, 1 - b), "for v = 0"),
        (lambda W, b: (1 / W, -b), "for other v"),
        (lambda W, b: -W, "W_new and b_new"),
        (lambda W, b: (-W, -b, 0), "W_new and b_new"),
        (lambda W, b: (-b, -W), "W_new should have the shape"),
        (lambda W, b: (-W.T, -b), "W_new should have the shape"),
        (lambda W, b: (-W, -b[:, None]), "b_new should have the shape"),
        (lambda W, b: (-W * np.nan, -b), "nan"),
        (lambda W, b: (-W, np.full(len(b), np.nan)), "nan"),
        (lambda W, b: (-W * (np.abs(W) < 1), -b), "for other v"),
        (lambda W, b: {"W": -W, "b": -b}, "W_new and b_new"),
    ],
    "counts_words": [
        (counts_words_by_writing_over_cell_1, "cell 1 is to stay"),
        (counts_newlines, "words have ended"),
        (lambda layer: counts_words(layer, times=0), "words have ended"),
        (lambda layer: counts_words(layer, times=-1), "words have ended"),
        (lambda layer: counts_words(layer, shut=letters), "words have ended"),
        (lambda layer: counts_words(layer, shut="".join(c for c in letters if c.islower())), "words have ended"),
        (lambda layer: counts_words(layer, 0.12), "larger weights"),
        (lambda layer: counts_words(layer, np.nan), "nan"),
        (lambda layer: counts_words(layer, np.inf), "nan or inf"),
        (lambda layer: set_gate(layer, "f", 0, OPEN), "words have ended"),
        (lambda layer: layer.params.update(W_x=1), "W_x should"),
        (lambda layer: layer.params.pop("b"), "a dict of W_x, W_h, b"),
    ],
    "holds_first": [
        (lambda layer: holds_first(layer, "ABCEFINRSTU"), "after"),
        (lambda layer: holds_first(layer, letters), "after"),
        (lambda layer: holds_first(layer, step=0.0199), "after"),
        (lambda layer: holds_first(layer, scale=0.1), "after"),
        (holds_first_of_text, "after"),
        (lambda layer: holds_first(layer, scale=np.nan), "nan"),
        (lambda layer: set_gate(layer, "f", 0, OPEN), "after"),
    ],
    "peephole_rules": [
        ({"(10a) epsilon": peephole_rules["(10a) epsilon"]}, "of four these are not right: delta"),
        ({"(10a) carried": peephole_rules["(10a) carried"]}, "within one step these are not right: epsilon"),
        (base, "within one step"),
        (peephole_rules | {"(10a) epsilon": lambda now: base["(10a) epsilon"](now) - now.d_o * now.p_o}, "epsilon"),
        (peephole_rules | {"(10a) carried": lambda now: now.epsilon * now.f + now.d_f * now.p_f}, "of four"),
        (peephole_rules | {"(10a) carried": lambda now: now.epsilon * (now.f + now.p_f + now.p_i)}, "of four"),
        (peephole_rules | {"(9) d_o": lambda now: np.nan * now.c}, "(9) d_o holds nan"),
        (peephole_rules | {"(10a) carried": lambda now: np.nan * now.c}, "carried holds nan"),
        (peephole_rules | {"(9) d_o": lambda now: 1.0}, "(9) d_o should have the shape"),
        (peephole_rules | {"(9) d_o": lambda now: None}, "array of numbers"),
        (peephole_rules | {"(9) d_o": lambda now: now.d_q}, "it raises AttributeError"),
        (peephole_rules | {"(9) d_o": 1.0}, "a function is expected"),
        (peephole_rules | {"10a": lambda now: 0}, "no such key: 10a"),
        (peephole_rules | {7: lambda now: 0}, "no such key: 7"),
        (list(peephole_rules), "a dict is expected"),
        (lambda now: peephole_rules, "a dict is expected"),
    ],
    "coupled_rules": [
        (peephole_rules, "within one step"),
        ({"(10') d_f": coupled_rules["(10') d_f"]}, "of four"),
        ({"(11') d_i": coupled_rules["(11') d_i"]}, "within one step these are not right: d_f"),
        (coupled_rules | {"(10') d_f": lambda now: now.epsilon * (now.c_prev + now.c_tilde) * now.f * now.i}, "d_f"),
        (coupled_rules | {"(10') d_f": lambda now: now.epsilon * (now.c_prev - now.c_tilde) * now.f}, "d_f"),
        (coupled_rules | {"(11') d_i": lambda now: np.nan * now.c}, "nan"),
        (coupled_rules | {"(11') d_i": lambda now: 0}, "(11') d_i should have the shape"),
    ],
    "truncated": [
        (lambda layer, x, dh, K: layer.backward(dh, layer.forward(x)[1]).params, "without any cut"),
        (slip(truncated_from, carry=False), "a state of zeros"),
        (lambda layer, x, dh, K: truncated_from(layer, x, dh, K, end=len(x) - len(x) % K), "shorter piece"),
        (slip(truncated_from, keep="last"), "with K = 5"),
        (slip(truncated_from, start=1), "with K = 13"),
        (slip(truncated, "b", lambda g: -g), "not right: b"),
        (slip(truncated, "W_h", lambda g: g.T), "W_h should have the shape"),
        (slip(truncated, "W_x", lambda g: g * np.nan), "W_x holds nan"),
        (slip(truncated, "b", lambda g: None), "b should be an array"),
        (
            lambda layer, x, dh, K: {"W_h": truncated(layer, x, dh, K)["W_h"]},
            "a dict of W_x, W_h, b is expected, got W_h",
        ),
        (lambda layer, x, dh, K: truncated(layer, x, dh, K)["W_h"], "a dict of"),
        (lambda layer, x, dh, K: truncated(layer, x, dh, 5), "with K = 13"),
        (nothing_for(truncated, 2), "a dict of"),
    ],
    "wrong_arrays": [
        (lambda head, arrays, target: {"b"}, "it names b where none are wrong"),
        (lambda head, arrays, target: set(), "it names none where h are wrong"),
        (
            lambda head, arrays, target: {n for n, g in head(arrays, target)[1].items() if np.abs(g).max() > 0.6},
            "it names ",
        ),
        (by_norms, "it names "),
        (slip(wrong_arrays, tolerance=2.0), "it names "),
        (lambda head, arrays, target: "".join(wrong_arrays(head, arrays, target)), "a set of names"),
        (lambda head, arrays, target: len(wrong_arrays(head, arrays, target)), "a set of names"),
        (lambda head, arrays, target: set("hWb") - wrong_arrays(head, arrays, target), "it names "),
        (lambda head, arrays, target: wrong_arrays(head, arrays, target) - {"b"}, "it names none where b are wrong"),
        (lambda head, arrays, target: [math.nan], "it names nan where none are wrong"),
    ],
    "keys": [
        (KEYS[::-1], "number 0, 1, 2, 3"),
        ([KEYS[0]] * 4, "number 1, 2, 3"),
        (set(KEYS), "a list of four"),
        (KEYS[:3], "a list of four"),
        ([*KEYS[:3], "14"], "no such key: 14"),
        ([*KEYS[:3], None], "no such key: None"),
        ([*KEYS[:3], math.nan], "no such key: nan"),
        ("hide", "a list of four"),
        (np.array(KEYS), "a list of four"),
    ],
    "best_step": [
        (lambda size, third, eta: eta ** (1 / 3), "too small"),
        (lambda size, third, eta: (1.5 * eta * size * third) ** (1 / 3), "too large"),
        (lambda size, third, eta: (1.5 * eta * size) ** (1 / 3), "too large"),
        (lambda size, third, eta: (1.5 * eta * size / third) ** (1 / 2), "too small"),
        (lambda size, third, eta: (1.5 * 2**-52 * size / third) ** (1 / 3), "too small"),
        (lambda size, third, eta: 6e-6, "too"),
        (lambda size, third, eta: -((1.5 * eta * size / third) ** (1 / 3)), "above 0"),
        (lambda size, third, eta: math.nan, "a number is expected"),
        (lambda size, third, eta: math.inf, "a number is expected"),
        (lambda size, third, eta: 0.0, "above 0"),
        (lambda size, third, eta: [1e-6, 1e-5], "a number is expected"),
        (lambda size, third, eta: 1 / (third - third), "ZeroDivisionError"),
    ],
    "mgu_step": [
        (mgu_of_the_notebook, "own W, h_0, p, x"),
        (mgu_spoilt, "off by"),
        (slip(mgu_step, None, lambda h: -h), "off by 2"),
        (slip(mgu_step, None, lambda h: h[:1]), "should have the shape"),
        (slip(mgu_step, None, lambda h: h * np.nan), "nan"),
        (lambda p, x, h: mgu_step(p | {"W_hh": p["W_hh"].T}, x, h), "off by"),
        (lambda p, x, h: mgu_step(p | {"b_h": 0 * p["b_h"]}, x, h), "off by"),
        (lambda p, x, h: mgu_step(p, x, 0 * h), "off by"),
        (lambda p, x, h: mgu_step(p | {n.replace("r", "z"): p[n] for n in ("W_rh", "W_rx", "b_r")}, x, h), "off by"),
        (lambda p, x, h: GRU.of(p)(x[None], h)[0][0], "a reset gate of its own"),
        (
            lambda p, x, h: GRU.of(p | {n.replace("z", "r"): p[n] for n in p} | {"b_hh": 0 * h})(x[None], h)[0][0],
            "off by",
        ),
        (lambda p, x, h: p["W_fh"], "KeyError: 'W_fh'"),
        (lambda p, x, h: h, "off by"),
        (nothing_for(mgu_step, 2), "array of numbers"),
    ],
    "fix_update_gate": [
        (slip(fix_update_gate, steps=lambda z: 10), "not first below 1/e after 10 steps"),
        (slip(fix_update_gate, steps=lambda z: int(-1 / math.log(1 - z))), "after 9 steps"),
        (slip(fix_update_gate, steps=lambda z: -1 / math.log(1 - z)), "whole number"),
        (slip(fix_update_gate, steps=lambda z: math.ceil(1 / z)), "steps"),
        (slip(fix_update_gate, steps=lambda z: math.nan), "whole number"),
        (slip(fix_update_gate, steps=lambda z: True), "whole number"),
        (lambda layer, z: fix_update_gate(layer, z, lambda z: None) or None, "whole number"),
        (slip(fix_update_gate, names=["W_zh"]), "z_t is to be"),
        (slip(fix_update_gate, names=["W_zx"]), "z_t is to be"),
        (slip(fix_update_gate, shift=np.nan), "nan"),
        (slip(fix_update_gate, shift=1e-3), "z_t is to be"),
        (lambda layer, z: fix_update_gate(layer, 1 - z), "z_t is to be 0.1 always"),
        (fix_everything, "do not belong to z"),
        (lambda layer, z: fix_update_gate(layer, 0.1), "z_t is to be 0.5"),
    ],
    "converted": [
        (lambda layer: GRU.of(layer.params | {"b_hh": np.zeros(layer.hidden_size)}), "should refuse"),
        (slip(converted, look=lambda q: q["b_r"][:, None]), "should refuse"),
        (slip(converted, look=lambda q: q["W_rx"][:, :1]), "should refuse"),
        (slip(converted, look=lambda q: q["W_rh"]), "should refuse"),
        (slip(converted, look=lambda q: np.column_stack([q["W_rx"], q["b_r"]])), "should refuse"),
        (slip(converted, look=lambda q: np.column_stack([q["W_rh"], q["W_rx"][:, 1], q["b_r"]])), "should refuse"),
        (slip(converted, heard=np.tril), "should refuse"),
        (slip(converted, heard=lambda W: only_one(W, 0)), "should refuse"),
        (slip(converted, heard=lambda W: only_one(W, -1)), "should refuse"),
        (slip(converted, heard=np.triu), "should refuse"),
        (slip(converted, heard=np.ones_like), "refuses what can be copied"),
        (lambda layer: converted(layer, heard=lambda W: W * (np.abs(W) > 0.6)), "should refuse"),
        (lambda layer: layer, 'reset="after" is expected'),
        (slip(converted, None, lambda made: made.params), 'reset="after" is expected'),
        (
            slip(converted, None, lambda made: made.with_params({n: -a for n, a in made.params.items()})),
            "other outputs",
        ),
        (lambda layer: spoilt_in_place(converted(layer)), "other outputs"),
        (lambda layer: int("no"), "refuses what can be copied"),
    ],
    "load_gru": [
        (load_with_from_torch, "from_torch is what you are to write"),
        (load_through_another, "from_torch is what you are to write"),
        (load_swapped, "not right: b_h, b_hh"),
        (slip(load_gru, hidden="b_h"), "not right: b_h, b_hh"),
        (slip(load_gru, negate=()), "not right: W_zx, W_zh, b_z"),
        (slip(load_gru, negate=("W_zx", "W_zh")), "not right: b_z"),
        (lambda layer, sd: load_gru(layer, sd | {"bias_hh_l0": 0 * sd["bias_hh_l0"]}), "not right: b_z, b_r, b_hh"),
        (lambda layer, sd: load_gru(layer, sd | {"bias_hh_l0": sd["bias_ih_l0"]}), "not right: b_z, b_r, b_hh"),
        (lambda layer, sd: load_gru(layer, {n: a * np.nan for n, a in sd.items()}), "nan"),
        (lambda layer, sd: load_gru(layer, {n: np.roll(a, 1) for n, a in sd.items()}), "not right: "),
        (lambda layer, sd: sd["weight_ih"], "KeyError: 'weight_ih'"),
        (lambda layer, sd: layer.params.update(b_hh=layer.params["b"]), "b_hh should have the shape"),
    ],
    "rows_and_targets": [
        (lambda values, n, ahead: rows_and_targets(values, n, ahead)[0], "not rows, targets"),
        (lambda values, n, ahead: rows_and_targets(values, n, 1), "shape"),
        (lambda values, n, ahead: rows_and_targets(values, n, ahead, off=ahead - 1), "less than `ahead` steps"),
        (lambda values, n, ahead: rows_and_targets(values, n, ahead, newest=-1), "rows"),
        (lambda values, n, ahead: rows_and_targets(values, n, ahead, shift=1), "shape"),
        (lambda values, n, ahead: (by_windows(values, n, ahead)[0][:, 1:], values[n + ahead - 1 :]), "shape"),
        (lambda values, n, ahead: (by_windows(values, n, ahead)[0], values[n - 1 : len(values) - ahead]), "targets"),
        (lambda values, n, ahead: (by_windows(values, n, ahead)[0] * np.nan, values[n + ahead - 1 :]), "nan"),
    ],
    "looks_ahead": [
        (lambda forecaster, series, t: False, "it uses what is to come"),
        (lambda forecaster, series, t: True, "it does not use what is to come"),
        (lambda forecaster, series, t: 1, "no bool"),
        (next_value_alone, "the value after the next"),
        (lambda f, s, t: looks_ahead(f, s, t, lambda future: future[::-1]), "it uses what is to come"),
        (lambda f, s, t: looks_ahead(f, s, t, lambda future: future + 1e-9 * (future > 99)), "it uses"),
        (lambda f, s, t: looks_ahead(f, s, t, at=lambda differs, t: differs.any()), "it does not use"),
        (lambda f, s, t: looks_ahead(f, s, t - 3), "at even times"),
        (lambda f, s, t: looks_ahead(f, s, t + 1), "at even times"),
    ],
}


@pytest.mark.parametrize(("name", "k"), [(name, k) for name in WRONG for k in range(len(WRONG[name]))])
def test_wrong(name, k):
    answer, word = WRONG[name][k]
    said = verdict(name, answer)
    assert said.startswith("wrong: ")
    assert word in said
    assert "such an answer cannot be checked" not in said


# ---------------------------------------------------------------- of every exercise


def raises(*arguments):
    raise NotImplementedError


@pytest.mark.parametrize("name", NAMES)
def test_untouched_is_not_done_yet(name):
    assert verdict(name, None) == "not done yet"
    if name in ("peephole_rules", "coupled_rules"):
        assert verdict(name, {}) == "not done yet"
    elif name != "keys":
        assert verdict(name, raises) == "not done yet"
        assert verdict(name, lambda *arguments: None).startswith("not done yet")


def test_an_array_bound_to_a_name_is_told_from_one_written_to():
    """q[...] = 40 binds a name in a dict and changes no layer."""
    said = verdict("counts_words", lambda layer: layer.by_gate(layer.params).update(b_f=np.ones(2)))
    assert said == "not done yet: the layer is as it was; write into its arrays, q[...][:] = ..."


class Odd:
    """An answer that nobody expects."""

    def __array__(self, *more):
        raise RuntimeError("no array")

    def __iter__(self):
        raise RuntimeError("no items")

    def __mod__(self, other):
        raise RuntimeError("no rest")


ODD = [
    math.nan,
    -1,
    "",
    "abc",
    [],
    [1, "a", None],
    {"a": 1},
    {1, 2},
    object,
    object(),
    Odd(),
    b"1",
    1j,
]
ODD += [
    np.array(np.nan),
    np.ma.masked,
    np.zeros((0, 3)),
    np.zeros((2, 0)),
    (x for x in "ab"),
    sys.exit,
    ValueError("no"),
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("k", range(len(ODD)))
def test_no_answer_is_so_odd_that_a_check_raises(name, k):
    for answer in (ODD[k], lambda *arguments: ODD[k]):
        assert verdict(name, answer).startswith(("wrong: ", "not done yet"))


def interrupts(*arguments):
    raise KeyboardInterrupt


def test_the_reader_may_interrupt():
    with pytest.raises(KeyboardInterrupt):
        check.reach(interrupts)


def test_an_error_is_told_with_its_line_and_what_was_given():
    def error_before(delta, h, W_h):
        slope = h * (1 - h)
        return delta @ W_h[:2] * slope

    said = verdict("error_before", error_before)
    assert said.startswith("wrong: it raises ValueError: matmul: ")
    assert " in `return delta @ W_h[:2] * slope`; it was given delta: an array of shape (3,), " in said


def test_the_answers_data_are_copies():
    """What an answer does to what it was given reaches neither the next call nor the check's own copy."""
    seen = []

    def answer(shares, part):
        seen.append(shares.copy())
        result = RIGHT["reach"][0](shares, part)
        shares[:] = -1
        return result

    assert verdict("reach", answer) == "right"
    assert all((shares >= 0).all() for shares in seen)


# ---------------------------------------------------------------- in the chapters


def calls():
    """(chapter, name, is it a solution, what was printed) of each cell that calls a check."""
    for path in series.chapters():
        for cell in nbformat.read(path, as_version=4).cells:
            for name in re.findall(r"^check\.(\w+)\(", cell.source, re.MULTILINE) if cell.cell_type == "code" else ():
                printed = "".join(output.get("text", "") for output in cell.outputs)
                yield path.stem, name, "solution" in cell.metadata.get("tags", []), printed


def test_each_exercise_has_its_stub_and_its_solution():
    stubs = [(chapter, name) for chapter, name, solution, _ in calls() if not solution]
    solved = [(chapter, name) for chapter, name, solution, _ in calls() if solution]
    assert stubs == solved
    assert sorted(name for _, name in stubs) == sorted(NAMES)


def test_stubs_are_not_done_yet_and_solutions_are_right():
    for chapter, name, solution, printed in calls():
        lines = printed.splitlines()
        assert ("right" in lines) if solution else (lines == ["not done yet"]), (chapter, name, printed)
