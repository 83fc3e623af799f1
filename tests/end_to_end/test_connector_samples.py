"""Samples in the true shapes of connectors: plain counts, and tables that nobody uses yet."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from decimal import Decimal

from tests.conftest import SHARED_DATA, Outcome


def rows_of(file: str) -> list[dict[str, str]]:
    """The rows of one sample, as texts."""
    with (SHARED_DATA / "connector_samples" / file).open(encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


def total(rows: Iterable[dict[str, str]], column: str) -> Decimal:
    """A plain sum; an empty cell counts nothing."""
    return sum((Decimal(row[column]) for row in rows if row[column]), Decimal(0))


def test_google_ads_spend_is_counted_once(connectors: Outcome) -> None:
    assert connectors.query(
        "select sum(spend), sum(clicks), sum(impressions) from marts.fct_ad_spend where source_system = 'google_ads'"
    ) == [(Decimal("4811.153323"), 10595, 1056111)]


def test_facebook_ads_equal_a_plain_count_in_no_currency_that_nobody_told(connectors: Outcome) -> None:
    rows = rows_of("facebook_ads/basic_ad.csv")
    plain = total(rows, "spend"), total(rows, "inline_link_clicks"), total(rows, "impressions")
    assert plain == (Decimal("643.63"), 149, 37275)
    # The sample's account has no currency: its spend stands, and nothing is converted.
    assert "currency" not in rows_of("facebook_ads/account_history.csv")[0]
    assert connectors.query(
        "select currency, sum(spend), sum(clicks), sum(impressions), sum(spend_reporting), any_value(channel)"
        " from marts.fct_ad_spend where source_system = 'facebook_ads' group by currency"
    ) == [(None, *plain, None, "paid_social")]


def test_facebook_ads_conversions_are_counted_once(connectors: Outcome) -> None:
    """`lead` beside `offsite_conversion.fb_pixel_lead` is the same lead, a purchase under two types one purchase."""
    actions = rows_of("facebook_ads/basic_ad_actions.csv")
    assert {row["action_type"] for row in actions} == {"lead", "offsite_conversion.fb_pixel_lead"}
    values = rows_of("facebook_ads/basic_ad_action_values.csv")
    pixel = [row for row in values if row["action_type"] == "offsite_conversion.fb_pixel_purchase"]
    assert connectors.query(
        "select sum(platform_conversions), sum(platform_conversion_value) from marts.fct_ad_spend"
        " where source_system = 'facebook_ads'"
    ) == [
        (
            float(total((row for row in actions if row["action_type"] != "lead"), "value")),
            total(pixel, "value"),
        )
    ]


def test_linkedin_ads_equal_a_plain_count_in_the_account_s_currency(connectors: Outcome) -> None:
    campaigns = rows_of("linkedin_ads/ad_analytics_by_campaign.csv")
    assert {row["currency"] for row in rows_of("linkedin_ads/ad_account_history.csv")} == {"USD"}
    measures = "cost_in_local_currency", "clicks", "impressions"
    by_campaign = tuple(total(campaigns, measure) for measure in measures)
    assert by_campaign == (Decimal("530.62"), 919, 1359)
    # The campaign report is the total of its days; on all other days the creatives are.
    days = {row["day"] for row in campaigns}
    creatives = [row for row in rows_of("linkedin_ads/ad_analytics_by_creative.csv") if row["day"] not in days]
    listed = ", ".join(f"timestamp '{day}'" for day in days)
    found = connectors.query(
        f"select date_day in ({listed}) as is_campaign_day, currency, sum(spend), sum(clicks), sum(impressions)"
        " from marts.fct_ad_spend where source_system = 'linkedin_ads' group by all order by 1 desc"
    )
    assert found == [
        (True, "USD", *by_campaign),
        (False, "USD", *(total(creatives, measure) for measure in measures)),
    ]


def test_tables_without_a_contract_are_listed_as_ignored(connectors: Outcome) -> None:
    ignored = {file for (file,) in connectors.query("select file from marts.rpt_loaded_files where status = 'ignored'")}
    assert {"hubspot/ticket.csv", "salesforce/opportunity.csv", "stripe/subscription_history.csv"} <= ignored
    rejected = connectors.query("select file, error from marts.rpt_loaded_files where status = 'rejected'")
    assert rejected == []


def test_every_file_is_accounted_for(connectors: Outcome) -> None:
    found = {
        str(path.relative_to(SHARED_DATA / "connector_samples"))
        for path in (SHARED_DATA / "connector_samples").rglob("*.csv")
    }
    listed = {file for (file,) in connectors.query("select file from marts.rpt_loaded_files")}
    assert found <= listed


def test_merged_contacts_are_one_person(connectors: Outcome) -> None:
    [(records, people)] = connectors.query(
        "select sum(crm_records), count(*) filter (crm_records > 0) from marts.dim_people"
    )
    assert 0 < people <= records
