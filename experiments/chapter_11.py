"""Chapter 11: what does a GRU lose whose gates do not see h, and what does it keep?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from experiments.records import Experiment, Row, Setting
from experiments.starts import KINDS, maker
from experiments.tasks import adding, parity, temporal_order
from experiments.training import train
from lstm_core import Arrays

TASKS = {"temporal order": (temporal_order, 8, 800, 0.99), "adding": (adding, 16, 1500, 0.95)}
LAGS = [("temporal order", 100), ("temporal order", 400), ("adding", 100)]


def _without_h(name: str, setting: Setting, trials: Sequence[int], limit: int | None = None) -> list[Row]:
    make_task, H, updates, enough = TASKS[setting["task"]]
    T, task = setting["T"], make_task(setting["T"])
    make = maker(setting["layer"], task.D, H, setting["start"], T)
    return train(name, trials, task, make, updates=updates, limit=limit, enough=enough)


LENGTH, LONG = 20, 1000  # of the sequences that are trained on, and of those that are tried at the end
EDGES = [0, 1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700, LONG]


def longer(kind: str) -> Callable[[list[Arrays]], dict[str, Any]]:
    """How a trained net does on 200 new sequences of 1,000 bits: right between EDGES, and right all the way."""
    x, target, mask = parity(LONG).batch(np.random.default_rng(11), 200)

    def look(params: list[Arrays]) -> dict[str, Any]:
        layer = KINDS[kind](1, params[1]["W"].shape[1], rng=np.random.default_rng(0)).with_params(params[0])
        y = layer(x)[0] @ params[1]["W"].T + params[1]["b"]
        right = ((y > 0) == (target > 0.5))[..., 0]
        shares = [float(right[a:b].mean().round(4)) for a, b in zip(EDGES, EDGES[1:], strict=False)]
        return {"right": shares, "through": float(right.all(axis=0).mean())}

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


EXPERIMENTS = [
    Experiment(
        "without_h",
        "Temporal order (H = 8, at most 800 updates) and adding (H = 16, 1,500) over T steps by a GRU and by minGRU, "
        "from two initial biases of z. Batch 32, Adam 1e-2, norm clipped at 1; solved over 50 updates: 99 % right, "
        "95 % within 0.1.",
        [
            {"task": task, "T": T, "layer": layer, "start": start}
            for task, T in LAGS
            for layer in ("GRU", "minGRU")
            for start in ("b = 0", "ln(T-1)")
        ],
        _without_h,
    ),
    Experiment(
        "parity",
        "Is the number of ones so far odd? Asked at each of 20 random bits. Batch 32, Adam 1e-2, norm clipped at 1, "
        "1,500 updates; then tried on 200 sequences of 1,000 bits.",
        [{"layer": layer, "H": 8} for layer in ("RNN", "LSTM", "GRU", "sLSTM", "minGRU", "minGRU, 1 - 2z")]
        + [{"layer": "minGRU", "H": 32}],
        _parity,
    ),
]
