"""RNN, LSTM and GRU from scratch, in NumPy, with every gradient written by hand and a tool that checks them.

    the book      read beside the chapters: the activations, Recurrent, RNN, LSTM, GRU
    the shelf     looked up: initial weights, Dense and Sequential, losses, optimisers, checking, PyTorch and files
    the border    at the end: whatever comes in is checked there, so that the mathematics stands alone

Arrays are time-major: ``x`` is ``(T, B, D)`` (time, batch, input), ``h`` and ``c`` are ``(T, B, H)``. One sequence
needs no batch: ``x`` may be ``(T, D)``, and then no array has a B. A batch of row vectors stands where the equations
have one column vector, so ``W v`` is written ``v @ W.T``. The number at the end of a line is that of the equation in
the notebooks.

    English                      中文              in the text    in code                           shape
    input                        输入              x_t            x[t]                              D
    hidden state, output         隐藏状态, 输出    h_t            h[t]; h_prev[t] is h_{t-1}        H
    cell state                   单元状态          c_t            c[t]; c_prev[t] is c_{t-1}        H
    candidate cell state         即时状态          c̃_t            c_tilde[t]                        H
    forget, input, output gate   遗忘/输入/输出门  f_t, i_t, o_t  f[t], i[t], o[t]                  H
    update, reset gate (GRU)     更新门, 重置门    z_t, r_t       z[t], r[t]                        H
    candidate state (GRU)        候选状态          h̃_t            h_tilde[t]                        H
    W_hh h_{t-1} + b_hh (GRU)                      m_t            m[t], with reset="after"          H
    weighted input               加权输入          net_{g,t}      net, one block for each gate g    H
    weights on x, on h; bias     权重矩阵, 偏置项  W_gx, W_gh, b_g  by_gate(params)["W_fx"], …      H×D, H×H, H
    all gates' of them, stacked                                   params["W_x"], ["W_h"], ["b"]     GH×D, GH×H, GH
    error of the output          误差项            δ_t = ∂E/∂h_t  deltas.h[t]                       H
    error of the cell                              ε_t = ∂E/∂c_t  deltas.c[t]                       H
    error of a weighted input                      δ_{g,t}        deltas.f[t], .c_tilde[t], …       H

Gates are stacked f, i, o, c in the LSTM and z, r, h in the GRU. As an index, c and h mean the candidate: W_ch and b_c,
and in the GRU W_hh and b_h. A layer keeps nothing between calls: ``forward`` returns a trace, ``backward`` takes it.

What comes in has the layer's own dtype, float32 or float64. In a forward pass every layer and every loss takes the
complex dtype of that width as well, which is what the complex step needs. Anything else raises TypeError (a type, a
dtype) or ValueError (a shape, a name, a range, NaN or inf), which says what was expected, what came and, where there is
an obvious one, the mend. What is to be changed in place is changed as a whole or not at all.
"""

from __future__ import annotations

import copy
import itertools
import math
import os
import re
import secrets
import shutil
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import SimpleNamespace
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]
Arrays: TypeAlias = dict[str, Array]
Generator: TypeAlias = np.random.Generator

# ---------------------------------------------------------------------------------------------------------------------
# Activations. Each derivative is a function of the value already computed. Complex numbers serve the gradient check
# alone (``complex_step``) and may be skipped in reading: their imaginary part follows from the same rounded value, so
# that the check sees the slope of what is computed, where a unit saturates too.


def sigmoid(a: Any) -> Any:
    """σ(a) = 1 / (1 + e^-a), of any shape; no finite a overflows; an absolute error of 1e-16 (float32: 6e-8)."""
    s = 0.5 + 0.5 * np.tanh(0.5 * a.real)
    return s / (s + (1 - s) * np.exp(-1j * a.imag)) if np.iscomplexobj(a) else s


def sigmoid_prime(s: Any) -> Any:
    """σ'(a) from the value s = σ(a), not from a."""
    return (1 - s) * s


def tanh(a: Any) -> Any:
    """tanh(a), of any shape; of a complex number by the addition theorem."""
    y = np.tanh(a.real)
    if not np.iscomplexobj(a):
        return y
    tan = np.tan(a.imag)
    return (y * (1 + tan * tan) + 1j * tan * (1 - y) * (1 + y)) / (1 + (y * tan) ** 2)


def tanh_prime(y: Any) -> Any:
    """tanh'(a) from the value y = tanh(a), not from a."""
    return (1 - y) * (1 + y)


# For RNN: f, and f' as a function of f's value.
ACTIVATIONS: dict[str, tuple[Callable[[Array], Array], Callable[[Array], Array]]] = {
    "tanh": (tanh, tanh_prime),
    "relu": (lambda a: np.where(a.real > 0, a, 0), lambda y: (y.real > 0).astype(y.dtype)),
    "identity": (lambda a: a, np.ones_like),  # the linear network of chapter 01
}

# ---------------------------------------------------------------------------------------------------------------------
# Recurrent layers.


class Record(SimpleNamespace):
    """Arrays by name: ``trace.f``, ``grads.deltas.h``. Its repr shows shapes, not numbers."""

    def __repr__(self) -> str:
        return f"Record({', '.join(f'{name}={_shape(value)}' for name, value in vars(self).items())})"


class Layer:
    """What all layers share: parameters by name, of one dtype."""

    STATE: tuple[str, ...] = ()  # the names of what goes from one step to the next
    OPTIONS: tuple[str, ...] = ()  # what, beside sizes and dtype, changes a layer's equations
    params: Arrays

    def __init__(self, input_size: int, output_size: int, rng: Generator, dtype: Any) -> None:
        _check_rng(rng)
        self.input_size, self.output_size, self.dtype = input_size, output_size, _float_dtype(dtype)

    def with_params(self, params: Mapping[str, Array]) -> Any:
        """The same layer on other arrays, without copying them.

        params: the names and shapes of ``self.params``, each array of the layer's dtype or its complex counterpart.
        """
        _check_arrays("params", params, self.params, self.dtype)
        other = copy.copy(self)
        other.params = dict(params)
        return other

    def by_gate(self, arrays: Mapping[str, Array]) -> Arrays:
        """The named blocks W_fx, W_fh, b_f, … of params or of gradients: views, so writing to one writes through."""
        _check_names("arrays", arrays, self.params)
        for name, a in self.params.items():
            if np.shape(arrays[name]) != a.shape:
                raise ValueError(f"{name}: expected shape {a.shape}, got {np.shape(arrays[name])}")
        return dict(arrays)

    def __repr__(self) -> str:
        options = "".join(f", {name}={getattr(self, name)!r}" for name in self.OPTIONS)
        return f"{type(self).__name__}({self.input_size}, {self.output_size}, dtype={self.dtype}{options})"


class Recurrent(Layer):
    """All that RNN, LSTM and GRU share: everything but their equations.

    A kind of layer is its GATES, its STATE and two methods, which always see a batch.

    ``_steps(net, h, h_prev, …)`` goes forward. net, (T, B, GH), holds W_x x_t + b of all times, the gates' columns in
    the order of GATES, and may be overwritten. The state's parts come by their names in STATE, to be filled; h[t] and
    h_prev[t + 1] are one place in memory. It returns what else the trace is to hold, by name.

    ``_steps_back(trace, delta, back_h, …)`` goes back. delta holds each output's own error, and is to become δ;
    back_h, … are the errors of the final state. It returns ∂E/∂net, the gradients of W_h and of what else it used,
    the errors of the initial state, and what deltas is to hold, by name.

    Both leave the axes between time and the last one alone: experiments/ puts many nets there. A function whose name
    begins with an underscore and that is not explained here stands at the border.
    """

    GATES: tuple[str, ...]  # the order in which the gates' rows are stacked; RNN has one nameless gate
    TORCH_GATES: tuple[str, ...]  # PyTorch's order of the same
    STATE: tuple[str, ...] = ("h",)
    _steps: Callable[..., Arrays]
    _steps_back: Callable[..., tuple[Array, Arrays, tuple[Array, ...], Arrays]]

    def __init__(self, input_size: int, hidden_size: int, *, rng: Generator, dtype: Any = np.float64) -> None:
        """W_x Glorot uniform and W_h orthogonal, each gate's block on its own; b zero.

        input_size D and hidden_size H are 1 or more; rng is where the weights come from; dtype float32 or float64.
        """
        D, H = _size("input_size", input_size), _size("hidden_size", hidden_size)
        super().__init__(D, H, rng, dtype)
        W_x = [glorot_uniform(H, D, rng) for _ in self.GATES]
        W_h = [orthogonal(H, rng) for _ in self.GATES]
        stacked = {"W_x": np.concatenate(W_x), "W_h": np.concatenate(W_h), "b": np.zeros(len(self.GATES) * H)}
        self.params = {name: a.astype(self.dtype) for name, a in stacked.items()}

    @classmethod
    def of(cls, params: Mapping[str, Array], **options: Any) -> Any:
        """The layer of these arrays, its sizes and its dtype read off them.

        params: stacked, as in ``self.params``, and then not copied; or one array a gate, as ``by_gate`` names them.
        Complex arrays as in ``with_params``. options: OPTIONS of this kind of layer (RNN: activation).
        """
        if unknown := set(options) - set(cls.OPTIONS):
            raise TypeError(
                f"{cls.__name__}.of: expected no options but {cls.OPTIONS}, got {', '.join(sorted(unknown))}"
            )
        D, H, dtype = _sizes_of(cls, params)
        # The weights drawn here are thrown away.
        layer = cls(D, H, rng=np.random.default_rng(0), dtype=dtype, **options)
        if "W_x" not in params:
            _check_arrays("params", params, layer.by_gate(layer.params), dtype)
            params = layer._stacked(params)
        return layer.with_params(params)

    @property
    def hidden_size(self) -> int:
        """H."""
        return self.output_size

    def forward(self, x: Array, state: Any = None) -> tuple[Array, Record]:
        """The outputs h (T, B, H) of x (T, B, D), and the trace that ``backward`` takes.

        state: where to start from, (B, H), in the LSTM the pair (h_0, c_0); None for zeros. The trace holds x, each
        quantity of the equations under its name, (T, B, H), read-only and ready to plot; layer, this one as it is now;
        and state, the one after the last step (of a padded batch: after the padding). x (T, D) gives h (T, H), state
        (H,), and so on.
        """
        x, initial, one = _check_input(self, x, state)
        arrays = {"x": _frozen(x)} | self._run(x, initial)
        final = self._final(arrays, one)
        for name, a in arrays.items():
            a.flags.writeable = False  # what backward needs cannot be changed by accident
            arrays[name] = _without_batch(a, one)
        return arrays["h"], Record(layer=_as_it_is(self), state=final, **arrays)

    def __call__(self, x: Array, state: Any = None) -> tuple[Array, Any]:
        """Inference: the outputs h and the final state, from which the next call can go on. Keeps nothing."""
        x, initial, one = _check_input(self, x, state)
        arrays = self._run(x, initial)
        return _without_batch(arrays["h"], one), self._final(arrays, one)

    def _run(self, x: Array, initial: tuple[Array, ...]) -> Arrays:
        dtype = np.result_type(x, *initial, *self.params.values())
        net = self._times_W_x(x).astype(dtype, copy=False)
        net += self.params["b"]
        states: Arrays = {}
        for name, first in zip(self.STATE, initial, strict=True):
            a = np.empty((len(x) + 1, *first.shape), dtype)
            a[0] = first
            states |= {name: a[1:], f"{name}_prev": a[:-1]}
        return self._steps(net, **states) | states

    def _final(self, arrays: Arrays, one: bool) -> Any:
        return _join(tuple(_without_batch(arrays[name][-1].copy(), one) for name in self.STATE))

    def backward(self, dh: Array | None, trace: Record, dstate: Any = None) -> Record:
        """All gradients, from the errors of the outputs and of the final state.

        dh: each output's own error ∂E_t/∂h_t, of h's shape, or None; dstate: the final state's, in its form, or None.
        Returns params, x (14) and state, each in the form of what it is the gradient of, and deltas, the total errors
        at every time: h is δ = ∂E/∂h, c is ε = ∂E/∂c, m is ∂E/∂m, any other ∂E/∂net of that gate. Raises ValueError
        if the parameters are no longer those of the trace.
        """
        trace, delta, back, one = _check_errors(self, dh, trace, dstate)
        d_net, own, back, deltas = self._steps_back(trace, delta, *back)
        grads = {"W_x": self._sum_outer(d_net, trace.x), "b": self._sum(d_net), **own}  # (15)
        return Record(
            params={name: grads[name] for name in self.params},
            x=_without_batch(self._times_W_x_back(d_net), one),  # (14)
            state=_join(tuple(_without_batch(a, one) for a in back)),
            deltas=Record(**{name: _without_batch(a, one) for name, a in deltas.items()}),
        )

    # All times at once, outside the loops: one matrix product each.

    def _times_W_x(self, x: Array) -> Array:
        return (_flat(x) @ self.params["W_x"].T).reshape(*x.shape[:-1], -1)

    def _times_W_x_back(self, d_net: Array) -> Array:
        return (_flat(d_net) @ self.params["W_x"]).reshape(*d_net.shape[:-1], -1)

    def _sum_outer(self, d: Array, a: Array) -> Array:
        """Σ d_t a_t^T over time and batch."""
        return _flat(d).T @ _flat(a)

    def _sum(self, d: Array) -> Array:
        """Σ d_t over time and batch."""
        return _sum_of_rows(_flat(d))

    def by_gate(self, arrays: Mapping[str, Array]) -> Arrays:
        others = super().by_gate(arrays)
        blocks: Arrays = {}
        for stacked in ("W_x", "W_h", "b"):
            rows = np.split(others.pop(stacked), len(self.GATES))
            blocks |= dict(zip(_gate_names(self.GATES, stacked), rows, strict=True))
        return blocks | others

    def _stacked(self, blocks: Mapping[str, Array]) -> Arrays:
        """The reverse of by_gate, of copies."""
        named = {stacked: _gate_names(self.GATES, stacked) for stacked in ("W_x", "W_h", "b")}
        others = {name: a for name, a in blocks.items() if name not in itertools.chain(*named.values())}
        return {stacked: np.concatenate([blocks[name] for name in names]) for stacked, names in named.items()} | others


class RNN(Recurrent):
    """The plain recurrent layer, h_t = f(W_x x_t + W_h h_{t-1} + b), equations (R1)–(R4). Its state is h."""

    GATES = TORCH_GATES = ("",)
    OPTIONS = ("activation",)

    def __init__(
        self, input_size: int, hidden_size: int, *, rng: Generator, dtype: Any = np.float64, activation: str = "tanh"
    ) -> None:
        """As Recurrent's; activation f is "tanh", "relu" or "identity"."""
        _check_choice("activation", activation, ACTIVATIONS)
        super().__init__(input_size, hidden_size, rng=rng, dtype=dtype)
        self.activation = activation

    def _steps(self, net: Array, h: Array, h_prev: Array) -> Arrays:
        f, W_h = ACTIVATIONS[self.activation][0], self.params["W_h"]
        for t in range(len(h)):
            h[t] = f(net[t] + h_prev[t] @ W_h.mT)  # (R1)
        return {}

    def _steps_back(self, trace: Record, delta: Array, back: Array) -> Any:
        f_prime, W_h = ACTIVATIONS[self.activation][1], self.params["W_h"]
        d_net = f_prime(trace.h)
        for t in reversed(range(len(delta))):
            delta[t] += back
            d_net[t] *= delta[t]  # (R4)
            back = d_net[t] @ W_h  # (R2)
        return d_net, {"W_h": self._sum_outer(d_net, trace.h_prev)}, (back,), {"h": delta, "net": d_net}  # (R4)


class LSTM(Recurrent):
    """Long short-term memory with a forget gate, equations (1)–(6) and (8')–(15). Its state is the pair (h, c).

    Hochreiter & Schmidhuber 1997; the forget gate is of Gers, Schmidhuber & Cummins 2000.
    """

    GATES, TORCH_GATES = ("f", "i", "o", "c"), ("i", "f", "c", "o")
    STATE = ("h", "c")

    def __init__(
        self, input_size: int, hidden_size: int, *, rng: Generator, dtype: Any = np.float64, forget_bias: Any = 1.0
    ) -> None:
        """As Recurrent's; b_f starts at forget_bias, a number or an array of H; the other biases at zero."""
        b_f = _numbers("forget_bias", forget_bias, _size("hidden_size", hidden_size), _float_dtype(dtype))
        super().__init__(input_size, hidden_size, rng=rng, dtype=dtype)
        self.by_gate(self.params)["b_f"][:] = b_f

    def _steps(self, net: Array, h: Array, h_prev: Array, c: Array, c_prev: Array) -> Arrays:
        W_h = self.params["W_h"]
        f, i, o, c_tilde = np.split(net, 4, axis=-1)  # views: each net turns into its gate in place
        gates = net[..., : 3 * self.hidden_size]  # f, i and o
        for t in range(len(h)):
            net[t] += h_prev[t] @ W_h.mT
            gates[t] = sigmoid(gates[t])  # (1), (2), (5)
            c_tilde[t] = tanh(c_tilde[t])  # (3)
            c[t] = f[t] * c_prev[t] + i[t] * c_tilde[t]  # (4)
            h[t] = o[t] * tanh(c[t])  # (6)
        return {"f": f, "i": i, "o": o, "c_tilde": c_tilde}

    def _steps_back(self, trace: Record, delta: Array, back_h: Array, back_c: Array) -> Any:
        f, i, o, c_tilde, tanh_c = trace.f, trace.i, trace.o, trace.c_tilde, tanh(trace.c)
        W_h = self.params["W_h"]
        # The factor of the error in each equation, for all times at once; the loop turns it into the error, in place.
        d_net = np.empty((*delta.shape[:-1], 4 * self.hidden_size), self.dtype)
        d_f, d_i, d_o, d_c_tilde = np.split(d_net, 4, axis=-1)
        d_o[:] = tanh_c * sigmoid_prime(o)  # (9)
        d_f[:] = trace.c_prev * sigmoid_prime(f)  # (10')
        d_i[:] = c_tilde * sigmoid_prime(i)  # (11')
        d_c_tilde[:] = i * tanh_prime(c_tilde)  # (12')
        epsilon = o * tanh_prime(tanh_c)  # (10a)
        for t in reversed(range(len(delta))):
            delta[t] += back_h  # (8')
            epsilon[t] = epsilon[t] * delta[t] + back_c  # (10a)
            d_o[t] *= delta[t]  # (9)
            d_f[t] *= epsilon[t]  # (10')
            d_i[t] *= epsilon[t]  # (11')
            d_c_tilde[t] *= epsilon[t]  # (12')
            back_h = d_net[t] @ W_h  # (8')
            back_c = epsilon[t] * f[t]  # (10a): the constant error carousel; where f is 1, nothing is lost
        deltas = {"h": delta, "c": epsilon, "f": d_f, "i": d_i, "o": d_o, "c_tilde": d_c_tilde}
        return d_net, {"W_h": self._sum_outer(d_net, trace.h_prev)}, (back_h, back_c), deltas  # (15)


class GRU(Recurrent):
    """Gated recurrent unit, equations (16)–(25), or with the reset gate after the product (18')–(25'). Its state is h.

    Cho et al. 2014; z weighs the new state as in Chung et al. 2014, where PyTorch's weighs the old one. The form
    "after" is that of cuDNN and PyTorch.
    """

    GATES, TORCH_GATES = ("z", "r", "h"), ("r", "z", "h")
    OPTIONS = ("reset",)

    def __init__(
        self, input_size: int, hidden_size: int, *, rng: Generator, dtype: Any = np.float64, reset: str = "after"
    ) -> None:
        """As Recurrent's; reset is "before" or "after", which has the bias b_hh too."""
        _check_choice("reset", reset, ("before", "after"))
        super().__init__(input_size, hidden_size, rng=rng, dtype=dtype)
        self.reset = reset
        if reset == "after":
            self.params["b_hh"] = np.zeros(self.hidden_size, self.dtype)

    @classmethod
    def of(cls, params: Mapping[str, Array], **options: Any) -> Any:
        """As Recurrent's; the reset gate stands after the product if b_hh is there, else before it."""
        return super().of(params, **{"reset": "after" if "b_hh" in params else "before"} | options)

    def _steps(self, net: Array, h: Array, h_prev: Array) -> Arrays:
        W_h, H = self.params["W_h"], self.hidden_size
        z, r, h_tilde = np.split(net, 3, axis=-1)  # views: each net turns into its gate in place
        gates = net[..., : 2 * H]
        if self.reset == "before":
            W_gates, W_hh = np.split(W_h, [2 * H], axis=-2)
            for t in range(len(h)):
                gates[t] = sigmoid(gates[t] + h_prev[t] @ W_gates.mT)  # (16), (17)
                h_tilde[t] = tanh(h_tilde[t] + (r[t] * h_prev[t]) @ W_hh.mT)  # (18)
                h[t] = (1 - z[t]) * h_prev[t] + z[t] * h_tilde[t]  # (19)
            return {"z": z, "r": r, "h_tilde": h_tilde}
        m, b_hh = np.empty_like(h), self.params["b_hh"]
        for t in range(len(h)):
            product = h_prev[t] @ W_h.mT
            gates[t] = sigmoid(gates[t] + product[..., : 2 * H])  # (16), (17)
            m[t] = product[..., 2 * H :] + b_hh  # (18')
            h_tilde[t] = tanh(h_tilde[t] + r[t] * m[t])  # (18')
            h[t] = (1 - z[t]) * h_prev[t] + z[t] * h_tilde[t]  # (19)
        return {"z": z, "r": r, "h_tilde": h_tilde, "m": m}

    def _steps_back(self, trace: Record, delta: Array, back: Array) -> Any:
        z, r, h_tilde, h_prev = trace.z, trace.r, trace.h_tilde, trace.h_prev
        W_h, H = self.params["W_h"], self.hidden_size
        # The factor of the error in each equation first, as in the LSTM. The columns of z, r and m stand side by side,
        # so that the recurrent part of (24') is one product with W_h; net has z, r and h̃.
        d_all = np.empty((*delta.shape[:-1], 4 * H), self.dtype)
        d_z, d_r, d_m, d_h_tilde = np.split(d_all, 4, axis=-1)
        d_gates, d_products = d_all[..., : 2 * H], d_all[..., : 3 * H]
        d_z[:] = (h_tilde - h_prev) * sigmoid_prime(z)  # (20)
        d_h_tilde[:] = z * tanh_prime(h_tilde)  # (21)
        deltas, keep = {"h": delta, "z": d_z, "r": d_r, "h_tilde": d_h_tilde}, 1 - z
        if self.reset == "before":
            W_gates, W_hh = np.split(W_h, [2 * H], axis=-2)
            d_r[:] = h_prev * sigmoid_prime(r)  # (23)
            for t in reversed(range(len(delta))):
                delta[t] += back
                d_z[t] *= delta[t]  # (20)
                d_h_tilde[t] *= delta[t]  # (21)
                u = d_h_tilde[t] @ W_hh  # (22)
                d_r[t] *= u  # (23)
                back = delta[t] * keep[t] + u * r[t] + d_gates[t] @ W_gates  # (24)
            W_h_parts = self._sum_outer(d_gates, h_prev), self._sum_outer(d_h_tilde, r * h_prev)
            own = {"W_h": np.concatenate(W_h_parts, axis=-2)}  # (25)
        else:
            d_r[:] = trace.m * sigmoid_prime(r)  # (23')
            for t in reversed(range(len(delta))):
                delta[t] += back
                d_z[t] *= delta[t]  # (20)
                d_h_tilde[t] *= delta[t]  # (21)
                d_m[t] = d_h_tilde[t] * r[t]  # (23')
                d_r[t] *= d_h_tilde[t]  # (23')
                back = delta[t] * keep[t] + d_products[t] @ W_h  # (24')
            own = {"W_h": self._sum_outer(d_products, h_prev), "b_hh": self._sum(d_m)}  # (25')
            deltas["m"] = d_m
        return np.concatenate([d_gates, d_h_tilde], axis=-1), own, (back,), deltas


# ---------------------------------------------------------------------------------------------------------------------
# Initial weights and biases.


def glorot_uniform(n_out: int, n_in: int, rng: Generator) -> Array:
    """(n_out, n_in), float64, uniform in ±√(6 / (n_in + n_out)) (Glorot & Bengio 2010, eq. 16)."""
    _check_rng(rng)
    n_out, n_in = _size("n_out", n_out), _size("n_in", n_in)
    limit = math.sqrt(6 / (n_in + n_out))
    return rng.uniform(-limit, limit, (n_out, n_in))


def orthogonal(n: int, rng: Generator) -> Array:
    """(n, n), float64, orthogonal and uniform among such matrices (QR, signs of R made positive; Mezzadri 2007)."""
    _check_rng(rng)
    n = _size("n", n)
    q, r = np.linalg.qr(rng.standard_normal((n, n)))
    return np.asarray(q * np.sign(np.diag(r)))


def chrono_bias(layer: Recurrent, T_max: float, rng: Generator) -> None:
    """Set an LSTM's or a GRU's biases, in place, for lags up to T_max steps (Tallec & Ollivier 2018, eq. 16).

    Each unit draws a time constant u, uniform in [1, T_max − 1]: b_f = ln u and b_i = −ln u in the LSTM, so that it
    keeps for about u steps and writes as rarely; b_z = −ln u in the GRU, whose z says how much is new.
    """
    _check_rng(rng)
    blocks = layer.by_gate(layer.params) if isinstance(layer, Recurrent) else {}
    signs = {name: sign for name, sign in {"b_f": 1, "b_i": -1, "b_z": -1}.items() if name in blocks}
    if not signs:
        raise TypeError(f"layer: expected an LSTM or a GRU, got {layer!r}")
    T_max = _number("T_max", T_max, at_least=2)
    _check_writeable(blocks)
    u = rng.uniform(1, T_max - 1, layer.hidden_size)
    for name, sign in signs.items():
        blocks[name][:] = sign * np.log(u)


# ---------------------------------------------------------------------------------------------------------------------
# A dense head, and layers in a row.


class Dense(Layer):
    """y = W x + b on the last axis: the head of a network. It has no state."""

    def __init__(self, input_size: int, output_size: int, *, rng: Generator, dtype: Any = np.float64) -> None:
        """W (output_size, input_size) Glorot uniform, b zero."""
        D, K = _size("input_size", input_size), _size("output_size", output_size)
        super().__init__(D, K, rng, dtype)
        self.params = {"W": glorot_uniform(K, D, rng).astype(self.dtype), "b": np.zeros(K, self.dtype)}

    def __call__(self, x: Array, state: None = None) -> tuple[Array, None]:
        """y (…, output_size) of x (…, input_size), and None, the state."""
        if state is not None:
            raise TypeError("state: a Dense layer has none, expected None")
        lead = x.shape[:-1] if isinstance(x, np.ndarray) else ("…",)
        _check_array("x", x, (*lead, self.input_size), self.dtype, complex_too=True)
        y = _flat(x) @ self.params["W"].T + self.params["b"]
        return y.reshape(*lead, -1), None

    def forward(self, x: Array, state: None = None) -> tuple[Array, Record]:
        """y (…, output_size) of x (…, input_size), and the trace."""
        y, _ = self(x, state)
        return y, Record(layer=_as_it_is(self), x=_frozen(x), y=y, state=None)

    def backward(self, dy: Array, trace: Record, dstate: None = None) -> Record:
        """The gradients of params and x from dy, the error of y."""
        _check_trace(self, trace)
        _check_array("dy", dy, trace.y.shape, self.dtype)
        d = _flat(dy)
        params = {"W": d.T @ _flat(trace.x), "b": _sum_of_rows(d)}
        return Record(params=params, x=(d @ self.params["W"]).reshape(trace.x.shape), state=None, deltas=Record())

    def _stacked(self, blocks: Mapping[str, Array]) -> Arrays:
        return dict(blocks)


class Sequential:
    """Layers in a row. Params, gradients, traces and states are lists with one entry a layer."""

    def __init__(self, layers: Sequence[Any]) -> None:
        """layers: RNN, LSTM, GRU, Dense objects of one dtype, each on its own arrays, each fitting on the one below."""
        if not isinstance(layers, (list, tuple)):
            raise TypeError(f"layers: expected a list of layers, got {type(layers).__name__}")
        if not layers:
            raise ValueError("layers: expected at least one")
        for layer in layers:
            if not isinstance(layer, Layer):
                raise TypeError(f"layers: expected RNN, LSTM, GRU or Dense, got {type(layer).__name__}")
        for below, above in itertools.pairwise(layers):
            if below.output_size != above.input_size or below.dtype != above.dtype:
                raise ValueError(f"layers: {above!r} does not fit on {below!r}")
        self.layers = list(layers)
        self.dtype = layers[0].dtype
        _check_distinct(_named(self.params))

    @property
    def params(self) -> list[Arrays]:
        """One dict a layer: the layers' own, not copies."""
        return [layer.params for layer in self.layers]

    def with_params(self, params: Sequence[Mapping[str, Array]]) -> Sequential:
        """The same layers on other arrays, without copying them."""
        _check_list("params", params, len(self.layers))
        return Sequential([layer.with_params(p) for layer, p in zip(self.layers, params, strict=True)])

    def __call__(self, x: Array, state: Any = None) -> tuple[Array, list[Any]]:
        """Inference: the last layer's output and the list of final states. Keeps nothing."""
        final = []
        for layer, s in zip(self.layers, self._per_layer("state", state), strict=True):
            x, s = layer(x, s)
            final.append(s)
        return x, final

    def forward(self, x: Array, state: Any = None) -> tuple[Array, list[Record]]:
        """The last layer's output and the list of traces."""
        traces = []
        for layer, s in zip(self.layers, self._per_layer("state", state), strict=True):
            x, trace = layer.forward(x, s)
            traces.append(trace)
        return x, traces

    def backward(self, dy: Array | None, trace: list[Record], dstate: Any = None) -> Record:
        """dy: the error of the last layer's output; dstate: a list of the final states'."""
        _check_list("trace", trace, len(self.layers))
        grads = []
        for layer, t, d in reversed(list(zip(self.layers, trace, self._per_layer("dstate", dstate), strict=True))):
            grads.append(layer.backward(dy, t, d))
            dy = grads[-1].x  # (14)
        grads.reverse()
        lists = {name: [getattr(g, name) for g in grads] for name in ("params", "state", "deltas")}
        return Record(x=dy, **lists)

    def _per_layer(self, what: str, given: Any) -> list[Any]:
        if given is None:
            return [None] * len(self.layers)
        _check_list(what, given, len(self.layers))
        return list(given)

    def __repr__(self) -> str:
        return f"Sequential({self.layers!r})"


# ---------------------------------------------------------------------------------------------------------------------
# Losses: the mean over the steps that the mask lets through, and its gradient.


def mean_squared_error(y: Array, target: Array, mask: Array | None = None) -> tuple[Any, Array]:
    """The mean of (y − target)² over the units of all steps that the mask lets through, and its gradient.

    y and target (T, B, K), (T, K) or (K,), of one dtype (y may be complex); mask, of that shape without K, booleans or
    zeros and ones. What stands at a masked step does not count, not even NaN.
    """
    y, target, kept = _check_loss("y", y, target, mask)
    n = int(kept.sum()) * y.shape[-1]
    error = y - target
    return (error * error).sum().item() / n, error * (2 / n)


def binary_cross_entropy(logits: Array, target: Array, mask: Array | None = None) -> tuple[Any, Array]:
    """The mean of −target log σ(a) − (1 − target) log(1 − σ(a)) over the units of all steps that count; its gradient.

    logits a, target and mask as in mean_squared_error; target in [0, 1].
    """
    a, target, kept = _check_loss("logits", logits, target, mask)
    if target.min() < 0 or target.max() > 1:
        raise ValueError(f"target: expected values in [0, 1], got {target.min():g} to {target.max():g}")
    n = int(kept.sum()) * a.shape[-1]
    # From the side on which the exponential is small, so that no digit is lost where σ is near 0 or 1.
    positive = a.real > 0
    e = np.exp(np.where(positive, -a, a))
    base, s = np.where(positive, 1 - target, -target), e / (1 + e)
    gradient = base + np.where(positive, -s, s)
    return (kept * (base * a + np.log1p(e))).sum().item() / n, kept * gradient * (1 / n)


def softmax_cross_entropy(logits: Array, target: Any, mask: Array | None = None) -> tuple[Any, Array]:
    """The mean of −log softmax(logits)[target] over the steps that the mask lets through, and its gradient.

    logits (T, B, K), (T, K) or (K,); target, of that shape without K, integers in 0…K−1; mask as in mean_squared_error.
    """
    a, target, kept = _check_loss("logits", logits, target, mask, classes=True)
    n, one_hot = int(kept.sum()), np.arange(a.shape[-1]) == target[..., None]
    largest = a.real.argmax(axis=-1)[..., None]
    a = a - np.take_along_axis(a, largest, axis=-1)
    top = np.arange(a.shape[-1]) == largest
    # The largest term is 1: kept apart from the others, it does not swallow their digits.
    others = np.where(top, 0, np.exp(a)).sum(axis=-1, keepdims=True)
    log_p = a - np.log1p(others)
    gradient = np.where(top & one_hot, -others / (1 + others), np.exp(log_p) - one_hot)
    return -log_p[one_hot & kept].sum().item() / n, kept * gradient * (1 / n)


# ---------------------------------------------------------------------------------------------------------------------
# Optimisers. Params and gradients are a dict of arrays or a list of such dicts.


class Optimiser:
    """What SGD and Adam share: ``step`` makes one update of the parameters, in place, of all of them or of none.

    A kind of optimiser is ``_move(update, g, *memory)``, which returns what learning_rate times to go down and what to
    remember, in float64. ``learning_rate`` may be set between updates. A copy or a pickle of layer and optimiser stays
    in step if the optimiser was given the layer's own params, not views of them.
    """

    MEMORY: int  # how many arrays a parameter's memory has
    _move: Callable[..., tuple[Array, ...]]

    def __init__(self, params: Any, learning_rate: float) -> None:
        self.params = _float_arrays("params", params)
        self.learning_rate = _number("learning_rate", learning_rate, above=0)
        self.updates = 0
        self._memory = {name: (np.zeros(a.shape),) * self.MEMORY for name, a in self.params.items()}

    def step(self, grads: Any) -> None:
        """One update. grads: the names, shapes and dtypes of params. Raises before anything changes."""
        named, rate = _named(grads), _number("learning_rate", self.learning_rate, at_least=0)
        _check_names("grads", named, self.params)
        for name, w in self.params.items():
            _check_array(f"gradient of {name}", named[name], w.shape, w.dtype)
        _check_writeable(self.params)
        new = {}
        with np.errstate(all="ignore"):
            for name, w in self.params.items():
                move, *memory = self._move(self.updates + 1, named[name].astype(np.float64), *self._memory[name])
                new[name] = (w - rate * move).astype(w.dtype), memory
        for name, (w, memory) in new.items():
            if not all(np.isfinite(a).all() for a in (w, *memory)):
                raise ValueError(f"gradient of {name}: too large, the update overflows; clip_by_global_norm mends it")
        for name, (w, memory) in new.items():
            self.params[name][...], self._memory[name] = w, tuple(memory)
        self.updates += 1


class SGD(Optimiser):
    """Stochastic gradient descent: v ← momentum · v + g, w ← w − learning_rate · v."""

    MEMORY = 1

    def __init__(self, params: Any, learning_rate: float, momentum: float = 0.0) -> None:
        """params: changed in place by ``step``; learning_rate above 0; momentum from 0 to below 1."""
        super().__init__(params, learning_rate)
        self.momentum = _number("momentum", momentum, at_least=0, below=1)

    def _move(self, update: int, g: Array, v: Array) -> tuple[Array, ...]:
        v = self.momentum * v + g
        return v, v


class Adam(Optimiser):
    """Adam (Kingma & Ba 2015, Algorithm 1)."""

    MEMORY = 2

    def __init__(
        self, params: Any, learning_rate: float = 1e-3, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8
    ) -> None:
        """params: changed in place by ``step``; learning_rate above 0; beta1, beta2 from 0 to below 1; epsilon from
        1e-150, whose square float64 still holds.
        """
        super().__init__(params, learning_rate)
        self.beta1 = _number("beta1", beta1, at_least=0, below=1)
        self.beta2 = _number("beta2", beta2, at_least=0, below=1)
        self.epsilon = _number("epsilon", epsilon, at_least=1e-150)

    def _move(self, update: int, g: Array, m: Array, v: Array) -> tuple[Array, ...]:
        m = self.beta1 * m + (1 - self.beta1) * g
        v = self.beta2 * v + (1 - self.beta2) * g * g
        m_hat, v_hat = m / (1 - self.beta1**update), v / (1 - self.beta2**update)
        return m_hat / (np.sqrt(v_hat) + self.epsilon), m, v


def clip_by_global_norm(grads: Any, max_norm: float) -> float:
    """Scale the gradients in place so that their joint 2-norm is at most max_norm; return the norm before.

    Pascanu, Mikolov & Bengio 2013, Algorithm 1. NaN or inf is reported, with the array's name, before anything changes.
    """
    max_norm, named = _number("max_norm", max_norm, above=0), _float_arrays("grads", grads)
    _check_writeable(named)
    largest = max(float(np.abs(g).max()) for g in named.values())
    if largest == 0:
        return 0.0
    # Dividing by the largest entry keeps the squares in range; float64 keeps float32 gradients of 1e20 there too.
    with np.errstate(under="ignore"):
        root = math.sqrt(sum(float(np.square(g.astype(np.float64) / largest).sum()) for g in named.values()))
    if largest * root > max_norm:
        with np.errstate(under="ignore"):
            clipped = {name: g.astype(np.float64) / largest * (max_norm / root) for name, g in named.items()}
            for name, g in named.items():
                g[...] = clipped[name]
    return largest * root


def step_decay(learning_rate: float, update: int, every: int, factor: float = 0.5) -> float:
    """The learning rate after so many updates (or epochs) when it is multiplied by factor once in every ``every``."""
    learning_rate, factor = _number("learning_rate", learning_rate, above=0), _number("factor", factor, above=0)
    with np.errstate(over="ignore"):
        rate = learning_rate * np.power(factor, _size("update", update, least=0) // _size("every", every))
    return _number("the decayed learning_rate", rate)


# ---------------------------------------------------------------------------------------------------------------------
# Checking: a derivative without a difference, and what agrees with it.


def complex_step(function: Callable[[Array], Any], a: Any, step: float = 1e-20) -> Array:
    """The derivative of any analytic function by any array, of shape f(a).shape + a.shape (Squire & Trapp 1998).

    Each entry of a is moved by i·step in turn; the imaginary part over step is the derivative, to rounding. The
    function must treat a complex number as one number: abs, conj, .real, a norm or a comparison give wrong answers. In
    a chaotic net, whose gradient explodes, the complex pass soon parts from the real one: take fewer steps there.
    """
    a = np.asarray(a)
    if a.dtype.kind not in "iuf":
        raise TypeError(f"a: expected real numbers, got {a.dtype}")
    _number("step", step, at_least=float(np.finfo(np.result_type(a, np.float32)).tiny))
    columns = []
    for index in np.ndindex(a.shape):
        moved = a.astype(np.result_type(a, np.complex64))
        moved[index] += 1j * step
        columns.append(np.imag(function(moved)) / step)
    return np.stack(columns, axis=-1).reshape((*np.shape(columns[0]), *a.shape))


def agree(name: str | Mapping[str, tuple[Any, Any]], a: Any = None, b: Any = None, bound: float = 1e-12) -> None:
    """Print that a and b are the same up to rounding, or raise AssertionError.

    name: what is compared; or a dict, name to the pair (a, b), for one table. The difference is max|a − b| / max|b|,
    absolute where b is zero throughout. Shapes must be the same; nan and inf never agree.
    """
    pairs = name if isinstance(name, Mapping) else {name: (a, b)}
    if not pairs or any(len(_parts(pair)) != 2 or pair[1] is None for pair in pairs.values()):
        raise TypeError("agree: expected two arrays with a name, or a dict name -> (a, b)")
    rows = [(n, *_difference(n, *pair)) for n, pair in pairs.items()]
    for n, _, difference in rows:
        if not difference < bound:
            raise AssertionError(f"{n}: the two differ by {difference:.1e}, more than {bound:.0e}")
    if pairs is not name:
        print(f"{name}: difference < {bound:.0e}")
    else:
        print(_table(("", "shape", "difference"), [(n, _by(shape), f"< {bound:.0e}") for n, shape, _ in rows]))


def _difference(name: str, a: Any, b: Any) -> tuple[tuple[int, ...], float]:
    a, b = np.asarray(a) * 1.0, np.asarray(b) * 1.0
    if a.shape != b.shape or a.size == 0:
        raise AssertionError(f"{name}: the shapes are {a.shape} and {b.shape}")
    scale = float(np.abs(b).max())
    if not (math.isfinite(scale) and np.isfinite(a).all()):
        return b.shape, math.nan
    return b.shape, float(np.abs(a - b).max() / (scale or 1.0))


class Row(NamedTuple):
    """A line of a GradientReport: ok is None where the method could not judge."""

    name: str
    shape: tuple[int, ...]
    error: float
    verdict: str
    ok: bool | None


class GradientReport:
    """The result of a gradient check: ``rows`` with name, shape, error, verdict and ok, printed as a table."""

    def __init__(self, rows: list[Row]) -> None:
        self.rows = rows

    @property
    def ok(self) -> bool:
        """Whether every array was seen to agree."""
        return all(row.ok for row in self.rows)

    @property
    def wrong(self) -> list[str]:
        """The names of the arrays that were seen to be wrong."""
        return [row.name for row in self.rows if row.ok is False]

    def raise_if_wrong(self) -> None:
        """Raise AssertionError with the table unless every array was seen to agree."""
        if not self.ok:
            raise AssertionError(f"{'wrong gradient' if self.wrong else 'not every gradient could be judged'}\n{self}")

    def _cells(self) -> list[tuple[str, ...]]:
        return [(row.name, _by(row.shape), row.verdict) for row in self.rows]

    def __str__(self) -> str:
        return _table(("array", "shape", "error"), self._cells())

    __repr__ = __str__

    def _repr_html_(self) -> str:
        rows = ["".join(f"<td>{cell.replace('<', '&lt;')}</td>" for cell in cells) for cells in self._cells()]
        head = "<thead><tr><th>array</th><th>shape</th><th>error</th></tr></thead>"
        return f"<table>{head}<tbody>{''.join(f'<tr>{row}</tr>' for row in rows)}</tbody></table>"


def _by(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape)) or "scalar"


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    widths = [max(len(row[k]) for row in [head, *rows]) for k in range(len(head))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in [head, *rows]]
    return "\n".join(line.rstrip() for line in lines)


def check_gradients(
    loss: Callable[[Arrays], Any],
    arrays: Mapping[str, Array],
    grads: Mapping[str, Array],
    method: str = "complex",
    step: float | None = None,
    tolerance: float | None = None,
) -> GradientReport:
    """Compare grads with numerical derivatives of loss, entry by entry, one row of the report an array.

    loss: takes a dict of arrays, returns a scalar, leaves the arrays alone; arrays, grads: by the same names, the same
    shapes, float32 or float64. method "complex": Im loss(a + i·step) / step, loss must be analytic; "central":
    (loss(a + s) − loss(a − s)) / 2s with s = step · max(1, |a|), the step really taken.

    The error of an array is max|analytic − numeric| / max|numeric|. It is right up to tolerance: by default 1e-10
    (complex) and 1e-6 (central), for a float32 array 1e-4 and 1e-2. Where the difference is no larger than the rounding
    of the numerical derivative, the method cannot judge, and the row says so; zeros on both sides agree under the
    complex step. The rounding is judged by the size of the loss: central differences want a loss that is not a small
    difference of large terms, and a step of its own where entries are much smaller than 1.
    """
    _check_choice("method", method, ("complex", "central"))
    _check_names("grads", grads, arrays)
    if not arrays:
        raise ValueError("arrays: expected at least one array, got none")
    if tolerance is not None:
        _number("tolerance", tolerance, above=0)
    for name, a in arrays.items():
        _check_array(name, a, np.shape(a), _float_dtype(getattr(a, "dtype", float), name))
        _check_array(f"gradient of {name}", grads[name], a.shape, a.dtype)
    _check_scalar(loss, arrays, method)
    differences = _complex_differences if method == "complex" else _central_differences
    numeric, rounding = {}, {}
    for name, a in arrays.items():
        numeric[name], rounding[name] = differences(partial(_moved, loss, arrays, name), a, step)
    largest = max((float(np.abs(g).max()) for g in numeric.values()), default=0.0)
    rows = []
    for name, a in arrays.items():
        single, scale = a.dtype == np.float32, float(np.abs(numeric[name]).max())
        bound = {"complex": (1e-10, 1e-4), "central": (1e-6, 1e-2)}[method][single] if tolerance is None else tolerance
        difference = np.abs(grads[name] - numeric[name])
        error = float(difference.max()) / (scale or 1.0)
        noise = rounding[name] + 10 * np.finfo(a.dtype).eps * largest
        ok: bool | None
        if method == "complex" and not (scale or grads[name].any()):
            verdict, ok = "zero", True
        elif scale and error < bound:
            verdict, ok = f"< {bound:.0e} ok", True
        elif (difference <= noise).all():
            verdict, ok = "too small to judge", None
        else:
            verdict, ok = f"{error:.1e} WRONG", False
        rows.append(Row(name, a.shape, error, verdict, ok))
    return GradientReport(rows)


def _check_scalar(loss: Callable[[Arrays], Any], arrays: Mapping[str, Array], method: str) -> None:
    """One call of the loss, with every array complex for the complex step: is it a scalar, and complex then?"""
    kind = np.complex64 if method == "complex" else np.float32
    value = loss({name: a.astype(np.result_type(a, kind)) for name, a in arrays.items()})
    if np.ndim(value) != 0:
        raise ValueError(f"loss: expected a scalar, got shape {np.shape(value)}")
    if method == "complex" and not np.iscomplexobj(value):
        raise ValueError(
            "loss: real for complex arrays, so not analytic (abs, .real, float, a comparison); try central"
        )


def _moved(loss: Callable[[Arrays], Any], arrays: Mapping[str, Array], name: str, a: Array) -> Any:
    return loss({**arrays, name: a})


def _complex_differences(function: Callable[[Array], Any], a: Array, step: float | None) -> tuple[Array, Array]:
    """The derivative, and the size below which it is rounding: here what underflows."""
    step = 1e-20 if step is None else step
    return complex_step(function, a, step).astype(float), np.full(a.shape, float(np.finfo(a.dtype).tiny) / step)


def _central_differences(function: Callable[[Array], Any], a: Array, step: float | None) -> tuple[Array, Array]:
    unit, size = float(np.finfo(a.dtype).eps), abs(float(function(a.copy())))
    step = unit ** (1 / 3) if step is None else _number("step", step, above=0)
    gradient, rounding = np.empty(a.shape), np.empty(a.shape)
    for index in np.ndindex(a.shape):
        plus, minus = a.copy(), a.copy()
        plus[index] += step * max(1.0, abs(float(a[index])))
        minus[index] -= step * max(1.0, abs(float(a[index])))
        width = float(plus[index]) - float(minus[index])  # what was taken: a + s is rounded
        if width == 0:
            raise ValueError(f"step: {step:g} vanishes beside the entry {a[index]:g}")
        gradient[index] = (float(function(plus)) - float(function(minus))) / width
        rounding[index] = 100 * unit * size / width
    return gradient, rounding


def check_layer(
    layer: Any, x: Array, state: Any = None, method: str = "complex", rng: Generator | None = None
) -> GradientReport:
    """check_gradients on all of a layer's or Sequential's gradients: each gate's arrays, x, the initial states.

    The loss weighs every output and every part of the final state with a random number of its own. state None means
    random, not zero, because zeros hide errors; so do an x of zeros, a single step and a single sequence. rng: by
    default ``np.random.default_rng(0)``.
    """
    rng = np.random.default_rng(0) if rng is None else rng
    _check_rng(rng)
    net = layer if isinstance(layer, Sequential) else Sequential([layer])
    dot = "{}.{}" if layer is net else "{1}"  # a name in a Sequential has its layer's number before it

    def draw(final: Any) -> Any:
        return _join(tuple(rng.standard_normal(a.shape).astype(net.dtype) for a in _parts(final)))

    def by_name(params: list[Arrays], x: Array, states: list[Any]) -> Arrays:
        """All that has a gradient, in one dict."""
        result: Arrays = {}
        for k, (one, p, s) in enumerate(zip(net.layers, params, states, strict=True)):
            blocks = one.by_gate(p) | {f"{part}_0": a for part, a in zip(one.STATE, _parts(s), strict=True)}
            result |= {dot.format(k, name): a for name, a in blocks.items()}
        return result | {"x": x}

    final = net(x)[1]
    states = [draw(s) for s in final] if state is None else net._per_layer("state", state if layer is net else [state])
    dstates = [draw(s) for s in final]
    y, trace = net.forward(x, states)
    dy = draw(y)
    grads = net.backward(dy, trace, dstates)

    def loss(arrays: Arrays) -> Any:
        params, initial = [], []
        for k, one in enumerate(net.layers):
            params.append(one._stacked({name: arrays[dot.format(k, name)] for name in one.by_gate(one.params)}))
            initial.append(_join(tuple(arrays[dot.format(k, f"{part}_0")] for part in one.STATE)))
        y, final = net.with_params(params)(arrays["x"], initial)
        errors = zip(
            [dy, *itertools.chain(*map(_parts, dstates))], [y, *itertools.chain(*map(_parts, final))], strict=True
        )
        return sum((d * a).sum() for d, a in errors)

    return check_gradients(loss, by_name(net.params, x, states), by_name(grads.params, grads.x, grads.state), method)


# ---------------------------------------------------------------------------------------------------------------------
# PyTorch's names and order, and files.


def to_torch(layer: Any) -> Arrays:
    """A layer's parameters as new arrays with the names and the gate order of torch.nn.RNN, LSTM, GRU or Linear.

    The names end in l0; our one bias is bias_ih, and bias_hh is zero but for the GRU's b_hh. What PyTorch does not have
    is refused: GRU(reset="before"), RNN(activation="identity").
    """
    _check_exchangeable(layer)
    if isinstance(layer, Dense):
        return {"weight": layer.params["W"].copy(), "bias": layer.params["b"].copy()}
    W_x, W_h, b = (_reordered(layer.params[name], layer.GATES, layer.TORCH_GATES) for name in ("W_x", "W_h", "b"))
    bias_hh = np.zeros_like(b)
    if "b_hh" in layer.params:
        bias_hh[-layer.hidden_size :] = layer.params["b_hh"]
    return {"weight_ih_l0": W_x, "weight_hh_l0": W_h, "bias_ih_l0": b, "bias_hh_l0": bias_hh}


def from_torch(layer: Any, state_dict: Mapping[str, Any], index: int | None = None) -> None:
    """Fill a layer in place from a state_dict of torch.nn.RNN, LSTM, GRU or Linear, arrays or CPU tensors.

    The names are PyTorch's, with the layer's number (_l0) or, as in LSTMCell, without one; index says which layer of a
    dict of several. Without biases (bias=False) they become zero. Bidirectional layers, projections and weights that a
    hook puts together (weight norm, weight drop) are refused, with what to hand over instead.
    """
    _check_exchangeable(layer)
    given = _torch_arrays(layer, state_dict, index)
    if isinstance(layer, Dense):
        return _fill(layer.params, {"W": given["weight"], "b": given["bias"]}, "state_dict")
    bias_hh, inside = given["bias_hh"].copy(), {}
    if "b_hh" in layer.params:  # only here does the n part of bias_hh stand apart from that of bias_ih
        n = slice(2 * layer.hidden_size, None)
        inside, bias_hh[n] = {"b_hh": given["bias_hh"][n]}, 0
    stacked = {"W_x": given["weight_ih"], "W_h": given["weight_hh"], "b": given["bias_ih"] + bias_hh}
    ours = {name: _reordered(a, layer.TORCH_GATES, layer.GATES) for name, a in stacked.items()}
    _fill(layer.params, ours | inside, "state_dict")


def _reordered(a: Array, gates: Sequence[str], order: Sequence[str]) -> Array:
    """The gates' rows in another order. PyTorch's z is our 1 − z, and σ(−a) = 1 − σ(a), so z's rows change sign."""
    blocks = dict(zip(gates, np.split(a, len(gates)), strict=True))
    return np.concatenate([-blocks[g] if g == "z" else blocks[g] for g in order])


def save_params(path: str | os.PathLike[str], layer: Any) -> None:
    """Write a layer's or Sequential's parameters to path as .npz, without pickle.

    A file that was there stays whole until the new one is complete; of several writers at once, one wins.
    """
    if not isinstance(layer, (Layer, Sequential)):
        raise TypeError(f"layer: expected a layer or Sequential, got {type(layer).__name__}")
    arrays: dict[str, Any] = _named(layer.params) | {"layer": np.array(repr(layer))}
    path = os.path.realpath(os.fsdecode(path))  # the file itself, where path is a link to it
    part = os.path.join(os.path.dirname(path), f".{secrets.token_hex(8)}.part")  # every writer has one of its own
    try:
        with open(part, "xb") as file:
            np.savez(file, **arrays)
            file.flush()
            os.fsync(file.fileno())
        if os.path.exists(path):
            shutil.copymode(path, part)
        os.replace(part, path)
    finally:
        if os.path.exists(part):
            os.remove(part)


def load_params(path: str | os.PathLike[str], layer: Any) -> None:
    """Fill a layer or Sequential in place from a file that ``save_params`` wrote.

    A damaged file, or one of another layer, raises ValueError; the layer is then as it was.
    """
    with open(path, "rb") as file:
        try:
            with np.load(file, allow_pickle=False) as archive:
                given = {name: archive[name] for name in archive.files}
        except Exception as error:  # zipfile, zlib and NumPy each have their own
            raise ValueError(f"{os.fspath(path)}: not a file of save_params, or damaged ({error})") from error
    saved = str(given.pop("layer", "no layer"))
    if saved != repr(layer):
        raise ValueError(f"{os.fspath(path)}: holds {saved}, expected {layer!r}")
    _fill(_named(layer.params), given, os.fspath(path))


def _fill(own: Arrays, given: Mapping[str, Array], what: str) -> None:
    """Check every array, then copy them all in place."""
    _check_names(what, given, own)
    for name, a in own.items():
        _check_array(f"{what}: {name}", given[name], a.shape, a.dtype)
    _check_writeable(own)
    _check_distinct(own)
    copies = {name: a.copy() for name, a in given.items()}  # given may be views of own
    for name, a in own.items():
        a[...] = copies[name]


# ---------------------------------------------------------------------------------------------------------------------
# The border: what comes in is checked here.


def _number(
    name: str, value: Any, above: float = -math.inf, at_least: float = -math.inf, below: float = math.inf
) -> float:
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise TypeError(f"{name}: expected a number, got {type(value).__name__}")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not (above < number < below and at_least <= number):
        low = f" above {above:g}" if above > -math.inf else f" of {at_least:g} or more" if at_least > -math.inf else ""
        high = f" and below {below:g}" if below < math.inf else ""
        raise ValueError(f"{name}: expected a finite number{low}{high}, got {value}")
    return number


def _numbers(name: str, value: Any, n: int, dtype: Any) -> Array:
    """A number, or an array of n of them, in this dtype."""
    if isinstance(value, np.ndarray):
        _check_plain(name, value)
        if value.dtype.kind not in "iuf":
            raise TypeError(f"{name}: expected numbers, got dtype {value.dtype}")
    with np.errstate(over="ignore"):
        a = np.asarray(value if isinstance(value, np.ndarray) else _number(name, value)).astype(dtype)
    _check_array(name, a, (n,) if isinstance(value, np.ndarray) else (), dtype)
    return a


def _size(name: str, value: Any, least: int = 1) -> int:
    """A Python integer, so that no NumPy integer overflows in what is computed from it."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{name}: expected an integer, got {type(value).__name__}")
    if value < least:
        raise ValueError(f"{name}: expected {least} or more, got {value}")
    return int(value)


def _float_dtype(dtype: Any, name: str = "dtype") -> Any:
    try:
        found = np.dtype(dtype)
    except TypeError:
        raise TypeError(f"{name}: expected float32 or float64, got {dtype!r}") from None
    if found not in (np.float32, np.float64):
        raise TypeError(f"{name}: expected float32 or float64, got {found}")
    return found


def _check_choice(name: str, value: Any, choices: Any) -> None:
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"{name}: expected one of {', '.join(map(repr, choices))}, got {value!r}")


def _check_rng(rng: Any) -> None:
    if not isinstance(rng, np.random.Generator):
        raise TypeError(f"rng: expected a numpy.random.Generator, got {type(rng).__name__}; np.random.default_rng(0)")


def _check_list(what: str, given: Any, length: int) -> None:
    if not isinstance(given, (list, tuple)):
        raise TypeError(f"{what}: expected a list with one entry a layer, got {type(given).__name__}")
    if len(given) != length:
        raise ValueError(f"{what}: expected a list of {length}, one entry a layer, got {len(given)}")


def _check_names(what: str, given: Any, expected: Any) -> None:
    if not isinstance(given, Mapping):
        raise TypeError(f"{what}: expected a dict of arrays, got {type(given).__name__}")
    if set(given) != set(expected):
        raise ValueError(f"{what}: expected the names {sorted(expected)}, got {sorted(map(str, given))}")


def _check_array(
    name: str, a: Any, shape: tuple[int | str, ...], dtype: Any, complex_too: bool = False, hint: str = ""
) -> None:
    """Raise unless a is a finite array of this dtype and shape; a letter in shape stands for any size of 1 or more."""
    dtype = np.dtype(dtype)
    if not isinstance(a, np.ndarray):
        mend = f"np.asarray({name}, dtype=np.{dtype}) makes one"
        raise TypeError(f"{name}: expected a NumPy array, got {type(a).__name__}; {mend}")
    _check_plain(name, a)
    if a.dtype != dtype and not (complex_too and a.dtype == np.result_type(dtype, np.complex64)):
        raise TypeError(f"{name}: expected dtype {dtype}, got {a.dtype}; {name}.astype(np.{dtype}) mends it")
    fits = a.ndim == len(shape) and all(isinstance(n, str) or n == m for n, m in zip(shape, a.shape, strict=True))
    if fits and a.size == 0 and "B" not in shape:
        raise ValueError(f"{name}: expected at least one number, got shape {a.shape}")
    if not fits or a.size == 0:
        expected = ", ".join(str(n) for n in shape) + ("," if len(shape) == 1 else "")
        raise ValueError(f"{name}: expected shape ({expected}), got {a.shape}{hint}")
    if not np.isfinite(a).all():
        first = tuple(int(k) for k in np.argwhere(~np.isfinite(a))[0])
        raise ValueError(f"{name}: NaN or inf, first at index {first}")


def _check_plain(name: str, a: Any) -> None:
    """Arrays whose numbers are hidden, or whose * is another product, would be taken for what they are not."""
    if isinstance(a, (np.matrix, np.ma.MaskedArray)):
        raise TypeError(f"{name}: expected a plain NumPy array, got {type(a).__name__}")


def _check_arrays(what: str, given: Any, own: Arrays, dtype: Any) -> None:
    """The names and shapes of own; this dtype or its complex counterpart."""
    _check_names(what, given, own)
    for name, a in own.items():
        _check_array(name, given[name], a.shape, dtype, complex_too=True)


def _check_writeable(arrays: Arrays) -> None:
    for name, a in arrays.items():
        if not a.flags.writeable:
            raise ValueError(f"{name}: expected an array that can be changed in place, got a read-only one")


def _check_distinct(arrays: Arrays) -> None:
    """No number under two names: it would be moved twice an update, and count twice in a norm."""
    for (one, a), (other, b) in itertools.combinations(arrays.items(), 2):
        if np.may_share_memory(a, b) and np.shares_memory(a, b):
            raise ValueError(f"{one} and {other} share memory; expected arrays of their own, such as copies")


def _named(arrays: Any) -> Arrays:
    """The arrays of a dict, or of a list of dicts with the layer's number before each name ("0.W_x"), in one dict."""
    if isinstance(arrays, Mapping):
        return dict(arrays)
    if isinstance(arrays, (list, tuple)) and all(isinstance(layer, Mapping) for layer in arrays):
        return {f"{k}.{name}": a for k, layer in enumerate(arrays) for name, a in layer.items()}
    raise TypeError(f"expected a dict of arrays or a list of such dicts, got {_shape(arrays)}")


def _float_arrays(what: str, arrays: Any) -> Arrays:
    """The same, checked: at least one, each float32 or float64 and finite, no two of them in one place."""
    named = _named(arrays)
    if not named:
        raise ValueError(f"{what}: expected at least one array, got none")
    for name, a in named.items():
        name = name if what == "params" else f"gradient of {name}"
        _check_array(name, a, np.shape(a), _float_dtype(getattr(a, "dtype", float), name))
    _check_distinct(named)
    return named


def _shape(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return str(value.shape)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name}: {_shape(a)}" for name, a in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_shape(a) for a in value) + "]"
    return repr(value)


def _flat(a: Array) -> Array:
    """(T, B, n) as (T·B, n): one row a step, so that a sum over time and batch is one matrix product."""
    return a.reshape(-1, a.shape[-1])


def _sum_of_rows(a: Array) -> Array:
    """NumPy adds along the first axis one by one, so float32 needs float64 for it."""
    return a.sum(axis=0, dtype=np.float64).astype(a.dtype)


def _frozen(a: Array) -> Array:
    """A copy that nobody can change. (A read-only array may change all the same, through another view.)"""
    a = a.copy()
    a.flags.writeable = False
    return a


def _as_it_is(layer: Any) -> Any:
    """The layer with parameters that do not change: what a trace remembers of it."""
    other = copy.copy(layer)
    other.params = {name: _frozen(a) for name, a in layer.params.items()}
    return other


def _with_batch(a: Array, one: bool) -> Array:
    return a[..., None, :] if one else a


def _without_batch(a: Array, one: bool) -> Array:
    return a[..., 0, :] if one else a


def _parts(state: Any) -> tuple[Array, ...]:
    """A layer's state as a tuple: of none, of one or of two arrays."""
    return () if state is None else tuple(state) if isinstance(state, (tuple, list)) else (state,)


def _join(parts: tuple[Array, ...]) -> Any:
    """The reverse of _parts."""
    return None if not parts else parts[0] if len(parts) == 1 else parts


def _gate_names(gates: Sequence[str], stacked: str) -> list[str]:
    """The gates' names for "W_x", "W_h" or "b": W_fx, …, b_f, …; RNN's nameless gate has the stacked name itself."""
    return [f"W_{g}{stacked[2:]}" if stacked != "b" else f"b_{g}".rstrip("_") for g in gates]


def _sizes_of(kind: type[Recurrent], params: Mapping[str, Any]) -> tuple[int, int, Any]:
    """D, H and the real dtype of a layer's arrays, stacked or one a gate."""
    if not isinstance(params, Mapping):
        raise TypeError(f"params: expected a dict of arrays, got {type(params).__name__}")
    found = []
    for stacked in ("W_x", "W_h"):
        name = stacked if stacked in params else _gate_names(kind.GATES, stacked)[0]
        if name not in params:
            raise ValueError(f"params: expected {stacked}, or {name}, …, one a gate; got {sorted(map(str, params))}")
        _check_array(name, params[name], ("rows", "columns"), getattr(params[name], "dtype", float))
        found.append(params[name])
    return found[0].shape[1], found[1].shape[1], found[1].real.dtype


def _check_state(
    layer: Recurrent, what: str, state: Any, lead: tuple[int, ...], complex_too: bool
) -> tuple[Array, ...]:
    """The state as a tuple of arrays (B, H) with a batch axis, zeros if there is none; lead is (B,) or ()."""
    shape = (*lead, layer.hidden_size)
    if state is None:
        return tuple(_with_batch(np.zeros(shape, layer.dtype), not lead) for _ in layer.STATE)
    if len(layer.STATE) == 1:
        state = (state,)
    elif not isinstance(state, (tuple, list)) or len(state) != len(layer.STATE):
        raise TypeError(f"{what}: expected the pair ({', '.join(layer.STATE)}), got {type(state).__name__}")
    for name, a in zip(layer.STATE, state, strict=True):
        hint = "" if np.ndim(a) == len(shape) else f"; x has {'a' if lead else 'no'} batch axis, so has the state"
        _check_array(f"{what}'s {name}", a, shape, layer.dtype, complex_too, hint)
    return tuple(_with_batch(a, not lead) for a in state)


def _check_input(layer: Recurrent, x: Any, state: Any) -> tuple[Array, tuple[Array, ...], bool]:
    """x and the state's parts with a batch axis, and whether x was one sequence without it."""
    one = isinstance(x, np.ndarray) and x.ndim == 2
    _check_array("x", x, ("T", layer.input_size) if one else ("T", "B", layer.input_size), layer.dtype, True)
    return _with_batch(x, one), _check_state(layer, "state", state, x.shape[1:-1], True), one


def _check_trace(layer: Layer, trace: Any) -> None:
    made_by: Any = getattr(trace, "layer", type(trace).__name__)
    if repr(made_by) != repr(layer):
        raise ValueError(f"trace: expected one of {layer!r}, got one of {made_by}")
    if any(np.iscomplexobj(a) for a in vars(trace).values()):
        raise ValueError("trace: expected one of real numbers, got one of complex numbers")
    for name, a in layer.params.items():
        if not np.array_equal(a, made_by.params[name], equal_nan=True):
            raise ValueError(f"trace: {name} has changed since, or is another layer's; forward makes a new trace")


def _check_errors(layer: Recurrent, dh: Any, trace: Any, dstate: Any) -> tuple[Record, Array, tuple[Array, ...], bool]:
    """The trace with a batch axis; a copy of dh, which becomes δ; the errors of the final state's parts; as above."""
    _check_trace(layer, trace)
    one = trace.h.ndim == 2
    if dh is not None:
        _check_array("dh", dh, trace.h.shape, layer.dtype)
    delta = np.zeros(trace.h.shape, layer.dtype) if dh is None else dh.copy()
    back = _check_state(layer, "dstate", dstate, trace.h.shape[1:-1], False)
    arrays = {name: _with_batch(a, one) for name, a in vars(trace).items() if isinstance(a, np.ndarray)}
    return Record(**arrays), _with_batch(delta, one), back, one


def _check_loss(name: str, y: Any, target: Any, mask: Any, classes: bool = False) -> tuple[Array, Array, Array]:
    """y and target, zero at the masked steps so that not even a NaN there counts, and the mask, (…, 1) booleans."""
    if not isinstance(y, np.ndarray) or y.dtype.kind not in "fc" or y.ndim < 1:
        raise TypeError(f"{name}: expected an array (…, K) of floats, got {_shape(y)}")
    for what, a in ((name, y), ("target", target), ("mask", mask)):
        _check_plain(what, a)
    if y.size == 0:
        raise ValueError(f"{name}: expected at least one number, got shape {y.shape}")
    lead, dtype = y.shape[:-1], _float_dtype(y.real.dtype)
    mask = np.ones(lead, bool) if mask is None else mask
    if not isinstance(mask, np.ndarray) or mask.shape != lead or not np.isin(mask, (0, 1)).all():
        raise ValueError(f"mask: expected booleans, or zeros and ones, of shape {lead}, got {_shape(mask)}")
    if not mask.any():
        raise ValueError("mask: lets no step through, so there is no mean to take")
    kept = mask.astype(bool)[..., None]
    y = np.where(kept, y, 0)
    _check_array(name, y, y.shape, dtype, complex_too=True)
    shape = lead if classes else y.shape
    if classes and not lead and isinstance(target, (int, np.integer)) and not isinstance(target, bool):
        target = np.array(target)  # the class of one last step
    if isinstance(target, np.ndarray) and target.shape == shape:
        target = np.where(kept[..., 0] if classes else kept, target, 0)
    if classes and (not isinstance(target, np.ndarray) or target.dtype.kind not in "iu"):
        raise TypeError(f"target: expected an array of integers, got {getattr(target, 'dtype', type(target).__name__)}")
    _check_array("target", target, shape, target.dtype if classes else dtype)
    if classes and not 0 <= target.min() <= target.max() < y.shape[-1]:
        raise ValueError(f"target: expected 0 to {y.shape[-1] - 1}, got {target.min()} to {target.max()}")
    return y, target, kept


def _check_exchangeable(layer: Any) -> None:
    if type(layer) not in (RNN, LSTM, GRU, Dense):
        raise TypeError(f"layer: expected RNN, LSTM, GRU or Dense, got {type(layer).__name__}; go layer by layer")
    if isinstance(layer, GRU) and layer.reset == "before":
        raise ValueError('layer: PyTorch has no GRU(reset="before"); its GRU is GRU(reset="after")')
    if isinstance(layer, RNN) and layer.activation == "identity":
        raise ValueError('layer: PyTorch has no RNN(activation="identity"); its RNN has "tanh" and "relu"')


TORCH_HINTS = {
    r".*_reverse": "a bidirectional layer has no counterpart here",
    r".*weight_hr.*": "a projection (proj_size) has no counterpart here",
    r".*parametrizations\..*|.*weight_.*_(g|v|raw|orig|mask)": "a hook puts this weight together (weight norm, weight "
    "drop, pruning); hand over the weight itself, under its plain name",
    r".*\..*": "it is a part's of a larger module; hand over that part's own state_dict()",
}


def _torch_arrays(layer: Layer, state_dict: Any, index: int | None) -> Arrays:
    """One layer's arrays, checked, under their names without its number; zeros for biases that are not there."""
    if not isinstance(state_dict, Mapping):
        raise TypeError(f"state_dict: expected a dict of arrays, got {type(state_dict).__name__}; module.state_dict()")
    if inner := [name for name, a in state_dict.items() if isinstance(a, Mapping)]:
        raise ValueError(f"state_dict: holds dicts, {', '.join(inner)}; hand over the one with the layer's arrays")
    own = {"weight_ih": "W_x", "weight_hh": "W_h", "bias_ih": "b", "bias_hh": "b"}
    if isinstance(layer, Dense):
        own = {"weight": "W", "bias": "b"}
    layers: dict[str | None, dict[str, Any]] = {}
    for name, a in state_dict.items():
        if not (match := re.fullmatch(rf"({'|'.join(own)})(?:_l(\d+))?", str(name))):
            hint = next((f"; {text}" for pattern, text in TORCH_HINTS.items() if re.fullmatch(pattern, str(name))), "")
            raise ValueError(f"state_dict: expected names like {', '.join(own)}, got {name}{hint}")
        layers.setdefault(match[2], {})[match[1]] = a
    if index is None and len(layers) > 1:
        raise ValueError(f"state_dict: holds the layers {', '.join(map(str, layers))}; say which one with index=")
    number = next(iter(layers), None) if index is None else str(_size("index", index, least=0))
    given = layers.get(number, {})
    if layers and not given:
        raise ValueError(f"state_dict: expected layer {number}, got {', '.join(map(str, layers))}")
    if given and not any(name.startswith("bias") for name in given):
        given |= {name: np.zeros_like(layer.params["b"]) for name in own if name.startswith("bias")}
    _check_names("state_dict" if number is None else f"state_dict, layer {number}", given, own)
    return {name: _torch_array(name, given[name], layer.params[ours]) for name, ours in own.items()}


def _torch_array(name: str, a: Any, own: Array) -> Array:
    """An array or a tensor as an array of the shape and dtype of own."""
    if isinstance(a, np.ndarray):
        array = a
    else:
        try:
            array = np.asarray(a.detach() if hasattr(a, "detach") else a)
        except Exception as error:  # a GPU's tensor, a dtype that NumPy does not have
            raise TypeError(f"{name}: expected an array or a CPU tensor, got {type(a).__name__} ({error})") from error
        if array.dtype.kind not in "iufc":
            raise TypeError(f"{name}: expected an array or a CPU tensor, got {type(a).__name__}")
        if array.dtype != own.dtype:
            mend = {np.float32: "float()", np.float64: "double()"}[own.dtype.type]
            raise TypeError(f"{name}: expected dtype {own.dtype}, got {array.dtype}; module.{mend} mends it")
    _check_array(name, array, own.shape, own.dtype)
    return array
