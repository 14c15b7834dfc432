"""Writes data/torch_reference.npz: PyTorch's answers, with its version, for machines that do not have it."""

from pathlib import Path

import numpy as np
import torch
from references import TORCH_KINDS, torch_case

SIZES = {"T": 4, "B": 2, "D": 3, "H": 4, "layers": 2}

if __name__ == "__main__":
    arrays = {"torch": np.array(torch.__version__)}
    for kind in TORCH_KINDS:
        for dtype in ("float64", "float32"):
            arrays |= {f"{kind}/{dtype}/{name}": a for name, a in torch_case(kind, dtype, **SIZES).items()}
    np.savez_compressed(Path(__file__).parent / "data" / "torch_reference.npz", **arrays)
