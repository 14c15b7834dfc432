"""The initial weights and biases that are compared, by name: each changes a new layer in place, for lags of T steps."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from experiments.recurrences import SLSTM, MinGRU, SignedMinGRU
from experiments.variants import MGU, CellOnly, HiddenOnly, NoReset, Variant
from lstm_core import GRU, LSTM, RNN, Generator, Recurrent, chrono_bias, glorot_uniform

KINDS = {"RNN": RNN, "LSTM": LSTM, "GRU": GRU, "no reset": NoReset, "MGU": MGU}
KINDS |= {"hidden only": HiddenOnly, "cell only": CellOnly}
KINDS |= {kind.__name__: kind for kind in Variant.__subclasses__()}
KINDS |= {"minGRU": MinGRU, "minGRU, 1 - 2z": SignedMinGRU, "sLSTM": SLSTM}


def _keep(layer: Recurrent, b: float, write: float = 0.0) -> None:
    """Let a state be kept with σ(b), and in the LSTM written with σ(write); a GRU writes with what it does not keep."""
    blocks = layer.by_gate(layer.params)
    if "b_z" in blocks:
        blocks["b_z"][:] = -b
    else:
        blocks["b_f"][:], blocks["b_i"][:] = b, write


def _spread(layer: Recurrent, T: int, rng: Generator) -> None:
    """Chrono's forget biases, with input gates as they are."""
    chrono_bias(layer, T, rng)
    layer.by_gate(layer.params)["b_i"][:] = 0


def _glorot(layer: Recurrent, T: int, rng: Generator) -> None:
    layer.params["W_h"][...] = glorot_uniform(layer.hidden_size, layer.hidden_size, rng)


def _torch(layer: Recurrent, T: int, rng: Generator) -> None:
    """As PyTorch draws a new layer: everything uniform in ±1/√H."""
    for a in layer.params.values():
        a[...] = rng.uniform(-1, 1, a.shape) / np.sqrt(layer.hidden_size)


STARTS: dict[str, Callable[[Recurrent, int, Generator], None]] = {
    "as made": lambda layer, T, rng: None,
    "Glorot": _glorot,
    "PyTorch": _torch,
    "b = 0": lambda layer, T, rng: _keep(layer, 0.0),
    "b = 1": lambda layer, T, rng: _keep(layer, 1.0),
    "b = 3": lambda layer, T, rng: _keep(layer, 3.0),
    "b = 5": lambda layer, T, rng: _keep(layer, 5.0),
    "ln(T-1)": lambda layer, T, rng: _keep(layer, float(np.log(T - 1))),
    "both closed": lambda layer, T, rng: _keep(layer, float(np.log(T - 1)), -float(np.log(T - 1))),
    "spread": _spread,
    "chrono": lambda layer, T, rng: chrono_bias(layer, T, rng),
}


def size_for(kind: str, D: int, parameters: int, **options: object) -> int:
    """The hidden size whose number of parameters comes closest."""

    def count(H: int) -> int:
        return sum(a.size for a in KINDS[kind](D, H, rng=np.random.default_rng(0), **options).params.values())

    return min(range(1, 65), key=lambda H: abs(count(H) - parameters))


def maker(kind: str, D: int, H: int, start: str, T: int, **options: object) -> Callable[[Generator], Recurrent]:
    """A function that makes such a layer from a Generator."""

    def make(rng: Generator) -> Recurrent:
        layer = KINDS[kind](D, H, rng=rng, **options)
        STARTS[start](layer, T, rng)
        return layer

    return make
