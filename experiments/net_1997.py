"""The nets of 1997 and 2000 as their papers print them: memory blocks, a truncated error, an update at every step.

H97: Hochreiter & Schmidhuber 1997, appendix A.1; G00: Gers, Schmidhuber & Cummins 2000. A block is ``size`` cells with
an input gate and an output gate in common, in G00 with a forget gate too. z is what every unit hears: the input, and
activations of the step before.

    net = W z,   i, o, f = σ(net),   g = 4 σ(net_c) − 2,   s = f s_prev + i g,   h = 2 σ(s) − 1,   y_c = o h
    out = σ(V v),   v = y_c, and what else the outputs hear;   without forget gates f = 1

The error goes back in time along s alone, so it can be carried forward as well: ``traces`` holds ∂s/∂W for a cell's own
weights, its input gate's and its forget gate's, and an update needs no past. Arrays are (N, M, n): N trials side by
side, M sequences of each, n units.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lstm_core import Array, Generator, Record, sigmoid, sigmoid_prime


@dataclass(frozen=True)
class Plan:
    """The sizes of a published net, which units hear which, and which have a bias."""

    inputs: int
    outputs: int
    blocks: int
    size: int
    forget: bool = False
    hears_gates: bool = True  # H97: every unit hears the gates of the step before; G00: the cells alone
    direct: bool = False  # the outputs hear the input
    cells_biased: bool = False
    gates_biased: bool = True
    outputs_biased: bool = False

    @property
    def cells(self) -> int:
        return self.blocks * self.size

    @property
    def gates(self) -> int:
        return self.blocks * (3 if self.forget else 2)

    @property
    def heard(self) -> int:
        """How many units of the step before each unit hears."""
        return self.cells + self.gates * self.hears_gates

    @property
    def weights(self) -> int:
        """How many weights and biases there are."""
        outputs = self.outputs * (self.cells + self.inputs * self.direct + self.outputs_biased)
        biases = self.cells * self.cells_biased + self.gates * self.gates_biased
        return (self.cells + self.gates) * (self.inputs + self.heard) + biases + outputs

    def new(self, rng: Generator, spread: float, **biases: Sequence[float]) -> tuple[Array, Array]:
        """W (units, inputs + heard + 1) and V (outputs, cells [+ inputs] + 1), uniform in ±spread, the bias last.

        W's rows are cells, input gates, output gates, forget gates; biases: a block's each, i=(…), o=(…), f=(…).
        """
        W = rng.uniform(-spread, spread, (self.cells + self.gates, self.inputs + self.heard + 1))
        V = rng.uniform(-spread, spread, (self.outputs, self.cells + self.inputs * self.direct + 1))
        W[: self.cells, -1] *= self.cells_biased
        W[self.cells :, -1] *= self.gates_biased
        V[:, -1] *= self.outputs_biased
        for kind, given in biases.items():
            start = self.cells + "iof".index(kind) * self.blocks
            W[start : start + self.blocks, -1] = given
        return W, V

    def per_block(self, a: Array) -> Array:
        """The sum over the cells of each block."""
        return a if self.size == 1 else a.reshape(*a.shape[:-1], self.blocks, self.size).sum(axis=-1)


REBER_4x1, REBER_3x2 = Plan(7, 7, 4, 1), Plan(7, 7, 3, 2)
ADDING = Plan(2, 1, 2, 2, cells_biased=True, outputs_biased=True)
ORDER_6A, ORDER_6B = (Plan(8, K, b, 2, cells_biased=True, outputs_biased=True) for K, b in ((4, 2), (8, 3)))
GERS = Plan(7, 7, 4, 2, forget=True, hears_gates=False, direct=True, outputs_biased=True)
GERS_1997 = Plan(7, 7, 4, 2, hears_gates=False, direct=True, outputs_biased=True)  # the same without forget gates
DIRECT = {"direct": True, "outputs_biased": True}  # what the outputs of 2000 have and those of 1997 have not


def zeros(plan: Plan, N: int, M: int = 1) -> tuple[Array, Array]:
    """The state before the first step: s, and the activations that are heard."""
    return np.zeros((N, M, plan.cells)), np.zeros((N, M, plan.heard))


def forward(plan: Plan, W: Array, V: Array, x: Array, state: tuple[Array, Array]) -> Record:
    """One step: from x (N, M, inputs) and the state of the step before."""
    S, (s_prev, y) = plan.cells, state
    one = np.ones((*x.shape[:-1], 1))
    z = np.concatenate([x, y, one], axis=-1)
    net = z @ W.mT
    gates = sigmoid(net[..., S:])
    of_cell = np.repeat(gates, plan.size, axis=-1) if plan.size > 1 else gates  # each cell has its block's
    i, o, f = of_cell[..., :S], of_cell[..., S : 2 * S], of_cell[..., 2 * S :] if plan.forget else 1.0
    g = 2 * np.tanh(0.5 * net[..., :S])  # 4 σ − 2
    s = f * s_prev + i * g
    h = np.tanh(0.5 * s)  # 2 σ − 1
    y_c = o * h
    v = np.concatenate([y_c, x, one] if plan.direct else [y_c, one], axis=-1)
    heard = np.concatenate([y_c, gates], axis=-1) if plan.hears_gates else y_c
    out = sigmoid(v @ V.mT)
    return Record(z=z, gates=gates, i=i, o=o, f=f, g=g, s=s, s_prev=s_prev, h=h, v=v, out=out, state=(s, heard))


def run(plan: Plan, W: Array, V: Array, x: Array, state: tuple[Array, Array] | None = None) -> list[Record]:
    """All steps of x (T, N, M, inputs), from zero states unless given."""
    state, steps = state or zeros(plan, *x.shape[1:3]), []
    for x_t in x:
        steps.append(forward(plan, W, V, x_t, state))
        state = steps[-1].state
    return steps


def traces(plan: Plan, now: Record, before: Array) -> Array:
    """∂s/∂W at this step from those of the step before: (2 or 3, N, cells, heard + 1), of one sequence a trial."""
    slopes = [now.i * (1 - 0.25 * now.g**2), now.g * sigmoid_prime(now.i)]
    if plan.forget:
        slopes.append(now.s_prev * sigmoid_prime(now.f))
        before = before * now.f.mT
    return before + np.stack(slopes).mT * now.z


def truncated(plan: Plan, V: Array, now: Record, trace: Array, error: Array) -> tuple[Array, Array]:
    """By how much W and V should move for this step's error, target − out (N, 1, outputs)."""
    delta = error * sigmoid_prime(now.out)
    to_cells = delta @ V[..., : plan.cells]
    to_s = to_cells * now.o * 0.5 * (1 - now.h**2)
    cells, *others = to_s.mT * trace  # the cells', the input gates', the forget gates' own
    i, *f = (plan.per_block(a.mT).mT for a in others)
    o = (plan.per_block(to_cells * now.h) * sigmoid_prime(now.gates[..., plan.blocks : 2 * plan.blocks])).mT * now.z
    dW = np.concatenate([cells, i, o, *f], axis=-2)
    return without_missing_biases(plan, dW, delta.mT * now.v)


def without_missing_biases(plan: Plan, dW: Array, dV: Array) -> tuple[Array, Array]:
    dW[:, : plan.cells, -1] *= plan.cells_biased
    dW[:, plan.cells :, -1] *= plan.gates_biased
    dV[:, :, -1] *= plan.outputs_biased
    return dW, dV


def through_time(
    plan: Plan, W: Array, V: Array, steps: Sequence[Record], errors: Sequence[Array], whole: bool
) -> tuple[Array, Array]:
    """The same summed over a sequence, by going back: the whole gradient, or the truncated one.

    A later step may have fewer trials, the first ones of the step before: their strings are longer.
    """
    S, D, N = plan.cells, plan.inputs, len(W)
    dW, dV, (back_s, back_y) = np.zeros_like(W), np.zeros_like(V), zeros(plan, N)
    back_gates = np.zeros((N, 1, plan.gates))
    for now, error in zip(reversed(steps), reversed(errors), strict=True):
        n = len(error)
        delta = error * sigmoid_prime(now.out)
        dV[:n] += delta.mT * now.v
        to_cells = delta @ V[:n, :, :S] + back_y[:n, :, :S]
        to_s = to_cells * now.o * 0.5 * (1 - now.h**2) + back_s[:n]
        to_gates = [plan.per_block(to_s * now.g), plan.per_block(to_cells * now.h)]
        to_gates += [plan.per_block(to_s * now.s_prev)] if plan.forget else []
        d_gates = (np.concatenate(to_gates, axis=-1) + back_gates[:n]) * sigmoid_prime(now.gates)
        d_net = np.concatenate([to_s * now.i * (1 - 0.25 * now.g**2), d_gates], axis=-1)
        dW[:n] += d_net.mT * now.z
        back_s[:n] = to_s * now.f
        if whole:
            heard = d_net @ W[:n, :, D : D + plan.heard]
            back_y[:n, :, :S] = heard[..., :S]
            if plan.hears_gates:
                back_gates[:n] = heard[..., S:]
    return without_missing_biases(plan, dW, dV)
