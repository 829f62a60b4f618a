"""From a matplotlib figure to SVG that stands inside a page: deterministic, and in the page's own colours.

Text stays text (the browser sets it in the page's font). Colours are placeholders that become CSS variables, so that
one drawing reads on light, on dark and on paper.
"""

from __future__ import annotations

import html
import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Placeholder -> CSS variable. Any colours do, as long as no figure draws with them otherwise.
INK, MUTED, GRID, BAND, PAPER = "#010203", "#010204", "#010205", "#010206", "#010207"
CONTROL, PROMPT, WEIGHTS, HYBRID = "#010208", "#010209", "#01020a", "#01020b"
FAMILIES = {"control": CONTROL, "prompt": PROMPT, "weights": WEIGHTS, "hybrid": HYBRID}
_VARIABLES = {INK: "ink", MUTED: "muted", GRID: "grid", BAND: "band", PAPER: "paper"}
_VARIABLES |= {colour: family for family, colour in FAMILIES.items()}

_STYLE = {
    "svg.fonttype": "none",
    "text.parse_math": False,  # a label may hold a dollar sign
    "axes.unicode_minus": True,
    "font.family": ["DejaVu Sans"],
    "font.size": 12,
    "text.color": INK,
    "axes.facecolor": "none",
    "axes.labelcolor": MUTED,
    "axes.edgecolor": GRID,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "grid.color": GRID,
    "grid.linewidth": 1,
    "xtick.color": GRID,
    "ytick.color": GRID,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "xtick.labelsize": 11,
    "ytick.labelsize": 11,
    "axes.labelsize": 11,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "lines.linewidth": 2,
    "lines.solid_capstyle": "round",
}


def blank(width: float, height: float) -> Figure:
    """An empty transparent figure of so many CSS pixels, to be made, drawn and rendered inside `style()`."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width / 72, height / 72), dpi=72, facecolor="none")


@contextmanager
def style() -> Iterator[None]:
    """Within it figures have the report's look, and nothing of the user's matplotlibrc."""
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_STYLE)
        yield


def axes_in(figure: Figure, left: float, right: float, top: float, bottom: float) -> Any:
    """Axes that leave so many CSS pixels free on each side."""
    width, height = (72 * inches for inches in figure.get_size_inches())
    return figure.add_axes(
        (left / width, bottom / height, (width - left - right) / width, (height - top - bottom) / height)
    )


def write(axes: Any, text: str, at: tuple[float, float], shift: tuple[float, float], on: str = "", **look: Any) -> None:
    """Write at a point, moved by CSS pixels. `on`: the only axis in data units; the other runs from 0 to 1."""
    units: Any = {"": "data", "x": ("data", "axes fraction"), "y": ("axes fraction", "data")}[on]
    axes.annotate(text, at, xycoords=units, xytext=shift, textcoords="offset points", **look)


def inline(figure: Figure, name: str, title: str, about: str = "") -> str:
    """The figure as an `<svg>` element. `name` (letters, digits, hyphens) unique in the page; `title` and `about` are read
    out."""
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    buffer = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": name}), warnings.catch_warnings():
        # The browser draws the text, so a glyph that matplotlib's own font lacks is not missing.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        metadata = {"Date": None, "Creator": None, "Format": None, "Type": None}
        FigureCanvasSVG(figure).print_svg(buffer, metadata=metadata)
    drawing = buffer.getvalue()
    drawing = drawing[drawing.index("<svg") :]
    body = drawing[drawing.index(">") + 1 :].strip()
    for colour, variable in _VARIABLES.items():
        body = body.replace(colour, f"var(--{variable})")
    # Several drawings share a page: every id, and every reference to one, is prefixed.
    body = re.sub(r'\bid="', f'id="{name}-', body)
    body = re.sub(r'href="#', f'href="#{name}-', body).replace("url(#", f"url(#{name}-")
    width, height = (round(72 * inches) for inches in figure.get_size_inches())
    label, more = html.escape(title), f"<desc>{html.escape(about)}</desc>" if about else ""
    return (
        f'<svg viewBox="0 0 {width} {height}" style="width:{width}px" role="img" aria-label="{label}">'
        f"<title>{label}</title>{more}{body}"
    )
