"""What chapter 04 says of PyTorch's gradcheck, where PyTorch is installed."""

import re

import nbformat
import pytest
from series import ROOT

torch = pytest.importorskip("torch")


def chapter(*ids):
    cells = nbformat.read(ROOT / "notebooks" / "04_gradient_checking.ipynb", as_version=4).cells
    source = {cell.id: cell.source for cell in cells}
    return "\n".join(source[name] for name in ids)


def test_the_lines_for_pytorch_run():
    (lines,) = re.findall(r"^```python\n(.*?)^```", chapter("autograd"), re.DOTALL | re.MULTILINE)
    namespace = {}
    torch.manual_seed(0)
    exec(lines, namespace)
    whole, inputs = namespace["whole"], [namespace[name] for name in "xhc"]

    def cut(x, h, c, *params):
        return whole(x, h, c.detach() + 0 * c, *params)

    assert not torch.autograd.gradcheck(cut, (*inputs, *namespace["params"]), raise_exception=False)


@pytest.fixture(scope="module")
def now():
    """The chapter's LSTM, its rules, and the bugs, by name."""
    namespace = {}
    imports = "import numpy as np\nfrom types import SimpleNamespace\nfrom lstm_core import LSTM, sigmoid\n"
    exec(imports + chapter("problem", "rules-code", "walk-code"), namespace)
    return namespace


def accepted(now, p, rules):
    gates, backward = p.layer.by_gate(p.layer.params), now["backward"]

    class Wrapped(torch.autograd.Function):
        @staticmethod
        def forward(ctx, *arrays):
            ctx.layer = p.layer.of({n: a.detach().numpy().copy() for n, a in zip(gates, arrays, strict=True)})
            return torch.tensor(ctx.layer(p.x, p.state)[0][-1])

        @staticmethod
        def backward(ctx, d):
            dh = 0 * p.dh
            dh[-1] = d.numpy()
            problem = now["SimpleNamespace"](layer=ctx.layer, x=p.x, dh=dh, state=p.state)
            problem.dstate = [0 * a for a in p.state]
            grads = backward(problem, rules)
            return tuple(torch.tensor(grads[name]) for name in gates)

    inputs = [torch.tensor(a.copy(), requires_grad=True) for a in gates.values()]
    return torch.autograd.gradcheck(Wrapped.apply, inputs, raise_exception=False, check_undefined_grad=False)


def test_an_absolute_tolerance_accepts_what_is_small(now):
    rules, problem = now["RULES"], now["problem"]
    zero = rules | {"(15) W_fh": lambda at, d: 0 * (d.T @ at.h_prev)}
    transposed = rules | {"(8') back": lambda at: rules["(8') back"](at) + at.d_i @ (at.W_ih.T - at.W_ih)}
    for p in (now["article_problem"](), problem(scale=1e-4), problem()):
        assert accepted(now, p, rules)
    assert accepted(now, now["article_problem"](), zero)
    assert accepted(now, problem(scale=1e-4), transposed)
    assert not accepted(now, problem(), zero)
    assert not accepted(now, problem(), transposed)
