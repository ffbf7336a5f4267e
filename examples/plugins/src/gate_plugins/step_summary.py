"""A renderer: the verdict as a table, for the summary of a job in GitHub Actions.

pytest --backend-gates --backend-gates-report "step-summary:$GITHUB_STEP_SUMMARY"
"""

from html import escape

from pytest_backend_gates import Outcome, Renderer, SessionReport, Verdict


def render(report: SessionReport, /) -> str:
    """Return *report* as a table in Markdown, a row a threshold."""
    lines = [f"## Backend gates: {report.outcome}", ""]
    rows = [row for gate in report.gates for row in gate.rows]
    if rows:
        lines += ["| | threshold | outcome | why |", "|---|---|---|---|"]
    for row in rows:
        lines.append(f"| {_mark(row)} | `{row.threshold.text}` | {row.outcome} | {_cell(row.reason)} |")
    lines += [f"- {_cell(note)}" for note in report.notes]
    return "\n".join(lines) + "\n"


def _mark(row: Verdict) -> str:
    """Green means measured: what was skipped is neither."""
    if row.red:
        return "❌"
    return "✅" if row.outcome is Outcome.PASSED else "⚪"


def _cell(text: str) -> str:
    """Let nothing in a name or a message end the cell, or be read as HTML."""
    return escape(text).replace("|", "&#124;").replace("\n", " ")


def pytest_backend_gates_renderers() -> dict[str, Renderer]:
    """Add the format."""
    return {"step-summary": render}
