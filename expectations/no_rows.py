"""The one expectation class of our own: `expect_no_rows`.

Belongs here: classes that Great Expectations lacks. Does not belong here: rules, which stand in the suites.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, ClassVar


@lru_cache(maxsize=1)
def register() -> type[Any]:
    """Define and register `expect_no_rows`; Great Expectations is imported here, which takes seconds.

    It is Great Expectations' `UnexpectedRowsExpectation` with one difference. The original runs its query
    twice, to count and to fetch, and on DuckDB it fetches every row that was found before it keeps 200.
    This one counts; the runner asks for a handful of rows of what failed.
    """
    from great_expectations.expectations import UnexpectedRowsExpectation

    class ExpectNoRows(UnexpectedRowsExpectation):
        """The query selects no row."""

        metric_dependencies: ClassVar[tuple[str, ...]] = ("unexpected_rows_query.row_count",)

        def _validate(
            self, metrics: dict[str, Any], runtime_configuration: Any = None, execution_engine: Any = None
        ) -> dict[str, Any]:
            count = int(metrics["unexpected_rows_query.row_count"])
            return {"success": count == 0, "result": {"observed_value": count}}

    return ExpectNoRows
