"""What chapter 08 runs: the nets of 1997 and 2000, the embedded Reber grammar, its streams, and the long lags."""

import re
from dataclasses import replace

import numpy as np
import pytest
from conftest import error

from experiments import chapter_08, classic, continual, net_1997, reber
from experiments.net_1997 import ADDING, DIRECT, GERS, GERS_1997, ORDER_6A, ORDER_6B, REBER_3x2, REBER_4x1
from experiments.starts import maker
from experiments.tasks import Task
from experiments.training import train
from lstm_core import complex_step, mean_squared_error

new = np.random.default_rng
REBER = chapter_08.REBER

# --- The nets as printed ----------------------------------------------------------------------------------------------

PLANS = {"4 x 1": REBER_4x1, "3 x 2": REBER_3x2, "adding": ADDING, "2000": GERS, "2000, no forget gates": GERS_1997}
PLANS["3 x 2, direct"] = replace(REBER_3x2, **DIRECT)


def test_weights_as_published():
    plans = (REBER_4x1, REBER_3x2, ADDING, ORDER_6A, ORDER_6B, GERS)
    assert [plan.weights for plan in plans] == [264, 276, 93, 156, 308, 424]
    rng = new(0)
    for plan in plans:
        dW, dV = (rng.random((1, *a.shape)) + 1 for a in plan.new(rng, 0.2))
        dW, dV = net_1997.without_missing_biases(plan, dW, dV)
        assert np.count_nonzero(dW) + np.count_nonzero(dV) == plan.weights


def test_biases_go_to_their_gates():
    W, V = GERS.new(new(0), 0.2, i=(-1, -2, -3, -4), o=(-5, -6, -7, -8), f=(1, 2, 3, 4))
    assert W[8:, -1].tolist() == [-1, -2, -3, -4, -5, -6, -7, -8, 1, 2, 3, 4]
    assert (W[:8, -1] == 0).all()
    assert (V[:, -1] != 0).all()


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)
def test_the_gradients_are_those_of_the_forward_pass(plan, whole):
    """The truncated one: of a forward pass whose every step hears what it heard, whatever the weights."""
    rng, T = new(1), 6
    W, V = (a[None] for a in plan.new(rng, 0.8))
    x, target = rng.standard_normal((T, 1, 1, plan.inputs)), rng.random((T, 1, 1, plan.outputs))

    def steps(W, V, heard=None):
        state, now = net_1997.zeros(plan, 1), []
        for t in range(T):
            now.append(net_1997.forward(plan, W, V, x[t], (state[0], state[1] if heard is None else heard[t])))
            state = now[-1].state
        return now

    own = steps(W, V)
    heard = None if whole else [net_1997.zeros(plan, 1)[1]] + [now.state[1] for now in own[:-1]]

    def loss(W, V):
        return sum(np.square(target[t] - now.out).sum() for t, now in enumerate(steps(W, V, heard))) / 2

    numeric = net_1997.without_missing_biases(
        plan, -complex_step(lambda a: loss(a, V), W), -complex_step(lambda a: loss(W, a), V)
    )
    errors = [target[t] - now.out for t, now in enumerate(own)]
    found = [net_1997.through_time(plan, W, V, own, errors, whole)]
    if not whole:
        trace, parts = np.zeros((2 + plan.forget, 1, plan.cells, W.shape[-1])), []
        for now, e in zip(own, errors, strict=True):
            trace = net_1997.traces(plan, now, trace)
            parts.append(net_1997.truncated(plan, V, now, trace, e))
        found.append([sum(part) for part in zip(*parts, strict=True)])
    for gradients in found:
        for a, b in zip(gradients, numeric, strict=True):
            assert error(a, b) < 1e-13


# --- The grammar ------------------------------------------------------------------------------------------------------

INNER = r"B(?:TS*X(?:S|X(?=[TV])T*V(?:PXT*V)*(?:V|PS))|PT*V(?:PXT*V)*(?:V|PS))E"
EMBEDDED = re.compile(rf"B([TP]){INNER}\1E")


def test_the_sets():
    for pair in range(3):
        training, test = reber.sets(pair)
        assert len(training) == len(test) == 256
        assert not set(training) & set(test)
        assert all(EMBEDDED.fullmatch(string) for string in training + test)
    assert reber.sets(0) != reber.sets(1)


def test_what_may_follow():
    assert reber.possible("BTBTXSETE") == ["TP", "B", "TP", "SX", "XS", "E", "T", "E"]
    for string in reber.sets(0)[0][:50]:
        for k, some in enumerate(reber.possible(string)):
            assert string[k + 1] in some


def test_the_criterion():
    x, _, may_follow = reber.as_arrays("BTBTXSETE")
    y = may_follow + 0.1 * new(0).random(may_follow.shape)
    assert reber.criterion(y, may_follow)
    assert reber.criterion(np.concatenate([y, y[:3]]), np.concatenate([may_follow, 0 * y[:3]]))
    for t, k in np.argwhere(may_follow == 1):
        wrong = y.copy()
        wrong[t, k] = 0
        assert not reber.criterion(wrong, may_follow)
    assert not reber.criterion(0 * y, may_follow)  # equal is not more


def test_all_strings_of_both_sets_are_tried():
    whole_of = {string[:-1]: string for pair in range(3) for part in reber.sets(pair) for string in part}

    class Knows:
        def __init__(self, wrong):
            self.wrong = wrong

        def outputs(self, x, places):
            strings = ["".join(reber.SYMBOLS[k] for k in one[one.any(-1)].argmax(-1)) for one in x.swapaxes(0, 1)]
            y = np.zeros((len(x), len(places), *x.shape[1:]))
            for m, string in enumerate(strings):
                whole = whole_of[string]
                may_follow = reber.as_arrays(whole)[2]
                y[: len(may_follow), :, m] = may_follow[:, None]
                for n, place in enumerate(places):
                    y[:, n, m] *= whole != self.wrong[place]
            return y

    training, test = reber.sets(1)
    learner = Knows([None, training[7], test[-1], None])
    assert reber.meets_criterion(learner, np.array([1, 1, 1, 0])).tolist() == [True, False, False, True]


@pytest.mark.parametrize("setting", REBER[::3], ids=str)
def test_strings_are_learned_the_same_alone_and_beside_others(setting):
    experiment = chapter_08.EXPERIMENTS[0]
    together = experiment.run(experiment.name, setting, range(4), 20)
    for trials in ([2], [3, 1]):
        assert experiment.run(experiment.name, setting, trials, 20) == [together[trial] for trial in trials]


def test_once_a_string_is_the_sum_of_its_steps():
    """At a rate so small that the weights hardly move within a string."""
    strings, moved = ["BTBTXSETE", "BPBPVPXVVEPE"], []
    for every in ("step", "string"):
        learner = reber.Published(REBER_3x2, [new(0), new(1)], 1e-7, every=every, o=(-1, -2, -3))
        before = learner.W.copy()
        learner.learn(strings)
        moved.append(learner.W - before)
    assert error(*moved) < 1e-5


@pytest.mark.parametrize("experiment", chapter_08.LARGE, ids=lambda experiment: experiment.name)
def test_what_waits_for_a_cluster_runs(experiment):
    for setting in experiment.settings[-1:]:
        (row,) = experiment.run(experiment.name, setting, [1], 2)
        assert len(row["losses"]) == 2


# --- Streams ----------------------------------------------------------------------------------------------------------


def letters(streams, steps):
    return ["".join(column) for column in zip(*[symbols(streams.step()[0]) for _ in range(steps)], strict=True)]


def symbols(x):
    return [reber.SYMBOLS[k] for k in x.argmax(axis=-1)]


def test_a_stream_is_strings_without_a_break():
    for text in letters(continual.Streams([new(0), new(1)], ahead=7), 4000):
        parts = re.match(rf"(?:B([TP]){INNER}\1E)*", text)
        assert len(text) - parts.end() < 60
        assert text.startswith("B")
        strings = [m.group() for m in EMBEDDED.finditer(text)]
        assert np.mean([len(s) for s in strings]) == pytest.approx(12, rel=0.15)


def test_a_stream_begins_anew_and_goes_on_alone():
    streams = continual.Streams([new(0), new(1), new(2)])
    letters(streams, 5)
    streams.restart(np.array([1]))
    assert letters(streams, 3)[1][0] == "B"
    others = continual.Streams([new(0), new(2)])
    letters(others, 8)
    streams.keep(np.array([0, 2]))
    assert letters(streams, 2000) == letters(others, 2000)


def test_error_free_counts_to_the_first_error_of_each_stream():
    """One net knows all; one is wrong from the 250th symbol on; one says nothing."""

    def say(x, state):
        start = 0 if state is None else state
        y = np.full(x.shape, 0.5)
        y[:, 1][250 - start if start <= 250 < start + len(x) else len(x) if start < 250 else 0 :] = 0
        y[:, 2] = 0
        return y, start + len(x)

    assert continual.error_free(say, new(0), 3, longest=600).tolist() == [[600] * 10, [250] * 10, [0] * 10]


def test_a_net_that_forgets_is_perfect_and_keeps_no_closing_letter():
    """Two nets know the inner grammar; one keeps the outer letter as well, the other always says half T and half P."""

    def say(x, state):
        read = np.zeros((0, *x.shape[1:-1]), int) if state is None else state
        read = np.concatenate([read, x.argmax(axis=-1)])
        y = np.zeros(x.shape)
        for stream in range(continual.TESTS):
            text = "".join(reber.SYMBOLS[k] for k in read[:, 0, stream])
            for t in range(len(x)):
                string = re.split(r"(?<=[TP]E)(?=B)", text[: len(text) - len(x) + t + 1])[-1]
                after = follows(string)
                for net in range(2):
                    allowed = "TP" if net and len(string) > 2 and after in ("T", "P") else after
                    y[t, net, stream, [reber.SYMBOLS.index(symbol) for symbol in allowed]] = 1 / len(allowed)
        return y, read

    assert continual.error_free(say, new(0), 2, longest=300).tolist() == [[300] * 10] * 2
    kept, forgotten = continual.closings_right(say, new(1), 2, parts=3)
    assert kept == 1
    assert 0.3 < forgotten < 0.7


def follows(string):
    """What may follow the beginning of an embedded string."""
    if len(string) < 3:
        return ("TP", "B")[len(string) - 1]
    state = 0
    for k, symbol in enumerate(string[2:]):
        state = reber.AUTOMATON[state][symbol]
        if state == 7:
            return (string[1], "E", "B")[len(string) - 3 - k]
    return "".join(reber.AUTOMATON[state])


@pytest.mark.parametrize("setting", chapter_08.AS_PRINTED + chapter_08.STREAMS[:3], ids=str)
def test_streams_are_learned_the_same_alone_and_beside_others(setting):
    run = chapter_08.EXPERIMENTS[2].run
    together = run("continual_reber", setting, range(4), 60)
    for trials in ([2], [3, 1]):
        assert run("continual_reber", setting, trials, 60) == [together[trial] for trial in trials]


def test_a_net_without_forget_gate_forgets_nothing():
    layer = maker("LSTM", 7, 3, "f = 1", 12)(new(0))
    x, _ = continual.Streams([new(1)]).step()
    _, trace = layer.forward(np.repeat(x, 50, axis=0))
    assert (trace.f == 1).all()
    assert error(trace.c, np.cumsum(trace.i * trace.c_tilde, axis=0)) < 1e-14


# --- Long lags --------------------------------------------------------------------------------------------------------


def test_adding_and_multiplication():
    for draw, low, rest in ((classic.adding, -1, 0), (classic.multiplication, 0, 1)):
        rng, firsts = new(0), 0
        for _ in range(500):
            x, target = draw(rng, 100)
            assert 100 <= len(x) <= 110
            assert x[:, 0].min() >= low
            assert x[0, 1] == x[-1, 1] == -1
            places = np.flatnonzero(x[:, 1] == 1)
            values = [*x[places, 0], *[rest] * (2 - len(places))]
            firsts += len(places) == 1
            assert len(places) in (1, 2)
            assert places.max() < 49
            assert places.min() < 10 or len(places) == 1
            expected = 0.5 + sum(values) / 4 if draw is classic.adding else np.prod(values)
            assert target == pytest.approx(expected)
        assert 30 < firsts < 90  # the first pair, one time in ten and a little more


@pytest.mark.parametrize("marks", [2, 3])
def test_temporal_order(marks):
    rng, classes = new(0), set()
    for _ in range(300):
        x, target = classic.temporal_order(rng, marks)
        text = "".join("EBXYabcd"[k] for k in x.argmax(axis=1))
        assert re.fullmatch(rf"E[abcd]+(?:[XY][abcd]+){{{marks}}}B", text)
        assert 100 <= len(text) <= 110
        places = [k for k, symbol in enumerate(text) if symbol in "XY"]
        assert all(low <= k <= high for k, (low, high) in zip(places, classic.WINDOWS[marks], strict=True))
        assert target == int("".join("01"["XY".index(text[k])] for k in places), 2)
        classes.add(target)
    assert len(classes) == 2**marks


@pytest.mark.parametrize("name", classic.TASKS)
def test_long_lags_as_tasks(name):
    task = classic.TASKS[name](100)
    x, target, mask = task.batch(new(0), 6)
    assert x.shape == (110, 6, task.D)
    assert (mask.sum(axis=0) == 1).all()
    assert not x[np.maximum.accumulate(mask, axis=0) & ~mask].any()  # nothing after the end
    y = np.repeat(target, 1, axis=0) if task.K == 1 else 20 * np.eye(task.K)[target]
    assert task.right(y, target, mask) == 1
    assert classic.distances(y, target, mask).max() < 1e-7
    far = y.copy()
    far[:, 0] += 0.05 if task.K == 1 else -15 * y[:, 0]
    assert task.right(far, target, mask) == pytest.approx(5 / 6)


def test_solved_needs_both_halves_where_there_are_two():
    """Right from the third update on, close enough from the sixth on."""
    easy, seen = Task(1, 1, mean_squared_error, lambda rng, B: (np.zeros((2, B, 1)), *two(B)), lambda *a: 1.0), []

    def off(*answer):
        seen.append(1)
        return 0.0 if len(seen) > 5 else 1.0

    (row,) = train(
        "easy", [0], easy, maker("RNN", 1, 2, "as made", 2), updates=50, enough=1.0, window=3, off=off, close=0.5
    )
    assert (row["right"], row["solved"]) == (3, 7)


def two(B):
    return np.zeros((2, B, 1)), np.ones((2, B), bool)
