"""The tasks that the nets are trained on: each draws a batch of sequences and says how much of an answer is right.

A batch is x (T, B, D), what is wanted (T, B) or (T, B, K), and a mask (T, B) of the steps at which it is wanted, from a
Generator. ``right`` is the share of a batch whose every wanted answer is right.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from lstm_core import Array, Generator, mean_squared_error, softmax_cross_entropy


@dataclass(frozen=True)
class Task:
    """A task of D inputs and K outputs; loss is one of lstm_core's."""

    D: int
    K: int
    loss: Callable[..., tuple[Any, Array]]
    batch: Callable[[Generator, int], tuple[Array, Array, Array]]
    right: Callable[[Array, Array, Array], float]


def all_right(at_each_step: Array, mask: Array) -> float:
    """The share of the sequences that are right at every wanted step."""
    return float((at_each_step | ~mask).all(axis=0).mean())


def within(distance: float) -> Callable[[Array, Array, Array], float]:
    """Right: every output closer to its target than this."""
    return lambda y, target, mask: all_right((np.abs(y - target) < distance).all(axis=-1), mask)


def most_likely(y: Array, target: Array, mask: Array) -> float:
    """Right: the wanted class has the largest logit."""
    return all_right(y.argmax(axis=-1) == target, mask)


def last_step(T: int, B: int) -> Array:
    """The mask of the last step alone."""
    return np.repeat(np.arange(T)[:, None] == T - 1, B, axis=1)


def first_sign(T: int) -> Task:
    """Read T numbers, say at the end whether the first one was positive: +1 or −1. Saying 0 costs 1."""

    def batch(rng: Generator, B: int) -> tuple[Array, Array, Array]:
        x = rng.standard_normal((T, B, 1))
        return x, np.repeat(np.sign(x[:1]), T, axis=0), last_step(T, B)

    return Task(1, 1, mean_squared_error, batch, lambda y, target, mask: all_right((y * target > 0)[..., 0], mask))


def temporal_order(T: int) -> Task:
    """Hochreiter & Schmidhuber 1997, 6a, on T steps: in which order did two marked symbols, X or Y, come?

    Inputs one-hot: four distractors, then X and Y. The first symbol stands in the second tenth, the second in the sixth
    tenth of the sequence. Four classes, asked for at the last step.
    """

    def batch(rng: Generator, B: int) -> tuple[Array, Array, Array]:
        symbols = rng.integers(0, 4, (T, B))
        marked, each = rng.integers(0, 2, (2, B)), np.arange(B)
        for k, (low, high) in enumerate(((T // 10, T // 5), (T // 2, 6 * T // 10))):
            symbols[rng.integers(low, high, B), each] = 4 + marked[k]
        classes = 2 * marked[0] + marked[1]
        return np.eye(6)[symbols], np.repeat(classes[None], T, axis=0), last_step(T, B)

    return Task(6, 4, softmax_cross_entropy, batch, most_likely)
