"""The series' figures: what leaves through `show`, that each picture can be drawn, that colours can be told apart."""

import drawing

import io
import itertools

import matplotlib as mpl
import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def shown(monkeypatch):
    """What `show` has displayed: a list of (data, metadata)."""
    bundles = []
    monkeypatch.setattr(drawing, "display", lambda data, raw, metadata=None: bundles.append((data, metadata)))
    return bundles


def test_a_figure_leaves_as_a_white_png_with_its_description(shown):
    fig, ax = drawing.figure("A title", width=6.0, height=3.0)
    ax.plot([1, 2, 3], label="line")
    drawing.label_ends(ax)
    assert drawing.show(fig, "a line that rises to 3 < 4") is None
    (data, metadata), (below, _) = shown
    image = Image.open(io.BytesIO(data["image/png"]))
    assert data["text/plain"] == metadata["image/png"]["alt"] == "a line that rises to 3 < 4"
    assert metadata["image/png"]["width"] == 600
    assert image.size == (1200, 600)
    assert image.mode == "P"
    assert image.convert("RGB").getpixel((0, 0)) == (255, 255, 255)
    assert "Software" not in image.info
    assert list(below) == ["text/html"]
    assert ">a line that rises to 3 &lt; 4<" in below["text/html"]


def test_a_figure_needs_a_description():
    with pytest.raises(ValueError, match="description"):
        drawing.show(None, " ")


def test_a_palette_holds_own_colours_only_and_large_areas_keep_theirs():
    ramp = np.linspace([0, 80, 143], [255, 255, 255], 800)  # as on a map
    pixels = np.concatenate([ramp[None].repeat(40, 0), np.full((40, 800, 3), 247)]).round().astype(np.uint8)
    after = np.asarray(drawing._with_palette(Image.fromarray(pixels)).convert("RGB"))
    assert np.isin(after @ [65536, 256, 1], pixels @ [65536, 256, 1]).all()
    assert (after[40:] == 247).all()
    assert np.abs(after.astype(int) - pixels).max() <= 3


@pytest.mark.parametrize(
    ("name", "time", "maths"),
    [
        ("W_fh", "", "$W_{fh}$"),
        ("W_x", "", "$W_{x}$"),
        ("b_hh", "", "$b_{hh}$"),
        ("h_0", "", "$h_{0}$"),
        ("h", "t-1", "$h_{t{-}1}$"),
        ("c_tilde", "", r"$\tilde{c}$"),
        ("c_tilde", "t", r"$\tilde{c}_{t}$"),
        ("net_f", "t", r"$\mathrm{net}_{f,t}$"),
        ("epsilon", "t", r"$\varepsilon_{t}$"),
        ("x", "", "$x$"),
        ("LSTM", "t", "LSTM"),
        ("grey", "", "grey"),
    ],
)
def test_a_name_of_the_code_as_mathematics(name, time, maths):
    assert drawing.symbol(name, time) == maths


TEXT = "ab c\nd\n"
PICTURES = {
    "curves": lambda: drawing.curves(
        {"RNN": (np.ones(3), "RNN"), "_": (np.ones(2), "#222222", ":")}, "Curves", "x", "y", x=[1, 2, 3]
    ),
    "learning curves": lambda: drawing.learning_curves(
        {name: (np.eye(3) + 1, np.eye(3) + 2) for name in ("LSTM", "GRU")}, "Curves", {"GRU": "2.00"}
    ),
    "chances": lambda: drawing.chances({"cold": {"a": 0.9, "b": 0.1}, "hot": {"a": 0.5, "b": 0.5}}, "Chances"),
    "symptoms": lambda: drawing.symptoms(
        {f"fault {k}": (np.arange(5.0), "seen") for k in range(8)}, np.ones(5), {"chance": 3.3}, "Faults", (0, 4)
    ),
    "values": lambda: drawing.value_map(np.eye(2, 3), ["a", "b"], ["c", "d", "e"], "Values", "x", "y"),
    "bars": lambda: drawing.bars([1.0, -2.0], ["a", "b"], "#222222", title="Bars"),
    "tracks": lambda: drawing.tracks({"f": np.ones(5), "c": np.arange(5)}, title="Tracks"),
    "matrix": lambda: drawing.matrix_picture(np.eye(4), ["$h_t$", "$c_t$"], ["a", "b"]),
    "zero matrix": lambda: drawing.matrix_picture(np.zeros((2, 4)), ["f"], ["h", "x"]),
    "phase": lambda: drawing.phase_map(
        np.arange(3.0), np.arange(4.0), np.arange(12.0).reshape(4, 3) - 5, "Map", "x", "y", words=[(1, 1, "w")], limit=3
    ),
    "marks": lambda: drawing.table_of_marks([[True, False], [None, True]], ["$W_{fh}$", "b"], ["T = 1", "T = 2\nzero"]),
    "text": lambda: drawing.coloured_text(TEXT, np.arange(7.0), {"f": np.ones(7), "o": np.zeros(7)}, "Text"),
    "signed text": lambda: drawing.coloured_text(TEXT, np.arange(7.0) - 3, {}, "Text"),
    "windows": lambda: drawing.windows(dict.fromkeys("mfic", np.ones(9)), [(1, 4), (6, 9)], "Windows"),
    "corners": lambda: drawing.corners({(0, 0): ("+", "a"), (1, 0): ("\u2212", "b"), (1, 1): ("+", "c")}, "Corners"),
    "cells": lambda: drawing.cells_over_text(
        TEXT, {"a": (np.arange(7.0) - 3, np.ones(7)), "b": (np.ones(7), np.zeros(7))}, "Cells", [(0, "note", 4)]
    ),
    "gate": lambda: drawing.draw_gate("f", {"$h$": (0.5, -0.4), "$x$": (1.0, 0.8)}, 0.1, 0.7, 0.67, "Gate"),
    "grammar": lambda: drawing.draw_reber({0: {"B": 1}, 1: {"T": 2}, 2: {"S": 2, "X": 4}}, "Grammar"),
    "long lags": lambda: drawing.draw_long_lags(np.array([[0.5, 1], [-0.5, 1], [0.1, 0]]), "EaXbYB", "Lags"),
    "states": lambda: drawing.draw_states({"a": np.ones((3, 2)), "$f$": np.zeros((3, 1))}, 5, "States", "BTB"),
    "trial strips": lambda: drawing.trial_strips(
        {
            "a": ((3000, 1000, 4000), "30 of 30", "grey", ()),
            "b": ((2000,), "all", drawing.INK, ()),
            "c": ([1000, 2000], 9, "LSTM", (1500, 5000)),
        },
        "Strips",
        "x",
        (500, 6000),
    ),  # fmt: skip
    "inside": lambda: drawing.draw_inside({"a": ([np.ones(3)], [np.ones(4)]), "b": ([], [np.ones(2)])}, "Inside"),
    "rnn": drawing.draw_rnn_cell,
    "lstm with values": lambda: drawing.draw_lstm_cell(values={"f": 0.7, "c_prev": -1.0, "h": "?"}, numbers=True),
    "rnn unrolled": lambda: drawing.draw_rnn_unrolled(path="h", title="Back"),
    **{
        f"lstm unrolled, {path}": lambda path=path: drawing.draw_lstm_unrolled(path=path)
        for path in (None, "h", "both")
    },
    **{f"gru, {reset}": lambda reset=reset: drawing.draw_gru_cell("z", "r", reset) for reset in ("before", "after")},
    **{f"lstm, {part}": lambda part=part: drawing.draw_lstm_cell(part, part) for part in drawing.LSTM_PARTS},
    # Chapter 06
    "texts": lambda: drawing.coloured_texts(TEXT, {"LSTM": (np.linspace(0, 1, 7), "LSTM")}, "Texts"),
    "counts": lambda: drawing.counts_table({"RNN": ([1, 20, 0], "RNN")}, (1, 2, 3), "Counts", "T"),
    "reach": lambda: drawing.reach_figure(
        {kind: {"0": 0.5 ** np.arange(201.0), "chrono": np.ones(201)} for kind in ("LSTM", "GRU")},
        0.8 ** np.arange(201.0),
        "Reach",
    ),
    "pile": lambda: drawing.pile_figure(
        {"open": (np.arange(9.0), np.ones(9)), "closed": (np.zeros(9), np.ones(9))}, "Pile"
    ),
    "differing states": lambda: drawing.differing_states(np.eye(5, 3), {2: "word"}, "States"),
    "gates": lambda: drawing.gates_over_text(
        {"one": dict.fromkeys("fio", np.ones((5, 1))), "two": dict.fromkeys("fio", np.eye(5, 3))}, {2: "word"}, "Gates"
    ),
}


PICTURES |= {  # Chapter 10
    "storing": lambda: drawing.storing(np.eye(3)[[1, 0, 2, 1]], np.ones(4), {"f": np.ones(4), "c": np.arange(4)}, "T"),
    "counts": lambda: drawing.table_of_counts(
        {("a", "x"): (3, "12", True), ("b", "x"): (0, "", False)}, ["a", "b"], ["x"], 4, "Counts", gaps=("b",)
    ),
    "reaches": lambda: drawing.reaches({"a": ([0, 3, 3, 200], "LSTM"), "b": ([1], "x")}, "Reaches", 10, 300),
    "counted": lambda: drawing.counted({"a": ([np.arange(6.0)], "c"), "b": ([np.ones(6)] * 2, "x")}, 3, "Counted"),
    "squares": lambda: drawing.in_squares({"f": np.eye(2), "o": np.eye(2)}, np.array([True, False]), "Squares"),
    "groups": lambda: drawing.in_groups({"a": {"b": ([1.0, 2.0], "c"), "d": ([3.0], "x")}, "e": {}}, "G", "y"),
    "groups of one": lambda: drawing.in_groups({k: {"": ([1, 2], "c")} for k in "ab"}, "G", "y", (1, 2), xlabel="x"),
    "living": lambda: drawing.living(np.eye(3, 5, dtype=bool), [True, False, True, True, False], "Living"),
}


@pytest.mark.parametrize("draw", PICTURES.values(), ids=PICTURES)
@pytest.mark.filterwarnings("error:.*[Gg]lyph", "error:.*[Ll]ayout")
def test_each_picture_can_be_drawn(draw, shown):
    drawing.show(draw(), "a picture")
    assert len(shown) == 2


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: drawing.draw_lstm_cell(show=["g"]), "c_line, f, i"),
        (lambda: drawing.draw_gru_cell(reset="never"), "before"),
        (lambda: drawing.draw_lstm_unrolled(path="x"), "both"),
        (lambda: drawing.draw_rnn_unrolled(path="c"), '"h"'),
        (lambda: drawing.coloured_text("abc", [1.0], {}, "Text"), "3 characters"),
        (lambda: drawing.coloured_texts("abc", {"RNN": ([1.0], "RNN")}, "Text"), "3 characters"),
    ],
)
def test_a_wrong_argument_is_named(call, said):
    with pytest.raises(ValueError, match=said):
        call()


def test_a_title_breaks_between_words_and_never_in_a_formula():
    title = drawing._wrapped("The error falls by half at each step from time $t - k$ to time $t$, and so on", 4.0)
    assert all(line.count("$") % 2 == 0 for line in title.split("\n"))
    assert title.count("\n") == 2


def linear(colour):
    """The colour's light, by which eyes and screens add."""
    channels = np.array(mpl.colors.to_rgb(colour))
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


@pytest.mark.parametrize("name", drawing.COLOUR)
def test_colours_can_be_read_as_text_on_white(name):
    """WCAG 2's contrast of ordinary text."""
    assert 1.05 / (linear(drawing.COLOUR[name]) @ [0.2126, 0.7152, 0.0722] + 0.05) > 4.5


# How a colour looks without one kind of cone: Machado, Oliveira & Fernandes 2009, severity 1.
EYES = {
    "all three kinds of cones": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
MEET = ["f i o c_tilde c h x", "z r h_tilde h x", "z r GRU h", "f i o z r", "RNN LSTM GRU", "h c RNN wrong", "c h f"]
MEET += ["x i h wrong", "right wrong", "RNN h x", "RNN h grey", "GRU LSTM grey"]


def lab(light):
    """CIELAB, in which distances are about as large as they look."""
    to_xyz = [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
    xyz = to_xyz @ np.clip(light, 0, 1) / [0.95047, 1.0, 1.08883]
    x, y, z = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize("names", MEET)
def test_colours_that_meet_can_be_told_apart(names, eye):
    seen = {name: lab(EYES[eye] @ linear(drawing.COLOUR[name])) for name in names.split()}
    near = [pair for pair in itertools.combinations(seen, 2) if np.linalg.norm(seen[pair[0]] - seen[pair[1]]) < 15]
    assert not near
