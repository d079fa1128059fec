"""The results as a table to read and as the panels of a plot."""
import sys

import plot

KINDS = (("wall_ms", "time, ms"), ("cpu_ms", "processor, ms"), ("faults", "page faults"))
COUNTS = {"calls": "system calls", "forks": "forks", "execs": "execs", "rss_run_kb": "RSS run, kB",
          "rss_create_kb": "RSS create, kB", "rss_exec_kb": "RSS exec, kB",
          "rss_state_kb": "RSS state, kB", "size_kb": "program, kB"}


def ratio(row, runtime, reference):
    return row[runtime] / row[reference] if runtime in row and row.get(reference) else None


def ratios(rows, reference):
    """{label: {runtime: value divided by the reference's}}, where both are known."""
    return {label: {runtime: ratio(row, runtime, reference) for runtime in row}
            for label, row in rows.items() if row.get(reference)}


def blocks(result):
    """[(title, {label: {runtime: value}})], each in the order of what is measured."""
    made = [(title, {operation: {runtime: values[key] for runtime, values in row.items()}
                     for operation, row in result["operations"].items()}) for key, title in KINDS]
    counts = result["counts"].items()
    counted = {label: {runtime: found[key] for runtime, found in counts if key in found}
               for key, label in COUNTS.items()}
    made.append(("of one call", {label: row for label, row in counted.items() if row}))
    grown = {}
    for chart, rows in result["growth_ms"].items():
        verb, _, kind = chart.partition(", ")
        for size in sorted({size for sizes in rows.values() for size in sizes}):
            grown[f"{verb}, {size} {kind}"] = {
                runtime: sizes[size] for runtime, sizes in rows.items() if size in sizes}
    made.append(("growth, ms", grown))
    return [(title, rows) for title, rows in made if rows]


def fewer(result):
    """What was measured fewer times than the rest of its chart, as it took too long; by runtime."""
    for runtime in result["runtimes"]:
        found = []
        for chart, rows in result["growth_rounds"].items():
            usual = max(count for sizes in rows.values() for count in sizes.values())
            found += [f"{chart} {size}: {count} of {usual}"
                      for size, count in rows.get(runtime, {}).items() if count < usual]
        if found:
            yield f"{runtime}: " + "; ".join(found)


def show(result):
    reference, runtimes = result["reference"], list(result["runtimes"])
    print(f"Medians of {result['rounds']} rounds, {result['date']}, Linux {result['kernel']}, "
          f"{result['processors']} processors; behind each its ratio to {reference}'s.")
    for title, rows in blocks(result):
        print(f"\n{title:24}" + "".join(f"{runtime:>17}" for runtime in runtimes))
        for label, row in rows.items():
            cells = [cell(row, runtime, reference) for runtime in runtimes]
            print(f"{label:24}" + "".join(cells).rstrip())
    for line in fewer(result):
        print("fewer rounds: " + line)
    for what, text in result["failures"].items():
        print(f"failed: {what}: {text}", file=sys.stderr)


def cell(row, runtime, reference):
    if runtime not in row:
        return f"{'-':>11}{'':6}"
    compared, value = ratio(row, runtime, reference), row[runtime]
    number = f"{value:.2f}" if isinstance(value, float) and value < 1000 else f"{value:.0f}"
    return f"{number:>11}" + (f"{compared:6.2f}" if compared is not None else f"{'-':>6}")


def draw(result):
    reference = result["reference"]
    known = dict(blocks(result))
    bare = lambda rows: {label.partition(",")[0]: row for label, row in rows.items()}
    panels = [("bars", f"{title}, ratio to {reference}: less is better",
               ratios(bare(known[key]), reference))
              for key, title in (("time, ms", "time"), ("processor, ms", "processor time"),
                                 ("of one call", "of one call")) if key in known]
    panels += [("lines", f"{chart} (ms)", rows) for chart, rows in result["growth_ms"].items()]
    heading = f"OCI runtimes, {result['date']}, Linux {result['kernel']}"
    return plot.svg(heading, list(result["runtimes"]), [panel for panel in panels if panel[2]])
