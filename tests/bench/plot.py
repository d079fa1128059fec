"""The results as one SVG: bars for the commands, a line chart for each direction of growth."""
from xml.sax.saxutils import escape

COLOURS = ("#1b6ca8", "#d1495b", "#edae49", "#3a7d44", "#6c4f9c", "#555555")
WIDTH, PANEL, LEFT, TOP, CHART = 900, 260, 70, 56, 170


def text(x, y, content, anchor="start", size=12, weight="normal"):
    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" '
            f'font-weight="{weight}">{escape(str(content))}</text>')


def line(x1, y1, x2, y2, colour="#cccccc", width=1):
    return (f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" '
            f'stroke-width="{width}"/>')


def scale(top, highest):
    """The grid of a chart from 0 to a round number: its lines, and a value's place."""
    step = 10 ** (len(str(int(highest * 1000))) - 1) / 1000
    step = next(s for s in (step / 5, step / 2, step, step * 2, step * 5) if highest / s <= 6)
    limit = (int(highest / step) + 1) * step
    place = lambda value: top + CHART - value / limit * CHART
    grid, value = [], 0
    while value <= limit * 1.001:
        grid += [line(LEFT, place(value), WIDTH - 20, place(value)),
                 text(LEFT - 6, place(value) + 4, f"{value:g}", "end", 11)]
        value += step
    return grid, place


def bars(top, title, table, runtimes):
    """table: {label: {runtime: number}}"""
    grid, place = scale(top, max(max(row.values()) for row in table.values()))
    parts = [text(LEFT, top - 12, title, weight="bold")] + grid
    group = (WIDTH - LEFT - 20) / len(table)
    wide = group * 0.8 / len(runtimes)
    for n, (label, row) in enumerate(table.items()):
        for m, runtime in enumerate(runtimes):
            if runtime not in row:
                continue
            x, y = LEFT + n * group + group * 0.1 + m * wide, place(row[runtime])
            parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{wide * 0.92:.1f}" '
                         f'height="{top + CHART - y:.1f}" fill="{COLOURS[m % 6]}"/>')
        parts.append(text(LEFT + (n + 0.5) * group, top + CHART + 16, label, "middle"))
    return parts


def lines(top, title, series, runtimes):
    """series: {runtime: {size: number}}; sizes stand side by side, however far apart."""
    sizes = sorted({size for row in series.values() for size in row})
    grid, place = scale(top, max(max(row.values()) for row in series.values() if row))
    across = lambda size: LEFT + 30 + sizes.index(size) * (WIDTH - LEFT - 80) / max(
        1, len(sizes) - 1)
    parts = [text(LEFT, top - 12, title, weight="bold")] + grid
    parts += [text(across(size), top + CHART + 16, size, "middle") for size in sizes]
    for m, runtime in enumerate(runtimes):
        points = [(across(s), place(v)) for s, v in sorted(series.get(runtime, {}).items())]
        colour = COLOURS[m % 6]
        parts += [line(*a, *b, colour, 2) for a, b in zip(points, points[1:])]
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points]
    return parts


def svg(heading, runtimes, panels):
    """panels: ("bars" or "lines", title, data)."""
    height = TOP + 40 + PANEL * len(panels)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
             f'viewBox="0 0 {WIDTH} {height}" font-family="sans-serif">',
             f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
             text(20, 24, heading, size=14, weight="bold")]
    for m, runtime in enumerate(runtimes):
        parts += [f'<rect x="{20 + m * 130}" y="36" width="12" height="12" '
                  f'fill="{COLOURS[m % 6]}"/>', text(38 + m * 130, 47, runtime)]
    for n, (kind, title, data) in enumerate(panels):
        draw = bars if kind == "bars" else lines
        parts += draw(TOP + 40 + n * PANEL, title, data, runtimes)
    return "\n".join(parts + ["</svg>", ""])
