"""An experiment, and its record: a JSON file in notebooks/data/ with a row a trial."""

from __future__ import annotations

import json
import os
import platform
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

Setting = dict[str, Any]
Row = dict[str, Any]
FOLDER = Path(__file__).resolve().parent.parent / "notebooks" / "data"


@dataclass(frozen=True)
class Experiment:
    """A question put to many seeds.

    run: ``run(name, setting, trials, limit)`` returns a result a trial, a dict with "losses", the first 50; limit stops
    it after so many updates. block: how many trials of a setting stand side by side in one process.
    """

    name: str
    about: str
    settings: Sequence[Setting]
    run: Callable[[str, Setting, Sequence[int], int | None], list[Row]]
    trials: int = 20
    block: int = 20

    def missing(self, rows: Sequence[Row], trials: int) -> Iterator[tuple[Setting, list[int]]]:
        """What the record lacks, in blocks."""
        there = {(key_of(row["setting"]), row["trial"]) for row in rows}
        for setting in self.settings:
            wanted = [trial for trial in range(trials) if (key_of(setting), trial) not in there]
            for k in range(0, len(wanted), self.block):
                yield setting, wanted[k : k + self.block]


def key_of(setting: Setting) -> str:
    return json.dumps(setting, sort_keys=True)


def path_of(name: str, folder: Path = FOLDER) -> Path:
    return folder / f"{name}.json"


def load(name: str, folder: Path = FOLDER) -> dict[str, Any]:
    """The record: name, about, machines, trials (the rows). Without a file an empty one."""
    path = path_of(name, folder)
    if not path.exists():
        return {"experiment": name, "about": "", "machines": [], "trials": []}
    return json.loads(path.read_text(encoding="utf-8"))


def save(record: dict[str, Any], folder: Path = FOLDER) -> None:
    """Write the record, a row a line, by setting and trial; what was there stays until it is complete."""
    record["trials"].sort(key=lambda row: (key_of(row["setting"]), row["trial"]))
    head = ",\n".join(f' "{name}": {json.dumps(record[name])}' for name in ("experiment", "about", "machines"))
    rows = ",\n".join("  " + json.dumps(row) for row in record["trials"])
    path = path_of(record["experiment"], folder)
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    part.write_text(f'{{\n{head},\n "trials": [\n{rows}\n ]\n}}\n', encoding="utf-8", newline="\n")
    os.replace(part, path)


def results(name: str, **wanted: Any) -> list[Row]:
    """The rows of a record whose setting has these values: what a chapter draws."""
    return [row for row in load(name)["trials"] if wanted.items() <= row["setting"].items()]


def machine() -> dict[str, str]:
    """What ran: a trial repeats to the bit where this is the same."""
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        named = [
            line.split(":")[1].strip() for line in info.read_text(encoding="utf-8").splitlines() if "model name" in line
        ]
        cpu = named[0] if named else cpu
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    return {"cpu": cpu, "system": platform.system(), "python": platform.python_version(), "numpy": np.__version__,
            "blas": f"{blas['name']} {blas['version']}"}  # fmt: skip
