"""One loop for all: train nets side by side on a task until each is solved or the limit is reached."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from experiments.many import Nets
from experiments.tasks import Task
from lstm_core import Arrays, Dense, Generator, Recurrent

FIRST = 50  # so many losses of each trial are kept: they tell whether another machine runs the same trial


def generators(name: str, trial: int) -> tuple[Generator, Generator]:
    """Where a trial's weights and its data come from.

    The key is the experiment's name and the trial's number: a trial is the same alone and beside others, in any order,
    and two settings of one experiment see the same data under the same number.
    """
    key = [*name.encode(), trial]
    return np.random.default_rng([0, *key]), np.random.default_rng([1, *key])


def train(
    name: str,
    trials: Sequence[int],
    task: Task,
    make: Callable[[Generator], Recurrent],
    *,
    updates: int,
    limit: int | None = None,
    batch: int = 32,
    learning_rate: float = 1e-2,
    max_norm: float = 1.0,
    enough: float = 0.99,
    window: int = 50,
    points: int = 40,
    look: Callable[[list[Arrays]], dict[str, Any]] | None = None,
) -> list[dict[str, Any]]:
    """A result a trial: when it was solved, its first losses, its loss over time.

    make: a layer from a Generator, float64. Solved: at least ``enough`` of the sequences of the last ``window`` updates
    were right; the trial ends there. updates: at most so many; limit: stop earlier, to repeat a trial's beginning.
    Of the loss, ``losses`` keeps the first ones and ``curve`` the mean of each of ``points`` equal parts of the way.
    look: what else to say of a trial at its end, from the parameters of its layer and its head.
    """
    weights, data = zip(*(generators(name, trial) for trial in trials), strict=True)
    layers = [make(rng) for rng in weights]
    heads = [Dense(layer.hidden_size, task.K, rng=rng) for layer, rng in zip(layers, weights, strict=True)]
    nets, running = Nets(layers, heads, learning_rate, max_norm), list(range(len(trials)))
    losses: list[list[float]] = [[] for _ in trials]
    right: list[list[float]] = [[] for _ in trials]
    results: list[dict[str, Any]] = [{"solved": None, "failed": None} for _ in trials]
    batches, state = [task.batches(rng, batch) for rng in data], None
    last = min(updates, limit or updates)
    for update in range(1, last + 1):
        drawn = [next(batches[k]) for k in running]
        y, trace = nets.forward(np.stack([x for x, _, _ in drawn], axis=1), state)
        dy = np.zeros_like(y)
        for place, (k, (_, target, mask)) in enumerate(zip(running, drawn, strict=True)):
            own = y[:, place]
            if np.isfinite(own).all():
                loss, dy[:, place] = task.loss(own, target, mask)
                losses[k].append(loss)
                right[k].append(task.right(own, target, mask))
            elif results[k]["failed"] is None:
                results[k]["failed"] = update
        nets.update(dy, trace)
        done = [results[k]["failed"] is not None or _solved(right[k], enough, window) for k in running]
        for place, (k, ended) in enumerate(zip(running, done, strict=True)):
            if ended and results[k]["failed"] is None:
                results[k]["solved"] = update
            if look and (ended or update == last):
                results[k] |= look(nets.params(place))
        if all(done):
            break
        places = list(range(len(running)))
        if any(done):
            places = [place for place, ended in enumerate(done) if not ended]
            nets.keep(places)
            running = [running[place] for place in places]
        if task.stream:
            state = [getattr(trace, name)[-1][places] for name in nets.layer.STATE]
    part = max(1, updates // points)
    for result, own in zip(results, losses, strict=True):
        result["losses"] = own[:FIRST]
        result["curve"] = [float(f"{np.mean(own[k : k + part]):.3g}") for k in range(0, len(own), part)]
    return results


def _solved(right: list[float], enough: float, window: int) -> bool:
    return len(right) >= window and float(np.mean(right[-window:])) >= enough
