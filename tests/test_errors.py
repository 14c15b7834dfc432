"""What is wrong is refused: the error says what was expected, what came and, where there is one, the mend."""

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
    binary_cross_entropy,
    check_gradients,
    check_layer,
    clip_by_global_norm,
    mean_squared_error,
    softmax_cross_entropy,
    step_decay,
)

RNG = np.random.default_rng(0)
LSTM_, RNN_, GRU_, DENSE = make_layer("LSTM"), make_layer("RNN-tanh"), make_layer("GRU-after"), Dense(3, 2, rng=RNG)
SINGLE = make_layer("LSTM", dtype=np.float32)
MODEL = Sequential([LSTM_, make_layer("GRU-after", 2, 2)])
X, H = np.ones((4, 2, 3)), np.ones((4, 2, 2))
S = np.ones((2, 2))
TRACE, RNN_TRACE = LSTM_.forward(X)[1], RNN_.forward(X)[1]


def with_nan(shape, index, value=np.nan):
    a = np.ones(shape)
    a[index] = value
    return a


def each(cases):
    """A table of {what is wrong: (call, error, message)} as parameters of a test."""
    return pytest.mark.parametrize(("call", "error", "message"), cases.values(), ids=cases)


@each(
    {
        "input size": (lambda: LSTM(0, 2, rng=RNG), ValueError, "input_size: expected a finite number above 0, got 0"),
        "hidden size": (
            lambda: GRU(1, -2, rng=RNG),
            ValueError,
            "hidden_size: expected a finite number above 0, got -2",
        ),
        "no integer": (lambda: RNN(1.0, 2, rng=RNG), TypeError, "input_size: expected an integer, got float"),
        "a truth value": (lambda: RNN(1, True, rng=RNG), TypeError, "hidden_size: expected an integer, got bool"),
        "Dense's size": (lambda: Dense(1, "2", rng=RNG), TypeError, "output_size: expected an integer, got str"),
        "a seed": (
            lambda: LSTM(1, 1, rng=0),
            TypeError,
            "rng: expected a numpy.random.Generator, got int; np.random.default_rng(0)",
        ),
        "dtype": (
            lambda: LSTM(1, 1, rng=RNG, dtype=np.float16),
            TypeError,
            "dtype: expected float32 or float64, got float16",
        ),
        "activation": (
            lambda: RNN(1, 1, rng=RNG, activation="sigmoid"),
            ValueError,
            "activation: expected one of ['identity', 'relu', 'tanh'], got 'sigmoid'",
        ),
        "reset": (
            lambda: GRU(1, 1, rng=RNG, reset="both"),
            ValueError,
            'reset: expected "before" or "after", got \'both\'',
        ),
    }
)
def test_making_a_layer(call, error, message):
    with raises(error, message):
        call()


WRONG_X = {
    "list": (
        [[[1.0, 2.0, 3.0]]],
        TypeError,
        "x: expected a NumPy array, got list; np.asarray(x, dtype=np.float64) makes one",
    ),
    "integers": (
        np.ones((4, 2, 3), int),
        TypeError,
        "x: expected dtype float64, got int64; x.astype(np.float64) mends it",
    ),
    "the other float": (
        np.ones((4, 2, 3), np.float32),
        TypeError,
        "x: expected dtype float64, got float32; x.astype(np.float64) mends it",
    ),
    "the other complex": (
        np.ones((4, 2, 3), np.complex64),
        TypeError,
        "x: expected dtype float64, got complex64; x.astype(np.float64) mends it",
    ),
    "another input size": (np.ones((4, 2, 5)), ValueError, "x: expected shape (T, B, 3), got (4, 2, 5)"),
    "no batch": (
        np.ones((4, 3)),
        ValueError,
        "x: expected shape (T, B, 3), got (4, 3); x[:, None, :] is a batch of one",
    ),
    "one vector": (np.ones(3), ValueError, "x: expected shape (T, B, 3), got (3,)"),
    "no time": (np.ones((0, 2, 3)), ValueError, "x: expected shape (T, B, 3), got (0, 2, 3)"),
    "no sequence": (np.ones((4, 0, 3)), ValueError, "x: expected shape (T, B, 3), got (4, 0, 3)"),
    "nan": (with_nan((4, 2, 3), (2, 1, 0)), ValueError, "x: NaN or inf, first at index (2, 1, 0)"),
    "inf": (with_nan((4, 2, 3), (3, 0, 2), -np.inf), ValueError, "x: NaN or inf, first at index (3, 0, 2)"),
    "complex nan": (
        with_nan((4, 2, 3), (0, 1, 2)) * 1j,
        ValueError,
        "x: NaN or inf, first at index (0, 1, 2)",
    ),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("x", "error", "message"), WRONG_X.values(), ids=WRONG_X)
def test_a_wrong_input(kind, x, error, message):
    layer = make_layer(kind)
    for use in (layer, layer.forward, Sequential([layer]), Sequential([layer]).forward):
        with raises(error, message):
            use(x)


@each(
    {
        "LSTM, one array": (lambda: LSTM_(X, S), TypeError, "state: expected the pair (h, c), got ndarray"),
        "LSTM, three": (lambda: LSTM_(X, (S, S, S)), TypeError, "state: expected the pair (h, c), got tuple"),
        "LSTM, h": (
            lambda: LSTM_(X, (np.ones((2, 5)), S)),
            ValueError,
            "state's h: expected shape (2, 2), got (2, 5)",
        ),
        "LSTM, c": (
            lambda: LSTM_.forward(X, [S, np.ones((1, 2))]),
            ValueError,
            "state's c: expected shape (2, 2), got (1, 2)",
        ),
        "RNN, a pair": (
            lambda: RNN_(X, (S, S)),
            TypeError,
            "state's h: expected a NumPy array, got tuple; np.asarray(state's h, dtype=np.float64) makes one",
        ),
        "GRU, nan": (
            lambda: GRU_(X, with_nan((2, 2), (1, 0))),
            ValueError,
            "state's h: NaN or inf, first at index (1, 0)",
        ),
        "float32": (
            lambda: SINGLE(X.astype(np.float32), (S, S)),
            TypeError,
            "state's h: expected dtype float32, got float64; state's h.astype(np.float32) mends it",
        ),
        "Dense": (lambda: DENSE(X, S), TypeError, "state: a Dense layer has none, expected None"),
        "Sequential, a pair": (
            lambda: MODEL(X, S),
            TypeError,
            "state: expected a list with one entry a layer, got ndarray",
        ),
        "Sequential, one": (
            lambda: MODEL.forward(X, [S]),
            ValueError,
            "state: expected a list of 2, one entry a layer, got 1",
        ),
    }
)
def test_a_wrong_state(call, error, message):
    with raises(error, message):
        call()


@each(
    {
        "dh's shape": (lambda: LSTM_.backward(H[:3], TRACE), ValueError, "dh: expected shape (4, 2, 2), got (3, 2, 2)"),
        "dh not broadcast": (
            lambda: LSTM_.backward(H[:, :1], TRACE),
            ValueError,
            "dh: expected shape (4, 2, 2), got (4, 1, 2)",
        ),
        "dh complex": (
            lambda: LSTM_.backward(H.astype(complex), TRACE),
            TypeError,
            "dh: expected dtype float64, got complex128; dh.astype(np.float64) mends it",
        ),
        "dh nan": (
            lambda: LSTM_.backward(with_nan((4, 2, 2), (0, 0, 1)), TRACE),
            ValueError,
            "dh: NaN or inf, first at index (0, 0, 1)",
        ),
        "dstate": (
            lambda: LSTM_.backward(H, TRACE, (S, np.ones((2, 3)))),
            ValueError,
            "dstate's c: expected shape (2, 2), got (2, 3)",
        ),
        "dstate complex": (
            lambda: RNN_.backward(H, RNN_TRACE, S.astype(complex)),
            TypeError,
            "dstate's h: expected dtype float64, got complex128; dstate's h.astype(np.float64) mends it",
        ),
        "another layer's trace": (
            lambda: LSTM_.backward(H, RNN_TRACE),
            ValueError,
            "trace: expected one of LSTM(3, 2, dtype=float64), got one of RNN(3, 2, dtype=float64, activation='tanh')",
        ),
        "no trace": (
            lambda: GRU_.backward(H, {}),
            ValueError,
            "trace: expected one of GRU(3, 2, dtype=float64, reset='after'), got one of dict",
        ),
        "a complex trace": (
            lambda: LSTM_.backward(H, LSTM_.forward(X.astype(complex))[1]),
            ValueError,
            "trace: expected one of LSTM(3, 2, dtype=float64), got one of LSTM(3, 2, dtype=float64) on complex numbers",
        ),
        "Dense's dy": (
            lambda: DENSE.backward(H[:3], DENSE.forward(X)[1]),
            ValueError,
            "dy: expected shape (4, 2, 2), got (3, 2, 2)",
        ),
        "Dense's dy missing": (
            lambda: DENSE.backward(None, DENSE.forward(X)[1]),
            TypeError,
            "dy: expected a NumPy array, got NoneType; np.asarray(dy, dtype=np.float64) makes one",
        ),
        "Dense's trace": (
            lambda: DENSE.backward(H, DENSE.forward(X.astype(complex))[1]),
            ValueError,
            f"trace: expected one of {DENSE}, got one of {DENSE} on complex numbers",
        ),
        "Sequential's trace": (
            lambda: MODEL.backward(H, TRACE),
            TypeError,
            "trace: expected a list with one entry a layer, got Trace",
        ),
        "Sequential's traces": (
            lambda: MODEL.backward(H, [TRACE]),
            ValueError,
            "trace: expected a list of 2, one entry a layer, got 1",
        ),
        "Sequential's dstate": (
            lambda: MODEL.backward(H, MODEL.forward(X)[1], [S]),
            ValueError,
            "dstate: expected a list of 2, one entry a layer, got 1",
        ),
    }
)
def test_backward(call, error, message):
    with raises(error, message):
        call()


@each(
    {
        "a name missing": (
            lambda: LSTM_.with_params({"W_x": LSTM_.params["W_x"], "b": LSTM_.params["b"]}),
            ValueError,
            "params: expected the names ['W_h', 'W_x', 'b'], got ['W_x', 'b']",
        ),
        "no dict": (lambda: LSTM_.with_params([S]), TypeError, "params: expected a dict of arrays, got list"),
        "a shape": (
            lambda: LSTM_.with_params({**LSTM_.params, "b": np.ones(4)}),
            ValueError,
            "b: expected shape (8,), got (4,)",
        ),
        "a dtype": (
            lambda: LSTM_.with_params({**LSTM_.params, "b": np.ones(8, np.float32)}),
            TypeError,
            "b: expected dtype float64, got float32; b.astype(np.float64) mends it",
        ),
        "nan": (
            lambda: LSTM_.with_params({**LSTM_.params, "b": with_nan(8, 5)}),
            ValueError,
            "b: NaN or inf, first at index (5,)",
        ),
        "Sequential": (
            lambda: MODEL.with_params([LSTM_.params]),
            ValueError,
            "params: expected a list of 2, one entry a layer, got 1",
        ),
        "Sequential, dict": (
            lambda: MODEL.with_params(LSTM_.params),
            TypeError,
            "params: expected a list with one entry a layer, got dict",
        ),
        "by_gate": (
            lambda: RNN_.by_gate({"W": S}),
            ValueError,
            "arrays: expected the names ['W_h', 'W_x', 'b'], got ['W']",
        ),
        "by_gate of nothing": (
            lambda: LSTM_.by_gate(None),
            TypeError,
            "arrays: expected a dict of arrays, got NoneType",
        ),
    }
)
def test_params(call, error, message):
    with raises(error, message):
        call()


@each(
    {
        "nothing": (lambda: Sequential([]), ValueError, "layers: expected at least one"),
        "sizes": (
            lambda: Sequential([RNN_, LSTM_]),
            ValueError,
            "layers: LSTM(3, 2, dtype=float64) does not fit on RNN(3, 2, dtype=float64, activation='tanh')",
        ),
        "dtypes": (
            lambda: Sequential([LSTM_, Dense(2, 1, rng=RNG, dtype=np.float32)]),
            ValueError,
            "layers: Dense(2, 1, dtype=float32) does not fit on LSTM(3, 2, dtype=float64)",
        ),
        "twice": (
            lambda: Sequential([MODEL.layers[1]] * 2),
            ValueError,
            "layers: one layer stands there twice; its gradients would not add up",
        ),
    }
)
def test_sequential(call, error, message):
    with raises(error, message):
        call()


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (np.ones((4, 2)), ValueError, "x: expected shape (4, 3), got (4, 2)"),
        (np.ones((0, 3)), ValueError, "x: expected shape (0, 3), got (0, 3)"),
        (
            [1.0, 2.0, 3.0],
            TypeError,
            "x: expected a NumPy array, got list; np.asarray(x, dtype=np.float64) makes one",
        ),
        (np.ones(3, int), TypeError, "x: expected dtype float64, got int64; x.astype(np.float64) mends it"),
        (with_nan((2, 3), (1, 1)), ValueError, "x: NaN or inf, first at index (1, 1)"),
    ],
)
def test_dense(x, error, message):
    with raises(error, message):
        DENSE(x)


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
        ([0.5], TypeError, "{}: expected an array (…, K) of floats, got [0.5]"),
        (np.ones((4, 2, 3), int), TypeError, "{}: expected an array (…, K) of floats, got (4, 2, 3)"),
        (np.ones(3), TypeError, "{}: expected an array (…, K) of floats, got (3,)"),
        (np.ones((4, 2, 3), np.float16), TypeError, "dtype: expected float32 or float64, got float16"),
        (with_nan((4, 2, 3), (1, 0, 2)), ValueError, "{}: NaN or inf, first at index (1, 0, 2)"),
    ],
)
def test_wrong_outputs_of_a_network(loss, name, target, y, error, message):
    with raises(error, message.format(name)):
        loss(y, target)


@pytest.mark.parametrize(("loss", "name", "target"), LOSSES)
@pytest.mark.parametrize(
    ("mask", "message"),
    [
        (np.zeros((4, 2), bool), "mask: lets no step through, so there is no mean to take"),
        (np.ones((2, 4)), "mask: expected booleans, or zeros and ones, of shape (4, 2), got (2, 4)"),
        (np.full((4, 2), 0.5), "mask: expected booleans, or zeros and ones, of shape (4, 2), got (4, 2)"),
        ([True], "mask: expected booleans, or zeros and ones, of shape (4, 2), got [True]"),
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
        (Y[:, :1], ValueError, "target: expected shape (4, 2, 3), got (4, 1, 3)"),
        (Y[..., 0], ValueError, "target: expected shape (4, 2, 3), got (4, 2)"),
        (
            Y.astype(np.float32),
            TypeError,
            "target: expected dtype float64, got float32; target.astype(np.float64) mends it",
        ),
        (
            0.5,
            TypeError,
            "target: expected a NumPy array, got float; np.asarray(target, dtype=np.float64) makes one",
        ),
        (with_nan((4, 2, 3), (3, 1, 1)), ValueError, "target: NaN or inf, first at index (3, 1, 1)"),
    ],
)
def test_a_wrong_target(loss, target, error, message):
    with raises(error, message):
        loss(Y, target)


@each(
    {
        "below 0": (
            lambda: binary_cross_entropy(Y, Y - 1),
            ValueError,
            "target: expected values in [0, 1], got -0.5 to -0.5",
        ),
        "above 1": (
            lambda: binary_cross_entropy(Y, with_nan((4, 2, 3), (0, 0, 0), 1.5)),
            ValueError,
            "target: expected values in [0, 1], got 1 to 1.5",
        ),
        "class K": (lambda: softmax_cross_entropy(Y, 3 * CLASSES), ValueError, "target: expected 0 to 2, got 3 to 3"),
        "class -1": (lambda: softmax_cross_entropy(Y, -CLASSES), ValueError, "target: expected 0 to 2, got -1 to -1"),
        "classes as floats": (
            lambda: softmax_cross_entropy(Y, Y[..., 0]),
            TypeError,
            "target: expected an array of integers, got float64",
        ),
        "classes as a list": (
            lambda: softmax_cross_entropy(Y, [1]),
            TypeError,
            "target: expected an array of integers, got list",
        ),
        "one-hot classes": (
            lambda: softmax_cross_entropy(Y, np.ones((4, 2, 3), int)),
            ValueError,
            "target: expected shape (4, 2), got (4, 2, 3)",
        ),
    }
)
def test_a_target_out_of_range(call, error, message):
    with raises(error, message):
        call()


# --- Optimisers -------------------------------------------------------------------------------------------------------

PARAMS = {"w": np.ones(2)}
STEP = SGD(PARAMS, 0.1).step


@each(
    {
        "rate 0": (lambda: SGD(PARAMS, 0), ValueError, "learning_rate: expected a finite number above 0, got 0"),
        "rate -1": (
            lambda: Adam(PARAMS, -1.0),
            ValueError,
            "learning_rate: expected a finite number above 0, got -1.0",
        ),
        "rate inf": (
            lambda: SGD(PARAMS, np.inf),
            ValueError,
            "learning_rate: expected a finite number above 0, got inf",
        ),
        "rate nan": (
            lambda: Adam(PARAMS, np.nan),
            ValueError,
            "learning_rate: expected a finite number above 0, got nan",
        ),
        "rate str": (lambda: SGD(PARAMS, "1"), TypeError, "learning_rate: expected a number, got str"),
        "rate True": (lambda: SGD(PARAMS, True), TypeError, "learning_rate: expected a number, got bool"),
        "momentum 1": (
            lambda: SGD(PARAMS, 1, momentum=1),
            ValueError,
            "momentum: expected a number from 0 to below 1, got 1",
        ),
        "momentum -1": (
            lambda: SGD(PARAMS, 1, momentum=-0.1),
            ValueError,
            "momentum: expected a number from 0 to below 1, got -0.1",
        ),
        "beta1": (
            lambda: Adam(PARAMS, beta1=1.0),
            ValueError,
            "beta1, beta2: expected numbers from 0 to below 1, got 1.0, 0.999",
        ),
        "beta2": (
            lambda: Adam(PARAMS, beta2=-0.5),
            ValueError,
            "beta1, beta2: expected numbers from 0 to below 1, got 0.9, -0.5",
        ),
        "beta2 1": (
            lambda: Adam(PARAMS, beta2=1),
            ValueError,
            "beta1, beta2: expected numbers from 0 to below 1, got 0.9, 1",
        ),
        "epsilon": (lambda: Adam(PARAMS, epsilon=0), ValueError, "epsilon: expected a finite number above 0, got 0"),
        "params": (
            lambda: SGD(3, 0.1),
            TypeError,
            "expected a dict of arrays or a list of such dicts, got int",
        ),
        "grads' names": (lambda: STEP({"v": np.ones(2)}), ValueError, "grads: expected the names ['w'], got ['v']"),
        "a list's names": (
            lambda: STEP([{"w": np.ones(2)}]),
            ValueError,
            "grads: expected the names ['w'], got ['0.w']",
        ),
        "grads' shape": (
            lambda: STEP({"w": np.ones(1)}),
            ValueError,
            "gradient of w: expected shape (2,), got (1,)",
        ),
        "grads' dtype": (
            lambda: STEP({"w": np.ones(2, int)}),
            TypeError,
            "gradient of w: expected dtype float64, got int64; gradient of w.astype(np.float64) mends it",
        ),
        "grads' nan": (
            lambda: STEP({"w": with_nan(2, 1)}),
            ValueError,
            "gradient of w: NaN or inf, first at index (1,)",
        ),
        "max_norm": (
            lambda: clip_by_global_norm({"w": np.ones(2)}, 0),
            ValueError,
            "max_norm: expected a finite number above 0, got 0",
        ),
        "decay's rate": (
            lambda: step_decay(0, 1, 1),
            ValueError,
            "learning_rate: expected a finite number above 0, got 0",
        ),
        "decay's every": (lambda: step_decay(1, 1, 2.0), TypeError, "every: expected an integer, got float"),
        "decay's factor": (
            lambda: step_decay(1, 1, 1, factor=-1),
            ValueError,
            "factor: expected a finite number above 0, got -1",
        ),
        "decay's step": (lambda: step_decay(1, -1, 1), ValueError, "step: expected 0 or more, got -1"),
    }
)
def test_optimisers(call, error, message):
    with raises(error, message):
        call()


# --- Gradient check ---------------------------------------------------------------------------------------------------


def check(arrays, grads, **options):
    return lambda: check_gradients(lambda p: p["a"].sum(), arrays, grads, **options)


@each(
    {
        "method": (
            check(PARAMS, PARAMS, method="forward"),
            ValueError,
            'method: expected "complex" or "central", got \'forward\'',
        ),
        "names": (check({"a": S}, {"b": S}), ValueError, "grads: expected the names ['a'], got ['b']"),
        "shape": (check({"a": S}, {"a": S[0]}), ValueError, "gradient of a: expected shape (2, 2), got (2,)"),
        "dtype": (
            check({"a": S}, {"a": S.astype(np.float32)}),
            TypeError,
            "gradient of a: expected dtype float64, got float32; gradient of a.astype(np.float64) mends it",
        ),
        "integers": (check({"a": CLASSES}, {"a": CLASSES}), TypeError, "dtype: expected float32 or float64, got int64"),
        "list": (
            check({"a": [1.0]}, {"a": S}),
            TypeError,
            "a: expected a NumPy array, got list; np.asarray(a, dtype=np.float64) makes one",
        ),
        "nan": (
            check({"a": S}, {"a": with_nan((2, 2), (0, 1))}),
            ValueError,
            "gradient of a: NaN or inf, first at index (0, 1)",
        ),
        "layer": (lambda: check_layer(LSTM_, H), ValueError, "x: expected shape (T, B, 3), got (4, 2, 2)"),
        "layer's state": (
            lambda: check_layer(LSTM_, X, (S, np.ones((2, 1)))),
            ValueError,
            "state's c: expected shape (2, 2), got (2, 1)",
        ),
        "stack's state": (
            lambda: check_layer(MODEL, X, [S]),
            ValueError,
            "state: expected a list of 2, one entry a layer, got 1",
        ),
    }
)
def test_gradient_checks(call, error, message):
    with raises(error, message):
        call()
