"""matplotlib figures inside a page: as SVG that takes its ink and colours from the page's style."""

import re
from hashlib import sha256
from io import StringIO
from xml.sax.saxutils import quoteattr

from markupsafe import Markup
from matplotlib import rc_context
from matplotlib.figure import Figure

from communique.evaluation.plots import COLOURS, FAINT, INK, STYLE


def inline(figure: Figure, description: str) -> Markup:
    """The figure as an ``<svg>`` element for HTML, its text real text; ``description`` is read out in its place.

    Ink becomes the page's own colour and each series colour a custom property ``--series-N``, so that one picture
    serves light, dark and print. Ids are made the figure's own, since a page holds several.
    """
    buffer = StringIO()
    with rc_context(STYLE | {"svg.hashsalt": description}):
        figure.savefig(buffer, format="svg", metadata={"Date": None}, transparent=True)
    text = buffer.getvalue()
    text = re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.DOTALL)
    text = re.sub(r'\s+xmlns(:\w+)?="[^"]*"', "", text)
    prefix = "f" + sha256(description.encode()).hexdigest()[:8]
    text = re.sub(r'\bid="', f'id="{prefix}-', text)
    text = re.sub(r'(href="|url\()#', rf"\1#{prefix}-", text)
    text = re.sub(r'<svg\b([^>]*?) width="([\d.]+)pt" height="[\d.]+pt"', _sized, text, count=1)
    text = text.replace("<svg", f'<svg role="img" aria-label={quoteattr(description)}', 1)
    return Markup(_themed(text))


def _sized(found: re.Match[str]) -> str:
    """The width as a wish and no height: the page may make it smaller."""
    return f'<svg{found[1]} style="width: {float(found[2]) * 4 / 3:.0f}px"'


def _themed(text: str) -> str:
    for i, colour in enumerate(COLOURS):
        text = text.replace(colour.lower(), f"var(--series-{i})")
    return text.replace(INK, "currentColor").replace(FAINT, "var(--faint)")
