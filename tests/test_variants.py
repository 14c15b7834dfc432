"""A variant is natural: an LSTM with peepholes, written on lstm_core as a reader would, and all of its gradients."""

import numpy as np
import pytest
from conftest import draw, error

from lstm_core import LSTM, Adam, Dense, Sequential, check_layer, mean_squared_error, sigmoid, sigmoid_prime, tanh
from lstm_core import tanh_prime as prime


class PeepholeLSTM(LSTM):
    """Gates that see the cell (Gers & Schmidhuber 2000): p_f ∘ c_{t-1}, p_i ∘ c_{t-1} and p_o ∘ c_t in their nets."""

    def __init__(self, input_size, hidden_size, *, rng, dtype=np.float64, forget_bias=1.0):
        super().__init__(input_size, hidden_size, rng=rng, dtype=dtype, forget_bias=forget_bias)
        self.params |= {f"p_{g}": rng.uniform(-0.5, 0.5, hidden_size).astype(dtype) for g in "fio"}

    def _steps(self, net, h, h_prev, c, c_prev):
        W_h, p_f, p_i, p_o = (self.params[name] for name in ("W_h", "p_f", "p_i", "p_o"))
        f, i, o, c_tilde = np.split(net, 4, axis=-1)
        for t in range(len(h)):
            net[t] += h_prev[t] @ W_h.mT
            f[t] = sigmoid(f[t] + p_f * c_prev[t])
            i[t] = sigmoid(i[t] + p_i * c_prev[t])
            c_tilde[t] = tanh(c_tilde[t])
            c[t] = f[t] * c_prev[t] + i[t] * c_tilde[t]
            o[t] = sigmoid(o[t] + p_o * c[t])
            h[t] = o[t] * tanh(c[t])
        return {"f": f, "i": i, "o": o, "c_tilde": c_tilde}

    def _steps_back(self, trace, delta, back_h, back_c):
        W_h, p_f, p_i, p_o = (self.params[name] for name in ("W_h", "p_f", "p_i", "p_o"))
        f, i, o, c_tilde, tanh_c = trace.f, trace.i, trace.o, trace.c_tilde, tanh(trace.c)
        d_net, epsilon = np.empty((*delta.shape[:-1], 4 * self.hidden_size), self.dtype), np.empty_like(delta)
        d_f, d_i, d_o, d_c_tilde = np.split(d_net, 4, axis=-1)
        for t in reversed(range(len(delta))):
            delta[t] += back_h
            d_o[t] = delta[t] * tanh_c[t] * sigmoid_prime(o[t])
            epsilon[t] = delta[t] * o[t] * prime(tanh_c[t]) + d_o[t] * p_o + back_c
            d_f[t] = epsilon[t] * trace.c_prev[t] * sigmoid_prime(f[t])
            d_i[t] = epsilon[t] * c_tilde[t] * sigmoid_prime(i[t])
            d_c_tilde[t] = epsilon[t] * i[t] * prime(c_tilde[t])
            back_h, back_c = d_net[t] @ W_h, epsilon[t] * f[t] + d_f[t] * p_f + d_i[t] * p_i
        own = {"W_h": self._sum_outer(d_net, trace.h_prev), "p_o": self._sum(d_o * trace.c)}
        own |= {"p_f": self._sum(d_f * trace.c_prev), "p_i": self._sum(d_i * trace.c_prev)}
        deltas = {"h": delta, "c": epsilon, "f": d_f, "i": d_i, "o": d_o, "c_tilde": d_c_tilde}
        return d_net, own, (back_h, back_c), deltas


def peephole(dtype=np.float64):
    return PeepholeLSTM(3, 2, rng=np.random.default_rng(0), dtype=dtype)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("batch", [True, False])
def test_all_gradients_of_a_variant_are_right(dtype, batch):
    layer = peephole(dtype)
    x = draw(layer, T=5, B=2).x
    report = check_layer(layer, x if batch else x[:, 0])
    assert report.ok, report
    assert len(report.rows) == 18
    assert {"p_f", "p_i", "p_o"} < {row.name for row in report.rows}


def test_a_wrong_variant_is_seen():
    class Forgot(PeepholeLSTM):
        def _steps_back(self, trace, delta, back_h, back_c):
            d_net, own, back, deltas = super()._steps_back(trace, delta, back_h, back_c)
            return d_net, own | {"p_i": -own["p_i"]}, back, deltas

    layer = Forgot(3, 2, rng=np.random.default_rng(0))
    assert check_layer(layer, draw(layer, T=5, B=2).x).wrong == ["p_i"]


def test_a_variant_has_all_that_a_layer_has():
    layer = peephole()
    data = draw(layer, T=5, B=2)
    for name in ("p_f", "p_i", "p_o"):
        layer.params[name][:] = 0
    plain = LSTM.of({name: a for name, a in layer.params.items() if "p_" not in name})
    assert error(layer(data.x, data.state)[0], plain(data.x, data.state)[0]) < 1e-15
    again = PeepholeLSTM.of(layer.by_gate(layer.params))
    assert repr(again) == "PeepholeLSTM(3, 2, dtype=float64)"
    assert list(again.params) == ["W_x", "W_h", "b", "p_f", "p_i", "p_o"]
    model = Sequential([peephole(), Dense(2, 1, rng=np.random.default_rng(1))])
    optimiser, losses, target = Adam(model.params, learning_rate=0.05), [], np.tanh(data.x[..., :1])
    for _ in range(60):
        y, trace = model.forward(data.x)
        loss, dy = mean_squared_error(y, target)
        optimiser.step(model.backward(dy, trace).params)
        losses.append(loss)
    assert losses[-1] < losses[0] / 10
