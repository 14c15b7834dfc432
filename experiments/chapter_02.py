"""Chapter 02: does an LSTM that is asked for them find the two cells that the chapter sets by hand?"""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from experiments.records import Experiment, Row, Setting
from experiments.starts import maker
from experiments.tasks import Task
from experiments.training import train
from lstm_core import LSTM, Array, Arrays, mean_squared_error


def zen() -> str:
    """The Zen of Python, by Tim Peters, from the module this."""
    with contextlib.redirect_stdout(io.StringIO()):
        import this
    return "".join(this.d.get(character, character) for character in this.s)


def one_hot(text: str) -> Array:
    """(T, D): a row a character, with a single 1 at its place in the text's alphabet."""
    alphabet = sorted(set(text))
    return np.eye(len(alphabet))[[alphabet.index(character) for character in text]]


def columns(text: str) -> Array:
    """How far along its line each character stands, 0 at a newline."""
    return np.array([n for line in text.split("\n") for n in [*range(1, len(line) + 1), 0]][:-1], float)


def inside(text: str) -> Array:
    """1 inside a word, 0 elsewhere; an apostrophe belongs to a word if a letter stands before it."""
    marks = np.zeros(len(text))
    for word in re.finditer(r"[A-Za-z][A-Za-z']*", text):
        marks[word.start() : word.end()] = 1
    return marks


LONGEST = 70  # the column is asked for as a part of this


def reading(text: str) -> Task:
    """At every character of one text: the column, and whether it stands inside a word."""
    x, target = one_hot(text)[:, None], np.stack([columns(text) / LONGEST, inside(text)], axis=-1)[:, None]
    everywhere = np.ones(x.shape[:2], bool)

    def right(y: Array, target: Array, mask: Array) -> float:
        return float(1 - np.square(y - target).sum() / np.square(target - target.mean(axis=(0, 1))).sum())

    return Task(x.shape[-1], 2, mean_squared_error, lambda rng, B: (x, target, everywhere), right)


def cells(params: Sequence[Arrays]) -> dict[str, Any]:
    """For each cell of a trained layer: how it goes with the column and with the words, and its forget gate."""
    text = zen()
    trace = LSTM.of(params[0]).forward(one_hot(text))[1]
    newline = np.array(list(text)) == "\n"
    told = {
        "column": [correlation(c, columns(text)) for c in trace.c.T],
        "word": [correlation(c, inside(text)) for c in trace.c.T],
        "f at newlines": [float(f[newline].max().round(3)) for f in trace.f.T],
        "f elsewhere": [float(np.median(f[~newline]).round(3)) for f in trace.f.T],
    }
    return told | {"params": {name: np.round(a, 4).tolist() for name, a in params[0].items()}}


def correlation(a: Array, b: Array) -> float:
    return float(np.corrcoef(a, b)[0, 1].round(3))


def _learned(name: str, setting: Setting, trials: Sequence[int], limit: int | None = None) -> list[Row]:
    return _read("LSTM", name, setting, trials, limit, look=None if limit else cells)


def _by_rnn(name: str, setting: Setting, trials: Sequence[int], limit: int | None = None) -> list[Row]:
    return _read("RNN", name, setting, trials, limit)


def _read(
    kind: str, name: str, setting: Setting, trials: Sequence[int], limit: int | None, look: Any = None
) -> list[Row]:
    task, make = reading(zen()), maker(kind, len(set(zen())), setting["H"], "as made", 2)
    return train(
        name,
        trials,
        task,
        make,
        updates=800,
        limit=limit,
        batch=1,
        learning_rate=2e-2,
        enough=2,
        look=look,
    )


EXPERIMENTS = [
    Experiment(
        "zen_learned",
        "The Zen of Python as one sequence of 856 characters; asked for at each: the column / 70, and whether it stands"
        " inside a word. LSTM, H = 4, forget bias 1, Adam 2e-2, norm clipped at 1, 800 updates.",
        [{"H": 4}],
        _learned,
        trials=24,
        block=12,
    ),
    Experiment(
        "zen_by_rnn",
        "As zen_learned, read by a plain RNN, W_h orthogonal at first: with as many units as that LSTM has cells, and"
        " with 13, which make 767 parameters beside its 800.",
        [{"H": 4}, {"H": 13}],
        _by_rnn,
        trials=24,
        block=12,
    ),
]
