"""Chapter 08: what made the LSTM known? The tasks of 1997 and 2000 by their papers' own criteria."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from experiments.many import Nets
from experiments.net_1997 import REBER_3x2, REBER_4x1, Plan
from experiments.reber import Learner, Published, Today, train_on_strings
from experiments.records import Experiment, Row, Setting
from experiments.starts import maker, size_for
from lstm_core import SGD, Adam, Dense, Generator

# --- Experiment 1 of 1997, the embedded Reber grammar -----------------------------------------------------------------

PUBLISHED = {"3 x 2": (REBER_3x2, (-1, -2, -3)), "4 x 1": (REBER_4x1, (-1, -2, -3, -4))}
RULES = {
    "as printed": {},
    "once a string": {"every": "string"},
    "tolerance": {"tolerance": 0.3},
    "whole gradient": {"every": "string", "whole": True},
    "whole gradient, possible": {"every": "string", "whole": True, "target": "possible", "tolerance": 0.3},
}


def _learner(setting: Setting, rngs: Sequence[Generator]) -> Learner:
    if setting["net"] in PUBLISHED:
        plan, biases = PUBLISHED[setting["net"]]
        return Published(plan, rngs, setting["rate"], o=biases, **RULES[setting["rule"]])
    make = maker(setting["net"], 7, setting["H"], setting["start"], 12)  # strings have 12 symbols in the mean
    layers = [make(rng) for rng in rngs]
    heads = [Dense(setting["H"], 7, rng=rng) for rng in rngs]
    plain = setting["rule"] == "squared error, plain"
    nets = Nets(layers, heads, setting["rate"], np.inf if plain else 1.0, SGD if plain else Adam)
    return Today(nets, "squared" if plain else "softmax")


def _reber(name: str, setting: Setting, trials: Sequence[int], limit: int | None = None) -> list[Row]:
    return train_on_strings(name, trials, lambda rngs: _learner(setting, rngs), strings=150_000, limit=limit)


def _reber_settings() -> list[Setting]:
    """Rows of one table; nets of today have about 512 weights before the head."""
    published = [("3 x 2", "as printed", 0.5), ("4 x 1", "as printed", 0.5)]
    published += [(net, "whole gradient", 0.5) for net in PUBLISHED]
    published += [("3 x 2", rule, 0.5) for rule in ("tolerance", "once a string", "whole gradient, possible")]
    published += [("3 x 2", "as printed", 0.2), ("3 x 2", "as printed", 0.1), ("4 x 1", "as printed", 0.1)]
    today = [("LSTM", "b = 1", "squared error, plain", 0.5), ("LSTM", "b = 1", "squared error, plain", 0.1)]
    today += [("LSTM", "b = 1", "Adam", 0.01), ("LSTM", "chrono", "Adam", 0.01), ("GRU", "as made", "Adam", 0.01)]
    today += [("RNN", "as made", "Adam", 0.01), ("RNN", "as made", "Adam", 0.003)]
    return [{"net": net, "rule": rule, "rate": rate} for net, rule, rate in published] + [
        {"net": net, "H": size_for(net, 7, 512), "start": start, "rule": rule, "rate": rate}
        for net, start, rule, rate in today
    ]


EXPERIMENTS = [
    Experiment(
        "embedded_reber",
        "Hochreiter & Schmidhuber 1997, experiment 1: three pairs of 256 training and 256 test strings; solved: at every "
        "step of all 512 the symbols that may follow are the most active outputs, tried every 100 strings; at most "
        "150,000. Nets of 1997 by several rules, and nets of today of about 512 weights.",
        _reber_settings(),
        _reber,
        trials=60,
        block=60,
    )
]
