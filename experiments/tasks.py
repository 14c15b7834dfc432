"""The tasks that the nets are trained on: each draws a batch of sequences and says how much of an answer is right.

A batch is x (T, B, D), what is wanted (T, B) or (T, B, K), and a mask (T, B) of the steps at which it is wanted, from a
Generator. ``right`` is the share of a batch whose every wanted answer is right.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from lstm_core import Array, Generator, binary_cross_entropy, mean_squared_error, softmax_cross_entropy


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


def adding(T: int) -> Task:
    """Two of T numbers in [0, 1], one in each half, are marked: say their sum at the end. Saying 1 costs 1/6.

    Hochreiter & Schmidhuber 1997, experiment 4, in its modern form. Right: within 0.1.
    """

    def batch(rng: Generator, B: int) -> tuple[Array, Array, Array]:
        x, each = np.zeros((T, B, 2)), np.arange(B)
        x[..., 0] = rng.random((T, B))
        for low, high in ((0, T // 2), (T // 2, T)):
            x[rng.integers(low, high, B), each, 1] = 1
        return x, np.repeat((x[..., :1] * x[..., 1:]).sum(axis=0, keepdims=True), T, axis=0), last_step(T, B)

    return Task(2, 1, mean_squared_error, batch, within(0.1))


def ram(T: int, write: float = 0.1, read: float = 0.25) -> Task:
    """A new number in ±1 at every step, sometimes a mark to keep it, sometimes one to say what was kept last; else 0.

    How much of an answer is right is told as 1 − squared error / that of saying 0 always.
    """

    def batch(rng: Generator, B: int) -> tuple[Array, Array, Array]:
        number = rng.uniform(-1, 1, (T, B))
        marks = rng.random((2, T, B)) < np.array([write, read])[:, None, None]
        kept, held = np.zeros((T, B)), np.zeros(B)
        for t in range(T):
            held = np.where(marks[0, t], number[t], held)
            kept[t] = held
        x = np.stack([number, *marks.astype(float)], axis=-1)
        return x, (kept * marks[1])[..., None], np.ones((T, B), bool)

    def right(y: Array, target: Array, mask: Array) -> float:
        return float(1 - np.square(y - target).sum() / np.square(target).sum())

    return Task(3, 1, mean_squared_error, batch, right)


def latch(T: int) -> Task:
    """A sign comes with a mark at the first step, then noise of half its size: say at the end which sign it was."""

    def batch(rng: Generator, B: int) -> tuple[Array, Array, Array]:
        x, sign = np.zeros((T, B, 2)), rng.choice([-1.0, 1.0], B)
        x[..., 0] = 0.5 * rng.standard_normal((T, B))
        x[0, :, 0], x[0, :, 1] = sign, 1
        return x, np.repeat((sign[None, :, None] + 1) / 2, T, axis=0), last_step(T, B)

    def right(y: Array, target: Array, mask: Array) -> float:
        return all_right((y > 0)[..., 0] == (target > 0.5)[..., 0], mask)

    return Task(2, 1, binary_cross_entropy, batch, right)


def two_memories(T: int, often: float = 0.2, seldom: float = 0.01) -> Task:
    """A sign at every step and two marks, one often, one seldom: say at each step the sign that the last of each had.

    The first step has both marks. A sequence is right if both answers are right at its last step.
    """

    def batch(rng: Generator, B: int) -> tuple[Array, Array, Array]:
        sign = rng.choice([-1.0, 1.0], (T, B))
        marks = rng.random((T, B, 2)) < [often, seldom]
        marks[0] = True
        target = np.empty((T, B, 2))
        held = np.zeros((B, 2))
        for t in range(T):
            held = np.where(marks[t], sign[t, :, None], held)
            target[t] = held
        x = np.concatenate([sign[..., None], marks], axis=-1)
        return x, (target + 1) / 2, np.ones((T, B), bool)

    def right(y: Array, target: Array, mask: Array) -> float:
        return float(((y[-1] > 0) == (target[-1] > 0.5)).all(axis=-1).mean())

    return Task(3, 2, binary_cross_entropy, batch, right)


CITIES = ("Lisbon", "Madrid", "Berlin", "Warsaw")  # of one length, so that a batch needs no padding
INES = (
    "Inês grew up in {}. She studied in {}, worked in {}\n"
    "for thirty years, and married there. She writes her letters in\n"
    "English and reads the papers in French. But when she counts\n"
    "under her breath, she counts in "
)
ALPHABET = sorted(set(INES.replace("{}", "") + "".join(CITIES)))


def one_hot(text: str) -> Array:
    """A row a letter of the text about Inês."""
    return np.eye(len(ALPHABET))[[ALPHABET.index(letter) for letter in text]]


def first_city() -> Task:
    """Read the text about Inês, a letter a step; three cities are drawn: say after the last letter which came first.

    That is the city where she grew up, and 200 steps back. The classes are the places in CITIES.
    """
    T = len(INES.format(*CITIES[:3]))

    def batch(rng: Generator, B: int) -> tuple[Array, Array, Array]:
        drawn = rng.integers(0, len(CITIES), (B, 3))
        x = np.stack([one_hot(INES.format(*(CITIES[k] for k in three))) for three in drawn], axis=1)
        return x, np.repeat(drawn[None, :, 0], T, axis=0), last_step(T, B)

    return Task(len(ALPHABET), len(CITIES), softmax_cross_entropy, batch, most_likely)
