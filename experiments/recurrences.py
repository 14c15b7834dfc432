"""Layers of chapter 11: linear recurrences, whose gates do not see h, and an LSTM with exponential gates.

They go one step after the other, which is the quicker way for many small nets. The scan is here as well, for
benchmarks/scan.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from lstm_core import Array, Arrays, Generator, Record, Recurrent, sigmoid, sigmoid_prime, tanh, tanh_prime


def in_a_loop(a: Array, b: Array) -> Array:
    """h_t = a_t ∘ h_{t-1} + b_t from h_0 = 0, one step after the other (S1)."""
    h, state = np.empty_like(b), np.zeros_like(b[0])
    for t in range(len(b)):
        h[t] = state = a[t] * state + b[t]
    return h


def scan(a: Array, b: Array) -> Array:
    """The same in ⌈log₂ T⌉ sweeps: each puts every pair together with the one so many steps before it (S3)."""
    a, b, reach = a.copy(), b.copy(), 1
    while reach < len(a):
        b[reach:] += a[reach:] * b[:-reach]
        a[reach:] = a[reach:] * a[:-reach]
        reach *= 2
    return b


def backwards(how: Callable[[Array, Array], Array], a: Array, dh: Array) -> Array:
    """δ from the outputs' own errors, by the same means run backwards (S4)."""
    later = np.concatenate([a[1:], np.zeros_like(a[:1])])
    return how(later[::-1], dh[::-1])[::-1]


class MinGRU(Recurrent):
    """The GRU of Feng et al. 2024: z and h̃ see x alone, and no tanh. Equations (S2) and (S6); there is no W_h."""

    GATES = ("z", "h")
    SPAN = 1  # h is kept with 1 − SPAN · z: a number between 1 and 0

    def __init__(self, input_size: int, hidden_size: int, *, rng: Generator, dtype: Any = np.float64) -> None:
        super().__init__(input_size, hidden_size, rng=rng, dtype=dtype)
        del self.params["W_h"]

    def by_gate(self, arrays: Mapping[str, Array]) -> Arrays:
        (W_z, W_h), (b_z, b_h) = (np.split(arrays[name], 2) for name in ("W_x", "b"))
        return {"W_zx": W_z, "W_hx": W_h, "b_z": b_z, "b_h": b_h}

    def _stacked(self, blocks: Mapping[str, Array]) -> Arrays:
        W_z, W_h, b_z, b_h = (blocks[name] for name in ("W_zx", "W_hx", "b_z", "b_h"))
        return {"W_x": np.concatenate([W_z, W_h]), "b": np.concatenate([b_z, b_h])}

    def _steps(self, net: Array, h: Array, h_prev: Array) -> Arrays:
        z, h_tilde = np.split(net, 2, axis=-1)
        z[...] = sigmoid(z)  # (S2)
        a, b = 1 - self.SPAN * z, z * h_tilde
        for t in range(len(h)):
            h[t] = a[t] * h_prev[t] + b[t]  # (S1)
        return {"z": z, "h_tilde": h_tilde, "a": a}

    def _steps_back(self, trace: Record, delta: Array, back: Array) -> Any:
        for t in reversed(range(len(delta))):
            delta[t] += back  # (S4)
            back = trace.a[t] * delta[t]
        d_z = delta * (trace.h_tilde - self.SPAN * trace.h_prev) * sigmoid_prime(trace.z)  # (S6)
        d_h_tilde = delta * trace.z  # (S6)
        d_net = np.concatenate([d_z, d_h_tilde], axis=-1)
        return d_net, {}, (back,), {"h": delta, "z": d_z, "h_tilde": d_h_tilde}


class SignedMinGRU(MinGRU):
    """minGRU whose h is kept with 1 − 2z, a number between 1 and −1: it can turn the sign of what it holds."""

    SPAN = 2


class SLSTM(Recurrent):
    """The sLSTM of Beck et al. 2024, (S10) to (S12): exponential input gate, a normaliser n, a stabiliser m.

    Its state is (h, c, n, m). The error may come from h alone: then m needs no gradient, because h does not depend on
    it. From c and n of the final state, which are told in units of e^m, it may not.
    """

    GATES = ("f", "i", "o", "c")
    STATE = ("h", "c", "n", "m")

    def _steps(
        self, net: Array, h: Array, h_prev: Array, c: Array, c_prev: Array, n: Array, n_prev: Array, m: Array,
        m_prev: Array,
    ) -> Arrays:  # fmt: skip
        W_h = self.params["W_h"]
        net_f, net_i, o, c_tilde = np.split(net, 4, axis=-1)
        f, i = np.empty_like(h), np.empty_like(h)
        for t in range(len(h)):
            net[t] += h_prev[t] @ W_h.mT
            o[t], c_tilde[t] = sigmoid(o[t]), tanh(c_tilde[t])
            log_f = m_prev[t] + log_sigmoid(net_f[t])
            m[t] = np.maximum(log_f.real, net_i[t].real)  # (S11): any real number would do
            f[t], i[t] = np.exp(log_f - m[t]), np.exp(net_i[t] - m[t])  # (S11)
            c[t] = f[t] * c_prev[t] + i[t] * c_tilde[t]  # (S10)
            n[t] = f[t] * n_prev[t] + i[t]
            h[t] = o[t] * c[t] / n[t]
        return {"f": f, "i": i, "o": o, "c_tilde": c_tilde, "leaks": 1 - sigmoid(net_f)}

    def _steps_back(self, trace: Record, delta: Array, back_h: Array, back_c: Array, back_n: Array, _: Array) -> Any:
        f, i, o, c_tilde, W_h = trace.f, trace.i, trace.o, trace.c_tilde, self.params["W_h"]
        d_net = np.empty((*delta.shape[:-1], 4 * self.hidden_size))
        epsilon, nu = np.empty_like(delta), np.empty_like(delta)
        read = trace.c / trace.n
        d_f, d_i, d_o, d_c_tilde = np.split(d_net, 4, axis=-1)
        for t in reversed(range(len(delta))):
            delta[t] += back_h
            epsilon[t] = delta[t] * o[t] / trace.n[t] + back_c  # (S12)
            nu[t] = back_n - delta[t] * o[t] * read[t] / trace.n[t]
            d_o[t] = delta[t] * read[t] * sigmoid_prime(o[t])
            d_f[t] = (epsilon[t] * trace.c_prev[t] + nu[t] * trace.n_prev[t]) * f[t] * trace.leaks[t]
            d_i[t] = (epsilon[t] * c_tilde[t] + nu[t]) * i[t]
            d_c_tilde[t] = epsilon[t] * i[t] * tanh_prime(c_tilde[t])
            back_h, back_c, back_n = d_net[t] @ W_h, epsilon[t] * f[t], nu[t] * f[t]
        deltas = {"h": delta, "c": epsilon, "n": nu, "f": d_f, "i": d_i, "o": d_o, "c_tilde": d_c_tilde}
        back = back_h, back_c, back_n, np.zeros_like(back_h)
        return d_net, {"W_h": self._sum_outer(d_net, trace.h_prev)}, back, deltas


def log_sigmoid(a: Array) -> Array:
    """log σ(a), which is small and exact where σ is near 1, and does not overflow."""
    sign = np.where(a.real > 0, -1, 1)
    return np.where(sign > 0, a, 0) - np.log1p(np.exp(sign * a))
