"""Running suites against the warehouse, pushed down to DuckDB.

Belongs here: how suites become Great Expectations' suites, how they are validated, and what is kept of the
outcome. Does not belong here: the rules (`suites`), the dialect (`duckdb_dialect`), pages (`data_docs`),
storage (`results`).

How it is made fast, and stays honest: every check is an expectation that Great Expectations validates by a
query of its own making. What is left out is its bookkeeping: no stores, no files, no rendering, one
connection for all tables. Rules that hold for every row are asked for a yes or no first, and only those
that failed for counts and examples: the query for examples would read a big table a second time to find
nothing.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from expectations.suites import Expectation, Suite

SAMPLE_SIZE = 5
_TEXT_LIMIT = 300
_YES_OR_NO = {"result_format": "BOOLEAN_ONLY"}
_DETAILED = {"result_format": "SUMMARY", "partial_unexpected_count": SAMPLE_SIZE}


@dataclass(frozen=True)
class CheckResult:
    """The outcome of one expectation.

    Attributes:
        layer: `raw`, `staging` or `marts`.
        asset: `schema.table`.
        expectation: name of the check, unique in the asset.
        column_name: the column it is about, or None.
        severity: `critical`, `warning` or `info`.
        success: whether it holds; an error inside a check is a failure.
        observed_value: what was found, as short text without values of single rows; of an error, its first
            line.
        unexpected_count: rows that break the rule; None where the rule is not about rows, and for an error.
        unexpected_percent: their share of the rows looked at, 0 to 100; None where unknown.
        description: the rule in words.
        sample: up to five distinct unexpected values or rows as text; personal ones are masked.
    """

    layer: str
    asset: str
    expectation: str
    column_name: str | None
    severity: str
    success: bool
    observed_value: str
    unexpected_count: int | None
    unexpected_percent: float | None
    description: str
    sample: tuple[str, ...] = ()


def run_suites(
    warehouse: Path,
    suites: Iterable[Suite],
    *,
    data_docs: Path | None = None,
    memory_limit: str | None = None,
    threads: int | None = None,
) -> list[CheckResult]:
    """Validate suites and return one result per expectation, in the order of the suites.

    The warehouse is opened read-only and released at the end; no other connection of this process may be
    open to it with another configuration.

    Args:
        warehouse: the DuckDB file.
        suites: what to validate; an asset that does not exist fails each of its checks.
        data_docs: folder of the Data Docs site to update; None leaves it alone.
        memory_limit: DuckDB memory limit such as `8GB`; None means DuckDB's own.
        threads: DuckDB threads; None means one per core.

    Raises:
        FileNotFoundError: there is no warehouse.
        ConnectionError: it cannot be opened, mostly because somebody writes to it.
    """
    suites = list(suites)
    if not warehouse.exists():
        raise FileNotFoundError(f"There is no warehouse at {warehouse}; load the extracts first.")
    if not suites:
        return []
    # Imported late: Great Expectations takes 4-5 seconds.
    from expectations.duckdb_dialect import datasource
    from expectations.no_rows import register

    register()
    checked_at = datetime.now(UTC)
    outcomes: list[tuple[Suite, list[CheckResult], list[Any]]] = []
    with _context() as context:
        names = [suite.asset for suite in suites]
        with datasource(context, warehouse, names, memory_limit=memory_limit, threads=threads) as source:
            for suite in suites:
                validations = _validate(source, suite)
                results = [_result(suite, e, validations[e.name]) for e in suite.expectations]
                outcomes.append((suite, results, list(validations.values())))
    if data_docs is not None:
        from expectations.data_docs import build_data_docs

        build_data_docs(data_docs, outcomes, checked_at)
    return [result for _, results, _ in outcomes for result in results]


@contextmanager
def _context() -> Iterator[Any]:
    import great_expectations as gx
    from great_expectations.data_context.types.base import DataContextConfig, InMemoryStoreBackendDefaults

    # Its logger repeats, with a stack trace, each failure that becomes a result anyway.
    logger = logging.getLogger("great_expectations")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        # The default configuration makes a folder for pages in /tmp each time, and leaves it there.
        stores = InMemoryStoreBackendDefaults(init_temp_docs_sites=False)
        config = DataContextConfig(store_backend_defaults=stores)
        context: Any = gx.get_context(mode="ephemeral", project_config=config)
        context.variables.progress_bars = {"globally": False}
        context.variables.analytics_enabled = False
        yield context
    finally:
        logger.setLevel(level)


def _validate(source: Any, suite: Suite) -> dict[str, Any]:
    """Great Expectations' own results, by name of the check."""
    import great_expectations as gx
    from great_expectations.validator.v1_validator import Validator

    batch = source.get_asset(suite.asset).get_batch_definition("all")
    validator: Any = Validator(batch_definition=batch)
    answers: dict[str, Any] = {}
    understood: dict[str, Any] = {}
    for expectation in suite.expectations:
        try:
            understood[expectation.name] = _configuration(expectation).to_domain_obj()
        except Exception as error:  # an unknown type or argument: this check fails, the others run
            reason = ValueError(" ".join(str(error).split()))
            answers[expectation.name] = _failure(expectation, reason)

    def ask(expectations: Iterable[Expectation], result_format: dict[str, Any]) -> None:
        asked = [e for e in expectations if e.name in understood]
        if not asked:
            return
        validator.result_format = result_format
        unanswered: Exception = RuntimeError("Great Expectations returned no result for this check")
        found = {}
        try:
            gx_suite = gx.ExpectationSuite(name=suite.name, expectations=[understood[e.name] for e in asked])
            for answer in validator.validate_expectation_suite(gx_suite).results:
                found[answer.expectation_config.meta["check"]] = answer
        except Exception as error:  # the batch itself cannot be made
            unanswered = error
        # What was not answered was not checked, and does not pass.
        answers.update({e.name: found.get(e.name) or _failure(e, unanswered) for e in asked})

    strict = [e for e in suite.expectations if _holds_for_every_row(understood.get(e.name))]
    ask(strict, _YES_OR_NO)
    ask([e for e in suite.expectations if e not in strict], _DETAILED)
    ask([e for e in strict if not answers[e.name].success and not _error_of(answers[e.name])], _DETAILED)
    for expectation in strict:
        if answers[expectation.name].success:  # a yes leaves no unexpected row
            answers[expectation.name].result = {"unexpected_count": 0, "unexpected_percent": 0.0}
    for expectation in suite.expectations:
        answer = answers[expectation.name]
        if message := _error_of(answer):
            # Without its stack trace, which may quote values.
            answers[expectation.name] = _failure(expectation, RuntimeError(message))
        elif expectation.type == "expect_no_rows" and not answer.success:
            answer.result["details"] = {"unexpected_rows": _rows(validator, expectation)}
        elif expectation.personal:
            _mask(answer)
    return {e.name: answers[e.name] for e in suite.expectations}


def _configuration(expectation: Expectation) -> Any:
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    configuration: Any = ExpectationConfiguration
    return configuration(
        type=expectation.type,
        kwargs=dict(expectation.kwargs),
        meta={"check": expectation.name},
        severity=expectation.severity,
    )


def _holds_for_every_row(expectation: Any) -> bool:
    """Whether a pass means that not one row is unexpected, so that there is nothing to count."""
    from great_expectations.expectations import expectation as gx

    row_wise = (gx.ColumnMapExpectation, gx.ColumnPairMapExpectation, gx.MulticolumnMapExpectation)
    return isinstance(expectation, row_wise) and expectation.mostly == 1


def _rows(validator: Any, expectation: Expectation) -> list[str]:
    """A few of the rows that `expect_no_rows` found, as text."""
    from great_expectations.expectations import UnexpectedRowsExpectation

    query = expectation.kwargs["unexpected_rows_query"].strip().rstrip(";")
    validator.result_format = {"result_format": "COMPLETE"}
    answer = validator.validate_expectation(
        UnexpectedRowsExpectation(unexpected_rows_query=f"select * from (\n{query}\n) limit {SAMPLE_SIZE}")
    )
    rows = (answer.result or {}).get("details", {}).get("unexpected_rows", [])
    show = _shape if expectation.personal else str
    return [", ".join(f"{column}={show(value)}" for column, value in row.items()) for row in rows]


def _failure(expectation: Expectation, error: Exception) -> Any:
    from great_expectations.core import ExpectationValidationResult

    return ExpectationValidationResult(
        success=False,
        expectation_config=_configuration(expectation),
        exception_info={
            "raised_exception": True,
            "exception_message": str(error),
            "exception_traceback": "Stack traces are not kept: they may quote personal data.",
        },
    )


def _result(suite: Suite, expectation: Expectation, answer: Any) -> CheckResult:
    error = _error_of(answer)
    details = {} if error else dict(answer.result or {})
    count = details.get("unexpected_count")
    percent = details.get("unexpected_percent")
    if error:
        observed = f"error: {error}"
    elif expectation.type == "expect_no_rows":
        count = int(details["observed_value"])
        details["partial_unexpected_list"] = details.get("details", {}).get("unexpected_rows")
        observed = f"{count} row{'' if count == 1 else 's'}"
    elif "observed_value" in details:
        observed = str(details["observed_value"])
    elif count is not None and "element_count" in details:
        observed = f"{count} of {details['element_count']} unexpected"
    else:
        observed = f"{count or 0} unexpected"
    unexpected = details.get("partial_unexpected_list") or []
    sample = list(dict.fromkeys(str(value)[:_TEXT_LIMIT] for value in unexpected if value is not None))
    return CheckResult(
        layer=suite.layer,
        asset=suite.asset,
        expectation=expectation.name,
        column_name=expectation.column,
        severity=expectation.severity,
        success=bool(answer.success) and not error,
        observed_value=observed[:_TEXT_LIMIT],
        unexpected_count=None if count is None else int(count),
        unexpected_percent=None if percent is None else round(float(percent), 6),
        description=expectation.description,
        sample=tuple(sample[:SAMPLE_SIZE]),
    )


def _error_of(answer: Any) -> str | None:
    """The first line of the error inside a check, without quoted values: they may be personal data."""
    info = answer.exception_info or {}
    # Great Expectations keeps one entry for the check, or one for each metric that failed.
    entries = [info] if "raised_exception" in info else list(info.values())
    for entry in entries:
        entry = entry if isinstance(entry, dict) else vars(entry)
        message = str(entry.get("exception_message") or "").strip()
        if entry.get("raised_exception") or message:
            lines = message.splitlines() or ["unknown error"]
            return re.sub(r"'[^']*'", "'…'", re.sub(r"^(\(_duckdb\.\w+\)|Error:) ", "", lines[0]))
    return None


def _mask(answer: Any) -> None:
    """Replace unexpected values by their shape: letters by x, digits by 9."""
    details = answer.result or {}
    for key in ("partial_unexpected_list", "unexpected_list"):
        if key in details:
            details[key] = [_shape(value) for value in details[key]]
    for entry in details.get("partial_unexpected_counts", []):
        if "value" in entry:
            entry["value"] = _shape(entry["value"])


def _shape(value: Any) -> Any:
    if value is None:
        return None
    return re.sub(r"\d", "9", re.sub(r"[^\W\d_]", "x", str(value)))
