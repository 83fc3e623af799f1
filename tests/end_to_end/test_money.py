"""Nothing is lost and nothing counts twice: credits, spend and reconciliation on every data set."""

from __future__ import annotations

import pytest

from tests.conftest import Outcome

DATASETS = ["demo", "olist", "connectors"]


@pytest.fixture(params=DATASETS)
def outcome(request: pytest.FixtureRequest) -> Outcome:
    built: Outcome = request.getfixturevalue(request.param)
    return built


@pytest.mark.parametrize("model", ["first_touch", "last_touch", "linear"])
def test_credits_of_every_conversion_sum_to_one(outcome: Outcome, model: str) -> None:
    assert (
        outcome.query(
            f"""
        select conversion_id from marts.fct_conversions
        left join (
            select conversion_id, sum(credit_{model}) as credit from marts.fct_attribution_credits group by 1
        ) using (conversion_id)
        where credit is null or abs(credit - 1) > 1e-9
        """
        )
        == []
    )


def test_spend_in_the_report_is_spend_in_the_fact(outcome: Outcome) -> None:
    assert (
        outcome.query(
            """
        select period_grain, conversion_type, model, sum(spend_reporting) as reported
        from marts.rpt_attribution group by all
        having reported <> (select coalesce(sum(spend_reporting), 0) from marts.fct_ad_spend)
        """
        )
        == []
    )


def test_conversions_and_value_in_the_report_are_those_of_the_fact(outcome: Outcome) -> None:
    assert (
        outcome.query(
            """
        select * from (
            select period_grain, conversion_type, model, sum(conversions) as conversions, sum(value_reporting) as value
            from marts.rpt_attribution group by all
        )
        left join (
            select conversion_type, count(*) as expected, sum(value_reporting) as expected_value
            from marts.fct_conversions group by all
        ) using (conversion_type)
        where abs(conversions - coalesce(expected, 0)) > 1e-6
           or coalesce(value, 0) <> coalesce(expected_value, 0)
        """
        )
        == []
    )


def test_everything_is_reconciled(outcome: Outcome) -> None:
    [(figures, reconciled)] = outcome.query(
        "select count(*), count(*) filter (is_reconciled) from marts.rpt_reconciliation"
    )
    assert figures > 80
    assert reconciled == figures


def test_rows_in_files_are_accounted_for(outcome: Outcome) -> None:
    assert (
        outcome.query(
            "select file from marts.rpt_loaded_files "
            "where rows_in_file <> rows_loaded + rows_quarantined + rows_duplicate"
        )
        == []
    )


def test_no_critical_check_failed_and_every_layer_was_checked(outcome: Outcome) -> None:
    checked = dict(outcome.query("select layer, count(*) from marts.rpt_data_quality group by 1"))
    assert set(checked) == {"raw", "staging", "marts"}
    assert outcome.query("select * from marts.rpt_data_quality where severity = 'critical' and not success") == []
