"""Chapter 06: how long can it remember? Initial biases, lags, and the ways of the error."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from experiments.records import Experiment, Row, Setting
from experiments.starts import maker
from experiments.tasks import INES, adding, first_city, latch, one_hot, temporal_order, two_memories
from experiments.training import generators, train
from lstm_core import Array, Arrays, Dense, Recurrent, Sequential, softmax_cross_entropy

TASKS = {"temporal order": temporal_order, "adding": adding, "latch": latch, "two memories": two_memories}
GATED = ["b = 0", "b = 1", "ln(T-1)", "both closed", "chrono"]


def _train(name: str, setting: Setting, trials: Sequence[int], limit: int | None = None) -> list[Row]:
    T, task = setting["T"], TASKS[setting["task"]](setting["T"])
    make = maker(setting["layer"], task.D, setting["H"], setting["start"], T)
    enough = 0.95 if setting["task"] == "adding" else 0.99
    return train(name, trials, task, make, updates=setting["updates"], limit=limit, enough=enough)


def _read(name: str, setting: Setting, trials: Sequence[int], limit: int | None = None) -> list[Row]:
    """Says of each trial how much of the error arrives, before and after; trial 0 keeps its parameters, in four digits.

    How much: ‖∂E/∂x_t‖ over the largest of all letters; "city": the largest at the first city, "between": the median
    of the letters from there to the last forty.
    """
    task = first_city()
    make = maker(setting["layer"], task.D, setting["H"], setting["start"], setting["T"])

    def made(trial: int) -> tuple[Recurrent, Dense]:
        layer = make(rng := generators(name, trial)[0])
        return layer, Dense(layer.hidden_size, task.K, rng=rng)

    def look(params: list[Arrays]) -> Row:
        layer, head = made(0)
        return {
            "after": _arrives(layer.with_params(params[0]), head.with_params(params[1])),
            "params": _rounded(params),
        }

    rows = train(name, trials, task, make, updates=setting["updates"], limit=limit, look=look)
    for trial, row in zip(trials, rows, strict=True):
        row["before"] = _arrives(*made(trial))
        if trial != 0:
            del row["params"]
    return rows


def _arrives(layer: Recurrent, head: Dense) -> dict[str, float]:
    model, x = Sequential([layer, head]), one_hot(INES.format("Lisbon", "Madrid", "Warsaw"))
    y, trace = model.forward(x)
    last = np.arange(len(x))[:, None] == len(x) - 1
    _, dy = softmax_cross_entropy(y[:, None], np.zeros((len(x), 1), int), last)
    arrives = np.linalg.norm(model.backward(dy[:, 0], trace).x, axis=-1)
    arrives, city = arrives / arrives.max(), INES.index("{}")
    told = {"city": arrives[city : city + 6].max(), "between": np.median(arrives[city + 6 : -40])}
    return {name: float(f"{a:.3g}") for name, a in told.items()}


def _rounded(params: list[Arrays]) -> list[Row]:
    return [{name: _digits(a) for name, a in part.items()} for part in params]


def _digits(a: Array) -> list[Any]:
    return [_digits(row) if row.ndim else float(f"{row:.4g}") for row in a]


def _settings(task: str, T: int, updates: int, H: int, layers: Sequence[tuple[str, str]]) -> list[Setting]:
    """A tanh RNN of about as many parameters has about twice the units."""
    rows = [(layer, 2 * H - 1 if layer == "RNN" else H, start) for layer, start in layers]
    return [
        {"task": task, "T": T, "layer": layer, "H": h, "start": start, "updates": updates} for layer, h, start in rows
    ]


LSTMS = [("LSTM", start) for start in (*GATED[:3], "spread", *GATED[3:])]
GRUS = [("GRU", start) for start in ("b = 0", "ln(T-1)", "chrono")]
RNNS = [("RNN", "as made")]
LENGTHS = {"temporal order": (50, 100, 200, 400, 1000), "adding": (50, 100, 400, 1000)}
READERS = [("LSTM", "chrono"), ("GRU", "chrono"), ("LSTM", "b = 1"), ("RNN", "as made")]
FLOWS = [(layer, start) for start in ("ln(T-1)", "chrono") for layer in ("LSTM", "hidden only", "cell only")]

EXPERIMENTS = [
    Experiment(
        "lags",
        "Temporal order (H = 8) and adding (H = 16) over T steps, from several initial biases. Batch 32, Adam 1e-2, "
        "norm clipped at 1, at most 800 and 1,000 updates; solved over 50 updates: 99 % right, 95 % within 0.1.",
        [
            setting
            for task, updates, H in (("temporal order", 800, 8), ("adding", 1000, 16))
            for T in LENGTHS[task]
            for setting in _settings(task, T, updates, H, LSTMS + GRUS + RNNS)
        ],
        _train,
        block=5,  # of a thousand steps more do not stay in the cache
    ),
    Experiment(
        "two_memories",
        "Two signs to keep, one renewed every 5 steps and one every 100, over 200 steps, asked for at every step. "
        "H = 8, batch 32, Adam 1e-2, norm clipped at 1, at most 1,500 updates; solved: both right at the end in 99 %.",
        _settings("two memories", 200, 1500, 8, LSTMS + GRUS + RNNS),
        _train,
    ),
    Experiment(
        "flows",
        "An LSTM trained by the full gradient, by the error along h alone (the article's) and along c alone (1997's). "
        "H = 8, batch 32, Adam 1e-2, norm clipped at 1, at most 800 updates; solved: 99 % right over 50 updates.",
        [
            setting
            for task in ("temporal order", "latch")
            for T in (10, 50, 100)
            for setting in _settings(task, T, 800, 8, FLOWS)
        ],
        _train,
        trials=30,
        block=15,
    ),
    Experiment(
        "first_city",
        "The text about Inês, 219 letters: which of its three cities came first? H = 16, batch 32, Adam 1e-2, norm "
        "clipped at 1, at most 400 updates; solved: 99 % right over 50 updates. Trial 0 keeps its parameters.",
        _settings("first city", 219, 400, 16, READERS),
        _read,
        block=10,
    ),
]
