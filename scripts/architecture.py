#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes docs/architecture.svg of docs/architecture.txt, which says what is in it. Prints it with --print."""
import os
import sys
import xml.sax.saxutils

DOCS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "docs")
WIDTH, BOX, HEIGHT, ROW, MARGIN = 900, 230, 46, 104, 20


def read(path):
    """Rows of (name, title, place) or None, and arrows (from, to, label)."""
    rows, arrows = [], []
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            kind, _, rest = line.strip().partition(" ")
            if kind == "row":
                boxes = [box.partition("=") for box in rest.split("|")]
                rows.append([(name.strip(), *(word.strip() for word in text.split(";"))) if text else None
                             for name, _, text in boxes])
            elif kind == "arrow":
                ends, _, label = rest.partition(":")
                arrows.append((*(end.strip() for end in ends.split("->")), label.strip()))
            elif kind and not kind.startswith("#"):
                raise SystemExit("%s:%d: neither a row nor an arrow" % (path, number))
    return rows, arrows


def places(rows):
    """The middle of each box; those of a row share its width."""
    middle = {}
    for y, row in enumerate(rows):
        for x, box in enumerate(row):
            if box:
                middle[box[0]] = WIDTH * (2 * x + 1) / (2 * len(row)), MARGIN + HEIGHT / 2 + y * ROW
    return middle


def edge(a, b):
    """Where the line from the middle a to the middle b leaves the box around a."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    part = min(BOX / 2 / abs(dx) if dx else 9, HEIGHT / 2 / abs(dy) if dy else 9)
    return a[0] + dx * part, a[1] + dy * part


def text(x, y, words, size, colour):
    shown = xml.sax.saxutils.escape(words)
    return ('<text x="%.0f" y="%.0f" font-size="%d" fill="%s" text-anchor="middle">%s</text>' %
            (x, y, size, colour, shown))


def picture(rows, arrows):
    middle = places(rows)
    height = 2 * MARGIN + HEIGHT + (len(rows) - 1) * ROW
    yield '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif">' % (WIDTH, height)
    yield "<!-- SPDX-License-Identifier: GPL-2.0-or-later. Made by scripts/architecture.py; do not edit. -->"
    yield ('<defs><marker id="a" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
           '<path d="M0,0L8,4L0,8z" fill="#666"/></marker></defs>')
    yield '<rect x="0" y="0" width="%d" height="%d" fill="#fff" stroke="none"/>' % (WIDTH, height)
    for a, b, label in arrows:
        (x1, y1), (x2, y2) = edge(middle[a], middle[b]), edge(middle[b], middle[a])
        x, y, half = (x1 + x2) / 2, (y1 + y2) / 2, 3.2 * len(label)
        yield '<path d="M%.0f,%.0fL%.0f,%.0f" stroke="#666" marker-end="url(#a)"/>' % (x1, y1, x2, y2)
        box = (x - half, y - 7, 2 * half)
        yield '<rect x="%.0f" y="%.0f" width="%.0f" height="14" fill="#fff" stroke="none"/>' % box
        yield text(x, y + 4, label, 11, "#822")
    for name, title, place in (box for row in rows for box in row if box):
        x, y = middle[name]
        yield '<rect x="%.0f" y="%.0f" width="%d" height="%d" rx="5" fill="#eef3fa" stroke="#456"/>' % (
            x - BOX / 2, y - HEIGHT / 2, BOX, HEIGHT)
        yield text(x, y - 4, title, 14, "#000")
        yield text(x, y + 14, place, 12, "#456")
    yield "</svg>"


def main():
    svg = "\n".join(picture(*read(os.path.join(DOCS, "architecture.txt")))) + "\n"
    if sys.argv[1:] == ["--print"]:
        sys.stdout.write(svg)
    else:
        with open(os.path.join(DOCS, "architecture.svg"), "w", encoding="utf-8") as file:
            file.write(svg)


if __name__ == "__main__":
    main()
