"""Speed and memory of lstm_core, side by side in one run: every figure is a ratio, none is a time.

    python benchmarks/bench.py             print the tables
    python benchmarks/bench.py --record    and write the figures to benchmarks/recorded.json, for the chapters to draw

float32, forward and backward, D = H, one BLAS thread. The bare matrix products are those that no implementation can do
without; torch.nn is timed where PyTorch is installed.
"""

import os

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"

import argparse
import json
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import moves  # noqa: E402
import numpy as np  # noqa: E402

from experiments.records import machine  # noqa: E402
from lstm_core import GRU, LSTM, RNN  # noqa: E402

try:
    import torch
except ModuleNotFoundError:
    torch = None

RECORDED = Path(__file__).with_name("recorded.json")
LAYERS = {
    "RNN": lambda size: RNN(size, size, rng=np.random.default_rng(0), dtype=np.float32),
    "LSTM": lambda size: LSTM(size, size, rng=np.random.default_rng(0), dtype=np.float32),
    "GRU after": lambda size: GRU(size, size, rng=np.random.default_rng(0), dtype=np.float32),
    "GRU before": lambda size: GRU(size, size, rng=np.random.default_rng(0), dtype=np.float32, reset="before"),
}


def side_by_side(runs: dict[str, Callable[[], object]], rounds: int = 9) -> dict[str, float]:
    """Median seconds of each run; the runs take turns, so that a busy machine slows all of them alike."""
    for run in runs.values():
        run()
    seconds = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(s) for name, s in seconds.items()}


def numbers(*shape: int) -> np.ndarray:
    return np.random.default_rng(1).standard_normal(shape, np.float32)


def train(layer, x: np.ndarray, dh: np.ndarray):
    return layer.backward(dh, layer.forward(x)[1])


def bare_products(layer, x: np.ndarray, dh: np.ndarray) -> Callable[[], object]:
    """The matrix products of a pass and nothing else: the input's share, one a step each way, three after the loop."""
    W_x, W_h = layer.params["W_x"], layer.params["W_h"]
    d_net = numbers(len(x), x.shape[1], len(W_x))
    flat, h, d = (a.reshape(-1, a.shape[-1]) for a in (x, dh, d_net))

    def run() -> None:
        flat @ W_x.T
        for t in range(len(x)):
            dh[t] @ W_h.T
        for t in range(len(x)):
            d_net[t] @ W_h
        d @ W_x, d.T @ flat, d.T @ h

    return run


def torch_pass(kind: str, size: int, x: np.ndarray, dh: np.ndarray) -> Callable[[], object]:
    torch.set_num_threads(1)
    module = {"RNN": torch.nn.RNN, "LSTM": torch.nn.LSTM, "GRU after": torch.nn.GRU}[kind](size, size)
    x_torch, dh_torch = torch.from_numpy(x).requires_grad_(), torch.from_numpy(dh)

    def run():
        module.zero_grad()
        x_torch.grad = None
        module(x_torch)[0].backward(dh_torch)

    return run


def against_others(rounds: int) -> list[dict]:
    rows = []
    for kind, make in LAYERS.items():
        for size in (32, 128, 256):
            layer, x, dh = make(size), numbers(100, 32, size), numbers(100, 32, size)
            runs = {"ours": lambda a=(layer, x, dh): train(*a), "bare": bare_products(layer, x, dh)}
            if torch and kind != "GRU before":
                runs["torch"] = torch_pass(kind, size, x, dh)
            s = side_by_side(runs, rounds)
            ratios = {f"to_{name}": round(s["ours"] / s[name], 2) for name in s if name != "ours"}
            rows.append({"layer": kind, "T": 100, "B": 32, "H": size, **ratios})
    return rows


def growth(rounds: int) -> list[dict]:
    layer, rows = LAYERS["LSTM"](32), []
    runs = {T: lambda a=(layer, numbers(T, 8, 32), numbers(T, 8, 32)): train(*a) for T in (100, 1000, 10_000)}
    s = side_by_side(runs, max(3, rounds // 3))
    for T in runs:
        rows.append({"T": T, "per_step_to_T100": round(s[T] / T / (s[100] / 100), 2)})
    return rows


def peak(run: Callable[[], object], unit: int) -> float:
    tracemalloc.start()
    run()
    bytes_at_peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return round(bytes_at_peak / unit, 1)


def memory() -> list[dict]:
    rows, (T, B, H) = [], (200, 16, 64)
    x, dh = numbers(T, B, H), numbers(T, B, H)
    for kind, make in LAYERS.items():
        layer = make(H)
        training = peak(lambda a=(layer, x, dh): train(*a), x.nbytes)
        rows.append({"layer": kind, "training": training, "inference": peak(lambda a=(layer, x): a[0](a[1]), x.nbytes)})
    return rows


def four_moves(rounds: int) -> list[dict]:
    size = 32
    layer, x, dh = LAYERS["LSTM"](size), numbers(100, 32, size), numbers(100, 32, size)
    p = layer.params | layer.by_gate(layer.params)
    ours = layer.by_gate(train(layer, x, dh).params)

    def run(move: int):
        return moves.backward(p, x, moves.forward(p, x, move), dh, move)

    for move in range(5):
        grads = run(move)
        for name, g in ours.items():
            np.testing.assert_allclose(grads[name], g, rtol=1e-3, atol=1e-3 * np.abs(g).max())
    s = side_by_side({m: lambda m=m: run(m) for m in range(5)} | {"ours": lambda: train(layer, x, dh)}, rounds)
    return [{"name": moves.MOVES[m], "seconds_ratio": round(s[m] / s["ours"], 2)} for m in range(5)]


def gru_reset(rounds: int) -> list[dict]:
    rows = []
    for batch, size in ((1, 32), (32, 32), (32, 128), (32, 256)):
        x, dh = numbers(100, batch, size), numbers(100, batch, size)
        s = side_by_side(
            {k: lambda a=(LAYERS[f"GRU {k}"](size), x, dh): train(*a) for k in ("before", "after")}, rounds
        )
        rows.append({"B": batch, "H": size, "before": round(s["before"] / s["after"], 2), "after": 1.0})
    return rows


def table(title: str, rows: list[dict]) -> None:
    names = list(dict.fromkeys(name for row in rows for name in row))
    cells = [names] + [[str(row.get(name, "–")) for name in names] for row in rows]
    widths = [max(len(row[k]) for row in cells) for k in range(len(names))]
    print(f"\n{title}")
    for row in cells:
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record", action="store_true", help=f"write {RECORDED.name}")
    parser.add_argument("--rounds", type=int, default=9, help="how many turns each run gets (9)")
    args = parser.parse_args()
    figures = {
        "machine": machine() | {"torch": torch.__version__ if torch else None, "threads": 1},
        "against_others": against_others(args.rounds),
        "growth": growth(args.rounds),
        "memory": memory(),
        "four_moves": four_moves(args.rounds),
        "gru_reset": gru_reset(args.rounds),
    }
    print(", ".join(f"{name} {value}" for name, value in figures["machine"].items()))
    table(
        "Time of a forward and backward pass: ours over the bare products and over torch.nn", figures["against_others"]
    )
    table("Time per step as the sequence grows, LSTM, B = 8, H = 32 (T = 100 is 1)", figures["growth"])
    table("Peak memory beyond the inputs, in arrays of (T, B, H), D = H", figures["memory"])
    table("LSTM, H = 32: the four moves, over lstm_core's own time", figures["four_moves"])
    table("GRU: the reset gate before the product, over the time of after", figures["gru_reset"])
    if args.record:
        RECORDED.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
