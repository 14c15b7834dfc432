"""RNN, LSTM, GRU, Dense and Sequential, forward and backward, against the equations written out step by step."""

import copy

import numpy as np
import pytest
from conftest import KINDS, arrays_in, complex_step, draw, error, join, make_layer, parts, raises, same, weighted_sum

from lstm_core import (
    ACTIVATIONS,
    GRU,
    LSTM,
    RNN,
    Dense,
    Sequential,
    check_layer,
    chrono_bias,
    sigmoid,
    sigmoid_prime,
    softmax_cross_entropy,
    tanh,
    tanh_prime,
)

every_kind = pytest.mark.parametrize("kind", KINDS)
sizes = pytest.mark.parametrize(("T", "B"), [(1, 1), (2, 3), (7, 2)])

# --- The equations as they stand: column vectors, one sample, one step. ----------------------------------------------


def sigma(a):
    return 1 / (1 + np.exp(-a))


def rnn_step(layer, blocks, nudge, x, h):
    net = blocks("W_x", 0) @ x + blocks("W_h", 0) @ h + blocks("b", 0) + nudge("net")
    f = {"tanh": np.tanh, "relu": lambda a: a * (a.real > 0), "identity": lambda a: a}[layer.activation]
    return {"h": f(net) + nudge("h")}


def lstm_step(layer, blocks, nudge, x, h, c):
    net_f, net_i, net_o, net_c = (blocks("W_h", g) @ h + blocks("W_x", g) @ x + blocks("b", g) for g in range(4))
    f = sigma(net_f + nudge("f"))  # (1)
    i = sigma(net_i + nudge("i"))  # (2)
    c_tilde = np.tanh(net_c + nudge("c_tilde"))  # (3)
    c = f * c + i * c_tilde + nudge("c")  # (4)
    o = sigma(net_o + nudge("o"))  # (5)
    h = o * np.tanh(c) + nudge("h")  # (6)
    return {"f": f, "i": i, "o": o, "c_tilde": c_tilde, "c": c, "h": h}


def gru_step(layer, blocks, nudge, x, h):
    z = sigma(blocks("W_h", 0) @ h + blocks("W_x", 0) @ x + blocks("b", 0) + nudge("z"))  # (16)
    r = sigma(blocks("W_h", 1) @ h + blocks("W_x", 1) @ x + blocks("b", 1) + nudge("r"))  # (17)
    input_part = blocks("W_x", 2) @ x + blocks("b", 2) + nudge("h_tilde")
    if layer.reset == "before":
        h_tilde = np.tanh(blocks("W_h", 2) @ (r * h) + input_part)  # (18)
        shown = {}
    else:
        m = blocks("W_h", 2) @ h + layer.params["b_hh"] + nudge("m")  # (18')
        h_tilde = np.tanh(input_part + r * m)  # (18')
        shown = {"m": m}
    h = (1 - z) * h + z * h_tilde + nudge("h")  # (19)
    return {"z": z, "r": r, "h_tilde": h_tilde, "h": h, **shown}


def plain_loop(layer, x, state, nudges=None):
    """Every quantity of the forward pass as (T, B, H) complex numbers; nudges[name][t, b] is added to that quantity."""
    step = {RNN: rnn_step, LSTM: lstm_step, GRU: gru_step}[type(layer)]
    H, nudges, result = layer.hidden_size, nudges or {}, {}
    (T, B, _), now = x.shape, [list(part) for part in parts(state)]
    for t, b in np.ndindex(T, B):
        values = step(
            layer,
            lambda name, g: layer.params[name][g * H : (g + 1) * H],
            lambda name, at=(t, b): nudges[name][at] if name in nudges else 0,
            x[t, b],
            *[part[b] for part in now],
        )
        for part, name in zip(now, layer.STATE, strict=True):
            part[b] = values[name]
        for name, value in values.items():
            result.setdefault(name, np.empty((T, B, H), complex))[t, b] = value
    return result


# --- Forward ---------------------------------------------------------------------------------------------------------


@every_kind
@sizes
@pytest.mark.parametrize("given", ["random", "zero", "none", "complex"])
def test_forward_is_the_equations(kind, T, B, given):
    layer = make_layer(kind)
    data = draw(layer, T, B)
    zeros = join([np.zeros_like(part) for part in parts(data.state)])
    state = zeros if given in ("zero", "none") else data.state
    x = data.x + 0.1j * data.x[::-1] if given == "complex" else data.x
    expected = plain_loop(layer, x, state)
    h, trace = layer.forward(x, None if given == "none" else state)
    assert error(h, expected["h"]) < 1e-14
    kept = {name for name, a in vars(trace).items() if isinstance(a, np.ndarray)} - {"state"}
    assert kept == {"x", *expected, *[f"{name}_prev" for name in layer.STATE]}
    for name, a in expected.items():
        assert error(getattr(trace, name), a) < 1e-14, name
    for name, initial, final in zip(layer.STATE, parts(state), parts(trace.state), strict=True):
        a, previous = getattr(trace, name), getattr(trace, f"{name}_prev")
        assert same([previous[0], previous[1:], final], [initial.astype(a.dtype), a[:-1], a[-1]])
    assert same(trace.x, x)


@every_kind
def test_inference_is_the_forward_pass(kind):
    layer = make_layer(kind)
    data = draw(layer, T=5, B=2)
    h, trace = layer.forward(data.x, data.state)
    assert same(layer(data.x, data.state), (h, trace.state))
    h, trace = layer.forward(data.x)
    assert same(layer(data.x), (h, trace.state))


@every_kind
def test_a_sequence_in_two_halves_is_the_sequence(kind):
    layer = make_layer(kind)
    data = draw(layer, T=7, B=2)
    h, final = layer(data.x, data.state)
    first, between = layer(data.x[:3], data.state)
    second, end = layer(data.x[3:], between)
    assert error(np.concatenate([first, second]), h) < 1e-14
    for a, b in zip(parts(end), parts(final), strict=True):
        assert error(a, b) < 1e-14


@every_kind
def test_a_batch_is_its_sequences_one_by_one(kind):
    layer = make_layer(kind)
    data = draw(layer, T=4, B=3)
    h, trace = layer.forward(data.x, data.state)
    grads = layer.backward(data.dh, trace, data.dstate)
    summed = {name: np.zeros_like(a) for name, a in layer.params.items()}
    for b in range(3):
        one = slice(b, b + 1)
        h_b, trace_b = layer.forward(data.x[:, one], join([a[one] for a in parts(data.state)]))
        grads_b = layer.backward(data.dh[:, one], trace_b, join([a[one] for a in parts(data.dstate)]))
        assert error(h_b, h[:, one]) < 1e-14
        assert error(grads_b.x, grads.x[:, one]) < 1e-13
        for name, a in grads_b.params.items():
            summed[name] += a
    for name, a in summed.items():
        assert error(a, grads.params[name]) < 1e-13, name


@every_kind
def test_float32_stays_float32(kind):
    layer, double = make_layer(kind, dtype=np.float32), make_layer(kind)
    data = draw(layer, T=6, B=2)
    h, trace = layer.forward(data.x, data.state)
    grads = layer.backward(data.dh, trace, data.dstate)
    assert {a.dtype for a in arrays_in(layer.params, h, trace, grads)} == {np.dtype(np.float32)}
    expected, _ = double(data.x.astype(float), join([a.astype(float) for a in parts(data.state)]))
    assert error(h, expected) < 1e-6
    nothing = layer.backward(None, layer.forward(data.x)[1])
    assert {a.dtype for a in arrays_in(nothing)} == {np.dtype(np.float32)}
    assert layer.forward(data.x.astype(np.complex64))[0].dtype == np.complex64


@every_kind
def test_the_trace_is_read_only(kind):
    layer = make_layer(kind)
    data = draw(layer, T=3, B=2)
    h, trace = layer.forward(data.x, data.state)
    kept = {name: a for name, a in vars(trace).items() if isinstance(a, np.ndarray) and name != "state"}
    assert len(kept) >= 3
    for a in [h, *kept.values(), *trace.layer.params.values()]:
        with pytest.raises(ValueError, match="read-only"):
            a[0] = 0
    assert all(a.flags.writeable for a in [data.x, *parts(trace.state), *layer.params.values()])


@pytest.mark.parametrize("kind", ["Dense", *KINDS])
def test_a_trace_is_of_the_parameters_it_was_made_with(kind):
    layer = Dense(3, 2, rng=np.random.default_rng(0)) if kind == "Dense" else make_layer(kind)
    x, dh = np.random.default_rng(1).standard_normal((3, 2, 3)), np.ones((3, 2, 2))
    _, trace = layer.forward(x)
    before = layer.backward(dh, trace)
    twin = layer.with_params(copy.deepcopy(layer.params))
    assert same(twin.backward(dh, trace), before)
    assert same(layer.with_params(layer.params).backward(dh, trace), before)
    for name, a in layer.params.items():
        kept = a.flat[0]
        a.flat[0] = np.nextafter(kept, 1)
        with raises(ValueError, f"trace: {name} has changed since … forward"):
            layer.backward(dh, trace)
        assert same(twin.backward(dh, trace), before)
        a.flat[0] = kept
    x[...] = 7.0
    assert same(layer.backward(dh, trace), before)


@every_kind
def test_traces_of_two_equal_kinds_are_not_exchanged(kind):
    layer, other = make_layer(kind), make_layer(kind, seed=1)
    data = draw(layer, T=3, B=2)
    with raises(ValueError, "trace: W_x has changed since, or is another layer's"):
        layer.backward(data.dh, other.forward(data.x)[1])


def test_a_layer_of_nan_is_reported_where_it_shows():
    lstm = make_layer("LSTM")
    data = draw(lstm, T=3, B=2)
    lstm.params["b"][0] = np.nan
    h, trace = lstm.forward(data.x)
    assert np.isnan(h).any()
    assert np.isnan(lstm.backward(data.dh, trace).params["W_h"]).any()


def read_only(a):
    a.flags.writeable = False
    return a


VIEWS = {
    "the array": lambda a: a,
    "a view": lambda a: a[:, :, :],
    "a read-only view": lambda a: np.broadcast_to(a, a.shape),
    "windows": lambda a: np.lib.stride_tricks.sliding_window_view(a, 1, axis=0)[..., 0],
    "another order": lambda a: a.transpose(0, 2, 1).copy(order="F").transpose(0, 2, 1),
    "a buffer": lambda a: np.frombuffer(memoryview(a).toreadonly(), a.dtype).reshape(a.shape),
    "read-only, with an older view": lambda a: read_only(a[...]),
}


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_a_trace_keeps_an_input_of_its_own(view):
    rnn, buffer = make_layer("RNN-tanh"), np.arange(18.0).reshape(3, 2, 3) / 18
    x = view(buffer)
    h, trace = rnn.forward(x)
    before = rnn.backward(h, trace)
    buffer[...] = 7
    if x.flags.writeable:
        x[...] = 7
    assert same(rnn.backward(h, trace), before)


def test_a_trace_keeps_parameters_of_its_own_even_where_they_were_read_only():
    rnn = make_layer("RNN-tanh")
    data = draw(rnn, T=3, B=2)
    for a in rnn.params.values():
        a.flags.writeable = False
    _, trace = rnn.forward(data.x)
    for a in rnn.params.values():
        a.flags.writeable = True
    rnn.params["W_h"] += 0.1
    with raises(ValueError, "trace: W_h has changed since"):
        rnn.backward(data.dh, trace)


def test_a_trace_of_another_kind_on_equal_arrays_is_refused():
    relu = make_layer("RNN-relu")
    tanh_twin = RNN.of(relu.params)
    with raises(ValueError, "trace: … activation='relu' … activation='tanh'"):
        relu.backward(np.ones((3, 2, 2)), tanh_twin.forward(draw(relu, T=3, B=2).x)[1])


@every_kind
def test_the_final_state_is_no_part_of_the_trace(kind):
    layer = make_layer(kind)
    x = draw(layer, T=3, B=2).x
    for h, final, arrays in ((*layer(x), []), (lambda h, t: (h, t.state, vars(t).values()))(*layer.forward(x))):
        kept = [a for a in arrays if isinstance(a, np.ndarray)]
        for part in parts(final):
            assert not any(np.shares_memory(part, a) for a in (h, *kept) if a is not part)


def test_the_callers_dicts_and_lists_may_change():
    layer = make_layer("LSTM")
    given = dict(layer.params)
    moved, layers = layer.with_params(given), [layer, make_layer("GRU-after", 2, 2)]
    model = Sequential(layers)
    given.clear()
    layers.clear()
    assert set(moved.params) == {"W_x", "W_h", "b"}
    assert len(model.layers) == 2


# --- One sequence without a batch ------------------------------------------------------------------------------------


def dropped(thing):
    """The same without the batch's axis."""
    if isinstance(thing, np.ndarray):
        return thing[..., 0, :]
    if isinstance(thing, (tuple, list)):
        return [dropped(a) for a in thing]
    return (
        None
        if thing is None
        else {name: dropped(a) for name, a in vars(thing).items() if name not in ("params", "layer")}
    )


@every_kind
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("T", [1, 5])
def test_one_sequence_is_a_batch_of_one(kind, dtype, T):
    layer = make_layer(kind, dtype=dtype)
    data = draw(layer, T, B=1)
    state, dstate = (join([a[0] for a in parts(s)]) for s in (data.state, data.dstate))
    h, trace = layer.forward(data.x, data.state)
    h_one, trace_one = layer.forward(data.x[:, 0], state)
    assert h_one.shape == (T, 2)
    assert same([h_one, dropped(trace)], [h[:, 0], {n: a for n, a in vars(trace_one).items() if n != "layer"}])
    assert same(layer(data.x[:, 0], state), dropped(layer(data.x, data.state)))
    assert same(layer(data.x[:, 0]), dropped(layer(data.x)))
    for many, single in (
        ((data.dh, trace, data.dstate), (data.dh[:, 0], trace_one, dstate)),
        ((None, trace, data.dstate), (None, trace_one, dstate)),
        ((data.dh, trace), (data.dh[:, 0], trace_one)),
    ):
        grads, one = layer.backward(*many), layer.backward(*single)
        assert same(one.params, grads.params)
        assert same({n: a for n, a in vars(one).items() if n != "params"}, dropped(grads))
    assert error(layer.forward(data.x[:, 0] + 0j)[0], layer(data.x[:, 0])[0] + 0j) < 1e-6


def test_one_sequence_through_a_stack_and_its_loss():
    model, x, *_ = stack()
    x, target = x[:, :1], np.array([[1], [0], [1], [1]])
    mask = np.array([True, False, True, True])
    y, trace = model.forward(x)
    loss, dy = softmax_cross_entropy(y, target, mask[:, None])
    y_one, trace_one = model.forward(x[:, 0])
    loss_one, dy_one = softmax_cross_entropy(y_one, target[:, 0], mask)
    assert loss == loss_one
    grads, one = model.backward(dy, trace), model.backward(dy_one, trace_one)
    assert same(one.params, grads.params)
    assert same(one.x, grads.x[:, 0])
    assert check_layer(model, x[:, 0]).ok
    # The class of the last step alone.
    last, error_of_last = softmax_cross_entropy(y_one[-1], 1)
    assert last == softmax_cross_entropy(y_one[-1:], np.array([1]))[0]
    assert error_of_last.shape == (2,)


# --- A layer of given arrays -----------------------------------------------------------------------------------------


@every_kind
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_of_reads_a_layer_off_its_arrays(kind, dtype):
    make, options = KINDS[kind]
    options = {} if make is GRU else options
    layer = make_layer(kind, D=5, H=3, dtype=dtype)
    x = draw(layer, T=4, B=2).x
    stacked = make.of(layer.params, **options)
    assert repr(stacked) == repr(layer)
    assert all(stacked.params[name] is a for name, a in layer.params.items())
    blocks = make.of(layer.by_gate(layer.params), **options)
    assert repr(blocks) == repr(layer)
    assert list(blocks.params) == list(layer.params)
    assert same(blocks.params, layer.params)
    assert make is RNN or not any(np.shares_memory(blocks.params[n], layer.params[n]) for n in ("W_x", "W_h", "b"))
    assert same(blocks(x), layer(x))
    wide = {name: a.astype(np.result_type(a, np.complex64)) for name, a in layer.by_gate(layer.params).items()}
    first = next(iter(wide))
    one = make.of({**layer.by_gate(layer.params), first: wide[first]}, **options)
    assert one.dtype == dtype
    assert np.iscomplexobj(one(x)[0])
    assert error(one(x)[0], layer(x)[0] + 0j) < 1e-6


def test_padded_sequences():
    """A shorter sequence's last output is picked at lengths − 1, and its error goes back from there."""
    lstm, lengths = make_layer("LSTM"), np.array([2, 5, 3])
    data = draw(lstm, T=5, B=3)
    last = (lengths - 1, np.arange(3))
    h, trace = lstm.forward(data.x)
    dh = np.zeros_like(h)
    dh[last] = data.dh[last]
    grads = lstm.backward(dh, trace)
    summed = np.zeros_like(lstm.params["W_h"])
    for b, length in enumerate(lengths):
        alone, alone_trace = lstm.forward(data.x[:length, b : b + 1])
        assert error(h[last][b], alone[-1, 0]) < 1e-14
        alone_dh = np.zeros_like(alone)
        alone_dh[-1] = data.dh[last][b]
        one = lstm.backward(alone_dh, alone_trace)
        assert error(grads.x[:length, b], one.x[:, 0]) < 1e-13
        assert not grads.x[length:, b].any()
        summed += one.params["W_h"]
    assert error(grads.params["W_h"], summed) < 1e-13


# --- Backward --------------------------------------------------------------------------------------------------------


@every_kind
@sizes
def test_every_delta_is_the_derivative_at_its_time(kind, T, B):
    layer = make_layer(kind)
    data = draw(layer, T, B)
    deltas = vars(layer.backward(data.dh, layer.forward(data.x, data.state)[1], data.dstate).deltas)
    names = {"RNN": "h net", "LSTM": "h c f i o c_tilde", "GRU-before": "h z r h_tilde", "GRU-after": "h z r h_tilde m"}
    assert set(deltas) == set(names[kind if "GRU" in kind else type(layer).__name__].split())

    for name, delta in deltas.items():

        def loss(nudge, name=name):
            values = plain_loop(layer, data.x, data.state, {name: nudge})
            return weighted_sum(data, values["h"], join([values[part][-1] for part in layer.STATE]))

        assert error(delta, complex_step(loss, np.zeros_like(delta))) < 1e-12, name


@every_kind
def test_backward_leaves_its_arguments_alone_and_can_be_called_twice(kind):
    layer = make_layer(kind)
    data = draw(layer, T=4, B=2)
    _, trace = layer.forward(data.x, data.state)
    before = copy.deepcopy((data, layer.params, trace))
    first = layer.backward(data.dh, trace, data.dstate)
    assert same((data, layer.params, trace), before)
    assert same(layer.backward(data.dh, trace, data.dstate), first)
    assert not any(np.shares_memory(a, b) for a in arrays_in(first) for b in arrays_in(data, layer.params, trace))


@every_kind
def test_no_error_of_the_outputs_is_an_error_of_zero(kind):
    layer = make_layer(kind)
    data = draw(layer, T=4, B=2)
    _, trace = layer.forward(data.x, data.state)
    zero_state = join([np.zeros_like(a) for a in parts(data.dstate)])
    assert same(layer.backward(None, trace, data.dstate), layer.backward(0 * data.dh, trace, data.dstate))
    assert same(layer.backward(data.dh, trace), layer.backward(data.dh, trace, zero_state))
    assert not any(a.any() for a in arrays_in(layer.backward(None, trace)))


@pytest.mark.parametrize("kind", ["Dense", *KINDS])
def test_a_long_float32_sum_keeps_its_digits(kind):
    """A million terms: added one by one in float32, 0.1 a step becomes 100958."""
    T, B = 1000, 1000
    x, dy = np.full((T, B, 2), 0.1, np.float32), np.full((T, B, 2), 0.1, np.float32)
    if kind == "Dense":
        layer = Dense(2, 2, rng=np.random.default_rng(0), dtype=np.float32)
        assert layer.backward(dy, layer.forward(x)[1]).params["b"] == pytest.approx(1e5, rel=1e-6)
        return
    layer = make_layer(kind, 2, 2, np.float32)
    grads = layer.backward(dy, layer.forward(x)[1])
    deltas = {"net": grads.deltas.net} if isinstance(layer, RNN) else vars(grads.deltas)
    rows = [deltas[{"c": "c_tilde", "h": "h_tilde", "": "net"}.get(g, g)] for g in layer.GATES]
    exact = np.concatenate([d.astype(float).sum(axis=(0, 1)) for d in rows])
    assert error(grads.params["b"], exact) < 1e-6
    long = x.reshape(-1, 2).astype(float)
    assert error(grads.params["W_x"], np.concatenate([d.astype(float).reshape(-1, 2).T @ long for d in rows])) < 1e-4
    if kind == "GRU-after":
        assert error(grads.params["b_hh"], grads.deltas.m.astype(float).sum(axis=(0, 1))) < 1e-6


# --- Parameters ------------------------------------------------------------------------------------------------------


@every_kind
def test_by_gate_names_views_of_the_stacked_rows(kind):
    layer = make_layer(kind)
    blocks = layer.by_gate(layer.params)
    if isinstance(layer, RNN):
        assert list(blocks) == list(layer.params)
        assert all(np.shares_memory(a, layer.params[name]) for name, a in blocks.items())
        return
    gates = {LSTM: "fioc", GRU: "zrh"}[type(layer)]
    for k, g in enumerate(gates):
        rows = slice(2 * k, 2 * k + 2)
        for name, stacked in ((f"W_{g}x", "W_x"), (f"W_{g}h", "W_h"), (f"b_{g}", "b")):
            assert same(blocks[name], layer.params[stacked][rows])
            blocks[name][...] = 7.0
            assert (layer.params[stacked][rows] == 7).all()
    assert len(blocks) == 3 * len(gates) + ("b_hh" in layer.params)
    assert blocks.get("b_hh") is layer.params.get("b_hh")


@every_kind
def test_with_params_takes_other_arrays_without_copying(kind):
    layer, other = make_layer(kind), make_layer(kind, seed=5)
    data = draw(layer, T=3, B=2)
    before = copy.deepcopy(layer.params)
    moved = layer.with_params(other.params)
    assert type(moved) is type(layer)
    assert all(moved.params[name] is a for name, a in other.params.items())
    assert same(moved(data.x, data.state), other(data.x, data.state))
    assert same(layer.params, before)
    complex_params = {name: a.astype(complex) for name, a in other.params.items()}
    assert error(layer.with_params(complex_params)(data.x)[0], other(data.x)[0].astype(complex)) < 1e-15


@every_kind
def test_the_weights_that_a_layer_starts_with(kind):
    make, options = KINDS[kind]
    D, H = 300, 40
    layer = make(D, H, rng=np.random.default_rng(3), **options)
    gates = {"RNN": 1, "LSTM": 4, "GRU": 3}[make.__name__]
    for W_x, W_h in zip(np.split(layer.params["W_x"], gates), np.split(layer.params["W_h"], gates), strict=True):
        limit = np.sqrt(6 / (D + H))
        assert 0.99 * limit < np.abs(W_x).max() < limit
        assert np.abs(W_x).mean() == pytest.approx(limit / 2, rel=0.02)
        assert error(W_h @ W_h.T, np.eye(H)) < 1e-13
    b = np.zeros(gates * H)
    b[:H] = make is LSTM
    assert same(layer.params["b"], b)
    names = {"W_x", "W_h", "b"} | ({"b_hh"} if kind == "GRU-after" else set())
    assert set(layer.params) == names
    assert not layer.params.get("b_hh", np.zeros(1)).any()
    for name in ("W_x", "W_h"):
        blocks = np.split(layer.params[name], gates)
        assert len({block.tobytes() for block in blocks}) == gates
    assert (layer.input_size, layer.hidden_size, layer.output_size, layer.dtype) == (D, H, H, np.float64)


def test_orthogonal_weights_have_no_preferred_sign():
    """QR alone would leave the diagonal of R negative; uniform matrices have a mean of zero."""
    drawn = np.array([RNN(1, 3, rng=np.random.default_rng(seed)).params["W_h"] for seed in range(800)])
    assert np.abs(drawn.mean(axis=0)).max() < 0.08
    assert np.square(drawn).mean(axis=0) == pytest.approx(1 / 3, abs=0.05)
    assert abs(np.linalg.det(drawn).mean()) < 0.12


def test_forget_bias_and_dtype_are_the_callers():
    lstm = LSTM(2, 3, rng=np.random.default_rng(0), dtype=np.float32, forget_bias=2.5)
    assert lstm.params["b"].tolist() == [2.5] * 3 + [0.0] * 9
    assert {a.dtype for a in arrays_in(lstm.params)} == {np.dtype(np.float32)}


def test_a_forget_bias_for_each_unit():
    biases = np.array([0, 1, 5])
    lstm = LSTM(2, 3, rng=np.random.default_rng(0), forget_bias=biases)
    assert lstm.params["b"].tolist() == [0.0, 1.0, 5.0] + [0.0] * 9
    biases[0] = 7
    assert lstm.params["b"][0] == 0


def test_sizes_of_any_integer_type():
    """NumPy's small integers overflow in what is computed from a size: 126 + 200, 4 · 100."""
    for make in (RNN, LSTM, GRU):
        for D, H in ((np.uint8(126), 200), (2, np.uint8(100)), (np.int8(100), np.int8(50))):
            layer = make(D, H, rng=np.random.default_rng(0))
            assert same(layer.params, make(int(D), int(H), rng=np.random.default_rng(0)).params)
            assert type(layer.input_size) is type(layer.hidden_size) is int
    assert same(Dense(np.uint8(200), np.uint8(100), rng=np.random.default_rng(0)).params,
                Dense(200, 100, rng=np.random.default_rng(0)).params)  # fmt: skip


@pytest.mark.parametrize("kind", ["LSTM", "GRU-before", "GRU-after"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_chrono_bias_spreads_the_time_constants(kind, dtype):
    """Tallec & Ollivier 2018: u uniform in [1, T_max − 1]; the LSTM keeps with σ(ln u) = u / (1 + u), writes with the
    rest, and so does the GRU."""
    layer, T_max = make_layer(kind, H=400, D=1, dtype=dtype), 101
    others = {name: a.copy() for name, a in layer.by_gate(layer.params).items()}
    chrono_bias(layer, T_max, np.random.default_rng(0))
    blocks = layer.by_gate(layer.params)
    keeping = -blocks["b_z"] if "GRU" in kind else blocks["b_f"]
    u = np.exp(keeping.astype(float))
    assert 1 - 1e-6 < u.min() < 2
    assert 99 < u.max() < 100 + 1e-4
    drawn = np.random.default_rng(0).uniform(1, 100, 400)
    assert error(u, drawn) < 1e-5
    assert np.mean(u) == pytest.approx(50.5, rel=0.08)
    assert np.mean(u < 25) == pytest.approx(24 / 99, abs=0.06)
    if kind == "LSTM":
        assert same(blocks["b_i"], -blocks["b_f"])
    changed = {"b_f", "b_i"} if kind == "LSTM" else {"b_z"}
    assert {name for name in others if not same(others[name], blocks[name])} == changed
    again = make_layer(kind, H=400, D=1, dtype=dtype)
    chrono_bias(again, T_max, np.random.default_rng(0))
    assert same(again.params, layer.params)


def test_weights_come_from_the_callers_generator_alone():
    np.random.seed(0)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    rng = np.random.default_rng(4)
    first, second = LSTM(2, 3, rng=rng), LSTM(2, 3, rng=rng)
    assert same(first.params, LSTM(2, 3, rng=np.random.default_rng(4)).params)
    assert not same(first.params, second.params)
    assert np.array_equal(np.random.get_state()[1], before)  # noqa: NPY002


# --- Activations -----------------------------------------------------------------------------------------------------


def test_sigmoid():
    a = np.linspace(-30, 30, 121)
    assert np.abs(sigmoid(a) - 1 / (1 + np.exp(-a))).max() < 3e-16
    for dtype in (np.float32, np.float64):
        huge = np.finfo(dtype).max
        assert sigmoid(np.array([-huge, -1000, 0, 1000, huge], dtype)).tolist() == [0, 0, 0.5, 1, 1]
    assert error(sigmoid(a + 0.3j), 1 / (1 + np.exp(-a - 0.3j))) < 1e-14


def test_tanh():
    a = np.linspace(-30, 30, 121)
    assert same(tanh(a), np.tanh(a))
    assert error(tanh(a + 0.3j), np.tanh(a + 0.3j)) < 1e-14
    assert error(tanh(np.array([-1000 + 1j, 1000 - 1j])), np.array([-1.0, 1.0])) < 1e-15


@pytest.mark.parametrize(("f", "prime"), [(sigmoid, sigmoid_prime), (tanh, tanh_prime)])
@pytest.mark.parametrize("a", [-1e4, -40.0, -20.0, -15.0, -1.0, 0.0, 15.0, 20.0, 40.0, 1e4])
def test_the_complex_step_sees_the_slope_of_the_rounded_value(f, prime, a):
    slope = f(np.array(a + 1e-20j)).imag / 1e-20
    assert slope == pytest.approx(prime(f(a)), rel=1e-14, abs=0)


@pytest.mark.parametrize("activation", ["sigmoid", *ACTIVATIONS])
def test_a_derivative_from_the_value_is_the_derivative(activation):
    f, prime = {"sigmoid": (sigmoid, sigmoid_prime), **ACTIVATIONS}[activation]
    a = np.linspace(-2, 2, 8)
    assert error(prime(f(a)), complex_step(lambda a: f(a).sum(), a)) < 1e-15
    assert activation != "tanh" or prime is tanh_prime


def test_relu_at_zero_and_for_complex_numbers():
    relu, prime = ACTIVATIONS["relu"]
    assert relu(np.array([-1 + 2j, 1 - 2j, 3j])).tolist() == [0, 1 - 2j, 0]
    assert prime(np.array([0.0, 2.0])).tolist() == [0, 1]


# --- Dense and Sequential --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lead", [(), (4,), (3, 2)])
def test_dense(lead):
    rng = np.random.default_rng(0)
    dense = Dense(3, 2, rng=rng)
    dense.params["b"][:] = [0.5, -1]
    x, dy = rng.standard_normal((*lead, 3)), rng.standard_normal((*lead, 2))
    W, b = dense.params["W"], dense.params["b"]
    y, trace = dense.forward(x)
    expected = np.array([W @ row + b for row in x.reshape(-1, 3)]).reshape(*lead, 2)
    assert error(y, expected) < 1e-15
    called, state = dense(x)
    assert same(called, y)
    assert state is None
    before = copy.deepcopy((x, dy, trace, dense.params))
    grads = dense.backward(dy, trace)
    assert same((x, dy, trace, dense.params), before)
    assert error(grads.x, complex_step(lambda x: (dy * dense(x)[0]).sum(), x)) < 1e-14
    for name, a in dense.params.items():
        loss = lambda a, name=name: (dy * dense.with_params({**dense.params, name: a})(x)[0]).sum()  # noqa: E731
        assert error(grads.params[name], complex_step(loss, a)) < 1e-14
    assert grads.state is None
    assert vars(grads.deltas) == {}


def test_the_weights_that_dense_starts_with():
    dense = Dense(300, 40, rng=np.random.default_rng(0), dtype=np.float32)
    limit = np.sqrt(6 / 340)
    assert 0.99 * limit < np.abs(dense.params["W"]).max() < limit
    assert same(dense.params["b"], np.zeros(40, np.float32))
    assert dense.params["W"].shape == (40, 300)
    assert dense.params["W"].dtype == np.float32
    assert dense(np.ones((2, 300), np.float32))[0].dtype == np.float32


def stack():
    layers = [make_layer("LSTM", 3, 2), make_layer("GRU-after", 2, 4), Dense(4, 2, rng=np.random.default_rng(2))]
    rng = np.random.default_rng(3)
    data = [draw(layer, T=4, B=2, seed=k) for k, layer in enumerate(layers[:2])]
    states, dstates = ([getattr(d, name) for d in data] + [None] for name in ("state", "dstate"))
    return Sequential(layers), data[0].x, states, dstates, rng.standard_normal((4, 2, 2))


def test_sequential_is_its_layers_one_after_the_other():
    model, x, states, dstates, dy = stack()
    lstm, gru, dense = model.layers
    for given in (states, None):
        s = given or [None] * 3
        h1, trace1 = lstm.forward(x, s[0])
        h2, trace2 = gru.forward(h1, s[1])
        y, trace3 = dense.forward(h2)
        assert same(model(x, given), (y, [trace1.state, trace2.state, None]))
        assert model(x, given)[1][2] is None
        assert same(model.forward(x, given), (y, [trace1, trace2, trace3]))
    d = dstates
    for given in (dstates, None):
        d = given or [None] * 3
        grads3 = dense.backward(dy, trace3)
        grads2 = gru.backward(grads3.x, trace2, d[1])
        grads1 = lstm.backward(grads2.x, trace1, d[0])
        grads = model.backward(dy, [trace1, trace2, trace3], given)
        assert same(grads.x, grads1.x)
        for name in ("params", "state", "deltas"):
            assert same(getattr(grads, name), [getattr(g, name) for g in (grads1, grads2, grads3)])


def test_sequentials_params_are_the_layers_own():
    model, x, states, _, _ = stack()
    assert all(own is layer.params for own, layer in zip(model.params, model.layers, strict=True))
    other = [{name: 2 * a for name, a in one.items()} for one in model.params]
    moved = model.with_params(other)
    assert all(a is b for a, b in zip(arrays_in(moved.params), arrays_in(other), strict=True))
    by_hand = Sequential([layer.with_params(p) for layer, p in zip(model.layers, other, strict=True)])
    assert same(moved(x, states), by_hand(x, states))
    assert model.dtype == np.float64


# --- What is shown ---------------------------------------------------------------------------------------------------


def test_reprs():
    rng = np.random.default_rng(0)
    rnn, lstm, gru = RNN(3, 2, rng=rng, activation="relu"), LSTM(2, 4, rng=rng), GRU(1, 1, rng=rng, dtype=np.float32)
    assert repr(rnn) == "RNN(3, 2, dtype=float64, activation='relu')"
    assert repr(lstm) == "LSTM(2, 4, dtype=float64)"
    assert repr(gru) == "GRU(1, 1, dtype=float32, reset='after')"
    assert repr(Sequential([rnn, lstm])) == f"Sequential([{rnn!r}, {lstm!r}])"
    x = np.ones((5, 1, 2))
    h, trace = lstm.forward(x)
    shown = repr(trace)
    assert shown.startswith("Record(layer=LSTM(2, 4, dtype=float64), ")
    assert "x=(5, 1, 2)" in shown
    assert "state=[(1, 4), (1, 4)]" in shown
    grads = lstm.backward(h, trace)
    errors = ", ".join(f"{name}=(5, 1, 4)" for name in ("h", "c", "f", "i", "o", "c_tilde"))
    assert repr(grads.deltas) == f"Record({errors})"
    assert repr(grads).startswith("Record(params={W_x: (16, 2), W_h: (16, 4), b: (16,)}, x=(5, 1, 2), state=[(1, 4), ")
    assert "state=None" in repr(Dense(2, 1, rng=rng).forward(x)[1])
