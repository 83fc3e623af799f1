"""The figures that any correct build of the Olist funnel gives, read from what was published."""

from __future__ import annotations

from tests.conftest import Outcome

WON_AND_LEADS = {
    "organic search": (271, 2296),
    "paid search": (195, 1586),
    "social": (75, 1350),
    "unknown": (179, 1099),
    "direct traffic": (56, 499),
    "email": (15, 493),
    "referral": (24, 284),
    "other": (4, 150),
    "display": (6, 118),
    "other publicities": (3, 65),
    None: (14, 60),
}


def test_leads_and_customers(olist: Outcome) -> None:
    assert olist.query("select count(*), count(*) filter (reached_customer) from marts.fct_lead_lifecycles") == [
        (8000, 842)
    ]


def test_won_and_leads_by_lead_source(olist: Outcome) -> None:
    rows = olist.query(
        "select lead_source, count(*) filter (reached_customer), count(*) from marts.fct_lead_lifecycles group by 1"
    )
    assert {source: (won, leads) for source, won, leads in rows} == WON_AND_LEADS


def test_the_funnel_report_says_the_same(olist: Outcome) -> None:
    rows = olist.query(
        "select nullif(lead_source, '(none)'), sum(customers), sum(leads) from marts.rpt_funnel_cohorts "
        "where period_grain = 'quarter' group by 1"
    )
    assert {source: (won, leads) for source, won, leads in rows} == WON_AND_LEADS


def test_days_from_first_contact_to_won(olist: Outcome) -> None:
    [(median, mean, least)] = olist.query(
        "select median(days_lead_to_customer), avg(days_lead_to_customer), min(days_lead_to_customer) "
        "from marts.fct_lead_lifecycles where reached_customer"
    )
    assert (median, round(mean, 4), least) == (14, 48.4561, -2)


def test_the_deal_won_before_its_first_contact_is_flagged(olist: Outcome) -> None:
    assert olist.query(
        "select reached_customer, days_lead_to_customer from marts.fct_lead_lifecycles where has_date_conflict"
    ) == [(True, -2)]


def test_addresses_are_published_as_hashes(olist: Outcome) -> None:
    assert olist.query("select count(*) from marts.dim_people where regexp_full_match(email, '[0-9a-f]{64}')") == [
        (8000,)
    ]
