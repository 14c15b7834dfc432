"""Checks the answers to the exercises: `import exercises as check`, `check.reach(reach)`.

A check says "not done yet", "right", or in one sentence what is wrong. An error in an
answer is told, not raised. A check has data of its own, in sizes of its own, and gives an
answer fresh copies: nothing in a notebook can make an answer right or be spoilt by it.

First what all checks share, then the exercises, chapter by chapter.
"""

import contextlib
import copy
import dis
import functools
import inspect
import io
import itertools
import math
import re
import textwrap
import traceback
from types import SimpleNamespace

import numpy as np

from experiments import reber
from experiments.records import results
from lstm_core import (
    GRU,
    LSTM,
    check_layer,
    complex_step,
    from_torch,
    sigmoid,
    softmax_cross_entropy,
)

# ------------------------------------------------------------------ what all checks share


class _NotDone(Exception):
    """Nothing has been answered yet."""


class _Wrong(Exception):
    """What is wrong, as a sentence."""


def _exercise(task):
    """Make a check of `task`, which asks the answer and raises _Wrong or _NotDone."""

    @functools.wraps(task)
    def check(answer):
        given = _Answer(answer)
        try:
            if answer is None:
                raise _NotDone
            task(given)
        except _NotDone as reason:
            print(": ".join(["not done yet", *reason.args]))
        except _Wrong as reason:
            print(f"wrong: {reason}{given.borrowed()}")
        except Exception as error:  # of an answer so odd that nobody thought of it
            print(f"wrong: such an answer cannot be checked ({_told(error)})")
        else:
            print("right")

    return check


class _Answer:
    """The reader's answer: `value`; if it is a function, it is called with copies."""

    def __init__(self, value):
        self.value, self.calls = value, 0

    def __call__(self, *arguments, refusal=()):
        """What the function returns, or the error if it is one of `refusal`."""
        result = self._call(arguments, refusal)
        if result is None and self.calls == 1:
            raise _NotDone
        return result

    def filled(self, layer, *more):
        """The layer as the function left it, and what the function returned."""
        result = self._call((layer, *more))
        left = self.copies[0].params
        if all(np.array_equal(left.get(name), a) for name, a in layer.params.items()):
            raise _NotDone(
                "the layer is as it was; write into its arrays, q[...][:] = ..."
            )
        return layer.with_params(_arrays(left, layer.params)), result

    def _call(self, arguments, refusal=()):
        if not callable(self.value):
            raise _Wrong(f"a function is expected, got {_short(self.value)}")
        self.calls += 1
        self.copies = copy.deepcopy(arguments)
        try:
            return self.value(*self.copies)
        except NotImplementedError:
            raise _NotDone from None
        except refusal as error:
            return error
        except (Exception, SystemExit) as error:
            told = f"it raises {_told(error)}{self._line(error)}"
            raise _Wrong(f"{told}; it was given {self._named(arguments)}") from None

    def _line(self, error):
        """The reader's own line that raised the error."""
        file = getattr(getattr(self.value, "__code__", None), "co_filename", None)
        frames = traceback.extract_tb(error.__traceback__)
        lines = [frame.line for frame in frames if frame.filename == file and frame.line]
        return f" in `{lines[-1]}`" if lines else ""

    def _named(self, arguments):
        """What the function was given, by its own names for it."""
        try:
            names = list(inspect.signature(self.value).parameters)
        except (TypeError, ValueError):
            names = []
        names += [f"argument {k + 1}" for k in range(len(names), len(arguments))]
        return ", ".join(
            f"{n}: {_short(a)}" for n, a in zip(names, arguments, strict=False)
        )

    def borrowed(self):
        """A hint, if the function reads numbers of the notebook's."""
        codes, names = [getattr(self.value, "__code__", None)], set()
        for code in codes:
            if inspect.iscode(code):
                codes += code.co_consts  # functions inside it
                steps = dis.get_instructions(code)
                names |= {step.argval for step in steps if step.opname == "LOAD_GLOBAL"}
        notebook, kinds = getattr(self.value, "__globals__", {}), (np.ndarray, dict, int)
        own = sorted(name for name in names if isinstance(notebook.get(name), kinds))
        return f" (it reads the notebook's own {', '.join(own)})" if own else ""


def _told(error):
    return f"{type(error).__name__}: {error}".split("\n")[0].rstrip(": ")


def _short(thing):
    """A thing in a few words."""
    if isinstance(thing, np.ndarray) and thing.ndim:
        return f"an array of shape {thing.shape}"
    if isinstance(thing, SimpleNamespace):
        thing = vars(thing)
    if isinstance(thing, dict):
        return textwrap.shorten(
            f"{', '.join(map(str, thing))} by name", 60, placeholder=" …"
        )
    if inspect.isroutine(thing):  # its repr has an address
        return f"the function {thing.__name__}"
    return textwrap.shorten(repr(thing), 60, placeholder=" …")


def _expect(condition, otherwise):
    if not condition:
        raise _Wrong(otherwise)


def _array(answer, shape, what="the answer", counts=...):
    """The answer as an array, if it is one of this shape, finite where it counts."""
    try:
        a = np.asarray(answer)
    except Exception:  # rows of unequal lengths
        a = np.array(None)
    numbers = a.dtype.kind in "iuf"
    _expect(numbers, f"{what} should be an array of numbers, it is {_short(answer)}")
    _expect(a.shape == shape, f"{what} should have the shape {shape}, it has {a.shape}")
    _expect(np.isfinite(a[counts]).all(), f"{what} holds nan or inf")
    return a.astype(float)


def _arrays(answer, like):
    """The answer as a dict of arrays with the names and shapes of `like`."""
    if not isinstance(answer, dict) or answer.keys() != like.keys():
        got = ", ".join(map(str, answer)) if isinstance(answer, dict) else _short(answer)
        raise _Wrong(f"a dict of {', '.join(like)} is expected, got {got}")
    return {name: _array(answer[name], a.shape, name) for name, a in like.items()}


def _number(answer, kind="a number"):
    """The answer as one finite number."""
    a = np.asarray(answer)
    good = a.shape == () and a.dtype.kind in "iuf" and np.isfinite(a)
    _expect(good, f"{kind} is expected, got {_short(answer)}")
    return a.item()


def _whole(answer):
    number = _number(answer, "a whole number")
    _expect(number % 1 == 0, f"a whole number is expected, got {number}")
    return int(number)


def _same(a, b, bound=1e-10):
    """Whether a and b are equal up to rounding; for dicts, all of their arrays."""
    if isinstance(b, dict):
        return all(_same(a[name], b[name]) for name in b)
    return bool(np.abs(a - b).max() <= bound * np.abs(b).max())


def _compare(found, right, mistakes, where=""):
    """Expect the two to be the same; mistakes: what else comes, and of what."""
    if not _same(found, right):
        for cause, value in mistakes.items():
            _expect(not _same(found, value), f"{where}this is what comes {cause}")
        if isinstance(right, dict):
            wrong = [name for name in right if not _same(found[name], right[name])]
            raise _Wrong(f"{where}these are not right: {', '.join(wrong)}")
        error = np.abs(found - right).max() / np.abs(right).max()
        raise _Wrong(f"{where}it is off by {error:.1g} of the largest number")


# ------------------------------------------------------------------ chapter 01


@_exercise
def reach(answer):
    """reach(shares, part): how many last steps have at least `part` of the whole."""
    rng = np.random.default_rng(1)
    cases = [([3, 5, 8], 9), ([3, 5, 8], 8), ([16, 0, 0], 16), ([4, 4, 4, 4], 5)]
    for T, part in itertools.product((2, 5, 11), range(1, 17)):
        cases.append((rng.multinomial(16, np.ones(T) / T), part))
    for sixteenths, part in cases:  # so that every sum is exact
        shares, part, right = np.array(sixteenths) / 16, part / 16, 1
        while shares[-right:].sum() < part:
            right += 1
        found = _whole(answer(shares, part))
        told = f"reach({shares.tolist()}, {part}) is {right}, yours gives {found}"
        _expect(found == right, told)


@_exercise
def error_before(answer):
    """error_before(delta, h, W_h): the error of net one step earlier, f logistic."""
    rng = np.random.default_rng(4)
    for H in (3, 5, 1):
        delta, net, W_h = rng.normal(size=H), rng.normal(size=H), rng.normal(size=(H, H))
        h, slope = sigmoid(net), sigmoid(net) * (1 - sigmoid(net))
        found = _array(answer(delta, h, W_h), (H,))
        right = complex_step(lambda a, d=delta, W=W_h: d @ W @ sigmoid(a), net)
        mistakes = {
            "of W_h where its transpose belongs": W_h @ delta * slope,
            "without the slope": delta @ W_h,
            "with tanh's slope": delta @ W_h * (1 - h**2),
            "of the slope before the weights, not after": (delta * slope) @ W_h,
        }
        _compare(found, right, mistakes)


@_exercise
def rest_and_factor(answer):
    """rest_and_factor(w): where a tanh unit with weight w > 1 rests, and its error's factor."""
    for w in (1.05, 1.2, 2.0, 3.5):
        rest = 1.0
        for _ in range(20_000):
            rest = math.tanh(w * rest)
        factor = w * (1 - rest**2)
        found = answer(w)
        ask = "two numbers are expected, rest and factor"
        _expect(isinstance(found, (tuple, list, np.ndarray)) and len(found) == 2, ask)
        given_rest, given_factor = _number(found[0], "rest"), _number(found[1], "factor")
        told = f"at w = {w} the unit rests at {rest:.10f}, yours at {given_rest:.10g}"
        _expect(abs(given_rest - rest) < 1e-9, told)
        told = f"at w = {w} the factor is {factor:.6f}, yours {given_factor:.6g}"
        if abs(given_factor * w - factor) < 1e-6:
            told += ": it is the slope without the weight"
        _expect(abs(given_factor - factor) < 1e-6, told)


# ------------------------------------------------------------------ chapter 02

with contextlib.redirect_stdout(io.StringIO()):
    import this as _this
_ZEN = "".join(_this.d.get(character, character) for character in _this.s)
_ALPHABET = sorted(set(_ZEN))
_WORD = re.compile(r"[A-Za-z][A-Za-z']*")


def _one_hot(text):
    return np.eye(len(_ALPHABET))[[_ALPHABET.index(character) for character in text]]


def _seen(text, k):
    return f"after {text[max(0, k - 11) : k + 1]!r}"


@_exercise
def inverted(answer):
    """inverted(W, b): the weights and the bias of the gate that is one minus the gate."""
    rng = np.random.default_rng(0)
    for H, D in ((3, 5), (2, 2), (4, 1)):
        W, b = rng.normal(size=(H, D)), rng.normal(size=H)
        pair = answer(W, b)
        two = isinstance(pair, (tuple, list)) and len(pair) == 2
        _expect(two, f"W_new and b_new are expected, got {_short(pair)}")
        W_new = _array(pair[0], W.shape, "W_new")
        b_new = _array(pair[1], b.shape, "b_new")
        for v, which in ((np.zeros(D), "v = 0"), (rng.normal(size=D), "other v than 0")):
            total = sigmoid(W_new @ v + b_new) + sigmoid(W @ v + b)
            told = f"for {which} the gate and its inverse do not add up to 1"
            _expect(_same(total, np.ones(H)), told)


def _reader():
    """Chapter 02's layer: cell 0 counts characters, cell 1 is on inside a word."""
    layer = LSTM(len(_ALPHABET), 2, rng=np.random.default_rng(0))
    for a in layer.params.values():
        a[:] = 0
    letter = np.array([character.isalpha() for character in _ALPHABET])
    newline, space, apostrophe = (
        np.array(_ALPHABET) == character for character in "\n '"
    )
    q = layer.by_gate(layer.params)
    q["W_fx"][:] = np.where([~newline, apostrophe], 40, -40)
    q["W_ix"][:] = np.where([~newline, letter], 40, -40)
    q["W_ox"][:] = np.where([space, space | True], 40, -40)
    q["W_cx"][:] = 40
    return layer


@_exercise
def counts_words(answer):
    """counts_words(layer): set cell 0 so that it counts the words that have ended."""
    before = _reader()
    layer, _ = answer.filled(before)
    old, new = before.by_gate(before.params), layer.by_gate(layer.params)
    changed = ", ".join(name for name in old if (old[name][1] != new[name][1]).any())
    _expect(not changed, f"cell 1 is to stay as it is, and its {changed} changed")
    # rich in ends of words and apostrophes
    rich = [*_ALPHABET, *"etaoin" * 6, *"' \n" * 8]
    mixed = "".join(np.random.default_rng(2).choice(rich, 300))
    for text in ("be it, isn't", mixed, "'a''b' ''\n\nc'", _ZEN):
        ends = [word.end() for word in _WORD.finditer(text)]
        for k, c in enumerate(layer.forward(_one_hot(text))[1].c[:, 0]):
            words = sum(end <= k for end in ends)
            told = f"{_seen(text, k)} {words} words have ended, and c is {c:.3g}"
            if abs(c - words) < 0.5:
                told += "; larger weights make a gate leak less"
            _expect(abs(c - words) < 0.1, told)


@_exercise
def holds_first(answer):
    """holds_first(layer): set both cells; cell 0 holds the line's first character."""
    rng = np.random.default_rng(3)
    layer, _ = answer.filled(LSTM(len(_ALPHABET), 2, rng=rng))
    others = [character for character in _ALPHABET if character != "\n"]
    lines = [
        "".join([c, *rng.choice(others, rng.integers(9))])
        for c in rng.permutation(others)
    ]
    for text in ("ab\n\nb", "\n".join(lines), _ZEN):
        c = layer.forward(_one_hot(text))[1].c[:, 0]
        for line in re.finditer(".+", text):
            number = 0.02 * (_ALPHABET.index(line[0][0]) + 1)
            for k in range(*line.span()):
                told = f"{_seen(text, k)} c is {c[k]:.4f}, not {number:.2f}"
                _expect(abs(c[k] - number) < 1e-3, told)


# ------------------------------------------------------------------ chapter 03

_GATES = "fioc"
_QUANTITIES = ("f", "i", "o", "c_tilde", "c", "h", "c_prev", "h_prev")
_ERRORS = {"d_f": "f", "d_i": "i", "d_o": "o", "d_c_tilde": "c"}  # and their gates


def _lstm_arrays(rng, T, D, H, peepholes=False):
    """Weights, input x, each output's own error w, and initial states, by name."""
    shapes = {f"W_{g}h": (H, H) for g in _GATES} | {f"W_{g}x": (H, D) for g in _GATES}
    shapes |= {f"b_{g}": H for g in _GATES} | {f"p_{g}": H for g in "fio" if peepholes}
    shapes |= {"x": (T, D), "w": (T, H), "h_0": H, "c_0": H}
    return {name: rng.normal(size=shape) for name, shape in shapes.items()}


def _forward(q, **moved):
    """All quantities at all times; moved: what is added where an error is."""
    h, c, steps = q["h_0"], q["c_0"], []
    for t in range(len(q["x"])):
        add = {name: a[t] for name, a in moved.items()}
        s = {"h_prev": h, "c_prev": c}
        f, i, o, c_tilde = (
            q[f"W_{g}h"] @ h + q[f"W_{g}x"] @ q["x"][t] + q[f"b_{g}"] + add.get(error, 0)
            for error, g in _ERRORS.items()
        )
        s["f"] = f = sigmoid(f + q.get("p_f", 0) * c)
        s["i"] = i = sigmoid(i + q.get("p_i", 0) * c)
        s["c_tilde"] = c_tilde = np.tanh(c_tilde)
        s["c"] = c = f * c + i * c_tilde + add.get("epsilon", 0)
        s["o"] = o = sigmoid(o + q.get("p_o", 0) * c)
        s["h"] = h = o * np.tanh(c) + add.get("delta", 0)
        steps.append(s)
    return {name: np.array([s[name] for s in steps]) for name in steps[0]}


def _measured(q, name):
    """The gradient of E = Σ w h by one array, or the error of this name, measured."""

    def loss(a):
        h = _forward(q | {name: a})["h"] if name in q else _forward(q, **{name: a})["h"]
        return (q["w"] * h).sum()

    return complex_step(loss, q[name] if name in q else np.zeros(q["w"].shape))


@_exercise
def cell_error(answer):
    """cell_error(now, later): the total error of c_t, where that of h_t is known."""
    for T, H in ((4, 3), (3, 1)):
        q = _lstm_arrays(np.random.default_rng([T, 3]), T, 2, H)
        s = _forward(q)
        known = {name: s[name] for name in _QUANTITIES}
        for name in ("delta", "epsilon", *_ERRORS):
            known[name] = _measured(q, name)
        for t in range(T):
            now, later = (
                SimpleNamespace(
                    **{n: a[k] if k < T else 0 * a[0] for n, a in known.items()}
                )
                for k in (t, t + 1)
            )
            right = now.epsilon
            del now.epsilon, now.d_f, now.d_i, now.d_o, now.d_c_tilde
            where = "at the last time " if t == T - 1 else ""
            found = _array(answer(now, later), (H,), f"{where}the answer")
            mistakes = _cell_mistakes(now, later) if t < T - 1 else {}
            _compare(found, right, mistakes, where)


def _cell_mistakes(now, later):
    slope, second = 1 - np.tanh(now.c) ** 2, later.epsilon * later.f
    first, to_h = now.delta * now.o * slope, now.delta * now.o
    return {
        "through h_t alone; c_t has a second way to E": first,
        "without the way through h_t": second,
        "of f_t; which step's f stands before c_t?": first + later.epsilon * now.f,
        "without o_t": now.delta * slope + second,
        "without the slope of tanh": to_h + second,
        "of 1 - c_t² as the slope; it is 1 - tanh²(c_t)": to_h * (1 - now.c**2) + second,
        "of the slope at c̃_t, not at c_t": to_h * (1 - now.c_tilde**2) + second,
        "of 1 - h_t² as the slope; h_t has o_t in it": to_h * (1 - now.h**2) + second,
        "without what c_t is multiplied by on its way to c_{t+1}": first + later.epsilon,
        "of the error of h_{t+1} where that of c_{t+1} belongs": first
        + later.delta * later.f,
        "without δ_t": now.o * slope + second,
    }


@_exercise
def still_right(answer):
    """The arrays that the article's recursion gets right in two steps from zero."""
    names = answer.value
    kinds = (set, frozenset, list, tuple)
    _expect(isinstance(names, kinds), f"a set of names is expected, got {_short(names)}")
    names = {name if isinstance(name, str) else _short(name) for name in names}
    every = {n: g for g in _GATES for n in (f"W_{g}h", f"W_{g}x", f"b_{g}")}
    unknown = ", ".join(sorted(names - every.keys()))
    _expect(not unknown, f"no such array: {unknown}; they are {', '.join(every)}")
    reached = {n for n in every if every[n] in "ic" and n[-1] != "h"}
    for name in sorted(names & reached):
        factor = "x_1, which is not zero" if name[0] == "W" else "1"
        told = f"what is lost comes to the weighted input of {every[name]} at time 1, and"
        raise _Wrong(f"{name} is not right: {told} there it is times {factor}")
    more = len(every.keys() - reached - names)
    are = "is" if more == 1 else "are"
    _expect(not more, f"all that you name are right, and {more} more {are}")


def _peephole_gradients(q, s, to_o=1, to_next=1, p_o="c"):
    """The gradients of all fifteen arrays; to_o, to_next: 0 leaves out a way of c_t."""
    grads = {
        n: np.zeros(a.shape) for n, a in q.items() if n not in ("x", "w", "h_0", "c_0")
    }
    back = carried = np.zeros(len(q["h_0"]))
    for t in reversed(range(len(q["x"]))):
        f, i, o, c_tilde, c, _, c_prev, h_prev = (s[name][t] for name in _QUANTITIES)
        delta = q["w"][t] + back
        d = {"o": delta * np.tanh(c) * o * (1 - o)}
        epsilon = delta * o * (1 - np.tanh(c) ** 2) + carried + to_o * d["o"] * q["p_o"]
        d["f"] = epsilon * c_prev * f * (1 - f)
        d["i"] = epsilon * c_tilde * i * (1 - i)
        d["c"] = epsilon * i * (1 - c_tilde**2)
        back = sum(q[f"W_{g}h"].T @ d[g] for g in d)
        carried = epsilon * f + to_next * (d["f"] * q["p_f"] + d["i"] * q["p_i"])
        for g in d:
            grads[f"W_{g}h"] += np.outer(d[g], h_prev)
            grads[f"W_{g}x"] += np.outer(d[g], q["x"][t])
            grads[f"b_{g}"] += d[g]
        for g, cell in {"f": c_prev, "i": c_prev, "o": s[p_o][t]}.items():
            grads[f"p_{g}"] += d[g] * cell
    return grads


@_exercise
def peepholes(answer):
    """peepholes(q, s): the gradients of an LSTM whose gates see the cell."""
    for T, D, H in ((1, 2, 3), (4, 3, 2)):
        q = _lstm_arrays(np.random.default_rng(T), T, D, H, peepholes=True)
        s = _forward(q)
        mistakes = {
            "without c_t's way through o_t": _peephole_gradients(q, s, to_o=0),
            "without c_t's ways through f_{t+1} and i_{t+1}": _peephole_gradients(
                q, s, to_next=0
            ),
            "of c_{t-1} for p_o, where c_t belongs": _peephole_gradients(
                q, s, p_o="c_prev"
            ),
        }
        right = {name: _measured(q, name) for name in mistakes[next(iter(mistakes))]}
        where = "within one step " if T == 1 else "one step is right, but of four "
        _compare(_arrays(answer(q, s), right), right, mistakes, where)


@_exercise
def truncated(answer):
    """truncated(layer, x, dh, K): the sum of the gradients of pieces of K steps."""
    rng, T = np.random.default_rng(5), 13
    layer = LSTM(3, 4, rng=rng, forget_bias=2.0)
    x, dh = rng.normal(size=(T, 2, 3)), rng.normal(size=(T, 2, 4))
    whole = layer.forward(x)[1]

    def total(K, carry=True, end=T):
        sums = dict.fromkeys(layer.params, 0)
        for k in range(0, end, K):
            state = (whole.h_prev[k], whole.c_prev[k]) if carry else None
            trace = layer.forward(x[k : k + K], state)[1]
            gradients = layer.backward(dh[k : k + K], trace).params
            sums = {name: sums[name] + gradients[name] for name in sums}
        return sums

    for K in (T, 5, 1, 20):
        found = _arrays(answer(layer, x, dh, K), layer.params)
        mistakes = {
            "without any cut": total(T),
            "if each piece starts from a state of zeros": total(K, carry=False),
            "without the last, shorter piece": total(K, end=T - T % K),
        }
        _compare(found, total(K), mistakes, f"with K = {K} of {T} steps ")


# ------------------------------------------------------------------ chapter 04


@_exercise
def wrong_arrays(answer):
    """wrong_arrays(head, arrays, target): the names of those with a wrong gradient."""
    rng = np.random.default_rng(1)
    spoilers = [
        lambda g: 8 * g,
        lambda g: -g,
        lambda g: 0 * g,
        lambda g: 1.01 * g,
        lambda g: np.roll(g, 1, axis=-1),  # as large as before in every norm
        lambda g: g + 0.01 * np.abs(g).max() * (g == g.flat[-1]),  # one entry
    ]
    subsets = [set(bad) for n in range(4) for bad in itertools.combinations("hWb", n)]
    for spoil, bad in itertools.product(spoilers, subsets):
        T, B, H, K = rng.integers(2, 5, 4)
        arrays = {
            name: rng.normal(size=n)
            for name, n in (("h", (T, B, H)), ("W", (K, H)), ("b", K))
        }
        scale = 10.0 ** rng.integers(-7, 5)  # too far apart for one absolute bound

        def head(arrays, target, spoil=spoil, bad=bad, scale=scale):
            h, W = arrays["h"], arrays["W"]
            loss, d = softmax_cross_entropy(h @ W.T + arrays["b"], target)
            d = scale * d
            grads = {"h": d @ W, "W": np.einsum("tbk,tbh->kh", d, h), "b": d.sum((0, 1))}
            return scale * loss, {
                n: spoil(g) if n in bad else g for n, g in grads.items()
            }

        target = rng.integers(0, K, (T, B))
        found = answer(head, arrays, target)
        names = hasattr(found, "__iter__") and not isinstance(found, str)
        _expect(names, f"a set of names is expected, got {_short(found)}")
        told = [", ".join(sorted(map(str, some))) or "none" for some in (found, bad)]
        told.append(f"{head(arrays, target)[0]:.0e}")
        line = "it names {} where {} are wrong, at a loss of {}".format(*told)
        _expect(set(found) == bad, line)


# The keys of chapter 04's rules, and of four of them which is wrong and by what factor.
_KEYS = ["(8') delta", "(9) d_o", "(10a) epsilon", "(10') d_f", "(11') d_i", "(12') d_c"]
_KEYS += ["(8') back", "(10a) carried", "(14) dx", "(15) W_h", "(15) W_x", "(15) b"]
_HIDDEN = ((4, 0.5), (10, -1), (7, 0), (8, 2))


def mystery(rules, number):
    """Chapter 04's rules, one of them multiplied by a wrong factor; number: 0 to 3."""
    place, factor = _HIDDEN[number]
    factors = dict.fromkeys(rules, 1) | {_KEYS[place]: factor}
    return {key: lambda *now, key=key: factors[key] * rules[key](*now) for key in rules}


@_exercise
def keys(answer):
    """The keys of the four mysteries' wrong rules."""
    four = isinstance(answer.value, (list, tuple)) and len(answer.value) == 4
    _expect(four, f"a list of four keys is expected, got {_short(answer.value)}")
    unknown = ", ".join(str(key) for key in answer.value if key not in _KEYS)
    _expect(not unknown, f"no such key: {unknown}; the keys are {', '.join(_KEYS)}")
    off = [str(n) for n in range(4) if answer.value[n] != _KEYS[_HIDDEN[n][0]]]
    _expect(not off, f"not yet the one of number {', '.join(off)}")


@_exercise
def twenty_first(answer):
    """A bug that passes at check_layer's sizes and is wrong at others."""
    bug = answer.value
    form = '{"(15) b": lambda now, d: ..., ...}'
    _expect(isinstance(bug, dict), f"a dict is expected, {form}, got {_short(bug)}")
    if not bug:
        raise _NotDone
    known = _KEYS + [
        f"(15) {kind.format(g)}" for kind in ("W_{}h", "W_{}x", "b_{}") for g in "fioc"
    ]
    unknown = ", ".join(str(key) for key in bug if key not in known)
    _expect(not unknown, f"no such key: {unknown}; the keys are {', '.join(_KEYS)}")
    for seed in range(4):
        seen = _wrong_by(bug, 5, 4, 3, 2, 0.5, 1, seed, bound=1e-10)
        told = f"at T = 5, B = 4, D = 3, H = 2 it is seen: {', '.join(seen)}"
        _expect(not seen, f"{told} {'is' if len(seen) == 1 else 'are'} wrong")
    larger = [(12, 2, 3, 2, 0.5, 1), (5, 9, 3, 2, 0.5, 1), (5, 4, 4, 5, 0.5, 1)]
    larger += [(12, 2, 3, 30, 0.5, 1), (12, 3, 3, 3, 6, 1), (60, 3, 4, 5, 1, 30)]
    found = any(_wrong_by(bug, *sizes, 4, bound=1e-6) for sizes in larger)
    _expect(found, "no bug: it is right at every size that was tried")


_RIGHT_RULES = {
    "(8') delta": lambda now: now.own + now.back,
    "(9) d_o": lambda now: now.delta * np.tanh(now.c) * now.o * (1 - now.o),
    "(10a) epsilon": lambda now: (
        now.delta * now.o * (1 - np.tanh(now.c) ** 2) + now.carried
    ),
    "(10') d_f": lambda now: now.epsilon * now.c_prev * now.f * (1 - now.f),
    "(11') d_i": lambda now: now.epsilon * now.c_tilde * now.i * (1 - now.i),
    "(12') d_c": lambda now: now.epsilon * now.i * (1 - now.c_tilde**2),
    "(8') back": lambda now: (
        now.d_f @ now.W_fh + now.d_i @ now.W_ih + now.d_o @ now.W_oh + now.d_c @ now.W_ch
    ),
    "(10a) carried": lambda now: now.epsilon * now.f,
    "(14) dx": lambda now: (
        now.d_f @ now.W_fx + now.d_i @ now.W_ix + now.d_o @ now.W_ox + now.d_c @ now.W_cx
    ),
    "(15) W_h": lambda now, d: d.T @ now.h_prev,
    "(15) W_x": lambda now, d: d.T @ now.x,
    "(15) b": lambda now, d: d.sum(axis=0),
}


def _wrong_by(bug, T, B, D, H, size, error, seed, bound):
    """The names of the arrays that chapter 04's rules with this bug get wrong."""
    rng, rules = np.random.default_rng(seed), _RIGHT_RULES | bug
    layer = LSTM(D, H, rng=rng)
    for a in layer.params.values():
        a[...] = rng.uniform(-size, size, a.shape)
    x, dh = rng.normal(size=(T, B, D)), error * rng.normal(size=(T, B, H))
    h_0, c_0, *last = rng.normal(size=(4, B, H))
    trace = layer.forward(x, (h_0, c_0))[1]
    right = layer.backward(dh, trace, tuple(last))
    truth = layer.by_gate(right.params) | {"x": right.x}
    truth |= dict(zip(("h_0", "c_0"), right.state, strict=True))
    weights, (back, carried) = layer.by_gate(layer.params), last
    found = {name: np.zeros_like(a) for name, a in truth.items()}

    def of(key, like, *arguments):
        rule = _Answer(rules[key])
        result = np.asarray(rule._call(arguments))
        good = result.dtype.kind in "biuf" and np.isfinite(result).all()
        good = good and result.shape in ((), like.shape)
        told = f"{key} should give an array of shape {like.shape}, it gives"
        _expect(good, f"{told} {_short(result)}")
        return result + np.zeros_like(like)

    for t in reversed(range(T)):
        now = SimpleNamespace(t=t, last=T - 1, own=dh[t], back=back, carried=carried)
        vars(now).update(weights | {"x": x[t]})
        kept = ("f", "i", "o", "c_tilde", "c", "c_prev", "h", "h_prev")
        vars(now).update({name: getattr(trace, name)[t] for name in kept})
        for key in rules:
            if "(15)" not in key:
                setattr(now, key.split()[1], of(key, x[t] if "dx" in key else back, now))
        back, carried, found["x"][t] = now.back, now.carried, now.dx
        for name, a in weights.items():
            key = f"(15) {name}"
            if key not in rules:
                key = "(15) b" if name[0] == "b" else f"(15) W_{name[3]}"
            found[name] += of(key, a, now, getattr(now, f"d_{name[2]}"))
    found |= {"h_0": back, "c_0": carried}
    return [name for name, a in truth.items() if not _same(found[name], a, bound)]


# ------------------------------------------------------------------ chapter 05


@_exercise
def reset_after(answer):
    """reset_after(d_h_tilde, r, m, W_hh): the errors of m and net_r, and W_hh's share."""
    rng = np.random.default_rng(6)
    for H in (3, 5, 1):
        d, net, h_prev, b_hh = rng.normal(size=(4, H))
        W, r = rng.normal(size=(H, H)), sigmoid(net)
        m = W @ h_prev + b_hh
        found = answer(d, r, m, W)
        three = isinstance(found, (tuple, list, np.ndarray)) and len(found) == 3
        _expect(
            three, f"three arrays are expected, d_m, d_r and back, got {_short(found)}"
        )
        net_h = {  # the weighted input of the candidate, by each of what it is made of
            "d_m": (lambda a, r=r: r * a, m),
            "d_r": (lambda a, m=m: sigmoid(a) * m, net),
            "back": (lambda a, r=r, W=W, b=b_hh: r * (W @ a + b), h_prev),
        }
        mistakes = {
            "d_m": {"without r": d},
            "d_r": {"without the slope of r": d * m, "without m": d * r * (1 - r)},
            "back": {
                "of W_hh where its transpose belongs": W @ (d * r),
                "if r stood before": (W.T @ d) * r,
            },
        }
        mistakes["back"]["without r"] = W.T @ d
        for (name, (net_of, a)), one in zip(net_h.items(), found, strict=True):
            right = complex_step(lambda a, f=net_of, d=d: d @ f(a), a)
            _compare(_array(one, (H,), name), right, mistakes[name], f"{name}: ")


def _torch_gru(q, x, h):
    """The outputs by the equations in PyTorch's documentation."""
    outputs = []
    for x_t in x:
        i_r, i_z, i_n = np.split(q["weight_ih_l0"] @ x_t + q["bias_ih_l0"], 3)
        h_r, h_z, h_n = np.split(q["weight_hh_l0"] @ h + q["bias_hh_l0"], 3)
        r, z = sigmoid(i_r + h_r), sigmoid(i_z + h_z)
        h = (1 - z) * np.tanh(i_n + r * h_n) + z * h
        outputs.append(h)
    return np.array(outputs)


def _refuse(layer, state_dict, index=None):
    raise RuntimeError("from_torch is what you are to write")


@contextlib.contextmanager
def _without_from_torch():
    """from_torch refuses, under whatever name the notebook has it."""
    code, from_torch.__code__ = from_torch.__code__, _refuse.__code__
    try:
        yield
    finally:
        from_torch.__code__ = code


@_exercise
def load_gru(answer):
    """load_gru(layer, state_dict): fill the layer with PyTorch's arrays."""
    rng = np.random.default_rng(9)
    for D, H in ((3, 4), (2, 1)):
        shapes = {"weight_ih_l0": (3 * H, D), "weight_hh_l0": (3 * H, H)}
        shapes |= {"bias_ih_l0": 3 * H, "bias_hh_l0": 3 * H}
        state_dict = {name: rng.normal(size=shape) for name, shape in shapes.items()}
        with _without_from_torch():
            layer, _ = answer.filled(GRU(D, H, rng=rng), state_dict)
        x, h_0 = rng.normal(size=(7, D)), rng.normal(size=H)
        if not _same(layer(x, h_0)[0], _torch_gru(state_dict, x, h_0)):
            right = GRU(D, H, rng=rng)
            from_torch(right, state_dict)
            _compare(layer.by_gate(layer.params), right.by_gate(right.params), {})


@_exercise
def halves_and_doubles(answer):
    """halves_and_doubles(layer): input a, (1, 0), halves the one state; b, (0, 1), doubles it."""
    rng = np.random.default_rng(8)
    layer, _ = answer.filled(GRU(2, 1, rng=rng, reset="before"))
    for text in ("a", "aaa", "ab", "ba", "aaaaabb", "aab" * 9, "a" * 100 + "b" * 100):
        x = np.array([[letter == "a", letter == "b"] for letter in text], float)
        for h_0 in (0.01, 0.003):
            h = layer(x, np.array([h_0]))[0][-1, 0]
            right = h_0 * 2.0 ** (text.count("b") - text.count("a"))
            told = f"{h_0} becomes {h:.3g}, not {right:.3g}, after {_short(text)}"
            _expect(abs(h - right) < 0.05 * right, told)


# ------------------------------------------------------------------ chapter 06


@_exercise
def bias_for(answer):
    """bias_for(k, left): the bias with which a cell keeps `left` over k steps."""
    for k, left in ((1, 0.5), (1, 0.9), (100, 0.5), (37, 0.2), (1000, 0.9), (5, 1e-3)):
        b = _number(answer(k, left), "a number, the bias")
        kept = sigmoid(np.array(b)) ** k
        _expect(
            _same(kept, np.array(left), 1e-8),
            f"with a bias of {b:.3g} a cell keeps {kept:.3g} over {k} steps, not {left}",
        )


@_exercise
def kept_by_mixture(answer):
    """kept_by_mixture(biases, k): the mean over the units of what each keeps."""
    rng = np.random.default_rng(6)
    for H, k in ((1, 1), (2, 10), (5, 3), (8, 200)):
        biases = rng.uniform(-1, 6, H)
        found = _number(answer(biases, k), "a number, the mean of what is kept")
        right = np.mean(sigmoid(biases) ** k)
        if (
            _same(np.array(found), sigmoid(biases.mean(keepdims=True))[0] ** k, 1e-8)
            and H > 1
        ):
            raise _Wrong("that is what a unit with the mean bias keeps")
        if (
            _same(np.array(found), np.mean(sigmoid(biases)) ** k, 1e-8)
            and k > 1
            and H > 1
        ):
            raise _Wrong("the mean gate's power is not the mean of the gates' powers")
        _expect(
            _same(np.array(found), right, 1e-8),
            f"for biases {biases.round(2).tolist()} and {k} steps {right:.4g} is kept, "
            f"not {found:.4g}",
        )


def _cells(rng, T, B, H, unit, label, size):
    """Cells of which one holds the label, far from 0; others held it, are large, or are quiet for one label only."""
    c = 0.3 * rng.standard_normal((T, B, H))
    sign = np.where(label, 1.0, -1.0)
    others = [k for k in range(H) if k != unit]
    c[:-1, :, others[0]] += 5 * sign  # knew it nearly to the end, and forgot it
    c[..., others[0]] *= 1e-3  # so small that a ratio with a unit in it would choose it
    c[:, :, others[1]] += 40 + 8 * rng.standard_normal(B)  # large, and knows nothing
    for k, quiet in zip(others[2:], (label, ~label), strict=False):
        c[..., k] = np.where(quiet, 0.01, 4.0) * c[..., k] + 0.3 * quiet
    c[T // 2 :, :, unit] += 2 * sign * rng.choice([-1, 1])  # learned it late
    c[..., unit] = size * (30 + c[..., unit])
    return c


@_exercise
def remembers(answer):
    """remembers(c, label): the unit whose cell tells the label best at the last step."""
    rng = np.random.default_rng(16)
    for T, B, H, unit, size in (
        (6, 40, 3, 1, 1),
        (9, 50, 5, 4, 0.01),
        (4, 60, 4, 0, 0.1),
    ):
        label = rng.integers(0, 2, B).astype(bool)
        label[:2] = True, False
        c = _cells(rng, T, B, H, unit, label, size)
        found = _whole(answer(c, label))
        others = [k for k in range(H) if k != unit]
        _expect(
            found != others[0], f"unit {found} knew it, and has forgotten it at the end"
        )
        _expect(
            found != others[1] or found == unit,
            f"unit {found} is large, but it is as large for both labels",
        )
        _expect(
            found not in others[2:],
            f"unit {found} is quiet for one label, but for the other it is anywhere",
        )
        _expect(found == unit, f"it finds unit {found}; unit {unit} tells the label")


# ------------------------------------------------------------------ chapter 07


@_exercise
def rate_at(answer):
    """rate_at(update, rate, warmup, milestones, factor): the learning rate of an update."""
    cases = [(18_000, 0.1, 500, (12_000, 16_000), 0.1), (90, 1.0, 0, (30, 60, 80), 0.5)]
    cases += [(40, 2.0, 8, (), 0.3), (20, 0.25, 4, (4, 10), 0.2)]
    cases += [(12, 0.5, 8, (3, 10), 0.5)]
    for updates, rate, warmup, milestones, factor in cases:
        places = {0, 1, warmup, updates // 2, updates - 1}
        places |= {m + d for m in (*milestones, warmup) for d in (-1, 0, 1)} - {-1}
        for update in sorted(places):
            share = min(1, (update + 1) / warmup) if warmup else 1
            right = rate * share * factor ** sum(update >= m for m in milestones)
            found = _number(answer(update, rate, warmup, milestones, factor), "a rate")
            given = f"({update}, {rate}, {warmup}, {milestones}, {factor})"
            told = f"rate_at{given} is {right:.6g}, yours gives {found:.6g}"
            _expect(math.isclose(found, right, rel_tol=1e-9), told)


@_exercise
def mean_over_letters(answer):
    """mean_over_letters(losses, lengths): the mean over what is no padding."""
    rng = np.random.default_rng(11)
    for T, lengths in ((6, (6, 2, 1)), (4, (3, 1, 1, 4, 2)), (3, (2,))):
        losses, lengths = rng.uniform(1, 3, (T, len(lengths))), np.array(lengths)
        real = np.arange(T)[:, None] < lengths
        found = _number(answer(losses, lengths), "one number")
        right = losses[real].mean()
        mistakes = {
            "of all places, padding too": losses.mean(),
            "of the mean of each name's mean": ((losses * real).sum(0) / lengths).mean(),
            "if padding counts as a loss of 0": (losses * real).mean(),
            "if one place too many counts": losses[
                np.arange(T)[:, None] <= lengths
            ].mean(),
            "of the sum, not the mean": losses[real].sum(),
        }
        told = f"for lengths {lengths.tolist()} "
        _compare(np.array(found), np.array(right), mistakes, told)
        losses[~real] = np.nan
        found = np.asarray(answer(losses, lengths), float)
        told = "a NaN in the padding, where nothing counts, spoils the mean"
        _expect(np.isclose(found, right).all(), told)


@_exercise
def temperature_for(answer):
    """temperature_for(logits, part): at it the likeliest letter has this probability."""
    rng = np.random.default_rng(12)
    cases = [(rng.normal(size=5), 0.5), (2 * rng.normal(size=27), 0.3)]
    cases += [(rng.normal(size=3), 0.95), (np.array([900.0, 850.0, -20.0]), 0.9)]
    cases += [(np.array([900.0, 0.0, -20.0]), 0.6)]
    for logits, part in cases:

        def largest(tau, logits=logits):
            with np.errstate(all="ignore"):
                return 1 / np.exp((logits - logits.max()) / tau).sum()

        tau = _number(answer(logits, part), "a temperature")
        _expect(tau > 0, f"a temperature is above 0, yours is {tau:.4g}")
        told = f"at your {tau:.4g} the likeliest has {largest(tau):.6f}, not {part}"
        if abs(largest(1 / tau) - part) < 1e-6:
            told += "; it is one over the temperature"
        _expect(abs(largest(tau) - part) < 1e-6, told)


@_exercise
def carried(answer):
    """carried_on(state, new): (h, c) for the next piece, zero where a new text begins."""
    rng = np.random.default_rng(13)
    for B, H in ((4, 3), (3, 3), (5, 1)):
        for new in (rng.random(B) < 0.5, np.zeros(B, bool), np.ones(B, bool)):
            state = rng.normal(size=(B, H)), rng.normal(size=(B, H))
            pair = answer(state, new)
            two = isinstance(pair, (tuple, list)) and len(pair) == 2
            _expect(two, f"the pair h, c is expected, got {_short(pair)}")
            for name, found, old in zip("hc", pair, state, strict=True):
                found = _array(found, (B, H), name)
                kept, zero = found[~new], found[new]
                told = "is not kept where the text goes on"
                _expect(np.array_equal(kept, old[~new]), f"{name} {told}")
                _expect(not zero.any(), f"{name} is not zero where a new text begins")
            same = all(map(np.array_equal, answer.copies[0], state))
            _expect(same, "it changes the state it was given, which a trace still needs")


# ------------------------------------------------------------------ chapter 10


@_exercise
def ram_cell(answer):
    """ram_cell(layer): one LSTM cell set by hand to do RAM; the output's weight."""
    rng = np.random.default_rng(10)
    layer, weight = answer.filled(LSTM(3, 1, rng=rng))
    weight = _number(weight, "the weight of the output, a number,")
    number, marks = rng.uniform(-1, 1, (60, 40)), rng.random((2, 60, 40))
    write, read = marks[0] < 0.15, marks[1] < 0.3
    x = np.stack([number, write, read], axis=-1).astype(float)
    h, trace = layer.forward(x)
    said, kept, held = weight * h[..., 0], np.zeros_like(number), np.zeros(40)
    for t in range(60):
        held = np.where(write[t], number[t], held)
        kept[t] = held
    silent = np.abs(said[~read]).max()
    _expect(silent < 0.01, f"without a read mark it says up to {silent:.2g}, not 0")
    empty = np.cumsum(write, axis=0) == 0
    early = np.abs(said[read & empty]).max()
    _expect(early < 0.01, f"before anything is written it says up to {early:.2g}")
    first = read & (np.cumsum(write, axis=0) == 1)
    off = np.abs(said - kept)
    told = f"the first number written is said with an error of {off[first].max():.2g}"
    _expect(off[first].max() < 0.02, told)
    told = f"once a second number is written, it is off by {off[read].max():.2g}"
    _expect(off[read].max() < 0.02, told)
    long = np.zeros((1001, 40, 3))
    long[..., 0], long[0, :, 1], long[1000, :, 2] = rng.uniform(-1, 1, (1001, 40)), 1, 1
    off = np.abs(weight * layer(long)[0][-1, :, 0] - long[0, :, 0]).max()
    _expect(off < 0.02, f"a number kept for 1,000 steps is then off by {off:.2g}")


@_exercise
def own_variant(answer):
    """A subclass of LSTM that computes something else, with all of its gradients."""
    kind = answer.value
    right = inspect.isclass(kind) and issubclass(kind, LSTM)
    _expect(right, f"a subclass of LSTM is expected, got {_short(kind)}")
    if kind._steps is LSTM._steps:
        raise _NotDone
    for D, H in ((3, 2), (2, 4)):
        layer, rng = kind(D, H, rng=np.random.default_rng(D)), np.random.default_rng(H)
        for a in layer.params.values():
            a[...] = rng.uniform(-0.8, 0.8, a.shape)
        x = rng.normal(size=(5, 3, D))
        found = _array(layer(x)[0], (5, 3, H), "its output")
        plain = LSTM.of({name: layer.params[name] for name in ("W_x", "W_h", "b")})
        _expect(not _same(found, plain(x)[0]), "its outputs are those of an LSTM")
        other = _array(layer(x + 1)[0], (5, 3, H), "its output")
        _expect(not _same(found, other), "it says the same whatever it hears")
        wrong = check_layer(layer, x).wrong
        _expect(not wrong, f"these gradients are wrong: {', '.join(wrong)}")


@_exercise
def fullest(answer):
    """fullest: for each variant the bound of |c_10|, math.inf where there is none."""
    right = {"LSTM": 10, "f = 1": 10, "i = 1 − f": 1, "h = o ∘ c": 10}
    right |= {"σ for tanh in c̃": 10, "c̃ without tanh": math.inf}
    given = answer.value
    same = isinstance(given, dict) and given.keys() == right.keys()
    _expect(same, f"a dict of {', '.join(right)} is expected, got {_short(given)}")
    if any(bound is None for bound in given.values()):
        raise _NotDone
    off = []
    for name, bound in right.items():
        a = np.asarray(given[name])
        good = a.shape == () and a.dtype.kind in "iuf" and not np.isnan(a)
        _expect(good, f"a number is expected for {name}, got {_short(given[name])}")
        off += [name] if a.item() != bound else []
    _expect(not off, f"not yet the bound of: {', '.join(off)}")


@_exercise
def output_gate_alone(answer):
    """prediction: for each of the six jobs "many", "few" or "some" of 20 with f = i = 1."""
    jobs = ("RAM", "first come", "lamp", "stream", "adding", "counting")
    given = answer.value
    same = isinstance(given, dict) and given.keys() == set(jobs)
    _expect(same, f"a dict of {', '.join(jobs)} is expected, got {_short(given)}")
    if all(word is None for word in given.values()):
        raise _NotDone
    off = []
    for job in jobs:
        word = given[job]
        good = isinstance(word, str) and word in ("many", "few", "some")
        _expect(
            good, f'"many", "few" or "some" is expected for {job}, got {_short(word)}'
        )
        trials = results("parts", task=job, layer="f = i = 1")
        count = sum(bool(t["solved"]) or (t.get("reach") or 0) >= 15 for t in trials)
        truth = "many" if count >= 15 else "few" if count <= 5 else "some"
        off += [job] if word != truth else []
    _expect(not off, f"the trials came out otherwise on: {', '.join(off)}")


# ------------------------------------------------------------------ chapter 11


def _three(answer, shape):
    """Three arrays of this shape."""
    ask = "three arrays are expected, d_f, d_i and d_h_tilde"
    if isinstance(answer, np.ndarray) and answer.ndim:
        answer = list(answer)
    _expect(isinstance(answer, (tuple, list)) and len(answer) == 3, ask)
    names = ("d_f", "d_i", "d_h_tilde")
    return {n: _array(a, shape, n) for n, a in zip(names, answer, strict=True)}


@_exercise
def minlstm_errors(answer):
    """minlstm_errors(delta, h_prev, f, i, h_tilde): of the three weighted inputs."""
    rng = np.random.default_rng(11)
    for shape in ((5, 3), (4, 2, 3)):
        delta, h_prev, h_tilde, net_f, net_i = rng.normal(size=(5, *shape))
        f, i = sigmoid(net_f), sigmoid(net_i)

        def h(net_f=net_f, net_i=net_i, h_tilde=h_tilde, h_prev=h_prev):
            f, i = sigmoid(net_f), sigmoid(net_i)
            return (f * h_prev + i * h_tilde) / (f + i)

        def slope(**net):  # each number of h depends on its own net alone
            ((name, a),) = net.items()
            return h(**{name: a + 1e-20j}).imag / 1e-20

        right = {
            "d_f": delta * slope(net_f=net_f),
            "d_i": delta * slope(net_i=net_i),
            "d_h_tilde": delta * slope(h_tilde=h_tilde),
        }
        mistakes = {
            "of gates that are not divided by their sum": {
                "d_f": delta * h_prev * f * (1 - f),
                "d_i": delta * h_tilde * i * (1 - i),
                "d_h_tilde": delta * i,
            },
            "of f and i themselves, not of their weighted inputs": right
            | {
                name: right[name] / (g * (1 - g))
                for name, g in {"d_f": f, "d_i": i}.items()
            },
            "of a sum that is held fixed": {
                "d_f": delta * h_prev * f * (1 - f) / (f + i),
                "d_i": delta * h_tilde * i * (1 - i) / (f + i),
                "d_h_tilde": right["d_h_tilde"],
            },
        }
        given = answer(delta, h_prev, f, i, h_tilde)
        _compare(_three(given, shape), right, mistakes)


def _mlstm(q, k, v, f, i, floor=1.0):
    C, n, h = np.zeros((v.shape[1], k.shape[1])), np.zeros(k.shape[1]), []
    for t in range(len(q)):
        C, n = f[t] * C + i[t] * np.outer(v[t], k[t]), f[t] * n + i[t] * k[t]
        h.append(C @ q[t] / max(abs(n @ q[t]), floor))
    return np.array(h)


@_exercise
def mlstm_at_once(answer):
    """mlstm_at_once(q, k, v, f, i): the outputs of an mLSTM, from all steps at once."""
    rng = np.random.default_rng(12)
    for T, d, e, shut in ((7, 3, 4, 1), (12, 2, 1, 1), (1, 2, 3, 1), (9, 2, 3, 1e-10)):
        (q, k), v = rng.normal(size=(2, T, d)), rng.normal(size=(T, e))
        f, i = shut * sigmoid(rng.normal(size=T)), np.exp(rng.normal(size=T))
        what = "the answer"
        if shut < 1:  # the product of all f is 0, that of f[1:] is not
            f[0], what = 1e-300, "with very small f the answer"
        found = _array(answer(q, k, v, f, i), (T, e), what)
        mistakes = {
            "without the division": _mlstm(q, k, v, f, i, 1e300) * 1e300,
            "of a divisor that may be below 1": _mlstm(q, k, v, f, i, 1e-300),
            "without forgetting": _mlstm(q, k, v, np.ones(T), i),
            "without the input gate": _mlstm(q, k, v, f, np.ones(T)),
            "of keys and queries in each other's place": _mlstm(k, q, v, f, i),
        }
        _compare(found, _mlstm(q, k, v, f, i), mistakes)


@_exercise
def divisor(answer):
    """divisor(n, q, m): what an mLSTM's C' q is divided by."""
    rng = np.random.default_rng(13)
    for m in (0.5, -1.0, 3.0, -2.5, 2.0):
        n, q = rng.normal(size=(2, 4))
        for scale in (10.0, -10.0, 0.01, -0.01):
            found = _number(answer(scale * n, q, m))
            asked = abs(scale * n @ q)
            mistakes = {
                "of the bug": max(asked, 1.0),
                "of 1 times, not over, e^m": max(asked, math.exp(m)),
                "without the absolute value": max(scale * n @ q, math.exp(-m)),
                "of C and n as they were before e^-m": max(asked * math.exp(m), 1.0),
            }
            _compare(found, max(asked, math.exp(-m)), mistakes)


# ------------------------------------------------------------------ chapter 08

_AUTOMATON = copy.deepcopy(reber.AUTOMATON)


def _walk(rng, automaton):
    """A string of the inner grammar."""
    state, string = 0, ""
    while state != 7:
        symbol = rng.choice(sorted(automaton[state]))
        string, state = string + symbol, automaton[state][symbol]
    return string


def _is_embedded(string):
    state = 0
    for symbol in string[2:-2]:
        state = _AUTOMATON.get(state, {}).get(symbol)
    ends = string[:1] + string[-1:] == "BE" and string[1:2] == string[-2:-1]
    return len(string) > 8 and state == 7 and ends and string[1] in "TP"


@_exercise
def is_embedded_reber(answer):
    """is_embedded_reber(string): whether it is a string of the grammar."""
    rng = np.random.default_rng(8)
    strings = [
        "BTBTXSETE",
        "BPBPVVEPE",
        "BTBTXSEPE",
        "BPBPVVETE",
        "BTBTXSETB",
        "BXBTXSEXE",
    ]
    strings += ["BTBTXSET", "BTBTXSTE", "TTBTXSETE", "BTBTXSEETE", "BTBTXSETEE", "BT", ""]
    strings += ["BTPTXSETE", "BTBTXXETE", "BPBTXSSEPE", "BTBTXXVVETE", "BTBTXXTVPXVVETE"]
    for _ in range(200):
        outer = rng.choice(["T", "P"])
        good = f"B{outer}{_walk(rng, _AUTOMATON)}{outer}E"
        place = rng.integers(len(good))
        strings += [good, good[:place] + rng.choice(list("BTPSXVE")) + good[place + 1 :]]
        strings.append(good[:place] + good[place + 1 :])
    for string in strings:
        found, right = answer(str(string)), _is_embedded(string)
        _expect(
            isinstance(found, (bool, np.bool_)), f"True or False, not {_short(found)}"
        )
        _expect(found == right, f"{str(string)!r} is {right}, yours says {found}")


@_exercise
def chance(answer):
    """chance(q, n, k): that of n sequences at most k are wrong, each right with q."""
    for q, n, k in (
        (0.9, 3, 1),
        (0.5, 4, 2),
        (0.999, 2000, 0),
        (0.999, 2560, 3),
        (1, 9, 0),
    ):
        each = [math.comb(n, j) * (1 - q) ** j * q ** (n - j) for j in range(k + 1)]
        right, found = sum(each), _number(answer(q, n, k))
        told = f"chance({q}, {n}, {k}) is {right:.4f}, yours gives {found:.4f}"
        if k and abs(found - each[-1]) < 1e-9:
            told += ": that is exactly k wrong, not at most k"
        elif k and abs(found - (right - each[-1])) < 1e-9:
            told += ": that is fewer than k wrong"
        elif k and abs(found - (1 - right + each[-1])) < 1e-9:
            told += ": that is at least k wrong"
        _expect(abs(found - right) < 1e-9, told)


@_exercise
def guess(answer):
    """guess(solves, rng): how many draws of three weights from ±10 until solves(…)."""
    first = set()
    for seed, rate in ((0, 5), (1, 1), (2, 400), (3, 17)):
        tried, limit = [], 40 * rate

        def solves(*weights, tried=tried, rate=rate, limit=limit):
            tried.append([_number(w, "a weight") for w in weights])
            _expect(len(weights) == 3, f"three weights, not {len(weights)}")
            _expect(len(tried) < limit, "it does not stop at weights that solve the task")
            return len(tried) == rate

        found = _whole(answer(_Uncopied(solves), np.random.default_rng(seed)))
        _expect(
            len(tried) >= rate, f"it stopped after {len(tried)}, none of which solved it"
        )
        _expect(len(tried) == rate, f"draw {rate} solved it, and it went on")
        _expect(found == rate, f"draw {rate} solved it, yours gives {found}")
        drawn = np.array(tried)
        _expect(tuple(tried[0]) not in first, "draw the weights from rng")
        first.add(tuple(tried[0]))
        _expect(np.abs(drawn).max() <= 10, "the weights should lie between −10 and 10")
        if rate > 1:
            _expect(
                len(np.unique(drawn)) == drawn.size, "each draw needs three new weights"
            )
        if rate >= 400:  # 1,200 weights: as many in each quarter, and some near the ends
            quarters = np.histogram(drawn, (-10, -5, 0, 5, 10))[0] / drawn.size
            spread = np.abs(drawn).max() > 9.9 and np.abs(quarters - 0.25).max() < 0.05
            _expect(spread, "the weights should be uniform between −10 and 10")


class _Uncopied:
    """A function that counts its calls even where arguments are copied."""

    def __init__(self, function):
        self.function = function

    def __call__(self, *arguments):
        return self.function(*arguments)

    def __deepcopy__(self, memo):
        return self


# ------------------------------------------------------------------ chapter 09


@_exercise
def rows_and_targets(answer):
    values = np.random.default_rng(9).standard_normal(14)
    for n, ahead in ((3, 1), (2, 2), (4, 3)):
        where = f" with n = {n}, ahead = {ahead}"
        given = answer(values, n, ahead)
        _expect(
            isinstance(given, tuple) and len(given) == 2,
            f"it returns {_short(given)} and not rows, targets",
        )
        times = range(n + ahead - 1, len(values))
        right = np.array([[1, *(values[t - ahead - k] for k in range(n))] for t in times])
        late = np.array([[1, *(values[t - 1 - k] for k in range(n))] for t in times])
        rows = _array(given[0], right.shape, f"rows{where}")
        targets = _array(given[1], (len(times),), f"targets{where}")
        mistakes = {
            "with the oldest first": np.c_[right[:, :1], right[:, :0:-1]],
            "with the 1 last": np.c_[right[:, 1:], right[:, :1]],
        }
        if ahead > 1:
            mistakes["with values from less than `ahead` steps before"] = late
        _compare(rows, right, mistakes, f"the rows{where}: ")
        _expect(_same(targets, values[n + ahead - 1 :]), f"the targets are others{where}")


@_exercise
def in_pieces(answer):
    for number, length in ((23, 5), (20, 5), (9, 2), (13, 4)):
        values = np.random.default_rng(number).standard_normal(number)
        where = f" of {number} values in pieces of {length}"
        given = answer(values, length)
        _expect(
            isinstance(given, tuple) and len(given) == 2,
            f"it returns {_short(given)} and not x, target",
        )
        pieces = (number - 1) // length
        x = values[: pieces * length].reshape(pieces, length)
        target = values[1 : pieces * length + 1].reshape(pieces, length)
        found = [
            _array(a, (length, pieces), f"{n}{where}")
            for a, n in zip(given, ("x", "target"), strict=True)
        ]
        mixed = {"from a reshape without turning it": x.reshape(length, pieces)}
        _compare(found[0], x.T, mixed, f"x{where}: ")
        inside = {
            "of a roll within each piece": np.roll(x.T, -1, axis=0),
            "of x itself": x.T,
            "from a reshape without turning it": target.reshape(length, pieces),
        }
        _compare(found[1], target.T, inside, f"target{where}: ")


def _forecasters():
    """What may be given to looks_ahead: a name, the function, whether it cheats."""

    def before(series, function):
        return np.array([function(series[:t]) if t else 0.0 for t in range(len(series))])

    def scaled(series):
        z = (series - series.mean()) / series.std()
        return before(z, lambda past: past[-1])

    def shifted(series, by):
        return np.roll(series, by)

    def now_and_then(series):
        places = np.arange(len(series))
        return series[np.maximum(places - places % 2, 0)]

    def up_or_down(series):
        last = before(series, lambda past: past[-1])
        return last + np.where(series > last, 1.0, -1.0)

    return {
        "says the value before": (lambda s: before(s, lambda past: past[-1]), False),
        "says the mean of the past": (lambda s: before(s, np.mean), False),
        "says the same always": (lambda s: np.full(len(s), 7.0), False),
        "says the value itself": (lambda s: s.copy(), True),
        "says the value after the next": (lambda s: shifted(s, -2), True),
        "scales by the mean of all": (scaled, True),
        "says the mean of all": (lambda s: np.full(len(s), s.mean()), True),
        "says the median of all": (lambda s: np.full(len(s), np.median(s)), True),
        "says the last value of all": (lambda s: np.full(len(s), s[-1]), True),
        "says the value itself at even times": (now_and_then, lambda t: t % 2 == 0),
        "knows only whether it goes up": (up_or_down, True),
    }


@_exercise
def looks_ahead(answer):
    series = np.random.default_rng(90).standard_normal(30).cumsum() + 20
    for name, (forecaster, cheats) in _forecasters().items():
        for t in (12, 17):
            said = answer(forecaster, series, t)
            _expect(
                isinstance(said, (bool, np.bool_)), f"it returns {_short(said)}, no bool"
            )
            does = cheats(t) if callable(cheats) else cheats
            if said != does:
                which = f"the forecaster that {name}, at {t},"
                uses = "uses" if does else "does not use"
                raise _Wrong(
                    f"of {which} it says {bool(said)}; it {uses} what is to come"
                )


# ------------------------------------------------------------------ Chapter 11, bidirectional


def _min_gru(p, x):
    """The states of a minGRU over one sequence, from zeros."""
    h, states = np.zeros(len(p["b_z"])), []
    for x_t in x:
        z = sigmoid(p["W_zx"] @ x_t + p["b_z"])
        h = (1 - z) * h + z * (p["W_hx"] @ x_t + p["b_h"])
        states.append(h)
    return np.array(states)


def _turned(a, lengths):
    """Each sequence turned round by itself, its padding left behind it."""
    a = a.copy()
    for k, n in enumerate(lengths):
        a[:n, k] = a[:n, k][::-1]
    return a


def _min_grus(p, x):
    """The same over a batch."""
    return np.stack([_min_gru(p, x[:, k]) for k in range(x.shape[1])], axis=1)


@_exercise
def both_ways(answer):
    """both_ways(p_forward, p_backward, x, lengths): two minGRUs over a padded batch."""
    rng = np.random.default_rng(14)
    for T, D, H, lengths in ((7, 3, 4, [7, 3, 5]), (5, 2, 3, [1, 4]), (4, 3, 2, [4])):
        B, lengths = len(lengths), np.array(lengths)
        sizes = {"W_zx": (H, D), "W_hx": (H, D), "b_z": (H,), "b_h": (H,)}
        p, q = ({n: rng.normal(size=s) for n, s in sizes.items()} for _ in "fb")
        real = np.arange(T)[:, None] < lengths
        x = rng.normal(size=(T, B, D)) * real[..., None]
        x[lengths[0] // 2, 0] = x[lengths[-1] - 1, -1] = 0  # no padding, though zeros
        guessed = T - np.argmax(x[::-1].any(axis=-1), axis=0)
        found = _array(answer(p, q, x, lengths), (T, B, 2 * H), counts=real)
        ahead, other, padded = _min_grus(p, x), _min_grus(q, x), _min_grus(q, x[::-1])
        back, back_p = (_min_grus(layer, _turned(x, lengths)) for layer in (q, p))
        short = _turned(_min_grus(q, _turned(x, guessed)), guessed)
        pairs = {
            "": (ahead, _turned(back, lengths)),
            "from a second layer that runs forwards too": (ahead, other),
            "from a second layer that is not turned back": (ahead, back),
            "from turning the batch round with its padding": (ahead, padded[::-1]),
            "from that, and from not turning it back": (ahead, padded),
            "from a first layer that runs backwards": (_turned(back, lengths), ahead),
            "with each layer's weights in the other": (other, _turned(back_p, lengths)),
            "from lengths that are guessed from the zeros": (ahead, short),
        }
        joined = {of: np.concatenate(pair, axis=-1)[real] for of, pair in pairs.items()}
        _compare(found[real], joined.pop(""), joined)
