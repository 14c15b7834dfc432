"""Writes notebooks/data/names_torch.json: PyTorch's losses of chapter 07's network, for machines without PyTorch."""

import json

import numpy as np
import torch

from experiments.chapter_07 import RATE, encode, model, split, update
from experiments.records import FOLDER
from experiments.training import generators
from lstm_core import Adam, to_torch


def trained(epochs=8):
    """The chapter's network: the first trial of the record "names", after so many epochs."""
    known = split()[0]
    weights, data = generators("names", 0)
    net = model("LSTM", 27, 48, 27, weights)
    optimiser, (x, target, mask) = Adam(net.params, RATE), encode(known)
    for _ in range(epochs):
        order = data.permutation(len(known))
        for k in range(0, len(known), 64):
            some = order[k : k + 64]
            update(net, optimiser, x[:, some], target[:, some], mask[:, some])
    return net


def torch_losses(net):
    """The loss of each held-out name, summed over its letters, by PyTorch in float64."""
    x, target, mask = encode(split()[1])
    lstm, head = torch.nn.LSTM(27, 48).double(), torch.nn.Linear(48, 27).double()
    for theirs, ours in zip((lstm, head), net.layers, strict=True):
        theirs.load_state_dict({name: torch.from_numpy(a) for name, a in to_torch(ours).items()})
    with torch.no_grad():
        logits = head(lstm(torch.from_numpy(x))[0]).movedim(-1, 1)
        each = torch.nn.functional.cross_entropy(logits, torch.from_numpy(target), reduction="none")
    return (each.numpy() * mask).sum(axis=0)


if __name__ == "__main__":
    losses = np.round(torch_losses(trained()), 11).tolist()
    record = {"torch": torch.__version__, "network": "trial 0 of names after 8 epochs", "losses": losses}
    (FOLDER / "names_torch.json").write_text(json.dumps(record) + "\n", encoding="utf-8")
