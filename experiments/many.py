"""Many small nets side by side: lstm_core's own layers with one axis more, the trial.

Where a net is tiny, a step of it is little work and much overhead; twenty trials in one array cost little more than
one. x is (T, N, B, D) for N trials, weights are (N, GH, D) and (N, GH, H), and what is added to a state, biases and the
like, is (N, 1, H). The equations are those of lstm_core's classes: what is here only says how arrays of that shape are
multiplied and summed. A trial's numbers do not depend on which others stand beside it.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from lstm_core import Adam, Array, Arrays, Dense, Record, Recurrent


class SideBySide:
    """Mixed into a kind of recurrent layer: ``side_by_side`` makes one."""

    def forward(self, x: Array, state: Sequence[Array] | None = None) -> tuple[Array, Record]:
        """h (T, N, B, H) and the trace, from zero states or from those given, the parts of STATE in a row."""
        zero = np.zeros((*x.shape[1:-1], self.hidden_size))
        arrays = self._run(x, tuple(state or (zero,) * len(self.STATE)))
        return arrays["h"], Record(x=x, **arrays)

    def backward(self, dh: Array, trace: Record) -> Arrays:
        """The gradients of the parameters; dh is each output's own error."""
        zero = np.zeros(dh.shape[1:])
        d_net, own, _, _ = self._steps_back(trace, dh.copy(), *(zero,) * len(self.STATE))
        return {"W_x": self._sum_outer(d_net, trace.x), "b": self._sum(d_net), **own}

    def _times_W_x(self, x: Array) -> Array:
        return _each(x, self.params["W_x"].mT)

    def _sum_outer(self, d: Array, a: Array) -> Array:
        return _by_trial(d).mT @ _by_trial(a)

    def _sum(self, d: Array) -> Array:
        # By trial first: NumPy adds in another order where the trials' axis is of length one.
        return _by_trial(d).sum(axis=1, keepdims=True)


def _by_trial(a: Array) -> Array:
    """(T, N, B, n) as (N, T·B, n), so that a sum over time and batch is one matrix product a trial."""
    return a.swapaxes(0, 1).reshape(a.shape[1], -1, a.shape[-1])


def _each(a: Array, W: Array) -> Array:
    """(T, N, B, m) times (N, m, n): one matrix product a trial, as (T, N, B, n)."""
    T, N, B, _ = a.shape
    return np.ascontiguousarray((_by_trial(a) @ W).reshape(N, T, B, -1).swapaxes(0, 1))


@cache
def _side_by_side(kind: type[Recurrent]) -> type:
    return type(f"Many{kind.__name__}", (SideBySide, kind), {})


def side_by_side(layers: Sequence[Recurrent]) -> Any:
    """One layer that computes what these layers of one kind, float64, do, each on its own sequences."""
    many = copy.copy(layers[0])
    many.__class__ = _side_by_side(type(layers[0]))
    many.params = stacked([layer.params for layer in layers])
    return many


def stacked(params: Sequence[Arrays]) -> Arrays:
    """The trials' arrays in one: matrices (N, …), vectors (N, 1, …), so that they add to a batch."""
    together = {name: np.stack([p[name] for p in params]) for name in params[0]}
    return {name: a if a.ndim == 3 else a[:, None] for name, a in together.items()}


class Nets:
    """N nets of a recurrent layer and a linear head, trained side by side by Adam, each clipped on its own."""

    def __init__(
        self, layers: Sequence[Recurrent], heads: Sequence[Dense], learning_rate: float, max_norm: float = 1.0
    ):
        self.layer, self.max_norm = side_by_side(layers), max_norm
        self.head = stacked([head.params for head in heads])
        self.optimiser = Adam([self.layer.params, self.head], learning_rate)

    def forward(self, x: Array, state: Sequence[Array] | None = None) -> tuple[Array, Record]:
        """y (T, N, B, K) of x (T, N, B, D), and the layer's trace."""
        h, trace = self.layer.forward(x, state)
        return _each(h, self.head["W"].mT) + self.head["b"], trace

    def update(self, dy: Array, trace: Record) -> Array:
        """One update from the error of y; returns the trials' gradient norms.

        A trial whose gradient is not finite stays as it is; its norm tells.
        """
        head = {"W": self.layer._sum_outer(dy, trace.h), "b": self.layer._sum(dy)}
        grads = [self.layer.backward(_each(dy, self.head["W"]), trace), head]
        arrays = [g for one in grads for g in one.values()]
        norms = np.sqrt(sum(np.square(g).sum(axis=(1, 2)) for g in arrays))
        scale = np.minimum(1.0, self.max_norm / np.maximum(norms, self.max_norm))
        for g in arrays:
            g *= scale[:, None, None]
            g[~np.isfinite(norms)] = 0
        self.optimiser.step(grads)
        return norms

    def keep(self, places: Sequence[int]) -> None:
        """Go on with the trials in these places alone."""
        for k, params in enumerate((self.layer.params, self.head)):
            for name in params:
                params[name] = self.optimiser.params[f"{k}.{name}"] = params[name][places]
                memory = self.optimiser._memory[f"{k}.{name}"]
                self.optimiser._memory[f"{k}.{name}"] = tuple(a[places] for a in memory)

    def params(self, place: int) -> list[Arrays]:
        """One trial's parameters as lstm_core's layers have them."""
        return [
            {name: a[place].copy() if name.startswith("W") else a[place, 0].copy() for name, a in params.items()}
            for params in (self.layer.params, self.head)
        ]
