"""Data Docs: the pages on which a steward reads what was checked and what was found.

Belongs here: the pages and their look. Does not belong here: validating, and the published figures (marts).

A page is Great Expectations' own rendering of a validation, below a table of ours with names, severities
and plain words. Great Expectations' page around it loads 16 files from content networks and a tracking
image, and is unstyled text without them; only its sections are taken, and the shell, the style sheet and
the script are ours (`static/`), so that the site works from a disk without a network. One page per table,
overwritten by each run: links to it stay good.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any

from expectations.suites import LAYERS, Suite

_STATIC = Path(__file__).resolve().parent / "static"
_STATE = "summary.json"
# Whatever would be fetched: scripts, frames, style sheets, images.
_FETCHED = re.compile(
    r"<(script|iframe|object)\b.*?</\1>|<(?:link|img|script|iframe|embed|source)\b[^>]*>",
    re.DOTALL | re.IGNORECASE,
)
# Great Expectations' links lead to its own layout of files, which this site does not have.
_OWN_LINK = re.compile(r'<a href="\.\./[^"]*"[^>]*>(.*?)</a>', re.DOTALL)


def build_data_docs(
    site: Path,
    outcomes: Sequence[tuple[Suite, Sequence[Any], Sequence[Any]]],
    checked_at: datetime,
) -> None:
    """Write one page per suite and the index.

    The layers of the given suites are replaced as a whole; pages of other layers stay as they are.

    Args:
        site: folder of the site; made when absent. `index.html` is its entry.
        outcomes: for each suite its `CheckResult`s and Great Expectations' validation results, in the same
            order.
        checked_at: when the checks ran, with a zone.
    """
    (site / "static").mkdir(parents=True, exist_ok=True)
    for file in _STATIC.iterdir():
        shutil.copyfile(file, site / "static" / file.name)
    summary = _read_summary(site)
    moment = checked_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    by_layer: dict[str, list[tuple[Suite, Sequence[Any], Sequence[Any]]]] = {}
    for outcome in outcomes:
        by_layer.setdefault(outcome[0].layer, []).append(outcome)
    for layer, members in by_layer.items():
        pages = {f"{suite.asset}.html": _page(suite, results, answers, moment) for suite, results, answers in members}
        folder = site / layer
        folder.mkdir(exist_ok=True)
        for name, text in pages.items():
            (folder / name).write_text(text, encoding="utf-8")
        for stale in folder.glob("*.html"):
            if stale.name not in pages:
                stale.unlink()
        summary[layer] = {
            "checked_at": moment,
            "assets": [_summary_of(suite, results) for suite, results, _ in members],
        }
    (site / "index.html").write_text(_index(summary), encoding="utf-8")
    (site / _STATE).write_text(json.dumps(summary, indent=1), encoding="utf-8")


def _read_summary(site: Path) -> dict[str, Any]:
    try:
        summary = json.loads((site / _STATE).read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return {}  # a site that was cut off while it was written is written anew
    return summary if isinstance(summary, dict) else {}


def _summary_of(suite: Suite, results: Sequence[Any]) -> dict[str, Any]:
    failed = [result for result in results if not result.success]
    return {
        "asset": suite.asset,
        "checks": len(results),
        "failed_critical": sum(result.severity == "critical" for result in failed),
        "failed_other": sum(result.severity != "critical" for result in failed),
    }


def _shell(title: str, body: str, root: str) -> str:
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="UTF-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title>"
        f'<link rel="icon" href="data:,"><link rel="stylesheet" href="{root}static/style.css">'
        f"</head><body>{body}<footer>Rendered by Great Expectations; no request leaves this page.</footer>"
        f'<script src="{root}static/script.js"></script></body></html>\n'
    )


def _status(failed_critical: int, failed_other: int) -> str:
    if failed_critical:
        return '<span class="failed">✗ failed</span>'
    if failed_other:
        return '<span class="warned">⚠ warnings</span>'
    return '<span class="passed">✓ passed</span>'


def _index(summary: dict[str, Any]) -> str:
    parts = ["<header><h1>Data Docs</h1><p class='soft'>What was checked at the edge of every layer.</p></header>"]
    parts.append("<p><label><input type='checkbox' id='only-failed'> Failed only</label></p>")
    for layer in [name for name in LAYERS if name in summary]:
        assets = summary[layer]["assets"]
        checks = sum(a["checks"] for a in assets)
        failed = sum(a["failed_critical"] + a["failed_other"] for a in assets)
        parts.append(
            f"<h2>{layer}</h2><p class='soft'>{checks - failed} of {checks} checks passed, "
            f"{summary[layer]['checked_at']}</p><table><thead><tr><th>Table</th><th>Status</th><th>Checks</th>"
            "<th>Failed, critical</th><th>Failed, other</th></tr></thead><tbody>"
        )
        for a in assets:
            passed = not (a["failed_critical"] or a["failed_other"])
            parts.append(
                f"<tr{' class=is-passed' if passed else ''}>"
                f"<td><a href='{layer}/{escape(a['asset'])}.html'>{escape(a['asset'])}</a></td>"
                f"<td>{_status(a['failed_critical'], a['failed_other'])}</td><td>{a['checks']}</td>"
                f"<td>{a['failed_critical']}</td><td>{a['failed_other']}</td></tr>"
            )
        parts.append("</tbody></table>")
    return _shell("Data Docs", "".join(parts), "")


def _page(suite: Suite, results: Sequence[Any], answers: Sequence[Any], moment: str) -> str:
    summary = _summary_of(suite, results)
    rows = "".join(
        f"<tr{' class=is-passed' if result.success else ''}>"
        f"<td>{_status(not result.success and result.severity == 'critical', not result.success)}</td>"
        f"<td><code>{escape(result.expectation)}</code></td><td>{escape(result.column_name or '')}</td>"
        f"<td><span class='badge'>{result.severity}</span></td><td>{escape(result.description)}</td>"
        f"<td>{escape(result.observed_value)}</td>"
        f"<td>{'<br>'.join(f'<code>{escape(value)}</code>' for value in result.sample)}</td></tr>"
        for result in results
    )
    body = (
        f"<header><nav><a href='../index.html'>Data Docs</a> / {suite.layer}</nav>"
        f"<h1>{escape(suite.asset)}</h1>"
        f"<p>{_status(summary['failed_critical'], summary['failed_other'])} "
        f"<span class='soft'>{summary['checks']} checks, {moment}</span></p></header>"
        "<p><label><input type='checkbox' id='only-failed'> Failed only</label></p>"
        "<table><thead><tr><th>Status</th><th>Check</th><th>Column</th><th>Severity</th><th>Rule</th>"
        f"<th>Observed</th><th>Examples</th></tr></thead><tbody>{rows}</tbody></table>"
        f"<details><summary>As Great Expectations reports it</summary>{_sections(suite, answers)}</details>"
    )
    return _shell(suite.asset, body, "../")


@lru_cache(maxsize=1)
def _renderers() -> tuple[Any, Any]:
    """Made once: each new view compiles all templates again, which takes longer than the page."""
    from great_expectations.render.renderer import ValidationResultsPageRenderer
    from great_expectations.render.view import DefaultJinjaSectionView

    return ValidationResultsPageRenderer(run_info_at_end=True), DefaultJinjaSectionView()


def _sections(suite: Suite, answers: Sequence[Any]) -> str:
    from great_expectations.core import ExpectationSuiteValidationResult

    renderer, view = _renderers()
    passed = sum(bool(answer.success) for answer in answers)
    validation = ExpectationSuiteValidationResult(
        success=passed == len(answers),
        results=list(answers),
        suite_name=suite.name,
        statistics={
            "evaluated_expectations": len(answers),
            "successful_expectations": passed,
            "unsuccessful_expectations": len(answers) - passed,
            "success_percent": 100 * passed / len(answers) if answers else None,
        },
        meta={"batch_spec": {"data_asset_name": suite.asset}},
    )
    document = renderer.render(validation).to_json_dict()
    # The last section is about Great Expectations' run, which is ours and stands in the header.
    html = "".join(
        view.render({"section": section, "section_loop": {"index": index}})
        for index, section in enumerate(document["sections"][:-1], start=1)
    )
    return _OWN_LINK.sub(r"\1", _FETCHED.sub("", html))
