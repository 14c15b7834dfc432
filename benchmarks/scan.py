"""A linear recurrence as a loop and as a scan, forward and backward: how many times longer the loop takes.

    python benchmarks/scan.py             print the table
    python benchmarks/scan.py --record    and write it to benchmarks/scan.json, for chapter 11 to draw

float64, one thread. The width is how many numbers a step has, over batch and units: a step of the loop is one addition
and one product of so many; a sweep of the scan is as many times that as there are steps, ⌈log₂ T⌉ times over.
"""

import argparse
import json
import time

from bench import RECORDED as BENCH
from bench import machine, np, table  # it settles the threads, and the path

from experiments.recurrences import backwards, in_a_loop, scan

RECORDED = BENCH.with_name("scan.json")
SIZES = [(T, width) for T in (100, 1000, 10_000) for width in (1, 16, 128, 1024) if T * width <= 2_000_000]


def both(T: int, width: int) -> dict:
    rng = np.random.default_rng(0)
    a, b, dh = rng.uniform(0.5, 1, (T, width)), rng.standard_normal((T, width)), rng.standard_normal((T, width))
    return {how.__name__: lambda how=how: (how(a, b), backwards(how, a, dh)) for how in (in_a_loop, scan)}


def side_by_side(runs: dict, rounds: int) -> dict[str, float]:
    """Least processor seconds of each run, in turns: a step is so short that any other work on the machine shows."""
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            start = time.process_time()
            run()
            seconds[name].append(time.process_time() - start)
    return {name: min(s) for name, s in seconds.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record", action="store_true", help=f"write {RECORDED.name}")
    parser.add_argument("--rounds", type=int, default=15, help="how many turns each run gets (15)")
    args = parser.parse_args()
    rows = []
    for T, width in SIZES:
        least = side_by_side(both(T, width), args.rounds)
        rows.append({"T": T, "width": width, "loop_to_scan": round(least["in_a_loop"] / least["scan"], 2)})
    table("Time of a forward and backward pass: the loop over the scan", rows)
    if args.record:
        figures = {"machine": machine() | {"threads": 1}, "loop_to_scan": rows}
        RECORDED.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
