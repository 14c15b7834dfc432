"""Losses against their formulas, term by term; optimisers against steps computed by hand."""

import copy
import math

import numpy as np
import pytest
from conftest import complex_step, error, same

from lstm_core import (
    SGD,
    Adam,
    binary_cross_entropy,
    check_gradients,
    clip_by_global_norm,
    mean_squared_error,
    softmax_cross_entropy,
    step_decay,
)

T, B, K = 3, 2, 4
MASK = np.array([[True, True], [True, False], [False, False]])


def squared(y, target):
    return sum((y[k] - target[k]) ** 2 for k in range(K)) / K


def binary(a, target):
    p = 1 / (1 + np.exp(-a))
    return -sum(target[k] * np.log(p[k]) + (1 - target[k]) * np.log(1 - p[k]) for k in range(K)) / K


def cross_entropy(a, target):
    return -np.log(np.exp(a[target]) / sum(np.exp(a[k]) for k in range(K)))


FORMULAS = {mean_squared_error: squared, binary_cross_entropy: binary, softmax_cross_entropy: cross_entropy}
every_loss = pytest.mark.parametrize("loss", FORMULAS, ids=lambda loss: loss.__name__)
every_mask = pytest.mark.parametrize(
    "mask", [None, MASK, MASK.astype(int), MASK.astype(np.float32)], ids=["no mask", "bool", "int", "float"]
)


def example(loss, dtype=np.float64):
    """Outputs of ordinary size and targets of the loss's kind."""
    rng = np.random.default_rng(0)
    y = rng.standard_normal((T, B, K)).astype(dtype)
    if loss is softmax_cross_entropy:
        return y, rng.integers(0, K, (T, B))
    return y, rng.uniform(0, 1, (T, B, K)).astype(dtype)


@every_loss
@every_mask
@pytest.mark.parametrize("imaginary", [0, 0.3j])
def test_a_loss_is_the_mean_of_its_formula_over_the_steps_that_count(loss, mask, imaginary):
    y, target = example(loss)
    y = y + imaginary * np.arange(K) if imaginary else y
    counted = [at for at in np.ndindex(T, B) if mask is None or MASK[at]]
    expected = sum(FORMULAS[loss](y[at], target[at]) for at in counted) / len(counted)
    value, _ = loss(y, target, mask)
    assert isinstance(value, complex if imaginary else float)
    assert abs(value - expected) < 1e-15


@every_loss
@every_mask
def test_a_losss_gradient_is_its_derivative(loss, mask):
    y, target = example(loss)
    gradient = loss(y, target, mask)[1]
    assert error(gradient, complex_step(lambda y: loss(y, target, mask)[0], y)) < 1e-14
    assert mask is None or not gradient[~MASK].any()
    assert gradient[MASK].all()


@every_loss
@pytest.mark.parametrize("rubbish", [np.nan, np.inf, 1e300])
def test_a_masked_step_changes_neither_value_nor_gradient(loss, rubbish):
    y, target = example(loss)
    before = loss(y, target, MASK)
    y[~MASK] = rubbish
    target[~MASK] = -7 if loss is softmax_cross_entropy else rubbish
    given = copy.deepcopy((y, target))
    assert loss(y, target, MASK)[0] == before[0]
    assert same(loss(y, target, MASK)[1], before[1])
    assert all(np.array_equal(a, b, equal_nan=True) for a, b in zip((y, target), given, strict=True))


@every_loss
def test_a_losss_gradient_has_the_dtype_of_the_outputs(loss):
    y, target = example(loss, np.float32)
    value, gradient = loss(y, target, MASK)
    assert gradient.dtype == np.float32
    assert value == pytest.approx(loss(*example(loss), MASK)[0], rel=1e-6)
    assert loss(y.astype(np.complex64), target)[1].dtype == np.complex64


def test_losses_take_one_sequence_without_a_batch_and_more_axes():
    y, target = example(mean_squared_error)
    assert mean_squared_error(y[:, 0], target[:, 0])[0] == pytest.approx(np.mean((y[:, 0] - target[:, 0]) ** 2))
    assert softmax_cross_entropy(y[None], np.ones((1, T, B), int))[1].shape == (1, T, B, K)


@every_loss
def test_one_step_alone(loss):
    y, target = example(loss)
    value, gradient = loss(y[0, 0], target[0, 0])
    batch = loss(y[:1, :1], target[:1, :1])
    assert value == batch[0]
    assert same(gradient, batch[1][0, 0])
    if loss is softmax_cross_entropy:
        for scalar in (int(target[0, 0]), np.uint8(target[0, 0]), np.array(target[0, 0])):
            assert loss(y[0, 0], scalar)[0] == value


@every_loss
@every_mask
def test_one_sequence_is_a_batch_of_one(loss, mask):
    y, target = example(loss)
    mask = None if mask is None else mask[:, :1]
    value, gradient = loss(y[:, :1], target[:, :1], mask)
    one = loss(y[:, 0], target[:, 0], None if mask is None else mask[:, 0])
    assert one[0] == value
    assert same(one[1], gradient[:, 0])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_logits_of_any_size_neither_overflow_nor_lose_the_loss(dtype):
    a = np.array([[800.0, -800.0]], dtype)
    for target, expected in (([[1.0, 0.0]], 0), ([[0.0, 1.0]], 800), ([[0.5, 1.0]], 600)):
        value, gradient = binary_cross_entropy(a, np.array(target, dtype))
        assert value == expected
        assert gradient.tolist() == [[(1 - target[0][0]) / 2, -target[0][1] / 2]]
    for k, expected in enumerate((0, 1600)):
        value, gradient = softmax_cross_entropy(a, np.array([k]))
        assert value == expected
        assert gradient.tolist() == [[1.0 - (k == 0), -1.0 * (k == 1)]]


def test_one_steps_logits_say_nothing_of_anothers():
    a = np.array([[1000.0, 1000.0], [-1000.0, -1000.0], [0.0, 0.0]])
    value, gradient = softmax_cross_entropy(a, np.array([0, 1, 1]))
    assert value == pytest.approx(math.log(2), rel=1e-15)
    assert np.abs(3 * gradient).tolist() == [[0.5, 0.5]] * 3


def close(a, b, rel):
    """Relative, down to zero: pytest.approx alone takes anything below 1e-12 for zero."""
    return a == pytest.approx(b, rel=rel, abs=0)


@pytest.mark.parametrize(("dtype", "rel"), [(np.float64, 1e-14), (np.float32, 1e-6)])
@pytest.mark.parametrize("a", [10.0, 20.0, 40.0, 80.0])
def test_a_small_loss_keeps_its_digits(dtype, rel, a):
    """log(1 + e^−40) is e^−40, not 0, and so is the gradient."""
    small = math.log1p(math.exp(-a))
    slope = 1 / (1 + math.exp(a))
    for logit, target, sign in ((a, 1.0, -1), (-a, 0.0, 1)):
        value, gradient = binary_cross_entropy(np.array([logit], dtype), np.array([target], dtype))
        assert close(value, small, rel)
        assert close(gradient[0], sign * slope, rel)
    value, gradient = softmax_cross_entropy(np.array([a / 2, -a / 2, -1e4], dtype), 0)
    assert close(value, small, rel)
    assert close(gradient[0], -slope, rel)
    assert close(gradient[1], slope, rel)


@pytest.mark.parametrize("loss", [binary_cross_entropy, softmax_cross_entropy])
@pytest.mark.parametrize("size", [1.0, 10.0, 20.0, 40.0])
def test_the_gradient_check_finds_losses_right_where_they_are_sure(loss, size):
    a = size * np.array([[1.0, -1.0], [-1.0, 1.0], [0.5, 0.25]])
    for target in ([1, 0, 1], [0, 1, 0], [1, 1, 0]):
        wanted = np.array(target) if loss is softmax_cross_entropy else np.eye(2)[target]
        gradient = loss(a, wanted)[1]
        report = check_gradients(lambda p, wanted=wanted: loss(p["a"], wanted)[0], {"a": a}, {"a": gradient})
        assert report.ok, report


# --- Optimisers ------------------------------------------------------------------------------------------------------


def test_sgd_by_hand():
    w = np.array([1.0, -2.0])
    SGD({"w": w}, learning_rate=0.1).step({"w": np.array([0.5, 4.0])})
    assert w == pytest.approx([0.95, -2.4])


def test_sgd_with_momentum_by_hand():
    w = np.array([1.0])
    optimiser = SGD({"w": w}, learning_rate=0.1, momentum=0.9)
    for g, expected in ((1.0, 0.9), (2.0, 0.61), (-1.0, 0.449)):  # v = 1, 2.9, 1.61
        optimiser.step({"w": np.array([g])})
        assert w == pytest.approx(expected)


def test_adam_by_hand():
    w = np.array([1.0])
    optimiser = Adam({"w": w}, learning_rate=0.1, beta1=0.8, beta2=0.5, epsilon=0.01)
    # m = 0.1, v = 0.125; without bias: 0.1 / 0.2 = 0.5 and 0.125 / 0.5 = 0.25.
    optimiser.step({"w": np.array([0.5])})
    first = 1 - 0.1 * 0.5 / (0.5 + 0.01)
    assert w == pytest.approx(first, rel=1e-14)
    # m = 0.8 · 0.1 − 0.2 = −0.12, v = 0.0625 + 0.5 = 0.5625; divided by 1 − 0.64 and 1 − 0.25.
    optimiser.step({"w": np.array([-1.0])})
    second = first + 0.1 * (0.12 / 0.36) / (math.sqrt(0.75) + 0.01)
    assert w == pytest.approx(second, rel=1e-14)
    # m = −0.096 + 0.4 = 0.304, v = 0.28125 + 2 = 2.28125; divided by 1 − 0.512 and 1 − 0.125.
    optimiser.step({"w": np.array([2.0])})
    assert w == pytest.approx(second - 0.1 * (0.304 / 0.488) / (math.sqrt(2.28125 / 0.875) + 0.01), rel=1e-14)


def test_adams_constants_are_those_of_the_paper():
    """A second gradient of zero leaves m = 0.9 · 0.1 g and v = 0.999 · 0.001 g²."""
    w = np.array([0.0])
    optimiser = Adam({"w": w})
    optimiser.step({"w": np.array([1e-8])})
    assert w == pytest.approx(-1e-3 / 2, rel=1e-12)  # ε = 1e-8 is as large as √v here
    optimiser.step({"w": np.array([0.0])})
    m, v = 0.09 * 1e-8 / (1 - 0.9**2), 0.000999 * 1e-16 / (1 - 0.999**2)
    assert w == pytest.approx(-1e-3 / 2 - 1e-3 * m / (math.sqrt(v) + 1e-8), rel=1e-12)


def test_adam_without_memory_steps_by_the_sign():
    w = np.array([0.0, 0.0])
    optimiser = Adam({"w": w}, learning_rate=0.5, beta1=0, beta2=0)
    optimiser.step({"w": np.array([3.0, -2.0])})
    optimiser.step({"w": np.array([1.0, 5.0])})
    assert w == pytest.approx([-1, 0], abs=1e-8)


MAKERS = {
    "SGD": lambda params, rate: SGD(params, rate),
    "momentum": lambda params, rate: SGD(params, rate, momentum=0.9),
    "Adam": lambda params, rate: Adam(params, rate),
}
every_optimiser = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)


@every_optimiser
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("rate", [0.1, np.float64(0.1)])
def test_a_step_changes_the_params_in_place_and_nothing_else(make, dtype, rate):
    w, b, g = np.array([[1.0, 2.0]], dtype), np.array([3.0], dtype), np.array([[0.5, -0.5]], dtype)
    grads = [{"w": g}, {"w": np.array([1.0], dtype)}]
    optimiser = make([{"w": w}, {"w": b}], rate)
    before = copy.deepcopy(grads)
    optimiser.step(grads)
    optimiser.step(grads)
    assert same(grads, before)
    assert w[0, 0] < 1
    assert w[0, 1] > 2
    assert b[0] < 3
    assert w.dtype == b.dtype == dtype


@every_optimiser
def test_the_learning_rate_may_be_set_between_steps(make):
    w, other = np.array([1.0]), np.array([1.0])
    optimiser, twin = make({"w": w}, 0.5), make({"w": other}, 1.0)
    for rate in (0.25, 0.125):
        optimiser.learning_rate, twin.learning_rate = rate, 2 * rate
        optimiser.step({"w": np.array([1.0])})
        twin.step({"w": np.array([1.0])})
    assert other - 1 == pytest.approx(2 * (w - 1))


@every_optimiser
@pytest.mark.parametrize("wrong", [np.array([np.nan]), np.array([1.0, 1.0]), np.array([1.0], np.float32), [1.0]])
def test_a_wrong_gradient_changes_nothing(make, wrong):
    params = {"w": np.array([1.0]), "b": np.array([2.0])}
    optimiser, twin = make(params, 0.1), make(copy.deepcopy(params), 0.1)
    with pytest.raises((TypeError, ValueError), match="^gradient of b: "):
        optimiser.step({"w": np.array([1.0]), "b": wrong})
    right = {"w": np.array([1.0]), "b": np.array([-1.0])}
    optimiser.step(right)
    twin.step(right)
    assert same(params, twin.params)


@every_optimiser
def test_where_one_array_cannot_be_changed_none_is(make):
    params = {"w": np.array([1.0]), "b": np.array([2.0])}
    optimiser, twin = make(params, 0.1), make(copy.deepcopy(params), 0.1)
    grads = {"w": np.array([1.0]), "b": np.array([1.0])}
    params["b"].flags.writeable = False
    with pytest.raises(ValueError, match="^b: expected an array that can be changed in place"):
        optimiser.step(grads)
    params["b"].flags.writeable = True
    optimiser.step(grads)
    twin.step(grads)
    assert optimiser.updates == twin.updates == 1
    assert same(params, twin.params)


@pytest.mark.parametrize(
    ("make", "dtype", "size"),
    [
        (MAKERS["SGD"], np.float32, 3e38),
        (MAKERS["momentum"], np.float64, 1e308),
        (MAKERS["Adam"], np.float64, 1e200),  # its square is more than a float64 holds
    ],
)
def test_an_update_that_overflows_is_refused_and_changes_nothing(make, dtype, size):
    params = {"w": np.array([1.0], dtype), "b": np.array([2.0], dtype)}
    optimiser, twin = make(params, 1e10), make(copy.deepcopy(params), 1e10)
    small = {"w": np.ones(1, dtype), "b": np.ones(1, dtype)}
    with pytest.raises(ValueError, match="^gradient of b: too large"):
        optimiser.step({**small, "b": np.array([size], dtype)})
    assert same(params, twin.params)
    optimiser.step(small)
    twin.step(small)
    assert same(params, twin.params)


def test_adam_recovers_from_one_huge_gradient_in_float32_too():
    """The square of 1e21 is more than a float32 holds: the memory is float64."""
    moved = {}
    for dtype in (np.float32, np.float64):
        w = np.zeros(1, dtype)
        optimiser = Adam({"w": w})
        for g in [1e21] + [1.0] * 200:
            optimiser.step({"w": np.array([g], dtype)})
        moved[dtype] = w[0]
    assert moved[np.float64] == pytest.approx(-6e-3, rel=0.1)
    assert moved[np.float32] == pytest.approx(moved[np.float64], rel=1e-4)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("epsilon", [1e-50, 1e-150])
def test_adams_epsilon_may_be_smaller_than_the_params_dtype_holds(dtype, epsilon):
    w = np.zeros(2, dtype)
    optimiser = Adam({"w": w}, epsilon=epsilon)
    optimiser.step({"w": np.array([0, 1], dtype)})
    assert w == pytest.approx([0, -1e-3])


@every_optimiser
def test_gates_of_one_array_are_no_doubles(make):
    """Views of parts that do not overlap are arrays of their own, columns of one array too."""
    whole = np.zeros((4, 4))
    optimiser = make({"top": whole[:2, ::2], "odd": whole[:2, 1::2], "bottom": whole[2:]}, 1.0)
    optimiser.step({name: np.ones_like(a) for name, a in optimiser.params.items()})
    assert np.abs(whole + 1).max() < 1e-6


# --- Clipping and the schedule ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("many", [False, True], ids=["dict", "list of dicts"])
def test_clipping_scales_all_gradients_together(many):
    a, b = np.array([3.0, 0.0]), np.array([[-4.0]])
    grads = [{"w": a}, {"w": b}] if many else {"a": a, "b": b}
    norm = clip_by_global_norm(grads, 1.0)
    assert norm == 5.0
    assert isinstance(norm, float)
    assert a == pytest.approx([0.6, 0])
    assert b == pytest.approx(-0.8)
    assert clip_by_global_norm(grads, 2.0) == pytest.approx(1.0)
    assert a == pytest.approx([0.6, 0])


def test_a_norm_at_or_below_the_bound_leaves_the_gradients_as_they_are():
    grads = {"a": np.array([3.0, 4.0])}
    for bound in (5.0, 5, 100.0):
        assert clip_by_global_norm(grads, bound) == 5.0
        assert grads["a"].tolist() == [3.0, 4.0]
    zero = {"a": np.zeros(2)}
    assert clip_by_global_norm(zero, 1.0) == 0.0
    assert same(zero, {"a": np.zeros(2)})


@pytest.mark.parametrize(
    ("dtype", "size"), [(np.float32, 1e20), (np.float32, 1e-30), (np.float64, 1e200), (np.float64, 1e-200)]
)
def test_the_norm_neither_overflows_nor_vanishes(dtype, size):
    grads = {"a": np.array([3 * size], dtype), "b": np.array([-4 * size], dtype)}
    assert close(clip_by_global_norm(grads, size), 5 * size, 1e-6)
    assert close(grads["a"] / dtype(size), 0.6, 1e-6)
    assert close(grads["b"] / dtype(size), -0.8, 1e-6)
    assert grads["a"].dtype == dtype


def test_many_small_entries_are_clipped_too():
    """A hundred ones have the norm 10, and none of them is large."""
    grads = {"W": np.ones((10, 10))}
    assert clip_by_global_norm(grads, 9.0) == 10.0
    assert np.linalg.norm(grads["W"]) == pytest.approx(9.0)
    assert clip_by_global_norm(grads, 9.5) == pytest.approx(9.0)
    assert np.linalg.norm(grads["W"]) == pytest.approx(9.0)


@pytest.mark.parametrize(
    ("dtype", "size", "bound"), [(np.float32, 3e38, 1e-7), (np.float32, 3e38, 1e-3), (np.float64, 1e300, 1e-20)]
)
def test_a_huge_gradient_is_clipped_to_a_small_norm(dtype, size, bound):
    grads = {"a": np.array([size, size / 3], dtype)}
    clip_by_global_norm(grads, bound)
    assert close(np.linalg.norm(grads["a"].astype(float)), bound, 1e-6)


def test_numpys_own_errors_leave_all_as_it_was_or_done():
    """Underflow is no failure, even where NumPy is told to raise."""
    grads = {"a": np.array([1e100]), "b": np.array([1e-150])}
    w = {"a": np.ones(1), "b": np.ones(1)}
    optimiser = Adam(w, 0.1)
    with np.errstate(all="raise"):
        assert clip_by_global_norm(grads, 1.0) == 1e100
        optimiser.step({"a": np.array([1e-200]), "b": np.array([5e-324])})
    assert (grads["a"], grads["b"]) == (1.0, 1e-250)
    assert optimiser.updates == 1


def test_a_norm_beyond_all_numbers_still_clips():
    grads = {"a": np.full(4, 1.5e308)}
    assert clip_by_global_norm(grads, 1.0) == np.inf
    assert grads["a"] == pytest.approx([0.5] * 4)


def test_where_one_gradient_cannot_be_changed_none_is_clipped():
    grads = {"a": np.array([3.0]), "b": np.array([4.0])}
    grads["b"].flags.writeable = False
    with pytest.raises(ValueError, match="^b: expected an array that can be changed in place"):
        clip_by_global_norm(grads, 1.0)
    assert grads["a"] == 3


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_clipping_reports_nan_and_inf_and_changes_nothing(bad):
    grads = {"a": np.array([30.0]), "b": np.array([1.0, bad])}
    with pytest.raises(ValueError, match=r"gradient of b: NaN or inf, first at index \(1,\)"):
        clip_by_global_norm(grads, 1.0)
    assert grads["a"] == 30


@pytest.mark.parametrize(("step", "expected"), [(0, 0.8), (9, 0.8), (10, 0.4), (19, 0.4), (20, 0.2), (50, 0.025)])
def test_step_decay(step, expected):
    assert step_decay(0.8, step, every=10) == pytest.approx(expected, rel=1e-15)


def test_step_decays_factor():
    assert step_decay(1, 2, 1, factor=0.1) == pytest.approx(0.01)
    assert isinstance(step_decay(np.float32(1), np.int64(2), 1), float)
    with pytest.raises(ValueError, match="learning_rate: expected a finite number"):
        step_decay(1.0, 5000, 1, factor=2.0)
