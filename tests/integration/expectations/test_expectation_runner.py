"""Validation through Great Expectations: what passes, what fails, what is said, and what is left behind."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from expectations.runner import CheckResult, run_suites
from expectations.suites import Expectation, Suite


def expect(name: str, kind: str, column: str | None = None, **more: Any) -> Expectation:
    options = {key: more.pop(key) for key in ("severity", "personal") if key in more}
    kwargs = {"column": column, **more} if column and kind.startswith("expect_column_") else more
    return Expectation(
        name=name,
        type=kind,
        kwargs=kwargs,
        severity=options.get("severity", "critical"),
        description=f"Rule {name}.",
        column=column,
        personal=options.get("personal", False),
    )


def suite_of(asset: str, *expectations: Expectation) -> Suite:
    return Suite(asset, asset.split(".")[0], asset, expectations)


FILLED = expect("email_is_filled", "expect_column_values_to_not_be_null", "email")


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # A path that would be misread as part of a URL.
    file = tmp_path_factory.mktemp("home #1") / "ware?house%20.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute(
            """
            create schema raw;
            create schema staging;
            create table raw.people as
            from (values
                ('ann@example.com', 1.5, 'EUR', true, false, timestamp '2024-01-01 10:00:00'),
                ('not an address 12', -1, 'eur', true, true, timestamp '2024-01-02 10:00:00'),
                (null, 3, 'USD', false, false, timestamp '2024-01-03 10:00:00')
            ) as _ (email, amount, currency, is_won, "at", seen_at);
            create view staging.people as select * from raw.people where amount > 0;
            create table raw.nobody as select * from raw.people where false;
            """
        )
    return file


def outcome(warehouse: Path, suite: Suite) -> dict[str, CheckResult]:
    results = run_suites(warehouse, [suite])
    assert [r.expectation for r in results] == [e.name for e in suite.expectations]
    return {r.expectation: r for r in results}


def test_failures_are_counted_and_shown(warehouse: Path) -> None:
    found = outcome(
        warehouse,
        suite_of(
            "raw.people",
            FILLED,
            expect("amount", "expect_column_values_to_be_between", "amount", min_value=0, severity="warning"),
            expect("currency", "expect_column_values_to_be_in_set", "currency", value_set=["EUR", "USD"]),
            expect(
                "rows",
                "expect_no_rows",
                unexpected_rows_query="select currency from {batch} where is_won order by 1",
            ),
            expect("rows_in_table", "expect_table_row_count_to_be_between", min_value=4),
        ),
    )
    assert not any(r.success for r in found.values())
    assert found["email_is_filled"] == CheckResult(
        layer="raw",
        asset="raw.people",
        expectation="email_is_filled",
        column_name="email",
        severity="critical",
        success=False,
        observed_value="1 of 3 unexpected",
        unexpected_count=1,
        unexpected_percent=33.333333,
        description="Rule email_is_filled.",
        sample=(),
    )
    assert (found["amount"].severity, found["amount"].sample) == ("warning", ("-1.0",))
    assert found["currency"].sample == ("eur",)
    assert (found["rows"].observed_value, found["rows"].unexpected_count) == ("2 rows", 2)
    assert found["rows"].sample == ("currency=EUR", "currency=eur")
    assert (found["rows_in_table"].observed_value, found["rows_in_table"].unexpected_count) == ("3", None)


def test_passes_are_passes(warehouse: Path) -> None:
    found = outcome(
        warehouse,
        suite_of(
            "staging.people",  # a view
            expect("regex", "expect_column_values_to_match_regex", "currency", regex="^[A-Z]{3}$"),
            expect("mostly", "expect_column_values_to_not_be_null", "email", mostly=0.5),
            expect("reserved_word", "expect_column_values_to_not_be_null", "at"),
            expect("rows", "expect_no_rows", unexpected_rows_query="select 1 from {batch} where amount < 0"),
            expect("largest", "expect_column_max_to_be_between", "amount", max_value=3),
        ),
    )
    assert all(r.success for r in found.values()), found
    assert (found["regex"].observed_value, found["regex"].unexpected_count) == ("0 unexpected", 0)
    # A rule that tolerates some still says how many.
    assert (found["mostly"].observed_value, found["mostly"].unexpected_percent) == ("1 of 2 unexpected", 50)
    assert (found["rows"].observed_value, found["largest"].observed_value) == ("0 rows", "3.0")


def test_empty_tables_pass_but_a_missing_column_does_not(warehouse: Path) -> None:
    found = outcome(
        warehouse,
        suite_of(
            "raw.nobody",
            FILLED,
            expect("rows", "expect_no_rows", unexpected_rows_query="select 1 from {batch}"),
            expect("missing", "expect_column_values_to_not_be_null", "phone"),
        ),
    )
    assert {name: r.success for name, r in found.items()} == {
        "email_is_filled": True,
        "rows": True,
        "missing": False,
    }
    assert 'error: The column "phone"' in found["missing"].observed_value


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (expect("broken", "expect_column_values_to_not_be_null", "phone"), "phone"),
        (expect("broken", "expect_column_max_to_be_between", "phone", max_value=1), "phone"),
        (expect("broken", "expect_column_values_to_match_regex", "amount", regex="x"), "Binder Error"),
        (
            expect("broken", "expect_no_rows", unexpected_rows_query="select phone from {batch}"),
            'column "phone" not found',
        ),
        (expect("broken", "expect_the_impossible", "email"), "expect_the_impossible"),
        (expect("broken", "expect_column_values_to_be_between", "amount", min_valu=0), "min_valu"),
    ],
)
def test_an_error_inside_a_check_fails_that_check_alone(warehouse: Path, broken: Expectation, message: str) -> None:
    fine = expect("fine", "expect_column_values_to_not_be_null", "currency")
    also_fine = expect("also_fine", "expect_table_row_count_to_be_between", min_value=1)
    found = outcome(warehouse, suite_of("raw.people", fine, broken, also_fine))
    assert found["fine"].success and found["also_fine"].success
    assert not found["broken"].success
    assert found["broken"].observed_value.startswith("error: ")
    assert message in found["broken"].observed_value
    assert found["broken"].unexpected_count is None


def test_a_missing_table_fails_all_its_checks_and_no_others(warehouse: Path) -> None:
    rows = expect("rows", "expect_no_rows", unexpected_rows_query="select 1 from {batch}")
    count = expect("count", "expect_table_row_count_to_be_between", min_value=0)
    results = run_suites(
        warehouse,
        [
            suite_of("raw.nothing", FILLED, rows, count),
            suite_of("nowhere.nothing", count),
            suite_of("raw.people", count),
        ],
    )
    assert [r.success for r in results] == [False, False, False, False, True]
    assert all("does not exist" in r.observed_value for r in results[:4])


def test_personal_values_are_masked_everywhere(warehouse: Path, tmp_path: Path) -> None:
    suite = suite_of(
        "raw.people",
        expect("address", "expect_column_values_to_match_regex", "email", regex="^[^ ]+$", personal=True),
        expect(
            "rows",
            "expect_no_rows",
            unexpected_rows_query="select email from {batch} where amount < 0",
            personal=True,
        ),
        expect(
            "error",
            "expect_no_rows",
            unexpected_rows_query="select 1 from {batch} where cast(email as integer) = 1",
            personal=True,
        ),
    )
    results = run_suites(warehouse, [suite], data_docs=tmp_path)
    assert [r.sample for r in results] == [("xxx xx xxxxxxx 99",), ("email=xxx xx xxxxxxx 99",), ()]
    assert "Could not convert string '…'" in results[2].observed_value
    written = "".join(f.read_text() for f in tmp_path.rglob("*.*"))
    assert "not an address 12" not in written and "ann@example.com" not in written
    assert "xxx xx xxxxxxx 99" in written


def test_the_warehouse_is_released(warehouse: Path) -> None:
    """A read-write open, in this process and in another one, works afterwards."""
    missing = suite_of("raw.nothing", FILLED)
    run_suites(warehouse, [suite_of("raw.people", FILLED), missing], memory_limit="1GB", threads=1)
    write = "create or replace table raw.written as select 1"
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(write)
        run = f"import duckdb, sys; duckdb.connect(sys.argv[1]).execute('{write}')"
    subprocess.run([sys.executable, "-c", run, str(warehouse)], check=True)


def test_nothing_is_called_on_the_network(warehouse: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("a check opened a network connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert not run_suites(warehouse, [suite_of("raw.people", FILLED)])[0].success


def test_a_big_table_is_never_fetched(tmp_path: Path) -> None:
    """Push-down: ten million unexpected rows are counted in DuckDB, within its memory limit."""
    import resource

    warehouse = tmp_path / "big.duckdb"
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("create schema raw; create table raw.big as select range as id from range(10_000_000)")
    none = suite_of(
        "raw.big",
        expect("none_is_positive", "expect_column_values_to_be_between", "id", max_value=-1),
        expect("no_row", "expect_no_rows", unexpected_rows_query="select id from {batch}"),
    )
    run_suites(warehouse, [suite_of("raw.big", expect("id", "expect_column_values_to_not_be_null", "id"))])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    results = run_suites(warehouse, [none], memory_limit="500MB")
    grown_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert [(r.success, r.unexpected_count, len(r.sample)) for r in results] == [(False, 10_000_000, 5)] * 2
    assert grown_mb < 600, f"{grown_mb:.0f} MB more: rows were fetched"


def test_without_a_warehouse_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="load the extracts first"):
        run_suites(tmp_path / "none.duckdb", [suite_of("raw.people", FILLED)])


def test_a_writer_is_named_as_the_obstacle(warehouse: Path) -> None:
    """No check passes, and none fails for the wrong reason, while the file cannot be read."""
    with duckdb.connect(str(warehouse)):
        with pytest.raises(ConnectionError, match="Close the connection that writes to it"):
            run_suites(warehouse, [suite_of("raw.people", FILLED)])
    assert not run_suites(warehouse, [suite_of("raw.people", FILLED)])[0].success


def test_importing_is_cheap() -> None:
    """Great Expectations takes seconds to import: only running a suite may do so."""
    code = "import sys, expectations.runner, expectations.suites, expectations.results, expectations.data_docs"
    check = "assert 'great_expectations' not in sys.modules"
    subprocess.run([sys.executable, "-c", f"{code}; {check}"], check=True)
