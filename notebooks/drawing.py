"""What every chapter imports first: where lstm_core.py lies, settings that are the same for everybody, the figures.

A figure leaves a notebook through `show(fig, "what is to be seen")`, and through nothing else: the description stands
under it as its caption and is its alternative text, and nbval compares it. Put the decisive numbers into it, computed
from the arrays that are drawn.

    fig = curves({"RNN": (norms, "RNN")}, "The error dies out within ten steps", "lag (steps)", "norm of the error")
    show(fig, f"The norm falls to {norms[-1]:.0e} after {len(norms)} steps.")

Whole pictures in one call, each returns the figure:

    curves(lines, title, xlabel, ylabel)        lines with their names at their ends, no legend
    bars(values, labels, colour, title)         bars with their values on them
    tracks({"f": f, "c": c}, title)             quantities over time, one above the other
    matrix_picture(J, rows, columns, title)     a matrix in blocks, blue below zero and red above
    phase_map(x, y, growth, title)              a quantity over two parameters, with the line where it is zero
    table_of_marks(marks, rows, columns, title) right and wrong, as marks that do not need colour
    windows(series, places, title)              quantities over time, seen through a few windows
    coloured_text(text, values, tracks, title)  a text, each character on the colour of its value
    strips(panels, title, xlabel, end)          every trial of many settings as a dot, and how many of them there are
    cells_over_text(text, cells, title)         what some cells hold, character by character, with their forget gates
    corners(words, title)                       a quantity that two things decide, at its four corners
    draw_rnn_cell(), draw_lstm_cell(), draw_gru_cell()      the cells; `show` and `highlight` name their parts
    draw_gate()                                             one number of one gate, weight by weight
    draw_rnn_unrolled(), draw_lstm_unrolled()               the same over several steps, with the error's way back
    draw_lstm_factors(factors), draw_lstm_blind()           an error's way over two steps: its factors; where it is lost

For anything else, `figure(title, ncols=2)` gives axes of one's own; `log_axis`, `label_line`, `label_ends` dress them,
and `symbol("W_fh")` writes a name of the code as mathematics.
"""
# Some things must be set before NumPy and Matplotlib load. The lines have up to 120 characters, as all modules', where
# the cells beside this file have 90.
# ruff: noqa: E402
# fmt: off

import html
import io
import logging
import os
import re
import sys
import textwrap
from pathlib import Path

# Before NumPy is loaded: the matrices here are so small that a second thread costs more than it does, and on a busy
# machine thirty times more.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# The lstm_core.py beside this file, else the one a folder up: never one that is installed, so that a copied or moved
# folder runs, and is checked by, its own. Its folder comes first on the path.
_HERE = Path(__file__).resolve().parent
ROOT = next((folder for folder in (_HERE, _HERE.parent) if (folder / "lstm_core.py").is_file()), None)
if ROOT is None:
    raise ImportError(f"no lstm_core.py in {_HERE} nor in the folder above it; put the module there")
if str(ROOT) not in sys.path[:1]:
    sys.path.insert(0, str(ROOT))
import lstm_core

if (_loaded := Path(lstm_core.__file__).resolve()) != ROOT / "lstm_core.py":
    raise ImportError(
        f"{_loaded} was imported before drawing, and this chapter belongs to {ROOT / 'lstm_core.py'}; "
        "restart the kernel and import drawing first"
    )

logging.getLogger("matplotlib").setLevel(logging.ERROR)  # no words on stderr about a reader's matplotlibrc or cache

import matplotlib as mpl
import numpy as np
from IPython import get_ipython
from IPython.display import display
from matplotlib.colors import LinearSegmentedColormap, Normalize, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch, Rectangle
from matplotlib.path import Path as Way
from PIL import Image

# The same thing has the same colour in the whole series. After Okabe and Ito, darkened until they can be read as text
# on white (4.5 : 1), and moved until any two that meet in a figure differ in the three kinds of colour blindness too;
# tests/test_drawing.py holds them to both.
COLOUR = {
    "f": "#0a5f42",
    "i": "#6f2971",
    "o": "#0e78be",
    "c_tilde": "#9b6d05",
    "c": "#8c2605",
    "h": "#27308f",
    "x": "#70767f",
    "z": "#7c39ee",
    "r": "#bf054a",
    "h_tilde": "#9b6d05",
    "RNN": "#4e4e4e",
    "LSTM": "#8c2605",
    "GRU": "#05809c",
    "right": "#2a78b5",
    "wrong": "#52003c",
    "grey": "#757575",
}
PALE, INK = "#dcdcdc", "#222222"
DIVERGING = LinearSegmentedColormap.from_list("diverging", ["#00508f", "#7fb2dd", "#ffffff", "#f0a070", "#a83a00"])
SEQUENTIAL = LinearSegmentedColormap.from_list("sequential", ["#ffffff", "#fbc99a", "#e57a2c", "#a83a00"])
PIXELS_PER_INCH = 100  # on the page; the PNG has twice as many

STYLE = {
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "font.family": "DejaVu Sans",
    "font.size": 11,
    "mathtext.fontset": "stix",
    "axes.titlesize": 11.5,
    "axes.titlelocation": "left",
    "axes.titlepad": 8,
    "axes.labelsize": 11,
    "axes.labelcolor": INK,
    "axes.edgecolor": "#8a8a8a",
    "axes.linewidth": 0.9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.prop_cycle": mpl.cycler(color=[COLOUR[name] for name in ("h", "c", "f", "i", "o", "c_tilde", "x")]),
    "xtick.labelsize": 11,
    "ytick.labelsize": 11,
    "xtick.color": "#8a8a8a",
    "ytick.color": "#8a8a8a",
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.8,
    "lines.linewidth": 2.2,
    "lines.solid_capstyle": "round",
    "text.color": INK,
}

# The reader's own settings change no output: matplotlibrc, NumPy's print options and handling of errors, IPython's.
# (MPLBACKEND does not matter: no figure here is pyplot's.)
mpl.rcdefaults()
mpl.rcParams.update(STYLE)
np.seterr(divide="warn", over="warn", under="ignore", invalid="warn")
if shell := get_ipython():
    shell.ast_node_interactivity = "last_expr"
    _text = shell.display_formatter.formatters["text/plain"]
    _text.pprint, _text.max_width, _text.max_seq_length, _text.float_precision = True, 79, 1000, ""
np.set_printoptions(
    precision=8, threshold=1000, edgeitems=3, linewidth=75, suppress=False, sign="-", floatmode="maxprec",
    nanstr="nan", infstr="inf", formatter=None, legacy=False,
)


def show(fig, description):
    """Display `fig` as a PNG with `description` as its alternative text, and under it as its caption."""
    if not description.strip():
        raise ValueError("a figure needs a description: what is to be seen, with the decisive numbers")
    description = re.sub(r"\$([^$]*)\$", r"\1", description)  # a caption is no mathematics: a line's name as it is read
    full, png = io.BytesIO(), io.BytesIO()
    fig.savefig(full, format="png", dpi=2 * PIXELS_PER_INCH, facecolor="white", metadata={"Software": None})
    with Image.open(full) as image:
        _with_palette(image.convert("RGB")).save(png, format="png", optimize=True)
    width = round(fig.get_figwidth() * PIXELS_PER_INCH)
    alt = {"image/png": {"alt": description, "width": width}}
    display({"image/png": png.getvalue(), "text/plain": description}, raw=True, metadata=alt)
    display({"text/html": caption(description)}, raw=True)


def _with_palette(image):
    """The image in 256 of its own colours, 2.5 times smaller: each shade takes the nearest one.

    The most frequent colour comes first, then always the one that is worst stood for: so large areas keep theirs
    exactly, and no shade moves by more than the eye sees.
    """
    pixels = np.asarray(image).reshape(-1, 3).astype(int)
    codes = pixels @ [1 << 16, 1 << 8, 1]
    _, first, place, count = np.unique(codes, return_index=True, return_inverse=True, return_counts=True)
    own, palette = pixels[first], np.zeros((256, 3), np.uint8)
    nearest, distance = np.zeros(len(own), np.uint8), np.full(len(own), 1e9)
    for k in range(min(256, len(own))):
        palette[k] = colour = own[(distance * np.sqrt(count)).argmax()]
        to_this = ((own - colour) ** 2).sum(axis=1)
        nearest[to_this < distance] = k
        distance = np.minimum(distance, to_this)
    result = Image.fromarray(nearest[place].reshape(image.size[::-1]))
    result.putpalette(palette.tobytes())
    return result


def caption(description):
    """The visible text under a figure: JupyterLab and nbconvert's default template show no alternative text."""
    return f'<p style="max-width: 50em"><small>{html.escape(description, quote=False)}</small></p>'


# ---------------------------------------------------------------- text

LETTERS = {"net": r"\mathrm{net}", "delta": r"\delta", "epsilon": r"\varepsilon"}


def symbol(name, time=""):
    """A name of the code as mathematics: symbol("W_fh"), symbol("c_tilde", "t-1"); a word, such as LSTM, stays one."""
    letter, _, index = name.partition("_")
    if len(letter) > 1 and letter not in LETTERS:
        return name
    letter = LETTERS.get(letter, letter)
    if index == "tilde":
        letter, index = rf"\tilde{{{letter}}}", ""
    below = ",".join(filter(None, [index, time.replace("-", "{-}")]))  # {-}: without the spaces around a minus sign
    return f"${letter}_{{{below}}}$" if below else f"${letter}$"


def _wrapped(title, width):
    """The title in as few lines as fit the width in inches, all about equally long; no break inside a formula."""
    title = re.sub(r"\$[^$]*\$", lambda maths: maths[0].replace(" ", "\u00a0"), title)
    most = int(9.0 * width)
    lines = textwrap.wrap(title, most, break_long_words=False)
    while most > 20 and len(shorter := textwrap.wrap(title, most - 1, break_long_words=False)) == len(lines):
        most, lines = most - 1, shorter
    return "\n".join(lines).replace("\u00a0", " ")


def _minus(text):
    """The text with a minus sign for each hyphen before a digit."""
    return re.sub(r"-(?=[\d.])", "\u2212", text)


# ---------------------------------------------------------------- axes


def set_title(fig, title):
    """Write `title`, a sentence, above the figure from its left edge, broken into lines that fit."""
    fig.suptitle(_wrapped(title, fig.get_figwidth()), x=0.012, ha="left", fontsize=13, fontweight="bold")


def figure(title=None, width=7.0, height=3.8, nrows=1, ncols=1, **subplots):
    """A figure with its axes: `fig, ax = figure("What is to be seen, as a sentence")`; an inch is 100 pixels."""
    fig = Figure((width, height), layout="constrained")  # none of pyplot's, so that no backend has a say
    axes = fig.subplots(nrows, ncols, **subplots)
    if title:
        set_title(fig, title)
    return fig, axes


def _canvas(ax, title, width, height):
    """The axes given, or those of a new figure of this size; a title goes above whichever it is."""
    if ax is None:
        return figure(title, width, height)
    if title:
        ax.set_title(title)
    return ax.figure, ax


def log_axis(ax, xlabel, ylabel, both=False):
    """Make the y axis logarithmic (with `both`, the x axis too), name the axes and draw a light grid."""
    ax.set_yscale("log")
    if both:
        ax.set_xscale("log")
    ax.set_xlabel(xlabel)
    ax.set_ylabel(ylabel)
    ax.grid(True, which="major")
    ax.minorticks_off()


def label_line(ax, x, y, text, colour, where="right"):
    """Write `text` in `colour` beside the point (x, y): to its "right" or "left", "above" or "below" it."""
    dx, dy = {"right": (6, 0), "left": (-6, 0), "above": (0, 6), "below": (0, -6)}[where]
    ha = {"right": "left", "left": "right"}.get(where, "center")
    va = {"above": "bottom", "below": "top"}.get(where, "center")
    return ax.annotate(text, (x, y), (dx, dy), textcoords="offset points", color=colour, ha=ha, va=va, fontsize=11)


def label_ends(ax):
    """Write each line's label at its right end, in its colour; labels that would overlap are moved apart.

    Call it when all lines are drawn and the scales are set.
    """
    (low, high), height = sorted(ax.get_ylim()), ax.get_position().height * ax.figure.get_figheight() * 72  # points
    ends = []
    for line in ax.get_lines():
        if not line.get_label().startswith("_"):
            x, y = (np.asarray(values, dtype=float) for values in line.get_data())
            last = np.flatnonzero(np.isfinite(y) & ((y > 0) | (ax.get_yscale() != "log")))[-1]
            end = (x[last], min(max(y[last], low), high))
            ends.append((height * (ax.transData + ax.transAxes.inverted()).transform(end)[1], end, line))
    ends.sort(key=lambda item: item[0])
    places = [y for y, _, _ in ends]
    sizes = [15 * (line.get_label().count("\n") + 1) for _, _, line in ends]
    for _ in range(100):  # neighbours that overlap push each other away
        for k in range(len(ends) - 1):
            overlap = max(0.0, (sizes[k] + sizes[k + 1]) / 2 - (places[k + 1] - places[k]))
            places[k], places[k + 1] = places[k] - overlap / 2, places[k + 1] + overlap / 2
    lift = max(0.0, -min(places, default=0.0))  # none of them over the numbers of the x axis
    for (y, end, line), place in zip(ends, places, strict=True):
        style = {"textcoords": "offset points", "color": line.get_color(), "va": "center"}
        ax.annotate(line.get_label(), end, (6, place + lift - y), annotation_clip=False, **style)


# ---------------------------------------------------------------- whole pictures


def bars(values, labels, colour, title=None, xlabel=None, ylabel=None, fmt="{:.2g}"):
    """Bars with their values on them (`fmt=None`: without)."""
    fig, ax = figure(title, 7.0, 3.4)
    places = np.arange(len(values))
    drawn = ax.bar(places, values, color=colour, width=0.72)
    ax.set_xticks(places, labels)
    ax.tick_params(axis="x", length=0)
    if fmt:
        ax.bar_label(drawn, [_minus(fmt.format(value)) for value in values], padding=3, fontsize=10.5)
        ax.margins(y=0.14)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    return fig


def curves(
    lines, title, xlabel, ylabel, x=None, log="y", ends=True, ax=None, width=7.0, height=3.8, **settings
):
    """Lines, each with its name at its right end (`ends=False`: without), in its colour.

    lines: name to (values, colour, style); colour is a key of COLOUR or a colour, style Matplotlib's "-", "--", … and
    may be left out; a name that begins with "_" is not written. x: the places of the values, unless 0, 1, 2, …; log:
    the logarithmic axes, "y", "both" or ""; settings: xlim, ylim, xticks, … as Axes.set takes them.
    """
    fig, ax = _canvas(ax, title, width, height)
    for name, (values, colour, *style) in lines.items():
        places = np.arange(len(values)) if x is None else x[: len(values)]
        thin = {"linewidth": 1.6} if style and style[0] != "-" else {}
        ax.plot(places, values, *style, color=COLOUR.get(colour, colour), label=name, **thin)
    if log:
        log_axis(ax, xlabel, ylabel, both=log == "both")
    ax.set(xlabel=xlabel, ylabel=ylabel, **settings)
    if ends:
        label_ends(ax)
    return fig


def tracks(series, title=None, xlabel="time $t$ (steps)", names=None, limits=None, x=None):
    """Quantities over time, one above the other on a common time axis; each in the colour of its name.

    series: name (a key of COLOUR) to array of T values; names: name to what is written beside it;
    limits: name to (low, high); a gate's is (0, 1) unless given.
    """
    fig, axes = figure(title, 7.0, 0.9 + 1.05 * len(series), len(series), 1, sharex=True, squeeze=False)
    for ax, (name, values) in zip(axes[:, 0], series.items(), strict=True):
        times = np.arange(1, len(values) + 1) if x is None else x
        colour = COLOUR.get(name, INK)
        ax.plot(times, values, color=colour, linewidth=1.8)
        low, high = (limits or {}).get(name) or ((0, 1) if name in "fiozr" else ax.get_ylim())
        ax.set_ylim(low - 0.06 * (high - low), high + 0.06 * (high - low))
        ax.fill_between(times, values, np.clip(0.0, low, high), color=colour, alpha=0.13, linewidth=0)
        beside = (names or {}).get(name) or symbol(name, "t")
        ax.set_ylabel(beside, color=colour, rotation=0, ha="right", va="center", fontsize=14)
        if ax is not axes[-1, 0]:
            ax.tick_params(axis="x", length=0)
    axes[-1, 0].set_xlabel(xlabel)
    fig.align_ylabels()
    return fig


def matrix_picture(matrix, row_names, column_names, title=None, label=None):
    """A matrix in colours centred at zero, cut into equal blocks.

    row_names, column_names: what is written beside the block rows and above the block columns; label: what the colour
    bar measures.
    """
    rows, columns = matrix.shape
    high, wide = rows // len(row_names), columns // len(column_names)
    fig, ax = figure(title, 6.0, 1.4 + min(4.2, 4.4 * rows / columns))
    largest = np.abs(matrix).max() or 1.0
    image = ax.pcolormesh(matrix, cmap=DIVERGING, vmin=-largest, vmax=largest, edgecolors="white", linewidth=0.6)
    ax.set_aspect("equal")
    ax.invert_yaxis()
    ax.spines[:].set_visible(False)
    ax.set_xticks(wide * (np.arange(len(column_names)) + 0.5), column_names, fontsize=15)
    ax.set_yticks(high * (np.arange(len(row_names)) + 0.5), row_names, fontsize=15)
    ax.tick_params(length=0, top=False, labeltop=True, bottom=False, labelbottom=False, pad=7)
    for k, j in np.ndindex(len(row_names), len(column_names)):
        frame = {"fill": False, "edgecolor": INK, "linewidth": 1.6, "clip_on": False}
        ax.add_patch(Rectangle((j * wide, k * high), wide, high, **frame))
    fig.colorbar(image, ax=ax, shrink=0.75, aspect=18, pad=0.03, label=label).outline.set_visible(False)
    return fig


def phase_map(x, y, growth, title, xlabel, ylabel, label=None, words=(), limit=None):
    """`growth[j, k]` at y[j], x[k]: blue where it is negative, red where positive, a line where it is zero.

    words: a list of (x, y, text) to write on the map; limit: the value at which the colours end.
    """
    fig, ax = figure(title, 6.6, 4.4)
    limit = limit or np.nanmax(np.abs(growth))
    image = ax.pcolormesh(x, y, growth, cmap=DIVERGING, vmin=-limit, vmax=limit, shading="nearest", rasterized=True)
    ax.contour(x, y, growth, [0.0], colors=[INK], linewidths=1.6)
    for place_x, place_y, text in words:
        ax.text(place_x, place_y, text, ha="center", va="center", fontsize=12.5, fontweight="bold")
    ax.set(xlabel=xlabel, ylabel=ylabel)
    over = {(False, False): "neither", (True, False): "min", (False, True): "max", (True, True): "both"}
    extend = over[bool(np.nanmin(growth) < -limit), bool(np.nanmax(growth) > limit)]
    fig.colorbar(image, ax=ax, label=label, extend=extend, pad=0.02).outline.set_visible(False)
    return fig


def table_of_marks(marks, rows, columns, title=None, words=("right", "wrong"), ax=None, cell=(0.78, 0.36)):
    """A table of right (a tick, light) and wrong (a cross, dark); None or NaN is left empty.

    marks: len(rows) by len(columns); words: what a tick and a cross mean, written below; columns may hold line breaks.
    """
    wide, high = cell
    margin = 0.35 + 0.085 * max(len(re.sub(r"[\\${}]|\\mathrm", "", row)) for row in rows)
    head = 0.3 + 0.2 * max(column.count("\n") + 1 for column in columns)
    fig, ax = _canvas(ax, title, max(margin + wide * len(columns), 5.0), 0.85 + head + high * len(rows))
    for (k, j), mark in np.ndenumerate(np.array(marks, dtype=object)):
        if mark is None or mark != mark:
            continue
        fill, ink, glyph = ("#d6e6f3", COLOUR["right"], "✓") if mark else (COLOUR["wrong"], "white", "✗")
        ax.add_patch(Rectangle((j + 0.04, k + 0.06), 0.92, 0.88, facecolor=fill, edgecolor="none"))
        ax.text(j + 0.5, k + 0.52, glyph, color=ink, ha="center", va="center", fontsize=15)
    ax.set_xlim(0, len(columns))
    ax.set_ylim(len(rows), 0)
    ax.set_xticks(np.arange(len(columns)) + 0.5, columns)
    ax.set_yticks(np.arange(len(rows)) + 0.5, rows, fontsize=12)
    ax.tick_params(length=0, top=False, labeltop=True, bottom=False, labelbottom=False)
    ax.spines[:].set_visible(False)
    ax.set_xlabel(f"light ✓: {words[0]}      dark ✗: {words[1]}", color=COLOUR["grey"], loc="right")
    return fig


def coloured_text(text, values, tracks, title, label=None):
    """A text, each character on the colour of its value; a newline shows as a small arrow.

    values: one for each character, newlines included; label: what they are, c_t unless given; tracks: name (a key of
    COLOUR) to values between 0 and 1, drawn as stripes under each line, full colour for 1.
    """
    if len(values) != len(text):
        raise ValueError(f"one value for each of the {len(text)} characters expected, got {len(values)}")
    lines = text.splitlines(keepends=True)
    width, letters, stripe, space = 7.0, 22, 4, 6 if tracks else 3  # in inches; in pixels of the page
    pitch = letters + (stripe + 1) * len(tracks) + space
    title = _wrapped(title, width)
    above, below, side = 18 + 22 * (title.count("\n") + 1), 62, 8
    body = pitch * len(lines)
    inside, height = PIXELS_PER_INCH * width - 2 * side, above + body + below
    fig = Figure((width, height / PIXELS_PER_INCH))
    fig.text(0.012, 1 - 8 / height, title, va="top", fontsize=13, fontweight="bold")
    ax = fig.add_axes((side / (inside + 2 * side), below / height, inside / (inside + 2 * side), body / height))
    ax.set_xlim(0, max(len(line) for line in lines))
    ax.set_ylim(body, 0)
    ax.axis("off")

    low, high = min(values.min(), 0.0), max(values.max(), 1e-12)
    largest = max(-low, high)
    norm, cmap = (Normalize(-largest, largest), DIVERGING) if low < 0 else (Normalize(low, high), SEQUENTIAL)
    start = 0
    for k, line in enumerate(lines):
        here, top, edges = slice(start, start + len(line)), k * pitch, np.arange(len(line) + 1)
        start += len(line)
        ax.pcolormesh(edges, [top, top + letters], values[None, here], cmap=cmap, norm=norm)
        for j, (character, value) in enumerate(zip(line, values[here], strict=True)):
            dark = np.dot(cmap(norm(value))[:3], (0.3, 0.59, 0.11)) < 0.48
            ink = {"\n": "#dddddd" if dark else "#9a9a9a"}.get(character, "white" if dark else INK)
            glyph = {"family": "DejaVu Sans Mono", "ha": "center", "va": "baseline", "color": ink}
            ax.text(j + 0.5, top + 16, character.replace("\n", "\u21b5"), **glyph)
        for n, (name, gate) in enumerate(tracks.items()):
            y = top + letters + 1 + n * (stripe + 1)
            ax.pcolormesh(edges, [y, y + stripe], np.asarray(gate)[None, here], cmap=_shades(name), vmin=0, vmax=1)

    bar = fig.add_axes((0.55, 38 / height, 0.36, 9 / height))
    fig.colorbar(mpl.cm.ScalarMappable(norm, cmap), cax=bar, orientation="horizontal").outline.set_edgecolor(PALE)
    beside = {"xycoords": "axes fraction", "textcoords": "offset points", "va": "center", "fontsize": 14}
    bar.annotate(label or symbol("c", "t"), (1, 0.5), (8, 0), **beside | ({"fontsize": 11} if label else {}))
    for n, name in enumerate(tracks):
        place = {"xycoords": "figure fraction", "textcoords": "offset points", "va": "center", "fontsize": 14}
        ax.annotate(symbol(name, "t"), (0.012 + 0.13 * n, 42 / height), (36, 0), color=COLOUR[name], **place)
        fig.add_artist(Rectangle((0.012 + 0.13 * n, 40 / height), 0.06, stripe / height, color=COLOUR[name]))
    if tracks:
        fig.text(0.012, 12 / height, "under each line: pale is 0, full colour is 1", color=COLOUR["grey"])
    return fig


def _shades(name):
    """Colours from almost white, for 0, to the colour of the name, for 1."""
    return LinearSegmentedColormap.from_list(name, ["#efefef", COLOUR[name]])


# ---------------------------------------------------------------- the cells: one drawing kit

LINE, MIDDLE, GATE, BUS = 5.9, 3.95, 2.05, 0.85  # heights: the state's line, the products, the gates, the input
LANE = 0.16  # x_t runs so far below h_{t-1}
WIDE = {"f": 2.2, "i": 3.8, "c_tilde": 5.4, "o": 7.0, "h": 9.0, "width": 10.6, "rise": 0.95}  # places along the cell
NARROW = {"f": 1.6, "i": 2.9, "c_tilde": 4.15, "o": 5.4, "h": 7.1, "width": 8.4}


def _before(time, steps=1):
    """The time index `steps` earlier: "t" gives "t-1", "t-1" gives "t-2"."""
    return f"t-{int(time[2:] or 0) + steps}" if steps else time


def _rounded(points, radius=0.28):
    """The path through `points`, its corners rounded."""
    vertices, codes = [points[0]], [Way.MOVETO]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        enter, leave = (corner + radius * (far - corner) / np.linalg.norm(far - corner) for far in (before, after))
        vertices += [enter, corner, leave]
        codes += [Way.LINETO, Way.CURVE3, Way.CURVE3]
    return Way([*vertices, points[-1]], [*codes, Way.LINETO])


class Pen:
    """Draws the parts of a cell: in colour if they are shown, bold if highlighted, pale if neither.

    scale: the points in one unit of the axes; x0: where the cell begins; wires: one colour for all lines; ghosts: the
    names of boxes that are not shown, pale.
    """

    def __init__(self, ax, parts, shown=None, highlight=(), scale=36.0, x0=0.0, wires=None, ghosts=False):
        self.ax, self.x0, self.scale, self.wires, self.ghosts = ax, x0, scale, wires, ghosts
        self.font = 15 if scale == 36 else 0.583 * scale
        self.shown = set(parts if shown is None else [shown] if isinstance(shown, str) else shown)
        self.bold = {highlight} if isinstance(highlight, str) else set(highlight or ())
        self.shown |= self.bold
        if unknown := self.shown - set(parts):
            raise ValueError(f"no such part: {', '.join(sorted(unknown))}; the parts are {', '.join(parts)}")

    def look(self, part, colour):
        """(colour, line width, is it shown, is it bold) of a part, or of several that must all be shown."""
        needed = {part} if isinstance(part, str) else set(part)
        shown, bold = needed <= self.shown, needed <= self.bold
        return (colour if shown else PALE), (2.8 if bold else 1.9 if shown else 1.4), shown, bold

    def wire(self, part, points, colour, head=False, width=1.0, over=None):
        """A line through `points` with rounded corners; head: with an arrow; over: the height of a line it crosses."""
        colour, line, shown, bold = self.look(part, self.wires or colour)
        points = np.array(points, dtype=float) + (self.x0, 0)
        order = (2 if shown else 1) + (0.5 if over is not None else 0)
        if over is not None:
            x = points[0][0]
            self.stroke([(x, over - 0.17), (x, over + 0.17)], "#f7f7f7", 7, order - 0.2, capstyle="butt")
        if bold:
            self.stroke(points, colour, 11, order - 0.1, alpha=0.2, capstyle="butt")
        style = "-|>,head_length=0.22,head_width=0.1" if head else "-"
        self.stroke(points, colour, line * width, order, arrowstyle=style, joinstyle="miter")

    def stroke(self, points, colour, width, order, **style):
        """A line through `points`, its corners rounded, with an arrow at its end if `style` has one."""
        style = {"arrowstyle": "-", "capstyle": "round", "joinstyle": "round", "mutation_scale": self.scale} | style
        path = _rounded(np.array(points, dtype=float))
        self.ax.add_patch(FancyArrowPatch(path=path, color=colour, linewidth=width, zorder=order, **style))

    def box(self, part, x, y, text, colour, width=1.1, height=0.8, font=None):
        """A box that computes something: tinted, or filled if it is highlighted."""
        colour, line, shown, bold = self.look(part, colour)
        tint = 1 - 0.16 * (1 - np.array(to_rgb(colour)))
        face = colour if bold else tint if shown else "white"
        corner = (self.x0 + x - width / 2 + 0.1, y - height / 2 + 0.1)
        style = {"boxstyle": "round,pad=0.1,rounding_size=0.18", "facecolor": face, "edgecolor": colour}
        self.ax.add_patch(FancyBboxPatch(corner, width - 0.2, height - 0.2, linewidth=min(line, 2), zorder=4, **style))
        if shown or self.ghosts:
            ink = "white" if bold else colour if shown else "#bdbdbd"
            self._text(x, y, text, ink, font or self.font, weight="bold")

    def operator(self, part, x, y, sign, colour, radius=0.31):
        """A circle for an element-wise operation: "times", "plus" or a text."""
        colour, line, shown, bold = self.look(part, colour)
        face = colour if bold else "white"
        place = (self.x0 + x, y)
        self.ax.add_patch(Circle(place, radius, facecolor=face, edgecolor=colour, linewidth=min(line, 2), zorder=4))
        ink, arm = ("white" if bold else colour), 0.5 * radius
        ends = {"plus": [(arm, 0), (0, arm)], "times": [(0.8 * arm, 0.8 * arm), (0.8 * arm, -0.8 * arm)]}.get(sign)
        for dx, dy in ends or []:
            xs, ys = [place[0] - dx, place[0] + dx], [y - dy, y + dy]
            self.ax.plot(xs, ys, color=ink, linewidth=1.8, zorder=5)
        if not ends and shown:
            self._text(x, y, sign, ink, 0.72 * self.font)

    def dot(self, part, x, y, colour):
        """A dot where a line branches."""
        colour = self.look(part, self.wires or colour)[0]
        self.ax.add_patch(Circle((self.x0 + x, y), 0.1, facecolor=colour, edgecolor="none", zorder=3))

    def label(self, part, x, y, text, colour, ha="center", font=None):
        """A text beside a part; absent where the part is not shown."""
        colour, _, shown, _ = self.look(part, colour)
        if shown:
            self._text(x, y, text, colour, font or self.font, ha=ha)

    def _text(self, x, y, text, colour, size, **style):
        style = {"ha": "center", "va": "center", "zorder": 6} | style
        self.ax.text(self.x0 + x, y, text, color=colour, fontsize=size, **style)

    def cell(self, width, top):
        """The cell's body."""
        style = {"boxstyle": "round,pad=0,rounding_size=0.35", "facecolor": "#f7f7f7", "edgecolor": "#d0d0d0"}
        self.ax.add_patch(FancyBboxPatch((self.x0, 0.15), width, top - 0.15, linewidth=1.1, zorder=0, **style))


LSTM_PARTS = ("c_line", "f", "i", "c_tilde", "o", "h", "x")
LSTM_NUMBERS = {"f": "(1)", "i": "(2)", "c_tilde": "(3)", "c_line": "(4)", "o": "(5)", "h": "(6)"}
GRU_PARTS = ("h_line", "z", "r", "h_tilde", "x")
GRU_NUMBERS = {"z": "(16)", "r": "(17)", "h_tilde": "(18)", "h_line": "(19)"}


def _page(title, left, right, bottom, top, inches=0.5):
    """Axes for a drawing: one unit is `inches` in both directions, nothing but the drawing is seen."""
    height = (top - bottom) * inches
    width = (right - left) * inches
    above = 0.15 + 0.23 * (_wrapped(title, width).count("\n") + 1) if title else 0
    fig, ax = figure(title, width, height + above)
    ax.set_xlim(left, right)
    ax.set_ylim(bottom, top)
    ax.set_aspect("equal")
    ax.axis("off")
    return fig, ax


def draw_lstm_cell(show=None, highlight=(), title=None, values=None, numbers=False):
    """One step of an LSTM, (1)-(6): the cell state runs along the top, h_{t-1} and x_t enter below, gates between.

    show: the parts in colour (all unless given), of c_line, f, i, c_tilde, o, h, x; highlight: those filled and bold;
    values: name to number, written beside the name (c_prev and h_prev too, and kept, written and tanh_c, the parts of
    (4) and (6), beside their lines); numbers: write the equations' numbers.
    """
    line = LINE + WIDE["rise"]
    fig, ax = _page(title, -1.85, WIDE["width"] + 1.85, -0.9, line + 0.8)
    pen, values = Pen(ax, LSTM_PARTS, show, highlight, ghosts=True), values or {}
    _lstm(pen, WIDE, values=values, numbers=LSTM_NUMBERS if numbers else {})
    right = WIDE["width"] + 1.1
    _name(pen, "c_line", -1.1, line, "c", "t-1", values.get("c_prev"), "right")
    _name(pen, "c_line", right, line, "c", "t", values.get("c"), "left")
    _name(pen, "x", -1.1, BUS, "h", "t-1", values.get("h_prev"), "right")
    _name(pen, "h", right, BUS, "h", "t", values.get("h"), "left")
    return fig


def _lstm(pen, at, time="t", values=None, numbers=None, small=False, left=-0.95, right=0.95):
    """The parts of one LSTM cell between `left` and `right` of its body; small: the gates' names inside their boxes,
    else a box for each gate's weights on its leg.
    """
    values, numbers, w = values or {}, numbers or {}, at["width"]
    line, middle, gates = (height + at.get("rise", 0.0) for height in (LINE, MIDDLE, GATE))
    pen.cell(w, line + 0.65)
    _inputs(
        pen, at["o"], [at[gate] for gate in ("f", "i", "c_tilde", "o") if gate in pen.shown], time, values, left, small
    )

    # (4): the state's line, with the forget gate's product and the new share's sum
    c = COLOUR["c"]
    pen.wire("c_line", [(left, line), (w + right, line)], c, head=True, width=1.4)
    pen.operator("c_line", at["f"], line, "times", c)
    pen.wire(("c_line", "i", "c_tilde"), [(at["c_tilde"], middle + 0.31), (at["c_tilde"], line - 0.31)], c, head=True)
    pen.operator("c_line", at["c_tilde"], line, "plus", c)
    pen.operator(("i", "c_tilde"), at["c_tilde"], middle, "times", c)

    # (1), (2), (3), (5): a leg up from the inputs, the weights, a box, the way to its product
    ends = {
        "f": [(at["f"], line - 0.31)],
        "i": [(at["i"], middle), (at["c_tilde"] - 0.31, middle)],
        "c_tilde": [(at["c_tilde"], middle - 0.31)],
        "o": [(at["o"], middle), (at["h"] - 0.31, middle)],
    }
    for gate, end in ends.items():
        x, colour = at[gate], COLOUR[gate]
        pen.wire(gate, [(x, BUS - LANE), (x, gates - 0.4)], colour, head=True)
        pen.wire(gate, [(x, gates + 0.4), *end], colour, head=True)
        inside = "$\\tanh$" if gate == "c_tilde" else r"$\sigma$"
        pen.box(gate, x, gates, symbol(gate) if small else inside, colour, width=1.0 if small else 1.2)
        if not small:
            weights = symbol("W_c" if gate == "c_tilde" else f"W_{gate}")
            pen.box(gate, x, 1.78, weights, colour, width=0.98, height=0.7, font=0.9 * pen.font)
            side, ha = (-0.2, "right") if gate in "fi" else (0.2, "left")
            _name(pen, gate, x + side, gates + 0.95, gate, time, values.get(gate), ha)

    # (6): a branch of the state's line, through tanh and the output gate, to h_t
    x, h = at["h"], COLOUR["h"]
    pen.dot("h", x, line, h)
    pen.wire("h", [(x, line), (x, line - 0.54)], h, head=True)
    pen.wire("h", [(x, line - 1.24), (x, middle + 0.31)], h, head=True)
    pen.wire("h", [(x, middle - 0.31), (x, BUS), (w + right, BUS)], h, head=True)
    pen.box("h", x, line - 0.89, r"$\tanh$", h, width=1.3, height=0.7, font=0.85 * pen.font)
    pen.operator("h", x, middle, "times", h)

    _shares(pen, at, time, values, line, middle)
    for part, number in numbers.items():
        places = {"c_line": (at["c_tilde"] + 0.42, line + 0.33), "h": (x + 0.42, middle)}
        pen.label(part, *places.get(part, (at.get(part, 0) + 0.2, 1.18)), number, COLOUR["grey"], ha="left", font=11)


def _shares(pen, at, time, values, line, middle):
    """What is kept, what is written, and the tanh of the state, if `values` has them: beside their lines."""
    t = time.replace("-", "{-}")
    kept, written = rf"$f_{{{t}}}\circ c_{{{t}{{-}}1}}$", rf"$i_{{{t}}}\circ\tilde{{c}}_{{{t}}}$"
    places = {
        "kept": (("c_line", "f"), (at["f"] + at["c_tilde"]) / 2, line + 0.34, line - 0.32, kept, "c", "center"),
        "written": (("c_line", "i", "c_tilde"), at["c_tilde"] + 0.2, line - 0.8, line - 1.28, written, "c", "left"),
        "tanh_c": ("h", at["h"] + 0.78, None, line - 0.89, "", "h", "left"),
    }
    for name, (part, x, above, y, maths, colour, ha) in places.items():
        if name in values:
            if above:
                pen.label(part, x, above, maths, COLOUR[colour], ha, font=12.5)
            pen.label(part, x, y, _minus(f"{values[name]:.2f}"), COLOUR[colour], ha, font=11.5)


def _inputs(pen, last, ends, time, values, left, small):
    """h_{t-1} and x_t run side by side to the gates, in colour as far as the last one that is shown."""
    if ends:
        pen.shown.add("x")
    far = max(ends, default=1.6)
    pen.wire("", [(0.9, BUS), (last, BUS)], PALE)
    pen.wire("", [(1.2, BUS - LANE), (last, BUS - LANE)], PALE)
    pen.wire("x", [(left, BUS), (far, BUS)], COLOUR["h"])
    pen.wire("x", [(0.9, -0.3), (0.9, BUS - LANE), (far, BUS - LANE)], COLOUR["x"])
    if not small:
        pen.label("x", 1.25, 0.4, "$[h_{t{-}1},\\,x_t]$", COLOUR["x"], ha="left", font=12)
    _name(pen, "x", 0.9, -0.6, "x", time, values.get("x"), beside=True)


def _name(pen, part, x, y, name, time="t", value=None, ha="center", beside=False):
    """A symbol next to its line, with its value, if there is one, below it or beside it."""
    above = value is not None and not beside
    pen.label(part, x, y + 0.25 if above else y, symbol(name, time), COLOUR[name], ha)
    if value is not None:
        text = value if isinstance(value, str) else _minus(f"{value:.2f}")
        place, ha = ((x, y - 0.22), ha) if above else ((x + 0.35, y), "left")
        pen.label(part, *place, text, COLOUR[name], ha, font=11.5)


def draw_gru_cell(
    show=None, highlight=(), reset="before", title=None, values=None, numbers=False, back=False
):
    """One step of a GRU, (16)-(19): the state h runs along the top; reset="before": r before W_hh, "after": after it.

    show, highlight: of the parts h_line, z, r, h_tilde, x; values: name to number, h_prev and r_h (the product r ∘ h)
    too; back: the four ways of the error from h_t to h_{t-1}, (24); the rest as in draw_lstm_cell.
    """
    if reset not in ("before", "after"):
        raise ValueError(f'reset must be "before" or "after", not {reset!r}')
    values, numbers, width = values or {}, GRU_NUMBERS if numbers else {}, 10.8
    at = {"z": 2.4, "r": 4.1, "first": 5.7, "second": 7.2, "h_tilde": 9.0}
    h, x_colour, candidate, gate, middle = COLOUR["h"], COLOUR["x"], COLOUR["h_tilde"], 2.65, 4.15
    h_bus, x_bus = 1.25, 0.55
    fig, ax = _page(title, -1.85, width + 1.85, -0.9, 6.7)
    pen = Pen(ax, GRU_PARTS, show, highlight, wires="#cfcfcf" if back else None)
    gates = [name for name in ("z", "r", "h_tilde") if name in pen.shown]
    pen.shown |= {"x"} if gates else set()
    pen.cell(width, LINE + 0.65)

    # h_{t-1} branches off its line, x_t comes in below; in colour as far as the last box that is shown
    last = at[gates[-1]] if gates else 1.8
    to_chain = at["first"] - (0.31 if reset == "before" else 0.6)
    pen.wire("", [(1.3, h_bus), (to_chain, h_bus)], PALE)
    pen.wire("", [(1.9, x_bus), (at["h_tilde"] + 0.22, x_bus)], PALE)
    pen.wire("x", [(0.9, LINE), (0.9, h_bus), (min(last - 0.22, to_chain), h_bus)], h)
    pen.wire("x", [(1.5, -0.35), (1.5, x_bus), (last + 0.22, x_bus)], x_colour)
    pen.dot("x", 0.9, LINE, h)
    _name(pen, "x", 1.5, -0.65, "x", value=values.get("x"), beside=True)
    for name in ("z", "r"):
        x, colour = at[name], COLOUR[name]
        pen.wire(name, [(x - 0.22, h_bus), (x - 0.22, gate - 0.4)], h, head=True)
        pen.wire(name, [(x + 0.22, x_bus), (x + 0.22, gate - 0.4)], x_colour, head=True, over=h_bus)
        pen.dot(name, x - 0.22, h_bus, h)
        pen.dot(name, x + 0.22, x_bus, x_colour)
        pen.box(name, x, gate, r"$\sigma$", colour, width=1.2)

    # (19): the state's line; 1-z keeps the old, z lets in the new
    z, end = at["z"], at["h_tilde"]
    pen.wire("h_line", [(-0.95, LINE), (width + 0.95, LINE)], h, head=True, width=1.4)
    pen.operator("h_line", z, LINE, "times", h)
    pen.operator("h_line", end, LINE, "plus", h)
    pen.wire("z", [(z, gate + 0.4), (z, LINE - 0.31)], COLOUR["z"], head=True)
    pen.wire("z", [(z, middle), (end - 0.31, middle)], COLOUR["z"], head=True)
    pen.dot("z", z, middle, COLOUR["z"])
    pen.operator("z", z, 4.86, "1\u2212", COLOUR["z"], radius=0.36)
    pen.wire(("h_line", "z", "h_tilde"), [(end, middle + 0.31), (end, LINE - 0.31)], h, head=True)
    pen.operator(("z", "h_tilde"), end, middle, "times", h)

    # (18) or (18'): the candidate; r stands before or after the product with W_hh
    product, weights = (at["first"], at["second"]) if reset == "before" else (at["second"], at["first"])
    pen.wire("h_tilde", [(to_chain - 1.0, h_bus), (end - 0.22, h_bus), (end - 0.22, gate - 0.4)], h, head=True)
    pen.wire("h_tilde", [(end + 0.22, x_bus), (end + 0.22, gate - 0.4)], x_colour, head=True)
    pen.wire("h_tilde", [(end, gate + 0.4), (end, middle - 0.31)], candidate, head=True)
    pen.wire("r", [(at["r"] + 0.6, gate), (product, gate), (product, h_bus + 0.31)], COLOUR["r"], head=True)
    pen.operator(("h_tilde", "r"), product, h_bus, "times", COLOUR["r"])
    pen.box("h_tilde", weights, h_bus, symbol("W_hh"), candidate, width=1.1, height=0.74, font=13)
    pen.box("h_tilde", end, gate, r"$\tanh$", candidate, width=1.3)

    _name(pen, "h_line", -1.1, LINE, "h", "t-1", values.get("h_prev"), ha="right")
    _name(pen, "h_line", width + 1.1, LINE, "h", value=values.get("h"), ha="left")
    if back:
        _gru_ways_back(pen, at, gate, middle, h_bus)
        return fig
    _name(pen, "z", z - 0.2, 3.55, "z", value=values.get("z"), ha="right")
    _name(pen, "r", at["r"] + 1.1, gate + 0.38, "r")
    _name(pen, "h_tilde", end + 0.28, 3.45, "h_tilde", value=values.get("h_tilde"), ha="left")
    for name, place in {"r": (5.2, gate - 0.32), "r_h": (6.2, 1.66)}.items():
        if name in values:
            pen.label("r", *place, _minus(f"{values[name]:.2f}"), COLOUR["r"], font=11.5)
    if reset == "after":
        pen.label("h_tilde", weights, 1.85, f"$+\\,${symbol('b_hh')}", candidate, font=12)
        pen.label("h_tilde", 6.52, 0.86, symbol("m", "t"), candidate, font=12)
    for part, number in numbers.items():
        places = {"h_line": (end + 0.42, LINE + 0.33), "h_tilde": (end + 0.75, gate)}
        pen.label(part, *places.get(part, (at.get(part, 0) + 0.42, 1.85)), number, COLOUR["grey"], ha="left", font=11)
    return fig


def _gru_ways_back(pen, at, gate, middle, h_bus):
    """The four ways of (24) over a GRU's cell, reset before: along the line, through the candidate, through z and r."""
    ax, z, r, first, end = pen.ax, at["z"], at["r"], at["first"], at["h_tilde"]
    out, colours = -0.95, {name: COLOUR[name] for name in ("h", "h_tilde", "z", "r")}
    # Three of them share the branch to the left; side by side there, so that each is seen.
    left = {name: (0.9 + shift, h_bus + shift) for name, shift in (("h_tilde", -0.13), ("r", 0.0), ("z", 0.13))}
    _way_back(ax, [(at["h_tilde"] + 2.75, LINE), (out, LINE)], colours["h"], [0])
    ways = {
        "h_tilde": [(end, LINE), (end, gate), (end - 0.22, gate), (end - 0.22, left["h_tilde"][1])],
        "r": [(first, h_bus), (first, gate), (r, gate), (r - 0.22, gate), (r - 0.22, left["r"][1])],
        "z": [(end, middle), (z, middle), (z, gate), (z - 0.22, gate), (z - 0.22, left["z"][1])],
    }
    for name, points in ways.items():
        x, y = left[name]
        _way_back(ax, [*points, (x, y), (x, LINE)], colours[name], width=3.6)
    _way_back(ax, [(z, LINE), (z, middle - 0.4)], colours["z"], width=3.6)
    names = {
        "h": (5.7, LINE + 0.42, r"$\delta_t \circ (1{-}z_t)$"),
        "h_tilde": (4.95, h_bus - 0.4, r"$u_t \circ r_t$"),
        "r": (5.3, gate + 0.5, r"$W_{rh}^T\,\delta_{r,t}$"),
        "z": (z + 0.2, gate + 0.85, r"$W_{zh}^T\,\delta_{z,t}$"),
    }
    for name, (x, y, text) in names.items():
        pen.label(GRU_PARTS[0], x, y, text, colours[name], "left" if name == "z" else "center", font=13)
    pen.label(GRU_PARTS[0], 6.35, h_bus + 0.36, symbol("u", "t"), colours["h_tilde"], font=13)


RNN_AT = {"W_h": 1.0, "plus": 2.4, "tanh": 4.1, "width": 5.1}
RNN_LINE = 1.95  # the height at which the state goes through the cell


def draw_rnn_cell(title=None):
    """One step of a plain RNN, (R1): h_{t-1} and x_t, each times its weights, summed, through tanh to h_t."""
    fig, ax = _page(title, -1.85, RNN_AT["width"] + 1.85, -0.9, 3.1)
    pen = Pen(ax, ("x", "h"))
    _rnn(pen, RNN_AT)
    _name(pen, "x", -1.1, RNN_LINE, "h", "t-1", ha="right")
    _name(pen, "h", RNN_AT["width"] + 1.1, RNN_LINE, "h", ha="left")
    between = (RNN_AT["plus"] + RNN_AT["tanh"]) / 2 - 0.17
    pen.label("h", between, RNN_LINE + 0.38, symbol("net", "t"), COLOUR["grey"], font=13)
    return fig


def _rnn(pen, at, time="t", small=False, left=-0.95, right=0.95):
    """The parts of one RNN cell between `left` and `right` of its body."""
    h, x, y, plus = COLOUR["h"], COLOUR["x"], RNN_LINE, at["plus"]
    pen.cell(at["width"], 2.95)
    pen.wire("h", [(left, y), (plus - 0.31, y)], h, head=True)
    pen.wire("x", [(plus, -0.35), (plus, y - 0.31)], x, head=True)
    pen.wire("h", [(plus + 0.31, y), (at["tanh"] - 0.6, y)], h, head=True)
    pen.wire("h", [(at["tanh"] + 0.6, y), (at["width"] + right, y)], h, head=True)
    pen.operator("h", plus, y, "plus", h)
    pen.box("h", at["W_h"], y, symbol("W_h"), h, width=1.0)
    pen.box("x", plus, 0.75, symbol("W_x"), x, width=1.0, height=0.7)
    pen.box("h", at["tanh"], y, r"$\tanh$", h, width=1.2)
    _name(pen, "x", plus, -0.62, "x", time, beside=True)


# ---------------------------------------------------------------- several steps, and the error's way back

GAP = 1.5  # between two cells


def _unrolled(draw, parts, at, top, steps, lines, title, path, times=None):
    """`steps` cells in a row, the last at time t; `lines`: (state, its height) of those that run from cell to cell.

    times: what stands for t-2, t-1, t, the one before the first cell included, if not these.
    """
    stride = at["width"] + GAP
    times = times or [_before("t", steps - k) for k in range(steps + 1)]
    inches = min(9.0 / (steps * stride + 3.2), 0.42)
    fig, ax = _page(title, -2.0, steps * stride + 1.2, -0.95, top, inches)
    for k in range(steps):
        pen = Pen(ax, parts, scale=72 * inches, x0=k * stride, wires="#cfcfcf" if path else None)
        draw(pen, at, times[k + 1], small=True, left=-0.95 if k == 0 else 0.0, right=GAP)
        for name, y in lines:
            pen.label(parts[0], at["width"] + GAP / 2, y + 0.6, symbol(name, times[k + 1]), COLOUR[name])
            if k == 0:
                pen.label(parts[0], -1.1, y, symbol(name, times[0]), COLOUR[name], "right")
    if path:
        pen.box(parts[0], at["width"] + GAP + 0.5, lines[-1][1], "$E$", INK, width=1.0)
    return fig, ax, stride


def _way_back(ax, points, colour, arrows=(), order=3.2, width=5.0):
    """The error's way through `points`, a broad line under the boxes; arrows: the stretches that bear one."""
    Pen(ax, ()).stroke(points, colour, width, order)
    for k in arrows:
        here, there = np.array(points[k : k + 2], dtype=float)
        angle = np.degrees(np.arctan2(*(there - here)[::-1])) - 90  # the marker points upwards
        look = {"color": colour, "markeredgecolor": "white", "markersize": 16, "zorder": 3.6}
        ax.plot(*(here + there) / 2, marker=(3, 0, angle), **look)


def draw_rnn_unrolled(steps=4, path=None, title=None):
    """A plain RNN over `steps` time steps; path="h": the error's way back from E, thinner after each tanh and W_h."""
    if path not in (None, "h"):
        raise ValueError(f'path must be None or "h", not {path!r}')
    fig, ax, stride = _unrolled(_rnn, ("x", "h"), RNN_AT, 3.3, steps, [("h", RNN_LINE)], title, path)
    width, right = 11.0, steps * stride
    for x in reversed(stride * np.arange(steps)) if path else ():
        for left in (x + RNN_AT["tanh"], x + RNN_AT["W_h"]):
            _way_back(ax, [(right, RNN_LINE), (left, RNN_LINE)], COLOUR["h"], width=width)
            right, width = left, 0.78 * width
    if path:
        _way_back(ax, [(right, RNN_LINE), (-0.95, RNN_LINE)], COLOUR["h"], [0], width=width)
    return fig


def draw_lstm_unrolled(steps=3, path=None, title=None):
    """An LSTM over `steps` time steps, with the error's way back from E.

    path: "h", the article's way, from h_t through the gates to h_{t-1} and never along c; "both", that and the way
    along the state's line, what back-propagation follows; None, no error.
    """
    if path not in (None, "h", "both"):
        raise ValueError(f'path must be None, "h" or "both", not {path!r}')
    at, lines = NARROW, [("c", LINE), ("h", BUS)]
    fig, ax, stride = _unrolled(_lstm, LSTM_PARTS, at, 6.9, steps, lines, title, path)
    for k in range(steps if path else 0):
        x, last = k * stride, k == steps - 1
        f, i, new, o, h, edge = (x + at[name] for name in ("f", "i", "c_tilde", "o", "h", "width"))
        leave = x if k else -0.95
        entry = [(edge + GAP, BUS), (edge, BUS), (h, BUS), (h, LINE)]
        _way_back(ax, [*entry, (f, LINE), (f, BUS), (leave, BUS)], COLOUR["h"], [0] if k else [0, 5])
        _way_back(ax, [(h, MIDDLE), (o, MIDDLE), (o, BUS), (f, BUS)], COLOUR["h"])
        _way_back(ax, [(new, LINE), (new, BUS)], COLOUR["h"])
        _way_back(ax, [(new, MIDDLE), (i, MIDDLE), (i, BUS)], COLOUR["h"])
        if path == "both":
            start = [(h, LINE)] if last else [(edge + GAP, LINE), (edge, LINE)]
            _way_back(ax, [*start, (leave, LINE)], COLOUR["c"], () if last else [0], order=3.3)
            time = _before("t", steps - 1 - k)
            ax.text(f + 0.38, LINE + 0.47, rf"$\circ$ {symbol('f', time)}", color=COLOUR["f"], fontsize=12, va="center")
        elif not last:
            middle = np.array([edge + GAP / 2, LINE])
            for arm in ((0.18, 0.18), (0.18, -0.18)):
                ax.plot(*np.transpose([middle - arm, middle + arm]), color=COLOUR["wrong"], linewidth=2.6, zorder=5)
    return fig


# ---------------------------------------------------------------- Chapter 02


def windows(series, places, title=None, xlabel="time $t$ (steps)", names=None, limits=None):
    """Quantities over time, one above the other, each step as wide as it is long; `places`: (first, last) step of each.

    series, names, limits: as in tracks; steps count from 1.
    """
    fig, axes = figure(title, 7.6, 0.9 + 0.72 * len(series), len(series), len(places), sharex="col", sharey="row",
                       squeeze=False)  # fmt: skip
    for row, (name, values) in zip(axes, series.items(), strict=True):
        colour = COLOUR.get(name, INK)
        low, high = (limits or {}).get(name, (0, 1))
        for ax, (first, last) in zip(row, places, strict=True):
            edges = np.repeat(np.arange(first - 0.5, last + 1), 2)[1:-1]
            heights = np.repeat(np.asarray(values, dtype=float)[first - 1 : last], 2)
            ax.plot(edges, heights, color=colour, linewidth=1.8, clip_on=False)
            ax.fill_between(edges, heights, np.clip(0.0, low, high), color=colour, alpha=0.13, linewidth=0)
            ax.set(xlim=(first - 0.5, last + 0.5), ylim=(low - 0.1 * (high - low), high + 0.1 * (high - low)))
            ax.set_yticks([low, high])
            ax.tick_params(length=0)
            ax.spines["left"].set_visible(ax is row[0])
        beside = (names or {}).get(name) or symbol(name, "t")
        row[0].set_ylabel(beside, color=colour, rotation=0, ha="right", va="center", fontsize=14)
    for ax in axes[-1]:
        ax.set_xlabel(xlabel)
    fig.align_ylabels()
    return fig


# ---------------------------------------------------------------- Chapter 10


def storing(x, answer, series, title, names=None):
    """RAM on one sequence: the numbers, those to keep and when to tell; under it quantities over time.

    x: (T, 3), a number, write, read; answer: (T,); series: name (a key of COLOUR) to array (T,).
    """
    number, write, read = x.T
    times, heights = np.arange(1, len(x) + 1), [2.3] + [1] * len(series)
    fig, axes = figure(title, 9.2, 2.5 + 0.8 * len(series), len(heights), 1, sharex=True, height_ratios=heights)
    for ax in axes:
        for t in times[write > 0]:
            ax.axvspan(t - 0.5, t + 0.5, color=COLOUR["i"], alpha=0.16, linewidth=0)
        for t in times[read > 0]:
            ax.axvline(t, color=COLOUR["o"], alpha=0.45, linewidth=1.4, linestyle=(0, (4, 2)))
    top = axes[0]
    top.plot(times, number, "o", color=PALE, markersize=5)
    top.plot(times[write > 0], number[write > 0], "o", color=COLOUR["i"], markersize=9, label="to keep")
    look = {"markersize": 7, "markerfacecolor": "white", "markeredgewidth": 1.8}
    top.plot(times[read > 0], answer[read > 0], "D", color=COLOUR["o"], label="to say", **look)
    top.axhline(0, color=PALE, linewidth=0.8, zorder=0)
    top.set(ylim=(-1.25, 1.25), yticks=[-1, 0, 1], ylabel="numbers")
    top.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, handletextpad=0.2, fontsize=10.5)
    for ax, (name, values) in zip(axes[1:], series.items(), strict=True):
        colour = COLOUR[name]
        ax.step(times, values, where="mid", color=colour, linewidth=1.8)
        if name in "fio":
            ax.fill_between(times, values, step="mid", color=colour, alpha=0.15, linewidth=0)
            ax.set(ylim=(-0.06, 1.06), yticks=[0, 1])
        beside = (names or {}).get(name) or symbol(name, "t")
        ax.set_ylabel(beside, color=colour, rotation=0, ha="right", va="center", fontsize=14)
    axes[-1].set(xlabel="time $t$ (steps)", xlim=(0.5, len(x) + 0.5))
    fig.align_ylabels()
    return fig


def corners(words, title=None, xlabel="", ylabel="", names=((0, 1), (0, 1))):
    """The corners of a square, (0 or 1 to the right, 0 or 1 upwards) to (a sign, what is written beside it).

    names: of left and right, of below and above. Corners of one sign have one colour and are joined by a line.
    """
    fig, ax = figure(title, 6.0, 3.7)
    look = {"+": COLOUR["c"], "\u2212": COLOUR["right"]}
    for sign, colour in look.items():
        ends = [place for place, (own, _) in words.items() if own == sign]
        ax.plot(*np.transpose(ends), color=colour, linewidth=9, alpha=0.16, zorder=1)
    for (x, y), (sign, text) in words.items():
        ax.plot(x, y, "o", color=look[sign], markersize=31, zorder=2)
        ax.text(x, y, sign, color="white", fontsize=20, fontweight="bold", ha="center", va="center_baseline", zorder=3)
        side = -1 if x == 0 else 1
        ax.annotate(text, (x, y), (24 * side, 0), textcoords="offset points", fontsize=14, va="center",
                    ha="right" if x == 0 else "left", color=look[sign])  # fmt: skip
    ax.set(xlim=(-0.65, 1.65), ylim=(-0.3, 1.3), xlabel=xlabel, ylabel=ylabel)
    ax.set_xticks([0, 1], names[0], fontsize=13)
    ax.set_yticks([0, 1], names[1], fontsize=13)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    return fig


def cells_over_text(text, cells, title, notes=(), height=1.5):
    """What some cells hold at each character of a text, as columns, and below each its forget gate.

    cells: what is written beside a cell, to its c and f, one value a character; notes: (the character where a text
    begins, the text, the character its arrow points at, or None), above the first cell's columns; height: in inches.
    """
    fig, axes = figure(title, 9.6, 0.95 + height * len(cells), len(cells), 1, sharex=True, squeeze=False)
    edges, newlines = np.arange(len(text) + 1) - 0.5, np.flatnonzero(np.array(list(text)) == "\n")
    for ax, (name, (c, f)) in zip(axes[:, 0], cells.items(), strict=True):
        low, high = min(c.min(), 0.0), max(c.max(), 0.0)
        room = high - low
        strip = 0.17 / height * room  # of the forget gate, below the columns
        ax.bar(np.arange(len(c)), c - low, 0.82, low, color=SEQUENTIAL(0.12 + 0.88 * (c - low) / room))
        ax.pcolormesh(edges, [low - 2.1 * strip, low - strip], f[None], cmap=_shades("f"), vmin=0, vmax=1)
        for k in newlines:
            ax.axvline(k, color=COLOUR["grey"], linewidth=1.0, linestyle=":", zorder=0)
        ax.set(xlim=(edges[0], edges[-1]), ylim=(low - 2.3 * strip, high + (0.09 if notes else 0.06) * room))
        ticks = [0.0] if notes else sorted({low, 0.0, high})
        ax.set_yticks(ticks, [_minus(f"{value:.2g}") for value in ticks])
        ax.set_ylabel(name, rotation=0, ha="right", va="center", labelpad=10)
        ax.spines[:].set_visible(False)
        ax.tick_params(length=0)
        for y, letter in ((low - 1.55 * strip, "f"), (low + 0.5 * room, "c")):
            place = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points", "va": "center"}
            ax.annotate(symbol(letter, "t"), (1, y), (4, 0), fontsize=14, color=COLOUR[letter], **place)
    ax, (c, _), (bottom, top) = axes[0, 0], next(iter(cells.values())), axes[0, 0].get_ylim()
    gate = min(c.min(), 0.0) + 1.55 / 2.3 * (bottom - min(c.min(), 0.0))  # the middle of its strip
    for k, note, at in notes:
        place, arrow = (k, 0.97 * top), None
        if at is not None:  # the gap in the forget gate's strip
            place, arrow = (at, gate), {"arrowstyle": "-|>", "color": INK, "connectionstyle": "arc3,rad=0.15"}
        ax.annotate(note, place, (k, 0.97 * top), va="top", linespacing=1.35, fontsize=12, arrowprops=arrow)
    for begin, k in zip([0, *newlines + 1], newlines, strict=False) if notes else ():
        label_line(ax, k - 0.5, c[k - 1], f"{c[k - 1]:.0f}", COLOUR["c"], "above").set(weight="bold", ha="right")
        ax.text(begin + 0.2, gate, "forget gate open", color="white", fontsize=9.5, va="center_baseline")
    glyphs = {"family": "DejaVu Sans Mono", "fontsize": 10 if len(text) < 110 else 8.5}
    axes[-1, 0].set_xticks(range(len(text)), [" " if c == " " else c.replace("\n", "\u21b5") for c in text], **glyphs)
    for k in newlines:
        axes[-1, 0].get_xticklabels()[k].set(color=COLOUR["f"], weight="bold")
    fig.align_ylabels()
    return fig


def draw_gate(name, inputs, bias, net, value, title=None):
    """One number of one gate: each input times its weight, the sum with the bias, and what becomes of it.

    inputs: what an input is called to (its value, its weight); a line is as thick as its weight is large.
    """
    rows = len(inputs) + 1
    top, colour = 0.86 * rows, COLOUR[name]
    fig, ax = _page(title, -1.7, 11.6, -0.5, top + 0.2)
    pen = Pen(ax, (name,))
    middle, plus = 0.86 * (rows - 1) / 2, 5.9
    head = {"weight": "bold", "fontsize": 11, "color": COLOUR["grey"], "ha": "center"}
    for x, word in ((-0.1, "input"), (2.2, "weight"), (3.7, "product")):
        ax.text(x, top - 0.16, word, **head)
    for k, (called, (given, weight)) in enumerate([*inputs.items(), ("bias", (None, bias))]):
        y = 0.86 * (rows - 1 - k)
        sign = DIVERGING(0.0) if weight < 0 else DIVERGING(1.0)
        start = 2.7 if given is None else 0.55
        pen.stroke([(start, y), (4.2, y), (plus, middle)], sign, 0.9 + 5 * abs(weight), 1)
        if given is not None:
            ax.text(-0.5, y, called, color=COLOUR["h" if "h" in called else "x"], ha="right", va="center", fontsize=14)
            ax.text(0.4, y, _minus(f"{given:.1f}"), ha="right", va="center", fontsize=11.5)
        pen.box(name, 2.2, y, "", sign, width=1.0, height=0.6)
        ax.text(2.2, y, _minus(f"{weight:.1f}"), color=sign, ha="center", va="center", fontsize=11.5, zorder=6)
        product = weight if given is None else given * weight
        patch = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}
        ax.text(3.7, y, _minus(f"{product:.2f}"), ha="center", va="center", fontsize=11.5, zorder=6, bbox=patch)
    ax.text(1.55, 0, symbol(f"b_{name}"), color=colour, ha="right", va="center", fontsize=14)
    pen.wire(name, [(plus, middle), (8.0, middle)], colour, head=True)
    pen.operator(name, plus, middle, "plus", colour, radius=0.36)
    pen.wire(name, [(9.0, middle), (10.2, middle)], colour, head=True)
    pen.box(name, 8.6, middle, r"$\sigma$", colour, width=1.2)
    ax.text(7.05, middle + 0.34, symbol(f"net_{name}", "t"), color=colour, ha="center", va="center", fontsize=14)
    ax.text(7.05, middle - 0.34, _minus(f"{net:.2f}"), color=colour, ha="center", va="center", fontsize=11.5)
    ax.text(10.4, middle + 0.25, symbol(name, "t"), color=colour, ha="left", va="center", fontsize=15)
    ax.text(10.4, middle - 0.22, _minus(f"{value:.2f}"), color=colour, ha="left", va="center", fontsize=11.5)
    return fig


# ---------------------------------------------------------------- two steps of an LSTM, chapter 03


def _two_steps(title):
    """Two cells, times 1 and 2, and where their parts stand: fig, ax, (one, two)."""
    lines = [("c", LINE), ("h", BUS)]
    fig, ax, stride = _unrolled(_lstm, LSTM_PARTS, NARROW, 6.9, 2, lines, title, True, ["0", "1", "2"])
    return fig, ax, [{name: k * stride + x for name, x in NARROW.items()} for k in range(2)]


def _cross(ax, x, y, arm=0.2):
    for up in (-arm, arm):
        ax.plot([x - arm, x + arm], [y - up, y + up], color=COLOUR["wrong"], linewidth=2.8, zorder=6)


def _say(ax, x, y, text, colour, ha="center"):
    box = {"boxstyle": "square,pad=0.1", "facecolor": "white", "edgecolor": "none", "alpha": 0.85}
    size = 14 if "$" in text else 12
    ax.text(x, y, text, color=COLOUR[colour], ha=ha, va="center", fontsize=size, zorder=7, bbox=box)


def draw_lstm_factors(factors, title=None):
    """The error's way from E = h_2 to W_ix over two steps; factors: what it meets at o_2 and tanh, at f_2, at i_1.

    The line gets thinner as the error gets smaller; the way from h_2 to h_1 is crossed.
    """
    fig, ax, (one, two) = _two_steps(title)
    right, new, low = two["width"] + GAP, one["c_tilde"], 3.1
    ways = [
        ([(right, BUS), (two["h"], BUS), (two["h"], 5.0)], "h"),
        ([(two["h"], 5.0), (two["h"], LINE), (two["f"], LINE)], "c"),
        ([(two["f"], LINE), (new, LINE), (new, MIDDLE), (one["i"], MIDDLE), (one["i"], low)], "c"),
        ([(one["i"], low), (one["i"], BUS), (0.9, BUS), (0.9, -0.2)], "i"),
    ]
    left = np.cumprod([1.0, *factors])
    for (points, name), value in zip(ways, left, strict=True):
        _way_back(ax, points, COLOUR[name], width=2 + 10 * value)
    _say(ax, right - 0.6, BUS - 0.8, "1", "h")
    _say(ax, two["h"] + 0.45, 4.42, f"× {factors[0]:.3f}", "h", "left")
    _say(ax, two["o"] + 0.3, LINE + 0.52, f"{left[1]:.3f}", "c")
    _say(ax, two["f"] + 0.25, LINE - 0.62, f"× {factors[1]:.3f}", "f", "left")
    _say(ax, one["h"], LINE + 0.52, f"{left[2]:.3f}", "c")
    _say(ax, one["i"] - 0.2, 3.35, f"× {factors[2]:.3f}", "i", "right")
    _say(ax, 1.2, -0.4, f"{left[3]:.4f}", "i", "left")
    _cross(ax, one["width"] + GAP / 2, BUS)
    _say(ax, one["width"] + GAP / 2, BUS - 0.8, "× 0", "wrong")
    return fig


def draw_lstm_blind(title=None):
    """Where the error of c_1 goes in two steps from h_0 = c_0 = 0: times zero to W_fx and every W_gh, not to W_ix."""
    fig, ax, (one, two) = _two_steps(title)
    right, c, new, i = two["width"] + GAP, COLOUR["c"], one["c_tilde"], one["i"]
    _way_back(ax, [(right, BUS), (two["h"], BUS), (two["h"], LINE), (two["f"], LINE)], COLOUR["h"], [0], width=6)
    _way_back(ax, [(two["f"], LINE), (one["h"], LINE), (one["f"], LINE)], c, [0], order=3.3, width=6)
    _way_back(ax, [(new, LINE), (new, BUS), (0.9, BUS), (0.9, -0.2)], c, order=3.3, width=6)
    _way_back(ax, [(new, MIDDLE), (i, MIDDLE), (i, BUS)], c, order=3.3, width=6)
    _way_back(ax, [(1.2, BUS), (-0.5, BUS)], c, order=3.3, width=6)
    _way_back(ax, [(one["f"], LINE), (one["f"], LINE - 0.75)], c, order=3.3, width=6)
    for x, y in ((one["f"], LINE - 0.75), (-0.5, BUS)):
        _cross(ax, x, y)
    _say(ax, one["f"] - 0.35, LINE - 0.75, "× $c_0$ = 0", "wrong", "right")
    _say(ax, -0.5, BUS - 0.75, "× $h_0$ = 0", "wrong")
    _say(ax, 1.2, -0.4, "× $x_1$", "c", "left")
    _say(ax, one["width"] + GAP / 2, LINE - 0.6, r"$\varepsilon_2 \circ f_2$", "c")
    return fig


# ---------------------------------------------------------------- Chapter 05


def gate_square(title):
    """What a cell does with its state, by what it keeps (f) and writes (i): the LSTM's square, the GRU's diagonal."""
    fig, ax = figure(title, 6.6, 5.2)
    lstm, gru = COLOUR["LSTM"], COLOUR["GRU"]
    ax.add_patch(Rectangle((0, 0), 1, 1, facecolor=lstm, alpha=0.1, edgecolor="none"))
    ax.plot([1, 0], [0, 1], color=gru, linewidth=5, solid_capstyle="butt")
    corners = [(1, 0, "keep\n$c$", gru), (1, 1, "add\n$c + \\tilde{c}$", lstm)]
    corners += [(0, 1, "replace by $\\tilde{c}$", gru), (0, 0, "erase", lstm)]
    for x, y, does, colour in corners:
        ax.plot(x, y, "o", color=colour, markersize=12, clip_on=False, zorder=4)
        place, ha, va = (1.05, y), "left", ("bottom", "top")[y]
        if x == 0:
            place, ha, va = ((0, 1.05), "left", "bottom") if y else ((0.05, 0.03), "left", "bottom")
        ax.text(*place, does, color=colour, ha=ha, va=va, fontsize=14, fontweight="bold", linespacing=1.4)
    along = {"rotation": -45, "rotation_mode": "anchor", "transform_rotates_text": True}
    ax.text(0.5, 0.53, "GRU: $i = 1 - f$", color=gru, ha="center", va="bottom", fontsize=13, **along)
    ax.text(0.7, 0.78, "LSTM: the whole square", color=lstm, ha="center", va="center", fontsize=12.5)
    ax.set(aspect="equal", xlim=(0, 1), ylim=(0, 1), xlabel="$f$: how much is kept", ylabel="$i$: how much is written")
    ax.set_xticks([0, 0.5, 1])
    ax.set_yticks([0, 0.5, 1])
    return fig


def cross_out(fig, parts):
    """Cross out parts of a drawing by draw_lstm_cell: a gate by its box, h by its way from c to the output."""
    h, look = WIDE["h"], {"color": COLOUR["wrong"], "linewidth": 3.2, "zorder": 7}
    for part in [parts] if isinstance(parts, str) else parts:
        x, y, high = (h, 4.48, 0.95) if part == "h" else (WIDE[part], GATE, 0.48)
        for arm in (high, -high):
            fig.axes[0].plot([x - 0.68, x + 0.68], [y - arm, y + arm], **look)


def strips(panels, title, xlabel, end):
    """Every trial as a dot at its value, a row a setting, and at the right how many there are of how many.

    panels: name to {row: (values, colour)}, the same rows in each; None among the values is a trial without one; end:
    where the x axis ends. A short line is the median of the dots, drawn if at least half of the trials have one.
    """
    rows = list(next(iter(panels.values())))
    fig, axes = figure(title, 9.6, 1.5 + 0.4 * len(rows), 1, len(panels), sharey=True)
    for ax, (name, panel) in zip(axes, panels.items(), strict=True):
        for y, (values, colour) in enumerate(panel.values()):
            there = np.array([value for value in values if value is not None])
            spread = 0.2 * np.linspace(-1, 1, len(values))[(7 * np.arange(len(there))) % len(values)]
            ax.plot(there, y + spread, "o", color=COLOUR[colour], markersize=4, alpha=0.55, markeredgewidth=0)
            if 2 * len(there) >= len(values):
                ax.plot(2 * [np.median(there)], [y - 0.34, y + 0.34], color=INK, linewidth=1.8)
            ax.text(1.02 * end, y, f"{len(there)} of {len(values)}", color=COLOUR[colour], va="center", fontsize=10.5)
        ax.set(title=name, xlabel=xlabel, xlim=(0, end), ylim=(len(rows) - 0.5, -0.5))
        ax.tick_params(axis="y", length=0)
        ax.grid(True, axis="x")
        ax.spines["left"].set_visible(False)
    axes[0].set_yticks(range(len(rows)), rows)
    for label, (_, colour) in zip(axes[0].get_yticklabels(), panel.values(), strict=True):
        label.set_color(COLOUR[colour])
    return fig


def error_panels(panels, whole, line_alone, title, ylim):
    """What is left of an error at each lag, a panel for each entry of panels, title to names; dotted: the line alone.

    whole, line_alone: name to values; a name is a key of COLOUR up to its comma. The lowest dotted line is named.
    """
    fig, axes = figure(title, 9.6, 4.3, ncols=len(panels), sharey=True)
    for ax, (panel, names) in zip(axes, panels.items(), strict=True):
        colour = {name: name.partition(",")[0] for name in names}
        lines = {name: (whole[name], colour[name]) for name in names}
        lines |= {f"_{name}": (line_alone[name], colour[name], ":") for name in names if name in line_alone}
        curves(lines, panel, "lag (steps)", "error left of 1" if ax is axes[0] else "", ax=ax, ylim=ylim)
    lowest = min(line_alone, key=lambda name: line_alone[name][30])
    label_line(axes[0], 30, line_alone[lowest][30], f"the {lowest}'s line alone ", COLOUR[lowest], "left")
    return fig


def there_and_back(seen, n, back, title):
    """What is seen of counters that read n times a, then n times b; back: the letter at which the GRU is at zero."""
    fig, ax = figure(title, 7.6)
    lines = {kind: (values, kind) for kind, values in seen.items()}
    settings = {"x": np.arange(1, 2 * n + 1), "log": "", "ends": False, "ax": ax, "ylim": (-1, 1.1)}
    curves(lines, None, "letters read", "what the layer above sees, $h$", **settings)
    ax.plot([0, 2 * n], [0, 0], color=INK, linewidth=0.8)
    ax.plot([n, n], [-1, 1.1], ":", color=COLOUR["grey"], linewidth=1)
    label_line(ax, n / 2, 1, "LSTM", COLOUR["LSTM"], "below")
    label_line(ax, 0.45 * n, seen["GRU"][int(0.45 * n)] - 0.1, "GRU", COLOUR["GRU"], "right")
    label_line(ax, back, 0.08, f"zero at {back}", COLOUR["GRU"], "right")
    for letter, where in (("a", "left"), ("b", "right")):
        label_line(ax, n, -0.9, f"{n} times {letter}", COLOUR["grey"], where)
    return fig


# ---------------------------------------------------------------- Chapter 04


def draw_step_asked(cases, title):
    """One step of an LSTM as a box that sends errors back, once for each case: what it is asked about is in colour.

    cases: name to the ports that are asked about, of h, c (errors that are put in), h_prev, c_prev, x, W (gradients
    that are looked at).
    """
    fig, axes = figure(title, 8.4, 2.9, ncols=len(cases))
    ports = {  # from, to, place of the name, the name
        "c": ((2.5, 0.55), (1.1, 0.55), (2.6, 0.55), r"$\varepsilon_t$ of $c_t$", "c", "left"),
        "h": ((2.5, -0.45), (1.1, -0.45), (2.6, -0.45), r"$\delta_t$ of $h_t$", "h", "left"),
        "c_prev": ((-1.1, 0.55), (-2.5, 0.55), (-2.6, 0.55), "$c_{t{-}1}$", "c", "right"),
        "h_prev": ((-1.1, -0.45), (-2.5, -0.45), (-2.6, -0.45), "$h_{t{-}1}$", "h", "right"),
        "x": ((-0.45, -1.0), (-0.45, -1.9), (-0.45, -2.2), "$x_t$", "x", "center"),
        "W": ((0.45, -1.0), (0.45, -1.9), (0.45, -2.2), "$W$, $b$", "RNN", "center"),
    }
    for ax, (name, asked) in zip(axes, cases.items(), strict=True):
        ax.set(xlim=(-4.0, 4.3), ylim=(-2.5, 1.2), title=name)
        ax.axis("off")
        style = {"boxstyle": "round,pad=0,rounding_size=0.25", "facecolor": "#f7f7f7", "edgecolor": "#b0b0b0"}
        ax.add_patch(FancyBboxPatch((-1.0, -0.9), 2.0, 1.9, linewidth=1.1, **style))
        ax.text(0, 0.05, "one step", ha="center", va="center", fontsize=12)
        for port, (start, end, place, text, colour, ha) in ports.items():
            seen = port in asked
            look = {"color": COLOUR[colour] if seen else PALE, "linewidth": 2.6 if seen else 1.6}
            ax.add_patch(FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=16, shrinkA=0, shrinkB=0, **look))
            ink = COLOUR[colour] if seen else "#a9a9a9"
            ax.text(*place, text, color=ink, ha=ha, va="center", fontsize=14)
    return fig


# ---------------------------------------------------------------- Chapter 06


def coloured_texts(text, rows, title, ends=("a thousandth and less", "1")):
    """The same text several times, one below the other: each character in the colour of its value, 0 to 1.

    rows: name to (values, colour), one value for each character; the name stands above its text in its colour;
    ends: what 0 and 1 mean.
    """
    lines = text.splitlines(keepends=True)
    width, letters, name_height, gap = 7.0, 20, 22, 10  # in inches; in pixels of the page
    title = _wrapped(title, width)
    above, below, side = 16 + 22 * (title.count("\n") + 1), 34, 8
    block = name_height + letters * len(lines) + gap
    inside, height = PIXELS_PER_INCH * width - 2 * side, above + block * len(rows) + below
    fig = Figure((width, height / PIXELS_PER_INCH))
    fig.text(0.012, 1 - 8 / height, title, va="top", fontsize=13, fontweight="bold")
    box = (side / (inside + 2 * side), below / height, inside / (inside + 2 * side), block * len(rows) / height)
    ax = fig.add_axes(box)
    ax.set(xlim=(0, max(map(len, lines))), ylim=(block * len(rows), 0))
    ax.axis("off")
    for n, (name, (values, colour)) in enumerate(rows.items()):
        if len(values) != len(text):
            raise ValueError(f"{name}: one value for each of the {len(text)} characters expected, got {len(values)}")
        glyph = {"va": "baseline", "fontsize": 11, "fontweight": "bold", "color": COLOUR.get(colour, colour)}
        ax.text(0, n * block + 15, name, **glyph)
        start = 0
        for k, line in enumerate(lines):
            here, top = np.asarray(values)[start : start + len(line)], n * block + name_height + k * letters
            start += len(line)
            ax.pcolormesh(np.arange(len(line) + 1), [top, top + letters], here[None], cmap=SEQUENTIAL, vmin=0, vmax=1)
            for j, (character, value) in enumerate(zip(line.rstrip("\n"), here, strict=False)):
                ink = "white" if value > 0.8 else INK
                ax.text(j + 0.5, top + 15, character, family="DejaVu Sans Mono", ha="center", va="baseline", color=ink)
    bar = fig.add_axes((0.8, 14 / height, 0.12, 9 / height))
    fig.colorbar(mpl.cm.ScalarMappable(Normalize(0, 1), SEQUENTIAL), cax=bar, orientation="horizontal", ticks=[])
    beside = {"xycoords": "axes fraction", "textcoords": "offset points", "va": "center", "fontsize": 10.5}
    bar.annotate(ends[0], (0, 0.5), (-6, 0), ha="right", **beside)
    bar.annotate(ends[1], (1, 0.5), (6, 0), **beside)
    return fig


def counts_table(counts, columns, title, xlabel, of=20):
    """How many of so many: a row a name, a column a case, in each place the number on a shade.

    counts: name to (numbers, colour).
    """
    fig, ax = figure(title, 7.0, 1.35 + 0.36 * len(counts))
    for row, (numbers, colour) in enumerate(counts.values()):
        shade = LinearSegmentedColormap.from_list("shade", ["#ffffff", COLOUR.get(colour, colour)])
        for column, number in enumerate(numbers):
            place = (column - 0.46, row - 0.44)
            ax.add_patch(Rectangle(place, 0.92, 0.88, facecolor=shade(0.9 * number / of), edgecolor=PALE))
            ink = INK if number < 0.5 * of else "white"
            ax.text(column, row, number, ha="center", va="center", color=ink)
    ax.set(xlim=(-0.5, len(columns) - 0.5), ylim=(len(counts) - 0.5, -0.5), xlabel=xlabel)
    ax.set_xticks(range(len(columns)), columns)
    ax.set_yticks(range(len(counts)), counts)
    for label, (_, colour) in zip(ax.get_yticklabels(), counts.values(), strict=True):
        label.set_color(COLOUR.get(colour, colour))
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    return fig


def reach_figure(lines, rnn, title):
    """What is left of an error by lag: a panel a kind of layer, a line for each initial bias, and the RNN's in both."""
    fig, axes = figure(title, 9.0, 4.0, ncols=2, sharey=True)
    for ax, (kind, by_bias) in zip(axes, lines.items(), strict=True):
        shade = LinearSegmentedColormap.from_list("shade", ["#c9c9c9", COLOUR[kind]])
        drawn = {"RNN": (rnn, "RNN", ":")}
        for n, (bias, values) in enumerate(by_bias.items()):
            drawn[bias] = (values, shade(0.35 + 0.65 * n / (len(by_bias) - 1)), "--" if n == len(by_bias) - 1 else "-")
        curves(drawn, None, "lag (steps)", "error left of 1" if ax is axes[0] else None, ax=ax, ends=False,
               xlim=(0, 200), ylim=(1e-12, 30))  # fmt: skip
        ends = {name: np.log10(values[200]) for name, (values, *_) in drawn.items() if values[200] > 1e-12}
        height = -np.inf
        for name in sorted(ends, key=ends.get):  # so far apart that they can be read
            height = ends[name] = max(ends[name], height + 0.75)
        for name, (values, colour, _) in drawn.items():
            colour, text = COLOUR.get(colour, colour), name if name in ("RNN", "chrono") else f"$b$ = {name}"
            low = int(np.argmax(values < {"RNN": 1e-11}.get(name, 1e-10)))
            at = (200, 10 ** ends[name]) if name in ends else (low, values[low])
            label_line(ax, *at, text, colour, "left" if text == "$b$ = 0" else "right")
        ax.set_title(f"{kind}, initial bias", color=COLOUR[kind], fontsize=11)
    return fig


def pile_figure(piled, title):
    """The size of a cell over time, and the slope of tanh there, with the input gate open and closed."""
    fig, axes = figure(title, 9.0, 3.6, ncols=2)
    looks = (("input gate half open", COLOUR["wrong"], "-"), ("input gate closed", COLOUR["i"], "--"))
    names = (r"mean size of $c_t$", r"mean slope $1 - \tanh^2 c_t$")
    for ax, ylabel, lines in zip(axes, names, zip(*piled.values(), strict=True), strict=True):
        drawn = {name: (values, *look) for (name, *look), values in zip(looks, lines, strict=True)}
        curves(drawn, None, "time $t$ (steps)", ylabel, ax=ax, log="", ends=False)
        for (name, colour, _), values in zip(looks, lines, strict=True):
            t = len(values) // 2
            low = values[t] < 0.2 * ax.get_ylim()[1]
            where = "above" if low else "below" if values[t] < 1.5 else "right"
            label_line(ax, t + 8 * (where == "right"), values[t], name, colour, where)
        ax.set_ylim(0, None)
    return fig


def differing_states(spread, words, title):
    """(T, H): how far a state differs between texts, over time; words: what stands where, by its place."""
    fig, ax = figure(title, 9.0, 3.9)
    T, H = spread.shape
    ax.pcolormesh(np.arange(T + 1), np.arange(H + 1), spread.T, cmap=SEQUENTIAL, vmin=0, vmax=1)
    for place, word in words.items():
        ax.axvline(place, color=INK, linewidth=0.9, linestyle=":")
        ax.annotate(word, (place, H), (3, 4), textcoords="offset points", fontsize=10.5)
    ax.set(xlabel="letters read", ylabel="cell", yticks=[])
    ax.spines[:].set_visible(False)
    fig.colorbar(mpl.cm.ScalarMappable(Normalize(0, 1), SEQUENTIAL), ax=ax, label="difference", ticks=[0, 0.5, 1])
    return fig


def gates_over_text(panels, words, title):
    """Gates over a text, a column a network, a thin line a cell; words: as in differing_states.

    panels: name to {gate: (T, H)}.
    """
    rows = len(next(iter(panels.values())))
    fig, axes = figure(title, 9.0, 1.0 + 1.2 * rows, rows, len(panels), sharex=True, sharey=True)
    for column, (name, gates) in zip(axes.T, panels.items(), strict=True):
        column[0].set_title(name, fontsize=11, pad=20)
        column[-1].set_xlabel("letters read")
        for ax, (gate, values) in zip(column, gates.items(), strict=True):
            ax.plot(np.arange(len(values)), values, color=COLOUR[gate], linewidth=1.0, alpha=0.75)
            for place in words:
                ax.axvline(place, color=INK, linewidth=0.9, linestyle=":", zorder=0)
            ax.set(ylim=(-0.05, 1.05), yticks=[0, 1])
            ax.tick_params(length=0)
            if ax in axes[:, 0]:
                ax.set_ylabel(symbol(gate, "t"), color=COLOUR[gate], rotation=0, ha="right", va="center", fontsize=14)
        for place, word in words.items():
            column[0].annotate(word, (place, 1.05), (2, 4), textcoords="offset points", fontsize=9.5)
    return fig


# ---------------------------------------------------------------- Chapter 07


def learning_curves(trials, title, told=None, ylim=None, ylabel="loss (nats a letter)"):
    """Losses by epoch, the middle of many trials with all of them behind: held out as a line, known as a broken one.

    trials: name (a key of COLOUR) to the pair (train, held_out), arrays (trials, epochs); told: name to a text that is
    written at the lowest point of its held-out line.
    """
    fig, axes = figure(title, 9.0, 3.7, 1, len(trials), sharey=True)
    for ax, (name, (train, held_out)) in zip(axes, trials.items(), strict=True):
        epochs, colour = np.arange(1, len(train[0]) + 1), COLOUR[name]
        for values, style, width in ((train, "--", 1.6), (held_out, "-", 2.4)):
            ax.fill_between(epochs, *np.percentile(values, [0, 100], axis=0), color=colour, alpha=0.13, linewidth=0)
            ax.plot(epochs, np.median(values, axis=0), style, color=colour, linewidth=width)
        middle = np.median(held_out, axis=0)
        best = int(middle.argmin())
        ax.plot(epochs[best], middle[best], "o", color=colour, markersize=8)
        label_line(ax, epochs[best], middle[best] + 0.03, (told or {}).get(name, ""), colour, "above")
        label_line(ax, epochs[-1], np.median(train[:, -1]), "known", colour, "below")
        ax.set_title(name, color=colour, fontweight="bold")
        ax.set_xlabel("epoch")
        ax.margins(x=0.12)
    axes[0].set_ylabel(ylabel)
    axes[0].set_ylim(ylim)
    return fig


def chances(columns, title, xlabel="next letter"):
    """Bars side by side: columns is a name to a dict of letter to probability."""
    fig, axes = figure(title, 9.0, 3.0, 1, len(columns), sharey=True)
    for ax, (name, values) in zip(axes, columns.items(), strict=True):
        ax.bar(range(len(values)), values.values(), color=COLOUR["LSTM"], width=0.75)
        ax.set_xticks(range(len(values)), values.keys())
        ax.tick_params(axis="x", length=0)
        ax.set_title(name)
        ax.set_xlabel(xlabel)
    axes[0].set_ylabel("probability")
    return fig


def symptoms(runs, healthy, levels, title, ylim, columns=4):
    """Losses by update, a panel a fault, the healthy run in grey behind.

    runs: a panel's title to the pair (losses, what to write in it); levels: a text to the height of a dotted line, and
    written there in the last panel but two.
    """
    rows = -(-len(runs) // columns)
    fig, axes = figure(title, 9.2, 2.35 * rows + 0.6, rows, columns, sharex=True, sharey=True)
    for ax, (name, (losses, told)) in zip(axes.flat, runs.items(), strict=True):
        for height in levels.values():
            ax.axhline(height, color=COLOUR["grey"], linewidth=1, linestyle=":")
        ax.plot(healthy, color="#b8b8b8", linewidth=1.6)
        ax.plot(np.clip(losses, *ylim), color=COLOUR["wrong"], linewidth=1.5)
        ax.set_title(name, fontsize=10.5, fontweight="bold")
        beside = {"ha": "right", "va": "top", "fontsize": 9.5, "color": COLOUR["wrong"], "zorder": 5}
        box = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}
        ax.text(0.97, 0.96, told, transform=ax.transAxes, bbox=box, **beside)
        ax.set_ylim(ylim)
    for text, height in levels.items():
        beside = {"textcoords": "offset points", "ha": "right", "fontsize": 9, "color": COLOUR["grey"]}
        axes.flat[-3].annotate(text, (len(healthy), height), (0, 2), **beside)
    for ax in np.atleast_2d(axes)[-1]:
        ax.set_xlabel("update")
    for ax in np.atleast_2d(axes)[:, 0]:
        ax.set_ylabel("loss")
    return fig


def value_map(values, rows, columns, title, xlabel, ylabel, limit=None, label=None):
    """A table of numbers, each on the colour of its value, pale for the lowest; limit: where the colours end."""
    fig, ax = figure(title, 7.0, 1.5 + 0.5 * len(rows))
    low, high = values.min(), limit or values.max()
    ax.pcolormesh(values, cmap=SEQUENTIAL, vmin=low, vmax=high, edgecolors="white", linewidth=1.5)
    for (k, j), value in np.ndenumerate(values):
        best = value == low
        ink = "white" if (value - low) / (high - low) > 0.7 else INK
        ax.text(
            j + 0.5, k + 0.5, f"{value:.2f}", ha="center", va="center", color=ink, fontweight="bold" if best else None
        )
    ax.set_xticks(np.arange(len(columns)) + 0.5, columns)
    ax.set_yticks(np.arange(len(rows)) + 0.5, rows)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    return fig


FEW_MANY = LinearSegmentedColormap.from_list("few_many", [COLOUR["wrong"], "#a9799b", "#f3e9ef", "#d6e6f3"])


def table_of_counts(cells, rows, columns, of, title, gaps=()):
    """How many of `of` succeeded, dark for few: cells: (row, column) to (count, small text, whether it is outlined).

    gaps: the rows before which a gap is left.
    """
    y = np.arange(len(rows)) + 0.35 * np.cumsum([row in gaps for row in rows])
    margin, wide, high = 0.35 + 0.082 * max(map(len, rows)), 1.06, 0.37
    fig, ax = figure(title, margin + wide * len(columns), 1.45 + high * (y[-1] + 1))
    for (row, column), (count, small, outlined) in cells.items():
        k, j = y[rows.index(row)], list(columns).index(column)
        ink = "white" if count < 0.4 * of else INK
        look = {"edgecolor": COLOUR["c"], "linewidth": 2.0} if outlined else {"edgecolor": "none"}
        ax.add_patch(Rectangle((j + 0.04, k + 0.06), 0.92, 0.88, facecolor=FEW_MANY(count / of), **look))
        ax.text(j + (0.32 if small else 0.5), k + 0.52, str(count), color=ink, ha="center", va="center", fontsize=12.5)
        ax.text(j + 0.72, k + 0.54, small, color=ink, ha="center", va="center", fontsize=9)
    ax.set(xlim=(0, len(columns)), ylim=(y[-1] + 1.02, 0))
    ax.set_xticks(np.arange(len(columns)) + 0.5, columns)
    ax.set_yticks(y + 0.5, rows, fontsize=11.5)
    ax.tick_params(length=0, top=False, labeltop=True, bottom=False, labelbottom=False)
    ax.spines[:].set_visible(False)
    return fig


def reaches(rows, title, trained, farthest):
    """How far each net counts: rows: name to (values, colour), a dot a net, on a logarithmic scale; trained: a line."""
    fig, ax = figure(title, 8.4, 1.5 + 0.48 * len(rows))
    for k, (values, colour) in enumerate(rows.values()):
        values = np.sort(np.maximum(values, 1))
        lift = np.zeros(len(values))
        for v in np.unique(values):
            same = np.flatnonzero(values == v)
            lift[same] = 0.07 * (np.arange(len(same)) - (len(same) - 1) / 2)
        colour = COLOUR.get(colour, colour)
        ax.plot(values, k + np.clip(lift, -0.38, 0.38), "o", color=colour, markersize=6, alpha=0.6, markeredgewidth=0)
        ax.plot(2 * [np.median(values)], [k - 0.4, k + 0.4], color=colour, linewidth=2.4)
    ax.axvline(trained, color=COLOUR["grey"], linestyle=(0, (4, 2)), linewidth=1.3)
    ax.set_yticks(range(len(rows)), rows)
    ax.set(ylim=(len(rows) - 0.5, -0.75), xscale="log", xlim=(0.8, farthest * 1.25))
    ax.text(trained, -0.62, " trained to here", color=COLOUR["grey"], fontsize=10.5, va="center")
    ticks = [n for n in (1, 3, 10, 30, 100, 300, 1000) if n <= farthest]
    ax.set_xticks(ticks, ticks)
    ax.minorticks_off()
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel("all strings right up to this $n$")
    return fig


def living(alive, solved, title):
    """Cells (rows) of many nets (columns): full, or empty where always 0; under them whether the net has learned."""
    cells, nets = alive.shape
    fig, ax = figure(title, max(5.6, 1.8 + 0.42 * nets), 1.7 + 0.36 * cells)
    for (k, j), lives in np.ndenumerate(alive):
        fill = {"facecolor": COLOUR["c_tilde"]} if lives else {"facecolor": "white", "edgecolor": COLOUR["grey"]}
        ax.add_patch(Circle((j + 0.5, k + 0.5), 0.34, linewidth=1.2, **fill))
    for j, good in enumerate(solved):
        ax.text(j + 0.5, cells + 0.55, "✓" if good else "✗", ha="center", va="center", fontsize=14,
                color=COLOUR["right"] if good else COLOUR["wrong"])
    ax.set(xlim=(0, nets), ylim=(cells + 1.1, 0), aspect="equal", xlabel="trial")
    ax.set_xticks(np.arange(nets) + 0.5, range(nets))
    ax.set_yticks([*(np.arange(cells) + 0.5), cells + 0.55], [*(f"cell {k + 1}" for k in range(cells)), "learned"])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    return fig


def counted(kinds, n, title, ylabel="the counting cell's $c$"):
    """What cells do on a^n b^n, a panel a kind: name to (the cells' states, colour)."""
    fig, axes = figure(title, 9.2, 3.6, ncols=len(kinds))
    for ax, (name, (cells, colour)) in zip(axes, kinds.items(), strict=True):
        for states in cells:
            ax.plot(np.arange(1, 2 * n + 1), states, color=COLOUR.get(colour, colour), linewidth=1.8)
        ax.axvline(n + 0.5, color=COLOUR["grey"], linestyle=":", linewidth=1.2)
        ax.set(title=name, xlabel=f"symbol of $a^{{{n}}}b^{{{n}}}$")
    axes[0].set_ylabel(ylabel)
    return fig


def in_squares(opened, good, title):
    """How far gates open, a panel a gate: name to (nets, 2), without a mark and at it; good nets are dots."""
    fig, axes = figure(title, 9.2, 3.7, ncols=len(opened), sharey=True)
    for ax, (gate, at) in zip(axes, opened.items(), strict=True):
        ax.plot(*at[good].T, "o", color=COLOUR[gate], markersize=8, alpha=0.6)
        ax.plot(*at[~good].T, "X", color=COLOUR["wrong"], markersize=8, alpha=0.8)
        ax.set(xlim=(-0.05, 1.05), ylim=(-0.05, 1.05), xticks=[0, 1], yticks=[0, 1], title=f"the gate ${gate}$")
        ax.set_xlabel(f"open without a {'read' if gate == 'o' else 'write'}")
    axes[0].set_ylabel("open at its mark")
    return fig


def in_groups(panels, title, ylabel, ticks=None, **settings):
    """Bars, a panel each: its title to groups, each a name to (values, colour); settings as Axes.set takes them.

    ticks: the names of the bars, which then bear their values too; without, the groups bear their names.
    """
    fig, axes = figure(title, 8.8, 3.4, ncols=len(panels), sharey=True)
    for ax, (panel, groups) in zip(axes, panels.items(), strict=True):
        ax.set(title=panel, **settings)
        left = 0
        for name, (values, colour) in groups.items():
            colour, places = COLOUR.get(colour, colour), left + np.arange(len(values))
            drawn = ax.bar(places, values, color=colour, width=0.75)
            if ticks:
                ax.bar_label(drawn, padding=2)
            else:
                ax.text(places.mean(), ax.get_ylim()[1], name, color=colour, ha="center", va="top")
            left += len(values) + 1
        ax.set_xticks(np.arange(len(ticks)) if ticks else [], ticks)
    axes[0].set_ylabel(ylabel)
    return fig


# ---------------------------------------------------------------- Chapter 11


def draw_scan(steps=8, title=None):
    """The pairs of a scan, a row a sweep: who meets whom, and which steps each pair then stands for."""
    sweeps = (steps - 1).bit_length()
    fig, ax = figure(title, 7.4, 1.1 + 0.95 * (sweeps + 1))
    for row in range(sweeps + 1):
        reach = 1 << row  # a pair of this row stands for so many steps, or for all from the first on
        for t in range(1, steps + 1):
            first = max(1, t - reach + 1)
            done = first == 1
            face, ink = (COLOUR["h"], "white") if done else ("white", COLOUR["h"])
            ax.text(
                t, -row, f"{t}" if first == t else f"{first}–{t}", color=ink, ha="center", va="center", fontsize=11,
                bbox={"boxstyle": "round,pad=0.35", "facecolor": face, "edgecolor": COLOUR["h"]}, zorder=3,
            )
            if row:
                ax.plot([t, t], [1 - row, -row], color=PALE, linewidth=2, zorder=1)
                if t > reach // 2:
                    ax.plot([t - reach // 2, t], [1 - row, -row], color=COLOUR["c"], linewidth=1.6, zorder=2)
        ax.text(0.35, -row, f"sweep {row}" if row else "the steps", ha="right", va="center", color=COLOUR["grey"])
    ax.set(xlim=(-0.75, steps + 0.6), ylim=(-sweeps - 0.4, 0.4))
    ax.axis("off")
    return fig


def draw_scan_speed(ratio, title=None):
    """How many times longer the loop takes than the scan; ratio: (steps, numbers per step) to that number."""
    fig, ax = figure(title)
    for steps, style in zip(sorted({steps for steps, _ in ratio}), (":", "-", "--"), strict=True):
        widths = sorted(width for n, width in ratio if n == steps)
        values = [ratio[steps, width] for width in widths]
        ax.loglog(widths, values, style, marker="o", color=COLOUR["h"])
        label_line(ax, widths[0], values[0], f"{steps:,} steps ", COLOUR["h"], "left")
    ax.axhline(1, color=INK, linewidth=1)
    label_line(ax, 1.0, 1, "above: the scan is quicker", INK, "above")
    label_line(ax, 1.0, 1, "below: the loop is quicker", INK, "below")
    ax.set_xticks([1, 10, 100, 1000], ["1", "10", "100", "1,000"])
    ax.set_yticks([1, 10, 100], ["1", "10", "100"])
    ax.minorticks_off()
    ax.set(xlabel="numbers per step", ylabel="time of the loop / of the scan", xlim=(0.12, 2000), ylim=(0.25, 150))
    return fig


def draw_right_by_step(steps, lines, trained_to, title=None):
    """The share of right answers against the step; lines: name to (arrays, key of COLOUR), its name in the middle."""
    fig, ax = figure(title)
    for name, (arrays, colour) in lines.items():
        for values in arrays:
            ax.semilogx(steps, values, color=COLOUR[colour])
        middle = float(np.interp(150, steps, arrays[0]))
        label_line(ax, 150, middle, name, COLOUR[colour], "below" if middle > 0.9 else "above")
    ax.axvline(trained_to, color=COLOUR["grey"], linewidth=1, linestyle=":")
    label_line(ax, trained_to, 0.75, "trained to here", COLOUR["grey"])
    ax.set_xticks([1, 10, 100, 1000], ["1", "10", "100", "1,000"])
    ax.set(xlabel="step", ylabel="right answers (median of 20)", xlim=(1, 1100), ylim=(0.4, 1.06))
    return fig


def draw_presses(lines, title=None):
    """What nets say to a row of presses; lines: name to (nets, presses), of one net with marks, of many thin ones."""
    fig, ax = figure(title, 7.0, 3.6)
    for name, nets in lines.items():
        colour = COLOUR[name.removeprefix("min")]
        look = {"marker": ".", "linewidth": 1.2} if len(nets) == 1 else {"linewidth": 1, "alpha": 0.5}
        ax.plot(np.arange(1, nets.shape[1] + 1), nets.T, color=colour, **look)
        label_line(ax, nets.shape[1], float(nets[:, -1].mean()), name, colour)
    ax.set(xlabel="presses in a row", ylabel="says that the lamp is on", xlim=(0.5, nets.shape[1] + 3))
    return fig


# ---------------------------------------------------------------- Chapter 08


REBER_AT = {0: (2.9, 1.6), 1: (4.3, 1.6), 2: (5.9, 2.9), 3: (5.9, 0.3)}
REBER_AT |= {4: (8.2, 2.9), 5: (8.2, 0.3), 6: (9.8, 1.6), 7: (11.2, 1.6)}


def draw_reber(automaton, title=None):
    """The embedded Reber grammar: `automaton`, state to symbol to next state, inside; B and T or P before and after."""
    fig, ax = _page(title, -0.4, 14.5, -1.7, 4.0, inches=0.6)
    box = {"boxstyle": "round,pad=0.1,rounding_size=0.3", "facecolor": "#f5f5f5", "edgecolor": "#c9c9c9"}
    ax.add_patch(FancyBboxPatch((2.4, -0.75), 9.3, 4.45, **box))
    outer = {"B": (0.3, 1.6), "T or P": (1.4, 1.6), "the same": (12.7, 1.6), "E": (14.0, 1.6)}
    for text, (x, y) in outer.items():
        inside = text in "BE"
        colour = INK if inside else COLOUR["c"]
        word = {"T or P": "T\nor P", "the same": "the\nsame"}.get(text, text)
        ax.text(x, y, word, ha="center", va="center", fontsize=15 if inside else 13, color=colour, fontweight="bold")
    arrow = {"arrowstyle": "-|>", "mutation_scale": 15, "linewidth": 1.7, "shrinkA": 13, "shrinkB": 13}
    for a, b in zip(["B", "T or P", 0, 7, "the same"], ["T or P", 0, None, "the same", "E"], strict=True):
        if b is not None:
            here, there = (outer.get(k) or REBER_AT[k] for k in (a, b))
            ax.add_patch(FancyArrowPatch(here, there, color="#8a8a8a", **{**arrow, "shrinkA": 16, "shrinkB": 16}))
    far = {"connectionstyle": "arc3,rad=0.46", "linestyle": "--", "color": COLOUR["c"]}
    ax.add_patch(FancyArrowPatch((1.4, 1.25), (12.7, 1.25), **arrow | far | {"shrinkA": 12, "shrinkB": 12}))
    for state, ways in automaton.items():
        for symbol_, after in ways.items():
            (x, y), (u, v) = REBER_AT[state], REBER_AT[after]
            if after == state:
                side = 1 if y > 1 else -1
                loop = FancyArrowPatch((x - 0.24, y), (x + 0.24, y), connectionstyle=f"arc3,rad={-1.9 * side}",
                                       color=INK, **arrow | {"shrinkA": 8, "shrinkB": 8})  # fmt: skip
                ax.add_patch(loop)
                ax.text(x + 0.62, y + 0.42 * side, symbol_, ha="center", va="center", fontsize=14, fontweight="bold")
                continue
            ax.add_patch(FancyArrowPatch((x, y), (u, v), color=INK, **arrow))
            side = np.array([v - y, x - u]) / np.hypot(u - x, v - y)
            place = (np.array([x + u, y + v]) / 2) + 0.27 * side * (-1 if side[1] < 0 else 1)
            ax.text(*place, symbol_, ha="center", va="center", fontsize=14, fontweight="bold")
    for x, y in REBER_AT.values():
        ax.add_patch(Circle((x, y), 0.22, facecolor="white", edgecolor=INK, linewidth=1.6, zorder=3))
    return fig


def draw_long_lags(pairs, symbols, title):
    """Two sequences: `pairs` of a value and a marker (T, 2), and `symbols`, a string of which X and Y matter."""
    fig, (above, below) = figure(title, 9.0, 3.9, nrows=2, height_ratios=(2.2, 1))
    times, marked = np.arange(len(pairs)), pairs[:, 1] == 1
    above.bar(times, pairs[:, 0], color=PALE, width=0.8)
    above.bar(times[marked], pairs[marked, 0], color=COLOUR["c"], width=1.3)
    for t in times[marked]:
        place = "above" if pairs[t, 0] > 0 else "below"
        label_line(above, t, pairs[t, 0], _minus(f"{pairs[t, 0]:.2f}"), COLOUR["c"], place)
    above.axhline(0, color="#8a8a8a", linewidth=0.8)
    limits = (-1.5, max(len(pairs), len(symbols)) + 0.5)
    above.set(ylabel="value", xlim=limits, ylim=(-1.45, 1.45), title="adding: the two marked values")
    for t, symbol_ in enumerate(symbols):
        matters = symbol_ in "XY"
        colour = COLOUR["h"] if matters else "#9a9a9a"
        below.text(t, 0, symbol_, ha="center", va="center", fontsize=8, fontfamily="DejaVu Sans Mono", color=colour)
        if matters:
            below.text(t, 0.45, symbol_, ha="center", va="center", fontsize=15, fontweight="bold", color=colour)
    below.set(xlim=limits, ylim=(-0.6, 1), title="temporal order: X or Y, and then X or Y")
    below.set_xlabel("time $t$ (steps)")
    below.set_yticks([])
    below.spines["left"].set_visible(False)
    return fig


def trial_strips(rows, title, xlabel, xlim):
    """A row a setting: a dot for each trial where it was solved, and how many within each limit, of how many.

    rows: name to (places, number of trials, colour, limits); of published rows, (mean, lowest, highest) or one mean
    instead of the places and a text instead of the number, which draws a ring and a line. The x axis is logarithmic.
    """
    fig, ax = figure(title, 9.0, 1.1 + 0.44 * len(rows))
    ax.set_xscale("log")
    for k, (places, number, colour, limits) in enumerate(rows.values()):
        colour = COLOUR.get(colour, colour)
        if isinstance(number, str):
            mean, low, high = (*places, *places, *places)[:3] if len(places) == 1 else places
            ax.plot([low, high], [k, k], color=colour, linewidth=1.5)
            ax.plot(mean, k, "o", color=colour, markersize=9, fillstyle="none", markeredgewidth=2)
            told = number
        else:
            spread = 0.5 * ((np.arange(len(places)) * 0.618) % 1 - 0.5)
            ax.plot(places, k + spread, "o", color=colour, markersize=4.5, alpha=0.6, markeredgewidth=0)
            for limit in limits:
                ax.plot([limit, limit], [k - 0.4, k + 0.4], color="#8a8a8a", linewidth=1.2)
            within = [str(sum(place <= limit for place in places)) for limit in limits]
            told = f"{', '.join(within)} of {number}"
        ax.annotate(told, (1, k), (8, 0), xycoords=("axes fraction", "data"), textcoords="offset points", va="center")
    ax.set_yticks(range(len(rows)), rows)
    ax.set(ylim=(len(rows) - 0.5, -0.5), xlim=xlim, xlabel=xlabel)
    ax.set_xticks([n for n in (1000, 3000, 10_000, 30_000, 100_000, 300_000, 1_000_000) if xlim[0] <= n <= xlim[1]])
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.tick_params(axis="y", length=0)
    ax.grid(True, axis="x")
    ax.minorticks_off()
    return fig


def draw_inside(panels, title):
    """How something went in each trial, a panel a thing: name to (trials that were solved, trials that were not)."""
    fig, axes = figure(title, 9.0, 3.9, ncols=len(panels))
    for ax, (name, (solved, failed)) in zip(axes, panels.items(), strict=True):
        for lines, colour in ((failed, COLOUR["grey"]), (solved, COLOUR["c"])):
            for line in lines:
                ax.plot(np.arange(1, len(line) + 1), line, color=colour, linewidth=0.9, alpha=0.45)
        ax.set(title=name, xlabel="thousand strings", ylim=(0, None), xlim=(0, 30))
    axes[0].text(0.5, 0.9, "solved", color=COLOUR["c"])
    axes[0].text(9, 0.9, "not solved", color=COLOUR["grey"])
    return fig


def draw_states(panels, band, title, letters):
    """The states of some nets over a string, side by side: `panels`, name to (T, n); grey: within ±band of zero."""
    fig, axes = figure(title, 9.0, 3.9, ncols=len(panels), sharey=True)
    for ax, (name, states) in zip(axes, panels.items(), strict=True):
        ax.axhspan(-band, band, color="#ececec", linewidth=0)
        ax.plot(np.arange(len(states)), states, color=COLOUR["c"], linewidth=1.6)
        ax.set_title(name)
        ax.set_xticks(np.arange(len(states)), letters, fontsize=8)
        ax.tick_params(axis="x", length=0)
    axes[0].set_ylabel("state of each cell")
    return fig


# ---------------------------------------------------------------- Chapter 11, digits


def draw_digits(errors, title=None):
    """How far off so many steps are; errors: what was run to its (relative error by step, key of COLOUR)."""
    fig, ax = figure(title, 7.0, 3.4)
    log_axis(ax, "step", "relative error so far", both=True)
    for name, (values, colour) in errors.items():
        ax.plot(np.arange(1, len(values) + 1), values, color=COLOUR[colour], linewidth=1.8)
        label_line(ax, 300, 1.3 * values[299], name, COLOUR[colour], "above")
    steps = [10, 100, 1000, 10_000]
    ax.set_xticks(steps, [f"{step:,}" for step in steps])
    ax.set(xlim=(8, len(values)), ylim=(5e-8, 1e-2))
    return fig
