"""Chapter 11's models put to two packages, xlstm of their authors and mingru-pytorch, and to us.

A case is a flat dict of arrays: what is given, and the package's answers, whose names begin with "h" or "grad/".
"""

import numpy as np

from exercises import _mlstm
from experiments.recurrences import SLSTM, MinGRU, scan
from lstm_core import sigmoid

T, B, H = 7, 2, 3
PACKAGES = {"xlstm": "2.0.6", "mingru-pytorch": "0.2.1"}  # what `make parity` installs


def given(*shapes, seed=0):
    """Tensors, and the arrays that they are."""
    import torch

    rng = np.random.default_rng(seed)
    return [torch.tensor(rng.standard_normal(shape), requires_grad=True) for shape in shapes]


def case(**tensors):
    return {name: a.detach().numpy() for name, a in tensors.items()}


def with_grads(h, dh, **leaves):
    h.backward(dh)
    return case(h=h, dh=dh, **leaves) | {f"grad/{name}": a.grad.numpy() for name, a in leaves.items()}


# --- What the packages answer -----------------------------------------------------------------------------------------


def slstm_case():
    """The cell as xlstm has it for machines without a GPU: gates i, f, z, o; backwards by autograd, through the max."""
    import torch
    from xlstm.blocks.slstm.src.vanilla import slstm_forward, slstm_pointwise_function_registry

    x, W_x, W_h, b, dh = given((T, B, H), (4 * H, H), (4 * H, H), (4 * H,), (T, B, H))
    zero = torch.zeros(4, B, H, dtype=torch.float64)
    net = x @ W_x.T
    states, *_ = slstm_forward(net, zero, W_h[None], b, slstm_pointwise_function_registry["slstm"])
    return with_grads(states[0, 1:], dh.detach(), x=x, W_x=W_x, W_h=W_h, b=b)


def mlstm_case():
    """Both forms, one head; eps=0, which the package adds to the divisor."""
    import torch
    from xlstm.blocks.mlstm.backends import parallel_stabilized_simple, recurrent_step_stabilized_simple

    q, k, v, net_i, net_f = (a.detach() for a in given(*[(1, 1, T, H)] * 3, *[(1, 1, T, 1)] * 2, seed=1))
    parallel = parallel_stabilized_simple(q, k, v, net_i, net_f, eps=0)[0, 0]
    state = tuple(torch.zeros(1, 1, *shape, dtype=torch.float64) for shape in ((H, H), (H, 1), (1, 1)))
    steps = []
    for t in range(T):
        now = (a[:, :, t : t + 1].clone() for a in (q, k, v, net_i, net_f))
        h, state = recurrent_step_stabilized_simple(*state, *now, eps=0)
        steps.append(h[0, 0, 0])
    inputs = {"q": q, "k": k, "v": v, "net_i": net_i, "net_f": net_f}
    return case(h_parallel=parallel, h_steps=torch.stack(steps), **{name: a[0, 0] for name, a in inputs.items()})


def mingru_case():
    """Batch first; h̃ and h_0 are positive, because the package works with their logarithms."""
    from minGRU_pytorch.minGRU import minGRU

    x, W, h_0, dh = given((B, T, H), (2 * H, H), (B, 1, H), (B, T, H), seed=2)
    h_0 = h_0.detach().exp().requires_grad_()
    module = minGRU(H).double()
    module.to_hidden_and_gate.weight.data = W.detach()
    found = with_grads(module(x, h_0), dh.detach(), x=x, h_0=h_0)
    return found | {"W": W.detach().numpy(), "grad/W": module.to_hidden_and_gate.weight.grad.numpy()}


def minlstm_case():
    """Its two forms, from no state and from one."""
    import torch
    from minGRU_pytorch.minLSTM import minLSTM

    x, W, h_0 = (a.detach() for a in given((B, T, H), (3 * H, H), (B, 1, H), seed=3))
    h_0 = h_0.exp()
    module = minLSTM(H).double()
    module.to_hidden_and_f_i_gate.weight.data = W
    found = {"x": x, "W": W, "h_0": h_0}
    for name, first in {"": None, "_from_h_0": h_0}.items():
        found[f"h_parallel{name}"], state, steps = module(x, first), first, []
        for t in range(T):
            state = module(x[:, t : t + 1], state)
            steps.append(state)
        found[f"h_steps{name}"] = torch.cat(steps, dim=1)
    return case(**found)


# --- What we answer ---------------------------------------------------------------------------------------------------


def g(net):
    """What the package takes for h̃: positive, and with a kink at 0, where its slope goes from ¼ to 1."""
    return np.where(net >= 0, net + 0.5, sigmoid(net))


class PositiveMinGRU(MinGRU):
    """minGRU whose h̃ is g(net)."""

    def _steps(self, net, h, h_prev):
        net[..., self.hidden_size :] = g(net[..., self.hidden_size :])
        return super()._steps(net, h, h_prev)

    def _steps_back(self, trace, delta, back):
        d_net, *others = super()._steps_back(trace, delta, back)
        g_prime = np.where(trace.h_tilde >= 0.5, 1, trace.h_tilde * (1 - trace.h_tilde))
        d_net[..., self.hidden_size :] *= g_prime
        return d_net, *others


def rows(a, order):
    """The gates' blocks of rows in another order."""
    return np.concatenate([np.split(a, len(order))[k] for k in order])


def our_slstm(c):
    ours, theirs = (1, 0, 3, 2), (1, 0, 3, 2)  # f, i, o, c of i, f, c, o, and back
    layer = SLSTM(H, H, rng=np.random.default_rng(0))
    layer = layer.with_params({name: rows(c[name], ours) for name in ("W_x", "W_h", "b")})
    h, trace = layer.forward(c["x"])
    grads = layer.backward(c["dh"].copy(), trace)
    return {"h": h, "grad/x": grads.x} | {f"grad/{n}": rows(a, theirs) for n, a in grads.params.items()}


def our_mlstm(c):
    h = _mlstm(c["q"], c["k"] / np.sqrt(H), c["v"], sigmoid(c["net_f"][:, 0]), np.exp(c["net_i"][:, 0]))
    return {"h_parallel": h, "h_steps": h}


def our_mingru(c):
    layer = PositiveMinGRU(H, H, rng=np.random.default_rng(0))
    layer = layer.with_params({"W_x": rows(c["W"], (1, 0)), "b": np.zeros(2 * H)})
    h, trace = layer.forward(c["x"].swapaxes(0, 1).copy(), c["h_0"][:, 0])
    grads = layer.backward(c["dh"].swapaxes(0, 1).copy(), trace)
    found = {"h": h.swapaxes(0, 1), "grad/x": grads.x.swapaxes(0, 1)}
    return found | {"grad/h_0": grads.state[:, None], "grad/W": rows(grads.params["W_x"], (1, 0))}


def our_minlstm(c):
    """By the scan; a first step that is h_0 itself stands for the state.

    The package's parallel form takes g(h_0) in its place where its steps take h_0.
    """
    h_tilde, net_f, net_i = np.split(c["x"].swapaxes(0, 1) @ c["W"].T, 3, axis=-1)
    f, i = sigmoid(net_f), sigmoid(net_i)
    a, b = f / (f + i), i / (f + i) * g(h_tilde)

    def from_state(h_0):
        first = h_0.swapaxes(0, 1)
        return scan(np.concatenate([0 * first, a]), np.concatenate([first, b]))[1:].swapaxes(0, 1)

    h = scan(a, b).swapaxes(0, 1)
    later = {"h_parallel_from_h_0": from_state(g(c["h_0"])), "h_steps_from_h_0": from_state(c["h_0"])}
    return {"h_parallel": h, "h_steps": h} | later


CASES = {
    "sLSTM": (slstm_case, our_slstm),
    "mLSTM": (mlstm_case, our_mlstm),
    "minGRU": (mingru_case, our_mingru),
    "minLSTM": (minlstm_case, our_minlstm),
}
