"""The tasks that the nets are trained on: each draws a batch of sequences and says how much of an answer is right.

A batch is x (T, B, D), what is wanted (T, B) or (T, B, K), and a mask (T, B) of the steps at which it is wanted, from a
Generator. ``right`` is the share of a batch whose every wanted answer is right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from lstm_core import Array, Generator, binary_cross_entropy, mean_squared_error, softmax_cross_entropy

Batch = tuple[Array, Array, Array]


@dataclass(frozen=True)
class Task:
    """A task of D inputs and K outputs; loss is one of lstm_core's.

    stream, where there is one, yields batches each of which goes on where the one before stopped, and so do the nets.
    """

    D: int
    K: int
    loss: Callable[..., tuple[Any, Array]]
    batch: Callable[[Generator, int], Batch]
    right: Callable[[Array, Array, Array], float]
    stream: Callable[[Generator, int], Iterator[Batch]] | None = None

    def batches(self, rng: Generator, B: int) -> Iterator[Batch]:
        """Without end."""
        if self.stream:
            yield from self.stream(rng, B)
        while True:
            yield self.batch(rng, B)


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


def lit(y: Array, target: Array, mask: Array) -> float:
    """Right: one logit, on the side of its target, 0 or 1, at every wanted step."""
    return all_right(((y > 0) == (target > 0.5))[..., 0], mask)


def first_come(T: int, mark: float = 0.1) -> Task:
    """A new number in ±1 at every step, some of them marked: say at the end the first marked one, whatever came after.

    Without a mark the answer is 0. Right: within 0.1.
    """

    def batch(rng: Generator, B: int) -> Batch:
        number, marked = rng.uniform(-1, 1, (T, B)), rng.random((T, B)) < mark
        first = number[marked.argmax(axis=0), np.arange(B)] * marked.any(axis=0)
        x = np.stack([number, marked.astype(float)], axis=-1)
        return x, np.repeat(first[None, :, None], T, axis=0), last_step(T, B)

    return Task(2, 1, mean_squared_error, batch, within(0.1))


def toggle(T: int, press: float = 0.2) -> Task:
    """A button that switches a lamp: say at every step whether it is lit, that is, whether the presses are odd."""

    def batch(rng: Generator, B: int) -> Batch:
        x = (rng.random((T, B, 1)) < press).astype(float)
        return x, np.cumsum(x, axis=0) % 2, np.ones((T, B), bool)

    return Task(1, 1, binary_cross_entropy, batch, lit)


def a_n_b_n(n: Array, most: int) -> Batch:
    """The strings of these n, at most so many, side by side: a, b, then zeros. May it end here? At the last b alone."""
    t = np.arange(2 * most)[:, None]
    x = np.stack([t < n, (n <= t) & (t < 2 * n)], axis=-1).astype(float)
    return x, (t == 2 * n - 1)[..., None].astype(float), t < 2 * n


def counting(most: int) -> Task:
    """Strings a^n b^n, n from 1 to most, asked at every symbol."""
    return Task(2, 1, binary_cross_entropy, lambda rng, B: a_n_b_n(rng.integers(1, most + 1, B), most), lit)


SYMBOLS = "BTPSXVE"
# Reber's automaton: for each state the symbols that may come, each with the state that it leads to.
INNER = ("B1", "T2 P3", "S2 X4", "T3 V5", "X3 S6", "P4 V6", "E7")


def embedded_reber() -> list[list[tuple[int, int]]]:
    """For each state two equally likely (symbol, next state). 0 is between two strings; 9 and 18 close one.

    B, then T or P, then a string of the automaton, then the same T or P, then E.
    """
    rows = ["B1", "T2 P11"]
    for first, letter in ((2, "T"), (11, "P")):
        shifted = [[f"{way[0]}{int(way[1:]) + first}" for way in row.split()] for row in INNER]
        rows += [" ".join(row) for row in shifted] + [f"{letter}{first + 8}", "E0"]
    return [[(SYMBOLS.index(way[0]), int(way[1:])) for way in (row.split() * 2)[:2]] for row in rows]


def reber_stream(T: int) -> Task:
    """Embedded Reber strings without a break, T symbols at a time: predict the next one (Gers et al. 2000).

    Every symbol is asked for. The mask, by which a batch is judged, is of the T or P that closes a string: the one that
    opened it, and nothing else tells which. Right: it is the likelier of the two.
    """
    symbol, follow = np.moveaxis(np.array(embedded_reber()), -1, 0)

    def stream(rng: Generator, B: int) -> Iterator[Batch]:
        state, now = np.zeros(B, int), np.full(B, SYMBOLS.index("E"))
        while True:
            seen, closing = [now], []
            for _ in range(T):
                branch = rng.integers(0, 2, B)
                closing.append(state % 9 == 0)
                closing[-1] &= state > 0
                seen.append(symbol[state, branch])
                state = follow[state, branch]
            now = seen[-1]
            yield np.eye(7)[np.array(seen[:-1])], np.array(seen[1:]), np.array(closing)

    def right(y: Array, target: Array, mask: Array) -> float:
        t, p = SYMBOLS.index("T"), SYMBOLS.index("P")
        return float(((y[..., t] > y[..., p]) == (target == t))[mask].mean()) if mask.any() else 1.0

    def loss(y: Array, target: Array, mask: Array) -> tuple[Any, Array]:
        return softmax_cross_entropy(y, target)

    return Task(7, 7, loss, lambda rng, B: next(stream(rng, B)), right, stream)


def parity(T: int) -> Task:
    """Bits, 0 or 1: say at every step whether the number of ones so far is odd."""

    def batch(rng: Generator, B: int) -> tuple[Array, Array, Array]:
        bits = rng.integers(0, 2, (T, B, 1))
        return bits.astype(float), (bits.cumsum(axis=0) % 2).astype(float), np.ones((T, B), bool)

    def right(y: Array, target: Array, mask: Array) -> float:
        return all_right((y > 0)[..., 0] == (target > 0.5)[..., 0], mask)

    return Task(1, 1, binary_cross_entropy, batch, right)
