"""The embedded Reber grammar as one stream without a break (Gers, Schmidhuber & Cummins 2000), by their criterion.

A prediction is right if the squared error of every output is below 0.49. A net is perfect if it is right on ten test
streams of 100,000 symbols each, good if its test streams are right for more than 1,000 symbols in the mean.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from experiments import net_1997
from experiments.classic import softmax
from experiments.many import Nets
from experiments.reber import AUTOMATON, SYMBOLS
from experiments.training import generators
from lstm_core import Array, Dense, Generator, Record, Recurrent

WRONG, STREAM, TESTS, MOST = 0.49, 100_000, 10, 30_000
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
CLOSING, T_OR_P = (9, 18), [SYMBOLS.index("T"), SYMBOLS.index("P")]


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


def error_free(
    say: Callable[[Array, Any], tuple[Array, Any]], rng: Generator, N: int, longest: int = STREAM, part: int = 100
) -> Array:
    """How many symbols of each of ten test streams N nets predict before their first error, (N, 10).

    say: from x (T, N, 10, 7) and the state before (None at first), the outputs and the state after.
    """
    streams, state = Streams(rng.spawn(TESTS)), None
    length, running = np.zeros((N, TESTS), int), np.ones((N, TESTS), bool)
    for _ in range(longest // part):
        x, target = (np.stack(a) for a in zip(*(streams.step() for _ in range(part)), strict=True))
        y, state = say(np.broadcast_to(x[:, None], (part, N, TESTS, 7)), state)
        right = (np.square(y - target[:, None]) < WRONG).all(axis=-1)
        length += np.logical_and.accumulate(np.concatenate([running[None], right]))[1:].sum(axis=0)
        running &= right.all(axis=0)
        if not running.any():
            break
    return length


def closings_right(say: Callable[[Array, Any], tuple[Array, Any]], rng: Generator, N: int, parts: int = 30) -> Array:
    """The share of closing letters at which the right one of T and P is the larger output, (N,), on ten streams.

    The criterion does not ask for it: half T and half P is an error of 0.25 on either, and 0.25 is below 0.49.
    """
    streams, state, right, part = Streams(rng.spawn(TESTS)), None, [], 100
    for _ in range(parts):
        steps = [(np.isin(streams.state, CLOSING), *streams.step()) for _ in range(part)]
        closing, x, target = (np.stack(a) for a in zip(*steps, strict=True))
        y, state = say(np.broadcast_to(x[:, None], (part, N, TESTS, 7)), state)
        larger, wanted = y[..., T_OR_P].argmax(axis=-1), target[..., T_OR_P].argmax(axis=-1)
        right.append((larger == wanted[:, None]).swapaxes(1, 2)[closing])
    return np.concatenate(right).mean(axis=0)


def tested(say: Callable[[Array, Any], tuple[Array, Any]], N: int) -> list[dict[str, Any]]:
    """What a record keeps of each of N nets: the same test streams for all."""
    lengths = error_free(say, np.random.default_rng(2000), N)
    closings = closings_right(say, np.random.default_rng(2001), N)
    return [
        {
            "mean": float(f"{own.mean():.6g}"),
            "perfect": bool((own >= STREAM).all()),
            "closings right": float(f"{share:.4g}"),
        }
        for own, share in zip(lengths, closings, strict=True)
    ]


# --- The nets as printed ----------------------------------------------------------------------------------------------


def as_printed(
    name: str,
    trials: Sequence[int],
    *,
    forget: bool,
    alpha_decay: float,
    symbols: int,
    limit: int | None = None,
    candidate: int = 10_000,
) -> list[dict[str, Any]]:
    """A result a trial: 4 blocks of 2 cells, updated at every symbol, rate 0.5 at the start of each training stream.

    A training stream ends at the first error, or after 100,000 symbols; a trial after 30,000 of them, or after so many
    symbols. alpha_decay: the rate shrinks by it at each symbol of a stream. Tested after each training stream of
    ``candidate`` symbols or more, and at the end; a perfect net ends.
    """
    plan = net_1997.GERS if forget else net_1997.GERS_1997
    weights, data = zip(*(generators(name, trial) for trial in trials), strict=True)
    up = (0.5, 1.0, 1.5, 2.0)
    down = [-b for b in up]
    biases = {"i": down, "o": down} | ({"f": up} if forget else {})
    W, V = map(np.stack, zip(*(plan.new(rng, 0.2, **biases) for rng in weights), strict=True))
    streams, running = Streams(data), np.arange(len(trials))
    (s, heard), trace = net_1997.zeros(plan, len(W)), np.zeros((2 + forget, len(W), plan.cells, W.shape[-1]))
    length, rate = np.zeros(len(W), int), np.full(len(W), 0.5)
    results: list[dict[str, Any]] = [{"losses": [], "streams": 0, "perfect after": None} for _ in trials]

    def tell(places: Array) -> None:
        for k, told in zip(running[places], tested(_says_1997(plan, W[places], V[places]), len(places)), strict=True):
            results[k] |= told
            if told["perfect"]:
                results[k]["perfect after"] = results[k]["streams"]

    for _ in range(min(symbols, limit or symbols)):
        x, target = streams.step()
        now = net_1997.forward(plan, W, V, x[:, None], (s, heard))
        error, (s, heard) = target[:, None] - now.out, now.state
        trace = net_1997.traces(plan, now, trace)
        dW, dV = net_1997.truncated(plan, V, now, trace, error)
        W += rate[:, None, None] * dW
        V += rate[:, None, None] * dV
        length, rate = length + 1, rate * alpha_decay
        square = np.square(error[:, 0])
        for k, own in zip(running, square, strict=True):
            if len(results[k]["losses"]) == 20:
                break
            results[k]["losses"].append(float(f"{own.sum() / 2:.8g}"))
        ended = (square >= WRONG).any(axis=-1) | (length >= STREAM)
        if not ended.any():
            continue
        for k in running[ended]:
            results[k]["streams"] += 1
        if (candidates := ended & (length >= candidate)).any():
            tell(np.flatnonzero(candidates))
        s[ended], heard[ended], length[ended], rate[ended] = 0, 0, 0, 0.5
        trace[:, ended] = 0
        streams.restart(ended)
        over = np.array([results[k]["perfect after"] is not None or results[k]["streams"] >= MOST for k in running])
        if over.any():
            tell(np.flatnonzero(over))
            stay = np.flatnonzero(~over)
            streams.keep(stay)
            W, V, s, heard, length, rate, running = (a[stay] for a in (W, V, s, heard, length, rate, running))
            trace = trace[:, stay]
            if not len(running):
                break
    if not limit and len(running):
        tell(np.arange(len(running)))
    return results


def _says_1997(plan: net_1997.Plan, W: Array, V: Array) -> Callable[[Array, Any], tuple[Array, Any]]:
    def say(x: Array, state: Any) -> tuple[Array, Any]:
        steps = net_1997.run(plan, W, V, x, state)
        return np.stack([now.out for now in steps]), steps[-1].state

    return say


# --- Nets of today ----------------------------------------------------------------------------------------------------


def of_today(
    name: str,
    trials: Sequence[int],
    make: Callable[[Generator], Recurrent],
    *,
    updates: int,
    limit: int | None = None,
    batch: int = 8,
    part: int = 40,
) -> list[dict[str, Any]]:
    """A result a trial: nets that read ``batch`` streams in parts, and carry their states on from part to part.

    At each update one of the streams begins anew. Softmax and cross-entropy, Adam 1e-2, norm clipped at 1; no stream
    ends at an error. Tested once, at the end.
    """
    weights, data = zip(*(generators(name, trial) for trial in trials), strict=True)
    layers = [make(rng) for rng in weights]
    heads = [Dense(layer.hidden_size, 7, rng=rng) for layer, rng in zip(layers, weights, strict=True)]
    nets, N = Nets(layers, heads, 1e-2), len(trials)
    streams, state = Streams([own for rng in data for own in rng.spawn(batch)]), None
    results: list[dict[str, Any]] = [{"losses": []} for _ in trials]
    for update in range(min(updates, limit or updates)):
        anew = update % batch
        streams.restart(np.arange(anew, N * batch, batch))
        for a in state or ():
            a[:, anew] = 0
        both = zip(*(streams.step() for _ in range(part)), strict=True)
        x, target = (np.stack(a).reshape(part, N, batch, 7) for a in both)
        y, trace = nets.forward(x, state)
        p, state = softmax(y), last(trace)
        nets.update((p - target) / (part * batch), trace)
        for result, loss in zip(results, -np.log((p * target).sum(axis=-1)).mean(axis=(0, 2)), strict=True):
            result["losses"] += [float(f"{loss:.8g}")] * (len(result["losses"]) < 20)

    def say(x: Array, state: Any) -> tuple[Array, Any]:
        y, trace = nets.forward(x, state)
        return softmax(y), last(trace)

    if not limit:
        for result, told in zip(results, tested(say, N), strict=True):
            result |= told
    return results


def last(trace: Record) -> tuple[Array, ...]:
    """The state after the last step, the parts of STATE in a row."""
    return tuple(a[-1].copy() for a in ((trace.h, trace.c) if "c" in vars(trace) else (trace.h,)))
