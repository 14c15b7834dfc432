"""Chapter 11: what does a recurrence lose whose gates do not see h?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from experiments.records import Experiment, Row, Setting
from experiments.starts import KINDS, maker
from experiments.tasks import first_sign, latch, parity
from experiments.training import train
from lstm_core import Arrays

LENGTH, LONG = 20, 1000  # of the sequences that are trained on, and of those that are tried at the end
EDGES = [0, 1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700, LONG]


def longer(kind: str) -> Callable[[list[Arrays]], dict[str, Any]]:
    """How a trained net does on 200 new sequences of 1,000 bits: right between EDGES, and right all the way.

    And what it answers to 60 ones in a row: above zero is odd.
    """
    x, target, _ = parity(LONG).batch(np.random.default_rng(11), 200)

    def look(params: list[Arrays]) -> dict[str, Any]:
        layer = KINDS[kind](1, params[1]["W"].shape[1], rng=np.random.default_rng(0)).with_params(params[0])
        W, b = params[1]["W"], params[1]["b"]
        right = ((layer(x)[0] @ W.T + b > 0) == (target > 0.5))[..., 0]
        shares = [float(right[a:b].mean().round(4)) for a, b in zip(EDGES, EDGES[1:], strict=False)]
        ones = (layer(np.ones((60, 1)))[0] @ W.T + b)[:, 0]
        told = [float(f"{y:.3g}") for y in ones]
        return {"right": shares, "through": float(right.all(axis=0).mean()), "ones": told}

    return look


def _parity(name: str, setting: Setting, trials: Sequence[int], limit: int | None = None) -> list[Row]:
    kind = setting["layer"]
    return train(
        name,
        trials,
        parity(LENGTH),
        maker(kind, 1, setting["H"], "as made", LENGTH),
        updates=1500,
        limit=limit,
        enough=2,  # never: all are trained equally long
        look=None if limit else longer(kind),
    )


FIRST = [("LSTM", "both closed"), ("LSTM", "ln(T-1)"), ("GRU", "ln(T-1)"), ("minGRU", "ln(T-1)")]
TASKS = {"marked": latch(100), "not marked": first_sign(100)}


def _first(name: str, setting: Setting, trials: Sequence[int], limit: int | None = None) -> list[Row]:
    task = TASKS[setting["first number"]]
    make = maker(setting["layer"], task.D, 8, setting["start"], 100)
    return train(name, trials, task, make, updates=1000, limit=limit, learning_rate=2e-2, enough=0.95)


EXPERIMENTS = [
    Experiment(
        "parity",
        "Is the number of ones so far odd? Asked at each of 20 random bits. Batch 32, Adam 1e-2, norm clipped at 1, "
        "1,500 updates; then tried on 200 sequences of 1,000 bits, and on 60 ones.",
        [{"layer": layer, "H": 8} for layer in ("RNN", "LSTM", "GRU", "sLSTM", "minGRU", "minGRU, 1 - 2z")]
        + [{"layer": "minGRU", "H": 32}],
        _parity,
    ),
    Experiment(
        "first_number",
        "Was the first of 100 numbers positive? Marked by a second input, or not. H = 8; what is kept begins at 0.99, "
        "what is written at 0.01, in an LSTM of ln(T-1) at 0.5. Batch 32, Adam 2e-2, norm clipped at 1, at most 1,000 "
        "updates; solved: 95 % right over 50 updates.",
        [{"layer": layer, "start": start, "first number": task} for task in TASKS for layer, start in FIRST],
        _first,
    ),
]
