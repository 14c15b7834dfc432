"""RNN, LSTM and GRU from scratch, in NumPy, with every gradient written by hand and a tool that checks them.

Arrays are time-major: ``x`` is ``(T, B, D)`` (time, batch, input), ``h`` and ``c`` are ``(T, B, H)``. A batch of row
vectors stands where the equations have one column vector, so ``W v`` is written ``v @ W.T``. The number at the end of a
line is that of the equation in the notebooks.

    English                      中文              in the text    in code                           shape
    input                        输入              x_t            x[t]                              D
    hidden state, output         隐藏状态, 输出    h_t            h[t]; h_prev[t] is h_{t-1}        H
    cell state                   单元状态          c_t            c[t]; c_prev[t] is c_{t-1}        H
    candidate cell state         即时状态          c̃_t            c_tilde[t]                        H
    forget, input, output gate   遗忘/输入/输出门  f_t, i_t, o_t  f[t], i[t], o[t]                  H
    update, reset gate (GRU)     更新门, 重置门    z_t, r_t       z[t], r[t]                        H
    candidate state (GRU)        候选状态          h̃_t            h_tilde[t]                        H
    weighted input               加权输入          net_{g,t}      net, one block for each gate g    H
    weights on x, on h; bias     权重矩阵, 偏置项  W_gx, W_gh, b_g  by_gate(params)["W_fx"], …      H×D, H×H, H
    all gates' of them, stacked                                   params["W_x"], ["W_h"], ["b"]     GH×D, GH×H, GH
    error of the output          误差项            δ_t = ∂E/∂h_t  deltas.h[t]                       H
    error of the cell                              ε_t = ∂E/∂c_t  deltas.c[t]                       H
    error of a weighted input                      δ_{g,t}        deltas.f[t], .c_tilde[t], …       H

Gates are stacked f, i, o, c in the LSTM and z, r, h in the GRU. A layer keeps nothing between calls: ``forward``
returns a trace, ``backward`` takes it. Every layer takes complex numbers forward, which is what the complex-step check
needs.
"""

from __future__ import annotations

import copy
import itertools
import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]
Arrays: TypeAlias = dict[str, Array]
Generator: TypeAlias = np.random.Generator

# ---------------------------------------------------------------------------------------------------------------------
# Activations. Each derivative is a function of the value already computed.


def sigmoid(a: Array) -> Array:
    """σ(a) = 1 / (1 + e^-a), of any shape, written so that no finite a overflows; exact to 1e-16 absolutely."""
    return 0.5 + 0.5 * np.tanh(0.5 * a)


def sigmoid_prime(s: Array) -> Array:
    """σ'(a) from its value s = σ(a)."""
    return (1 - s) * s


def tanh_prime(y: Array) -> Array:
    """tanh'(a) from its value y = tanh(a)."""
    return 1 - y * y


# For RNN: f, and f' as a function of f's value.
ACTIVATIONS: dict[str, tuple[Callable[[Array], Array], Callable[[Array], Array]]] = {
    "tanh": (np.tanh, tanh_prime),
    "relu": (lambda a: np.where(a.real > 0, a, 0), lambda y: (y.real > 0).astype(y.dtype)),
    "identity": (lambda a: a, np.ones_like),  # the linear network of chapter 01
}

# ---------------------------------------------------------------------------------------------------------------------
# The border: what comes in is checked here, so that the mathematics below stands alone.


def _complex_of(dtype: Any) -> Any:
    return np.result_type(dtype, np.complex64)


def _check_array(name: str, a: Any, shape: tuple[int | str, ...], dtype: Any, complex_too: bool = False) -> None:
    """Raise unless a is a finite array of this dtype and shape; a letter in shape stands for any size of 1 or more."""
    dtype = np.dtype(dtype)
    if not isinstance(a, np.ndarray):
        raise TypeError(
            f"{name}: expected a NumPy array, got {type(a).__name__}; np.asarray({name}, dtype=np.{dtype}) makes one"
        )
    if a.dtype != dtype and not (complex_too and a.dtype == _complex_of(dtype)):
        raise TypeError(f"{name}: expected dtype {dtype}, got {a.dtype}; {name}.astype(np.{dtype}) mends it")
    fits = a.ndim == len(shape) and all(isinstance(n, str) or n == m for n, m in zip(shape, a.shape, strict=True))
    if not fits or a.size == 0:
        expected = ", ".join(str(n) for n in shape) + ("," if len(shape) == 1 else "")
        hint = f"; {name}[:, None, :] is a batch of one" if shape[:2] == ("T", "B") and a.ndim == 2 else ""
        raise ValueError(f"{name}: expected shape ({expected}), got {a.shape}{hint}")
    if not np.isfinite(a).all():
        first = tuple(int(k) for k in np.argwhere(~np.isfinite(a))[0])
        raise ValueError(f"{name}: NaN or inf, first at index {first}")


def _check_names(what: str, given: Any, expected: Any) -> None:
    if not isinstance(given, Mapping):
        raise TypeError(f"{what}: expected a dict of arrays, got {type(given).__name__}")
    if set(given) != set(expected):
        raise ValueError(f"{what}: expected the names {sorted(expected)}, got {sorted(given)}")


def _check_positive(name: str, value: Any, integer: bool = False) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer) if integer else (int, float, np.number)):
        raise TypeError(f"{name}: expected {'an integer' if integer else 'a number'}, got {type(value).__name__}")
    if not 0 < value < math.inf:
        raise ValueError(f"{name}: expected a finite number above 0, got {value}")


def _check_dtype(dtype: Any) -> Any:
    if np.dtype(dtype) not in (np.float32, np.float64):
        raise TypeError(f"dtype: expected float32 or float64, got {np.dtype(dtype)}")
    return np.dtype(dtype)


def _check_list(what: str, given: Any, length: int) -> None:
    if not isinstance(given, (list, tuple)):
        raise TypeError(f"{what}: expected a list with one entry a layer, got {type(given).__name__}")
    if len(given) != length:
        raise ValueError(f"{what}: expected a list of {length}, one entry a layer, got {len(given)}")


# ---------------------------------------------------------------------------------------------------------------------
# What the layers are made of.


class Record(SimpleNamespace):
    """Arrays by name (``trace.f``, ``grads.deltas.h``); its repr shows shapes, not numbers."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={_shape(value)}' for name, value in vars(self).items())})"


class Trace(Record):
    """What a forward pass leaves for the backward pass. The arrays are read-only; x is kept, not copied."""


class Deltas(Record):
    """The errors at every time, (T, B, H) each: h is δ = ∂E/∂h, c is ε = ∂E/∂c, any other ∂E/∂net of that gate."""


class Gradients(Record):
    """What a backward pass returns: params, x, state and deltas, in the layer's own form (lists in Sequential)."""


def _shape(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return str(value.shape)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_shape(a)}" for name, a in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_shape(a) for a in value) + "]"
    return repr(value)


def _parts(state: Any) -> tuple[Array, ...]:
    """A layer's state as a tuple: of none, of one or of two arrays."""
    return () if state is None else tuple(state) if isinstance(state, (tuple, list)) else (state,)


def _join(parts: tuple[Array, ...]) -> Any:
    """The reverse of _parts."""
    return None if not parts else parts[0] if len(parts) == 1 else parts


def _flat(a: Array) -> Array:
    """(T, B, n) as (T·B, n): one row a step, so that a sum over time and batch is one matrix product."""
    return a.reshape(-1, a.shape[-1])


def glorot_uniform(n_out: int, n_in: int, rng: Generator) -> Array:
    """(n_out, n_in), float64, uniform in ±√(6 / (n_in + n_out)) (Glorot & Bengio 2010, eq. 16)."""
    limit = math.sqrt(6 / (n_in + n_out))
    return rng.uniform(-limit, limit, (n_out, n_in))


def orthogonal(n: int, rng: Generator) -> Array:
    """(n, n), float64, orthogonal and uniform among such matrices (QR, signs of R made positive; Mezzadri 2007)."""
    q, r = np.linalg.qr(rng.standard_normal((n, n)))
    return np.asarray(q * np.sign(np.diag(r)))


class Layer:
    """What all layers share: named parameters of one dtype."""

    params: Arrays

    def __init__(self, input_size: int, output_size: int, rng: Generator, dtype: Any) -> None:
        _check_positive("input_size", input_size, integer=True)
        _check_positive("output_size" if isinstance(self, Dense) else "hidden_size", output_size, integer=True)
        if not isinstance(rng, Generator):
            raise TypeError(
                f"rng: expected a numpy.random.Generator, got {type(rng).__name__}; np.random.default_rng(0)"
            )
        self.input_size, self.output_size, self.dtype = int(input_size), int(output_size), _check_dtype(dtype)

    def with_params(self, params: Mapping[str, Array]) -> Any:
        """The same layer on other arrays, without copying them.

        params: the names and shapes of ``self.params``, each array of the layer's dtype or its complex counterpart.
        Raises ValueError or TypeError for any other.
        """
        _check_names("params", params, self.params)
        for name, a in self.params.items():
            _check_array(name, params[name], a.shape, self.dtype, complex_too=True)
        other = copy.copy(self)
        other.params = dict(params)
        return other

    def _check_trace(self, trace: Any) -> None:
        made_by = getattr(trace, "made_by", type(trace).__name__)
        if made_by != repr(self):
            raise ValueError(f"trace: expected one of {self!r}, got one of {made_by}")

    def _trace(self, output: str, **arrays: Any) -> Trace:
        """A trace that says whose it is; backward refuses another's, and one of complex numbers."""
        return Trace(made_by=repr(self) + " on complex numbers" * np.iscomplexobj(arrays[output]), **arrays)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.input_size}, {self.output_size}, dtype={self.dtype})"


class Recurrent(Layer):
    """What RNN, LSTM and GRU share. Each of them adds ``forward`` and ``backward``."""

    GATES: tuple[str, ...]  # the order in which the gates' rows are stacked; RNN has one nameless gate
    STATE: tuple[str, ...] = ("h",)

    def __init__(self, input_size: int, hidden_size: int, *, rng: Generator, dtype: Any = np.float64) -> None:
        """W_x Glorot uniform and W_h orthogonal, each gate's block on its own; b zero.

        input_size D and hidden_size H are 1 or more; rng is where the weights come from; dtype float32 or float64.
        Raises TypeError or ValueError for anything else.
        """
        super().__init__(input_size, hidden_size, rng, dtype)
        W_x = [glorot_uniform(hidden_size, input_size, rng) for _ in self.GATES]
        W_h = [orthogonal(hidden_size, rng) for _ in self.GATES]
        b = np.zeros(len(self.GATES) * hidden_size)
        stacked = {"W_x": np.concatenate(W_x), "W_h": np.concatenate(W_h), "b": b}
        self.params = {name: a.astype(self.dtype) for name, a in stacked.items()}

    @property
    def hidden_size(self) -> int:
        """H."""
        return self.output_size

    def forward(self, x: Array, state: Any = None) -> tuple[Array, Trace]:
        raise NotImplementedError

    def __call__(self, x: Array, state: Any = None) -> tuple[Array, Any]:
        """Inference: the outputs h (T, B, H) and the final state, from which the next call can go on. Keeps nothing.

        Arguments and errors are those of ``forward``.
        """
        h, trace = self.forward(x, state)
        return h, trace.state

    def by_gate(self, arrays: Mapping[str, Array]) -> Arrays:
        """The named blocks W_fx, W_fh, b_f, … of params or of gradients: views, so writing to one writes through.

        Raises ValueError for other names than those of ``self.params``.
        """
        _check_names("arrays", arrays, self.params)
        if len(self.GATES) == 1:
            return dict(arrays)
        H, views = self.hidden_size, {}
        for name, suffix in (("W_x", "x"), ("W_h", "h"), ("b", "")):
            for k, g in enumerate(self.GATES):
                views[f"W_{g}{suffix}" if suffix else f"b_{g}"] = arrays[name][k * H : (k + 1) * H]
        return views | {name: a for name, a in arrays.items() if name not in ("W_x", "W_h", "b")}

    def _check_state(self, what: str, state: Any, B: int, complex_too: bool = False) -> tuple[Array, ...]:
        """The state as a tuple of (B, H) arrays, zeros if there is none."""
        if state is None:
            return tuple(np.zeros((B, self.hidden_size), self.dtype) for _ in self.STATE)
        if len(self.STATE) == 1:
            state = (state,)
        elif not isinstance(state, (tuple, list)) or len(state) != len(self.STATE):
            raise TypeError(f"{what}: expected the pair ({', '.join(self.STATE)}), got {type(state).__name__}")
        for name, a in zip(self.STATE, state, strict=True):
            _check_array(f"{what}'s {name}", a, (B, self.hidden_size), self.dtype, complex_too)
        return tuple(state)

    def _begin_forward(self, x: Array, state: Any) -> tuple[Array, ...]:
        """net with W_x x_t + b in it for all t at once; then, for each part of the state, two views (T, B, H) of one
        array: the part and its predecessor, so that what is written to h[t] is read from h_prev[t + 1]."""
        _check_array("x", x, ("T", "B", self.input_size), self.dtype, complex_too=True)
        T, B, _ = x.shape
        states = self._check_state("state", state, B, complex_too=True)
        dtype = np.result_type(x, *states, *self.params.values())
        net = (_flat(x) @ self.params["W_x"].T).astype(dtype, copy=False).reshape(T, B, -1)
        net += self.params["b"]
        views = []
        for initial in states:
            a = np.empty((T + 1, B, self.hidden_size), dtype)
            a[0] = initial
            views += [a[1:], a[:-1]]
        return net, *views

    def _end_forward(self, **arrays: Array) -> Trace:
        final = tuple(arrays[name][-1].copy() for name in self.STATE)
        for name, a in arrays.items():
            if name != "x":
                a.flags.writeable = False  # what backward needs cannot be changed by accident
        return self._trace("h", state=_join(final), **arrays)

    def _begin_backward(self, dh: Array | None, trace: Trace, dstate: Any) -> tuple[Array, ...]:
        """A copy of dh, which becomes δ, and the error of each part of the final state."""
        self._check_trace(trace)
        T, B, H = trace.h.shape
        if dh is not None:
            _check_array("dh", dh, (T, B, H), self.dtype)
        delta = np.zeros((T, B, H), self.dtype) if dh is None else dh.copy()
        return delta, *self._check_state("dstate", dstate, B)

    def _input_gradients(self, d_net: Array, x: Array) -> tuple[Array, Array, Array]:
        """∂E/∂x (14), ∇W_x and ∇b (15) from ∂E/∂net: one matrix product each, after the loop."""
        d = _flat(d_net)
        return (d @ self.params["W_x"]).reshape(x.shape), d.T @ _flat(x), d.sum(axis=0)


class RNN(Recurrent):
    """The plain recurrent layer, h_t = f(W_x x_t + W_h h_{t-1} + b), equations (R1)–(R4). Its state is h."""

    GATES = ("",)

    def __init__(
        self, input_size: int, hidden_size: int, *, rng: Generator, dtype: Any = np.float64, activation: str = "tanh"
    ) -> None:
        """As Recurrent's; activation f is "tanh", "relu" or "identity", ValueError for any other."""
        if activation not in ACTIVATIONS:
            raise ValueError(f"activation: expected one of {sorted(ACTIVATIONS)}, got {activation!r}")
        super().__init__(input_size, hidden_size, rng=rng, dtype=dtype)
        self.activation = activation

    def forward(self, x: Array, state: Array | None = None) -> tuple[Array, Trace]:
        """x (T, B, D), state h_0 (B, H) or None for zeros; returns h (T, B, H) and the trace x, h, h_prev, state.

        Of a padded batch, state is that after the padding. Raises TypeError or ValueError for another dtype or shape,
        ValueError for NaN or inf.
        """
        net, h, h_prev = self._begin_forward(x, state)
        W_h, f = self.params["W_h"], ACTIVATIONS[self.activation][0]
        for t in range(len(x)):
            h[t] = f(net[t] + h_prev[t] @ W_h.T)  # (R1)
        return h, self._end_forward(x=x, h=h, h_prev=h_prev)

    def backward(self, dh: Array | None, trace: Trace, dstate: Array | None = None) -> Gradients:
        """dh: each output's own error ∂E_t/∂h_t (T, B, H) or None; dstate: the final state's (B, H) or None.

        Returns the gradients of params, x, state (B, H), and deltas h (δ, total) and net (δ_net), (T, B, H) each.
        Raises as ``forward``, and ValueError for a trace of another layer.
        """
        delta, back = self._begin_backward(dh, trace, dstate)
        W_h = self.params["W_h"]
        d_net = ACTIVATIONS[self.activation][1](trace.h)
        for t in reversed(range(len(delta))):
            delta[t] += back
            d_net[t] *= delta[t]  # (R4)
            back = d_net[t] @ W_h  # (R2)
        dx, dW_x, db = self._input_gradients(d_net, trace.x)  # (R4)
        dW_h = _flat(d_net).T @ _flat(trace.h_prev)  # (R4)
        params = {"W_x": dW_x, "W_h": dW_h, "b": db}
        return Gradients(params=params, x=dx, state=back, deltas=Deltas(h=delta, net=d_net))

    def __repr__(self) -> str:
        return super().__repr__()[:-1] + f", activation={self.activation!r})"


class LSTM(Recurrent):
    """Long short-term memory with a forget gate, equations (1)–(6) and (8')–(15). Its state is the pair (h, c).

    Hochreiter & Schmidhuber 1997; the forget gate is of Gers, Schmidhuber & Cummins 2000.
    """

    GATES = ("f", "i", "o", "c")
    STATE = ("h", "c")

    def __init__(
        self, input_size: int, hidden_size: int, *, rng: Generator, dtype: Any = np.float64, forget_bias: float = 1.0
    ) -> None:
        """As Recurrent's; b_f starts at forget_bias, the other biases at zero."""
        super().__init__(input_size, hidden_size, rng=rng, dtype=dtype)
        self.params["b"][:hidden_size] = forget_bias

    def forward(self, x: Array, state: tuple[Array, Array] | None = None) -> tuple[Array, Trace]:
        """x (T, B, D), state (h_0, c_0) of (B, H) each or None for zeros; returns h (T, B, H) and the trace.

        The trace holds x, f, i, o, c_tilde, c, c_prev, h, h_prev, (T, B, H) each, and state, the pair (h_T, c_T). Of a
        padded batch, state is that after the padding. Raises TypeError or ValueError for another dtype or shape,
        ValueError for NaN or inf.
        """
        net, h, h_prev, c, c_prev = self._begin_forward(x, state)
        H, W_hT = self.hidden_size, np.ascontiguousarray(self.params["W_h"].T)  # BLAS is quicker on it than on a view
        f, i, o, c_tilde = np.split(net, 4, axis=-1)  # views: each net turns into its gate in place
        gates = net[..., : 3 * H]
        for t in range(len(x)):
            net[t] += h_prev[t] @ W_hT
            gates[t] = sigmoid(gates[t])  # (1), (2), (5)
            c_tilde[t] = np.tanh(c_tilde[t])  # (3)
            c[t] = f[t] * c_prev[t] + i[t] * c_tilde[t]  # (4)
            h[t] = o[t] * np.tanh(c[t])  # (6)
        return h, self._end_forward(x=x, f=f, i=i, o=o, c_tilde=c_tilde, c=c, c_prev=c_prev, h=h, h_prev=h_prev)

    def backward(self, dh: Array | None, trace: Trace, dstate: tuple[Array, Array] | None = None) -> Gradients:
        """dh: each output's own error ∂E_t/∂h_t (T, B, H) or None; dstate: the final (h, c)'s, a pair, or None.

        Returns the gradients of params, x, state (a pair), and deltas h (δ), c (ε), f, i, o, c_tilde, (T, B, H) each.
        Raises as ``forward``, and ValueError for a trace of another layer.
        """
        delta, back_h, back_c = self._begin_backward(dh, trace, dstate)
        f, i, o, c_tilde, c_prev = trace.f, trace.i, trace.o, trace.c_tilde, trace.c_prev
        W_h, tanh_c = self.params["W_h"], np.tanh(trace.c)
        # The factor of the error in each equation, for all times at once; the loop turns it into the δ or ε, in place.
        d_net = np.empty((*delta.shape[:2], 4 * self.hidden_size), self.dtype)
        d_f, d_i, d_o, d_c = np.split(d_net, 4, axis=-1)
        d_o[:] = tanh_c * sigmoid_prime(o)  # (9)
        d_f[:] = c_prev * sigmoid_prime(f)  # (10')
        d_i[:] = c_tilde * sigmoid_prime(i)  # (11')
        d_c[:] = i * tanh_prime(c_tilde)  # (12')
        epsilon = o * tanh_prime(tanh_c)  # (10a)
        for t in reversed(range(len(delta))):
            delta[t] += back_h  # (8')
            epsilon[t] = epsilon[t] * delta[t] + back_c  # (10a)
            d_o[t] *= delta[t]  # (9)
            d_f[t] *= epsilon[t]  # (10')
            d_i[t] *= epsilon[t]  # (11')
            d_c[t] *= epsilon[t]  # (12')
            back_h = d_net[t] @ W_h  # (8')
            back_c = epsilon[t] * f[t]  # (10a)
        dx, dW_x, db = self._input_gradients(d_net, trace.x)  # (14), (15)
        dW_h = _flat(d_net).T @ _flat(trace.h_prev)  # (15)
        deltas = Deltas(h=delta, c=epsilon, f=d_f, i=d_i, o=d_o, c_tilde=d_c)
        return Gradients(params={"W_x": dW_x, "W_h": dW_h, "b": db}, x=dx, state=(back_h, back_c), deltas=deltas)


class GRU(Recurrent):
    """Gated recurrent unit, equations (16)–(25), or with the reset gate after the product (18')–(25'). Its state is h.

    Cho et al. 2014; z on the new state as in Chung et al. 2014. The form "after" is that of cuDNN and PyTorch.
    """

    GATES = ("z", "r", "h")

    def __init__(
        self, input_size: int, hidden_size: int, *, rng: Generator, dtype: Any = np.float64, reset: str = "after"
    ) -> None:
        """As Recurrent's; reset is "before" or "after" (which has the bias b_hh too), ValueError for any other."""
        if reset not in ("before", "after"):
            raise ValueError(f'reset: expected "before" or "after", got {reset!r}')
        super().__init__(input_size, hidden_size, rng=rng, dtype=dtype)
        self.reset = reset
        if reset == "after":
            self.params["b_hh"] = np.zeros(hidden_size, self.dtype)

    def forward(self, x: Array, state: Array | None = None) -> tuple[Array, Trace]:
        """x (T, B, D), state h_0 (B, H) or None for zeros; returns h (T, B, H) and the trace.

        The trace holds x, z, r, h_tilde, h, h_prev, with reset="after" also m, (T, B, H) each, and state. Of a padded
        batch, state is that after the padding. Raises TypeError or ValueError for another dtype or shape, ValueError
        for NaN or inf.
        """
        net, h, h_prev = self._begin_forward(x, state)
        W_h, H = self.params["W_h"], self.hidden_size
        z, r, h_tilde = np.split(net, 3, axis=-1)  # views: each net turns into its gate in place
        gates = net[..., : 2 * H]
        extra = {"m": np.empty_like(h)} if self.reset == "after" else {}
        for t in range(len(x)):
            if self.reset == "after":
                product = h_prev[t] @ W_h.T
                gates[t] = sigmoid(gates[t] + product[:, : 2 * H])  # (16), (17)
                extra["m"][t] = product[:, 2 * H :] + self.params["b_hh"]  # (18')
                h_tilde[t] = np.tanh(h_tilde[t] + r[t] * extra["m"][t])  # (18')
            else:
                gates[t] = sigmoid(gates[t] + h_prev[t] @ W_h[: 2 * H].T)  # (16), (17)
                h_tilde[t] = np.tanh(h_tilde[t] + (r[t] * h_prev[t]) @ W_h[2 * H :].T)  # (18)
            h[t] = (1 - z[t]) * h_prev[t] + z[t] * h_tilde[t]  # (19)
        return h, self._end_forward(x=x, z=z, r=r, h_tilde=h_tilde, h=h, h_prev=h_prev, **extra)

    def backward(self, dh: Array | None, trace: Trace, dstate: Array | None = None) -> Gradients:
        """dh: each output's own error ∂E_t/∂h_t (T, B, H) or None; dstate: the final state's (B, H) or None.

        Returns the gradients of params, x, state (B, H), and deltas h (δ), z, r, h_tilde, with reset="after" also m,
        (T, B, H) each. Raises as ``forward``, and ValueError for a trace of another layer.
        """
        delta, back = self._begin_backward(dh, trace, dstate)
        z, r, h_tilde, h_prev = trace.z, trace.r, trace.h_tilde, trace.h_prev
        W_h, H, after = self.params["W_h"], self.hidden_size, self.reset == "after"
        # The factor of the error in each equation first, as in the LSTM. The columns of z, r and m stand side by side,
        # so that the recurrent part of (24') is one product with W_h.
        d_net = np.empty((*delta.shape[:2], 4 * H), self.dtype)
        d_z, d_r, d_m, d_h = np.split(d_net, 4, axis=-1)
        d_z[:] = (h_tilde - h_prev) * sigmoid_prime(z)  # (20)
        d_h[:] = z * tanh_prime(h_tilde)  # (21)
        d_r[:] = (trace.m if after else h_prev) * sigmoid_prime(r)  # (23'), (23)
        keep = 1 - z
        for t in reversed(range(len(delta))):
            delta[t] += back
            d_z[t] *= delta[t]  # (20)
            d_h[t] *= delta[t]  # (21)
            if after:
                d_m[t] = d_h[t] * r[t]  # (23')
                d_r[t] *= d_h[t]  # (23')
                back = delta[t] * keep[t] + d_net[t, :, : 3 * H] @ W_h  # (24')
            else:
                u = d_h[t] @ W_h[2 * H :]  # (22)
                d_r[t] *= u  # (23)
                back = delta[t] * keep[t] + u * r[t] + d_net[t, :, : 2 * H] @ W_h[: 2 * H]  # (24)
        if after:
            dW_h = _flat(d_net)[:, : 3 * H].T @ _flat(h_prev)  # (25')
            extra, shown = {"b_hh": _flat(d_m).sum(axis=0)}, {"m": d_m}  # (25')
        else:
            dW_hh = _flat(d_h).T @ _flat(r * h_prev)  # (25)
            dW_h = np.concatenate([_flat(d_net)[:, : 2 * H].T @ _flat(h_prev), dW_hh])  # (25)
            extra, shown = {}, {}
        d_inputs = np.concatenate([d_net[..., : 2 * H], d_h], axis=-1)
        dx, dW_x, db = self._input_gradients(d_inputs, trace.x)  # (25)
        deltas = Deltas(h=delta, z=d_z, r=d_r, h_tilde=d_h, **shown)
        return Gradients(params={"W_x": dW_x, "W_h": dW_h, "b": db, **extra}, x=dx, state=back, deltas=deltas)

    def __repr__(self) -> str:
        return super().__repr__()[:-1] + f", reset={self.reset!r})"


# ---------------------------------------------------------------------------------------------------------------------
# Dense head, layers in a row, losses.


class Dense(Layer):
    """y = W x + b on the last axis: the head of a network. It has no state."""

    def __init__(self, input_size: int, output_size: int, *, rng: Generator, dtype: Any = np.float64) -> None:
        """W (output_size, input_size) Glorot uniform, b zero. Raises TypeError or ValueError for anything else."""
        super().__init__(input_size, output_size, rng, dtype)
        W = glorot_uniform(output_size, input_size, rng).astype(self.dtype)
        self.params = {"W": W, "b": np.zeros(output_size, self.dtype)}

    def __call__(self, x: Array, state: None = None) -> tuple[Array, None]:
        """y (…, output_size) of x (…, input_size), and None, the state."""
        return self.forward(x, state)[0], None

    def forward(self, x: Array, state: None = None) -> tuple[Array, Trace]:
        """y (…, output_size) of x (…, input_size), and the trace. Raises as the recurrent layers do."""
        if state is not None:
            raise TypeError("state: a Dense layer has none, expected None")
        lead = x.shape[:-1] if isinstance(x, np.ndarray) else ("…",)
        _check_array("x", x, (*lead, self.input_size), self.dtype, complex_too=True)
        y = x @ self.params["W"].T + self.params["b"]
        return y, self._trace("y", x=x, y=y, state=None)

    def backward(self, dy: Array, trace: Trace, dstate: None = None) -> Gradients:
        """The gradients of params and x from dy, the error of y. Raises as the recurrent layers do."""
        self._check_trace(trace)
        _check_array("dy", dy, trace.y.shape, self.dtype)
        d = _flat(dy)
        params = {"W": d.T @ _flat(trace.x), "b": d.sum(axis=0)}
        return Gradients(params=params, x=dy @ self.params["W"], state=None, deltas=Deltas())


class Sequential:
    """Layers in a row. Params, gradients, traces and states are lists with one entry a layer."""

    def __init__(self, layers: list[Any]) -> None:
        """layers: RNN, LSTM, GRU, Dense objects, each used once. Raises ValueError where two do not fit together."""
        if not layers:
            raise ValueError("layers: expected at least one")
        for below, above in itertools.pairwise(layers):
            if below.output_size != above.input_size or below.dtype != above.dtype:
                raise ValueError(f"layers: {above!r} does not fit on {below!r}")
        if len({id(layer) for layer in layers}) < len(layers):
            raise ValueError("layers: one layer stands there twice; its gradients would not add up")
        self.layers = list(layers)
        self.dtype = layers[0].dtype

    @property
    def params(self) -> list[Arrays]:
        """One dict a layer: the layers' own, not copies."""
        return [layer.params for layer in self.layers]

    def with_params(self, params: Sequence[Mapping[str, Array]]) -> Sequential:
        """The same layers on other arrays, without copying them. Raises as the layers' own."""
        _check_list("params", params, len(self.layers))
        return Sequential([layer.with_params(p) for layer, p in zip(self.layers, params, strict=True)])

    def __call__(self, x: Array, state: list[Any] | None = None) -> tuple[Array, list[Any]]:
        """Inference: the last layer's output and the list of final states. Keeps nothing. Raises as the layers do."""
        state = self._states("state", state)
        final = []
        for layer, s in zip(self.layers, state, strict=True):
            x, s = layer(x, s)
            final.append(s)
        return x, final

    def forward(self, x: Array, state: list[Any] | None = None) -> tuple[Array, list[Trace]]:
        """The last layer's output and the list of traces. Raises as the layers do."""
        state = self._states("state", state)
        traces = []
        for layer, s in zip(self.layers, state, strict=True):
            x, trace = layer.forward(x, s)
            traces.append(trace)
        return x, traces

    def backward(self, dy: Array | None, trace: list[Trace], dstate: list[Any] | None = None) -> Gradients:
        """dy: the error of the last layer's output; dstate: a list of the final states'. Raises as the layers do."""
        _check_list("trace", trace, len(self.layers))
        dstate = self._states("dstate", dstate)
        grads = []
        for layer, t, d in reversed(list(zip(self.layers, trace, dstate, strict=True))):
            grads.append(layer.backward(dy, t, d))
            dy = grads[-1].x  # (14)
        grads.reverse()
        lists = {name: [getattr(g, name) for g in grads] for name in ("params", "state", "deltas")}
        return Gradients(x=dy, **lists)

    def _states(self, what: str, state: Any) -> list[Any]:
        if state is None:
            return [None] * len(self.layers)
        _check_list(what, state, len(self.layers))
        return list(state)

    def __repr__(self) -> str:
        return f"Sequential({self.layers!r})"


def _begin_loss(name: str, y: Any, target: Any, mask: Any, classes: bool = False) -> tuple[Array, Array, Array]:
    """y and target, zero at the masked steps so that not even a NaN there counts, and the mask, (…, 1) booleans."""
    if not isinstance(y, np.ndarray) or y.dtype.kind not in "fc" or y.ndim < 2:
        raise TypeError(f"{name}: expected an array (…, K) of floats, got {_shape(y)}")
    lead, dtype = y.shape[:-1], _check_dtype(y.real.dtype)
    mask = np.ones(lead, bool) if mask is None else mask
    if not isinstance(mask, np.ndarray) or mask.shape != lead or not np.isin(mask, (0, 1)).all():
        raise ValueError(f"mask: expected booleans, or zeros and ones, of shape {lead}, got {_shape(mask)}")
    if not mask.any():
        raise ValueError("mask: lets no step through, so there is no mean to take")
    kept = mask.astype(bool)[..., None]
    y = np.where(kept, y, 0)
    _check_array(name, y, y.shape, dtype, complex_too=True)
    shape = lead if classes else y.shape
    if isinstance(target, np.ndarray) and target.shape == shape:
        target = np.where(kept[..., 0] if classes else kept, target, 0)
    if classes and (not isinstance(target, np.ndarray) or target.dtype.kind not in "iu"):
        raise TypeError(f"target: expected an array of integers, got {getattr(target, 'dtype', type(target).__name__)}")
    _check_array("target", target, shape, target.dtype if classes else dtype)
    return y, target, kept


def mean_squared_error(y: Array, target: Array, mask: Array | None = None) -> tuple[Any, Array]:
    """The mean of (y − target)² over the units of all steps that the mask lets through, and its gradient.

    y and target (T, B, K), one dtype (y may be complex); mask (T, B) of booleans or of zeros and ones. Raises
    TypeError or ValueError for other shapes or dtypes, a mask that lets nothing through, NaN or inf at a step that
    counts.
    """
    y, target, kept = _begin_loss("y", y, target, mask)
    n = int(kept.sum()) * y.shape[-1]
    error = y - target
    return (error * error).sum().item() / n, error * (2 / n)


def binary_cross_entropy(logits: Array, target: Array, mask: Array | None = None) -> tuple[Any, Array]:
    """The mean of −target log σ(a) − (1 − target) log(1 − σ(a)) over the units of all steps that count; its gradient.

    logits a and target (T, B, K), one dtype, target in [0, 1]; mask (T, B). Raises as mean_squared_error, and
    ValueError for a target outside [0, 1].
    """
    a, target, kept = _begin_loss("logits", logits, target, mask)
    if target.min() < 0 or target.max() > 1:
        raise ValueError(f"target: expected values in [0, 1], got {target.min():g} to {target.max():g}")
    n = int(kept.sum()) * a.shape[-1]
    positive = a.real > 0  # log(1 + e^a), from the side on which the exponential is small
    softplus = np.where(positive, a, 0) + np.log1p(np.exp(np.where(positive, -a, a)))
    return (kept * (softplus - target * a)).sum().item() / n, kept * (sigmoid(a) - target) * (1 / n)


def softmax_cross_entropy(logits: Array, target: Array, mask: Array | None = None) -> tuple[Any, Array]:
    """The mean of −log softmax(logits)[target] over the steps that the mask lets through, and its gradient.

    logits (T, B, K); target (T, B), integers in 0…K−1; mask (T, B). Raises as mean_squared_error, and ValueError for a
    target outside 0…K−1.
    """
    a, target, kept = _begin_loss("logits", logits, target, mask, classes=True)
    if target.min() < 0 or target.max() >= a.shape[-1]:
        raise ValueError(f"target: expected 0 to {a.shape[-1] - 1}, got {target.min()} to {target.max()}")
    n = int(kept.sum())
    a = a - a.real.max(axis=-1, keepdims=True)
    log_p = a - np.log(np.exp(a).sum(axis=-1, keepdims=True))
    one_hot = np.arange(a.shape[-1]) == target[..., None]
    return -log_p[one_hot & kept].sum().item() / n, kept * (np.exp(log_p) - one_hot) * (1 / n)


# ---------------------------------------------------------------------------------------------------------------------
# Optimisers. Params and gradients are a dict of arrays or a list of such dicts.


def _named(arrays: Any) -> Arrays:
    """The arrays of a dict, or of a list of dicts with the layer's number before each name ("0.W_x"), in one dict."""
    if isinstance(arrays, Mapping):
        return dict(arrays)
    if isinstance(arrays, (list, tuple)):
        return {f"{k}.{name}": a for k, layer in enumerate(arrays) for name, a in layer.items()}
    raise TypeError(f"expected a dict of arrays or a list of such dicts, got {type(arrays).__name__}")


class SGD:
    """Stochastic gradient descent: v ← momentum · v + g, w ← w − learning_rate · v."""

    def __init__(self, params: Any, learning_rate: float, momentum: float = 0.0) -> None:
        """params: changed in place by ``step``. Raises ValueError unless learning_rate > 0 and 0 ≤ momentum < 1."""
        _check_positive("learning_rate", learning_rate)
        if not 0 <= momentum < 1:
            raise ValueError(f"momentum: expected a number from 0 to below 1, got {momentum}")
        self.learning_rate, self.momentum = learning_rate, momentum
        self.params = _named(params)
        self._v = {name: np.zeros_like(a) for name, a in self.params.items()}

    def step(self, grads: Any) -> None:
        """One step, in place. grads: names, shapes, dtypes of params. Raises before anything changes."""
        for name, w, g in _pairs(self.params, grads):
            self._v[name] = self.momentum * self._v[name] + g
            w -= float(self.learning_rate) * self._v[name]


class Adam:
    """Adam (Kingma & Ba 2015, Algorithm 1)."""

    def __init__(
        self, params: Any, learning_rate: float = 1e-3, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8
    ) -> None:
        """params: changed in place by ``step``. Raises ValueError unless learning_rate, epsilon > 0, 0 ≤ β1, β2 < 1."""
        _check_positive("learning_rate", learning_rate)
        _check_positive("epsilon", epsilon)
        if not (0 <= beta1 < 1 and 0 <= beta2 < 1):
            raise ValueError(f"beta1, beta2: expected numbers from 0 to below 1, got {beta1}, {beta2}")
        self.learning_rate, self.beta1, self.beta2, self.epsilon = learning_rate, beta1, beta2, epsilon
        self.params = _named(params)
        self._m = {name: np.zeros_like(a) for name, a in self.params.items()}
        self._v = {name: np.zeros_like(a) for name, a in self.params.items()}
        self.steps = 0

    def step(self, grads: Any) -> None:
        """One step, in place. grads: names, shapes, dtypes of params. Raises before anything changes."""
        pairs = list(_pairs(self.params, grads))
        self.steps += 1
        correct1, correct2 = 1 - self.beta1**self.steps, 1 - self.beta2**self.steps
        for name, w, g in pairs:
            self._m[name] = self.beta1 * self._m[name] + (1 - self.beta1) * g
            self._v[name] = self.beta2 * self._v[name] + (1 - self.beta2) * g * g
            m, v = self._m[name] / correct1, self._v[name] / correct2
            w -= float(self.learning_rate) * m / (np.sqrt(v) + self.epsilon)


def _pairs(params: Arrays, grads: Any) -> Iterator[tuple[str, Array, Array]]:
    """(name, parameter, gradient) for each parameter, after all gradients have been checked."""
    grads = _named(grads)
    _check_names("grads", grads, params)
    for name, w in params.items():
        _check_array(f"gradient of {name}", grads[name], w.shape, w.dtype)
    return ((name, w, grads[name]) for name, w in params.items())


def clip_by_global_norm(grads: Any, max_norm: float) -> float:
    """Scale the gradients in place so that their joint 2-norm is at most max_norm; return the norm before.

    Raises ValueError for NaN or inf, before anything changes (Pascanu, Mikolov & Bengio 2013, Algorithm 1).
    """
    _check_positive("max_norm", max_norm)
    named = _named(grads)
    for name, g in named.items():
        _check_array(f"gradient of {name}", g, g.shape, g.dtype)
    largest = max(float(np.abs(g).max()) for g in named.values())
    if largest == 0:
        return 0.0
    # Dividing by the largest entry keeps the squares in range; float64 keeps float32 gradients of 1e20 there too.
    norm = largest * math.sqrt(sum(float(np.square(g.astype(np.float64) / largest).sum()) for g in named.values()))
    if norm > max_norm:
        for g in named.values():
            g *= float(max_norm) / norm
    return norm


def step_decay(learning_rate: float, step: int, every: int, factor: float = 0.5) -> float:
    """The learning rate after step steps (or epochs) when it is multiplied by factor once in every ``every``.

    Raises TypeError or ValueError unless learning_rate, every and factor are above 0 and step is not below 0.
    """
    _check_positive("learning_rate", learning_rate)
    _check_positive("every", every, integer=True)
    _check_positive("factor", factor)
    if step < 0:
        raise ValueError(f"step: expected 0 or more, got {step}")
    return float(learning_rate * factor ** (step // every))


# ---------------------------------------------------------------------------------------------------------------------
# Gradient checking.


class GradientReport:
    """The result of a gradient check: ``rows`` of (name, shape, error, ok), printed as a table."""

    def __init__(self, rows: list[tuple[str, tuple[int, ...], float, bool]], tolerance: float) -> None:
        self.rows, self.tolerance = rows, tolerance

    @property
    def ok(self) -> bool:
        """Whether every array agrees."""
        return all(ok for *_, ok in self.rows)

    def raise_if_wrong(self) -> None:
        """Raise AssertionError with the table if an array is wrong."""
        if not self.ok:
            raise AssertionError(f"wrong gradient\n{self}")

    def _cells(self) -> list[tuple[str, str, str]]:
        bound = f"< {self.tolerance:.0e} ok"
        return [
            (name, " × ".join(map(str, shape)) or "scalar", bound if ok else f"{error:.1e} WRONG")
            for name, shape, error, ok in self.rows
        ]

    def __str__(self) -> str:
        cells = [("array", "shape", "error"), *self._cells()]
        widths = [max(len(row[k]) for row in cells) for k in range(2)]
        return "\n".join(f"{a:<{widths[0]}}  {b:<{widths[1]}}  {c}" for a, b, c in cells)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{a}</td><td>{b}</td><td>{c.replace('<', '&lt;')}</td></tr>" for a, b, c in self._cells()
        )
        return f"<table><thead><tr><th>array</th><th>shape</th><th>error</th></tr></thead><tbody>{rows}</tbody></table>"


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
    shapes, float32 or float64. method "complex": Im loss(a + i·step) / step (Squire & Trapp 1998), loss must be
    analytic; "central": (loss(a + step) − loss(a − step)) / (2·step).

    The error of an array is max|analytic − numeric| / max|numeric|, absolute where the numeric gradient is zero to
    rounding. It is right up to tolerance: by default 1e-10 (complex) and 1e-6 (central), in float32 1e-4 and 1e-2.
    Raises TypeError or ValueError for other names, shapes, dtypes or methods.
    """
    if method not in ("complex", "central"):
        raise ValueError(f'method: expected "complex" or "central", got {method!r}')
    _check_names("grads", grads, arrays)
    for name, a in arrays.items():
        _check_array(name, a, getattr(a, "shape", ()), _check_dtype(getattr(a, "dtype", np.float64)))
        _check_array(f"gradient of {name}", grads[name], a.shape, a.dtype)
    dtype = np.result_type(*arrays.values())
    unit = float(np.finfo(dtype).eps)
    if step is None:
        step = 1e-20 if method == "complex" else unit ** (1 / 3)
    if tolerance is None:
        tolerance = {"complex": (1e-4, 1e-10), "central": (1e-2, 1e-6)}[method][dtype == np.float64]
    numeric = {name: _numeric_gradient(loss, arrays, name, method, step) for name in arrays}
    # Below this a numerical gradient is rounding, not a gradient.
    noise = unit * max(float(np.abs(g).max()) for g in numeric.values())
    if method == "central":
        noise = max(noise, 10 * unit * abs(float(loss(dict(arrays)))) / step)
    rows = []
    for name, a in arrays.items():
        scale = float(np.abs(numeric[name]).max())
        error = float(np.abs(grads[name] - numeric[name]).max()) / (scale if scale > noise else 1.0)
        rows.append((name, a.shape, error, error < tolerance))
    return GradientReport(rows, tolerance)


def _numeric_gradient(
    loss: Callable[[Arrays], Any], arrays: Mapping[str, Array], name: str, method: str, step: float
) -> Array:
    gradient = np.empty(arrays[name].shape)
    for index in np.ndindex(gradient.shape):
        if method == "complex":
            moved = arrays[name].astype(_complex_of(arrays[name].dtype))
            moved[index] += 1j * step
            gradient[index] = np.imag(loss({**arrays, name: moved})) / step
        else:
            plus, minus = arrays[name].copy(), arrays[name].copy()
            plus[index] += step
            minus[index] -= step
            # float32 rounds the step: divide by the one that was taken.
            width = float(plus[index]) - float(minus[index])
            gradient[index] = (float(loss({**arrays, name: plus})) - float(loss({**arrays, name: minus}))) / width
    return gradient


def check_layer(
    layer: Any, x: Array, state: Any = None, method: str = "complex", rng: Generator | None = None
) -> GradientReport:
    """check_gradients on all of a layer's or Sequential's gradients: each gate's arrays, x, the initial states.

    The loss weighs every output and every part of the final state with a random number of its own. state None means
    random, not zero, because a zero state hides errors. rng: by default ``np.random.default_rng(0)``. Raises as the
    layer's forward.
    """
    rng = np.random.default_rng(0) if rng is None else rng
    many = isinstance(layer, Sequential)
    net = layer if many else Sequential([layer])

    def random_like(states: list[tuple[Array, ...]]) -> list[tuple[Array, ...]]:
        return [tuple(rng.standard_normal(a.shape).astype(net.dtype) for a in parts) for parts in states]

    def joined(states: list[tuple[Array, ...]]) -> list[Any]:
        return [_join(parts) for parts in states]

    def named(params: list[Arrays], x: Array, states: list[tuple[Array, ...]]) -> Arrays:
        """Everything that has a gradient, in one dict; a gate's arrays are views."""
        result: Arrays = {}
        for k, one in enumerate(net.layers):
            blocks = one.by_gate(params[k]) if isinstance(one, Recurrent) else params[k]
            blocks = blocks | {f"{part}_0": a for part, a in zip(getattr(one, "STATE", ()), states[k], strict=True)}
            result |= {f"{k}.{name}" if many else name: a for name, a in blocks.items()}
        return result | {"x": x}

    zeros = [_parts(final) for final in net(x)[1]]
    given = state if many else [state]
    states = random_like(zeros) if state is None else [_parts(s) for s in given]
    dstates = random_like(zeros)
    y, trace = net.forward(x, joined(states))
    dy = rng.standard_normal(y.shape).astype(net.dtype)
    grads = net.backward(dy, trace, joined(dstates))

    def loss(arrays: Arrays) -> Any:
        dtype = np.result_type(*arrays.values())
        params = [{name: a.astype(dtype) for name, a in one.items()} for one in net.params]
        initial = [tuple(a.astype(dtype) for a in parts) for parts in states]
        for name, a in named(params, x.astype(dtype), initial).items():
            a[...] = arrays[name]
        y, final = net.with_params(params)(arrays["x"], joined(initial))
        errors = [(dy, y)] + [
            pair for d, s in zip(dstates, final, strict=True) for pair in zip(d, _parts(s), strict=True)
        ]
        return sum((d * a).sum() for d, a in errors)

    analytic = named(grads.params, grads.x, [_parts(s) for s in grads.state])
    return check_gradients(loss, named(net.params, x, states), analytic, method)


# ---------------------------------------------------------------------------------------------------------------------
# Interchange: PyTorch's names and order, and files.


def _check_exchangeable(layer: Any) -> None:
    if not isinstance(layer, Layer):
        raise TypeError(f"layer: expected RNN, LSTM, GRU or Dense, got {type(layer).__name__}; go layer by layer")
    if isinstance(layer, GRU) and layer.reset == "before":
        raise ValueError('layer: PyTorch has no GRU(reset="before"); its GRU is GRU(reset="after")')


def _swap_gates(layer: Recurrent, a: Array) -> Array:
    """Our order of the gates' rows into PyTorch's, f i o c ↔ i f c o and z r h ↔ r z h: its own inverse."""
    blocks = np.split(a, len(layer.GATES))
    return np.concatenate([blocks[k] for k in ([0], [1, 0, 2], [1, 0, 3, 2])[len(blocks) // 2]])


def _flip_z(layer: Recurrent, a: Array) -> Array:
    """PyTorch's z is our 1 − z, and σ(−a) = 1 − σ(a): a copy with the signs of the GRU's z rows changed."""
    a = a.copy()
    if isinstance(layer, GRU):
        a[: layer.hidden_size] *= -1
    return a


def to_torch(layer: Any) -> Arrays:
    """A layer's parameters as new arrays with the names and the gate order of torch.nn.RNN, LSTM, GRU or Linear.

    The names end in l0; our one bias is bias_ih, and bias_hh is zero but for the GRU's b_hh. Raises ValueError for
    GRU(reset="before"), which PyTorch does not have, TypeError for what is no single layer.
    """
    _check_exchangeable(layer)
    if isinstance(layer, Dense):
        return {"weight": layer.params["W"].copy(), "bias": layer.params["b"].copy()}
    ours = {name: _swap_gates(layer, _flip_z(layer, layer.params[name])) for name in ("W_x", "W_h", "b")}
    bias_hh = np.zeros_like(ours["b"])
    if "b_hh" in layer.params:
        bias_hh[2 * layer.hidden_size :] = layer.params["b_hh"]
    return {"weight_ih_l0": ours["W_x"], "weight_hh_l0": ours["W_h"], "bias_ih_l0": ours["b"], "bias_hh_l0": bias_hh}


def from_torch(layer: Any, state_dict: Mapping[str, Any], index: int | None = None) -> None:
    """Fill a layer in place from a state_dict of torch.nn.RNN, LSTM, GRU or Linear, arrays or CPU tensors.

    index: which layer of a dict of several; without biases (bias=False) they become zero. Raises ValueError for other
    names or shapes, several layers without index, bidirectional ones and projections, TypeError for another dtype; the
    layer is then as it was.
    """
    _check_exchangeable(layer)
    if not isinstance(state_dict, Mapping):
        raise TypeError(f"state_dict: expected a dict of arrays, got {type(state_dict).__name__}; module.state_dict()")
    given = {name: np.asarray(a) for name, a in state_dict.items()}
    if isinstance(layer, Dense):
        return _fill(
            layer.params, {{"weight": "W", "bias": "b"}.get(name, name): a for name, a in given.items()}, "state_dict"
        )
    for part, what in (("_reverse", "a bidirectional layer"), ("weight_hr", "a projection (proj_size)")):
        if any(part in name for name in given):
            raise ValueError(f"state_dict: {what} has no counterpart here")
    numbers = sorted({name.rpartition("_l")[2] for name in given})
    if index is None and len(numbers) > 1:
        raise ValueError(f"state_dict: holds the layers {', '.join(numbers)}; say which one with index=")
    end = f"_l{numbers[0] if index is None and numbers else index}"
    given = {name.removesuffix(end): a for name, a in given.items() if name.endswith(end)}
    if not any(name.startswith("bias") for name in given):
        given |= dict.fromkeys(("bias_ih", "bias_hh"), np.zeros_like(layer.params["b"]))
    shapes = {"weight_ih": "W_x", "weight_hh": "W_h", "bias_ih": "b", "bias_hh": "b"}
    _check_names(f"state_dict, layer {end[2:]}", given, shapes)
    for name, ours in shapes.items():
        _check_array(f"{name}{end}", given[name], layer.params[ours].shape, layer.dtype)
    bias_hh, inside = given["bias_hh"].copy(), {}
    if "b_hh" in layer.params:
        n = slice(2 * layer.hidden_size, None)
        inside, bias_hh[n] = {"b_hh": given["bias_hh"][n]}, 0
    stacked = {"W_x": given["weight_ih"], "W_h": given["weight_hh"], "b": given["bias_ih"] + bias_hh}
    _fill(
        layer.params,
        {name: _flip_z(layer, _swap_gates(layer, a)) for name, a in stacked.items()} | inside,
        "state_dict",
    )


def _fill(own: Arrays, given: Mapping[str, Array], what: str) -> None:
    """Check every array, then copy them all in place: all or none."""
    _check_names(what, given, own)
    for name, a in own.items():
        _check_array(f"{what}: {name}", given[name], a.shape, a.dtype)
    for name, a in own.items():
        a[...] = given[name]


def save_params(path: str | os.PathLike[str], layer: Any) -> None:
    """Write a layer's or Sequential's parameters to path as .npz, without pickle.

    A file that was there stays whole until the new one is complete. Raises OSError where it cannot be written.
    """
    arrays: dict[str, Any] = _named(layer.params) | {"layer": np.array(repr(layer))}
    path = os.fspath(path)
    part = f"{path}.{os.getpid()}.part"
    try:
        with open(part, "wb") as file:
            np.savez(file, **arrays)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        if os.path.exists(part):
            os.remove(part)


def load_params(path: str | os.PathLike[str], layer: Any) -> None:
    """Fill a layer or Sequential in place from a file that ``save_params`` wrote.

    Raises FileNotFoundError, or ValueError for a damaged file or one of another layer; the layer is then as it was.
    """
    with open(path, "rb") as file:
        try:
            with np.load(file, allow_pickle=False) as archive:
                given = {name: archive[name] for name in archive.files}
        except Exception as error:  # zipfile, zlib and NumPy each have their own
            raise ValueError(f"{os.fspath(path)}: not a file of save_params, or damaged ({error})") from error
    own = _named(layer.params)
    saved = str(given.pop("layer", "no layer"))
    if saved != repr(layer):
        raise ValueError(f"{os.fspath(path)}: holds {saved}, expected {layer!r}")
    _fill(own, given, os.fspath(path))
