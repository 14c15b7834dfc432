"""The embedded Reber grammar, the criterion of 1997, and nets that learn it string by string.

H97: Hochreiter & Schmidhuber 1997, experiment 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Protocol

import numpy as np

from experiments import net_1997
from experiments.many import Nets
from experiments.training import generators
from lstm_core import Array, Generator, Record, sigmoid, sigmoid_prime

SYMBOLS = "BTPSXVE"
# state: symbol -> next state; 7 is the end
AUTOMATON = {
    0: {"B": 1},
    1: {"T": 2, "P": 3},
    2: {"S": 2, "X": 4},
    3: {"T": 3, "V": 5},
    4: {"X": 3, "S": 6},
    5: {"P": 4, "V": 6},
    6: {"E": 7},
}


def reber(rng: Generator) -> str:
    """One string of the inner grammar; where two ways lead on, either is as likely."""
    state, string = 0, ""
    while state != 7:
        symbol = rng.choice(list(AUTOMATON[state]))
        string, state = string + symbol, AUTOMATON[state][symbol]
    return string


def embedded_reber(rng: Generator) -> str:
    """B, then T or P, an inner string, the same T or P again, E."""
    outer = rng.choice(["T", "P"])
    return f"B{outer}{reber(rng)}{outer}E"


def possible(string: str) -> list[str]:
    """What may follow each symbol of an embedded string but the last."""
    state, after = 0, ["TP", "B"]
    for symbol in string[2:-2]:
        state = AUTOMATON[state][symbol]
        after.append("".join(AUTOMATON[state]) if state != 7 else string[1])
    return [*after, "E"]


def sets(pair: int, size: int = 256) -> tuple[list[str], list[str]]:
    """H97's training and test set, here of pair 0, 1 or 2: drawn at random, none of the second in the first."""
    rng = np.random.default_rng([1997, pair])
    training = [embedded_reber(rng) for _ in range(size)]
    test: list[str] = []
    while len(test) < size:
        string = embedded_reber(rng)
        if string not in training:
            test.append(string)
    return training, test


def criterion(y: Array, may_follow: Array) -> Array:
    """H97: at every step the outputs of the symbols that may follow are the most active ones.

    y (T, …, 7); may_follow of zeros and ones, zeros alone after a string's end. One truth a string.
    """
    least = np.where(may_follow > 0, y, np.inf).min(axis=-1)
    most = np.where(may_follow > 0, -np.inf, y).max(axis=-1)
    return ((least > most) | ~may_follow.any(axis=-1)).all(axis=0)


# --- Strings as arrays ------------------------------------------------------------------------------------------------


@cache
def as_arrays(string: str) -> tuple[Array, Array, Array]:
    """Inputs, next symbols, and symbols that may follow, (T - 1, 7) each."""
    symbols = np.eye(7)[[SYMBOLS.index(symbol) for symbol in string]]
    may_follow = np.array([[float(symbol in some) for symbol in SYMBOLS] for some in possible(string)])
    return symbols[:-1], symbols[1:], may_follow


def padded(strings: Sequence[str], which: int, T: int = 0) -> Array:
    """(T, M, 7) of M strings, zeros after the end of the shorter ones; which: of as_arrays; T: at least so long."""
    arrays = [as_arrays(string)[which] for string in strings]
    whole = np.zeros((max(T, *map(len, arrays)), len(arrays), 7))
    for k, a in enumerate(arrays):
        whole[: len(a), k] = a
    return whole


@cache
def chunks(pair: int, size: int = 24) -> list[tuple[Array, Array]]:
    """Inputs and what may follow, of all different strings of a pair of sets, the short ones first."""
    strings = sorted(set().union(*sets(pair)), key=lambda string: (len(string), string))
    parts = [strings[k : k + size] for k in range(0, len(strings), size)]
    return [(padded(part, 0), padded(part, 2)) for part in parts]


# So many steps at least, so that a trial's sums do not depend on the strings of the others.
LONGEST = max(len(string) - 1 for pair in range(3) for string in sets(pair)[0])


# --- Nets that learn strings ------------------------------------------------------------------------------------------


class Learner(Protocol):
    """Nets side by side."""

    def learn(self, strings: Sequence[str]) -> Array:
        """Update each net by its own string; returns the losses."""

    def outputs(self, x: Array, places: Array) -> Array:
        """(T, N, M, 7): what the nets in these places say to x (T, M, 7)."""

    def inside(self, x: Array, places: Array) -> Array:
        """(3, N): over x (T, N, M, 7), the size of the states, the slope after them, the share of gates that are stuck.

        The size is the root of the mean square; a gate is stuck below 0.02 or above 0.98.
        """

    def keep(self, places: Sequence[int]) -> None:
        """Go on with the nets in these places alone."""


def _inside(states: Array, slopes: Array, gates: Array, real: Array) -> Array:
    """What ``Learner.inside`` says, from (T, N, M, n) each and the real steps (T, N, M)."""
    stuck = (gates < 0.02) | (gates > 0.98)
    count = real.sum(axis=(0, 2))
    size, slope, share = ((a.mean(axis=-1) * real).sum(axis=(0, 2)) / count for a in (states**2, slopes, stuck))
    return np.stack([np.sqrt(size), slope, share])


class Published:
    """The nets of 1997 or 2000 without a forget gate, reset at each string's end."""

    def __init__(
        self,
        plan: net_1997.Plan,
        rngs: Sequence[Generator],
        rate: float,
        *,
        every: str = "step",
        whole: bool = False,
        tolerance: float = 0.0,
        target: str = "next",
        **biases: Sequence[float],
    ) -> None:
        """every: update at each "step" or "string"; whole: the whole gradient, then of a string.

        tolerance: no error where an output is as close to its target; target: 1 for the "next" symbol, or for each
        "possible" one. biases: of the gates, block by block.
        """
        self.plan, self.rate, self.every, self.whole, self.tolerance = plan, rate, every, whole, tolerance
        self.which = {"next": 1, "possible": 2}[target]
        self.W, self.V = map(np.stack, zip(*(plan.new(rng, 0.2, **biases) for rng in rngs), strict=True))

    def learn(self, strings: Sequence[str]) -> Array:
        order = sorted(range(len(strings)), key=lambda k: -len(strings[k]))  # so that the first n are still running
        lengths = np.array([len(strings[k]) - 1 for k in order])
        x, target = (padded([strings[k] for k in order], which)[:, :, None] for which in (0, self.which))
        W, V, state = self.W[order], self.V[order], net_1997.zeros(self.plan, len(order))
        trace = np.zeros((2, len(order), self.plan.cells, W.shape[-1]))
        steps: list[Record] = []
        errors: list[Array] = []
        losses = np.zeros(len(order))
        for t in range(len(x)):
            n = int((lengths > t).sum())
            now = net_1997.forward(self.plan, W[:n], V[:n], x[t, :n], (state[0][:n], state[1][:n]))
            error, state = target[t, :n] - now.out, now.state
            losses[:n] += 0.5 * np.square(error).sum(axis=(1, 2))
            error = error * (np.abs(error) > self.tolerance)
            if self.every == "step":
                trace = net_1997.traces(self.plan, now, trace[:, :n])
                dW, dV = net_1997.truncated(self.plan, V[:n], now, trace, error)
                W[:n] += self.rate * dW
                V[:n] += self.rate * dV
            else:
                steps.append(now)
                errors.append(error)
        if self.every == "string":
            dW, dV = net_1997.through_time(self.plan, W, V, steps, errors, self.whole)
            W, V = W + self.rate * dW, V + self.rate * dV
        self.W[order], self.V[order] = W, V
        losses[order] = losses / lengths
        return losses

    def outputs(self, x: Array, places: Array) -> Array:
        W, V, N, M = self.W[places], self.V[places], len(places), x.shape[1]
        return np.stack(
            [now.out for now in net_1997.run(self.plan, W, V, np.broadcast_to(x[:, None], (len(x), N, M, 7)))]
        )

    def inside(self, x: Array, places: Array) -> Array:
        steps = net_1997.run(self.plan, self.W[places], self.V[places], x)
        s, h, gates = (np.stack([getattr(now, name) for now in steps]) for name in ("s", "h", "gates"))
        return _inside(s, 0.5 * (1 - h**2), gates, x.any(axis=-1))

    def keep(self, places: Sequence[int]) -> None:
        self.W, self.V = self.W[places], self.V[places]


class Today:
    """Nets of lstm_core's layers with a linear head, the whole gradient of a string, in any optimiser's hands.

    loss: "softmax", or "squared" with logistic outputs, the sum over the outputs, as in 1997.
    """

    def __init__(self, nets: Nets, loss: str) -> None:
        self.nets, self.loss = nets, loss

    def learn(self, strings: Sequence[str]) -> Array:
        x, target = (padded(strings, which, LONGEST)[:, :, None] for which in (0, 1))
        real = target.any(axis=-1)
        y, trace = self.nets.forward(x)
        if self.loss == "squared":
            out = sigmoid(y)
            loss = 0.5 * np.square(out - target).sum(axis=-1)
            dy = (out - target) * sigmoid_prime(out)
        else:
            shifted = y - y.max(axis=-1, keepdims=True)
            log_p = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
            loss, dy = -(log_p * target).sum(axis=-1), np.exp(log_p) - target
        self.nets.update(dy * real[..., None], trace)
        return ((loss * real).sum(axis=0) / real.sum(axis=0))[:, 0]

    def outputs(self, x: Array, places: Array) -> Array:
        return self.nets.some(places).forward(np.broadcast_to(x[:, None], (len(x), len(places), *x.shape[1:])))[0]

    def inside(self, x: Array, places: Array) -> Array:
        _, trace = self.nets.some(places).forward(x)
        if "c" not in vars(trace):  # a GRU or an RNN has no such state
            return np.zeros((0, len(places)))
        gates = np.concatenate([trace.f, trace.i, trace.o], axis=-1)
        return _inside(trace.c, 1 - np.tanh(trace.c) ** 2, gates, x.any(axis=-1))

    def keep(self, places: Sequence[int]) -> None:
        self.nets.keep(places)


def train_on_strings(
    name: str,
    trials: Sequence[int],
    make: Callable[[Sequence[Generator]], Learner],
    *,
    strings: int,
    limit: int | None = None,
    every: int = 100,
    first: int = 20,
    looks: int = 30,
) -> list[dict[str, Any]]:
    """A result a trial: after how many strings H97's criterion was met, the first losses, and ``inside``.

    Trial k has the pair of sets k mod 3. The criterion is tried after every so many strings; ``inside`` keeps what
    ``Learner.inside`` says after every 1,000 of the first strings, of the pair's longest strings.
    """
    weights, data = zip(*(generators(name, trial) for trial in trials), strict=True)
    learner, running, pairs = make(weights), np.arange(len(trials)), np.array(trials) % 3
    training = [sets(pair)[0] for pair in range(3)]
    longest = [chunks(pair)[-1][0] for pair in range(3)]
    results: list[dict[str, Any]] = [{"solved": None, "losses": [], "inside": [[], [], []]} for _ in trials]
    for done in range(0, min(strings, limit or strings), every):
        drawn = {k: data[k].integers(len(training[0]), size=every) for k in running}
        for n in range(min(every, (limit or strings) - done)):
            losses = learner.learn([training[pairs[k]][drawn[k][n]] for k in running])
            for k, loss in zip(running, losses, strict=True):
                if len(results[k]["losses"]) < first:
                    results[k]["losses"].append(float(f"{loss:.8g}"))
        if limit and done + every > limit:
            break
        if (done + every) % 1000 == 0 and (done + every) // 1000 <= looks:
            for pair in set(pairs[running].tolist()):
                places = np.flatnonzero(pairs[running] == pair)
                x = np.repeat(longest[pair][:, None], len(places), axis=1)
                for place, three in zip(places, learner.inside(x, places).T, strict=True):
                    for kept, value in zip(results[running[place]]["inside"], three, strict=False):
                        kept.append(float(f"{value:.3g}"))
        right = meets_criterion(learner, pairs[running])
        for k in running[right]:
            results[k]["solved"] = done + every
        if right.all():
            break
        if right.any():
            learner.keep(np.flatnonzero(~right))
            running = running[~right]
    return results


def meets_criterion(learner: Learner, pairs: Array) -> Array:
    """Which nets are right on every string of both their sets; a net is asked no further once it is wrong."""
    right = np.zeros(len(pairs), bool)
    for pair in set(pairs.tolist()):
        places = np.flatnonzero(pairs == pair)
        for x, may_follow in chunks(pair):
            places = places[criterion(learner.outputs(x, places), may_follow[:, None]).all(axis=-1)]
            if not len(places):
                break
        right[places] = True
    return right
