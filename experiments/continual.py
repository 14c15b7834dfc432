"""The embedded Reber grammar as one stream without a break (Gers, Schmidhuber & Cummins 2000), by their criterion.

A prediction is right if the squared error of every output is below 0.49. A net is perfect if it is right on ten test
streams of 100,000 symbols each, good if its test streams are right for more than 1,000 symbols in the mean.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from experiments import net_1997
from experiments.many import Nets
from experiments.reber import AUTOMATON, SYMBOLS
from experiments.training import generators
from lstm_core import Array, Generator

WRONG, STREAM, TESTS = 0.49, 100_000, 10
EYE = np.eye(7)


def _table() -> tuple[Array, Array]:
    """The grammar without end, as numbers: for each state two equally likely symbols, and the states they lead to.

    0: before a string's B; 1: before its T or P; 2 to 10: after a T, the inner grammar's states 0 to 6, then the
    closing T, then E; 11 to 19: the same after a P.
    """
    ways = [[("B", 1)] * 2, [("T", 2), ("P", 11)]]
    for start, outer in ((2, "T"), (11, "P")):
        for state in range(7):
            inner = [(symbol, start + after) for symbol, after in AUTOMATON[state].items()]
            ways.append((inner * 2)[:2])
        ways += [[(outer, start + 8)] * 2, [("E", 0)] * 2]
    symbols = np.array([[SYMBOLS.index(symbol) for symbol, _ in two] for two in ways])
    return symbols, np.array([[state for _, state in two] for two in ways])


SYMBOL, FOLLOW = _table()


class Streams:
    """Endless strings, one a Generator, each beginning with the B of a string."""

    def __init__(self, rngs: Sequence[Generator], ahead: int = 1000) -> None:
        self.rngs, self.ahead = list(rngs), ahead
        self.state, self.place = np.zeros(len(self.rngs), int), ahead
        self.now = self._symbols()

    def _symbols(self) -> Array:
        if self.place == self.ahead:
            self.branches, self.place = np.stack([rng.integers(0, 2, self.ahead) for rng in self.rngs]), 0
        branch = self.branches[:, self.place]
        symbols, self.state = SYMBOL[self.state, branch], FOLLOW[self.state, branch]
        self.place += 1
        return symbols

    def step(self) -> tuple[Array, Array]:
        """This symbol and the next one, one-hot, (N, 7) each."""
        now, self.now = self.now, self._symbols()
        return EYE[now], EYE[self.now]

    def restart(self, places: Array) -> None:
        """These begin a new string: the next symbol is its B."""
        self.state[places], self.now[places] = FOLLOW[0, 0], SYMBOL[0, 0]

    def keep(self, places: Array) -> None:
        self.rngs = [self.rngs[k] for k in places]
        self.state, self.now, self.branches = self.state[places], self.now[places], self.branches[places]


def error_free(say: Callable[[Array, Any], tuple[Array, Any]], rng: Generator, N: int, longest: int = STREAM) -> Array:
    """How many symbols of each of ten test streams a net predicts before its first error, (N, 10) of N nets.

    say: from x (N, 10, 7) and the state of the step before (None at first), the outputs and the state.
    """
    streams = Streams(rng.spawn(TESTS))
    length, running, state = np.zeros((N, TESTS), int), np.ones((N, TESTS), bool), None
    for _ in range(longest):
        x, target = streams.step()
        y, state = say(np.broadcast_to(x, (N, TESTS, 7)), state)
        running &= (np.square(y - target) < WRONG).all(axis=-1)
        length += running
        if not running.any():
            break
    return length


# --- The nets as printed ----------------------------------------------------------------------------------------------


def as_printed(
    name: str,
    trials: Sequence[int],
    *,
    forget: bool = True,
    decay: float = 1.0,
    reset: bool = False,
    alpha_decay: float = 1.0,
    symbols: int,
    limit: int | None = None,
    candidate: int = 10_000,
) -> list[dict[str, Any]]:
    """A result a trial: 4 blocks of 2 cells, updated at every symbol at rate 0.5.

    A training stream ends at the first error, or after 100,000 symbols; at most 30,000 of them and so many symbols.
    forget: with forget gates, else s keeps the part decay. reset: states are set back before each B. alpha_decay: the
    rate shrinks by it at each symbol of a training stream. Tested after training streams of ``candidate`` symbols and
    more, and at the end.
    """
    plan = net_1997.GERS if forget else net_1997.Plan(7, 7, 4, 2, hears_gates=False, direct=True, outputs_biased=True)
    weights, data = zip(*(generators(name, trial) for trial in trials), strict=True)
    step = (0.5, 1.0, 1.5, 2.0)
    down = [-b for b in step]
    W, V = map(np.stack, zip(*(plan.new(rng, 0.2, i=down, o=down, **({"f": step} if forget else {})) for rng in weights), strict=True))
    return W, V
