"""Writes data/after_lstm.npz: the answers of xlstm and mingru-pytorch, with their versions, for machines without."""

from importlib.metadata import version
from pathlib import Path

import numpy as np
from after_lstm import CASES, PACKAGES

if __name__ == "__main__":
    arrays = {f"version/{package}": np.array(version(package)) for package in PACKAGES}
    for model, (theirs, _) in CASES.items():
        arrays |= {f"{model}/{name}": a for name, a in theirs().items()}
    np.savez_compressed(Path(__file__).parent / "data" / "after_lstm.npz", **arrays)
