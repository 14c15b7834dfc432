"""What is wrong is refused: the error says what was expected, what came and, where there is one, the mend."""

import re

import numpy as np
import pytest
from conftest import KINDS, make_layer, raises

from lstm_core import (
    GRU,
    LSTM,
    RNN,
    SGD,
    Adam,
    Dense,
    Sequential,
    agree,
    binary_cross_entropy,
    check_gradients,
    check_layer,
    chrono_bias,
    clip_by_global_norm,
    glorot_uniform,
    mean_squared_error,
    orthogonal,
    softmax_cross_entropy,
    step_decay,
)

RNG = np.random.default_rng(0)
LSTM_, RNN_, GRU_, DENSE = make_layer("LSTM"), make_layer("RNN-tanh"), make_layer("GRU-after"), Dense(3, 2, rng=RNG)
SINGLE = make_layer("LSTM", dtype=np.float32)
MODEL = Sequential([LSTM_, make_layer("GRU-after", 2, 2)])
X, H, S = np.ones((4, 2, 3)), np.ones((4, 2, 2)), np.ones((2, 2))
TRACE, RNN_TRACE, ONE_TRACE = LSTM_.forward(X)[1], RNN_.forward(X)[1], LSTM_.forward(X[:, 0])[1]
LSTM_PARAMS, BLOCKS = LSTM_.params, LSTM_.by_gate(LSTM_.params)


def with_nan(shape, index, value=np.nan):
    a = np.ones(shape)
    a[index] = value
    return a


def refused(cases):
    """A table of {what is wrong: (call, error, what the message says)} as a test."""

    @pytest.mark.parametrize(("call", "error", "message"), cases.values(), ids=cases)
    def test(call, error, message):
        with raises(error, message):
            call()

    return test


test_making_a_layer = refused(
    {
        "input size": (lambda: LSTM(0, 2, rng=RNG), ValueError, "input_size … 1 or more … 0"),
        "hidden size": (lambda: GRU(1, -2, rng=RNG), ValueError, "hidden_size … 1 or more … -2"),
        "no integer": (lambda: RNN(1.0, 2, rng=RNG), TypeError, "input_size … integer … float"),
        "a truth value": (lambda: RNN(1, True, rng=RNG), TypeError, "hidden_size … integer … bool"),
        "NumPy's truth value": (lambda: RNN(1, np.True_, rng=RNG), TypeError, "hidden_size … integer … bool"),
        "Dense's size": (lambda: Dense(1, "2", rng=RNG), TypeError, "output_size … integer … str"),
        "a seed": (lambda: LSTM(1, 1, rng=0), TypeError, "rng … Generator … int … np.random.default_rng(0)"),
        "dtype": (lambda: LSTM(1, 1, rng=RNG, dtype=np.float16), TypeError, "dtype … float32 or float64 … float16"),
        "no dtype": (lambda: LSTM(1, 1, rng=RNG, dtype="bad"), TypeError, "dtype … float32 or float64 … 'bad'"),
        "a list of activations": (lambda: RNN(1, 1, rng=RNG, activation=["tanh"]), ValueError, "'tanh' … ['tanh']"),
        "activation": (lambda: RNN(1, 1, rng=RNG, activation="sigmoid"), ValueError, "'tanh', 'relu' … 'sigmoid'"),
        "reset": (lambda: GRU(1, 1, rng=RNG, reset="both"), ValueError, "reset … 'before', 'after' … 'both'"),
        "forget bias None": (lambda: LSTM(1, 1, rng=RNG, forget_bias=None), TypeError, "forget_bias … NoneType"),
        "forget bias text": (lambda: LSTM(1, 1, rng=RNG, forget_bias="1"), TypeError, "forget_bias … number … str"),
        "forget bias nan": (lambda: LSTM(1, 1, rng=RNG, forget_bias=np.nan), ValueError, "forget_bias … finite … nan"),
        "forget bias inf": (lambda: LSTM(1, 1, rng=RNG, forget_bias=-np.inf), ValueError, "forget_bias … finite … inf"),
        "forget bias complex": (lambda: LSTM(1, 1, rng=RNG, forget_bias=1j), TypeError, "forget_bias … complex"),
        "forget biases, a list": (lambda: LSTM(1, 2, rng=RNG, forget_bias=[1, 2]), TypeError, "forget_bias … list"),
        "forget biases, H": (lambda: LSTM(1, 2, rng=RNG, forget_bias=np.ones(3)), ValueError, "forget_bias … (2,)"),
        "forget biases, nan": (
            lambda: LSTM(1, 2, rng=RNG, forget_bias=with_nan(2, 1)), ValueError, "forget_bias … NaN or inf … (1,)"
        ),
        "forget bias beyond float32": (
            lambda: LSTM(1, 1, rng=RNG, forget_bias=1e300, dtype=np.float32), ValueError, "forget_bias: NaN or inf"
        ),
        "forget biases, masked": (
            lambda: LSTM(1, 3, rng=RNG, forget_bias=np.ma.masked_greater(np.arange(3.0), 1)), TypeError, "MaskedArray"
        ),
        "chrono's layer": (lambda: chrono_bias(RNN_, 10, RNG), TypeError, "layer … an LSTM or a GRU … RNN"),
        "chrono's lag": (lambda: chrono_bias(LSTM_, 1, RNG), ValueError, "T_max … 2 or more … 1"),
        "chrono's rng": (lambda: chrono_bias(LSTM_, 10, 0), TypeError, "rng … Generator … int"),
    }
)  # fmt: skip


WRONG_X = {
    "list": ([[[1.0, 2.0, 3.0]]], TypeError, "x: … NumPy array … list … np.asarray(x, dtype=np.float64)"),
    "matrix": (np.ones((4, 3)).view(np.matrix), TypeError, "x: … plain NumPy array … matrix"),
    "masked": (np.ma.masked_less(np.ones((4, 3)), 0), TypeError, "x: … plain NumPy array … MaskedArray"),
    "integers": (np.ones((4, 2, 3), int), TypeError, "x: … float64 … int64 … x.astype(np.float64)"),
    "the other float": (np.ones((4, 2, 3), np.float32), TypeError, "x: … float64 … float32 … x.astype(np.float64)"),
    "the other complex": (np.ones((4, 2, 3), np.complex64), TypeError, "x: … float64 … complex64"),
    "another input size": (np.ones((4, 2, 5)), ValueError, "x: … (T, B, 3) … (4, 2, 5)"),
    "another, no batch": (np.ones((4, 5)), ValueError, "x: … (T, 3) … (4, 5)"),
    "one vector": (np.ones(3), ValueError, "x: … (T, B, 3) … (3,)"),
    "no time": (np.ones((0, 2, 3)), ValueError, "x: … (T, B, 3) … (0, 2, 3)"),
    "no sequence": (np.ones((4, 0, 3)), ValueError, "x: … (T, B, 3) … (4, 0, 3)"),
    "nan": (with_nan((4, 2, 3), (2, 1, 0)), ValueError, "x: NaN or inf, first at index (2, 1, 0)"),
    "inf": (with_nan((4, 2, 3), (3, 0, 2), -np.inf), ValueError, "x: NaN or inf, first at index (3, 0, 2)"),
    "nan, no batch": (with_nan((4, 3), (3, 0)), ValueError, "x: NaN or inf, first at index (3, 0)"),
    "complex nan": (with_nan((4, 2, 3), (0, 1, 2)) * 1j, ValueError, "x: NaN or inf, first at index (0, 1, 2)"),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("x", "error", "message"), WRONG_X.values(), ids=WRONG_X)
def test_a_wrong_input(kind, x, error, message):
    layer = make_layer(kind)
    for use in (layer, layer.forward, Sequential([layer]), Sequential([layer]).forward):
        with raises(error, message):
            use(x)


test_a_wrong_state = refused(
    {
        "LSTM, one array": (lambda: LSTM_(X, S), TypeError, "state … the pair (h, c) … ndarray"),
        "LSTM, three": (lambda: LSTM_(X, (S, S, S)), TypeError, "state … the pair (h, c) … tuple"),
        "LSTM, h": (lambda: LSTM_(X, (np.ones((2, 5)), S)), ValueError, "state's h … (2, 2) … (2, 5)"),
        "LSTM, c": (lambda: LSTM_.forward(X, [S, np.ones((1, 2))]), ValueError, "state's c … (2, 2) … (1, 2)"),
        "RNN, a pair": (lambda: RNN_(X, (S, S)), TypeError, "state's h … NumPy array … tuple"),
        "GRU, nan": (lambda: GRU_(X, with_nan((2, 2), (1, 0))), ValueError, "state's h: NaN or inf … (1, 0)"),
        "float32": (
            lambda: SINGLE(X.astype(np.float32), (S, S)), TypeError, "state's h … float32 … float64 … astype"
        ),
        "a batch's, x has none": (lambda: RNN_(X[:, 0], S), ValueError, "state's h … (2,) … (2, 2) … no batch axis"),
        "a batch of one's": (lambda: RNN_(X[:, 0], S[:1]), ValueError, "state's h … (2,) … (1, 2) … no batch axis"),
        "one's, x has a batch": (lambda: RNN_(X, S[0]), ValueError, "state's h … (2, 2) … (2,) … a batch axis"),
        "Dense": (lambda: DENSE(X, S), TypeError, "Dense layer has none"),
        "Dense, forward": (lambda: DENSE.forward(X, S), TypeError, "Dense layer has none"),
        "Sequential, a pair": (lambda: MODEL(X, S), TypeError, "state … a list … ndarray"),
        "Sequential, one": (lambda: MODEL.forward(X, [S]), ValueError, "state … a list of 2 … got 1"),
    }
)  # fmt: skip

test_backward = refused(
    {
        "dh's shape": (lambda: LSTM_.backward(H[:3], TRACE), ValueError, "dh: … (4, 2, 2) … (3, 2, 2)"),
        "dh not broadcast": (lambda: LSTM_.backward(H[:, :1], TRACE), ValueError, "dh: … (4, 2, 2) … (4, 1, 2)"),
        "dh of a batch": (lambda: LSTM_.backward(H, ONE_TRACE), ValueError, "dh: … (4, 2) … (4, 2, 2)"),
        "dh complex": (lambda: LSTM_.backward(H.astype(complex), TRACE), TypeError, "dh: … float64 … complex128"),
        "dh nan": (
            lambda: LSTM_.backward(with_nan((4, 2, 2), (0, 0, 1)), TRACE), ValueError, "dh: NaN or inf … (0, 0, 1)"
        ),
        "dstate": (
            lambda: LSTM_.backward(H, TRACE, (S, np.ones((2, 3)))), ValueError, "dstate's c … (2, 2) … (2, 3)"
        ),
        "dstate of a batch": (
            lambda: LSTM_.backward(H[:, 0], ONE_TRACE, (S, S)), ValueError, "dstate's h … (2,) … (2, 2)"
        ),
        "dstate complex": (
            lambda: RNN_.backward(H, RNN_TRACE, S.astype(complex)), TypeError, "dstate's h … float64 … complex128"
        ),
        "another layer's trace": (
            lambda: LSTM_.backward(H, RNN_TRACE), ValueError, "trace: … LSTM(3, 2, dtype=float64) … RNN(3, 2"
        ),
        "no trace": (lambda: GRU_.backward(H, {}), ValueError, "trace: … GRU(3, 2 … reset='after') … dict"),
        "a complex trace": (
            lambda: LSTM_.backward(H, LSTM_.forward(X.astype(complex))[1]), ValueError, "trace: … complex numbers"
        ),
        "Dense's dy": (lambda: DENSE.backward(H[:3], DENSE.forward(X)[1]), ValueError, "dy: … (4, 2, 2) … (3, 2, 2)"),
        "Dense's dy missing": (lambda: DENSE.backward(None, DENSE.forward(X)[1]), TypeError, "dy: … NoneType"),
        "Dense's trace": (
            lambda: DENSE.backward(H, DENSE.forward(X.astype(complex))[1]), ValueError, "trace: … complex numbers"
        ),
        "Sequential's trace": (lambda: MODEL.backward(H, TRACE), TypeError, "trace: … a list … Record"),
        "Sequential's traces": (lambda: MODEL.backward(H, [TRACE]), ValueError, "trace: … a list of 2 … got 1"),
        "Sequential's dstate": (
            lambda: MODEL.backward(H, MODEL.forward(X)[1], [S]), ValueError, "dstate: … a list of 2 … got 1"
        ),
    }
)  # fmt: skip

test_params = refused(
    {
        "a name missing": (
            lambda: LSTM_.with_params({"W_x": LSTM_PARAMS["W_x"], "b": LSTM_PARAMS["b"]}),
            ValueError,
            "params: … ['W_h', 'W_x', 'b'] … ['W_x', 'b']",
        ),
        "no dict": (lambda: LSTM_.with_params([S]), TypeError, "params: … dict … list"),
        "a shape": (lambda: LSTM_.with_params({**LSTM_PARAMS, "b": np.ones(4)}), ValueError, "b: … (8,) … (4,)"),
        "a dtype": (
            lambda: LSTM_.with_params({**LSTM_PARAMS, "b": np.ones(8, np.float32)}), TypeError, "b: … float64 … float32"
        ),
        "nan": (lambda: LSTM_.with_params({**LSTM_PARAMS, "b": with_nan(8, 5)}), ValueError, "b: NaN or inf … (5,)"),
        "Sequential": (lambda: MODEL.with_params([LSTM_PARAMS]), ValueError, "params: … a list of 2 … got 1"),
        "Sequential, dict": (lambda: MODEL.with_params(LSTM_PARAMS), TypeError, "params: … a list … dict"),
        "by_gate": (lambda: RNN_.by_gate({"W": S}), ValueError, "arrays: … ['W_h', 'W_x', 'b'] … ['W']"),
        "by_gate of nothing": (lambda: LSTM_.by_gate(None), TypeError, "arrays: … dict … NoneType"),
        "of nothing": (lambda: LSTM.of({}), ValueError, "params: … W_x … W_fx … []"),
        "of a list": (lambda: LSTM.of([S]), TypeError, "params: … dict … list"),
        "of three gates": (
            lambda: LSTM.of({n: a for n, a in BLOCKS.items() if n != "b_o"}), ValueError, "params: … 'b_o' … ['W_ch'"
        ),
        "of a GRU's": (lambda: LSTM.of(GRU_.params), ValueError, "params: … ['W_h', 'W_x', 'b'] … 'b_hh'"),
        "of an RNN's": (lambda: LSTM.of(RNN_.params), ValueError, "W_x: … (8, 3) … (2, 3)"),
        "of one gate's other shape": (
            lambda: LSTM.of({**BLOCKS, "W_ih": np.ones((2, 3))}), ValueError, "W_ih: … (2, 2) … (2, 3)"
        ),
        "of one gate's other dtype": (
            lambda: LSTM.of({**BLOCKS, "b_o": np.ones(2, np.float32)}), TypeError, "b_o: … float64 … float32"
        ),
        "of lists": (lambda: LSTM.of({**BLOCKS, "W_fx": [[1.0]]}), TypeError, "W_fx: … NumPy array … list"),
        "of integers": (lambda: RNN.of({n: a.astype(int) for n, a in RNN_.params.items()}), TypeError, "float … int64"),
        "of nan": (lambda: RNN.of({**RNN_.params, "b": with_nan(2, 0)}), ValueError, "b: NaN or inf … (0,)"),
        "of, activation": (lambda: RNN.of(RNN_.params, activation="sin"), ValueError, "activation … 'sin'"),
        "of, forget bias": (lambda: LSTM.of(LSTM_PARAMS, forget_bias=5.0), TypeError, "no options but () … forget"),
        "of, dtype": (lambda: GRU.of(GRU_.params, dtype=float), TypeError, "no options but ('reset',) … dtype"),
        "by_gate of five rows": (
            lambda: LSTM_.by_gate({**LSTM_PARAMS, "b": np.ones(5)}), ValueError, "b: … (8,) … (5,)"
        ),
    }
)  # fmt: skip

test_sequential = refused(
    {
        "nothing": (lambda: Sequential([]), ValueError, "layers: expected at least one"),
        "one layer": (lambda: Sequential(LSTM_), TypeError, "layers: … a list … LSTM"),
        "no layers": (lambda: Sequential([RNN_, np.tanh]), TypeError, "layers: … RNN, LSTM, GRU or Dense … ufunc"),
        "sizes": (lambda: Sequential([RNN_, LSTM_]), ValueError, "LSTM(3, 2 … does not fit on RNN(3, 2"),
        "dtypes": (
            lambda: Sequential([LSTM_, Dense(2, 1, rng=RNG, dtype=np.float32)]), ValueError, "Dense … does not fit on"
        ),
        "twice": (lambda: Sequential([MODEL.layers[1]] * 2), ValueError, "0.W_x and 1.W_x share memory … copies"),
        "twins on the same arrays": (
            lambda: Sequential([MODEL.layers[1], MODEL.layers[1].with_params(MODEL.layers[1].params)]),
            ValueError,
            "0.W_x and 1.W_x share memory",
        ),
    }
)  # fmt: skip

test_dense = refused(
    {
        "shape": (lambda: DENSE(np.ones((4, 2))), ValueError, "x: … (4, 3) … (4, 2)"),
        "nothing": (lambda: DENSE(np.ones((0, 3))), ValueError, "x: … at least one number … (0, 3)"),
        "list": (lambda: DENSE([1.0, 2.0, 3.0]), TypeError, "x: … NumPy array … list"),
        "integers": (lambda: DENSE(np.ones(3, int)), TypeError, "x: … float64 … int64"),
        "nan": (lambda: DENSE(with_nan((2, 3), (1, 1))), ValueError, "x: NaN or inf … (1, 1)"),
    }
)

# --- Losses -----------------------------------------------------------------------------------------------------------

Y, CLASSES = np.full((4, 2, 3), 0.5), np.ones((4, 2), int)
# Each loss, its name for the outputs, a target of its kind.
LOSSES = [
    (mean_squared_error, "y", Y),
    (binary_cross_entropy, "logits", Y),
    (softmax_cross_entropy, "logits", CLASSES),
]


@pytest.mark.parametrize(("loss", "name", "target"), LOSSES)
@pytest.mark.parametrize(
    ("y", "error", "message"),
    [
        ([0.5], TypeError, "{}: … an array … of floats … [0.5]"),
        (np.ones((4, 2, 3), int), TypeError, "{}: … an array … of floats … (4, 2, 3)"),
        (np.float64(0.5), TypeError, "{}: … an array … of floats … 0.5"),
        (np.ones((4, 2, 3), np.float16), TypeError, "float32 or float64 … float16"),
        (with_nan((4, 2, 3), (1, 0, 2)), ValueError, "{}: NaN or inf … (1, 0, 2)"),
    ],
)
def test_wrong_outputs_of_a_network(loss, name, target, y, error, message):
    with raises(error, message.format(name)):
        loss(y, target)


@pytest.mark.parametrize(("loss", "name", "target"), LOSSES)
@pytest.mark.parametrize("place", ["y", "target", "mask"])
@pytest.mark.parametrize("kind", [np.matrix, np.ma.MaskedArray])
def test_arrays_that_hide_numbers(loss, name, target, place, kind):
    given = {"y": Y[0], "target": target[0], "mask": np.ones(2, bool)}
    if kind is np.matrix and given[place].ndim != 2:
        pytest.skip("a matrix has two axes")
    given[place] = given[place].view(kind)
    with raises(TypeError, f"{name if place == 'y' else place}: expected a plain NumPy array, got {kind.__name__}"):
        loss(*given.values())


@pytest.mark.parametrize(("loss", "name", "target"), LOSSES)
@pytest.mark.parametrize(
    ("mask", "message"),
    [
        (np.zeros((4, 2), bool), "mask: lets no step through"),
        (np.ones((2, 4)), "mask: … zeros and ones … (4, 2) … (2, 4)"),
        (np.full((4, 2), 0.5), "mask: … zeros and ones … (4, 2) … (4, 2)"),
        (np.full((4, 2), np.nan), "mask: … zeros and ones … (4, 2) … (4, 2)"),
        ([True], "mask: … zeros and ones … (4, 2) … [True]"),
    ],
)
def test_a_wrong_mask(loss, name, target, mask, message):
    with raises(ValueError, message):
        loss(Y, target, mask)


REAL_LOSSES = [mean_squared_error, binary_cross_entropy]


@pytest.mark.parametrize("loss", REAL_LOSSES)
@pytest.mark.parametrize(
    ("target", "error", "message"),
    [
        (Y[:, :1], ValueError, "target: … (4, 2, 3) … (4, 1, 3)"),
        (Y[..., 0], ValueError, "target: … (4, 2, 3) … (4, 2)"),
        (Y.astype(np.float32), TypeError, "target: … float64 … float32"),
        (0.5, TypeError, "target: … NumPy array … float"),
        (with_nan((4, 2, 3), (3, 1, 1)), ValueError, "target: NaN or inf … (3, 1, 1)"),
    ],
)
def test_a_wrong_target(loss, target, error, message):
    with raises(error, message):
        loss(Y, target)


test_a_target_out_of_range = refused(
    {
        "below 0": (lambda: binary_cross_entropy(Y, Y - 1), ValueError, "target: … [0, 1] … -0.5 to -0.5"),
        "above 1": (
            lambda: binary_cross_entropy(Y, with_nan((4, 2, 3), (0, 0, 0), 1.5)), ValueError, "target: … [0, 1] … 1.5"
        ),
        "class K": (lambda: softmax_cross_entropy(Y, 3 * CLASSES), ValueError, "target: … 0 to 2 … 3 to 3"),
        "class -1": (lambda: softmax_cross_entropy(Y, -CLASSES), ValueError, "target: … 0 to 2 … -1 to -1"),
        "floats": (lambda: softmax_cross_entropy(Y, Y[..., 0]), TypeError, "target: … integers … float64"),
        "a list": (lambda: softmax_cross_entropy(Y, [1]), TypeError, "target: … integers … list"),
        "one-hot": (lambda: softmax_cross_entropy(Y, np.ones((4, 2, 3), int)), ValueError, "target: … (4, 2)"),
        "one class for many steps": (lambda: softmax_cross_entropy(Y, 1), TypeError, "target: … integers … int"),
        "one step, class K": (lambda: softmax_cross_entropy(Y[0, 0], 3), ValueError, "target: … 0 to 2 … 3"),
        "one step, True": (lambda: softmax_cross_entropy(Y[0, 0], True), TypeError, "target: … integers … bool"),
    }
)  # fmt: skip

# --- Optimisers -------------------------------------------------------------------------------------------------------

PARAMS = {"w": np.ones(2)}
STEP = SGD(PARAMS, 0.1).step
TWICE = np.ones((2, 2))


def at_rate(rate):
    optimiser = SGD({"w": np.ones(2)}, 0.1)
    optimiser.learning_rate = rate
    optimiser.step({"w": np.ones(2)})


test_optimisers = refused(
    {
        "rate 0": (lambda: SGD(PARAMS, 0), ValueError, "learning_rate … above 0 … 0"),
        "rate -1": (lambda: Adam(PARAMS, -1.0), ValueError, "learning_rate … above 0 … -1"),
        "rate inf": (lambda: SGD(PARAMS, np.inf), ValueError, "learning_rate … finite … inf"),
        "rate nan": (lambda: Adam(PARAMS, np.nan), ValueError, "learning_rate … finite … nan"),
        "rate str": (lambda: SGD(PARAMS, "1"), TypeError, "learning_rate … number … str"),
        "rate True": (lambda: SGD(PARAMS, True), TypeError, "learning_rate … number … bool"),
        "rate set to nan": (lambda: at_rate(np.nan), ValueError, "learning_rate … finite … nan"),
        "rate set to None": (lambda: at_rate(None), TypeError, "learning_rate … number … NoneType"),
        "rate set below 0": (lambda: at_rate(-0.1), ValueError, "learning_rate … 0 or more … -0.1"),
        "momentum 1": (lambda: SGD(PARAMS, 1, momentum=1), ValueError, "momentum … 0 or more and below 1 … 1"),
        "momentum -1": (lambda: SGD(PARAMS, 1, momentum=-0.1), ValueError, "momentum … 0 or more … -0.1"),
        "beta1": (lambda: Adam(PARAMS, beta1=1.0), ValueError, "beta1 … below 1 … 1.0"),
        "beta2": (lambda: Adam(PARAMS, beta2=-0.5), ValueError, "beta2 … 0 or more … -0.5"),
        "beta2 nan": (lambda: Adam(PARAMS, beta2=np.nan), ValueError, "beta2 … below 1 … nan"),
        "beta1 below 0": (lambda: Adam(PARAMS, beta1=-0.5), ValueError, "beta1 … 0 or more … -0.5"),
        "epsilon": (lambda: Adam(PARAMS, epsilon=0), ValueError, "epsilon … 1e-150 or more … 0"),
        "epsilon 1e-300": (lambda: Adam(PARAMS, epsilon=1e-300), ValueError, "epsilon … 1e-150 or more … 1e-300"),
        "empty params": (lambda: SGD({"w": np.zeros(0)}, 1), ValueError, "w: … at least one number … (0,)"),
        "params": (lambda: SGD(3, 0.1), TypeError, "a dict of arrays or a list of such dicts … 3"),
        "params of lists": (lambda: SGD({"w": [1.0]}, 0.1), TypeError, "w: … NumPy array … list"),
        "params of integers": (lambda: SGD({"w": np.ones(2, int)}, 0.1), TypeError, "w: … float32 or float64 … int64"),
        "no params": (lambda: Adam({}), ValueError, "params: expected at least one"),
        "one array twice": (lambda: Adam({"a": TWICE, "b": TWICE}), ValueError, "a and b share memory"),
        "a part twice": (lambda: SGD({"a": TWICE, "b": TWICE[1]}, 1), ValueError, "a and b share memory"),
        "names": (lambda: STEP({"v": np.ones(2)}), ValueError, "grads: … ['w'] … ['v']"),
        "a list's names": (lambda: STEP([{"w": np.ones(2)}]), ValueError, "grads: … ['w'] … ['0.w']"),
        "no gradients": (lambda: STEP(None), TypeError, "a dict of arrays or a list of such dicts … None"),
        "shape": (lambda: STEP({"w": np.ones(1)}), ValueError, "gradient of w: … (2,) … (1,)"),
        "dtype": (lambda: STEP({"w": np.ones(2, int)}), TypeError, "gradient of w: … float64 … int64"),
        "nan": (lambda: STEP({"w": with_nan(2, 1)}), ValueError, "gradient of w: NaN or inf … (1,)"),
        "max_norm": (lambda: clip_by_global_norm({"w": np.ones(2)}, 0), ValueError, "max_norm … above 0 … 0"),
        "clip nothing": (lambda: clip_by_global_norm({}, 1), ValueError, "grads: expected at least one"),
        "clip None": (lambda: clip_by_global_norm(None, 1), TypeError, "a dict of arrays … None"),
        "clip a list": (lambda: clip_by_global_norm([np.ones(2)], 1), TypeError, "a dict of arrays … [(2,)]"),
        "clip integers": (lambda: clip_by_global_norm({"w": np.ones(2, int)}, 1), TypeError, "w: … float … int64"),
        "clip None inside": (lambda: clip_by_global_norm({"w": None}, 1), TypeError, "w: … NumPy array … NoneType"),
        "clip twice": (lambda: clip_by_global_norm({"a": TWICE, "b": TWICE}, 1), ValueError, "a and b share memory"),
        "decay's rate": (lambda: step_decay(0, 1, 1), ValueError, "learning_rate … above 0 … 0"),
        "decay's every": (lambda: step_decay(1, 1, 2.0), TypeError, "every … integer … float"),
        "decay's factor": (lambda: step_decay(1, 1, 1, factor=-1), ValueError, "factor … above 0 … -1"),
        "decay's update": (lambda: step_decay(1, -1, 1), ValueError, "update … 0 or more … -1"),
    }
)  # fmt: skip


# --- Checking ---------------------------------------------------------------------------------------------------------


def check(arrays, grads, **options):
    return lambda: check_gradients(lambda p: p["a"].sum(), arrays, grads, **options)


test_gradient_checks = refused(
    {
        "method": (check(PARAMS, PARAMS, method="forward"), ValueError, "method … 'complex', 'central' … 'forward'"),
        "names": (check({"a": S}, {"b": S}), ValueError, "grads: … ['a'] … ['b']"),
        "shape": (check({"a": S}, {"a": S[0]}), ValueError, "gradient of a: … (2, 2) … (2,)"),
        "dtype": (check({"a": S}, {"a": S.astype(np.float32)}), TypeError, "gradient of a: … float64 … float32"),
        "integers": (check({"a": CLASSES}, {"a": CLASSES}), TypeError, "a: … float32 or float64 … int64"),
        "list": (check({"a": [1.0]}, {"a": S}), TypeError, "a: … NumPy array … list"),
        "nan": (check({"a": S}, {"a": with_nan((2, 2), (0, 1))}), ValueError, "gradient of a: NaN or inf … (0, 1)"),
        "step": (check({"a": S}, {"a": S}, step=0), ValueError, "step … 0"),
        "tolerance 0": (check({"a": S}, {"a": S}, tolerance=0), ValueError, "tolerance … above 0 … 0"),
        "tolerance nan": (check({"a": S}, {"a": S}, tolerance=np.nan), ValueError, "tolerance … finite … nan"),
        "tolerance text": (check({"a": S}, {"a": S}, tolerance="x"), TypeError, "tolerance … number … str"),
        "nothing": (check({}, {}), ValueError, "arrays: … at least one"),
        "central step 0": (check({"a": S}, {"a": S}, method="central", step=0.0), ValueError, "step … above 0"),
        "a step that vanishes": (
            check({"a": 1e9 * S}, {"a": S}, method="central", step=1e-20), ValueError, "step: 1e-20 vanishes beside"
        ),
        "layer": (lambda: check_layer(LSTM_, H), ValueError, "x: … (T, B, 3) … (4, 2, 2)"),
        "layer's rng": (lambda: check_layer(LSTM_, X, rng=0), TypeError, "rng … Generator … int"),
        "layer's state": (
            lambda: check_layer(LSTM_, X, (S, np.ones((2, 1)))), ValueError, "state's c … (2, 2) … (2, 1)"
        ),
        "stack's state": (lambda: check_layer(MODEL, X, [S]), ValueError, "state: … a list of 2 … got 1"),
        "initialiser's sizes": (lambda: glorot_uniform(0, 0, RNG), ValueError, "n_out … 1 or more"),
        "initialiser's rng": (lambda: orthogonal(2, None), TypeError, "rng … Generator … NoneType"),
        "shapes that differ": (lambda: agree("x", S, S[0]), AssertionError, "x: … (2, 2) … (2,)"),
    }
)  # fmt: skip


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: LSTM(0, 2, rng=RNG), "input_size: expected 1 or more, got 0"),
        (lambda: LSTM(2, 0, rng=RNG), "hidden_size: expected 1 or more, got 0"),
        (lambda: glorot_uniform(0, 2, RNG), "n_out: expected 1 or more, got 0"),
        (lambda: glorot_uniform(2, 0, RNG), "n_in: expected 1 or more, got 0"),
        (lambda: orthogonal(0, RNG), "n: expected 1 or more, got 0"),
        (lambda: Sequential([]), "layers: expected at least one"),
        (lambda: Adam(LSTM_PARAMS, learning_rate=0), "learning_rate: expected a finite number above 0, got 0"),
        (lambda: SGD(LSTM_PARAMS, 1, momentum=1), "momentum: expected a finite number of 0 or more and below 1, got 1"),
        (lambda: LSTM(1, 1, rng=RNG, forget_bias=np.inf), "forget_bias: expected a finite number, got inf"),
        (lambda: LSTM_(X, (S, S[:, :1])), "state's c: expected shape (2, 2), got (2, 1)"),
    ],
)
def test_a_message_is_this_and_no_more(call, message):
    with pytest.raises(ValueError, match=rf"^{re.escape(message)}$"):
        call()
