"""The same questions put to PyTorch, to ONNX Runtime and to lstm_core.

A case is a flat dict of arrays. Given are x, the initial states h_0 (and c_0), the errors dy, dh_n (and dc_n) of all
outputs and of the final states, and the parameters under PyTorch's names. The answers are y, h_n (and c_n), and the
gradients, under "grad/" and the name of what they belong to.
"""

import numpy as np
from conftest import KINDS, draw, error, join, parts

from lstm_core import Sequential, from_torch

TORCH_KINDS = ("RNN-tanh", "RNN-relu", "LSTM", "GRU-after")
SIZES = [(1, 1, 1, 1), (1, 3, 4, 2), (5, 2, 3, 4), (20, 4, 7, 16), (60, 2, 2, 5)]  # T, B, D, H

# The order in which each stacks its gates, in our names. Their z is our 1 − z, so that its rows change sign.
TORCH_GATES = {"RNN": [""], "LSTM": ["i", "f", "c", "o"], "GRU": ["r", "z", "h"]}
ONNX_GATES = {"RNN": [""], "LSTM": ["i", "o", "f", "c"], "GRU": ["z", "r", "h"]}


def stacked(layer, arrays, gates, what):
    """Params or gradients in another library's order; what is "W_{}x", "W_{}h" or "b_{}"."""
    blocks = {**layer.by_gate(arrays), "b_": arrays["b"]}
    return np.concatenate([(-1 if g == "z" else 1) * blocks[what.format(g)] for g in gates[type(layer).__name__]])


def torch_case(kind, dtype, T, B, D, H, layers):
    """A random case with PyTorch's answers."""
    import torch

    torch.set_num_threads(1)  # as much as these sizes can use
    name, _, option = kind.partition("-")
    dtype, states = getattr(torch, dtype), KINDS[kind][0].STATE
    module = getattr(torch.nn, name)(D, H, layers, dtype=dtype, **({"nonlinearity": option} if name == "RNN" else {}))
    rng = np.random.default_rng([T, B, D, H, layers])

    def array(*shape):
        return torch.tensor(rng.standard_normal(shape), dtype=dtype)

    drawn = {n: array(*p.shape) / (D + H) ** 0.5 for n, p in module.named_parameters()}
    module.load_state_dict(drawn)
    x, dy = array(T, B, D).requires_grad_(), array(T, B, H)
    initial = tuple(array(layers, B, H).requires_grad_() for _ in states)
    errors = [array(layers, B, H) for _ in states]
    y, final = module(x, join(initial))
    torch.autograd.backward([y, *parts(final)], [dy, *errors])

    case = {"x": x, "dy": dy, "y": y, "grad/x": x.grad, **drawn}
    for s, first, last, d in zip(states, initial, parts(final), errors, strict=True):
        case |= {f"{s}_0": first, f"{s}_n": last, f"d{s}_n": d, f"grad/{s}_0": first.grad}
    case |= {f"grad/{n}": p.grad for n, p in module.named_parameters()}
    return {n: a.detach().numpy() for n, a in case.items()}


def our_answers(kind, case):
    """lstm_core's answers to a case, under the same names."""
    D, (layers, _, H), dtype, rng = case["x"].shape[-1], case["h_0"].shape, case["x"].dtype, np.random.default_rng(0)
    make, options = KINDS[kind]
    model = Sequential([make(H if k else D, H, rng=rng, dtype=dtype, **options) for k in range(layers)])
    for k, layer in enumerate(model.layers):
        from_torch(layer, {n: a for n, a in case.items() if n.startswith(("weight", "bias"))}, index=k)

    def per_layer(name):
        return [join([case[name.format(s)][k] for s in make.STATE]) for k in range(layers)]

    y, trace = model.forward(case["x"], per_layer("{}_0"))
    grads = model.backward(case["dy"], trace, per_layer("d{}_n"))
    answers = {"y": y, "grad/x": grads.x}
    for k, s in enumerate(make.STATE):
        answers[f"{s}_n"] = np.stack([parts(t.state)[k] for t in trace])
        answers[f"grad/{s}_0"] = np.stack([parts(state)[k] for state in grads.state])
    for k, (layer, params) in enumerate(zip(model.layers, grads.params, strict=True)):
        for suffix, what in (("weight_ih", "W_{}x"), ("weight_hh", "W_{}h"), ("bias_ih", "b_{}"), ("bias_hh", "b_{}")):
            answers[f"grad/{suffix}_l{k}"] = stacked(layer, params, TORCH_GATES, what)
        if "b_hh" in params:
            answers[f"grad/bias_hh_l{k}"][2 * H :] = params["b_hh"]
    return answers


def onnx_case(kind, layer, T, B):
    """A layer's outputs and final states on random data, ours and ONNX Runtime's, from the operator of its name."""
    import onnxruntime
    from onnx import TensorProto, helper

    data, H, name = draw(layer, T, B), layer.hidden_size, type(layer).__name__
    b = stacked(layer, layer.params, ONNX_GATES, "b_{}")
    b_h = np.zeros_like(b)
    if "b_hh" in layer.params:
        b_h[2 * H :] = layer.params["b_hh"]
    given = {
        "X": data.x,
        "W": stacked(layer, layer.params, ONNX_GATES, "W_{}x")[None],
        "R": stacked(layer, layer.params, ONNX_GATES, "W_{}h")[None],
        "B": np.concatenate([b, b_h])[None],
    } | {f"initial_{s}": a[None] for s, a in zip(layer.STATE, parts(data.state), strict=True)}
    attributes = {
        "LSTM": {},
        "GRU-before": {"linear_before_reset": 0},
        "GRU-after": {"linear_before_reset": 1},
        "RNN-tanh": {"activations": ["Tanh"]},
        "RNN-relu": {"activations": ["Relu"]},
        "RNN-identity": {"activations": ["Affine"], "activation_alpha": [1.0], "activation_beta": [0.0]},
    }[kind]
    names = ["X", "W", "R", "B", "", *[f"initial_{s}" for s in layer.STATE]]  # "" is the lengths, left out
    outputs = ["Y", *[f"Y_{s}" for s in layer.STATE]]
    node = helper.make_node(name, names, outputs, hidden_size=H, **attributes)
    graph = helper.make_graph(
        [node],
        name,
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, a.shape) for n, a in given.items()],
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in outputs],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    theirs = [a.squeeze(1 if k == 0 else 0) for k, a in enumerate(session.run(None, given))]
    h, final = layer(data.x, data.state)
    names = ["y", *[f"{s}_n" for s in layer.STATE]]
    return dict(zip(names, [h, *parts(final)], strict=True)), dict(zip(names, theirs, strict=True))


def differences(ours, theirs):
    """The largest relative difference of each answer."""
    return {name: error(a, theirs[name]) for name, a in ours.items()}
