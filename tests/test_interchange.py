"""PyTorch's names and order of gates, by hand on layers of one unit; files that are written whole or not at all."""

import io
import os
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from conftest import KINDS, make_layer, raises, same

import lstm_core
from lstm_core import GRU, LSTM, RNN, Dense, Sequential, from_torch, load_params, save_params, to_torch

every_kind = pytest.mark.parametrize("kind", KINDS)
exchangeable = pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("GRU-before", "RNN-identity")])
RNG = np.random.default_rng(0)


def copies(params):
    return {name: a.copy() for name, a in params.items()}


# --- PyTorch's names --------------------------------------------------------------------------------------------------

# Layers of one unit and one input: ours, and PyTorch's with the same numbers in its own places.
BY_HAND = {
    "RNN": (
        RNN(1, 1, rng=RNG),
        {"W_x": [[1]], "W_h": [[2]], "b": [3]},
        {"weight_ih": [[1]], "weight_hh": [[2]], "bias_ih": [3], "bias_hh": [0]},
    ),
    "LSTM": (  # f, i, o, c becomes i, f, c, o
        LSTM(1, 1, rng=RNG),
        {"W_x": [[1], [2], [3], [4]], "W_h": [[5], [6], [7], [8]], "b": [9, 10, 11, 12]},
        {
            "weight_ih": [[2], [1], [4], [3]],
            "weight_hh": [[6], [5], [8], [7]],
            "bias_ih": [10, 9, 12, 11],
            "bias_hh": [0, 0, 0, 0],
        },
    ),
    "GRU": (  # z, r, h becomes r, −z, h
        GRU(1, 1, rng=RNG),
        {"W_x": [[1], [2], [3]], "W_h": [[4], [5], [6]], "b": [7, 8, 9], "b_hh": [10]},
        {
            "weight_ih": [[2], [-1], [3]],
            "weight_hh": [[5], [-4], [6]],
            "bias_ih": [8, -7, 9],
            "bias_hh": [0, 0, 10],
        },
    ),
}


def numbers(arrays, end=""):
    return {name + end: np.array(a, float) for name, a in arrays.items()}


@pytest.mark.parametrize("name", BY_HAND)
def test_to_torch_and_from_torch_by_hand(name):
    layer, ours, theirs = BY_HAND[name]
    from_torch(layer, numbers(theirs, "_l0"))
    assert layer.params.keys() == ours.keys()
    assert all(np.array_equal(layer.params[n], a) for n, a in ours.items())
    given = to_torch(layer)
    assert list(given) == [f"{n}_l0" for n in theirs]
    assert all(np.array_equal(given[f"{n}_l0"], a) for n, a in theirs.items())
    assert not any(np.shares_memory(a, own) for a in given.values() for own in layer.params.values())


def test_the_two_biases_add_up_where_only_their_sum_matters():
    lstm, _, theirs = BY_HAND["LSTM"]
    from_torch(lstm, numbers({**theirs, "bias_hh": [100, 200, 300, 400]}, "_l0"))
    assert lstm.params["b"].tolist() == [209, 110, 411, 312]
    gru, _, theirs = BY_HAND["GRU"]
    from_torch(gru, numbers({**theirs, "bias_hh": [100, 200, 300]}, "_l0"))
    assert gru.params["b"].tolist() == [-193, 108, 9]
    assert gru.params["b_hh"].tolist() == [300]


@exchangeable
def test_there_and_back(kind):
    layer, other = make_layer(kind), make_layer(kind, seed=1)
    given = to_torch(layer)
    kept = copies(given)
    own = other.params
    from_torch(other, given)
    assert same(other.params, layer.params)
    assert other.params is own
    assert same(given, kept)


def test_dense_there_and_back():
    layer, other = Dense(3, 2, rng=RNG), Dense(3, 2, rng=RNG)
    layer.params["b"][:] = 1, 2
    given = to_torch(layer)
    assert list(given) == ["weight", "bias"]
    assert not np.shares_memory(given["weight"], layer.params["W"])
    assert not np.shares_memory(given["bias"], layer.params["b"])
    from_torch(other, given)
    assert same(other.params, layer.params)


@exchangeable
def test_without_biases_they_are_zero(kind):
    layer, other = make_layer(kind), make_layer(kind, seed=1)
    from_torch(other, {name: a for name, a in to_torch(layer).items() if "weight" in name})
    assert same(other.params["W_h"], layer.params["W_h"])
    assert not other.params["b"].any()
    assert not other.params.get("b_hh", np.zeros(1)).any()


def test_index_says_which_of_several_layers():
    first, second, target = make_layer("LSTM"), make_layer("LSTM", seed=1), make_layer("LSTM", seed=2)
    both = to_torch(first) | {name.replace("_l0", "_l12"): a for name, a in to_torch(second).items()}
    before = copies(target.params)
    with raises(ValueError, "state_dict … the layers 0, 12 … index="):
        from_torch(target, both)
    for wrong, error, message in ((1, ValueError, "expected layer 1, got 0, 12"), ("0", TypeError, "index … str")):
        with raises(error, message):
            from_torch(target, both, index=wrong)
    assert same(target.params, before)
    from_torch(target, both, index=12)
    assert same(target.params, second.params)
    from_torch(target, both, index=0)
    assert same(target.params, first.params)


def test_a_single_layer_of_another_number_needs_no_index():
    layer, target = make_layer("LSTM"), make_layer("LSTM", seed=1)
    from_torch(target, {name.replace("_l0", "_l3"): a for name, a in to_torch(layer).items()})
    assert same(target.params, layer.params)


def test_a_cells_names_have_no_number():
    layer, target = make_layer("LSTM"), make_layer("LSTM", seed=1)
    from_torch(target, {name.removesuffix("_l0"): a for name, a in to_torch(layer).items()})
    assert same(target.params, layer.params)


class Tensor:
    """What from_torch may rely on in a tensor."""

    def __init__(self, a, fit=True):
        self.a, self.fit = a, fit

    def detach(self):
        return Tensor(self.a, True)

    def __array__(self, dtype=None, copy=None):
        if not self.fit:
            raise RuntimeError("Can't call numpy() on Tensor that requires grad.")
        return self.a


class OnGPU(Tensor):
    def detach(self):
        return self

    def __array__(self, dtype=None, copy=None):
        raise TypeError("can't convert cuda:0 device type tensor to numpy.")


def test_tensors_are_taken_as_arrays():
    layer, target = make_layer("GRU-after"), make_layer("GRU-after", seed=1)
    for fit in (True, False):
        target.params["b"][:] = 0
        from_torch(target, {name: Tensor(a, fit) for name, a in to_torch(layer).items()})
        assert same(target.params, layer.params)


def renamed(good, old, new):
    return {name.replace(old, new): a for name, a in good.items()}


WRONG_DICTS = {
    "names": (lambda good: {**good, "gamma_l0": good["bias_ih_l0"]}, ValueError, "weight_ih … bias_hh … gamma_l0"),
    "a part's": (lambda good: {f"lstm.{n}": a for n, a in good.items()}, ValueError, "lstm.weight_ih_l0 … larger"),
    "a checkpoint": (lambda good: {"epoch": 3, "model": good}, ValueError, "holds dicts, model; hand over"),
    "weight norm": (
        lambda good: renamed(good, "weight_hh_l0", "weight_hh_l0_g"), ValueError, "weight_hh_l0_g … a hook … plain name"
    ),
    "weight norm, newer": (
        lambda good: renamed(good, "weight_hh_l0", "parametrizations.weight_hh_l0.original0"),
        ValueError,
        "parametrizations.weight_hh_l0.original0 … a hook",
    ),
    "weight drop": (lambda good: renamed(good, "weight_hh_l0", "rnn.weight_hh_l0_raw"), ValueError, "_raw … a hook"),
    "one bias": (
        lambda good: {name: a for name, a in good.items() if name != "bias_hh_l0"},
        ValueError,
        "layer 0 … 'bias_hh' … ['bias_ih', 'weight_hh', 'weight_ih']",
    ),
    "shape": (lambda good: {**good, "bias_hh_l0": np.zeros(4)}, ValueError, "bias_hh: … (8,) … (4,)"),
    "dtype": (lambda good: {**good, "bias_hh_l0": np.zeros(8, np.float32)}, TypeError, "float64 … float32 … .astype"),
    "a tensor's dtype": (
        lambda good: {**good, "bias_hh_l0": Tensor(np.zeros(8, np.float32))}, TypeError, "float32 … module.double()"
    ),
    "a tensor elsewhere": (lambda good: {**good, "bias_hh_l0": OnGPU(None)}, TypeError, "bias_hh … OnGPU … cuda:0"),
    "text": (lambda good: {**good, "bias_hh_l0": "none"}, TypeError, "bias_hh … an array … str"),
    "None": (lambda good: {**good, "bias_hh_l0": None}, TypeError, "bias_hh … an array … NoneType"),
    "nan": (lambda good: {**good, "weight_hh_l0": np.full((8, 2), np.nan)}, ValueError, "weight_hh: NaN or inf"),
    "bidirectional": (
        lambda good: {**good, "weight_ih_l0_reverse": good["weight_ih_l0"]}, ValueError, "_reverse … bidirectional"
    ),
    "projection": (lambda good: {**good, "weight_hr_l0": np.zeros((1, 2))}, ValueError, "weight_hr_l0 … proj_size"),
    "empty": (lambda good: {}, ValueError, "state_dict: … ['bias_hh', … 'weight_ih'], got []"),
    "no dict": (list, TypeError, "state_dict: … dict … list … module.state_dict()"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG_DICTS)
def test_a_wrong_state_dict_is_refused_and_the_layer_stays_as_it_was(name):
    spoil, error, message = WRONG_DICTS[name]
    lstm = make_layer("LSTM")
    before = copies(lstm.params)
    with raises(error, message):
        from_torch(lstm, spoil(to_torch(make_layer("LSTM", seed=1))))
    assert same(lstm.params, before)


def test_dense_from_torch():
    dense = Dense(3, 2, rng=RNG)
    from_torch(dense, {"weight": np.ones((2, 3))})  # Linear(bias=False)
    assert dense.params["W"].tolist() == [[1, 1, 1], [1, 1, 1]]
    assert dense.params["b"].tolist() == [0, 0]
    before = copies(dense.params)
    with raises(ValueError, "['bias', 'weight'] … ['bias']"):
        from_torch(dense, {"bias": np.ones(2)})
    with raises(ValueError, "weight, bias … gain"):
        from_torch(dense, {"weight": np.ones((2, 3)), "bias": np.ones(2), "gain": np.ones(1)})
    with raises(ValueError, "bias: … (2,) … (3,)"):
        from_torch(dense, {"weight": np.ones((2, 3)), "bias": np.ones(3)})
    assert same(dense.params, before)


class Coupled(LSTM):
    """A kind of LSTM of one's own."""


@pytest.mark.parametrize("exchange", [to_torch, lambda layer: from_torch(layer, {})], ids=["to", "from"])
def test_what_has_no_counterpart_in_pytorch(exchange):
    with raises(ValueError, 'no GRU(reset="before") … GRU(reset="after")'):
        exchange(make_layer("GRU-before"))
    with raises(ValueError, 'no RNN(activation="identity") … "relu"'):
        exchange(make_layer("RNN-identity"))
    for other in (Sequential([make_layer("LSTM")]), Coupled(1, 1, rng=RNG)):
        with raises(TypeError, f"layer: expected RNN, LSTM, GRU or Dense, got {type(other).__name__}"):
            exchange(other)


# --- Files ------------------------------------------------------------------------------------------------------------


def model(seed=0, dtype=np.float64):
    lstm, gru = make_layer("LSTM", 3, 2, dtype, seed), make_layer("GRU-after", 2, 2, dtype, seed)
    return Sequential([lstm, gru, Dense(2, 1, rng=np.random.default_rng(seed), dtype=dtype)])


@every_kind
def test_a_layer_comes_back_from_its_file(kind, tmp_path):
    layer, other = make_layer(kind), make_layer(kind, seed=1)
    own = copies(layer.params), other.params
    save_params(tmp_path / "layer", layer)
    assert [path.name for path in tmp_path.iterdir()] == ["layer"]
    load_params(str(tmp_path / "layer"), other)
    assert same(other.params, layer.params)
    assert same(layer.params, own[0])
    assert other.params is own[1]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_stack_comes_back_from_its_file(dtype, tmp_path):
    path = str(tmp_path / "model.npz")
    save_params(path, model(dtype=dtype))
    other = model(1, dtype)
    load_params(path, other)
    assert same(other.params, model(dtype=dtype).params)
    with np.load(path) as archive:
        assert {"0.W_x", "1.b_hh", "2.W"} < set(archive.files)


def test_a_file_stays_whole_until_the_new_one_is_complete(tmp_path, monkeypatch):
    path = tmp_path / "model.npz"
    save_params(path, model())

    def interrupted(file, **arrays):
        file.write(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(lstm_core.np, "savez", interrupted)
    with pytest.raises(KeyboardInterrupt):
        save_params(path, model(1))
    monkeypatch.undo()
    assert os.listdir(tmp_path) == ["model.npz"]
    other = model(1)
    load_params(path, other)
    assert same(other.params, model().params)
    save_params(path, model(2))
    load_params(path, other)
    assert same(other.params, model(2).params)


def test_a_link_stays_a_link_and_a_file_keeps_its_mode(tmp_path):
    target, link = tmp_path / "target.npz", tmp_path / "link.npz"
    save_params(target, model())
    target.chmod(0o600)
    link.symlink_to(target)
    save_params(link, model(1))
    assert link.is_symlink()
    assert target.stat().st_mode & 0o777 == 0o600
    other = model(2)
    load_params(target, other)
    assert same(other.params, model(1).params)
    save_params(os.fsencode(tmp_path / ("n" * 250)), model())
    assert (tmp_path / ("n" * 250)).is_file()


def test_what_is_saved_is_a_layer(tmp_path):
    with raises(TypeError, "layer: … a layer or Sequential … dict"):
        save_params(tmp_path / "a", make_layer("LSTM").params)


def test_a_layer_that_uses_one_array_twice_is_not_filled(tmp_path):
    w = np.ones((1, 1))
    twice = RNN.of({"W_x": w, "W_h": w, "b": np.zeros(1)})
    save_params(tmp_path / "rnn", RNN(1, 1, rng=RNG))
    with raises(ValueError, "W_x and W_h share memory"):
        load_params(tmp_path / "rnn", twice)
    assert w[0, 0] == 1


def test_arrays_that_are_views_of_the_layer_fill_it_with_what_they_were():
    dense = Dense(2, 2, rng=RNG)
    old = dense.params["W"].copy()
    from_torch(dense, {"weight": np.zeros((2, 2)), "bias": dense.params["W"][0]})
    assert same(dense.params["b"], old[0])


def test_every_writer_has_a_temporary_file_of_its_own(tmp_path, monkeypatch):
    """Two threads, or two containers whose processes have one number, save to one path at once: one of them wins."""
    path, both = tmp_path / "model.npz", threading.Barrier(2, timeout=30)
    real = np.savez

    def slow(file, **arrays):
        both.wait()  # both have opened their file
        real(file, **arrays)
        both.wait()  # both have written

    monkeypatch.setattr(lstm_core.np, "savez", slow)
    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(save_params, path, model(seed)) for seed in range(2)]:
            done.result()
    monkeypatch.undo()
    assert os.listdir(tmp_path) == ["model.npz"]
    other = model(2)
    load_params(path, other)
    assert any(same(other.params, model(seed).params) for seed in range(2))


@pytest.mark.parametrize("fill", ["load", "from_torch"])
def test_where_one_array_cannot_be_changed_none_is_filled(fill, tmp_path):
    lstm, source = make_layer("LSTM"), make_layer("LSTM", seed=1)
    before = copies(lstm.params)
    save_params(tmp_path / "lstm", source)
    lstm.params["b"].flags.writeable = False
    with raises(ValueError, "b: expected an array that can be changed in place"):
        load_params(tmp_path / "lstm", lstm) if fill == "load" else from_torch(lstm, to_torch(source))
    assert same(lstm.params, before)


def test_the_bytes_reach_the_disk_before_the_name_changes(tmp_path, monkeypatch):
    order = []
    for name in ("fsync", "replace"):
        real = getattr(os, name)
        monkeypatch.setattr(
            os, name, lambda *args, name=name, real=real: order.append((name, os.path.exists(path))) or real(*args)
        )
    path = tmp_path / "model.npz"
    save_params(path, model())
    assert order == [("fsync", False), ("replace", False)]


def test_where_nothing_can_be_written_or_read(tmp_path):
    with pytest.raises(FileNotFoundError):
        save_params(tmp_path / "missing" / "model.npz", model())
    with pytest.raises((IsADirectoryError, PermissionError)):
        save_params(tmp_path, model())
    with pytest.raises(FileNotFoundError):
        load_params(tmp_path / "model.npz", model())
    assert os.listdir(tmp_path) == []


def rewrite(path, change):
    """The file's arrays, changed, in a file of the same form."""
    with np.load(path) as archive:
        arrays = {name: archive[name] for name in archive.files}
    change(arrays)
    with open(path, "wb") as file:
        np.savez(file, **arrays)


def flip(path):
    """One byte of an array changed: the zip's checksum tells."""
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        middle = archive.infolist()[1].header_offset + 200
    data[middle] ^= 255
    path.write_bytes(data)


def npy(a):
    """What np.save would write."""
    file = io.BytesIO()
    np.save(file, a)
    return file.getvalue()


DAMAGE = {
    "empty": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_text("no archive"),
    "half": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "all but a byte": lambda path: path.write_bytes(path.read_bytes()[:-1]),
    "a byte": flip,
    "one array, no archive": lambda path: path.write_bytes(npy(np.zeros(3))),
    "a pickle": lambda path: rewrite(path, lambda arrays: arrays.update(layer=np.array({}, object))),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_file_is_a_clear_error_and_changes_nothing(damage, tmp_path):
    path, other = tmp_path / "model.npz", model(1)
    save_params(path, model())
    damage(path)
    with pytest.raises(ValueError, match=r"model\.npz: not a file of save_params, or damaged \(.+\)$"):
        load_params(path, other)
    assert same(other.params, model(1).params)


ALIEN = {
    "no layer": (lambda arrays: arrays.pop("layer"), f"holds no layer, expected {model()!r}"),
    "no array": (
        lambda arrays: arrays.pop("2.W"),
        "the names ['0.W_h', … '2.W', '2.b'], got ['0.W_h', … '1.b_hh', '2.b']",
    ),
    "a shape": (lambda arrays: arrays.update({"2.b": np.zeros(2)}), "2.b: … (1,) … (2,)"),
    "nan": (lambda arrays: arrays.update({"2.b": np.array([np.nan])}), "2.b: NaN or inf … (0,)"),
}


@pytest.mark.parametrize("name", ALIEN)
def test_a_file_of_other_arrays_changes_nothing(name, tmp_path):
    change, message = ALIEN[name]
    path, other = tmp_path / "model.npz", model(1)
    save_params(path, model())
    rewrite(path, change)
    with raises(ValueError, f"{path}: … {message}"):
        load_params(path, other)
    assert same(other.params, model(1).params)


@pytest.mark.parametrize(
    "saved", [make_layer("LSTM", 3, 3), make_layer("RNN-tanh"), make_layer("LSTM", dtype=np.float32)]
)
def test_a_file_of_another_layer_is_refused(saved, tmp_path):
    path, lstm = tmp_path / "saved.npz", make_layer("LSTM")
    before = copies(lstm.params)
    save_params(path, saved)
    with raises(ValueError, f"{path}: holds {saved!r}, expected LSTM(3, 2, dtype=float64)"):
        load_params(path, lstm)
    assert same(lstm.params, before)


def test_a_file_is_written_beside_its_target(tmp_path, monkeypatch):
    """So that it takes the target's place at once: from another disk it could not."""
    moved = []
    monkeypatch.setattr(os, "replace", lambda part, target: moved.append((part, target)))
    save_params(tmp_path / "layer.npz", make_layer("LSTM"))
    ((part, target),) = moved
    assert os.path.dirname(part) == os.path.dirname(target) == os.path.realpath(tmp_path)
