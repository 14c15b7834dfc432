"""The checks of the exercises: wrong answers of every kind that a reader might give, right ones written in many ways.

What is said of the stubs and the solutions in the chapters is compared by nbval; here only that each is there.
"""

import contextlib
import io
import math
import re
import sys
from functools import partial

import nbformat
import numpy as np
import pytest
import series

import exercises as check
import lstm_core
from experiments import variants
from experiments.chapter_10 import TASKS
from experiments.records import results
from lstm_core import GRU, LSTM, check_gradients, complex_step, from_torch, sigmoid

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


# ---------------------------------------------------------------- chapter 03


def cell_error(now, later):
    return now.delta * now.o * (1 - np.tanh(now.c) ** 2) + later.epsilon * later.f


def cell_error_in_place(now, later):
    """With every array spoilt, and o tanh(c) taken from h."""
    now.h /= np.tanh(now.c)
    now.delta *= now.h * (1 - np.tanh(now.c) ** 2)
    later.f *= later.epsilon
    now.delta += later.f
    return now.delta.tolist()


BY_LUCK = ["W_fh", "W_ih", "W_oh", "W_ch", "W_fx", "b_f", "W_ox", "b_o"]


def peepholes(q, s):
    """By an LSTM in which the cell is a second thing that the gates hear."""
    H = len(q["h_0"])
    names = [n for n in q if n not in ("x", "w", "h_0", "c_0")]
    g, dh, dc = {n: np.zeros_like(q[n]) for n in names}, np.zeros(H), np.zeros(H)
    for t in range(len(q["x"]) - 1, -1, -1):
        now = {n: s[n][t] for n in s}
        dh = dh + q["w"][t]
        d = {"o": dh * np.tanh(now["c"]) * now["o"] * (1 - now["o"])}
        dc = dc + dh * now["o"] * (1 - np.tanh(now["c"]) ** 2) + d["o"] * q["p_o"]
        d["f"] = dc * now["c_prev"] * now["f"] * (1 - now["f"])
        d["i"] = dc * now["c_tilde"] * now["i"] * (1 - now["i"])
        d["c"] = dc * now["i"] * (1 - now["c_tilde"] ** 2)
        dc, dh = dc * now["f"] + d["f"] * q["p_f"] + d["i"] * q["p_i"], np.zeros(H)
        for n, a in d.items():
            g[f"W_{n}h"] += np.outer(a, now["h_prev"])
            g[f"W_{n}x"] += np.outer(a, q["x"][t])
            g[f"b_{n}"] += a
            dh += a @ q[f"W_{n}h"]
        for n, a in (("f", now["c_prev"]), ("i", now["c_prev"]), ("o", now["c"])):
            g[f"p_{n}"] += d[n] * a
    return g


def peepholes_in_place(q, s):
    found = {n: g.tolist() for n, g in peepholes(q, s).items()}
    for a in (*q.values(), *s.values()):
        a[...] = np.nan
    return dict(sorted(found.items()))


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


right_rules = check._RIGHT_RULES


def on(key, change):
    """Chapter 04's rule of this key, changed."""
    return lambda now: change(right_rules[key](now), now)


CLIPPED = {key: on(key, lambda a, now: np.clip(a, -5, 5)) for key in ("(8') back", "(10a) carried")}


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


def by_own_bound(agrees):
    """The answer that is right but for how it compares two gradients."""

    def wrong_arrays(head, arrays, target):
        grads, wrong = head(arrays, target)[1], set()
        for name, a in arrays.items():
            numeric = complex_step(lambda moved, name=name: head(arrays | {name: moved}, target)[0], a)
            if not agrees(grads[name], numeric):
                wrong.add(name)
        return wrong

    return wrong_arrays


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


def reset_after(d_h_tilde, r, m, W_hh):
    d_m = d_h_tilde * r
    return d_m, d_h_tilde * m * r * (1 - r), W_hh.T @ d_m


def reset_after_in_place(d, r, m, W):
    m *= d * r * (1 - r)
    d *= r
    return [d, m, d @ W]


def reset_after_by_sums(d, r, m, W):
    n = range(len(d))
    back = [sum(W[j, k] * d[j] * r[j] for j in n) for k in n]
    return np.array([[d[k] * r[k] for k in n], [d[k] * m[k] * (r[k] - r[k] ** 2) for k in n], back])


def halves_and_doubles(layer, z=0.5, open_r=40.0, w=3.0, order=(-1, 1), shift=0.0):
    """h̃ is 0 for an a, whose r is shut, and w h for a b: the state is multiplied by 1 − z, or by 1 − z + z w."""
    q = layer.by_gate(layer.params)
    for a in q.values():
        a[:] = 0
    q["b_z"][:], q["W_hh"][:], q["W_rx"][:] = np.log(z / (1 - z)) if z != 0.5 else 0, w, open_r * np.array([order])
    q["b_h"][:] = shift


def halves_by_the_bias(layer):
    """r is open but for an a; z differs too: for a b it is ¼ and w is 5."""
    for a in layer.params.values():
        a[...] = 0
    layer.params["W_x"][:] = [[0, -np.log(3)], [-90, 0], [0, 0]]
    layer.params["W_h"][2], layer.params["b"][1] = 5, 45


def without_reset(layer):
    """The attempt by z alone, r open for both: no factor is below 1 for one and above 1 for the other."""
    halves_and_doubles(layer)
    q = layer.by_gate(layer.params)
    q["W_rx"][:], q["b_r"][:], q["W_zx"][:] = 0, 40, [[-2, 2]]


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


# ---------------------------------------------------------------- chapter 10's cell


def ram_cell(layer, small=0.01, keep=(20, -40), write=(-20, 40), read=(-20, 40), weight=100.0):
    q = layer.by_gate(layer.params)
    for a in q.values():
        a[...] = 0
    q["b_f"][:], q["W_fx"][0, 1] = keep
    q["b_i"][:], q["W_ix"][0, 1] = write
    q["b_o"][:], q["W_ox"][0, 2] = read
    q["W_cx"][0, 0] = small
    return weight


def ram_cell_stacked(layer):
    layer.params["W_h"] = np.zeros((4, 1))
    layer.params["W_x"] = np.array([[0, -60, 0], [0, 60, 0], [0, 0, 60], [-0.02, 0, 0]])
    layer.params["b"] = np.array([30, -30, -30, 0])
    return np.array(-50)


class Peephole(variants.Peephole):
    pass


class Mute(LSTM):
    """Says 0, and its gradients are right: all of them are 0."""

    def _steps(self, net, h, h_prev, c, c_prev):
        h[...], c[...] = 0, 0
        f, i, o, c_tilde = np.split(net, 4, axis=-1)
        return {"f": f, "i": i, "o": o, "c_tilde": c_tilde}

    def _steps_back(self, trace, delta, back_h, back_c):
        d_net = np.zeros((*delta.shape[:-1], 4 * self.hidden_size))
        return d_net, {"W_h": 0 * self.params["W_h"]}, (0 * back_h, 0 * back_c), {"h": delta}


ALONE = {
    job: "many" if count >= 15 else "few" if count <= 5 else "some"
    for job in TASKS
    for trials in [results("parts", task=job, layer="f = i = 1")]
    for count in [sum((t["reach"] >= 15) if job == "counting" else t["solved"] is not None for t in trials)]
}
BOUNDS = {"LSTM": 10, "f = 1": 10, "i = 1 − f": 1, "h = o ∘ c": 10, "σ for tanh in c̃": 10, "c̃ without tanh": math.inf}


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


def remembers(c, label, at=-1, by=lambda one, other: one.std(axis=0) + other.std(axis=0)):
    one, other = c[at][label], c[at][~label]
    return int(np.argmax(np.abs(one.mean(axis=0) - other.mean(axis=0)) / by(one, other)))


def remembers_on_average(c, label):
    one, other = c[:, label], c[:, ~label]
    apart = np.abs(one.mean(axis=(0, 1)) - other.mean(axis=(0, 1)))
    return int(np.argmax(apart / c.std(axis=(0, 1))))


# ---------------------------------------------------------------- chapter 07


def rate_at(update, rate, warmup, milestones, factor):
    risen = min(1, (update + 1) / warmup) if warmup else 1
    return rate * risen * factor ** sum(update >= m for m in milestones)


def rate_at_by_steps(update, rate, warmup, milestones, factor):
    if update < warmup:
        rate *= (update + 1) / warmup
    for milestone in milestones:
        if update >= milestone:
            rate *= factor
    return np.float64(rate)


def mean_in_place(losses, lengths):
    """Right as well: every answer gets copies and is judged by what it returns."""
    losses[np.arange(len(losses))[:, None] >= lengths] = 0
    return losses.sum() / sum(lengths)


def temperature_for(logits, part, low=1e-6, high=1e6):
    for _ in range(100):
        tau = math.sqrt(low * high)
        too_cold = 1 / np.exp((logits - logits.max()) / tau).sum() > part
        low, high = (tau, high) if too_cold else (low, tau)
    return tau


def temperature_by_newton(logits, part):
    """In u = 1/τ the logarithm of the sum is convex, so that Newton's method from 0 gets there."""
    away, u = logits - logits.max(), 0.0
    for _ in range(200):
        e = np.exp(away * u)
        u += (e.sum() - 1 / part) / -(away * e).sum()
    return 1 / u


def temperature_without_care(logits, part):
    tau = 1.0
    for _ in range(50):
        with np.errstate(all="ignore"):
            p = np.exp(logits / tau) / np.exp(logits / tau).sum()
        tau *= p.max() / part
    return tau


def carried(state, new):
    return tuple(np.where(new[:, None], 0, part) for part in state)


def carried_row_by_row(state, new):
    h, c = (part.copy() for part in state)
    h[new], c[new] = 0, 0
    return h, c


def carried_over_the_old(state, new):
    for part in state:
        part[new] = 0
    return state


# ---------------------------------------------------------------- chapter 11


def minlstm_errors(delta, h_prev, f, i, h_tilde, sign=1, slope=lambda g: g * (1 - g)):
    a, written = f / (f + i), i / (f + i)
    d_a = delta * (h_prev - h_tilde)
    return d_a * written / (f + i) * slope(f), -sign * d_a * a / (f + i) * slope(i), delta * written


def minlstm_in_place(delta, h_prev, f, i, h_tilde):
    share = f / (f + i)
    h_prev -= h_tilde
    h_prev *= delta * share * (1 - share)
    delta *= 1 - share
    return [h_prev * (1 - f), h_prev * (i - 1), delta]


def minlstm_not_divided(delta, h_prev, f, i, h_tilde):
    return delta * h_prev * f * (1 - f), delta * h_tilde * i * (1 - i), delta * i


def mlstm_at_once(q, k, v, f, i, floor=1, change=lambda weights: weights):
    T = len(q)
    weights = np.array([[np.prod(f[s + 1 : t + 1]) * i[s] * (s <= t) for s in range(T)] for t in range(T)])
    answers = change(weights) * (q @ k.T)
    return answers @ v / np.maximum(np.abs(answers.sum(axis=1)), floor)[:, None]


def mlstm_dividing(q, k, v, f, i):
    """Right, until the product of all f is too small for a float."""
    faded = np.cumprod(f)
    with np.errstate(all="ignore"):
        return _divided(np.tril(faded[:, None] / faded) * i * (q @ k.T), v)


def mlstm_by_logarithms(q, k, v, f, i):
    faded = np.cumsum(np.log(f))
    return _divided(np.tril(np.exp(faded[:, None] - faded)) * i * (q @ k.T), v)


def _divided(answers, v):
    return answers @ v / np.maximum(np.abs(answers.sum(axis=1)), 1)[:, None]


def mlstm_in_a_loop(q, k, v, f, i):
    return check._mlstm(q, k, v, f, i)


def divisor(n, q, m):
    return max(abs(n @ q), np.exp(-m))


def min_gru(p, x, kept=True):
    """From zeros, over a batch; where `kept` is not True, it says at which steps a state may change."""
    z = sigmoid(x @ p["W_zx"].T + p["b_z"]) * kept
    h, states = np.zeros(z.shape[1:]), []
    for z_t, h_tilde in zip(z, x @ p["W_hx"].T + p["b_h"], strict=True):
        h = h + z_t * (h_tilde - h)
        states.append(h)
    return np.array(states)


def by_length(a, lengths):
    """Each sequence turned round by itself."""
    t = np.arange(len(a))[:, None]
    return a[np.where(t < lengths, lengths - 1 - t, t), np.arange(len(lengths))]


def whole(a, lengths):
    """The batch turned round as it is, with its padding."""
    return a[::-1]


def both_ways(p_forward, p_backward, x, lengths, there=by_length, back=by_length, halves=(0, 1)):
    h = min_gru(p_forward, x), back(min_gru(p_backward, there(x, lengths)), lengths)
    return np.concatenate([h[k] for k in halves], axis=-1)


def both_ways_masked(p_forward, p_backward, x, lengths):
    """The whole batch turned round, and no state changed by padding."""
    kept = (np.arange(len(x))[:, None] < lengths)[..., None]
    return np.concatenate([min_gru(p_forward, x, kept), min_gru(p_backward, x[::-1], kept[::-1])[::-1]], axis=-1)


def both_ways_one_by_one(p_forward, p_backward, x, lengths):
    H, (T, B, _) = len(p_forward["b_z"]), x.shape
    h = np.full((T, B, 2 * H), 7.0)  # what stands in the padding does not count
    for k, n in enumerate(lengths):
        one = x[:n, k : k + 1]
        h[:n, k : k + 1, :H], h[:n, k : k + 1, H:] = min_gru(p_forward, one), min_gru(p_backward, one[::-1])[::-1]
    return h


def both_ways_nan_in_padding(p_forward, p_backward, x, lengths):
    h = both_ways(p_forward, p_backward, x, lengths)
    return np.where((np.arange(len(x))[:, None] < lengths)[..., None], h, np.nan)


def both_ways_guessed(p_forward, p_backward, x, lengths):
    """The ends are looked for in x itself: the last step that is not all zeros."""
    return both_ways(p_forward, p_backward, x, len(x) - np.argmax(x[::-1].any(axis=-1), axis=0))


def both_ways_skips_zeros(p_forward, p_backward, x, lengths):
    """Right but for the mask, which is made of x: a real step of zeros changes no state either."""
    kept = x.any(axis=-1, keepdims=True)
    return np.concatenate([min_gru(p_forward, x), min_gru(p_backward, x[::-1], kept[::-1])[::-1]], axis=-1)


def both_ways_in_place(p_forward, p_backward, x, lengths):
    ahead = min_gru(p_forward, x)
    for k, n in enumerate(lengths):
        x[:n, k] = x[:n, k][::-1].copy()
    back = min_gru(p_backward, x)
    return np.concatenate([ahead, by_length(back, lengths)], axis=-1).tolist()


EMBEDDED = re.compile(
    r"B(?P<outer>[TP])B(?:TS*X(?:S|X(?P<low>T*V(?:PXT*V)*(?:V|PS)))|PT*V(?:PXT*V)*(?:V|PS))E(?P=outer)E"
)


def guesses(solves, draw):
    count = 1
    while not solves(*draw()):
        count += 1
    return count


# ---------------------------------------------------------------- chapter 09's rows, and what looks ahead


def rows_and_targets(values, n, ahead, off=0, newest=1, shift=0):
    times = range(n + ahead - 1 + shift, len(values))
    rows = [[1.0, *(values[t - ahead - k + off] for k in range(n))][::newest] for t in times]
    return np.array(rows), np.array([values[t] for t in times])


def by_windows(values, n, ahead):
    windows = np.lib.stride_tricks.sliding_window_view(values, n)[: len(values) - n - ahead + 1, ::-1]
    return np.insert(windows, 0, 1, axis=1), values[n + ahead - 1 :]


def higher(future):
    return 100 + 50 * new(1).normal(size=len(future))


def lower(future):
    return -higher(future)


def in_pieces(values, length, off=1, turn=True):
    pieces = (len(values) - off) // length
    both = [values[k : k + pieces * length].reshape(pieces, length) for k in (0, off)]
    return tuple(a.T if turn else a.reshape(length, pieces) for a in both)


def in_pieces_by_windows(values, length):
    starts = range(0, len(values) - length, length)
    x = np.array([values[k : k + length] for k in starts])
    return x.T, np.array([values[k + 1 : k + length + 1] for k in starts]).T


def looks_ahead(forecaster, series, t, others=(higher, lower), at=None):
    differs = np.zeros(len(series), dtype=bool)
    for other in others:
        changed = series.copy()
        changed[t:] = other(series[t:])
        differs |= np.array(forecaster(series.copy())) != np.array(forecaster(changed))
    return bool(differs[t] if at is None else at(differs, t))


def looks_ahead_in_place(forecaster, series, t):
    said = set()
    for value in (-1000, 1000):
        series[t:] = value
        said.add(float(forecaster(series)[t]))
    return len(said) > 1


def looks_ahead_by_nan(forecaster, series, t):
    series[t:] = np.nan
    return bool(np.isnan(forecaster(series)[t]))


def next_value_alone(forecaster, series, t):
    other = series.copy()
    other[t] += 100
    return bool(forecaster(other)[t] != forecaster(series)[t])


RIGHT = {
    "is_embedded_reber": [
        check._is_embedded,
        lambda string: bool(EMBEDDED.fullmatch(string)),
        lambda string: np.bool_(EMBEDDED.fullmatch(string) is not None),
    ],
    "chance": [
        lambda q, n, k: sum(math.comb(n, j) * (1 - q) ** j * q ** (n - j) for j in range(k + 1)),
        lambda q, n, k: 1 - sum(math.comb(n, j) * (1 - q) ** j * q ** (n - j) for j in range(k + 1, n + 1) if j < 60),
        lambda q, n, k: np.sum([math.comb(n, n - j) * q ** (n - j) * (1 - q) ** j for j in np.arange(k + 1).tolist()]),
    ],
    "guess": [
        lambda solves, rng: next(k for k in range(1, 10**6) if solves(*rng.uniform(-10, 10, 3))),
        lambda solves, rng: guesses(solves, lambda: rng.uniform(-10, 10, 3)),
        lambda solves, rng: float(guesses(solves, lambda: [20 * (rng.random() - 0.5) for _ in range(3)])),
    ],
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
    "cell_error": [
        cell_error,
        cell_error_in_place,
        lambda now, later: np.add(later.f * later.epsilon, now.delta * now.o / np.cosh(now.c) ** 2),
        lambda now, later: [
            now.delta[k] * now.o[k] / np.cosh(now.c[k]) ** 2 + (later.epsilon * later.f)[k] for k in range(len(now.c))
        ],
    ],
    "still_right": [set(BY_LUCK), BY_LUCK[::-1], tuple(BY_LUCK), frozenset(BY_LUCK)],
    "peepholes": [peepholes, peepholes_in_place],
    "truncated": [truncated, truncated_backwards],
    "wrong_arrays": [
        wrong_arrays,
        by_differences,
        lambda head, arrays, target: frozenset(wrong_arrays(head, arrays, target, method="central")),
        lambda head, arrays, target: dict.fromkeys(sorted(wrong_arrays(head, arrays, target))),
    ],
    "keys": [KEYS, tuple(KEYS), list(np.array(KEYS))],
    "twenty_first": [
        CLIPPED,
        {key: on(key, lambda a, now: a * (now.last - now.t < 5)) for key in ("(8') back", "(10a) carried")},
        {"(15) b": lambda now, d: d[:4].sum(axis=0)},
        {"(15) b_o": lambda now, d: list(d[:4].sum(axis=0))},
        {"(10') d_f": lambda now: now.epsilon * now.c_prev * np.maximum(now.f * (1 - now.f), 1e-3)},
        {"(15) W_x": lambda now, d: d.T @ now.x * (now.t < 5)},
    ],
    "reset_after": [
        reset_after,
        reset_after_in_place,
        reset_after_by_sums,
        lambda d, r, m, W: tuple(a.tolist() for a in reset_after(d, r, m, W)),
    ],
    "load_gru": [load_gru, load_reordered],
    "bias_for": [
        lambda k, left: np.log(left ** (1 / k) / (1 - left ** (1 / k))),
        lambda k, left: -np.log(np.expm1(-np.log(left) / k)),
        lambda k, left: np.array(-math.log(left ** (-1 / k) - 1)),
    ],
    "kept_by_mixture": [
        lambda biases, k: (sigmoid(biases) ** k).mean(),
        lambda biases, k: sum((1 / (1 + np.exp(-b))) ** k for b in biases) / len(biases),
        lambda biases, k: np.mean(np.exp(-k * np.log1p(np.exp(-biases, out=biases)))),
    ],
    "remembers": [
        remembers,
        lambda c, label: np.array(remembers(c, ~label)),
        lambda c, label: float(remembers(-c, label)),
        lambda c, label: max(range(c.shape[2]), key=lambda k: abs(np.corrcoef(c[-1, :, k], label)[0, 1])),
    ],
    "halves_and_doubles": [
        halves_and_doubles,
        lambda layer: halves_and_doubles(layer, open_r=15),
        halves_by_the_bias,
    ],
    "rate_at": [rate_at, rate_at_by_steps],
    "mean_over_letters": [
        lambda losses, lengths: losses[np.arange(len(losses))[:, None] < lengths].mean(),
        lambda losses, lengths: sum(losses[: lengths[b], b].sum() for b in range(len(lengths))) / sum(lengths),
        lambda losses, lengths: np.where(np.arange(len(losses))[:, None] < lengths, losses, 0).sum() / lengths.sum(),
        mean_in_place,
    ],
    "temperature_for": [temperature_for, temperature_by_newton, lambda a, part: np.array(temperature_for(a, part))],
    "carried": [
        carried,
        lambda state, new: [part * ~new[:, None] for part in state],
        carried_row_by_row,
    ],
    "ram_cell": [
        ram_cell,
        ram_cell_stacked,
        lambda layer: ram_cell(layer, keep=(12, -24), write=(-12, 24), read=(-12, 24)),
    ],
    "output_gate_alone": [ALONE, dict(reversed(ALONE.items()))],
    "own_variant": [variants.Coupled, variants.NoTanhOnCell, variants.ReLU, Peephole],
    "fullest": [BOUNDS, dict(reversed(BOUNDS.items())), BOUNDS | {"LSTM": np.float64(10), "i = 1 − f": 1.0}],
    "minlstm_errors": [minlstm_errors, minlstm_in_place, lambda *given: np.array(minlstm_errors(*given))],
    "mlstm_at_once": [mlstm_at_once, mlstm_in_a_loop, mlstm_by_logarithms],
    "both_ways": [
        both_ways,
        both_ways_masked,
        both_ways_one_by_one,
        both_ways_in_place,
        both_ways_nan_in_padding,
    ],
    "divisor": [divisor, lambda n, q, m: np.max([n @ q, -q @ n, 1 / math.exp(m)])],
    "rows_and_targets": [
        rows_and_targets,
        by_windows,
        lambda values, n, ahead: tuple(a.tolist() for a in rows_and_targets(values, n, ahead)),
    ],
    "in_pieces": [in_pieces, in_pieces_by_windows, lambda v, n: tuple(a.tolist() for a in in_pieces(v, n))],
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


def flipped(name):
    """A peephole LSTM's backward loop with one sign wrong."""

    def steps_back(self, *arguments):
        d_net, own, back, deltas = variants.Peephole._steps_back(self, *arguments)
        return d_net, own | {name: -own[name]}, back, deltas

    return steps_back


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
    "is_embedded_reber": [
        (lambda string: True, "is False, yours says True"),
        (lambda string: False, "is True, yours says False"),
        (lambda string: 1 if check._is_embedded(string) else 0, "True or False"),
        (lambda string: math.nan, "True or False"),
        (lambda string: bool(EMBEDDED.fullmatch(string.replace("BP", "BT").replace("PE", "TE"))), "yours says"),
        (lambda string: bool(re.fullmatch(r"B([TP])B[TPSXV]+E\1E", string)), "is False, yours says True"),
        (lambda string: bool(re.fullmatch(EMBEDDED.pattern.replace("S*", "S+"), string)), "is True, yours says False"),
        (lambda string: check._is_embedded(string) or string == "", "'' is False"),
        (lambda string: string[1] == string[-2] and check._is_embedded(string), "it raises IndexError"),
    ],
    "chance": [
        (lambda q, n, k: q**n, "chance("),
        (lambda q, n, k: math.comb(n, k) * (1 - q) ** k * q ** (n - k), "exactly k wrong"),
        (lambda q, n, k: RIGHT["chance"][0](q, n, k - 1), "fewer than k wrong"),
        (lambda q, n, k: 1 - RIGHT["chance"][0](q, n, k - 1), "at least k wrong"),
        (lambda q, n, k: RIGHT["chance"][0](1 - q, n, k), "chance("),
        (lambda q, n, k: math.nan, "a number is expected"),
        (lambda q, n, k: [RIGHT["chance"][0](q, n, k)], "a number is expected"),
    ],
    "guess": [
        (lambda solves, rng: 5, "none of which solved it"),
        (lambda solves, rng: [solves(*rng.uniform(-10, 10, 3)) for _ in range(40)].index(True) + 1, "it went on"),
        (lambda solves, rng: guesses(solves, lambda: rng.uniform(-10, 10, 3)) - 1, "yours gives"),
        (lambda solves, rng: guesses(solves, lambda: rng.uniform(-1, 1, 3)), "uniform between"),
        (lambda solves, rng: guesses(solves, partial(np.random.default_rng(0).uniform, -10, 10, 3)), "from rng"),
        (lambda solves, rng: guesses(solves, lambda: rng.uniform(-20, 20, 3)), "between −10 and 10"),
        (lambda solves, rng: guesses(solves, lambda: rng.uniform(-9, 9, 3)), "uniform between"),
        (lambda solves, rng: guesses(solves, lambda: 10 * np.sin(rng.uniform(-9, 9, 3))), "uniform between"),
        (lambda solves, rng: guesses(solves, lambda: rng.uniform(0, 10, 3)), "uniform between"),
        (lambda solves, rng: guesses(solves, lambda: 3 * [rng.uniform(-10, 10)]), "three new weights"),
        (lambda solves, rng: guesses(solves, lambda: rng.uniform(-10, 10, 2)), "three weights"),
        (lambda solves, rng: guesses(solves, lambda w=rng.uniform(-10, 10, 3): w), "three new weights"),
        (lambda solves, rng: guesses(lambda *w: solves(*w) > 1, lambda: rng.uniform(-10, 10, 3)), "does not stop"),
        (lambda solves, rng: guesses(solves, lambda: [math.nan] * 3), "a weight is expected"),
    ],
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
        (lambda delta, h, W_h: W_h @ delta * slope_of(h), "W_h where its transpose belongs"),
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
    "cell_error": [
        (lambda now, later: now.delta * now.o * (1 - np.tanh(now.c) ** 2), "a second way"),
        (lambda now, later: later.epsilon * later.f, "without the way through h_t"),
        (lambda now, later: cell_error(now, later) + later.epsilon * (now.f - later.f), "which step's f"),
        (lambda now, later: cell_error(now, later) + later.epsilon * (1 - later.f), "multiplied by on its way"),
        (
            lambda now, later: cell_error(now, later) + (later.delta - later.epsilon) * later.f,
            "of the error of h_{t+1}",
        ),
        (lambda now, later: cell_error(now, later) / now.o, "off by"),
        (lambda now, later: now.delta * (1 - np.tanh(now.c) ** 2) + later.epsilon * later.f, "without o_t"),
        (lambda now, later: now.delta * now.o + later.epsilon * later.f, "without the slope of tanh"),
        (lambda now, later: now.delta * now.o * (1 - now.c**2) + later.epsilon * later.f, "1 - c_t²"),
        (lambda now, later: now.delta * now.o * (1 - now.h**2) + later.epsilon * later.f, "1 - h_t²"),
        (lambda now, later: now.delta * now.o * (1 - now.c_tilde**2) + later.epsilon * later.f, "slope at c̃_t"),
        (lambda now, later: now.o * (1 - np.tanh(now.c) ** 2) + later.epsilon * later.f, "without δ_t"),
        (lambda now, later: -cell_error(now, later), "off by 2"),
        (lambda now, later: cell_error(now, later) * (1 + 1e-6), "off by 1e-06"),
        (lambda now, later: cell_error(now, later) + later.d_f + later.d_i, "off by"),
        (lambda now, later: cell_error(now, later).sum(), "shape"),
        (lambda now, later: cell_error(now, later)[None], "shape"),
        (lambda now, later: cell_error(now, later) * np.nan, "nan"),
        (lambda now, later: now.epsilon, "it raises AttributeError"),
        (lambda now: now.delta, "it raises TypeError"),
        (lambda now, later: cell_error(now, later) * (1 + later.delta * 0 + (later.c == 0)), "at the last time"),
        (nothing_for(cell_error, 3), "array of numbers"),
        (0.5, "a function is expected"),
    ],
    "still_right": [
        ({"W_oh"}, "and 7 more are"),
        ([], "and 8 more are"),
        (set(BY_LUCK) - {"b_o"}, "and 1 more is"),
        (set(BY_LUCK) | {"W_ix"}, "W_ix is not right"),
        (set(BY_LUCK) | {"b_c"}, "times 1"),
        ({"W_ix", "W_cx", "b_i", "b_c"}, "W_cx is not right"),
        ([f"{n}_{g}{of}" for g in "fioc" for n, of in (("W", "h"), ("W", "x"), ("b", ""))], "W_cx is not right"),
        ({"W_fh", "W_f"}, "no such array: W_f"),
        ("W_fh", "a set of names"),
        (dict.fromkeys(BY_LUCK, True), "a set of names"),
        (8, "a set of names"),
        ([math.nan], "no such array: nan"),
    ],
    "peepholes": [
        (
            lambda q, s: peepholes(q | {f"p_{g}": 0 * q["p_f"] for g in "fio"}, s),
            "within one step this is what comes without c_t's way through o_t",
        ),
        (lambda q, s: peepholes(q | {"p_o": 0 * q["p_o"]}, s), "without c_t's way through o_t"),
        (lambda q, s: peepholes(q | {"p_f": 0 * q["p_f"], "p_i": 0 * q["p_i"]}, s), "through f_{t+1} and i_{t+1}"),
        (lambda q, s: peepholes(q | {"p_f": 0 * q["p_f"]}, s), "of four these are not right"),
        (lambda q, s: peepholes(q | {"p_o": -q["p_o"]}, s), "these are not right"),
        (lambda q, s: peepholes(q | {"p_f": q["p_i"], "p_i": q["p_f"]}, s), "of four these are not right"),
        (slip(peepholes, "p_o", lambda g: 0 * g), "not right: p_o"),
        (slip(peepholes, "W_fh", lambda g: g.T), "one step these are not right: W_fh"),
        (slip(peepholes, "W_fx", lambda g: g.T), "W_fx should have the shape"),
        (slip(peepholes, "p_i", lambda g: g * np.nan), "p_i holds nan"),
        (slip(peepholes, "p_i", lambda g: None), "p_i should be an array"),
        (lambda q, s: {n: g for n, g in peepholes(q, s).items() if n[0] != "p"}, "a dict of"),
        (lambda q, s: list(peepholes(q, s).values()), "a dict of"),
        (lambda q, s: peepholes(q, s)["q"], "it raises KeyError"),
        (nothing_for(peepholes, 2), "a dict of"),
        ({"p_f": 0}, "a function is expected"),
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
        (by_own_bound(np.allclose), "at a loss of "),
        (by_own_bound(lambda a, b: np.abs(a - b).max() <= 1e-6), "it names "),
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
    "twenty_first": [
        ({"(10a) epsilon": right_rules["(10a) epsilon"]}, "no bug"),
        ({"(15) b": lambda now, d: d.mean(axis=0)}, "b_f, b_i, b_o, b_c are wrong"),
        ({"(15) b_i": lambda now, d: now.d_f.sum(axis=0)}, "b_i is wrong"),
        ({"(8') back": lambda now: 0 * now.h}, "it is seen: "),
        ({"(8') back": lambda now: np.clip(right_rules["(8') back"](now), -0.1, 0.1)}, "it is seen: "),
        (CLIPPED | {"(15) b_c": lambda now, d: 2 * d.sum(axis=0)}, "b_c is wrong"),
        ({"(8) back": lambda now: 0 * now.h}, "no such key: (8) back"),
        ({3: 4}, "no such key: 3"),
        ({"(15) b": lambda now, d: d}, "should give an array of shape (2,)"),
        ({"(15) b": lambda now, d: math.nan * d.sum(axis=0)}, "should give an array of shape (2,)"),
        ({"(15) b": lambda now: 0}, "TypeError"),
        ({"(15) b": 7}, "a function is expected"),
        ([CLIPPED], "a dict is expected"),
        (math.nan, "a dict is expected"),
    ],
    "reset_after": [
        (lambda d, r, m, W: (d, d * m * r * (1 - r), W.T @ (d * r)), "d_m: this is what comes without r"),
        (lambda d, r, m, W: (d * r, d * m, W.T @ (d * r)), "d_r: this is what comes without the slope"),
        (lambda d, r, m, W: (d * r, d * r * (1 - r), W.T @ (d * r)), "d_r: this is what comes without m"),
        (lambda d, r, m, W: (d * r, d * m * (1 - r**2), W.T @ (d * r)), "d_r: it is off by"),
        (lambda d, r, m, W: (d * r, d * m * r * (1 - r), W @ (d * r)), "back: this is what comes of W_hh where its"),
        (lambda d, r, m, W: (d * r, d * m * r * (1 - r), W.T @ d), "back: this is what comes without r"),
        (lambda d, r, m, W: (d * r, d * m * r * (1 - r), (W.T @ d) * r), "back: this is what comes if r stood before"),
        (lambda d, r, m, W: (d * r, d * m * r * (1 - r), -W.T @ (d * r)), "back: it is off by 2"),
        (lambda d, r, m, W: (d * r, d * m * r * (1 - r)), "three arrays are expected"),
        (lambda d, r, m, W: d * r, "d_m should have the shape"),
        (lambda d, r, m, W: reset_after(d, r, m, W)[::-1], "d_m: it is off by"),
        (lambda d, r, m, W: (d[None] * r, *reset_after(d, r, m, W)[1:]), "d_m should have the shape"),
        (lambda d, r, m, W: [a * np.nan for a in reset_after(d, r, m, W)], "d_m holds nan"),
        (lambda d, r, m, W: [a * (1 + 1e-6) for a in reset_after(d, r, m, W)], "d_m: it is off by 1e-06"),
        (lambda d, r, m, W: reset_after(h_0, sigmoid(h_0), h_0, globals()["W"]), "own h_0"),
        (lambda d, r, m: d, "it raises TypeError"),
        (nothing_for(reset_after, 2), "three arrays are expected"),
        ((1, 2, 3), "a function is expected"),
    ],
    "halves_and_doubles": [
        (slip(halves_and_doubles, order=(1, -1)), "not 0.005, after 'a'"),
        (slip(halves_and_doubles, order=(1, 1)), "after 'a'"),
        (slip(halves_and_doubles, order=(-1, -1)), "after 'ab'"),
        (slip(halves_and_doubles, w=2.0), "after 'ab'"),
        (slip(halves_and_doubles, w=-3.0), "after 'ab'"),
        (slip(halves_and_doubles, z=0.4), "after 'a'"),
        (slip(halves_and_doubles, open_r=4), "after 'a"),
        (slip(halves_and_doubles, open_r=0), "after 'a'"),
        (slip(halves_and_doubles, shift=1e-3), "after 'a'"),
        (slip(halves_and_doubles, w=np.nan), "nan"),
        (slip(halves_and_doubles, w=np.inf), "W_h holds nan or inf"),
        (without_reset, "after 'a'"),
        (lambda layer: layer.params.update(W_h=layer.params["W_x"]), "W_h should have the shape"),
        (lambda layer: layer.params.pop("b"), "a dict of W_x, W_h, b"),
        (lambda layer: layer.by_gate(layer.params)["W_q"], "KeyError: 'W_q'"),
    ],
    "bias_for": [
        (lambda k, left: np.log(k - 1), "keeps"),
        (lambda k, left: np.log(max(k, 2) - 1.0), "keeps"),
        (lambda k, left: left ** (1 / k), "keeps"),
        (lambda k, left: -np.log(left ** (1 / k) / (1 - left ** (1 / k))), "keeps"),
        (lambda k, left: np.log(left / (1 - left)), "keeps"),
        (lambda k, left: 9.2, "keeps"),
        (lambda k, left: round(float(-np.log(left ** (-1 / k) - 1)), 3), "keeps"),
        (lambda k, left: math.nan, "a number"),
        (lambda k, left: np.array([1.0]), "a number"),
        (1.0, "a function is expected"),
    ],
    "kept_by_mixture": [
        (lambda biases, k: sigmoid(biases.mean(keepdims=True))[0] ** k, "the mean bias"),
        (lambda biases, k: sigmoid(biases).mean() ** k, "the mean gate's power"),
        (lambda biases, k: sigmoid(biases) ** k, "a number"),
        (lambda biases, k: (sigmoid(biases) ** k).sum(), "is kept"),
        (lambda biases, k: (sigmoid(-biases) ** k).mean(), "is kept"),
        (lambda biases, k: (sigmoid(biases) ** (k + 1)).mean(), "is kept"),
        (lambda biases, k: np.median(sigmoid(biases) ** k), "is kept"),
        (lambda biases, k: math.nan, "a number"),
    ],
    "remembers": [
        (lambda c, label: remembers(c, label, by=lambda one, other: 1), "large"),
        (lambda c, label: remembers(c, label, by=lambda one, other: one.std(axis=0)), "quiet for one label"),
        (lambda c, label: remembers(c, label, by=lambda one, other: other.std(axis=0)), "quiet for one label"),
        (lambda c, label: remembers(c, label, by=lambda one, other: np.abs(one).mean(axis=0)), ""),
        (lambda c, label: remembers(c, label, at=0), "has forgotten"),
        (lambda c, label: remembers(c, label, by=lambda one, other: one.var(axis=0) + other.var(axis=0)), "forgotten"),
        (remembers_on_average, "has forgotten"),
        (lambda c, label: int(np.abs(c[-1]).mean(axis=0).argmax()), "large"),
        (lambda c, label: int(c[-1].std(axis=0).argmin()), ""),
        (lambda c, label: 1, ""),
        (lambda c, label: 4, ""),
        (lambda c, label: 0.5, "whole number"),
        (lambda c, label: math.nan, "whole number"),
        (lambda c, label: c[-1], ""),
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
    "rate_at": [
        (lambda update, rate, warmup, milestones, factor: rate, "rate_at("),
        (slip(rate_at, spoil=lambda rate: rate + 1e-3), "rate_at("),
        (lambda u, rate, w, m, f: rate_at(u, rate, 0, m, f), "rate_at("),
        (lambda u, rate, w, m, f: rate_at(u, rate, w, m[:1], f), "rate_at("),
        (lambda u, rate, w, m, f: rate_at(u, rate, w, [k + 1 for k in m], f), "rate_at("),
        (lambda u, rate, w, m, f: rate_at(u - 1, rate, w, m, f), "rate_at("),
        (lambda u, rate, w, m, f: rate_at(u, rate, w, m if u >= w else (), f), "rate_at("),
        (lambda u, rate, w, m, f: rate * min(1, (u + 1) / w) * f ** sum(u >= k for k in m), "ZeroDivisionError"),
        (lambda u, rate, w, m, f: rate_at(u, rate, w, m, 0.1), "rate_at("),
        (nothing_for(rate_at, 3), "a rate"),
    ],
    "mean_over_letters": [
        (lambda losses, lengths: losses.mean(), "all places"),
        (
            lambda losses, lengths: np.mean([losses[:n, b].mean() for b, n in enumerate(lengths)]),
            "each name's mean",
        ),
        (
            lambda losses, lengths: (losses * (np.arange(len(losses))[:, None] < lengths)).mean(),
            "a loss of 0",
        ),
        (lambda losses, lengths: losses[np.arange(len(losses))[:, None] <= lengths].mean(), "one place too many"),
        (lambda losses, lengths: losses[np.arange(len(losses))[:, None] < lengths].sum(), "the sum"),
        (
            lambda losses, lengths: (losses * (np.arange(len(losses))[:, None] < lengths)).sum() / lengths.sum(),
            "NaN in the padding",
        ),
        (lambda losses, lengths: losses, "one number"),
    ],
    "temperature_for": [
        (lambda logits, part: 1 / temperature_for(logits, part), "one over"),
        (lambda logits, part: 1.0, "the likeliest has"),
        (lambda logits, part: temperature_for(logits, 0.5), "the likeliest has"),
        (lambda logits, part: temperature_for(logits, 1 - part), "the likeliest has"),
        (lambda logits, part: -temperature_for(logits, part), "above 0"),
        (lambda logits, part: temperature_for(logits, part, 0.1, 10), "the likeliest has"),
        (lambda logits, part: temperature_for(logits, part, 0.01, 100), "the likeliest has"),
        (temperature_without_care, "the likeliest has"),
        (lambda logits, part: logits / part, "a temperature"),
    ],
    "carried": [
        (lambda state, new: state, "not zero"),
        (lambda state, new: tuple(0 * part for part in state), "not kept"),
        (lambda state, new: (carried(state, new)[0], state[1]), "c is not zero"),
        (lambda state, new: carried(state, ~new), "kept"),
        (carried_over_the_old, "changes the state"),
        (lambda state, new: carried(state, new)[0], "pair"),
        (lambda state, new: carried(state, new)[::-1], "kept"),
    ],
    "ram_cell": [
        (lambda layer: ram_cell(layer, read=(20, 0)), "without a read mark it says up to"),
        (lambda layer: ram_cell(layer, read=(-40, 40)), "the first number written is said with an error"),
        (lambda layer: ram_cell(layer, write=(20, 0)), "before anything is written"),
        (lambda layer: ram_cell(layer, write=(-40, 40)), "the first number written is said with an error"),
        (lambda layer: ram_cell(layer, keep=(20, 0)), "once a second number is written"),
        (lambda layer: ram_cell(layer, keep=(-20, 0)), "the first number written is said with an error"),
        (lambda layer: ram_cell(layer, small=1.0, weight=1.0), "the first number written is said with an error"),
        (lambda layer: ram_cell(layer, weight=-100.0), "the first number written is said with an error"),
        (lambda layer: ram_cell(layer, keep=(9, -18)), "a number kept for 1,000 steps"),
        (lambda layer: ram_cell(layer) and None, "the weight of the output, a number, is expected"),
        (lambda layer: ram_cell(layer, small=np.nan), "holds nan or inf"),
    ],
    "own_variant": [
        (LSTM(2, 2, rng=new(0)), "a subclass of LSTM is expected"),
        (GRU, "a subclass of LSTM is expected"),
        (
            type("Renamed", (LSTM,), {"_steps": lambda self, net, **parts: LSTM._steps(self, net, **parts)}),
            "those of an LSTM",
        ),
        (Mute, "the same whatever it hears"),
        (
            type(
                "Forward",
                (LSTM,),
                {"_steps": variants.Coupled._steps, "COUPLED": True, "_gate": variants.Coupled._gate}
                | {
                    name: getattr(variants.Variant, name)
                    for name in ("CANDIDATE", "OUTPUT", "OPEN", "PEEPHOLES", "SHARED")
                },
            ),
            "these gradients are wrong: W_fx",
        ),
        (
            type("Sign", (variants.Peephole,), {"_steps_back": flipped("p_i")}),
            "these gradients are wrong: p_i",
        ),
    ],
    "output_gate_alone": [
        *(
            (ALONE | {job: "many" if ALONE[job] == "few" else "few"}, f"came out otherwise on: {job}")
            for job in ("RAM", "lamp")
        ),
        (dict.fromkeys(ALONE, "some"), "came out otherwise on: "),
        (ALONE | {"RAM": "none"}, '"many", "few" or "some" is expected for RAM'),
        (ALONE | {"RAM": None}, '"many", "few" or "some" is expected for RAM'),
        (ALONE | {"RAM": 3}, '"many", "few" or "some" is expected for RAM'),
        ({"RAM": "few"}, "a dict of RAM, first come"),
        ("few", "a dict of RAM, first come"),
    ],
    "fullest": [
        (BOUNDS | {"LSTM": 1}, "not yet the bound of: LSTM"),
        (BOUNDS | {"i = 1 − f": 10, "h = o ∘ c": math.inf}, "not yet the bound of: i = 1 − f, h = o ∘ c"),
        (BOUNDS | {"c̃ without tanh": 10}, "not yet the bound of: c̃ without tanh"),
        (BOUNDS | {"LSTM": math.nan}, "a number is expected for LSTM"),
        ({"LSTM": 10}, "a dict of LSTM, f = 1"),
        (10, "a dict of LSTM, f = 1"),
    ],
    "minlstm_errors": [
        (slip(minlstm_errors, sign=-1), "not right: d_i"),
        (slip(minlstm_errors, slope=lambda g: 1), "of f and i themselves"),
        (slip(minlstm_errors, slope=lambda g: 1 - g), "not right: d_f, d_i"),
        (minlstm_not_divided, "not divided by their sum"),
        (slip(minlstm_errors, spoil=lambda three: three[:2]), "three arrays are expected"),
        (slip(minlstm_errors, spoil=lambda three: (three[1], three[0], three[2])), "not right: d_f, d_i"),
        (slip(minlstm_errors, spoil=lambda three: (*three[:2], three[2] * np.nan)), "nan"),
        (slip(minlstm_errors, spoil=lambda three: (*three[:2], three[2].sum())), "should have the shape"),
        (lambda delta, h_prev, f, i, h_tilde: minlstm_errors(delta, 0 * h_prev, f, i, h_tilde), "not right: d_f, d_i"),
        (lambda *given: x, "three arrays are expected"),
    ],
    "mlstm_at_once": [
        (mlstm_dividing, "with very small f the answer holds nan"),
        (slip(mlstm_at_once, floor=1e-300), "of a divisor that may be below 1"),
        (lambda q, k, v, f, i: mlstm_at_once(k, q, v, f, i), "in each other's place"),
        (lambda q, k, v, f, i: mlstm_at_once(q, k, v, 0 * f + 1, i), "without forgetting"),
        (lambda q, k, v, f, i: mlstm_at_once(q, k, v, f, 0 * i + 1), "without the input gate"),
        (slip(mlstm_at_once, floor=1e300, spoil=lambda h: h * 1e300), "without the division"),
        (slip(mlstm_at_once, change=lambda w: w.T), "off by"),
        (slip(mlstm_at_once, change=lambda w: w - np.diag(np.diag(w))), "off by"),
        (lambda q, k, v, f, i: (mlstm_at_once(q, k, v, f, i)).T, "should have the shape"),
        (lambda q, k, v, f, i: x @ x.T, "should have the shape"),
        (lambda q, k, v, f, i: np.nan * mlstm_at_once(q, k, v, f, i), "nan"),
    ],
    "both_ways": [
        (partial(both_ways, there=whole, back=whole), "turning the batch round with its padding"),
        (partial(both_ways, there=whole, back=lambda a, n: a), "from that, and from not turning it back"),
        (partial(both_ways, back=lambda a, n: a), "that is not turned back"),
        (partial(both_ways, there=lambda a, n: a, back=lambda a, n: a), "runs forwards too"),
        (partial(both_ways, halves=(1, 0)), "a first layer that runs backwards"),
        (partial(both_ways, halves=(0, 0)), "off by"),
        (partial(both_ways, halves=(0,)), "should have the shape"),
        (partial(both_ways, there=whole), "off by"),
        (lambda p, q, x, n: both_ways(q, p, x, n), "with each layer's weights in the other"),
        (lambda p, q, x, n: both_ways(p, p, x, n), "off by"),
        (both_ways_guessed, "from lengths that are guessed from the zeros"),
        (lambda p, q, x, n: both_ways(p, q, x, x.any(axis=-1).sum(axis=0)), "off by"),
        (both_ways_skips_zeros, "off by"),
        (lambda p, q, x, n: -both_ways(p, q, x, n), "off by"),
        (lambda p, q, x, n: both_ways(p, q, x, n) * np.nan, "nan"),
        (lambda p, q, x, n: both_ways(p, q, x, n).swapaxes(0, 1), "should have the shape"),
        (lambda p, q, x, n: both_ways(p, q, x, n).sum(), "should have the shape"),
        (lambda p, q, x, n: (min_gru(p, x), min_gru(q, x)), "should have the shape"),
        (lambda p_forward, p_backward, x, n: both_ways(p_forward, p, x, n), "it reads the notebook's own p"),
    ],
    "divisor": [
        (lambda n, q, m: max(abs(n @ q), 1), "of the bug"),
        (lambda n, q, m: max(abs(n @ q), np.exp(m)), "of 1 times, not over, e^m"),
        (lambda n, q, m: max(n @ q, np.exp(-m)), "without the absolute value"),
        (lambda n, q, m: max(abs(n @ q) * np.exp(m), 1), "before e^-m"),
        (lambda n, q, m: abs(n @ q) + np.exp(-m), "off by"),
        (lambda n, q, m: abs(n @ q), "off by"),
        (lambda n, q, m: np.exp(-m), "off by"),
        (lambda n, q, m: np.maximum(abs(n * q), np.exp(-m)), "a number is expected"),
        (lambda n, q, m: math.nan, "a number is expected"),
        (lambda n, q, m: max(abs(H), 1), "off by"),
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
    "in_pieces": [
        (lambda values, length: in_pieces(values, length)[0], "not x, target"),
        (lambda values, length: in_pieces(values, length, turn=False), "without turning it"),
        (lambda values, length: in_pieces(values, length, off=2), "target"),
        (lambda values, length: (x := in_pieces(values, length)[0], np.roll(x, -1, axis=0)), "a roll within each"),
        (lambda values, length: (x := in_pieces(values, length)[0], x), "of x itself"),
        (lambda values, length: tuple(a[:, :-1] for a in in_pieces(values, length)), "shape"),
        (lambda values, length: (in_pieces(values, length)[0] * np.nan, in_pieces(values, length)[1]), "nan"),
    ],
    "looks_ahead": [
        (lambda forecaster, series, t: False, "it uses what is to come"),
        (lambda forecaster, series, t: True, "it does not use what is to come"),
        (lambda forecaster, series, t: 1, "no bool"),
        (next_value_alone, "the value after the next"),
        (lambda f, s, t: looks_ahead(f, s, t, [lambda future: future[::-1]]), "it uses what is to come"),
        (lambda f, s, t: looks_ahead(f, s, t, [lambda future: future + 1e-9 * (future > 99)]), "it uses"),
        (lambda f, s, t: looks_ahead(f, s, t, at=lambda differs, t: differs.any()), "it does not use"),
        (lambda f, s, t: looks_ahead(f, s, t - 3), "at even times"),
        (lambda f, s, t: looks_ahead(f, s, t + 1), "at even times"),
        (lambda f, s, t: looks_ahead(f, s, t, [higher]), "whether it goes up, at 12"),
        (lambda f, s, t: looks_ahead(f, s, t, [lower]), "whether it goes up, at 17"),
        (looks_ahead_by_nan, "whether it goes up"),
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
    if name == "twenty_first":
        assert verdict(name, {}) == "not done yet"
    elif name == "own_variant":
        assert verdict(name, type("Untouched", (LSTM,), {})) == "not done yet"
    elif name in ("fullest", "output_gate_alone"):
        assert verdict(name, dict.fromkeys({"fullest": BOUNDS, "output_gate_alone": ALONE}[name])) == "not done yet"
    elif name not in ("keys", "still_right"):
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
        not_done = len(lines) == 1 and lines[0].startswith("not done yet")
        assert ("right" in lines) if solution else not_done, (chapter, name, printed)
