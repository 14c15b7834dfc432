"""Layers with a part left out or changed, each a few lines on lstm_core's; tests check every gradient of every one."""

from __future__ import annotations

from typing import Any

import numpy as np

from lstm_core import LSTM, Array, Arrays, Record, Recurrent, sigmoid, sigmoid_prime, tanh, tanh_prime


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
