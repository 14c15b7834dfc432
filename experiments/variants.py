"""Layers with a part left out or changed, each a few lines on lstm_core's; tests check every gradient of every one."""

from __future__ import annotations

from typing import Any

import numpy as np

from lstm_core import Array, Arrays, Record, Recurrent, sigmoid, sigmoid_prime, tanh, tanh_prime


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
