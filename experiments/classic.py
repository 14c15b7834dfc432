"""Long lags: the adding, multiplication and temporal order tasks as Hochreiter & Schmidhuber 1997 have them.

Each draws one sequence: x (L, D), and what is to be said after its last step. ``as_task`` makes batches of them.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence as Sequence_
from typing import Any

import numpy as np

from experiments import net_1997
from experiments.tasks import Task
from experiments.training import generators
from lstm_core import Array, Generator, mean_squared_error, softmax_cross_entropy

Sequence = tuple[Array, Any]


def marked(rng: Generator, T: int, low: float, rest: float) -> tuple[Array, Array]:
    """Pairs of a value and a marker, T to 1.1 T of them, and the two marked values; a first pair counts as rest.

    One of the first ten pairs is marked and another one of the first T/2 − 1. The ends have the marker −1.
    """
    length = rng.integers(T, T + T // 10 + 1)
    x = np.zeros((length, 2))
    x[:, 0] = rng.uniform(low, 1, length)
    first = rng.integers(10)
    second = (first + rng.integers(1, T // 2 - 1)) % (T // 2 - 1)
    x[[first, second], 1] = 1
    x[[0, -1], 1] = -1
    return x, np.array([x[k, 0] if k else rest for k in (first, second)])


def adding(rng: Generator, T: int) -> Sequence:
    """Experiment 4: the sum of the two marked values, scaled to 0…1."""
    x, (X_1, X_2) = marked(rng, T, -1, 0)
    return x, 0.5 + (X_1 + X_2) / 4


def multiplication(rng: Generator, T: int) -> Sequence:
    """Experiment 5: the product of the two marked values."""
    x, (X_1, X_2) = marked(rng, T, 0, 1)
    return x, X_1 * X_2


WINDOWS = {2: ((10, 20), (50, 60)), 3: ((10, 20), (33, 43), (66, 76))}


def temporal_order(rng: Generator, marks: int) -> Sequence:
    """Experiments 6a (2 marks) and 6b (3): in which order did the X and Y among the distractors come?

    100 to 110 symbols, one-hot: E, B, X, Y, a, b, c, d. The class counts in binary, X for 0 and Y for 1.
    """
    length = rng.integers(100, 111)
    symbols = rng.integers(4, 8, length)
    symbols[[0, -1]] = 0, 1
    bits = rng.integers(0, 2, marks)
    for (low, high), bit in zip(WINDOWS[marks], bits, strict=True):
        symbols[rng.integers(low, high + 1)] = 2 + bit
    return np.eye(8)[symbols], int(bits @ 2 ** np.arange(marks)[::-1])


def softmax(y: Array) -> Array:
    p = np.exp(y - y.max(axis=-1, keepdims=True))
    return p / p.sum(axis=-1, keepdims=True)


def distances(y: Array, target: Array, mask: Array) -> Array:
    """How far each wanted output is from its target, (B, K); a class's target is 1 for it and 0 for the others."""
    y, target = y[mask], target[mask]  # by the steps, not by the sequences, which is all one here
    if y.shape[-1] == 1:
        return np.abs(y - target)
    return np.abs(softmax(y) - np.eye(y.shape[-1])[target])


def as_task(draw: Callable[[Generator], Sequence], longest: int, D: int, K: int, within: float) -> Task:
    """Batches of such sequences, zeros after the end of the shorter ones; K = 1: a number, else one of K classes.

    Right: every output closer to its target than this.
    """
    number = K == 1

    def batch(rng: Generator, B: int) -> tuple[Array, Array, Array]:
        x, mask = np.zeros((longest, B, D)), np.zeros((longest, B), bool)
        target = np.zeros((longest, B, 1) if number else (longest, B), float if number else int)
        for k in range(B):
            own, wanted = draw(rng)
            x[: len(own), k], mask[len(own) - 1, k], target[:, k] = own, True, wanted
        return x, target, mask

    def right(y: Array, target: Array, mask: Array) -> float:
        return float((distances(y, target, mask) < within).all(axis=-1).mean())

    return Task(D, K, mean_squared_error if number else softmax_cross_entropy, batch, right)


TASKS: dict[str, Callable[[int], Task]] = {
    "adding": lambda T: as_task(lambda rng: adding(rng, T), T + T // 10, 2, 1, 0.04),
    "multiplication": lambda T: as_task(lambda rng: multiplication(rng, T), T + T // 10, 2, 1, 0.04),
    "temporal order, 2 marks": lambda T: as_task(lambda rng: temporal_order(rng, 2), 110, 8, 4, 0.3),
    "temporal order, 3 marks": lambda T: as_task(lambda rng: temporal_order(rng, 3), 110, 8, 8, 0.3),
}


# --- Adding by the net of 1997 ----------------------------------------------------------------------------------------


def adding_1997(
    name: str, trials: Sequence_[int], T: int, sequences: int, limit: int | None = None, in_a_row: int = 2000
) -> list[dict[str, Any]]:
    """A result a trial: after how many sequences the criterion of 1997 was met. One sequence an update, rate 0.5.

    Weights in ±0.1, input-gate biases -3 and -6. "off" and "right" are the mean distance from the target of each
    twentieth of the way, and the share of its sequences that were right.
    """
    plan = net_1997.ADDING
    weights, data = zip(*(generators(name, trial) for trial in trials), strict=True)
    W, V = map(np.stack, zip(*(plan.new(rng, 0.1, i=(-3, -6)) for rng in weights), strict=True))
    results: list[dict[str, Any]] = [{"solved": None, "losses": [], "off": [], "right": []} for _ in trials]
    running, far = np.arange(len(trials)), np.ones((len(trials), in_a_row))
    part: list[Array] = []
    for done in range(min(sequences, limit or sequences)):
        drawn = [adding(data[k], T) for k in running]
        lengths = np.array([len(x) for x, _ in drawn])
        order = np.argsort(-lengths, kind="stable")  # so that the first n are still running
        x = np.zeros((lengths.max(), len(drawn), 1, 2))
        for place, k in enumerate(order):
            x[: lengths[k], place, 0] = drawn[k][0]
        own, target = W[order], np.array([drawn[k][1] for k in order])[:, None, None]
        state, trace = net_1997.zeros(plan, len(drawn)), np.zeros((2, len(drawn), plan.cells, W.shape[-1]))
        V_own, error = V[order], np.zeros(len(drawn))
        for t in range(len(x)):
            n = int((lengths > t).sum())
            now = net_1997.forward(plan, own[:n], V_own[:n], x[t, :n], (state[0][:n], state[1][:n]))
            trace, state = net_1997.traces(plan, now, trace[:, :n]), now.state
            ends = np.flatnonzero(lengths[order][:n] == t + 1)
            if len(ends):
                wrong = target[:n] - now.out
                error[ends] = wrong[ends, 0, 0]
                dW, dV = net_1997.truncated(plan, V_own[:n], now, trace, wrong)
                own[ends] += 0.5 * dW[ends]
                V_own[ends] += 0.5 * dV[ends]
        W[order], V[order], far[order, done % in_a_row] = own, V_own, np.abs(error)
        for place, k in enumerate(order):
            if done < 20:
                results[running[k]]["losses"].append(float(f"{error[place] ** 2 / 2:.8g}"))
        distance = np.empty(len(running))
        distance[order] = np.abs(error)
        part.append(distance)
        if len(part) == sequences // 20:
            for k, own in zip(running, np.stack(part, axis=1), strict=True):
                results[k]["off"].append(float(f"{own.mean():.3g}"))
                results[k]["right"].append(float(f"{(own < 0.04).mean():.3g}"))
            part = []
        met = (far < 0.04).all(axis=1) & (far.mean(axis=1) < 0.01)
        for k in running[met]:
            results[k]["solved"] = done + 1
        W, V, far, running = W[~met], V[~met], far[~met], running[~met]
        part = [own[~met] for own in part] if met.any() else part
        if not len(running):
            break
    return results
