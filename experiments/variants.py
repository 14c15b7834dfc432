"""Layers with a part left out or changed, each a few lines on lstm_core's; tests check every gradient of every one."""

from __future__ import annotations

from typing import Any

import numpy as np

from lstm_core import (
    ACTIVATIONS,
    LSTM,
    Array,
    Arrays,
    Generator,
    Record,
    Recurrent,
    sigmoid,
    sigmoid_prime,
    tanh,
    tanh_prime,
)


class NoReset(Recurrent):
    """A GRU without its reset gate: (18) with r = 1, two thirds of the parameters."""

    GATES = ("z", "h")

    def _steps(self, net: Array, h: Array, h_prev: Array) -> Arrays:
        W_h = self.params["W_h"]
        z, h_tilde = np.split(net, 2, axis=-1)
        for t in range(len(h)):
            net[t] += h_prev[t] @ W_h.mT
            z[t] = sigmoid(z[t])  # (16)
            h_tilde[t] = tanh(h_tilde[t])  # (18) with r = 1
            h[t] = (1 - z[t]) * h_prev[t] + z[t] * h_tilde[t]  # (19)
        return {"z": z, "h_tilde": h_tilde}

    def _steps_back(self, trace: Record, delta: Array, back: Array) -> Any:
        W_h, d_net = self.params["W_h"], np.empty((*delta.shape[:-1], 2 * self.hidden_size))
        d_z, d_h_tilde = np.split(d_net, 2, axis=-1)
        for t in reversed(range(len(delta))):
            delta[t] += back
            d_z[t] = delta[t] * (trace.h_tilde[t] - trace.h_prev[t]) * sigmoid_prime(trace.z[t])  # (20)
            d_h_tilde[t] = delta[t] * trace.z[t] * tanh_prime(trace.h_tilde[t])  # (21)
            back = delta[t] * (1 - trace.z[t]) + d_net[t] @ W_h
        own = {"W_h": self._sum_outer(d_net, trace.h_prev)}
        return d_net, own, (back,), {"h": delta, "z": d_z, "h_tilde": d_h_tilde}


class MGU(Recurrent):
    """The minimal gated unit of Zhou et al. 2016: a GRU whose reset gate is its update gate."""

    GATES = ("z", "h")

    def _steps(self, net: Array, h: Array, h_prev: Array) -> Arrays:
        W_zh, W_hh = np.split(self.params["W_h"], 2, axis=-2)
        z, h_tilde = np.split(net, 2, axis=-1)
        for t in range(len(h)):
            z[t] = sigmoid(z[t] + h_prev[t] @ W_zh.mT)  # (16)
            h_tilde[t] = tanh(h_tilde[t] + (z[t] * h_prev[t]) @ W_hh.mT)  # (18) with r = z
            h[t] = (1 - z[t]) * h_prev[t] + z[t] * h_tilde[t]  # (19)
        return {"z": z, "h_tilde": h_tilde}

    def _steps_back(self, trace: Record, delta: Array, back: Array) -> Any:
        W_zh, W_hh = np.split(self.params["W_h"], 2, axis=-2)
        z, h_tilde, h_prev = trace.z, trace.h_tilde, trace.h_prev
        d_net = np.empty((*delta.shape[:-1], 2 * self.hidden_size))
        d_z, d_h_tilde = np.split(d_net, 2, axis=-1)
        for t in reversed(range(len(delta))):
            delta[t] += back
            d_h_tilde[t] = delta[t] * z[t] * tanh_prime(h_tilde[t])  # (21)
            u = d_h_tilde[t] @ W_hh  # (22)
            d_z[t] = (delta[t] * (h_tilde[t] - h_prev[t]) + u * h_prev[t]) * sigmoid_prime(z[t])  # (20) and (23)
            back = delta[t] * (1 - z[t]) + u * z[t] + d_z[t] @ W_zh
        parts = self._sum_outer(d_z, h_prev), self._sum_outer(d_h_tilde, z * h_prev)
        return d_net, {"W_h": np.concatenate(parts, axis=-2)}, (back,), {"h": delta, "z": d_z, "h_tilde": d_h_tilde}


class Flow(LSTM):
    """An LSTM whose error goes back in time along some ways only: not its gradient, but what it can learn from."""

    ALONG_H = ALONG_C = True

    def _steps_back(self, trace: Record, delta: Array, back_h: Array, back_c: Array) -> Any:
        f, i, o, c_tilde, tanh_c, W_h = trace.f, trace.i, trace.o, trace.c_tilde, tanh(trace.c), self.params["W_h"]
        d_net, epsilon = np.empty((*delta.shape[:-1], 4 * self.hidden_size)), np.empty_like(delta)
        d_f, d_i, d_o, d_c_tilde = np.split(d_net, 4, axis=-1)
        for t in reversed(range(len(delta))):
            delta[t] += back_h * self.ALONG_H  # (8')
            epsilon[t] = delta[t] * o[t] * tanh_prime(tanh_c[t]) + back_c * self.ALONG_C  # (10a)
            d_o[t] = delta[t] * tanh_c[t] * sigmoid_prime(o[t])  # (9)
            d_f[t] = epsilon[t] * trace.c_prev[t] * sigmoid_prime(f[t])  # (10')
            d_i[t] = epsilon[t] * c_tilde[t] * sigmoid_prime(i[t])  # (11')
            d_c_tilde[t] = epsilon[t] * i[t] * tanh_prime(c_tilde[t])  # (12')
            back_h, back_c = d_net[t] @ W_h, epsilon[t] * f[t]
        deltas = {"h": delta, "c": epsilon, "f": d_f, "i": d_i, "o": d_o, "c_tilde": d_c_tilde}
        return d_net, {"W_h": self._sum_outer(d_net, trace.h_prev)}, (back_h, back_c), deltas


class HiddenOnly(Flow):
    """The recursion of the article, (8)–(12): from h to h, never along the cell."""

    ALONG_C = False


class CellOnly(Flow):
    """The truncation of 1997: back in time along the cell alone."""

    ALONG_H = False


class Variant(LSTM):
    """An LSTM in which a part is left out or changed: a subclass says which, and all else is as in LSTM."""

    OPEN = ""  # the gates that are 1 at every step
    COUPLED = False  # i = 1 − f in place of (2)
    SHARED = False  # one f, one i and one o for all cells: those of the first
    PEEPHOLES = False  # f and i see c_{t-1} too, o sees c_t
    SEE_X = SEE_H = "fioc"  # what sees x_t, and what sees h_{t-1}
    CANDIDATE = OUTPUT = "tanh"  # what bends net_c in (3), and the cell in (6)

    def __init__(self, input_size: int, hidden_size: int, *, rng: Generator, **options: Any) -> None:
        super().__init__(input_size, hidden_size, rng=rng, **options)
        if self.PEEPHOLES:
            self.params |= {f"p_{g}": rng.uniform(-0.5, 0.5, hidden_size).astype(self.dtype) for g in "fio"}

    def _steps(self, net: Array, h: Array, h_prev: Array, c: Array, c_prev: Array) -> Arrays:
        W_h, bend_new, bend_cell = self.params["W_h"], ACTIVATIONS[self.CANDIDATE][0], ACTIVATIONS[self.OUTPUT][0]
        f, i, o, c_tilde = np.split(net, 4, axis=-1)
        for t in range(len(h)):
            net[t] += h_prev[t] @ W_h.mT
            f[t] = self._gate("f", f[t], c_prev[t])  # (1)
            i[t] = 1 - f[t] if self.COUPLED else self._gate("i", i[t], c_prev[t])  # (2)
            c_tilde[t] = bend_new(c_tilde[t])  # (3)
            c[t] = f[t] * c_prev[t] + i[t] * c_tilde[t]  # (4)
            o[t] = self._gate("o", o[t], c[t])  # (5)
            h[t] = o[t] * bend_cell(c[t])  # (6)
        return {"f": f, "i": i, "o": o, "c_tilde": c_tilde}

    def _gate(self, g: str, net: Array, cell: Array) -> Array:
        if g in self.OPEN:
            return np.ones_like(net)
        if self.PEEPHOLES:
            net = net + self.params[f"p_{g}"] * cell
        return sigmoid(net[..., :1] if self.SHARED else net)

    def _steps_back(self, trace: Record, delta: Array, back_h: Array, back_c: Array) -> Any:
        f, i, o, c_tilde, c_prev = trace.f, trace.i, trace.o, trace.c_tilde, trace.c_prev
        bend_cell, cell_prime = ACTIVATIONS[self.OUTPUT]
        bent_c, new_prime = bend_cell(trace.c), ACTIVATIONS[self.CANDIDATE][1]
        p = {g: self.params.get(f"p_{g}", 0) for g in "fio"}
        W_h, epsilon = self._seen()["W_h"], np.empty_like(delta)
        d_net = np.empty((*delta.shape[:-1], 4 * self.hidden_size), self.dtype)
        d_f, d_i, d_o, d_c_tilde = np.split(d_net, 4, axis=-1)
        for t in reversed(range(len(delta))):
            delta[t] += back_h  # (8')
            d_o[t] = self._gate_back("o", delta[t] * bent_c[t], o[t])  # (9)
            epsilon[t] = delta[t] * o[t] * cell_prime(bent_c[t]) + d_o[t] * p["o"] + back_c  # (10a)
            through_f, through_i = epsilon[t] * c_prev[t], epsilon[t] * c_tilde[t]
            d_f[t] = self._gate_back("f", through_f - through_i * self.COUPLED, f[t])  # (10')
            d_i[t] = self._gate_back("i", through_i * (not self.COUPLED), i[t])  # (11')
            d_c_tilde[t] = epsilon[t] * i[t] * new_prime(c_tilde[t])  # (12')
            back_h, back_c = d_net[t] @ W_h, epsilon[t] * f[t] + d_f[t] * p["f"] + d_i[t] * p["i"]
        own = {"W_x": self._sum_outer(d_net, trace.x) * self._rows(self.SEE_X)}  # (15)
        own |= {"W_h": self._sum_outer(d_net, trace.h_prev) * self._rows(self.SEE_H)}
        if self.PEEPHOLES:
            own |= {"p_f": self._sum(d_f * c_prev), "p_i": self._sum(d_i * c_prev), "p_o": self._sum(d_o * trace.c)}
        deltas = {"h": delta, "c": epsilon, "f": d_f, "i": d_i, "o": d_o, "c_tilde": d_c_tilde}
        return d_net, own, (back_h, back_c), deltas

    def _gate_back(self, g: str, error: Array, gate: Array) -> Array:
        if g in self.OPEN:
            return np.zeros_like(error)
        error = error * sigmoid_prime(gate)
        if self.SHARED:
            error[..., :1], error[..., 1:] = error.sum(axis=-1, keepdims=True), 0
        return error

    # What does not see x or h has rows of zeros there, whatever the parameters say.

    def _rows(self, seeing: str) -> Array:
        return np.repeat([float(g in seeing) for g in self.GATES], self.hidden_size)[:, None]

    def _seen(self) -> Arrays:
        W_x, W_h = self.params["W_x"] * self._rows(self.SEE_X), self.params["W_h"] * self._rows(self.SEE_H)
        return self.params | {"W_x": W_x, "W_h": W_h}

    def _run(self, x: Array, initial: tuple[Array, ...]) -> Arrays:
        return super(Variant, self.with_params(self._seen()))._run(x, initial)

    def _times_W_x_back(self, d_net: Array) -> Array:
        return super(Variant, self.with_params(self._seen()))._times_W_x_back(d_net)


class NoForgetGate(Variant):
    OPEN = "f"


class NoInputGate(Variant):
    OPEN = "i"


class NoOutputGate(Variant):
    OPEN = "o"


class OutputGateAlone(Variant):
    OPEN = "fi"


class Coupled(Variant):
    COUPLED = True


class Peephole(Variant):
    PEEPHOLES = True


class OneGateForAll(Variant):
    SHARED = True


class GatesSeeX(Variant):
    SEE_H = "c"


class GatesSeeH(Variant):
    SEE_X = "c"


class NothingSeesH(Variant):
    SEE_H = ""


class NoTanhOnCandidate(Variant):
    CANDIDATE = "identity"


class NoTanhOnCell(Variant):
    OUTPUT = "identity"


class NoTanh(Variant):
    CANDIDATE = OUTPUT = "identity"


class ReLU(Variant):
    CANDIDATE = OUTPUT = "relu"
