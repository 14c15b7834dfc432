"""Prints how far lstm_core is from PyTorch and from ONNX Runtime, as a table of largest relative differences."""

import math
from importlib.metadata import version

import numpy as np
from conftest import KINDS, make_layer
from references import SIZES, TORCH_KINDS, differences, onnx_case, our_answers, torch_case

QUANTITIES = {
    "outputs": lambda name: name == "y",
    "final states": lambda name: name.endswith("_n"),
    "gradient of x": lambda name: name == "grad/x",
    "of the initial states": lambda name: name in ("grad/h_0", "grad/c_0"),
    "of the parameters": lambda name: name.startswith(("grad/weight", "grad/bias")),
}


def against_torch(kind, dtype):
    """All differences, over sizes and one and two layers."""
    cases = [torch_case(kind, dtype, *size, layers) for size in SIZES for layers in (1, 2)]
    return [differences(our_answers(kind, case), case) for case in cases]


def against_onnx(kind):
    """All differences over sizes; the operators know float32 and no gradients."""
    return [differences(*onnx_case(kind, make_layer(kind, D, H, np.float32), T, B)) for T, B, D, H in SIZES]


def row(kind, dtype, reference, found):
    """The largest difference of each quantity, rounded up to a power of ten."""
    cells = []
    for belongs in QUANTITIES.values():
        values = [value for one in found for name, value in one.items() if belongs(name)]
        largest = max(values, default=None)
        cells.append("" if largest is None else f"< 1e{math.floor(math.log10(largest)) + 1}" if largest else "0")
    return "| " + " | ".join([kind.replace("-", ", "), dtype, reference, *cells]) + " |"


def main():
    print("| layer | dtype | reference |", " | ".join(QUANTITIES), "|")
    print("|" + " --- |" * (3 + len(QUANTITIES)))
    for kind in TORCH_KINDS:
        for dtype in ("float64", "float32"):
            print(row(kind, dtype, f"PyTorch {version('torch').partition('+')[0]}", against_torch(kind, dtype)))
    for kind in KINDS:
        print(row(kind, "float32", f"ONNX Runtime {version('onnxruntime')}", against_onnx(kind)))


if __name__ == "__main__":
    main()
