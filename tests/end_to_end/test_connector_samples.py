"""Samples in the true shapes of connectors: plain counts, and tables that nobody uses yet."""

from __future__ import annotations

from decimal import Decimal

from tests.conftest import SHARED_DATA, Outcome


def test_google_ads_spend_is_counted_once(connectors: Outcome) -> None:
    assert connectors.query(
        "select sum(spend), sum(clicks), sum(impressions) from marts.fct_ad_spend where source_system = 'google_ads'"
    ) == [(Decimal("4811.153323"), 10595, 1056111)]


def test_tables_without_a_contract_are_listed_as_ignored(connectors: Outcome) -> None:
    ignored = {file for (file,) in connectors.query("select file from marts.rpt_loaded_files where status = 'ignored'")}
    assert {"hubspot/ticket.csv", "salesforce/opportunity.csv", "stripe/payout.csv"} <= ignored
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
