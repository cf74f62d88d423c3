"""What stands above a figure, and how it is written."""

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from jfb.output.figures.style import NOTE, STYLE
from jfb.storage import files

# Points of the letters of a question, how many of them fit on a line, and inches around them.
_HEAD, _LETTERS, _PADDING = 12, 62, 0.08


def write(figure: Figure, paths: Sequence[str | Path], origin: str) -> None:
    """Write a figure to each of `paths`, in the format of its ending (svg, pdf, png).

    `origin`, see `jfb.storage.provenance.of`, goes to its metadata: the description in SVG and PNG,
    the subject in PDF.
    """
    metadata: Mapping[str, dict] = {
        ".svg": {"Date": None, "Description": origin},
        ".pdf": {"CreationDate": None, "Subject": origin},
        ".png": {"Description": origin},
    }
    for path in map(Path, paths):
        with files.whole(path) as temporary, mpl.rc_context(STYLE):
            figure.savefig(temporary, dpi=300, metadata=metadata[path.suffix])


def headed(figure: Figure, question: str, note: str = "") -> Figure:
    """Put the question that a figure answers above it, and a note, as of its study, below that.

    The figure becomes higher by their lines and by its legend. They are where a legend "outside
    upper" would be: it moves down, and the panels do.
    """
    lines = textwrap.wrap(question, _LETTERS)
    heights = [len(lines) * 1.25 * _HEAD / 72, 1.25 * NOTE / 72 if note else 0]
    width, height = figure.get_size_inches()
    # The layout leaves no room for a legend that is anchored.
    room = [k.get_window_extent().height / figure.dpi + _PADDING for k in figure.legends]
    below = height + sum(room)
    whole = below + sum(heights) + _PADDING
    figure.set_size_inches(width, whole)
    figure.get_layout_engine().set(rect=(0, 0, 1, height / whole))
    for placed in figure.legends:
        placed.set_bbox_to_anchor((0, 0, 1, below / whole), figure.transFigure)
    left, top = _PADDING / width, 1 - _PADDING / whole
    options = {"ha": "left", "va": "top", "linespacing": 1.1}
    figure.text(left, top, "\n".join(lines), fontsize=_HEAD, fontweight="bold", **options)
    figure.text(left, top - heights[0] / whole, note, fontsize=NOTE, color="0.35", **options)
    return figure
