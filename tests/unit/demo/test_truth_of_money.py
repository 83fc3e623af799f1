"""The truth about money can be found again from the extracts alone: spend, MRR and LTV."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from currency_converter import CurrencyConverter
from extracted_company import Extracts

PARIS = ZoneInfo("Europe/Paris")


def paris_month(moment: datetime) -> date:
    return moment.replace(tzinfo=ZoneInfo("UTC")).astimezone(PARIS).date().replace(day=1)


def test_spend_is_the_account_total_after_restatements(company: Extracts) -> None:
    found: dict[tuple[str, str, date], Decimal] = {}
    for batch in ("2026-01-01", "2026-01-05"):
        rows = company.rows(
            f"""select cast(customer_id as varchar), date, cast(sum(cost_micros) as decimal(38, 0)) / 1000000
            from '{company.extracts}/google_ads/account_stats/{batch}.csv.gz' group by all"""
        )
        found |= {("google_ads", account, day): Decimal(str(round(spend, 6))) for account, day, spend in rows}
    for batch in ("performance_2026-01-01", "performance_2026-01-05_restated"):
        rows = company.rows(
            f"""select platform, cast(account_id as varchar), date, sum(cast(spend as decimal(18, 6)))
            from '{company.extracts}/ads/performance_daily/{batch}.csv.gz' group by all"""
        )
        found |= {(platform, account, day): spend for platform, account, day, spend in rows}
    planted = company.planted("spend", "source_system, account_id, date, cast(spend as decimal(18, 6))")
    assert {key: float(value) for key, value in found.items()} == pytest.approx(
        {(system, str(account), day): float(spend) for system, account, day, spend in planted}, abs=1e-9
    )


def test_google_levels_differ_as_they_do_in_life(company: Extracts) -> None:
    """Campaigns add up to the account; ad groups stay below, and Performance Max has none."""
    base = f"{company.extracts}/google_ads"
    account, campaign = (
        company.rows(
            f"""select customer_id, date, sum(cost_micros)
            from '{base}/{table}/2026-01-01.csv.gz' group by all"""
        )
        for table in ("account_stats", "campaign_stats")
    )
    assert set(account) == set(campaign)
    ((whole, detail),) = company.rows(
        f"""select (select sum(cost_micros) from '{base}/campaign_stats/2026-01-01.csv.gz'),
            (select sum(cost_micros) from '{base}/ad_group_stats/2026-01-01.parquet')"""
    )
    assert 0.5 * whole < detail < 0.95 * whole
    performance_max = company.rows(
        f"""select count(*) from {company.load("google_ads", "ad_group_stats")} where campaign_id in (
            select id from {company.load("google_ads", "campaign_history")}
            where advertising_channel_type = 'PERFORMANCE_MAX')"""
    )
    assert performance_max == [(0,)]


def test_mrr_follows_from_the_subscriptions(company: Extracts) -> None:
    found: dict[tuple[str, date], Decimal] = defaultdict(Decimal)
    months = sorted({month for (month,) in company.planted("mrr", "month_start")})
    for account, start, end, amount, interval in company.table(
        "billing",
        "subscriptions",
        "account_id, started_at, ended_at, cast(amount as decimal(18, 2)), interval",
    ):
        for month in months:
            following = (month.replace(day=28) + timedelta(days=4)).replace(day=1)
            until = (
                datetime.combine(following, datetime.min.time(), PARIS).astimezone(ZoneInfo("UTC")).replace(tzinfo=None)
            )
            if start < until and (end is None or end >= until):
                found[(str(account), month)] += amount / (12 if interval == "year" else 1)
    planted = company.planted("mrr", "account_id, month_start, cast(mrr as decimal(18, 2))")
    assert found == {(str(account), month): mrr for account, month, mrr in planted}


def test_ltv_follows_from_the_invoices(company: Extracts) -> None:
    """Cumulative EUR of a cohort, each invoice at the ECB rate of its day in Paris or the last one before."""
    converter = CurrencyConverter(fallback_on_missing_rate=True, fallback_on_missing_rate_method="last_known")
    cohorts = {str(account): paris_month(at) for account, at in company.planted("wins", "account_id, won_at")}
    sums: dict[tuple[date, int], float] = defaultdict(float)
    for account, at, amount, currency in company.table(
        "billing", "invoices", "account_id, invoiced_at, amount, currency"
    ):
        cohort, month = cohorts[str(account)], paris_month(at)
        age = (month.year - cohort.year) * 12 + month.month - cohort.month + 1
        day = at.replace(tzinfo=ZoneInfo("UTC")).astimezone(PARIS).date()
        sums[(cohort, age)] += converter.convert(float(amount), currency, "EUR", day)
    for cohort, age, customers, revenue in company.planted(
        "ltv", "cohort_month, months_since, customers, cumulative_revenue"
    ):
        assert customers == sum(month == cohort for month in cohorts.values())
        assert revenue == pytest.approx(
            sum(value for (month, number), value in sums.items() if month == cohort and number <= age),
            abs=0.01,
        )
