"""Chapter 07: names that a network invents, a text learned piece by piece, and which knob matters first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from experiments.chapter_02 import columns, correlation, inside, one_hot, zen
from experiments.records import FOLDER, Experiment, Row, Setting
from experiments.tasks import latch
from experiments.training import FIRST, generators
from lstm_core import (
    GRU,
    LSTM,
    RNN,
    Adam,
    Array,
    Dense,
    Generator,
    Sequential,
    clip_by_global_norm,
    softmax_cross_entropy,
)

KINDS = {"LSTM": LSTM, "GRU": GRU, "RNN": RNN}
LETTERS = ".abcdefghijklmnopqrstuvwxyz"  # the point opens and closes a name, and fills up the shorter ones
BATCH, RATE = 64, 1e-2


def names() -> list[str]:
    """The given names of the 1990 census; where they come from stands at the head of the file."""
    # By the loader, because on a cluster the project's files are a zip archive.
    lines = __loader__.get_data(str(FOLDER / "names.txt")).decode("utf-8").splitlines()
    return [line for line in lines if not line.startswith("#")]


def split() -> tuple[list[str], list[str], list[str]]:
    """The names to learn from, a tenth held out to decide on, and a tenth to judge by at the end."""
    mixed = np.random.default_rng(0).permutation(names()).tolist()
    return mixed[1032:], mixed[:516], mixed[516:1032]


def encode(some: Sequence[str]) -> tuple[Array, Array, Array]:
    """x (T, B, 27) one-hot, the next letters (T, B), and the mask of those that count."""
    T = max(map(len, some)) + 1
    codes = np.array([[LETTERS.index(letter) for letter in f".{name}".ljust(T + 1, ".")] for name in some]).T
    return np.eye(27)[codes[:-1]], codes[1:], np.arange(T)[:, None] <= [len(name) for name in some]


def model(kind: str, D: int, H: int, K: int, rng: Generator) -> Sequential:
    return Sequential([KINDS[kind](D, H, rng=rng), Dense(H, K, rng=rng)])


def update(net: Sequential, optimiser: Adam, x: Array, target: Array, mask: Array | None, state: Any = None) -> Any:
    """One update; returns the loss before it and the states after the last step."""
    y, trace = net.forward(x, state)
    loss, dy = softmax_cross_entropy(y, target, mask)
    grads = net.backward(dy, trace).params
    clip_by_global_norm(grads, 1.0)
    optimiser.step(grads)
    return loss, [t.state for t in trace]


def _round(losses: Sequence[float]) -> list[float]:
    return [round(float(loss), 4) for loss in losses]


def _invent(name: str, setting: Setting, trials: Sequence[int], limit: int | None = None) -> list[Row]:
    return [_one_net(name, setting, trial, limit) for trial in trials]


def _one_net(name: str, setting: Setting, trial: int, limit: int | None) -> Row:
    """Train on the names, epoch by epoch; after each the loss on known, held-out and last names."""
    weights, data = generators(name, trial)
    net = model(setting.get("layer", "LSTM"), 27, setting["H"], 27, weights)
    optimiser, masked = Adam(net.params, setting.get("rate", RATE)), setting.get("mask", True)
    known, held_out, last = split()
    known = known[: setting.get("known", len(known))]
    x, target, mask = encode(known)
    judged = {"train": encode(known[:516]), "held_out": encode(held_out), "last": encode(last)}
    row: Row = {"losses": [], **{what: [] for what in judged}}
    done = 0
    for _ in range(setting["epochs"]):
        order = data.permutation(len(known))
        for k in range(0, len(known), BATCH):
            some = order[k : k + BATCH]
            loss, _ = update(net, optimiser, x[:, some], target[:, some], mask[:, some] if masked else None)
            row["losses"] += [loss][: FIRST - len(row["losses"])]
            done += 1
            if limit and done >= limit:
                return row
        for what, (x_, target_, mask_) in judged.items():
            row[what] += _round([softmax_cross_entropy(net(x_)[0], target_, mask_)[0]])
    if not masked:  # what its own loss, over the filled places too, says at the end
        x_, target_, _ = judged["held_out"]
        row["told"] = _round([softmax_cross_entropy(net(x_)[0], target_)[0]])[0]
    return row


# --- A text in pieces -------------------------------------------------------------------------------------------------


def read(net: Sequential, x: Array) -> tuple[Array, Array]:
    """The logits over the whole text, the state carried, and the layer's cells, or its units where it has none."""
    h, trace = net.layers[0].forward(x)
    return net.layers[1](h)[0], getattr(trace, "c", trace.h)


def _best(cells: Array, wanted: Array) -> float:
    """The largest correlation of any one cell with this, without its sign."""
    return max(abs(correlation(c, wanted)) for c in cells.T if c.std() > 0)


def _by_heart(name: str, setting: Setting, trials: Sequence[int], limit: int | None = None) -> list[Row]:
    return [_one_reader(name, setting, trial, limit) for trial in trials]


def _one_reader(name: str, setting: Setting, trial: int, limit: int | None) -> Row:
    """Predict each next character of the Zen of Python, in pieces of K, the state carried on or reset."""
    text, K, carried = zen(), setting["K"], setting["state"] == "carried"
    x, codes = one_hot(text)[:-1], one_hot(text).argmax(axis=-1)[1:]
    net = model(setting["layer"], x.shape[-1], setting["H"], x.shape[-1], generators(name, trial)[0])
    optimiser, row, done = Adam(net.params, RATE), {"losses": [], "curve": []}, 0
    wanted = {"column": columns(text)[:-1], "word": inside(text)[:-1]}
    before = {what: _best(read(net, x)[1], values) for what, values in wanted.items()}
    for _ in range(setting["passes"]):
        state, losses = None, []
        for k in range(0, len(x), K):
            loss, after = update(net, optimiser, x[k : k + K], codes[k : k + K], None, state)
            state = after if carried else None
            losses.append(loss)
            row["losses"] += [loss][: FIRST - len(row["losses"])]
            done += 1
            if limit and done >= limit:
                return row
        row["curve"] += _round([np.mean(losses)])
    logits, cells = read(net, x)
    row["run on"] = _round([softmax_cross_entropy(logits, codes)[0]])[0]
    row["by place"], whole = [], len(x) // K * K
    if not carried:
        logits = np.concatenate([net(x[k : k + K])[0] for k in range(0, whole, K)])
    for place in range(K):
        row["by place"] += _round([softmax_cross_entropy(logits[place:whole:K], codes[place:whole:K])[0]])
    return row | {what: [before[what], _best(cells, values)] for what, values in wanted.items()}


def _cut(name: str, setting: Setting, trials: Sequence[int], limit: int | None = None) -> list[Row]:
    """Chapter 06's latch, read in pieces of K steps: the state goes on, the error stops at the cut."""
    task, rows = latch(setting["T"]), []
    for trial in trials:
        weights, data = generators(name, trial)
        net = model("LSTM", task.D, 16, task.K, weights)
        optimiser, losses, right = Adam(net.params, RATE), [], []
        for _ in range(min(setting["updates"], limit or setting["updates"])):
            x, target, mask = task.batch(data, 32)
            with_loss, state = slice(setting["T"] - setting["K"], None), None
            if with_loss.start:
                state = net(x[: with_loss.start])[1]
            y, trace = net.forward(x[with_loss], state)
            loss, dy = task.loss(y, target[with_loss], mask[with_loss])
            grads = net.backward(dy, trace).params
            clip_by_global_norm(grads, 1.0)
            optimiser.step(grads)
            losses.append(loss)
            right.append(task.right(y, target[with_loss], mask[with_loss]))
        rows.append({"losses": losses[:FIRST], "right": round(float(np.mean(right[-50:])), 3)})
    return rows


SIZES = {"LSTM": 48, "GRU": 57, "RNN": 102}  # about 16,000 parameters each, the head's among them

EXPERIMENTS = [
    Experiment(
        "names",
        "Given names of the 1990 US census, letter by letter: 4,131 to learn from (or 500), 516 held out, 516 for the "
        "end. About 16,000 parameters, batch 64, Adam 1e-2, norm clipped at 1; after each epoch, nats a letter.",
        [
            *[{"layer": layer, "H": H, "mask": True, "known": 4131, "epochs": 16} for layer, H in SIZES.items()],
            {"layer": "LSTM", "H": 48, "mask": False, "known": 4131, "epochs": 8},
            {"layer": "LSTM", "H": 48, "mask": True, "known": 500, "epochs": 60},
        ],
        _invent,
        trials=12,
        block=2,
    ),
    Experiment(
        "pieces",
        "The Zen of Python, 855 next characters of 45, in pieces of K steps, the state carried on or reset at each. "
        "H = 64, Adam 1e-2, norm clipped at 1, at most 40 passes.",
        [
            {"layer": layer, "H": 64, "K": K, "state": state, "passes": passes}
            for layer, K, state, passes in (
                ("LSTM", 50, "carried", 40),
                ("LSTM", 50, "reset", 40),
                ("GRU", 50, "carried", 40),
                ("LSTM", 10, "carried", 20),
                ("LSTM", 10, "reset", 20),
            )
        ],
        _by_heart,
        trials=12,
        block=2,
    ),
    Experiment(
        "cut",
        "Say at the end which sign came first, 20 steps ago; the state is carried on, the error goes back K steps. "
        "LSTM, H = 16, forget bias 1, batch 32, Adam 1e-2, norm clipped at 1, 600 updates; right over the last 50.",
        [{"T": 20, "K": K, "updates": 600} for K in (20, 15, 10, 5)],
        _cut,
        block=4,
    ),
    Experiment(
        "knobs",
        "The names by an LSTM, 5 epochs, over learning rate and size; otherwise as in names.",
        [{"rate": rate, "H": H, "epochs": 5} for H in (12, 36, 96) for rate in (1e-4, 1e-3, 1e-2, 1e-1, 1.0)],
        _invent,
        trials=10,
        block=2,
    ),
]
