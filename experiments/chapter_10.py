"""Chapter 10: what if a part is taken away? Variants of the LSTM on tasks in which different parts matter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from experiments.records import Experiment, Row, Setting
from experiments.starts import maker, size_for
from experiments.tasks import Task, a_n_b_n, adding, counting, first_come, ram, reber_stream, toggle
from experiments.training import train
from lstm_core import Array, Arrays, Dense, Recurrent

# The task, its T, H and start, and how it is trained.
TASKS: dict[str, tuple[Callable[[int], Task], int, int, str, dict[str, Any]]] = {
    "RAM": (ram, 30, 4, "b = 1", {"updates": 1000, "enough": 0.98}),
    "lamp": (toggle, 12, 4, "b = 1", {"updates": 500, "enough": 0.99}),
    "counting": (counting, 10, 4, "b = 1", {"updates": 500, "enough": 2}),
    "first come": (first_come, 20, 8, "b = 1", {"updates": 1000, "enough": 0.95}),
    "stream": (reber_stream, 40, 8, "b = 1", {"updates": 600, "enough": 0.99, "window": 20, "batch": 16}),
    "adding": (adding, 50, 8, "both closed", {"updates": 600, "enough": 0.95}),
}
LAYERS: dict[str, tuple[str, dict[str, Any]]] = {
    "LSTM": ("LSTM", {}),
    "f = 1": ("NoForgetGate", {}),
    "i = 1": ("NoInputGate", {}),
    "o = 1": ("NoOutputGate", {}),
    "f = i = 1": ("OutputGateAlone", {}),
    "i = 1 − f": ("Coupled", {}),
    "one gate for all cells": ("OneGateForAll", {}),
    "peepholes": ("Peephole", {}),
    "gates see x alone": ("GatesSeeX", {}),
    "gates see h alone": ("GatesSeeH", {}),
    "nothing sees h": ("NothingSeesH", {}),
    "c̃ without tanh": ("NoTanhOnCandidate", {}),
    "h = o ∘ c": ("NoTanhOnCell", {}),
    "no tanh": ("NoTanh", {}),
    "ReLU for tanh": ("ReLU", {}),
    "GRU, reset before": ("GRU", {"reset": "before"}),
    "GRU, r = 1": ("no reset", {}),
    "MGU": ("MGU", {}),
    "RNN": ("RNN", {}),
}
OTHER_CELLS = list(LAYERS)[-4:]  # as many parameters as the LSTM, nearly, in place of as many cells
FARTHEST = 1000


def setting(task: str, layer: str, H: int = 0, start: str = "") -> Setting:
    """A cell of the table, or one beside it: with another H or another start."""
    make, T, own_H, own_start, _ = TASKS[task]
    if layer in OTHER_CELLS and not H:
        kind, options = LAYERS[layer]
        D = make(T).D
        H = size_for(kind, D, 4 * own_H * (D + own_H + 1), **options)
    start = start or ("as made" if layer == "RNN" else own_start)
    return {"task": task, "layer": layer, "H": H or own_H, "start": start}


def reach(layer: Recurrent, head: Dense, farthest: int = FARTHEST) -> int:
    """The largest n such that all strings a^k b^k, k from 1 to n, are judged right at every symbol."""
    for most in (30, farthest):
        right = judged(layer, head, np.arange(1, most + 1))
        if not right.all():
            return int(right.argmin())
    return farthest


def judged(layer: Recurrent, head: Dense, n: Array) -> Array:
    """For each n, whether a^n b^n is judged right at every symbol."""
    x, target, mask = a_n_b_n(n, n.max())
    y = head(layer(x)[0])[0]
    return (((y > 0) == (target > 0.5))[..., 0] | ~mask).all(axis=0)


def _train(name: str, setting: Setting, trials: Sequence[int], limit: int | None = None, look: Any = None) -> list[Row]:
    make_task, T, _, _, how = TASKS[setting["task"]]
    task, make = make_task(T), maker_of(setting)
    with np.errstate(over="ignore", invalid="ignore"):
        return train(name, trials, task, make, limit=limit, look=look, learning_rate=3e-2, **how)


def maker_of(setting: Setting) -> Callable[[np.random.Generator], Recurrent]:
    """What makes the layers of this setting."""
    make_task, T, *_ = TASKS[setting["task"]]
    kind, options = LAYERS[setting["layer"]]
    return maker(kind, make_task(T).D, setting["H"], setting["start"], T, **options)


def nets_of(setting: Setting, params: list[Arrays]) -> tuple[Recurrent, Dense]:
    """The layer and the head with the parameters that they were trained to."""
    rng, K = np.random.default_rng(0), TASKS[setting["task"]][0](2).K
    layer, head = maker_of(setting)(rng), Dense(setting["H"], K, rng=rng)
    return layer.with_params(params[0]), head.with_params(params[1])


def trained(task: str, layer: str, trials: Sequence[int], H: int = 0) -> list[tuple[Recurrent, Dense, Row]]:
    """Some of the record's trials once more: the layer and the head that they end with, and the result."""
    own = setting(task, layer, H)
    rows = _train("parts", own, trials, look=lambda params: {"params": params})
    return [(*nets_of(own, row.pop("params")), row) for row in rows]


def _parts(name: str, setting: Setting, trials: Sequence[int], limit: int | None = None) -> list[Row]:
    def look(params: list[Arrays]) -> dict[str, int]:
        return {"reach": reach(*nets_of(setting, params))}

    counts = setting["task"] == "counting" and not limit
    rows = _train(name, setting, trials, limit, look if counts else None)
    for row in rows:
        # There are many trials: ten losses tell whether another machine runs the same one.
        row["losses"] = [float(f"{loss:.8g}") for loss in row["losses"][:10]]
        row["last"] = (row.pop("curve") or [None])[-1]
    return rows


SIZES, BIASES = (1, 2, 3, 6, 8, 16), ("b = 0", "b = 3", "b = 5")

EXPERIMENTS = [
    Experiment(
        "parts",
        "Variants of the LSTM on six tasks, 20 trials each; tasks, sizes, initial biases and limits in "
        "experiments/chapter_10.py. Adam 3e-2, norm clipped at 1, batch 32, on the stream 16. Beside them the LSTM "
        "with other sizes on RAM and the lamp, and with other initial biases on the stream.",
        [setting(task, layer) for task in TASKS for layer in LAYERS]
        + [setting(task, "LSTM", H) for task in ("RAM", "lamp") for H in SIZES]
        + [setting("stream", "LSTM", start=start) for start in BIASES],
        _parts,
    )
]
