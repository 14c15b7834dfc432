"""The series' figures: what leaves through `show`, and that each picture can be drawn."""

import importlib.util
import io
import itertools
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest

mpl.use("Agg")
Image = pytest.importorskip("PIL.Image")
spec = importlib.util.spec_from_file_location("drawing", Path(__file__).parents[1] / "notebooks" / "drawing.py")
drawing = importlib.util.module_from_spec(spec)
spec.loader.exec_module(drawing)


@pytest.fixture
def shown(monkeypatch):
    """What `show` has displayed: a list of (data, metadata)."""
    bundles = []
    monkeypatch.setattr(drawing, "display", lambda data, raw, metadata: bundles.append((data, metadata)))
    yield bundles
    assert drawing.plt.get_fignums() == []


def test_a_figure_leaves_as_a_white_png_with_its_description(shown):
    fig, ax = drawing.figure("A title", width=6.0, height=3.0)
    ax.plot([1, 2, 3], label="line")
    drawing.label_ends(ax)
    assert drawing.show(fig, "a line that rises to 3") is None
    [(data, metadata)] = shown
    image = Image.open(io.BytesIO(data["image/png"]))
    assert data["text/plain"] == metadata["image/png"]["alt"] == "a line that rises to 3"
    assert metadata["image/png"]["width"] == 600
    assert image.size == (1200, 600)
    assert image.convert("RGB").getpixel((0, 0)) == (255, 255, 255)
    assert "Software" not in image.info


def test_a_figure_needs_a_description():
    with pytest.raises(ValueError, match="description"):
        drawing.show(None, " ")


TEXT = "ab c\nd\n"
PICTURES = {
    "curves": lambda: drawing.curves(
        {"RNN": (np.ones(3), "RNN"), "_": (np.ones(2), "#222222", ":")}, "Curves", x=[1, 2, 3]
    ),
    "bars": lambda: drawing.bars([1.0, -2.0], ["a", "b"], title="Bars"),
    "tracks": lambda: drawing.tracks({"f": np.ones(5), "c": np.arange(5)}, title="Tracks"),
    "matrix": lambda: drawing.matrix_picture(
        np.eye(4), ["$h_t$", "$c_t$"], ["a", "b"], blocks=[["1", "2"], ["3", "4"]], numbers=True
    ),
    "zero matrix": lambda: drawing.matrix_picture(np.zeros((2, 5)), ["f"], ["h", "x"], column_sizes=[2, 3]),
    "phase": lambda: drawing.phase_map(
        np.arange(3.0), np.arange(4.0), np.arange(12.0).reshape(4, 3) - 5, words=[(1, 1, "here")], limit=3
    ),
    "marks": lambda: drawing.table_of_marks([[True, False], [None, True]], ["$W_{fh}$", "b"], ["T = 1", "T = 2\nzero"]),
    "text": lambda: drawing.coloured_text(TEXT, np.arange(7.0), {"f": np.ones(7), "o": np.zeros(7)}, title="Text"),
    "signed text": lambda: drawing.coloured_text(TEXT, np.arange(7.0) - 3),
    "rnn": drawing.draw_rnn_cell,
    "lstm with values": lambda: drawing.draw_lstm_cell(values={"f": 0.7, "c_prev": -1.0, "h": "?"}, numbers=True),
    "rnn unrolled": lambda: drawing.draw_rnn_unrolled(path="h", title="Back"),
    **{
        f"lstm unrolled, {path}": lambda path=path: drawing.draw_lstm_unrolled(path=path)
        for path in (None, "h", "c", "both")
    },
    **{
        f"gru, {reset}, {rest}": lambda reset=reset, rest=rest: drawing.draw_gru_cell("z", "r", reset, rest)
        for reset, rest in itertools.product(("before", "after"), ("pale", "absent"))
    },
    **{
        f"lstm, {part}, {rest}": lambda part=part, rest=rest: drawing.draw_lstm_cell(part, part, rest)
        for part, rest in itertools.product(drawing.LSTM_PARTS, ("pale", "absent"))
    },
}


@pytest.mark.parametrize("draw", PICTURES.values(), ids=PICTURES)
@pytest.mark.filterwarnings("error:.*[Gg]lyph", "error:.*[Ll]ayout")
def test_each_picture_can_be_drawn(draw, shown):
    drawing.show(draw(), "a picture")
    assert len(shown) == 1


def test_what_is_not_shown_is_absent_only_if_asked():
    count = {rest: len(drawing.draw_lstm_cell("f", rest=rest).axes[0].patches) for rest in ("pale", "absent")}
    drawing.plt.close("all")
    assert count["absent"] < count["pale"]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: drawing.draw_lstm_cell(show=["g"]), "c_line, f, i"),
        (lambda: drawing.draw_lstm_cell(rest="hidden"), "absent"),
        (lambda: drawing.draw_gru_cell(reset="never"), "before"),
        (lambda: drawing.draw_lstm_unrolled(path="x"), "both"),
        (lambda: drawing.draw_rnn_unrolled(path="c"), '"h"'),
        (lambda: drawing.coloured_text("abc", [1.0]), "3 characters"),
    ],
)
def test_a_wrong_argument_is_named(call, said):
    with pytest.raises(ValueError, match=said):
        call()
    drawing.plt.close("all")


def test_a_title_breaks_between_words_and_never_in_a_formula():
    title = drawing._wrapped("The error falls by half at each step from time $t - k$ to time $t$, and so on", 4.0)
    assert all(line.count("$") % 2 == 0 for line in title.split("\n"))
    assert title.count("\n") == 2


def test_colours_can_be_read_as_text_on_white():
    for name, colour in drawing.COLOUR.items():
        channels = np.array(mpl.colors.to_rgb(colour))
        linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
        assert 1.05 / (linear @ [0.2126, 0.7152, 0.0722] + 0.05) > 3.0, name
