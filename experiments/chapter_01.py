"""Chapter 01: does training find what an early input decides?"""

from __future__ import annotations

from collections.abc import Sequence

from experiments.records import Experiment, Row, Setting
from experiments.starts import maker
from experiments.tasks import first_sign
from experiments.training import train


def _first_sign(name: str, setting: Setting, trials: Sequence[int], limit: int | None = None) -> list[Row]:
    task, make = first_sign(setting["T"]), maker(setting["layer"], 1, 32, setting["start"], setting["T"])
    return train(name, trials, task, make, updates=2000, limit=limit, learning_rate=3e-3, enough=0.95)


LAYERS = [("RNN", "PyTorch"), ("RNN", "Glorot"), ("RNN", "as made"), ("LSTM", "b = 1"), ("LSTM", "b = 5")]

EXPERIMENTS = [
    Experiment(
        "first_sign",
        "Say at the end whether the first of T numbers was positive. H = 32, batch 32, Adam 3e-3, norm clipped at 1, "
        "at most 2,000 updates; solved: 95 % right over 50 updates.",
        [{"layer": layer, "start": start, "T": T} for T in (20, 150) for layer, start in LAYERS],
        _first_sign,
    )
]
