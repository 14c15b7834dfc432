"""Every gradient of every layer against the complex step, and the gradient check itself against planted errors."""

import copy

import numpy as np
import pytest
from conftest import KINDS, complex_step, draw, error, join, make_layer, parts, raises, same, weighted_sum

import lstm_core as library
from lstm_core import GRU, LSTM, RNN, Dense, Sequential, agree, check_gradients, check_layer

pytestmark = pytest.mark.filterwarnings("error")
every_kind = pytest.mark.parametrize("kind", KINDS)


def numeric_gradients(layer, data):
    """By complex step: the gradients of each gate's parameters, of x and of each part of the initial state."""

    def of_param(name):
        return lambda a: weighted_sum(data, *layer.with_params({**layer.params, name: a})(data.x, data.state))

    def of_state(k):
        initial = parts(data.state)
        return lambda a: weighted_sum(data, *layer(data.x, join([*initial[:k], a, *initial[k + 1 :]])))

    params = {name: complex_step(of_param(name), a) for name, a in layer.params.items()}
    states = {f"{name}_0": complex_step(of_state(k), parts(data.state)[k]) for k, name in enumerate(layer.STATE)}
    x = complex_step(lambda x: weighted_sum(data, *layer(x, data.state)), data.x)
    return {**layer.by_gate(params), **states, "x": x}


def by_name(layer, grads):
    """What backward returned, by the same names."""
    states = {f"{name}_0": a for name, a in zip(layer.STATE, parts(grads.state), strict=True)}
    return {**layer.by_gate(grads.params), **states, "x": grads.x}


@every_kind
@pytest.mark.parametrize("T", [1, 2, 7])
@pytest.mark.parametrize("B", [1, 3])
@pytest.mark.parametrize("outputs", [True, False], ids=["all outputs", "final state alone"])
def test_every_gradient_is_the_derivative(kind, T, B, outputs):
    layer = make_layer(kind)
    data = draw(layer, T, B)
    grads = layer.backward(data.dh if outputs else None, layer.forward(data.x, data.state)[1], data.dstate)
    data.dh *= outputs
    numeric, ours = numeric_gradients(layer, data), by_name(layer, grads)
    assert len(numeric) == {RNN: 5, LSTM: 15, GRU: 11}[type(layer)] + (kind == "GRU-after")
    for name, a in numeric.items():
        assert a.any(), name
        assert error(ours[name], a) < 1e-10, name


def test_gradients_through_a_stack():
    model = Sequential([make_layer("LSTM", 3, 2), make_layer("GRU-before", 2, 3), make_layer("RNN-tanh", 3, 2)])
    data = [draw(layer, T=5, B=2, seed=k) for k, layer in enumerate(model.layers)]
    x, states, dstates = data[0].x, [d.state for d in data], [d.dstate for d in data]
    grads = model.backward(data[2].dh, model.forward(x, states)[1], dstates)

    def loss(model, x):
        y, final = model(x, states)
        return weighted_sum(data[2], y, final[2]) + sum(
            weighted_sum(d, 0, f) for d, f in zip(data[:2], final, strict=False)
        )

    assert error(grads.x, complex_step(lambda x: loss(model, x), x)) < 1e-10
    for k, one in enumerate(model.params):
        for name, a in one.items():

            def of_param(a, k=k, name=name):
                params = [*model.params]
                params[k] = {**params[k], name: a}
                return loss(model.with_params(params), x)

            assert error(grads.params[k][name], complex_step(of_param, a)) < 1e-10, (k, name)


# --- check_gradients -------------------------------------------------------------------------------------------------


def example(dtype=np.float64):
    """A loss of three arrays, one of which it does not depend on, with its gradients."""
    a, b = np.array([[0.5, -1.0], [2.0, 0.25]], dtype), np.array(3.0, dtype)
    arrays = {"a": a, "b": b, "without": np.ones(3, dtype)}
    grads = {"a": b * np.cos(a), "b": np.asarray(np.sin(a).sum()), "without": np.zeros(3, dtype)}
    return lambda p: (p["b"] * np.sin(p["a"])).sum(), arrays, grads


TEXT = {
    ("complex", "float64"): "< 1e-10 ok",
    ("central", "float64"): "< 1e-06 ok",
    ("complex", "float32"): "< 1e-04 ok",
    ("central", "float32"): "< 1e-02 ok",
}
SMALL = "too small to judge"


@pytest.mark.parametrize(("method", "dtype"), TEXT)
def test_right_gradients_pass_with_the_same_text_on_every_machine(method, dtype):
    """A difference of two rounded losses cannot tell a gradient of zero from a small one; the complex step can."""
    loss, arrays, grads = example(dtype)
    before = copy.deepcopy((arrays, grads))
    report = check_gradients(loss, arrays, grads, method)
    verdict = TEXT[method, dtype]
    lines = [
        "array    shape   error",
        f"a        2 × 2   {verdict}",
        f"b        scalar  {verdict}",
        f"without  3       {'zero' if method == 'complex' else SMALL}",
    ]
    assert str(report) == repr(report) == "\n".join(lines)
    assert [row.ok for row in report.rows] == [True, True, True if method == "complex" else None]
    assert report.ok == (method == "complex")
    assert report.wrong == []
    assert same((arrays, grads), before)


def test_raise_if_wrong_raises_for_what_is_wrong_and_for_what_could_not_be_judged():
    loss, arrays, grads = example()
    check_gradients(loss, arrays, grads).raise_if_wrong()
    with pytest.raises(AssertionError) as raised:
        (report := check_gradients(loss, arrays, grads, "central")).raise_if_wrong()
    assert str(raised.value) == f"not every gradient could be judged\n{report}"


@pytest.mark.parametrize("method", ["complex", "central"])
@pytest.mark.parametrize(("name", "index"), [("a", (1, 0)), ("a", (0, 1)), ("b", ()), ("without", (2,))])
def test_an_error_in_one_entry_is_found(method, name, index):
    loss, arrays, grads = example()
    grads[name][index] += 1e-4
    report = check_gradients(loss, arrays, grads, method)
    assert not report.ok
    assert report.wrong == [name]
    with pytest.raises(AssertionError, match="WRONG") as raised:
        report.raise_if_wrong()
    assert str(raised.value) == f"wrong gradient\n{report}"


def test_the_error_is_relative_to_the_largest_entry_and_absolute_at_zero():
    loss, arrays, grads = example()
    grads["a"][0, 0] += 0.5
    grads["without"][1] = -0.25
    rows = {row.name: row for row in check_gradients(loss, arrays, grads).rows}
    largest = 3 * np.cos(0.25)
    assert (rows["a"].shape, rows["a"].error, rows["a"].ok) == ((2, 2), pytest.approx(0.5 / largest), False)
    assert (rows["without"].shape, rows["without"].error, rows["without"].ok) == ((3,), 0.25, False)
    assert (rows["b"].shape, rows["b"].error, rows["b"].ok) == ((), pytest.approx(0, abs=1e-15), True)


def test_a_wrong_report_as_text_and_as_html():
    loss, arrays, grads = example()
    grads["without"][1] = -0.25
    report = check_gradients(loss, arrays, grads)
    assert str(report).splitlines()[3] == "without  3       2.5e-01 WRONG"
    assert report._repr_html_() == (
        "<table><thead><tr><th>array</th><th>shape</th><th>error</th></tr></thead><tbody>"
        "<tr><td>a</td><td>2 × 2</td><td>&lt; 1e-10 ok</td></tr>"
        "<tr><td>b</td><td>scalar</td><td>&lt; 1e-10 ok</td></tr>"
        "<tr><td>without</td><td>3</td><td>2.5e-01 WRONG</td></tr>"
        "</tbody></table>"
    )


def judged(loss, a, g, *args, **options):
    """The verdict on one array."""
    (row,) = check_gradients(lambda p: loss(p["a"]), {"a": a}, {"a": g}, *args, **options).rows
    return row.ok


@pytest.mark.parametrize("method", ["complex", "central"])
def test_what_is_rounding_beside_the_rest_is_neither_right_nor_wrong(method):
    """tanh saturates at 20: its derivative from its value is 0, in truth 2e-17."""

    def loss(p):
        return np.tanh(p["a"]).sum() + (1e3 * p["b"]).sum()

    arrays = {"a": np.full(2, 20.0), "b": np.ones(2)}
    report = check_gradients(loss, arrays, {"a": np.zeros(2), "b": np.full(2, 1e3)}, method)
    assert [row.verdict for row in report.rows] == [SMALL, TEXT[method, "float64"]]
    assert report.wrong == []
    report = check_gradients(loss, arrays, {"a": np.full(2, 1e-3), "b": np.full(2, 1e3)}, method)
    assert report.wrong == ["a"]


@pytest.mark.parametrize("wrong", [0.0, -1.0, 100.0])
def test_central_differences_never_say_ok_of_what_they_cannot_see(wrong):
    """A difference of losses of about 4 is known to 1e-10; the gradient is of 1e-9."""
    a, loss = np.array([0.3, -0.2]), lambda a: 4 + 1e-9 * np.sin(a).sum()
    right = 1e-9 * np.cos(a)
    assert judged(loss, a, wrong * right, "central") is (False if wrong == 100 else None)
    assert judged(loss, a, wrong * right) is False
    assert judged(loss, a, right, "central") is None
    assert judged(loss, a, right) is True


def test_a_change_in_the_last_bits_of_a_large_loss_is_no_gradient():
    """1e-13 is about a unit in the last place of 1e3; a central difference divides it by its small step."""
    assert judged(lambda a: 1e3 + 1e-13 * np.sign(a - 1).sum(), np.ones(2), np.zeros(2), "central") is None


@pytest.mark.parametrize("method", ["complex", "central"])
def test_a_loss_that_depends_on_nothing(method):
    a = np.ones(2)
    assert judged(lambda a: 0 * a.sum(), a, 0 * a, method) is (True if method == "complex" else None)
    assert judged(lambda a: 0 * a.sum(), a, a, method) is False


@pytest.mark.parametrize("method", ["complex", "central"])
@pytest.mark.parametrize("size", [1e-30, 1.0, 2e5, 1e20])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_entries_of_any_size(method, size, dtype):
    """The step of a central difference follows the entry: beside 2e5 a float32 step of 5e-3 vanishes."""
    a = np.array([size, -size], dtype)
    assert judged(lambda a: a.sum(), a, np.ones(2, dtype), method) is True
    assert judged(lambda a: a.sum(), a, -np.ones(2, dtype), method) is False


def test_each_array_is_held_to_its_own_dtypes_bound():
    w, x = np.array([[0.1, -0.7]], np.float32), np.array([0.3, 0.9])
    loss = lambda p: np.tanh(p["w"] @ p["x"]).sum()  # noqa: E731
    slope = 1 - np.tanh(w.astype(float) @ x) ** 2
    grads = {"w": (slope * x[None]).astype(np.float32), "x": (slope @ w.astype(float)).ravel()}
    report = check_gradients(loss, {"w": w, "x": x}, grads)
    assert [row.verdict for row in report.rows] == ["< 1e-04 ok", "< 1e-10 ok"]
    grads["x"][1] *= 1 + 1e-6
    assert check_gradients(loss, {"w": w, "x": x}, grads).wrong == ["x"]


def test_a_complex_step_that_underflows_does_not_judge():
    a = np.ones(2, np.float32)
    assert judged(lambda a: 1e-30 * a.sum(), a, np.full(2, 1e-30, np.float32)) is None


def test_small_gradients_keep_their_relative_error():
    a = np.array([1.0, 2.0])
    assert judged(lambda a: 1e-7 * (a**2).sum(), a, 2e-7 * a) is True
    assert judged(lambda a: 1e-7 * (a**2).sum(), a, 2.0001e-7 * a) is False


def test_step_and_tolerance_are_the_callers():
    cube, a = lambda p: (p["a"] ** 3).sum(), np.array([0.5, 1.0])
    report = check_gradients(cube, {"a": a}, {"a": 3 * a**2}, "central", step=0.1, tolerance=0.01)
    assert report.rows[0].error == pytest.approx(0.01 / 3.01)
    assert str(report).endswith("a      2      < 1e-02 ok")
    assert not check_gradients(cube, {"a": a}, {"a": 3 * a**2}, "central", step=0.1).ok
    assert check_gradients(cube, {"a": a}, {"a": 3 * a**2}, "central").rows[0].error < 1e-9
    # By complex step of 0.1 the derivative of a³ is 3a² − 0.1².
    report = check_gradients(cube, {"a": a}, {"a": 3 * a**2}, step=0.1, tolerance=1e-2)
    assert report.rows[0].error == pytest.approx(0.01 / 2.99)
    assert report.ok


def test_an_error_at_the_tolerance_is_wrong():
    report = check_gradients(lambda p: p["a"].sum(), {"a": np.ones(1)}, {"a": np.array([1.25])}, tolerance=0.25)
    assert str(report).endswith("2.5e-01 WRONG")


@pytest.mark.parametrize("method", ["complex", "central"])
def test_a_loss_of_nan_is_no_agreement(method):
    assert judged(lambda a: a * np.nan, np.array(1.0), np.array(0.0), method) is False


def test_a_loss_that_takes_complex_numbers_apart_is_refused():
    """abs, .real and the like give a derivative of zero, which would agree with a gradient of zero."""
    a = np.ones(2)
    for loss in (lambda a: np.abs(a).sum(), lambda a: a.real.sum(), lambda a: 3.0):
        with raises(ValueError, "loss: real for complex arrays … central"):
            judged(loss, a, 0 * a)
    assert judged(lambda a: np.abs(a).sum(), a, a, "central") is True
    with raises(ValueError, "loss: expected a scalar, got shape (2,)"):
        judged(lambda a: a, a, a)


# --- complex_step and agree ------------------------------------------------------------------------------------------


def test_complex_step_gives_the_derivative_of_anything_by_anything():
    W, x = np.array([[1.0, 2.0, -1.0], [0.5, 0.0, 3.0]]), np.array([0.2, -0.4, 0.6])
    assert error(library.complex_step(lambda a: W @ np.sin(a), x), W * np.cos(x)) < 1e-15
    by_W = library.complex_step(lambda a: a @ x, W)
    assert by_W.shape == (2, 2, 3)
    assert error(by_W, np.eye(2)[:, :, None] * x) < 1e-15
    for a in (0.5, np.float64(0.5), np.array(0.5)):
        assert library.complex_step(np.exp, a).shape == ()
        assert library.complex_step(np.exp, a) == pytest.approx(np.exp(0.5), rel=1e-15)
    assert library.complex_step(lambda a: a**2, 3) == pytest.approx(6, rel=1e-15)
    single = library.complex_step(lambda a: a**2, np.float32([3]))
    assert single.dtype == np.float32
    assert single == pytest.approx(6)
    assert W[0, 0] == 1.0
    for wrong, step, error_type, message in (
        (np.array([3 + 1j]), 1e-20, TypeError, "a: expected real numbers, got complex128"),
        (x, 0, ValueError, "step"),
        (x, np.nan, ValueError, "step"),
        (np.ones(1, np.float32), 1e-50, ValueError, "step"),
    ):
        with raises(error_type, message):
            library.complex_step(np.exp, wrong, step)


def test_agree_prints_the_bound(capsys):
    a = np.array([1.0, 200.0])
    agree("(1)", a, a + [1e-13, 0])
    agree("(2)", 3.0, 3.0, bound=1e-9)
    agree("zero is absolute", np.full(2, 1e-13), np.zeros(2))
    agree({"(8')": (a, a), "longer name": (a[None], a[None])}, bound=1e-6)
    assert capsys.readouterr().out.splitlines() == [
        "(1): difference < 1e-12",
        "(2): difference < 1e-09",
        "zero is absolute: difference < 1e-12",
        "             shape  difference",
        "(8')         2      < 1e-06",
        "longer name  1 × 2  < 1e-06",
    ]


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ([1.0, 200.0], [1.0, 200.0 + 1e-9]),
        ([1.0, 1e-12], [1.0, 0.0]),
        ([1e-12, 0.0], [0.0, 0.0]),
        ([np.nan, 1.0], [1.0, 1.0]),
        ([1.0, np.nan], [1.0, 1.0]),
        ([1.0, np.nan], [1.0, np.nan]),
        ([np.inf], [np.inf]),
        ([1.0], [1.0, 1.0]),
        ([[1.0]], [1.0]),
        ([1.0], 1.0),
        ([], []),
        ([True], [False]),
        ([1j], [1.0]),
        ([1 + 1e-9j], [1.0]),
        ([0.0] * 300 + [1e-9], [1.0] + [0.0] * 299 + [0.0]),
        (np.array([5], np.int8), np.array([-128], np.int8)),
        ([1.7e308 + 1.7e308j], [1.7e308 + 1e308j]),
    ],
)
def test_what_differs_does_not_agree(a, b, capsys):
    a, b = np.array(a), np.array(b)
    with pytest.raises(AssertionError, match=r"^the name: "):
        agree("the name", a, b)
    with pytest.raises(AssertionError, match=r"^second: "):
        agree({"first": (b * 0, b * 0) if b.size and np.isfinite(b).all() else (1, 1), "second": (a, b)})
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("given", [({},), ("x", 1.0), ({"a": 1.0},), ({"a": (1.0, 2.0, 3.0)},)])
def test_agree_wants_pairs(given):
    with raises(TypeError, "agree: expected two arrays"):
        agree(*given)


# --- check_layer -----------------------------------------------------------------------------------------------------


@every_kind
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("method", ["complex", "central"])
def test_a_right_layer_passes(kind, dtype, method):
    layer = make_layer(kind, dtype=dtype)
    data = draw(layer, T=4, B=2)
    before = copy.deepcopy((layer.params, data))
    for state in (None, data.state):
        report = check_layer(layer, data.x, state, method)
        assert report.ok, report
        assert {line.split("  ")[-1] for line in str(report).splitlines()[1:]} == {TEXT[method, np.dtype(dtype).name]}
        names = list(by_name(layer, layer.backward(data.dh, layer.forward(data.x)[1])))
        assert [row.name for row in report.rows] == names
    assert same((layer.params, data), before)


def spoilt(layer, spoil):
    """The layer with spoil(grads, dh, trace, dstate) done to what its backward returns."""

    def backward(self, dh, trace, dstate=None):
        grads = type(layer).backward(self, dh, trace, dstate)
        spoil(grads, dh, trace, dstate)
        return grads

    other = copy.copy(layer)
    other.__class__ = type(type(layer).__name__, (type(layer),), {"backward": backward})
    return other


@every_kind
@pytest.mark.parametrize("bias", [10, 15, 20, 30, 36, 40, 1e4])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_saturated_units_raise_no_false_alarm(kind, bias, dtype):
    """1 − σ² of a rounded σ has few digits left, and at 40 none; the check differentiates what is computed."""
    layer = make_layer(kind, dtype=dtype)
    layer.params["b"] += bias * np.resize([1, -1, -1], layer.params["b"].shape).astype(dtype)
    x = draw(layer, T=4, B=2).x
    report = check_layer(layer, x)
    assert report.ok, report
    flipped = spoilt(layer, lambda grads, *_: [a.__imul__(-1) for a in (*grads.params.values(), grads.x)])
    zero = {row.name for row in report.rows if row.verdict == "zero"} | {f"{part}_0" for part in layer.STATE}
    assert {row.name for row in check_layer(flipped, x).rows if row.ok} <= zero


def test_a_sign_planted_at_a_saturated_gate_is_seen():
    lstm = make_layer("LSTM")
    lstm.by_gate(lstm.params)["b_f"][:] = 20  # σ′ is 2e-9
    flipped = spoilt(lstm, lambda grads, *_: lstm.by_gate(grads.params)["W_fx"].__imul__(-1))
    x = draw(lstm, T=4, B=2).x
    assert check_layer(lstm, x).ok
    assert check_layer(flipped, x).wrong == ["W_fx"]


def test_layers_set_by_hand_pass_their_own_check():
    """As chapter 02 sets them: a cell that counts along the line, and one that is on inside a word."""
    text, alphabet = "it's a\nword", "\n 'adiorstw"
    reader = LSTM(len(alphabet), 2, rng=np.random.default_rng(0))
    for a in reader.params.values():
        a[...] = 0
    q, newline = reader.by_gate(reader.params), alphabet.index("\n")
    letters = [k for k, character in enumerate(alphabet) if character.isalpha()]
    for g in "fi":
        q[f"W_{g}x"][0], q[f"W_{g}x"][0, newline] = 40, -40
        q[f"W_{g}x"][1] = -40
    q["W_fx"][1, alphabet.index("'")], q["W_ix"][1, letters] = 40, 40
    q["W_cx"][:], q["W_ox"][:] = 40, 40
    x = np.eye(len(alphabet))[[alphabet.index(character) for character in text]]
    assert reader.forward(x)[1].c.T.tolist() == [[1, 2, 3, 4, 5, 6, 0, 1, 2, 3, 4], [1, 1, 1, 1, 0, 1, 0, 1, 1, 1, 1]]
    report = check_layer(reader, x)
    assert report.ok, report
    assert {row.verdict for row in report.rows} == {"zero", TEXT["complex", "float64"]}


@every_kind
def test_an_error_planted_in_one_array_is_found_there(kind):
    layer = make_layer(kind)
    data = draw(layer, T=3, B=2)
    for name in by_name(layer, layer.backward(data.dh, layer.forward(data.x)[1])):

        def spoil(grads, *_, name=name):
            by_name(layer, grads)[name].flat[-1] += 1e-4

        assert check_layer(spoilt(layer, spoil), data.x).wrong == [name]


def test_every_output_and_the_final_state_have_an_error_and_the_initial_state_is_not_zero():
    rnn = make_layer("RNN-tanh")
    data = draw(rnn, T=3, B=2)
    x, seen = data.x, []

    def look(grads, dh, trace, dstate):
        seen.append([dh, trace.h_prev[0], dstate])

    assert check_layer(spoilt(rnn, look), data.x).ok
    drawn = np.concatenate([a.ravel() for a in seen[0]])
    assert len(np.unique(np.abs(drawn))) == drawn.size
    assert drawn.all()

    lstm = make_layer("LSTM")
    seen.clear()
    assert check_layer(
        spoilt(lstm, lambda grads, dh, trace, ds: seen.append((dh, trace.h_prev[0], trace.c_prev[0], *ds))), x
    ).ok
    model = Sequential([spoilt(lstm, lambda grads, dh, trace, ds: seen.append(ds)), make_layer("GRU-after", 2, 2)])
    assert check_layer(model, x).ok
    drawn = np.concatenate([a.ravel() for given in seen for a in given])
    assert drawn.all()

    def lose_the_initial_states_share(grads, dh, trace, dstate):
        grads.params["W_h"] -= grads.deltas.net[0].T @ trace.h_prev[0]

    wrong = spoilt(rnn, lose_the_initial_states_share)
    assert check_layer(wrong, data.x).wrong == ["W_h"]
    assert check_layer(wrong, data.x, np.zeros((2, 2))).ok


def test_the_generator_is_the_callers_or_a_fixed_one():
    lstm = make_layer("LSTM")
    x = draw(lstm, T=2, B=1).x

    def drawn(**rng):
        seen = []
        check_layer(spoilt(lstm, lambda grads, dh, trace, dstate: seen.append([dh, trace.state, dstate])), x, **rng)
        return seen

    assert same(drawn(), drawn())
    assert same(drawn(), drawn(rng=np.random.default_rng(0)))
    assert not same(drawn(), drawn(rng=np.random.default_rng(1)))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_stack_is_checked_layer_by_layer(dtype):
    lstm, gru = make_layer("LSTM", 2, 2, dtype), make_layer("GRU-after", 2, 1, dtype, seed=1)
    model = Sequential([lstm, gru, Dense(1, 2, rng=np.random.default_rng(0), dtype=dtype)])
    data, above = draw(lstm, T=3, B=2), draw(gru, T=3, B=2)
    gates = [
        [f"W_{g}x" for g in names] + [f"W_{g}h" for g in names] + [f"b_{g}" for g in names] for names in ("fioc", "zrh")
    ]
    names = [*gates[0], "h_0", "c_0"], [*gates[1], "b_hh", "h_0"], ["W", "b"]
    for state in (None, [data.state, above.state, None]):
        report = check_layer(model, data.x, state)
        assert report.ok, report
        assert [row.name for row in report.rows] == [f"{k}.{name}" for k in range(3) for name in names[k]] + ["x"]
    model.layers[1] = spoilt(gru, lambda grads, *_: grads.params["b"].__imul__(1.1))
    assert check_layer(model, data.x).wrong == ["1.b_z", "1.b_r", "1.b_h"]


def test_a_dense_layer_alone():
    dense = Dense(2, 3, rng=np.random.default_rng(0))
    assert [row.name for row in check_layer(dense, np.ones((2, 2))).rows] == ["W", "b", "x"]
    assert check_layer(spoilt(dense, lambda grads, *_: grads.x.__imul__(2)), np.ones((2, 2))).wrong == ["x"]
