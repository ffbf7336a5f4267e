"""The side-by-side measurements: ``python -m benchmarks [NAME ...]``.

figures.py     what a run cost, medians, ratios, spreads: pure arithmetic
comparison.py  two sides, their commands, what both must find, and the goal
running.py     runs one command and measures it; runs a comparison in alternating pairs
inputs.py      source distributions and small projects that the sides work on
launching.py   runs one command, for running.py
findings.py    what each side has found, in the same words
environments.py  environments with this plugin and without
rows.py        the comparisons, in the order of the table
static_rows.py  those of the static scan; contract_rows.py, those with schemathesis's own command
table.py       the table, on the terminal and in RESULTS.md
scanning.py    our static scan as a program; judging.py, the judge and the JSON report
observing.py   what it costs to be observed, as a program: observers.py, by whom; applications.py, what is asked
keeping.py     what is kept of many requests, as a program
flakes.py      how often the latency gate is red by chance: a program by itself, with a table of its own, FLAKES.md
asking.py      ``st run`` against a server, as a program; served.py, what is served
"""
