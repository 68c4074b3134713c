# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A self-contained HTML page of sections: figures of plotly, tables, and text."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from pumice.errors import PumiceError

__all__ = [
    "COLOURS",
    "Card",
    "Cell",
    "Section",
    "figure",
    "grid",
    "page",
    "require_plotly",
    "table",
]

#: Colours of all pages, light and dark.
COLOURS = """
:root { color-scheme: light dark; --text: #1c1e21; --muted: #5c6570; --back: #ffffff;
  --panel: #f5f6f8; --line: #d9dde2; }
@media (prefers-color-scheme: dark) { :root { --text: #e7e9ec; --muted: #a2abb5; --back: #16181c;
  --panel: #202329; --line: #363b43; } }
"""

_STYLE = (
    COLOURS
    + """
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1280px; padding: 16px; background: var(--back);
  color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0 0 4px; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 32px 0 4px; }
p { margin: 0 0 8px; color: var(--muted); }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(150px, 1fr)); gap: 8px;
  margin: 16px 0; }
.card { background: var(--panel); border: 1px solid var(--line); border-radius: 8px;
  padding: 8px 12px; }
.card b { display: block; font-size: 1.15rem; }
.card span { color: var(--muted); font-size: .85rem; }
.figure { width: 100%; }
.scroll { overflow: auto; max-height: 480px; border: 1px solid var(--line); border-radius: 8px; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: 4px 10px; text-align: right; white-space: nowrap;
  border-bottom: 1px solid var(--line); }
th { position: sticky; top: 0; background: var(--panel); cursor: pointer; user-select: none; }
th[data-order="1"]::after { content: " \\2191"; } th[data-order="-1"]::after { content: " \\2193"; }
.text { text-align: left; }
input { font: inherit; padding: 4px 8px; margin: 0 0 8px; width: 100%; max-width: 320px;
  color: inherit; background: var(--panel); border: 1px solid var(--line); border-radius: 8px; }
@media (max-width: 600px) { body { padding: 8px; } h1 { font-size: 1.25rem; } }
"""
)

_SCRIPT = """
const dark = window.matchMedia('(prefers-color-scheme: dark)');
function colours() {
  const style = getComputedStyle(document.documentElement);
  const of = name => style.getPropertyValue(name).trim();
  const axis = { gridcolor: of('--line'), zerolinecolor: of('--line'), linecolor: of('--line') };
  return { paper_bgcolor: of('--back'), plot_bgcolor: of('--back'),
    font: { color: of('--text'), family: 'system-ui, sans-serif' }, axis };
}
function draw(node) {
  const figure = JSON.parse(document.getElementById(node.dataset.source).textContent);
  const { axis, ...rest } = colours();
  const layout = { ...figure.layout, ...rest };
  for (const key of Object.keys(layout))
    if (/^[xy]axis/.test(key)) layout[key] = { ...axis, ...layout[key] };
  const narrow = node.clientWidth < 700;
  // Names of rows take at most a third of the width; pointing at a bar shows them whole.
  const names = layout.yaxis && layout.yaxis.categoryarray;
  const most = narrow ? 18 : Math.floor(node.clientWidth / 22);
  if (names && (narrow || names.some(name => name.length > most))) {
    const short = name => name.length > most ? '\u2026' + name.slice(1 - most) : name;
    layout.yaxis = { ...layout.yaxis, tickvals: names, ticktext: names.map(short) };
  }
  if (narrow) {
    for (const key of Object.keys(layout))
      if (/^xaxis/.test(key)) layout[key] = { ...layout[key], nticks: 4, tickangle: 0 };
  }
  Plotly.react(node, figure.data, layout, { responsive: true, displayModeBar: false });
}
const nodes = document.querySelectorAll('.figure');
// Figures are drawn when they come into view: large reports open at once.
const seen = new IntersectionObserver(entries => entries.forEach(entry => {
  if (entry.isIntersecting) { seen.unobserve(entry.target); entry.target.dataset.drawn = 1;
    draw(entry.target); } }), { rootMargin: '600px' });
nodes.forEach(node => seen.observe(node));
dark.addEventListener('change', () => nodes.forEach(node => node.dataset.drawn && draw(node)));
document.querySelectorAll('th').forEach(head => head.addEventListener('click', () => {
  const order = head.dataset.order === '-1' ? 1 : -1;
  head.parentNode.querySelectorAll('th').forEach(other => delete other.dataset.order);
  head.dataset.order = order;
  const body = head.closest('table').tBodies[0], column = head.cellIndex;
  const key = row => row.cells[column].dataset.value ?? row.cells[column].textContent;
  const value = text => text !== '' && isFinite(text) ? Number(text) : text;
  [...body.rows].sort((a, b) => { const x = value(key(a)), y = value(key(b));
    return order * (typeof x === 'number' && typeof y === 'number' ? x - y :
      String(x).localeCompare(String(y))); }).forEach(row => body.appendChild(row));
}));
document.querySelectorAll('input[data-filter]').forEach(field =>
  field.addEventListener('input', () => {
    const words = field.value.toLowerCase();
    for (const row of document.getElementById(field.dataset.filter).tBodies[0].rows)
      row.hidden = !row.textContent.toLowerCase().includes(words);
  }));
"""


#: A text, or a text and the value by which a table sorts it.
Cell: TypeAlias = str | tuple[str, object]


@dataclass(frozen=True)
class Card:
    """A figure that is read first: its value above its name."""

    name: str
    value: str


@dataclass(frozen=True)
class Section:
    """A part of a page; `body` is HTML."""

    title: str
    body: str
    note: str = ""


def json_text(data: Any) -> str:
    """JSON for a script element, which names with a "<" in them neither end nor comment out."""
    return json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")


def figure(plot: Any, height: int, name: str) -> str:
    """A plotly figure, drawn by the page's script.

    Args:
        plot: a plotly.graph_objects.Figure.
        height: in pixels.
        name: identifier, unique on the page.
    """
    data = json.loads(plot.to_json())
    data["layout"].pop("template", None)
    data["layout"]["height"] = height
    text = json_text(data)
    return (
        f'<div class="figure" id="{name}" data-source="{name}-data"'
        f' style="min-height:{height}px"></div>'
        f'<script type="application/json" id="{name}-data">{text}</script>'
    )


def table(
    columns: Sequence[str],
    rows: Iterable[Sequence[Cell]],
    left: int = 1,
    *,
    name: str,
    searched: bool = False,
) -> str:
    """A table that a click on a title sorts.

    Args:
        rows: cells, each a text, or a text and the value by which it is sorted.
        left: number of columns of text, which come first.
        name: identifier, unique on the page.
        searched: add a field that hides rows without its words.
    """

    def cell(column: int, content: Cell) -> str:
        shown, value = (content, None) if isinstance(content, str) else content
        kind = ' class="text"' if column < left else ""
        key = "" if value is None else f' data-value="{html.escape(str(value))}"'
        return f"<td{kind}{key}>{html.escape(shown)}</td>"

    head = "".join(
        f'<th class="text">{html.escape(title)}</th>'
        if i < left
        else f"<th>{html.escape(title)}</th>"
        for i, title in enumerate(columns)
    )
    body = "".join(f"<tr>{''.join(cell(i, c) for i, c in enumerate(row))}</tr>" for row in rows)
    search = (
        f'<input type="search" data-filter="{name}" placeholder="Filter" aria-label="Filter rows">'
        if searched
        else ""
    )
    return (
        f'{search}<div class="scroll"><table id="{name}"><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def grid(cards: Iterable[Card]) -> str:
    """Cards side by side."""
    inner = "".join(
        f'<div class="card"><b>{html.escape(c.value)}</b><span>{html.escape(c.name)}</span></div>'
        for c in cards
    )
    return f'<div class="cards">{inner}</div>'


def page(title: str, lead: str, sections: Iterable[Section]) -> str:
    """The text of a page that needs no network.

    Raises:
        PumiceError: plotly is not installed.
    """
    parts = [
        f"<section><h2>{html.escape(s.title)}</h2>"
        + (f"<p>{html.escape(s.note)}</p>" if s.note else "")
        + f"{s.body}</section>"
        for s in sections
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style></head><body>"
        f"<h1>{html.escape(title)}</h1>{lead}{''.join(parts)}"
        f"<script>{_library()}</script><script>{_SCRIPT}</script></body></html>\n"
    )


def require_plotly() -> Any:
    """The module plotly.graph_objects.

    Raises:
        PumiceError: plotly is not installed.
    """
    try:
        import plotly.graph_objects as objects
    except ImportError:
        raise PumiceError(
            "expected plotly for HTML reports, which is not installed: pip install 'pumice[plot]'"
        ) from None
    return objects


def _library() -> str:
    require_plotly()
    from plotly.offline import get_plotlyjs

    return str(get_plotlyjs())
