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
    coloured_text(text, values, tracks, title)  a text, each character on the colour of its value
    draw_rnn_cell(), draw_lstm_cell(), draw_gru_cell()      the cells; `show` and `highlight` name their parts
    draw_rnn_unrolled(), draw_lstm_unrolled()               the same over several steps, with the error's way back

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
WIDE = {"f": 2.2, "i": 3.8, "c_tilde": 5.4, "o": 7.0, "h": 9.0, "width": 10.6}  # places along the cell
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

    scale: the points in one unit of the axes; x0: where the cell begins; wires: one colour for all lines.
    """

    def __init__(self, ax, parts, shown=None, highlight=(), scale=36.0, x0=0.0, wires=None):
        self.ax, self.x0, self.scale, self.wires = ax, x0, scale, wires
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
        if shown:
            self._text(x, y, text, "white" if bold else colour, font or self.font, weight="bold")

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
    values: name to number, written beside the name (c_prev and h_prev too); numbers: write the equations' numbers.
    """
    fig, ax = _page(title, -1.85, WIDE["width"] + 1.85, -0.9, 6.7)
    pen, values = Pen(ax, LSTM_PARTS, show, highlight), values or {}
    _lstm(pen, WIDE, values=values, numbers=LSTM_NUMBERS if numbers else {})
    right = WIDE["width"] + 1.1
    _name(pen, "c_line", -1.1, LINE, "c", "t-1", values.get("c_prev"), "right")
    _name(pen, "c_line", right, LINE, "c", "t", values.get("c"), "left")
    _name(pen, "x", -1.1, BUS, "h", "t-1", values.get("h_prev"), "right")
    _name(pen, "h", right, BUS, "h", "t", values.get("h"), "left")
    return fig


def _lstm(pen, at, time="t", values=None, numbers=None, small=False, left=-0.95, right=0.95):
    """The parts of one LSTM cell between `left` and `right` of its body; small: the gates' names inside their boxes."""
    values, numbers, w = values or {}, numbers or {}, at["width"]
    pen.cell(w, LINE + 0.65)
    _inputs(
        pen, at["o"], [at[gate] for gate in ("f", "i", "c_tilde", "o") if gate in pen.shown], time, values, left, small
    )

    # (4): the state's line, with the forget gate's product and the new share's sum
    c = COLOUR["c"]
    pen.wire("c_line", [(left, LINE), (w + right, LINE)], c, head=True, width=1.4)
    pen.operator("c_line", at["f"], LINE, "times", c)
    pen.wire(("c_line", "i", "c_tilde"), [(at["c_tilde"], MIDDLE + 0.31), (at["c_tilde"], LINE - 0.31)], c, head=True)
    pen.operator("c_line", at["c_tilde"], LINE, "plus", c)
    pen.operator(("i", "c_tilde"), at["c_tilde"], MIDDLE, "times", c)

    # (1), (2), (3), (5): a leg up from the bus, a box, the way to its product
    ends = {
        "f": [(at["f"], LINE - 0.31)],
        "i": [(at["i"], MIDDLE), (at["c_tilde"] - 0.31, MIDDLE)],
        "c_tilde": [(at["c_tilde"], MIDDLE - 0.31)],
        "o": [(at["o"], MIDDLE), (at["h"] - 0.31, MIDDLE)],
    }
    for gate, end in ends.items():
        x, colour = at[gate], COLOUR[gate]
        pen.wire(gate, [(x, BUS), (x, GATE - 0.4)], colour, head=True)
        pen.wire(gate, [(x, GATE + 0.4), *end], colour, head=True)
        inside = "$\\tanh$" if gate == "c_tilde" else r"$\sigma$"
        pen.box(gate, x, GATE, symbol(gate) if small else inside, colour, width=1.0 if small else 1.2)
        if not small:
            side = -1 if gate in "fi" else 1
            _name(pen, gate, x + 0.2 * side, 3.0, gate, time, values.get(gate), "right" if side < 0 else "left")

    # (6): a branch of the state's line, through tanh and the output gate, to h_t
    x, h = at["h"], COLOUR["h"]
    pen.dot("h", x, LINE, h)
    pen.wire("h", [(x, LINE), (x, 5.36)], h, head=True)
    pen.wire("h", [(x, 4.66), (x, MIDDLE + 0.31)], h, head=True)
    pen.wire("h", [(x, MIDDLE - 0.31), (x, BUS), (w + right, BUS)], h, head=True)
    pen.box("h", x, 5.01, r"$\tanh$", h, width=1.3, height=0.7, font=0.85 * pen.font)
    pen.operator("h", x, MIDDLE, "times", h)

    for part, number in numbers.items():
        places = {"c_line": (at["c_tilde"] + 0.42, LINE + 0.33), "h": (x + 0.42, MIDDLE)}
        pen.label(part, *places.get(part, (at.get(part, 0) + 0.2, 1.25)), number, COLOUR["grey"], ha="left", font=11)


def _inputs(pen, last, ends, time, values, left, small):
    """h_{t-1} and x_t come in and run along the bus, in colour as far as the last gate that is shown."""
    if ends:
        pen.shown.add("x")
    pen.wire("", [(0.9, BUS), (last, BUS)], PALE)
    pen.wire("x", [(left, BUS), (0.9, BUS)], COLOUR["h"])
    pen.wire("x", [(0.9, -0.3), (0.9, BUS)], COLOUR["x"])
    pen.wire("x", [(0.9, BUS), (max(ends, default=1.6), BUS)], COLOUR["x"])
    pen.dot("x", 0.9, BUS, COLOUR["x"])
    if not small:
        pen.label("x", 1.1, 0.46, "$[h_{t{-}1},\\,x_t]$", COLOUR["x"], ha="left", font=12)
    _name(pen, "x", 0.9, -0.6, "x", time, values.get("x"), beside=True)


def _name(pen, part, x, y, name, time="t", value=None, ha="center", beside=False):
    """A symbol next to its line, with its value, if there is one, below it or beside it."""
    above = value is not None and not beside
    pen.label(part, x, y + 0.25 if above else y, symbol(name, time), COLOUR[name], ha)
    if value is not None:
        text = value if isinstance(value, str) else _minus(f"{value:.2f}")
        place, ha = ((x, y - 0.22), ha) if above else ((x + 0.35, y), "left")
        pen.label(part, *place, text, COLOUR[name], ha, font=11.5)


def draw_gru_cell(show=None, highlight=(), reset="after", title=None, numbers=False):
    """One step of a GRU, (16)-(19): the state h runs along the top; reset="before": r before W_hh, "after": after it.

    show, highlight: of the parts h_line, z, r, h_tilde, x; the rest as in draw_lstm_cell.
    """
    if reset not in ("before", "after"):
        raise ValueError(f'reset must be "before" or "after", not {reset!r}')
    numbers, width = GRU_NUMBERS if numbers else {}, 10.8
    at = {"z": 2.4, "r": 4.1, "first": 5.7, "second": 7.2, "h_tilde": 9.0}
    h, x_colour, candidate, gate, middle = COLOUR["h"], COLOUR["x"], COLOUR["h_tilde"], 2.65, 4.15
    h_bus, x_bus = 1.25, 0.55
    fig, ax = _page(title, -1.85, width + 1.85, -0.9, 6.7)
    pen = Pen(ax, GRU_PARTS, show, highlight)
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
    _name(pen, "x", 1.5, -0.65, "x")
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
    _name(pen, "z", z - 0.2, 3.55, "z", ha="right")

    # (18) or (18'): the candidate; r stands before or after the product with W_hh
    product, weights = (at["first"], at["second"]) if reset == "before" else (at["second"], at["first"])
    pen.wire("h_tilde", [(to_chain - 1.0, h_bus), (end - 0.22, h_bus), (end - 0.22, gate - 0.4)], h, head=True)
    pen.wire("h_tilde", [(end + 0.22, x_bus), (end + 0.22, gate - 0.4)], x_colour, head=True)
    pen.wire("h_tilde", [(end, gate + 0.4), (end, middle - 0.31)], candidate, head=True)
    pen.wire("r", [(at["r"] + 0.6, gate), (product, gate), (product, h_bus + 0.31)], COLOUR["r"], head=True)
    pen.operator("h_tilde", product, h_bus, "times", candidate)
    pen.box("h_tilde", weights, h_bus, symbol("W_hh"), candidate, width=1.1, height=0.74, font=13)
    pen.box("h_tilde", end, gate, r"$\tanh$", candidate, width=1.3)
    _name(pen, "r", at["r"] + 1.1, gate + 0.38, "r")
    _name(pen, "h_tilde", end + 0.28, 3.45, "h_tilde", ha="left")

    for part, number in numbers.items():
        places = {"h_line": (end + 0.42, LINE + 0.33), "h_tilde": (end + 0.75, gate)}
        pen.label(part, *places.get(part, (at.get(part, 0) + 0.42, 1.85)), number, COLOUR["grey"], ha="left", font=11)
    _name(pen, "h_line", -1.1, LINE, "h", "t-1", ha="right")
    _name(pen, "h_line", width + 1.1, LINE, "h", ha="left")
    return fig


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


def _unrolled(draw, parts, at, top, steps, lines, title, path):
    """`steps` cells in a row, the last at time t; `lines`: (state, its height) of those that run from cell to cell."""
    stride = at["width"] + GAP
    inches = min(9.0 / (steps * stride + 3.2), 0.42)
    fig, ax = _page(title, -2.0, steps * stride + 1.2, -0.95, top, inches)
    for k in range(steps):
        pen = Pen(ax, parts, scale=72 * inches, x0=k * stride, wires="#cfcfcf" if path else None)
        time = _before("t", steps - 1 - k)
        draw(pen, at, time, small=True, left=-0.95 if k == 0 else 0.0, right=GAP)
        for name, y in lines:
            pen.label(parts[0], at["width"] + GAP / 2, y + 0.6, symbol(name, time), COLOUR[name])
            if k == 0:
                pen.label(parts[0], -1.1, y, symbol(name, _before(time)), COLOUR[name], "right")
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


def strips(rows, title, xlabel, xlim):
    """A row a setting: a dot for each trial where it was solved, and how many of how many.

    rows: name to (places, number of trials, colour, limit); of published rows, (mean, lowest, highest) or one mean
    instead of the places and a text instead of the number, which draws a ring and a line.
    """
    fig, ax = figure(title, 9.0, 1.1 + 0.44 * len(rows))
    ax.xaxis.set_major_formatter("{x:,.0f}")
    for k, (places, number, colour, limit) in enumerate(rows.values()):
        colour = COLOUR.get(colour, colour)
        if isinstance(number, str):
            mean, low, high = (*places, *places, *places)[:3] if len(places) == 1 else places
            ax.plot([low, high], [k, k], color=colour, linewidth=1.5)
            ax.plot(mean, k, "o", color=colour, markersize=9, fillstyle="none", markeredgewidth=2)
            told = number
        else:
            spread = 0.5 * ((np.arange(len(places)) * 0.618) % 1 - 0.5)
            ax.plot(places, k + spread, "o", color=colour, markersize=4.5, alpha=0.6, markeredgewidth=0)
            ax.plot([limit, limit], [k - 0.4, k + 0.4], color="#8a8a8a", linewidth=1.2)
            told = f"{len(places)} of {number}"
        ax.annotate(told, (1, k), (8, 0), xycoords=("axes fraction", "data"), textcoords="offset points", va="center")
    ax.set_yticks(range(len(rows)), rows)
    ax.set(ylim=(len(rows) - 0.5, -0.5), xlim=xlim, xlabel=xlabel)
    ax.tick_params(axis="y", length=0)
    ax.grid(True, axis="x")
    ax.minorticks_off()
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
