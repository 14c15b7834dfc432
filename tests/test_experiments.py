"""Many nets side by side are lstm_core's nets; a trial repeats; the runner loses nothing; records are whole."""

import json
import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from conftest import KINDS, error, make_layer, same
from test_variants import PeepholeLSTM

from experiments import chapter_02, chapter_07, chapter_10, records, variants
from experiments.many import Nets, side_by_side
from experiments.run import ROOT, archive, experiments
from experiments.starts import STARTS, maker
from experiments.tasks import (
    CITIES,
    INES,
    SYMBOLS,
    Task,
    a_n_b_n,
    adding,
    counting,
    first_city,
    first_come,
    first_sign,
    latch,
    one_hot,
    ram,
    reber_stream,
    temporal_order,
    toggle,
    two_memories,
)
from experiments.training import train
from lstm_core import (
    GRU,
    LSTM,
    Adam,
    Dense,
    Recurrent,
    Sequential,
    check_layer,
    clip_by_global_norm,
    mean_squared_error,
)

N, T, B, D, H = 3, 5, 2, 3, 2
FIRST_SIGN = {"layer": "LSTM", "start": "b = 1", "T": 20}


def peephole(seed):
    layer = PeepholeLSTM(D, H, rng=np.random.default_rng(seed))
    layer.params["b"] += np.random.default_rng(seed).uniform(-1, 1, 4 * H)
    return layer


def variant(kind, seed):
    layer = kind(D, H, rng=np.random.default_rng(seed))
    for a in layer.params.values():
        a[...] = np.random.default_rng([seed, a.size]).uniform(-0.8, 0.8, a.shape)
    return layer


VARIANTS = {
    name: kind for name, kind in vars(variants).items() if isinstance(kind, type) and issubclass(kind, Recurrent)
}
for name in ("Recurrent", "LSTM", "HiddenOnly", "CellOnly"):  # the last two are no gradients, and say so
    VARIANTS.pop(name)
MAKERS = {kind: lambda seed, kind=kind: make_layer(kind, D, H, seed=seed) for kind in KINDS} | {"peephole": peephole}
MAKERS |= {name: lambda seed, kind=kind: variant(kind, seed) for name, kind in VARIANTS.items()}


@pytest.mark.parametrize("kind", VARIANTS.values(), ids=VARIANTS)
@pytest.mark.parametrize("x", [np.ones((4, 2, D)) + np.arange(D), np.ones((4, D)) - np.arange(D)], ids=["batch", "one"])
def test_every_gradient_of_every_variant_is_right(kind, x):
    report = check_layer(variant(kind, 0), x)
    assert report.ok, report


def test_a_gru_without_a_reset_gate_is_a_gru_whose_reset_gate_is_open():
    layer = variant(variants.NoReset, 0)
    blocks, x = layer.by_gate(layer.params), np.random.default_rng(0).standard_normal((6, D))
    open_gate = {"W_rx": np.zeros((H, D)), "W_rh": np.zeros((H, H)), "b_r": np.full(H, 40.0)}
    assert error(layer(x)[0], GRU.of(blocks | open_gate)(x)[0]) < 1e-14


def test_a_minimal_gated_unit_is_a_gru_whose_gates_are_one():
    layer = variant(variants.MGU, 0)
    blocks, x = layer.by_gate(layer.params), np.random.default_rng(0).standard_normal((6, D))
    tied = {name.replace("z", "r"): a for name, a in blocks.items() if "z" in name}
    assert error(layer(x)[0], GRU.of(blocks | tied)(x)[0]) < 1e-14


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_a_layer_side_by_side_is_its_layers(make):
    layers, rng = [make(seed) for seed in range(N)], np.random.default_rng(0)
    many = side_by_side(layers)
    x, dh = rng.standard_normal((T, N, B, D)), rng.standard_normal((T, N, B, H))
    h, trace = many.forward(x)
    grads = many.backward(dh, trace)
    for n, layer in enumerate(layers):
        h_n, trace_n = layer.forward(x[:, n])
        assert error(h[:, n], h_n) < 1e-14
        expected = layer.backward(dh[:, n], trace_n).params
        assert set(grads) == set(expected)
        for name, a in expected.items():
            assert error(grads[name][n].reshape(a.shape), a) < 1e-13, name


def test_updates_side_by_side_are_those_of_lstm_core():
    rng = np.random.default_rng(0)
    layers, heads = [make_layer("LSTM", D, H, seed=n) for n in range(N)], [Dense(H, 1, rng=rng) for _ in range(N)]
    nets = Nets(layers, heads, learning_rate=0.05, max_norm=0.3)
    models = [Sequential([layer, head]) for layer, head in zip(layers, heads, strict=True)]
    optimisers = [Adam(model.params, learning_rate=0.05) for model in models]
    x, target = rng.standard_normal((T, N, B, D)), rng.standard_normal((T, N, B, 1))
    places = [0, 1, 2]
    for update in range(12):
        if update == 6:  # the trial in the middle is solved
            nets.keep([0, 2])
            places = [0, 2]
        y, trace = nets.forward(x[:, places])
        dy = np.stack([mean_squared_error(y[:, k], target[:, n])[1] for k, n in enumerate(places)], axis=1)
        norms = nets.update(dy, trace)
        for k, n in enumerate(places):
            y_n, trace_n = models[n].forward(x[:, n])
            assert error(y[:, k], y_n) < 1e-12
            grads = models[n].backward(mean_squared_error(y_n, target[:, n])[1], trace_n).params
            assert norms[k] == pytest.approx(clip_by_global_norm(grads, 0.3), rel=1e-12)
            optimisers[n].step(grads)
    for k, n in enumerate(places):
        for ours, theirs in zip(nets.params(k), models[n].params, strict=True):
            for name, a in theirs.items():
                assert error(ours[name], a) < 1e-11


@pytest.mark.parametrize(
    ("name", "setting"),
    [
        ("first_sign", FIRST_SIGN),
        *[("left_out", {"task": "RAM", "layer": name}) for name in ("GRU, r = 1", "MGU", "RNN")],
    ],
)
def test_a_trial_is_the_same_alone_and_beside_others_to_the_bit(name, setting):
    run = experiments()[name][1].run
    together = run(name, setting, range(4), 200)
    for trials in ([2], [3, 1]):
        assert run(name, setting, trials, 200) == [together[trial] for trial in trials]


def test_a_trial_is_the_same_when_another_has_ended():
    run = experiments()["left_out"][1].run
    setting = {"task": "temporal order", "layer": "GRU, r = 1"}
    together = run("left_out", setting, range(6), None)
    ends = [row["solved"] for row in together]
    last = ends.index(max(ends))
    assert min(ends) < max(ends)
    assert run("left_out", setting, [last], None) == [together[last]]


def test_a_trial_that_fails_is_told_and_spoils_no_other():
    """A linear unit with a weight of 3 overflows within 1,000 steps."""

    def make(rng):
        layer = maker("RNN", 1, 2, "as made", T=2, activation="identity")(rng)
        if rng.random() < 0.5:
            layer.params["W_h"][...] *= 1e3
        return layer

    with np.errstate(over="ignore", invalid="ignore"):
        rows = train("some fail", range(6), first_sign(200), make, updates=5)
        alone = [train("some fail", [trial], first_sign(200), make, updates=5)[0] for trial in range(6)]
    failed = [row["failed"] for row in rows]
    assert {None, 1} == set(failed)
    assert [len(row["losses"]) for row in rows] == [5 if f is None else 0 for f in failed]
    assert rows == alone


def test_solved_is_counted_over_the_window_and_the_trial_ends_there():
    """A task whose answer is right from the third update on."""
    seen = []

    def right(y, target, mask):
        seen.append(1)
        return float(len(seen) > 2)

    easy = first_sign(2)
    task = Task(1, 1, easy.loss, easy.batch, right)
    (row,) = train("easy", [0], task, maker("RNN", 1, 2, "as made", 2), updates=100, enough=0.8, window=5, points=10)
    assert (row["solved"], row["failed"], len(row["losses"]), len(row["curve"])) == (6, None, 6, 1)
    (row,) = train("easy", [0], task, maker("RNN", 1, 2, "as made", 2), updates=100, limit=3, window=5)
    assert (row["solved"], len(row["losses"])) == (None, 3)


# --- Tasks and starts -------------------------------------------------------------------------------------------------


def test_first_sign():
    x, target, mask = first_sign(7).batch(np.random.default_rng(0), 50)
    assert x.shape == (7, 50, 1)
    assert (target == np.sign(x[0])).all()
    assert mask.sum(axis=0).tolist() == [1] * 50
    assert mask[-1].all()
    task = first_sign(7)
    assert task.right(target, target, mask) == 1
    assert task.right(np.where(np.arange(50)[:, None] < 10, -target, target), target, mask) == 0.8


@pytest.mark.parametrize("steps", [50, 100, 400])
def test_temporal_order(steps):
    task = temporal_order(steps)
    x, target, mask = task.batch(np.random.default_rng(0), 400)
    assert ((x == 0) | (x == 1)).all()
    assert (x.sum(axis=-1) == 1).all()
    symbols = x.argmax(axis=-1)
    places = np.array([np.flatnonzero(column >= 4) for column in symbols.T])
    assert places.shape == (400, 2)
    first, second = places.T
    assert (steps // 10, steps // 5 - 1) == (first.min(), first.max())
    assert (steps // 2, 6 * steps // 10 - 1) == (second.min(), second.max())
    each = np.arange(400)
    assert (target == 2 * (symbols[first, each] - 4) + symbols[second, each] - 4).all()
    assert np.bincount(target[0], minlength=4).min() > 70
    assert mask[-1].all()
    assert not mask[:-1].any()
    right = np.eye(4)[target]
    assert task.right(right, target, mask) == 1
    assert task.right(right[..., ::-1], target, mask) == 0


def test_adding():
    task = adding(20)
    x, target, mask = task.batch(np.random.default_rng(0), 2000)
    numbers, marks = x[..., 0], x[..., 1]
    assert (numbers >= 0).all()
    assert (numbers < 1).all()
    assert (marks[:10].sum(axis=0) == 1).all()
    assert (marks[10:].sum(axis=0) == 1).all()
    assert marks.sum(axis=1).min() > 130  # each place about 200 times
    assert target[-1, :, 0] == pytest.approx((numbers * marks).sum(axis=0))
    assert mean_squared_error(np.ones_like(target), target, mask)[0] == pytest.approx(1 / 6, rel=0.05)
    assert task.right(target + 0.099, target, mask) == 1
    assert task.right(target - 0.101, target, mask) == 0


def test_ram():
    task = ram(30)
    x, target, mask = task.batch(np.random.default_rng(0), 200)
    number, write, read = np.moveaxis(x, -1, 0)
    assert write.mean() == pytest.approx(0.1, abs=0.02)
    assert read.mean() == pytest.approx(0.25, abs=0.02)
    assert np.abs(number).max() <= 1
    for b in range(200):
        held = 0.0
        for t in range(30):
            held = number[t, b] if write[t, b] else held
            assert target[t, b, 0] == (held if read[t, b] else 0)
    assert mask.all()
    assert task.right(target, target, mask) == 1
    assert task.right(0 * target, target, mask) == 0


def test_latch():
    task = latch(30)
    x, target, mask = task.batch(np.random.default_rng(0), 500)
    assert (np.abs(x[0, :, 0]) == 1).all()
    assert x[..., 1].sum() == 500
    assert x[0, :, 1].all()
    assert x[1:, :, 0].std() == pytest.approx(0.5, rel=0.05)
    assert (target[-1, :, 0] == (x[0, :, 0] > 0)).all()
    assert task.right(2 * target - 1, target, mask) == 1
    assert task.right(1 - 2 * target, target, mask) == 0


def test_two_memories():
    task = two_memories(200)
    x, target, mask = task.batch(np.random.default_rng(0), 50)
    sign, marks = x[..., 0], x[..., 1:]
    assert marks[1:].mean(axis=(0, 1)) == pytest.approx([0.2, 0.01], rel=0.2)
    for b, k in np.ndindex(50, 2):
        last = np.maximum.accumulate(np.where(marks[:, b, k] == 1, np.arange(200), 0))
        assert (target[:, b, k] == (sign[last, b] > 0)).all()
    assert mask.all()
    half = 2 * target - 1
    assert task.right(half, target, mask) == 1
    assert task.right(half * [1, -1], target, mask) == 0


def test_first_city():
    task = first_city()
    x, target, mask = task.batch(np.random.default_rng(0), 60)
    assert x.shape == (219, 60, task.D)
    first = INES.index("{}")
    for b in range(60):
        city = one_hot(CITIES[target[0, b]])
        assert (x[first : first + 6, b] == city).all()
    assert np.bincount(target[-1], minlength=4).min() > 5
    assert mask.sum() == mask[-1].sum() == 60
    assert (x[:, 0] == one_hot(INES.format(*["Lisbon"] * 3))).all(axis=1).mean() > 0.9
    right = np.eye(4)[target]
    assert task.right(right, target, mask) == 1
    assert task.right(right[..., ::-1], target, mask) == 0


def test_first_come():
    task = first_come(20)
    x, target, mask = task.batch(np.random.default_rng(0), 500)
    assert x[..., 1].mean() == pytest.approx(0.1, abs=0.02)
    for b in range(500):
        places = np.flatnonzero(x[:, b, 1])
        assert target[-1, b, 0] == (x[places[0], b, 0] if len(places) else 0)
    assert (mask.sum(axis=0) == 1).all()
    assert task.right(target + 0.099, target, mask) == 1
    assert task.right(target - 0.101, target, mask) == 0


def test_toggle():
    task = toggle(12)
    x, target, mask = task.batch(np.random.default_rng(0), 300)
    lit = np.zeros(300)
    for t in range(12):
        lit = np.where(x[t, :, 0] == 1, 1 - lit, lit)
        assert (target[t, :, 0] == lit).all()
    assert mask.all()
    assert task.right(2 * target - 1, target, mask) == 1
    assert task.right(np.ones_like(target), target, mask) < 0.2


def test_counting():
    x, target, mask = a_n_b_n(np.array([1, 3]), 3)
    assert ["".join("ab"[symbol.argmax()] for symbol in column if symbol.any()) for column in x.swapaxes(0, 1)] == [
        "ab",
        "aaabbb",
    ]
    assert target[..., 0].T.tolist() == [[0, 1, 0, 0, 0, 0], [0, 0, 0, 0, 0, 1]]
    assert mask.T.tolist() == [[True] * 2 + [False] * 4, [True] * 6]
    task = counting(10)
    x, target, mask = task.batch(np.random.default_rng(0), 400)
    assert x.shape == (20, 400, 2)
    assert sorted(set(x[..., 0].sum(axis=0))) == list(range(1, 11))
    assert (x.sum(axis=0)[:, 0] == x.sum(axis=0)[:, 1]).all()
    assert task.right(2 * target - 1, target, mask) == 1
    assert task.right(-np.ones_like(target), target, mask) == 0


def test_how_far_a_counter_set_by_hand_reaches():
    """c goes up by ½ at an a and down by ½ at a b; the head says yes where it is 0 and the symbol is a b."""
    layer, head = LSTM(2, 2, rng=np.random.default_rng(0)), Dense(2, 1, rng=np.random.default_rng(0))
    for a in (*layer.params.values(), *head.params.values()):
        a[...] = 0
    q = layer.by_gate(layer.params)
    q["b_f"][:], q["b_i"][:], q["b_o"][:] = 40, [0, 40], 40
    q["W_cx"][0], q["W_cx"][1], q["b_f"][1] = [40, -40], [0, 40], -40  # the second cell is 1 at a b
    head.params["W"][...], head.params["b"][...] = [[-40, 1]], -0.5
    assert chapter_10.reach(layer, head, farthest=40) == 40
    q["b_i"][0] = 1e-3  # as much up as down
    assert chapter_10.reach(layer, head, farthest=40) == 40
    q["W_ix"][0] = [0, 0.3]  # more down than up: the answer comes early
    assert chapter_10.reach(layer, head, farthest=40) < 10


def test_the_stream_is_embedded_reber_strings():
    task = reber_stream(40)
    batches = task.batches(np.random.default_rng(0), 3)
    drawn = [next(batches) for _ in range(50)]
    (x, target, closing) = (np.concatenate(arrays) for arrays in zip(*drawn, strict=True))
    assert (x[1:].argmax(axis=-1) == target[:-1]).all()
    for b in range(3):
        text = "".join(SYMBOLS[k] for k in target[:, b])
        for string in re.split(r"(?<=[TP])E(?=B[TP]B)", text)[:-1]:
            assert string[0] == "B"
            assert string[1] == string[-1] in "TP"
            assert string[2] == "B"
            assert string[-2] == "E"
        marks = np.flatnonzero(closing[:, b])
        assert all(target[m + 1, b] == SYMBOLS.index("E") for m in marks if m + 1 < len(target))
        assert len(marks) == pytest.approx(2000 / 12, rel=0.15)
    knows = np.eye(7)[target]
    assert task.right(knows, target, closing) == 1
    assert task.right(-knows, target, closing) == 0


def test_a_trial_goes_on_with_the_state_where_the_stream_goes_on():
    """Two chunks of 20 are one of 40: the loss of the second depends on the first."""
    layer = make_layer("LSTM", 7, 3)
    many = side_by_side([layer])
    x = np.random.default_rng(0).standard_normal((40, 1, 2, 7))
    whole, _ = many.forward(x)
    first, trace = many.forward(x[:20])
    second, _ = many.forward(x[20:], [getattr(trace, name)[-1] for name in many.STATE])
    assert error(np.concatenate([first, second]), whole) < 1e-14


def test_variants_leave_out_what_they_say():
    x = np.random.default_rng(0).standard_normal((6, 2, D))
    for name, gates in {"NoForgetGate": "f", "NoInputGate": "i", "NoOutputGate": "o", "OutputGateAlone": "fi"}.items():
        trace = variant(getattr(variants, name), 0).forward(x)[1]
        assert {gate for gate in "fio" if (vars(trace)[gate] == 1).all()} == set(gates)
    trace = variant(variants.Coupled, 0).forward(x)[1]
    assert error(trace.i, 1 - trace.f) < 1e-15
    trace = variant(variants.NoTanhOnCell, 0).forward(x)[1]
    assert error(trace.h, trace.o * trace.c) < 1e-15
    trace = variant(variants.OneGateForAll, 0).forward(x)[1]
    assert (trace.f == trace.f[..., :1]).all()
    for name, moves in {"GatesSeeX": "x", "GatesSeeH": "h", "NothingSeesH": "x"}.items():
        layer = variant(getattr(variants, name), 0)
        at = layer.forward(x[:1])[1].f
        assert (at == layer.forward(x[:1] + 1)[1].f).all() == ("x" not in moves)
        state = np.ones((2, H)), np.zeros((2, H))
        other = layer.forward(x[:1], state)[1]
        assert (at == other.f).all() == ("h" not in moves)
        assert (layer.forward(x[:1])[1].c_tilde == other.c_tilde).all() == (name == "NothingSeesH")


def test_a_variant_with_nothing_left_out_is_an_lstm():
    layer = variant(variants.Variant, 0)
    x = np.random.default_rng(0).standard_normal((6, 2, D))
    assert error(layer(x)[0], LSTM.of(layer.params)(x)[0]) < 1e-15


def test_flows_leave_out_the_other_way():
    """Over one step all three are the gradient; over more each lacks what the others have."""
    full, hidden, cell = (variant(kind, 0) for kind in (variants.Flow, variants.HiddenOnly, variants.CellOnly))
    lstm, rng = LSTM.of(full.params), np.random.default_rng(1)
    for steps in (1, 4):
        x, dh = rng.standard_normal((steps, D)), rng.standard_normal((steps, H))
        grads = [layer.backward(dh, layer.forward(x)[1]) for layer in (lstm, full, hidden, cell)]
        assert error(grads[1].params["W_h"], grads[0].params["W_h"]) < 1e-14 or steps == 1
        assert error(grads[1].x, grads[0].x) < 1e-14
        for lacking in grads[2:]:
            assert (error(lacking.x, grads[0].x) < 1e-14) == (steps == 1)
    deltas = grads[2].deltas
    trace = hidden.forward(x)[1]
    assert error(deltas.c, deltas.h * trace.o * (1 - np.tanh(trace.c) ** 2)) < 1e-14
    assert error(grads[3].deltas.h, dh) < 1e-15


def test_reading_the_zen():
    text = chapter_02.zen()
    x, target, mask = chapter_02.reading(text).batch(None, 1)
    assert (len(text), x.shape, mask.all()) == (856, (856, 1, 45), True)
    assert (text[0], round(70 * target[0, 0, 0]), target[0, 0, 1]) == ("T", 1, 1)
    end = text.index("\n")
    assert target[end, 0].tolist() == [0, 0]
    assert (target[end - 1, 0] * [70, 1]).tolist() == [pytest.approx(end), 1]
    assert target[text.index("aren't") + 4, 0, 1] == 1
    assert round(70 * target[..., 0].max()) == 69


def test_what_is_said_of_cells_is_seen_in_a_layer_set_by_hand():
    """One cell counts and shuts its forget gate at a newline, one does nothing."""
    text = chapter_02.zen()
    layer = LSTM(45, 2, rng=np.random.default_rng(0))
    for a in layer.params.values():
        a[...] = 0
    q = layer.by_gate(layer.params)
    q["W_fx"][0], q["W_ix"][0], q["W_cx"][0] = 40, 40, 40
    q["W_fx"][0, 0] = q["W_ix"][0, 0] = -40  # the newline is the first of the alphabet
    q["b_c"][1] = 1
    told = chapter_02.cells([layer.params])
    assert told["column"][0] == 1
    assert abs(told["word"][0]) < 0.3
    assert told["f at newlines"][0] < 1e-3
    assert told["f elsewhere"] == [1.0, 0.5]
    assert LSTM.of({name: np.array(a) for name, a in told["params"].items()})(chapter_02.one_hot(text))[0].shape == (
        856,
        2,
    )


def test_the_names():
    text = (records.FOLDER / "names.txt").read_text(encoding="utf-8")
    assert "public domain" in text
    assert "census.gov" in text
    names = chapter_07.names()
    assert (len(names), names) == (5163, sorted(set(names)))
    assert all(name.isascii() and name.isalpha() and name.islower() for name in names)
    parts = chapter_07.split()
    assert [len(part) for part in parts] == [4131, 516, 516]
    assert sorted(sum(parts, [])) == names


def test_a_worker_finds_the_names_in_the_archive(tmp_path):
    path = archive(tmp_path / "project.zip")
    code = "from experiments import chapter_07; print(chapter_07.__file__, len(chapter_07.names()))"
    env = os.environ | {"PYTHONPATH": path}
    said = subprocess.run([sys.executable, "-S", "-c", f"import sys; sys.path.append({packages()!r}); {code}"],
                          capture_output=True, encoding="utf-8", env=env, cwd=tmp_path)  # fmt: skip
    assert said.returncode == 0, said.stderr
    assert "project.zip" in said.stdout
    assert said.stdout.split()[-1] == "5163"


def packages():
    """The folder of the installed packages."""
    return str(Path(np.__file__).parent.parent)


def test_encoded_names():
    x, target, mask = chapter_07.encode(["anna", "jo"])
    assert (x.shape, target.shape, mask.shape) == ((5, 2, 27), (5, 2), (5, 2))
    letters = [["".join(chapter_07.LETTERS[k] for k in a) for a in codes.T] for codes in (x.argmax(axis=-1), target)]
    assert letters == [[".anna", ".jo.."], ["anna.", "jo..."]]
    assert mask.T.tolist() == [[True] * 5, [True] * 3 + [False] * 2]


def test_the_error_of_a_cut_task_goes_back_so_many_steps():
    """Cut at the length of the sequence, it is not cut at all; cut sooner, the losses part after the first update."""
    whole, same, cut = (
        chapter_07._cut("cut", {"T": T, "K": K, "updates": 60}, [3], 4)[0]["losses"]
        for T, K in ((20, 20), (20, 20), (20, 10))
    )
    assert whole == same
    assert whole[0] == pytest.approx(cut[0], rel=1e-12)
    assert abs(whole[1] - cut[1]) > 1e-9


def test_starts():
    rng = np.random.default_rng(0)
    lstm, gru = maker("LSTM", 2, 3, "both closed", 101)(rng), maker("GRU", 2, 3, "b = 3", 101)(rng)
    assert lstm.params["b"] == pytest.approx(np.repeat([np.log(100), -np.log(100), 0, 0], 3))
    assert gru.params["b"] == pytest.approx(np.repeat([-3, 0, 0], 3))
    assert type(lstm) is LSTM
    assert type(gru) is GRU
    torch_like = maker("RNN", 2, 16, "PyTorch", 101)(rng)
    assert all(0.2 < np.abs(a).max() < 0.25 for a in torch_like.params.values())
    assert set(STARTS) >= {"as made", "chrono", "ln(T-1)"}


# --- The runner and the records ---------------------------------------------------------------------------------------


def run(*arguments, **environment):
    command = [sys.executable, str(ROOT / "experiments" / "run.py"), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", env=os.environ | environment, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def small(monkeypatch):
    """Only the short sequences of the first experiment."""
    return ["--only", "first_sign", "--jobs", 1]


def test_the_runner_goes_on_where_it_stopped_and_loses_nothing(tmp_path):
    """With a record that lacks some trials of one setting, only those are run."""
    experiment = experiments()["first_sign"][1]
    there = records.load("first_sign")
    kept = [row for row in there["trials"] if row["setting"] != FIRST_SIGN or row["trial"] > 2]
    assert len(kept) == len(there["trials"]) - 3
    records.save({**there, "trials": list(kept)}, tmp_path)
    said = run("--only", "first_sign", "--folder", tmp_path, "--jobs", 1)
    assert said.startswith(f"first_sign: 3 trials to run, {len(kept)} there; ")
    after = records.load("first_sign", tmp_path)
    assert len(after["trials"]) == len(there["trials"]) == experiment.trials * len(experiment.settings)
    assert [row for row in after["trials"] if row["setting"] != FIRST_SIGN or row["trial"] > 2] == kept
    assert run("--only", "first_sign", "--folder", tmp_path).startswith("first_sign: 0 trials to run")
    assert os.listdir(tmp_path) == ["first_sign.json"]


def test_what_there_is_to_run():
    assert "first_sign" in run("--list")
    command = [sys.executable, str(ROOT / "experiments" / "run.py"), "--only", "none"]
    assert "no such experiment: none; there are " in subprocess.run(command, capture_output=True, text=True).stderr


every_record = pytest.mark.parametrize("name", experiments())


@every_record
def test_a_record_is_whole(name):
    module, experiment = experiments()[name]
    record = records.load(name)
    assert record["about"] == experiment.about
    wanted = {(records.key_of(setting), trial) for setting in experiment.settings for trial in range(experiment.trials)}
    rows = [(records.key_of(row["setting"]), row["trial"]) for row in record["trials"]]
    assert sorted(rows) == sorted(wanted)
    assert all({"cpu", "numpy", "blas", "python"} <= set(machine) for machine in record["machines"])
    text = records.path_of(name).read_text(encoding="utf-8")
    assert json.loads(text) == record
    assert text.count("\n") == len(rows) + 7  # a row a line


def first_losses(experiment, row, limit=50):
    (again,) = experiment.run(experiment.name, row["setting"], [row["trial"]], limit)
    return again["losses"]


@every_record
def test_a_few_trials_of_a_record_repeat_by_their_key(name):
    """To the bit on the machine that made it; elsewhere the first losses agree to six digits."""
    _, experiment = experiments()[name]
    record = records.load(name)
    here = records.machine()
    rows = record["trials"][:: max(1, len(record["trials"]) // 3)][:3]
    for row in rows:
        kept = row["losses"][:20]
        again = first_losses(experiment, row, 20)
        if record["machines"][row["machine"]] == here:
            assert again == kept
        assert again == pytest.approx(kept, rel=1e-6)


def test_on_another_kernel_losses_agree_to_six_digits_and_counts_within_two_of_eight():
    """OpenBLAS for a processor of 2008, and NumPy without its wide instructions."""
    code = f"""
import json, sys
sys.path.insert(0, {str(ROOT)!r})
from experiments.run import experiments
rows = experiments()["first_sign"][1].run("first_sign", {FIRST_SIGN!r}, range(8), None)
print(json.dumps(rows))
"""
    wide = np.show_config(mode="dicts")["SIMD Extensions"]["found"]
    old = {"OPENBLAS_CORETYPE": "Nehalem", "NPY_DISABLE_CPU_FEATURES": " ".join(wide), "OPENBLAS_NUM_THREADS": "1"}
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", env=os.environ | old)
    assert told.returncode == 0, told.stderr
    other, own = json.loads(told.stdout), records.results("first_sign", **FIRST_SIGN)[:8]
    for one, two in zip(other, own, strict=True):
        assert one["losses"][:20] == pytest.approx(two["losses"][:20], rel=1e-6)
    solved = [sum(row["solved"] is not None for row in rows) for rows in (other, own)]
    assert abs(solved[0] - solved[1]) <= 2


# --- On a Dask cluster ------------------------------------------------------------------------------------------------


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def without_the_project(tmp_path):
    """An environment whose Python has the installed packages and nothing that is installed as editable."""
    packages = {str(Path(np.__file__).parent.parent)}
    return {**os.environ, "PYTHONPATH": os.pathsep.join(packages), "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1",
            "MKL_NUM_THREADS": "1", "DASK_DISTRIBUTED__ADMIN__TICK__LIMIT": "1h"}  # fmt: skip


def test_the_same_trials_on_a_cluster_whose_workers_do_not_have_the_project(tmp_path):
    """A scheduler and two workers, each a process of its own; -S leaves out what is installed as editable."""
    pytest.importorskip("distributed")
    address, env = f"tcp://127.0.0.1:{free_port()}", without_the_project(tmp_path)
    python = [sys.executable, "-S", "-m"]
    options = {"cwd": tmp_path, "env": env, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    lacking = subprocess.run(
        [sys.executable, "-S", "-c", "import lstm_core"], cwd=tmp_path, env=env, capture_output=True
    )
    assert b"No module named 'lstm_core'" in lacking.stderr
    cluster = [
        subprocess.Popen([*python, "distributed.cli.dask_scheduler", "--host", address, "--no-dashboard"], **options)
    ]
    try:
        worker = [*python, "distributed.cli.dask_worker", address, "--nthreads", "1", "--no-dashboard", "--no-nanny"]
        cluster += [subprocess.Popen(worker, **options) for _ in range(2)]
        wait_for_workers(address, 2)
        there = records.load("first_sign")
        kept = [row for row in there["trials"] if row["setting"] != FIRST_SIGN or row["trial"] > 1]
        records.save({**there, "trials": list(kept)}, tmp_path)
        said = run("--only", "first_sign", "--folder", tmp_path, "--scheduler", address)
        assert said.startswith("first_sign: 2 trials to run")
        made = [row for row in records.load("first_sign", tmp_path)["trials"] if row["setting"] == FIRST_SIGN][:2]
        here = experiments()["first_sign"][1].run("first_sign", FIRST_SIGN, [0, 1], None)
        assert same([row["losses"] for row in made], [row["losses"] for row in here])
        assert [row["solved"] for row in made] == [row["solved"] for row in here]
    finally:
        for process in cluster:
            process.kill()  # a worker asked to go waits for its scheduler, and on a busy machine for long
            process.wait()


def wait_for_workers(address, number):
    from distributed import Client

    end = time.monotonic() + 60
    while True:
        try:
            with Client(address, timeout=5) as client:
                client.wait_for_workers(number, timeout=30)
                return
        except OSError:
            assert time.monotonic() < end, "the cluster does not answer"
            time.sleep(0.2)
