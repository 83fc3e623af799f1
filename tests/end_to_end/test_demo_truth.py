"""The demo company against the truth that was planted in it: identity, lifecycle, touches, spend, revenue."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from tests.conftest import TRUTH, Outcome


@pytest.fixture(scope="module")
def truth(demo: Outcome) -> duckdb.DuckDBPyConnection:
    """The truth as tables, the warehouse attached, and `person_of`: truth_person_id -> person_id."""
    connection = duckdb.connect()
    for path in sorted(Path(TRUTH).glob("*.csv*")):
        connection.execute(f"create table {path.name.split('.')[0]} as select * from read_csv('{path}')")
    connection.execute(f"attach '{demo.home / 'warehouse.duckdb'}' as warehouse (read_only)")
    connection.execute(f"attach '{demo.home / 'published/marts.duckdb'}' as published (read_only)")
    connection.execute(
        """
        create table person_of as
        select distinct people.truth_person_id, golden.person_id
        from people
        inner join warehouse.intermediate.int_identifiers_resolved as identifiers
            on identifiers.identifier = case
                when people.record_id is not null
                    and people.source_system in ('hubspot', 'crm')
                    then people.source_system || ':' || people.record_id
            end
        inner join warehouse.intermediate.int_people_golden as golden using (person_number)
        where people.is_recoverable
        """
    )
    return connection


def rows(connection: duckdb.DuckDBPyConnection, sql: str) -> list[tuple]:  # type: ignore[type-arg]
    return connection.execute(sql).fetchall()


def test_people_are_recovered_without_a_split_or_a_merge(truth: duckdb.DuckDBPyConnection) -> None:
    [(planted, mapped, people)] = rows(
        truth,
        """
        select
            (select count(distinct truth_person_id) from people
             where is_recoverable and source_system in ('hubspot', 'crm')),
            count(distinct truth_person_id),
            count(distinct person_id)
        from person_of
        """,
    )
    assert planted > 3000
    assert (mapped, people) == (planted, planted)
    assert rows(truth, "select count(*) from person_of") == [(planted,)]


def test_stage_history_equals_the_truth(truth: duckdb.DuckDBPyConnection) -> None:
    planted = """
        select person_of.person_id, stage_history.stage, stage_history.entered_at
        from stage_history inner join person_of using (truth_person_id)
    """
    built = "select person_id, stage, entered_at from published.marts.fct_stage_entries"
    assert rows(truth, f"select count(*) from ({planted})")[0][0] > 8000
    assert rows(truth, f"{planted} except {built}") == []
    assert rows(truth, f"{built} except {planted}") == []


def test_cycles_equal_the_truth(truth: duckdb.DuckDBPyConnection) -> None:
    planted = """
        select person_of.person_id, stage_history.cycle_number, count(*)
        from stage_history inner join person_of using (truth_person_id)
        where stage_history.cycle_number > 0
        group by all
    """
    built = """
        select person_id, cycle_number, count(*) from published.marts.fct_stage_entries
        where cycle_number > 0 group by all
    """
    assert rows(truth, f"({planted} except {built}) union all ({built} except {planted})") == []


def test_first_touches_equal_the_truth(truth: duckdb.DuckDBPyConnection) -> None:
    wrong = rows(
        truth,
        """
        select first_touches.*, dim_people.first_touch_channel, dim_people.first_touch_at
        from first_touches
        inner join person_of using (truth_person_id)
        left join published.marts.dim_people using (person_id)
        where dim_people.first_touch_channel is distinct from first_touches.channel
           or dim_people.first_touch_at is distinct from first_touches.touched_at
        """,
    )
    assert wrong == []
    assert rows(truth, "select count(*) from first_touches inner join person_of using (truth_person_id)")[0][0] > 2500


def test_spend_equals_the_truth_by_account_and_day(truth: duckdb.DuckDBPyConnection) -> None:
    planted = "select date, source_system, account_id::varchar, currency, spend::decimal(18, 6) from spend"
    built = """
        select date_day, source_system, ad_account_id, currency, sum(spend)::decimal(18, 6)
        from published.marts.fct_ad_spend group by 1, 2, 3, 4
    """
    assert rows(truth, "select count(*) from spend")[0][0] > 2000
    assert rows(truth, f"({planted} except {built}) union all ({built} except {planted})") == []


def test_observed_ltv_equals_the_truth(truth: duckdb.DuckDBPyConnection) -> None:
    compared = rows(
        truth,
        """
        select
            planted.customers,
            built.customers,
            abs(built.cumulative_revenue - planted.cumulative_revenue) as off
        from ltv as planted
        full join published.marts.rpt_ltv_cohorts as built
            on planted.cohort_month = built.cohort_month and planted.months_since = built.months_since
        """,
    )
    assert len(compared) > 100
    assert [row for row in compared if row[0] != row[1] or row[2] is None or row[2] >= 0.01] == []


def test_wins_equal_the_truth(truth: duckdb.DuckDBPyConnection) -> None:
    planted = """
        select source_system || ':' || opportunity_id, won_at, amount::decimal(18, 2), currency from wins
    """
    built = """
        select opportunity_id, won_at, amount::decimal(18, 2), currency from published.marts.fct_opportunities
        where is_won and opportunity_type = 'new_business'
    """
    assert rows(truth, f"{planted} except {built}") == []


def test_personal_data_is_clear_only_where_it_was_asked_for(demo: Outcome) -> None:
    assert demo.query("select count(*) from marts.dim_people where email like '%@%'")[0][0] > 3000
