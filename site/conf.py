"""The site, by Sphinx: the chapters as they are saved, nothing is run. `make site` builds it from site/build/source."""

import json
import re
import sys
from pathlib import Path

from docutils import nodes
from myst_nb.sphinx_ import HideCodeCellNode
from sphinx import addnodes
from sphinx.parsers import Parser
from sphinx.util.images import get_image_size

sys.path.insert(0, str(Path(__file__).resolve().parent))
import sources

project = "LSTM from scratch"
author = "the authors of LSTM from scratch"
copyright = "the authors. Text and figures: CC BY 4.0, code: BSD-3-Clause"  # noqa: A001
extensions = ["myst_nb", "sphinx.ext.githubpages"]
include_patterns = ["*.md", "*.py", "experiments/*.py", "notebooks/*.ipynb", "notebooks/*.py", "notebooks/data/*.md"]
smartquotes = False  # (8') is an equation's name

nb_execution_mode = "off"
nb_merge_streams = True
nb_render_markdown_format = "myst"
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 4
myst_heading_slug_func = "sources.slug"

html_theme = "furo"
html_title = project
html_static_path = ["_static", str(sources.MATHJAX)]
html_extra_path = [str(sources.ALONE)]
html_favicon = "_static/favicon.svg"
html_css_files = ["site.css"]
html_js_files = [("site.js", {"defer": "defer"})]
html_copy_source = False  # the notebooks are in the repository and in JupyterLite
html_show_sphinx = False
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#27308f", "color-brand-content": "#27308f"},
    "dark_css_variables": {"color-brand-primary": "#a9b6ff", "color-brand-content": "#a9b6ff"},
}
mathjax_path = "mathjax/tex-chtml.js"
mathjax_config_path = "mathjax_config.js"

MODULE = "lstm_core"
NAMES = sources.names((sources.ROOT / f"{MODULE}.py").read_text(encoding="utf-8"))
CALL = re.compile(rf"(?:{MODULE}\.)?([\w.]+)(?:\(.*\))?")
TABLE, SENTENCE = re.compile(r"\S {2,}\S.*\n.*\S {2,}\S"), 54
NOTEBOOK = re.compile(r"\.ipynb(?=#|$)")
PUBLISHED = sources.series.pages(sources.series.repository()) + sources.LITE


class PythonFile(Parser):
    """A module as a page: all its lines, with their numbers, under a heading for each public class and function."""

    supported = ("python",)

    def parse(self, inputstring, document):
        env = document.settings.env
        page = nodes.section("", nodes.title("", f"{env.docname}.py"), ids=["module"])
        document += page
        for name, start, lines in sources.parts(inputstring):
            code = nodes.literal_block("", "\n".join(lines), language="python", linenos=True)
            code["highlight_args"] = {"linenostart": start, "lineanchors": "L"}
            page += nodes.section("", nodes.title("", name), code, ids=[name]) if name else code
        anchors = {f"L{n}": n for n in range(1, len(inputstring.splitlines()) + 1)} | sources.names(inputstring)
        meta = env.metadata[env.docname]
        meta["myst_slugs"] = {anchor: (line, f"L-{line}", anchor) for anchor, line in anchors.items()}
        if env.docname != MODULE:
            meta |= {"orphan": "", "nosearch": ""}


def complete(app, docname, source):
    """The landing page is a README elsewhere, and holds the table of contents."""
    for name, page in sources.LANDING.items():
        source[0] = re.sub(rf"(?<=\]\()((?:\.\./)?){re.escape(name)}", rf"\1{page}", source[0])
    if docname == "index":
        source[0] += "\n".join(["", "```{toctree}", ":hidden:", "", *sources.reading_order(), "```", ""])


def mend(app, doctree):
    """What myst-nb leaves out: alternative texts, formulas of several lines, the button, links into the module."""
    docname = app.env.docname
    for bundle in doctree.findall(nodes.container):
        if bundle.get("nb_element") == "mime_bundle":
            describe(bundle, Path(app.srcdir))
    for image in doctree.findall(nodes.image) if docname in sources.landing() else ():
        image["classes"].append("wide")
    for formula in doctree.findall(nodes.math_block):
        # Sphinx would put it into `split`, where \tag is an error.
        formula.children = [nodes.Text(rf"\[{formula.astext()}\]")]
        formula["no-wrap"] = formula["nowrap"] = True
    for link in list(doctree.findall(addnodes.download_reference)):
        if link["reftarget"].endswith(".html"):  # a page to open, not a file to keep
            link.replace_self(nodes.reference("", "", *link.children, refuri=link["reftarget"], internal=True))
    for literal in list(doctree.findall(nodes.literal)):
        name = CALL.fullmatch(literal.astext())
        if name and name[1] in NAMES and not isinstance(literal.parent, nodes.reference | nodes.title):
            address = f"{app.builder.get_relative_uri(docname, MODULE)}#L-{NAMES[name[1]]}"
            literal.replace_self(nodes.reference("", "", literal.deepcopy(), refuri=address, internal=True))
    for link in doctree.findall(nodes.reference):  # to the JupyterLite beside this very site, wherever it is
        if link.get("refuri", "").startswith(PUBLISHED):
            link["refuri"] = "../" * docname.count("/") + sources.LITE + link["refuri"].removeprefix(PUBLISHED)
    if docname.startswith("notebooks/") and app.env.doc2path(docname).suffix == ".ipynb":
        cells = json.loads(Path(app.env.doc2path(docname)).read_text(encoding="utf-8"))["cells"]
        for link in doctree.findall(nodes.reference):  # in an output; MyST sees to those in the text
            if "refuri" in link and "://" not in link["refuri"]:
                link["refuri"] = NOTEBOOK.sub(".html", link["refuri"])
        for section in doctree.findall(nodes.section):  # an anchor such as JupyterLab makes it works here too
            fold(section, cells)
            section["ids"] += {sources.slug(section.next_node(nodes.title).astext())}.difference(doctree.ids)
            if docname.endswith("B_questions"):
                section.insert(1, questions(section))
        title = doctree.next_node(nodes.title)
        button = nodes.reference(
            "", "Run in the browser", refuri=f"../{sources.LITE}{docname}.ipynb", classes=["button"]
        )
        said = "nothing to install; Python itself comes from cdn.jsdelivr.net"
        title.parent.insert(1, nodes.paragraph("", "", button, nodes.inline("", said), classes=["run"]))


def fold(section, cells):
    """What a page does not say stands under a bar: imports, a figure's code, a solution with all that belongs to it."""
    box, kept = None, []
    for node in section:
        code = isinstance(node, nodes.container) and node.get("nb_element") == "cell_code"
        bar = sources.bar(cells[node["cell_index"]]) if code else ""
        if code:
            node.attributes.pop("hide_mode", None)  # it would fold a solution's source alone
            measure(node)
        if bar == sources.FIGURE:
            node.insert(0, folded(bar, node.pop(0)))
        elif bar and not (box and box["prompt_show"] == bar):
            box = folded(bar)
            kept.append(box)
        explains = box and box["prompt_show"] != sources.IMPORTS and not code and not isinstance(node, nodes.section)
        if bar not in ("", sources.FIGURE) or explains:
            box += [] if isinstance(node, nodes.raw) else node  # elsewhere an explanation has a fold of its own
        else:
            box = None
            kept.append(node)
    section.clear()
    section += kept


def folded(bar, *children):
    return HideCodeCellNode("", *children, prompt_show=bar, prompt_hide=bar, classes=["fold"])


def measure(cell):
    """Says how many columns a cell has printed, for letters that fit: a table keeps its lines, a sentence breaks."""
    for output in [part for part in cell if part.get("nb_element") == "cell_code_output"]:
        blocks = output.findall(nodes.literal_block)  # beside a picture stands its description
        text = "\n".join(block.astext() for block in blocks if block.parent is output or len(block.parent.parent) == 1)
        columns = max(map(len, text.splitlines()), default=0)
        if columns > SENTENCE and not TABLE.search(text):
            columns = SENTENCE
        smallest = ".4rem" if columns < 90 else ".62rem"  # what no phone fits breaks there
        size = f"--columns: {columns}; --smallest: {smallest}"
        output.insert(0, nodes.raw("", f'<div style="{size}">', format="html"))
        output += nodes.raw("", "</div>", format="html")


SMALL = re.compile(  # what stands between the words that one would search for
    r"\s*(?:[:,?]|(?<![\w-])(?:a|an|and|are|beside|can|do|does|for|from|go|good|GRU|how|I|in|is|it|its|LSTMs?|mine|must|my|of|or|should"
    r"|take|that|the|there|to|was|what|where|which|why|with)(?![\w-]))\s*",
    re.IGNORECASE,
)


def questions(section):
    """A question as the search finds it: whole, and in the words that one would type.

    It leads to the answer itself, and because it is marked as the main place for these words, it comes first.
    """
    asked = section.next_node(nodes.title).astext().rstrip("?")
    parts = {asked, *SMALL.split(asked)} - {""}
    entries = [("single", part, section["ids"][0], "main", None) for part in sorted(parts)]
    return addnodes.index(entries=entries)


def describe(bundle, folder):
    """The figure's description is its alternative text; a picture keeps its place until it is scrolled to."""
    kinds = {part["mime_type"]: part for part in bundle.children}
    for image in kinds["image/png"].findall(nodes.image) if "image/png" in kinds else ():
        image["alt"] = kinds["text/plain"].astext()
        size = get_image_size(folder / image["uri"])
        if "width" in image and size:
            image["height"] = str(round(int(image["width"]) * size[1] / size[0]))
            image["loading"] = "lazy"
        if int(image.get("width", 0)) > 600:
            image["classes"].append("wide")


def language_of(app, pagename, templatename, context, doctree):
    if pagename == "index.zh":
        context["language"] = "zh-Hans"


def setup(app):
    app.add_source_suffix(".py", "python")
    app.add_source_parser(PythonFile)
    app.connect("source-read", complete)
    app.connect("doctree-read", mend)
    app.connect("html-page-context", language_of)
