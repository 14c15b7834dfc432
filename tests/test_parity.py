"""Compared with PyTorch and ONNX Runtime where they are installed, and with PyTorch's recorded answers everywhere."""

import json
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import parity_table
import pytest
from conftest import KINDS, make_layer, raises, same
from references import SIZES, TORCH_KINDS, differences, onnx_case, our_answers, torch_case

from experiments.records import FOLDER
from lstm_core import GRU, Dense, from_torch, to_torch

needs_torch = pytest.mark.skipif(not find_spec("torch"), reason="PyTorch is not installed; make parity installs it")
needs_onnx = pytest.mark.skipif(
    not (find_spec("onnx") and find_spec("onnxruntime")),
    reason="ONNX Runtime is not installed; make parity installs it",
)
TOLERANCE = {"float64": 1e-12, "float32": 1e-4}
every_kind = pytest.mark.parametrize("kind", TORCH_KINDS)
every_dtype = pytest.mark.parametrize("dtype", TOLERANCE)

# --- Recorded ---------------------------------------------------------------------------------------------------------

RECORD = Path(__file__).parent / "data" / "torch_reference.npz"


def recorded(kind, dtype):
    with np.load(RECORD) as archive:
        prefix = f"{kind}/{dtype}/"
        return {name.removeprefix(prefix): archive[name] for name in archive.files if name.startswith(prefix)}


@every_kind
@every_dtype
def test_the_answers_that_pytorch_gave(kind, dtype):
    case = recorded(kind, dtype)
    ours = our_answers(kind, case)
    assert {a.dtype.name for a in ours.values()} == {dtype}
    assert {name for name in case if name.startswith("grad/")} <= set(ours)
    far = {name: d for name, d in differences(ours, case).items() if not d < TOLERANCE[dtype]}
    assert not far


@every_kind
@every_dtype
def test_pytorchs_parameters_come_back_as_they_were(kind, dtype):
    """But for the biases of which only the sum matters: those all stand in bias_ih."""
    case = recorded(kind, dtype)
    make, options = KINDS[kind]
    for k, D in enumerate((3, 4)):
        layer = make(D, 4, rng=np.random.default_rng(0), dtype=dtype, **options)
        given = {name: a for name, a in case.items() if name.startswith(("weight", "bias"))}
        from_torch(layer, given, index=k)
        back = to_torch(layer)
        n = slice(8, None) if make is GRU else slice(0, 0)  # the rows of bias_hh that stand inside r ∘ ( )
        assert list(back) == ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"]
        for name in ("weight_ih", "weight_hh"):
            assert same(back[f"{name}_l0"], given[f"{name}_l{k}"])
        inside, outside = np.zeros_like(back["bias_hh_l0"]), given[f"bias_hh_l{k}"].copy()
        inside[n], outside[n] = outside[n], 0
        assert same(back["bias_hh_l0"], inside)
        assert same(back["bias_ih_l0"], given[f"bias_ih_l{k}"] + outside)
        again = make(D, 4, rng=np.random.default_rng(1), dtype=dtype, **options)
        from_torch(again, back)
        assert same(again.params, layer.params)


def test_the_record_is_small_and_names_its_version():
    with np.load(RECORD) as archive:
        assert str(archive["torch"]).startswith("2.")
    assert RECORD.stat().st_size < 200_000


# --- PyTorch itself ---------------------------------------------------------------------------------------------------


@needs_torch
@every_kind
@every_dtype
@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("size", SIZES, ids=lambda size: "T{} B{} D{} H{}".format(*size))
def test_the_answers_that_pytorch_gives(kind, dtype, layers, size):
    case = torch_case(kind, dtype, *size, layers)
    far = {name: d for name, d in differences(our_answers(kind, case), case).items() if not d < TOLERANCE[dtype]}
    assert not far


@needs_torch
@every_kind
@every_dtype
def test_the_record_is_what_pytorch_computes(kind, dtype):
    case, now = recorded(kind, dtype), torch_case(kind, dtype, T=4, B=2, D=3, H=4, layers=2)
    assert set(case) == set(now)
    assert max(differences(case, now).values()) < TOLERANCE[dtype] / 10


@needs_torch
@pytest.mark.parametrize("kind", [*TORCH_KINDS, "Dense"])
def test_parameters_go_to_pytorch_and_tensors_come_back(kind):
    import torch

    layer, other = (
        [Dense(3, 2, rng=np.random.default_rng(seed)) for seed in (0, 1)]
        if kind == "Dense"
        else [make_layer(kind, seed=seed) for seed in (0, 1)]
    )
    module = {
        "RNN-tanh": torch.nn.RNN,
        "RNN-relu": lambda *sizes, **dtype: torch.nn.RNN(*sizes, nonlinearity="relu", **dtype),
        "LSTM": torch.nn.LSTM,
        "GRU-after": torch.nn.GRU,
        "Dense": torch.nn.Linear,
    }[kind](3, 2, dtype=torch.float64)
    module.load_state_dict({name: torch.tensor(a) for name, a in to_torch(layer).items()})
    x = np.random.default_rng(2).standard_normal((5, 4, 3))
    theirs = module(torch.tensor(x))
    theirs = theirs if kind == "Dense" else theirs[0]
    assert np.abs(theirs.detach().numpy() - layer(x)[0]).max() < 1e-13
    from_torch(other, module.state_dict())
    assert same(other.params, layer.params)


@needs_torch
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"bidirectional": True}, "a bidirectional layer has no counterpart"),
        ({"proj_size": 1}, "a projection (proj_size) has no counterpart"),
        ({"num_layers": 2}, "holds the layers 0, 1 … index="),
    ],
    ids=["bidirectional", "projection", "several layers"],
)
def test_what_pytorch_has_and_we_do_not_is_refused(options, message):
    import torch

    lstm = make_layer("LSTM")
    before = {name: a.copy() for name, a in lstm.params.items()}
    with raises(ValueError, f"state_dict: … {message}"):
        from_torch(lstm, torch.nn.LSTM(3, 2, dtype=torch.float64, **options).state_dict())
    assert same(lstm.params, before)


@needs_torch
def test_what_pytorch_hands_over_in_other_ways():
    """Cells, parameters that require grad, no biases; and what is said of the rest."""
    import torch

    lstm, x = make_layer("LSTM"), np.random.default_rng(2).standard_normal((1, 4, 3))
    cell = torch.nn.LSTMCell(3, 2, dtype=torch.float64)
    from_torch(lstm, cell.state_dict())
    assert np.abs(cell(torch.tensor(x[0]))[0].detach().numpy() - lstm(x)[0][0]).max() < 1e-14
    module = torch.nn.LSTM(3, 2, dtype=torch.float64)
    from_torch(lstm, dict(module.named_parameters()))
    assert np.abs(module(torch.tensor(x))[0].detach().numpy() - lstm(x)[0]).max() < 1e-14
    dense, linear = Dense(3, 2, rng=np.random.default_rng(0)), torch.nn.Linear(3, 2, bias=False, dtype=torch.float64)
    from_torch(dense, linear.state_dict())
    assert np.abs(linear(torch.tensor(x)).detach().numpy() - dense(x)[0]).max() < 1e-14
    with raises(TypeError, "float64 … float32 … module.double()"):
        from_torch(lstm, torch.nn.LSTM(3, 2).state_dict())
    with raises(ValueError, "holds dicts, model"):
        from_torch(lstm, {"epoch": 3, "model": module.state_dict()})
    with raises(ValueError, "lstm.weight_ih_l0 … larger module"):
        from_torch(lstm, torch.nn.ModuleDict({"lstm": module, "head": linear}).state_dict())
    with raises(TypeError, "weight_ih … BFloat16"):
        from_torch(lstm, module.to(torch.bfloat16).state_dict())
    normed = torch.nn.utils.parametrizations.weight_norm(torch.nn.LSTM(3, 2, dtype=torch.float64), "weight_hh_l0")
    with raises(ValueError, "parametrizations.weight_hh_l0 … a hook"):
        from_torch(lstm, normed.state_dict())


# --- ONNX Runtime -----------------------------------------------------------------------------------------------------


@needs_onnx
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", SIZES, ids=lambda size: "T{} B{} D{} H{}".format(*size))
def test_the_answers_that_onnx_runtime_gives(kind, size):
    T, B, D, H = size
    far = differences(*onnx_case(kind, make_layer(kind, D, H, np.float32), T, B))
    assert {name: d for name, d in far.items() if not d < TOLERANCE["float32"]} == {}


@needs_torch
@needs_onnx
def test_the_parity_table(capsys):
    parity_table.main()
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 + 2 * len(TORCH_KINDS) + len(KINDS)
    assert len({line.count("|") for line in lines}) == 1
    assert [line.split(" | ")[1] for line in lines[2:6]] == ["float64", "float32"] * 2


@needs_torch
def test_what_pytorch_says_of_the_names_of_chapter_07():
    import record_torch_names

    losses = record_torch_names.torch_losses(record_torch_names.trained())
    record = json.loads((FOLDER / "names_torch.json").read_text(encoding="utf-8"))
    assert len(losses) == len(record["losses"]) == 516
    assert losses == pytest.approx(record["losses"], rel=1e-9)
