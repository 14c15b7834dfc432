"""Chapter 06: how long can it remember? Initial biases, lags, and the ways of the error."""

from __future__ import annotations

from collections.abc import Sequence

from experiments.records import Experiment, Row, Setting
from experiments.starts import maker
from experiments.tasks import adding, latch, temporal_order, two_memories
from experiments.training import train

TASKS = {"temporal order": temporal_order, "adding": adding, "latch": latch, "two memories": two_memories}
GATED = ["b = 0", "b = 1", "ln(T-1)", "both closed", "chrono"]


def _train(name: str, setting: Setting, trials: Sequence[int], limit: int | None = None) -> list[Row]:
    T, task = setting["T"], TASKS[setting["task"]](setting["T"])
    make = maker(setting["layer"], task.D, setting["H"], setting["start"], T)
    enough = 0.95 if setting["task"] == "adding" else 0.99
    return train(name, trials, task, make, updates=setting["updates"], limit=limit, enough=enough)


def _settings(task: str, T: int, updates: int, H: int, layers: Sequence[tuple[str, str]]) -> list[Setting]:
    """A tanh RNN of about as many parameters has about twice the units."""
    rows = [(layer, 2 * H - 1 if layer == "RNN" else H, start) for layer, start in layers]
    return [
        {"task": task, "T": T, "layer": layer, "H": h, "start": start, "updates": updates} for layer, h, start in rows
    ]


LSTMS = [("LSTM", start) for start in (*GATED[:3], "spread", *GATED[3:])]
GRUS = [("GRU", start) for start in ("b = 0", "ln(T-1)", "chrono")]
RNNS = [("RNN", "as made")]
FLOWS = [(layer, start) for start in ("ln(T-1)", "chrono") for layer in ("LSTM", "hidden only", "cell only")]

EXPERIMENTS = [
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
]
