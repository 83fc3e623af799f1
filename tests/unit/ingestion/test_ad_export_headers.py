"""Reports of ad platforms as connectors and export buttons spell their headers, against the project's own contracts."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.ingestion.contracts import load_contracts
from orchestration.ingestion.headers import map_headers

CONTRACTS = load_contracts(Path(__file__).parents[3] / "dbt_project")

# By table: the dress, and which of its headers each contract column takes.
REPORTS: list[tuple[str, str, dict[str, str]]] = [
    (
        "google_ads.campaign_stats",
        "Airbyte",
        {
            "segments.date": "date",
            "customer_id": "customer_id",
            "campaign_id": "id",
            "campaign_name": "campaign_name",
            "metrics_cost_micros": "cost_micros",
            "metrics_clicks": "clicks",
            "metrics_impressions": "impressions",
            "metrics_conversions": "conversions",
        },
    ),
    (
        "google_ads.ad_group_stats",
        "Stitch",
        {
            "date": "date",
            "customer_id": "customer_id",
            "campaign_id": "campaign_id",
            "ad_group_id": "id",
            "ad_group_name": "ad_group_name",
            "cost_micros": "cost_micros",
            "clicks": "clicks",
            "impressions": "impressions",
        },
    ),
    (
        "google_ads.campaign_stats",
        "interface in English",
        {
            "Day": "date",
            "Customer ID": "customer_id",
            "Currency code": "currency_code",
            "Campaign": "campaign_name",
            "Campaign ID": "id",
            "Campaign type": "campaign_type",
            "Cost": "cost",
            "Clicks": "clicks",
            "Impr.": "impressions",
            "Conversions": "conversions",
            "Conv. value": "conversions_value",
        },
    ),
    (
        "google_ads.ad_group_stats",
        "interface in French",
        {
            "Jour": "date",
            "Nom du compte": "customer_id",
            "Code de devise": "currency_code",
            "Campagne": "campaign_name",
            "ID de la campagne": "campaign_id",
            "Groupe d'annonces": "ad_group_name",
            "ID du groupe d'annonces": "id",
            "Coût": "cost",
            "Clics": "clicks",
            "Impr.": "impressions",
            "Valeur de conv.": "conversions_value",
        },
    ),
    (
        "google_ads.ad_stats",
        "interface in French",
        {"Jour": "date", "Numéro client": "customer_id", "Groupe d'annonces": "ad_group"},
    ),
    (
        "facebook_ads.basic_ad",
        "Airbyte",
        {
            "date_start": "date",
            "date_stop": "date_stop",
            "account_id": "account_id",
            "account_currency": "account_currency",
            "campaign_id": "campaign_id",
            "adset_id": "ad_set_id",
            "adset_name": "ad_set_name",
            "ad_id": "ad_id",
            "spend": "spend",
            "inline_link_clicks": "inline_link_clicks",
        },
    ),
    (
        "facebook_ads.basic_ad",
        "Ads Manager in English",
        {
            "Campaign name": "campaign_name",
            "Ad set name": "ad_set_name",
            "Ad name": "ad_name",
            "Account ID": "account_id",
            "Currency": "account_currency",
            "Reporting starts": "date",
            "Reporting ends": "date_stop",
            "Amount spent": "spend",
            "Impressions": "impressions",
            "Link clicks": "inline_link_clicks",
            "Purchases": "purchases",
            "Purchases conversion value": "purchase_value",
            "Leads": "leads",
        },
    ),
    (
        "facebook_ads.basic_ad",
        "Ads Manager in French",
        {
            "Nom de la campagne": "campaign_name",
            "Nom de l'ensemble de publicités": "ad_set_name",
            "Nom de la publicité": "ad_name",
            "Nom du compte": "account_id",
            "Devise": "account_currency",
            "Début des rapports": "date",
            "Fin des rapports": "date_stop",
            "Montant dépensé": "spend",
            "Impressions": "impressions",
            "Clics sur un lien": "inline_link_clicks",
            "Achats": "purchases",
            "Valeur de conversion des achats": "purchase_value",
            "Prospects": "leads",
        },
    ),
    (
        "facebook_ads.basic_ad_actions",
        "Stitch",
        {
            "_sdc_source_key_ad_id": "ad_id",
            "_sdc_source_key_date_start": "date",
            "_sdc_level_0_id": "index",
            "action_type": "action_type",
            "value": "value",
        },
    ),
    (
        "linkedin_ads.ad_analytics_by_campaign",
        "Airbyte",
        {
            "start_date": "day",
            "string_of_pivot_values": "campaign_id",
            "costInLocalCurrency": "cost_in_local_currency",
            "costInUsd": "cost_in_usd",
            "clicks": "clicks",
            "impressions": "impressions",
        },
    ),
    (
        "linkedin_ads.ad_analytics_by_campaign",
        "Campaign Manager in English",
        {
            "Start Date (in UTC)": "day",
            "Account Name": "account_id",
            "Currency": "currency",
            "Campaign Group ID": "campaign_group_id",
            "Campaign Group Name": "campaign_group_name",
            "Campaign ID": "campaign_id",
            "Campaign Name": "campaign_name",
            "Total Spent": "cost_in_local_currency",
            "Impressions": "impressions",
            "Clicks": "clicks",
            "Conversions": "external_website_conversions",
            "Total Conversion Value": "conversion_value_in_local_currency",
            "Leads": "one_click_leads",
        },
    ),
    (
        "linkedin_ads.ad_analytics_by_creative",
        "Campaign Manager in French",
        {
            "Date de début (en UTC)": "day",
            "Nom du compte": "account_id",
            "Devise": "currency",
            "Nom du groupe de campagnes": "campaign_group_name",
            "Nom de la campagne": "campaign_name",
            "ID de la publicité": "creative_id",
            "Total dépensé": "cost_in_local_currency",
            "Clics": "clicks",
            "Prospects": "one_click_leads",
        },
    ),
]


@pytest.mark.parametrize(
    ("table", "headers"),
    [pytest.param(table, headers, id=f"{table} by {dress}") for table, dress, headers in REPORTS],
)
def test_every_header_finds_its_column(table: str, headers: dict[str, str]) -> None:
    source, name = table.split(".")
    spelled = list(headers)
    mapping = map_headers(spelled, CONTRACTS[source, name])
    assert {spelled[position]: column for column, position in mapping.columns.items()} == headers
    assert (mapping.missing, mapping.unknown) == ((), {})


def test_an_account_s_id_beats_its_name() -> None:
    for table in (("google_ads", "campaign_stats"), ("facebook_ads", "basic_ad")):
        mapping = map_headers(["Nom du compte", "Account name", "account_id", "Jour"], CONTRACTS[table])
        held = "customer_id" if table[0] == "google_ads" else "account_id"
        assert mapping.columns == {held: 2, "date": 3}
        assert sorted(mapping.unknown) == ["Account name", "Nom du compte"]
