"""Run the experiments that the chapters draw, and keep every trial as soon as it is there.

    python experiments/run.py [--only NAME ...] [--trials N] [--jobs N] [--scheduler ADDRESS] [--list] [--folder FOLDER]

What a record holds already is not run again, so an interrupted run goes on where it stopped; a deleted record is made
anew. On a Dask cluster (--scheduler tcp://…) the workers get the project's files from here and need NumPy alone.
"""

from __future__ import annotations

import os

# Before NumPy: small matrices, one process a core, and the same sums wherever it runs.
os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"

import argparse
import importlib
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from experiments import records  # noqa: E402

Block = tuple[str, str, dict[str, Any], list[int]]  # the module, the experiment, the setting, the trials


def experiments() -> dict[str, tuple[str, records.Experiment]]:
    """All experiments by name, with the module that holds them."""
    found = {}
    for path in sorted((ROOT / "experiments").glob("chapter_*.py")):
        module = f"experiments.{path.stem}"
        found |= {one.name: (module, one) for one in importlib.import_module(module).EXPERIMENTS}
    return found


def run_block(block: Block) -> tuple[Block, list[dict[str, Any]], float, dict[str, str]]:
    """In a process of its own, here or elsewhere: the trials of one block, their seconds, the machine."""
    module, name, setting, trials = block
    (experiment,) = [one for one in importlib.import_module(module).EXPERIMENTS if one.name == name]
    start = time.perf_counter()
    rows = experiment.run(name, setting, trials, None)
    return block, rows, time.perf_counter() - start, records.machine()


def here(blocks: list[Block], jobs: int) -> Iterator[Any]:
    """On this machine, as they come."""
    from joblib import Parallel, delayed

    return iter(Parallel(n_jobs=jobs, return_as="generator_unordered")(delayed(run_block)(block) for block in blocks))


def on_cluster(blocks: list[Block], address: str) -> Iterator[Any]:
    """On a Dask cluster, as they come."""
    from distributed import Client, as_completed

    with Client(address) as client, tempfile.TemporaryDirectory() as folder:
        client.upload_file(archive(Path(folder) / "experiments_and_lstm_core.zip"))
        # Without this a worker that lacks the files would wait for ever.
        for worker, answer in client.run(guard).items():
            if answer != "ready":
                raise SystemExit(f"{worker}: {answer}")
        for future in as_completed(client.map(run_block, blocks, pure=False)):
            yield future.result()


def archive(path: Path) -> str:
    """The project's files as one that a worker can import from."""
    with zipfile.ZipFile(path, "w") as file:
        code, data = sorted((ROOT / "experiments").glob("*.py")), sorted(records.FOLDER.glob("*.txt"))
        for source in [ROOT / "lstm_core.py", *code, *data]:
            file.write(source, source.relative_to(ROOT))
    return str(path)


def guard() -> str:
    """On a worker: are the project's files there, and is NumPy held to one thread?"""
    import importlib
    import os
    import sys

    late = "numpy" in sys.modules and os.environ.get("OPENBLAS_NUM_THREADS") != "1"
    try:
        core = importlib.import_module("lstm_core")
        importlib.import_module("experiments.run")
    except ImportError as error:
        return f"cannot import {error.name}"
    if ".zip" not in str(core.__file__):
        return f"imports another lstm_core, {core.__file__}"
    return "start the worker with OPENBLAS_NUM_THREADS=1 in its environment" if late else "ready"


def run(names: Iterable[str], trials: int | None, jobs: int, scheduler: str, folder: Path) -> None:
    from tqdm import tqdm

    found = experiments()
    for name in names:
        module, experiment = found[name]
        record = records.load(name, folder)
        record["about"] = experiment.about
        blocks = [(module, name, *block) for block in experiment.missing(record["trials"], trials or experiment.trials)]
        count = sum(len(block[3]) for block in blocks)
        print(
            f"{name}: {count} trials to run, {len(record['trials'])} there; {guess(record, blocks, jobs)}", flush=True
        )
        if not blocks:
            continue
        with tqdm(total=count, unit="trial", disable=None) as bar:
            for (_, _, setting, done), rows, seconds, machine in (
                on_cluster(blocks, scheduler) if scheduler else here(blocks, jobs)
            ):
                if machine not in record["machines"]:
                    record["machines"].append(machine)
                own = {"machine": record["machines"].index(machine), "seconds": round(seconds / len(done), 2)}
                for trial, row in zip(done, rows, strict=True):
                    record["trials"].append({"setting": setting, "trial": trial, **own, **row})
                records.save(record, folder)
                bar.update(len(done))


def guess(record: dict[str, Any], blocks: list[Block], jobs: int) -> str:
    """How long it will take, from what like trials took."""
    took: dict[str, list[float]] = {}
    for row in record["trials"]:
        took.setdefault(records.key_of(row["setting"]), []).append(row["seconds"])
    known = [
        sum(took[key]) / len(took[key]) * len(block[3]) for block in blocks if (key := records.key_of(block[2])) in took
    ]
    if len(known) < len(blocks) or not blocks:
        return "no like trial yet to say how long" if blocks else "nothing to do"
    return f"about {sum(known) / 60 / max(1, jobs):.0f} minutes in {jobs} processes like the record's"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these experiments alone; see --list")
    parser.add_argument("--trials", type=int, help="how many trials a setting (each experiment's own number)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes (one a core)")
    parser.add_argument("--scheduler", default="", metavar="ADDRESS", help="a Dask scheduler, such as tcp://host:8786")
    parser.add_argument("--folder", type=Path, default=records.FOLDER, help="where the records lie (notebooks/data)")
    parser.add_argument("--list", action="store_true", help="name the experiments and end")
    args = parser.parse_args()
    found = experiments()
    if args.list:
        for name, (module, experiment) in found.items():
            print(f"{name:24} {module.removeprefix('experiments.'):12} {experiment.about}")
        return
    if unknown := set(args.only or ()) - set(found):
        raise SystemExit(f"no such experiment: {', '.join(sorted(unknown))}; there are {', '.join(found)}")
    run(args.only or found, args.trials, args.jobs, args.scheduler, args.folder)


if __name__ == "__main__":
    main()
