#!/usr/bin/python3
"""plot.py: draws var/bench.json into doc/performance-rate.svg and doc/performance-cpu.svg, and prints its tables as text for
doc/performance.md."""

import json
import pathlib

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams.update({"svg.hashsalt": "postern", "font.size": 9, "svg.fonttype": "none"})
import matplotlib.pyplot as plt  # noqa: E402

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
SERIES = [(None, "Postfix, in clear", "#9aa5b1"), ("rsa2048", "Postern, RSA-2048", "#2f6db5"), ("p256", "Postern, P-256", "#1d9a6c")]
ROLES = [("gate", "#2f6db5"), ("core", "#1d9a6c"), ("scribe", "#d98324"), ("vault", "#8e5bb5"), ("keygen", "#c94f5d"),
         ("parent", "#666666"), ("all", "#9aa5b1")]


def case_of(row):
    return f"{row['size_bytes'] // 1024} KiB\n{row['sessions']} sessions\n{row['correspondents'].replace(', ', chr(10))}"


def rates(rows):
    cases = list(dict.fromkeys(map(case_of, rows)))
    figure, axes = plt.subplots(figsize=(9, 3.6))
    for at, (key, label, colour) in enumerate(SERIES):
        mine = {case_of(r): r for r in rows if r["key"] == key}
        bars = axes.bar([i + (at - 1) * 0.28 for i in range(len(cases))], [mine[c]["msgs_per_s"] for c in cases], 0.26,
                        label=label, color=colour)
        if key:
            axes.bar_label(bars, [f"{mine[c]['ratio_to_postfix']:.1f} x" for c in cases], fontsize=7)
    axes.set_xticks(range(len(cases)), cases, fontsize=7)
    axes.set_ylabel("messages/s")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(TOP / "doc/performance-rate.svg", metadata={"Date": None})


def budget(rows):
    known = [r for r in rows if r["correspondents"] == "known"]
    names = [f"{dict((k, n) for k, n, _ in SERIES)[r['key']]}\n{r['size_bytes'] // 1024} KiB, {r['sessions']} sessions"
             for r in known]
    figure, axes = plt.subplots(figsize=(9, 4.2))
    left = [0.0] * len(known)
    for role, colour in ROLES:
        width = [r["cpu_ms_by_role"].get(role, 0) for r in known]
        axes.barh(range(len(known)), width, left=left, color=colour, label="Postfix" if role == "all" else role)
        left = [a + b for a, b in zip(left, width)]
    axes.set_yticks(range(len(known)), names, fontsize=7)
    axes.invert_yaxis()
    axes.set_xlabel("CPU ms a message, all processes")
    axes.legend(frameon=False, ncols=4)
    axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(TOP / "doc/performance-cpu.svg", metadata={"Date": None})


def table(rows):
    print("| | size | sessions | correspondents | messages/s | CPU ms | x Postfix |")
    print("|---|---|---|---|---|---|---|")
    for r in rows:
        print(f"| {dict((k, n) for k, n, _ in SERIES)[r['key']]} | {r['size_bytes'] // 1024} KiB | {r['sessions']} | "
              f"{r['correspondents']} | {r['msgs_per_s']:.0f} | {r['cpu_ms_per_msg']:.2f} | {r['ratio_to_postfix']:.2f} |")


def main():
    rows = [r for r in json.loads((TOP / "var/bench.json").read_text()) if "msgs_per_s" in r]
    (TOP / "doc").mkdir(exist_ok=True)
    rates(rows)
    budget(rows)
    table(rows)


if __name__ == "__main__":
    main()
