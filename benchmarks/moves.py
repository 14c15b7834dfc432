"""The LSTM of chapter 03 as the equations read, and the four moves that make it fast, added one at a time.

With all four moves the shape of the computation is lstm_core's. Every stage gives the same gradients; bench.py checks
that before it times them.
"""

import numpy as np

from lstm_core import Array, Arrays, sigmoid, sigmoid_prime, tanh_prime

GATES = ("f", "i", "o", "c")
MOVES = (
    "as the equations read",
    "input's share: one product",
    "four gates: one array",
    "factors: before the loop",
    "gradients: one product",
)


def forward(p: Arrays, x: Array, move: int) -> Arrays:
    """p: the blocks W_fx, W_fh, b_f, … and the stacked W_x, W_h, b. move: how many of the moves are made, 0 to 4."""
    (T, B, D), H = x.shape, p["W_fh"].shape[0]
    act = {"f": sigmoid, "i": sigmoid, "o": sigmoid, "c": np.tanh}
    a = {name: np.empty((T, B, H), x.dtype) for name in ("c_now", "h", "c_prev", "h_prev")}
    net = np.empty((T, B, 4 * H), x.dtype)
    a |= dict(zip(GATES, np.split(net, 4, axis=-1), strict=True)) | {"net": net}
    if move >= 1:
        net[...] = (x.reshape(T * B, D) @ p["W_x"].T + p["b"]).reshape(T, B, 4 * H)
    h, c = np.zeros((B, H), x.dtype), np.zeros((B, H), x.dtype)
    for t in range(T):
        a["h_prev"][t], a["c_prev"][t] = h, c
        if move >= 2:
            net[t] += h @ p["W_h"].T
            net[t, :, : 3 * H] = sigmoid(net[t, :, : 3 * H])
            a["c"][t] = np.tanh(a["c"][t])
        else:
            for g in GATES:
                from_x = a[g][t] if move >= 1 else x[t] @ p[f"W_{g}x"].T + p[f"b_{g}"]
                a[g][t] = act[g](h @ p[f"W_{g}h"].T + from_x)
        c = a["f"][t] * c + a["i"][t] * a["c"][t]
        h = a["o"][t] * np.tanh(c)
        a["h"][t], a["c_now"][t] = h, c
    return a


def factors(a: Arrays, t: int | slice) -> Arrays:
    """What multiplies the error in (9), (10a) and (10')–(12'), at one time or at all of them."""
    f, i, o, c_tilde, tanh_c = a["f"][t], a["i"][t], a["o"][t], a["c"][t], np.tanh(a["c_now"][t])
    return {
        "cell": o * tanh_prime(tanh_c),
        "o": tanh_c * sigmoid_prime(o),
        "f": a["c_prev"][t] * sigmoid_prime(f),
        "i": c_tilde * sigmoid_prime(i),
        "c": i * tanh_prime(c_tilde),
    }


def backward(p: Arrays, x: Array, a: Arrays, dh: Array, move: int) -> Arrays:
    """The gradients of the twelve blocks, and of x."""
    (T, B, D), H = x.shape, dh.shape[-1]
    grads = {name: np.zeros_like(w) for name, w in p.items() if name not in ("W_x", "W_h", "b")}
    dx, d_net = np.zeros_like(x), np.empty((T, B, 4 * H), x.dtype)
    d = dict(zip(GATES, np.split(d_net, 4, axis=-1), strict=True))
    back_h, back_c = np.zeros((B, H), x.dtype), np.zeros((B, H), x.dtype)
    whole = factors(a, slice(None)) if move >= 3 else {}
    for t in reversed(range(T)):
        k = {name: factor[t] for name, factor in whole.items()} if move >= 3 else factors(a, t)
        delta = dh[t] + back_h
        epsilon = delta * k["cell"] + back_c
        for g in GATES:
            d[g][t] = (delta if g == "o" else epsilon) * k[g]
        back_h = d_net[t] @ p["W_h"] if move >= 2 else sum(d[g][t] @ p[f"W_{g}h"] for g in GATES)
        back_c = epsilon * a["f"][t]
        if move < 4:
            dx[t] = d_net[t] @ p["W_x"] if move >= 2 else sum(d[g][t] @ p[f"W_{g}x"] for g in GATES)
            for g in GATES:
                grads[f"W_{g}x"] += d[g][t].T @ x[t]
                grads[f"W_{g}h"] += d[g][t].T @ a["h_prev"][t]
                grads[f"b_{g}"] += d[g][t].sum(axis=0)
    if move >= 4:
        flat = d_net.reshape(T * B, 4 * H)
        dx = (flat @ p["W_x"]).reshape(x.shape)
        W_x, W_h = flat.T @ x.reshape(T * B, D), flat.T @ a["h_prev"].reshape(T * B, H)
        for k, g in enumerate(GATES):
            rows = slice(k * H, (k + 1) * H)
            grads[f"W_{g}x"], grads[f"W_{g}h"], grads[f"b_{g}"] = W_x[rows], W_h[rows], flat.sum(axis=0)[rows]
    return grads | {"x": dx}
