"""For every suite a table that is as it should be, and for every expectation a fault that breaks it alone.

A good table has two rows. A fault is `column = value` for the first of them, `all: column = value` for both,
or a whole statement with `{t}` for the table.
"""

from __future__ import annotations

NEWEST = "timestamp '2024-03-01 12:00:00'"
_BEFORE_2000 = "timestamp '1970-01-01'"
_STALE = "timestamp '2023-06-01'"

# Values of raw columns that suites look at; every other column gets a value of its contract's type.
RAW_VALUES = {
    "currency": "'EUR'",
    "currency_code": "'EUR'",
    "account_currency": "'EUR'",
    "property_deal_currency_code": "'EUR'",
    "currency_iso_code": "'EUR'",
    "type": "'New Business'",
    "email": "'ann@example.com'",
    "property_email": "'ann@example.com'",
    "recipient": "'ann@example.com'",
    "merge_ids": "'[1, 2]'",
    "attributes": "'{}'",
    "domain": "'example.com'",
    "landing_url": "'https://example.com/page'",
    "time_zone": "'Europe/Paris'",
    "probability": "0.5",
    "month": "date '2024-02-01'",
    "interval": "'month'",
    "event_type": "'click'",
    "survey": "'nps'",
    "customer_email": "'ann@example.com'",
    "status": "'active'",
    "recurring_interval": "'month'",
    "event_date": "'20240228'",
    "idvisitor": "'00ff00ff00ff00ff'",
    "event_params": """'[{"key": "ga_session_id", "value": {"int_value": "1"}}]'""",
}
# Values of one table's columns, where another table's column of that name holds something else.
RAW_VALUES_OF = {
    ("raw.stripe__credit_note", "status"): "'issued'",
}
RAW_DEFAULTS = {
    "varchar": "'text'",
    "bigint": "1",
    "double": "1.0",
    "decimal": "1.5",
    "date": "date '2024-02-28'",
    "timestamp": "timestamp '2024-02-28 10:00:00'",
    "boolean": "true",
    "json": "'{}'",
}

_SPELLINGS = "insert into {{t}} by name select 'spelling ' || i as {column} from range({count}) as _ (i)"


def _spellings(column: str, count: int) -> str:
    return _SPELLINGS.format(column=column, count=count)


# Faults by (asset, check); one by check alone stands for every asset that has no entry of its own.
RAW_FAULTS: dict[tuple[str, str] | str, str] = {
    "spend_is_not_negative": "spend = -0.01",
    "impressions_are_not_negative": "impressions = -1",
    "clicks_are_not_negative": "clicks = -1",
    "cost_is_not_negative": "cost_micros = -1",
    "cost_in_units_is_not_negative": "cost = -0.01",
    ("raw.google_ads__account_stats", "shown_ads_have_a_cost"): "cost_micros = null, cost = null",
    ("raw.google_ads__campaign_stats", "shown_ads_have_a_cost"): "cost_micros = null, cost = null",
    ("raw.google_ads__ad_group_stats", "shown_ads_have_a_cost"): "cost_micros = null, cost = null",
    ("raw.google_ads__ad_stats", "shown_ads_have_a_cost"): "cost_micros = null, cost = null",
    "row_names_its_campaign": "id = null, campaign_name = null",
    "row_names_its_ad_group": "id = null, ad_group_name = null",
    ("raw.google_ads__ad_stats", "row_names_its_ad_group"): "ad_group_id = null, ad_group = null",
    "cost_in_usd_is_not_negative": "cost_in_usd = -0.01",
    ("raw.linkedin_ads__ad_analytics_by_campaign", "cost_is_not_negative"): "cost_in_local_currency = -0.01",
    ("raw.linkedin_ads__ad_analytics_by_creative", "cost_is_not_negative"): "cost_in_local_currency = -0.01",
    "shown_ads_have_a_cost": "cost_in_local_currency = null, cost_in_usd = null",
    "costs_of_a_day_share_a_currency": (
        "update {t} set cost_in_local_currency = null where rowid = 0; "
        "update {t} set cost_in_usd = null where rowid = 1"
    ),
    "shown_ads_have_a_spend": "spend = null",
    "row_covers_one_day": "date_stop = date '2024-02-29'",
    ("raw.facebook_ads__basic_ad", "clicks_are_not_negative"): "inline_link_clicks = -1",
    ("raw.facebook_ads__basic_ad", "date_is_plausible"): f"date = {_BEFORE_2000}, date_stop = {_BEFORE_2000}",
    ("raw.facebook_ads__basic_ad", "date_is_fresh"): f"all: date = {_STALE}, date_stop = {_STALE}",
    ("raw.facebook_ads__basic_ad", "currency_is_iso_4217"): "account_currency = '€'",
    "timezone_name_is_an_iana_zone": "timezone_name = '+01:00'",
    "value_is_not_negative": "value = -1",
    ("raw.salesforce__campaign", "cost_is_not_negative"): "actual_cost = -0.01",
    "amount_is_not_negative": "amount = -0.01",
    ("raw.hubspot__deal", "amount_is_not_negative"): "property_amount = -0.01",
    "employees_are_not_negative": "employees = -1",
    ("raw.hubspot__company", "employees_are_not_negative"): "property_numberofemployees = -1",
    ("raw.salesforce__account", "employees_are_not_negative"): "number_of_employees = -1",
    "revenue_is_not_negative": "revenue = -0.01",
    "target_is_not_negative": "value = -1",
    "page_views_are_not_negative": "page_views = -1",
    "currency_is_iso_4217": "currency = 'euro'",
    ("raw.google_ads__account_history", "currency_is_iso_4217"): "currency_code = '€'",
    ("raw.hubspot__deal", "currency_is_iso_4217"): "property_deal_currency_code = 'US$'",
    ("raw.salesforce__opportunity", "currency_is_iso_4217"): "currency_iso_code = 'Euros'",
    "revenue_has_a_currency": "currency = null",
    "email_looks_like_an_email": "email = 'ann at example.com'",
    ("raw.hubspot__contact", "email_looks_like_an_email"): "property_email = 'ann@example'",
    ("raw.hubspot__email_event", "email_looks_like_an_email"): "recipient = 'o2wjpPyUfzBfq9OSt9I2NQ=='",
    "domain_looks_like_a_domain": "domain = 'Example Ltd'",
    "landing_url_looks_like_a_url": "landing_url = 'landing page'",
    "time_zone_is_an_iana_zone": "time_zone = '+01:00'",
    "probability_is_a_share": "probability = 7",
    "probability_is_a_percentage": "probability = 101",
    "type_is_known": "type = 'Type A'",
    "converted_lead_has_its_contact": "converted_contact_id = null",
    "member_is_a_lead_or_a_contact": "lead_id = null, contact_id = null",
    "month_is_a_first_day": "month = date '2024-02-02'",
    "rate_is_positive": "rate = 0",
    "date_is_plausible": f"date = {_BEFORE_2000}",
    "date_is_fresh": f"all: date = {_STALE}",
    "day_is_plausible": f"day = {_BEFORE_2000}",
    "day_is_fresh": f"all: day = {_STALE}",
    "created_at_is_plausible": f"created_at = {_BEFORE_2000}",
    "created_at_is_fresh": f"all: created_at = {_STALE}",
    "property_createdate_is_plausible": f"property_createdate = {_BEFORE_2000}",
    "property_createdate_is_fresh": f"all: property_createdate = {_STALE}",
    "created_date_is_plausible": f"created_date = {_BEFORE_2000}",
    "created_date_is_fresh": f"all: created_date = {_STALE}",
    "occurred_at_is_plausible": f"occurred_at = {_BEFORE_2000}",
    "occurred_at_is_fresh": f"all: occurred_at = {_STALE}",
    "started_at_is_plausible": f"started_at = {_BEFORE_2000}",
    "started_at_is_fresh": f"all: started_at = {_STALE}",
    "invoiced_at_is_plausible": f"invoiced_at = {_BEFORE_2000}",
    "entered_at_is_plausible": f"entered_at = {_BEFORE_2000}",
    "attended_at_is_plausible": f"attended_at = {_BEFORE_2000}",
    "created_is_plausible": f"created = {_BEFORE_2000}",
    "timestamp_is_plausible": f"timestamp = {_BEFORE_2000}",
    "responded_at_is_plausible": f"responded_at = {_BEFORE_2000}",
    "submitted_at_is_plausible": f"submitted_at = {_BEFORE_2000}",
    "activity_date_is_plausible": f"activity_date = {_BEFORE_2000}",
    "activity_date_is_fresh": f"all: activity_date = {_STALE}",
    "merge_ids_are_a_list": "merge_ids = '1 and 2'",
    "contact_has_an_id_or_an_address": "id = null, email = null",
    "ts_event_is_plausible": f"ts_event = {_BEFORE_2000}, ts_epoch = null",
    "ts_epoch_is_plausible": f"ts_epoch = {_BEFORE_2000}, ts_event = null",
    "ts_event_is_fresh": f"all: ts_event = {_STALE}, ts_epoch = null",
    "epochs_agree": "ts_epoch = ts_event + interval 1 hour",
    "event_has_a_time": "ts_event = null, ts_epoch = null, date = null, ts = null",
    "send_date_is_plausible": f"send_date = {_BEFORE_2000}",
    "event_date_is_a_day": "event_date = '2024-02-28'",
    "event_date_is_the_day_of_its_time": "event_date = '20240225'",
    "session_id_is_mostly_there": "all: event_params = '[]'",
    "event_timestamp_is_plausible": (
        f"update {{t}} set event_timestamp = {_BEFORE_2000}, event_date = null where rowid = 0"
    ),
    "event_timestamp_is_fresh": f"update {{t}} set event_timestamp = {_STALE}, event_date = null",
    "idvisitor_is_hexadecimal": "idvisitor = 'ÿ?ÿ'",
    "referer_type_is_known": "referer_type = 4",
    "last_action_follows_the_first": "visit_last_action_time = timestamp '2024-02-27'",
    "visit_first_action_time_is_plausible": f"visit_first_action_time = {_BEFORE_2000}",
    "visit_first_action_time_is_fresh": f"all: visit_first_action_time = {_STALE}",
    "server_time_is_plausible": f"server_time = {_BEFORE_2000}",
    "type_is_a_number_of_matomo": "type = 0",
    "idgoal_is_known": "idgoal = -2",
    ("raw.stripe__invoice", "email_looks_like_an_email"): "customer_email = 'ann at example.com'",
    ("raw.stripe__invoices", "email_looks_like_an_email"): "customer_email = 'ann at example.com'",
    ("raw.stripe__subscriptions", "email_looks_like_an_email"): "customer_email = 'ann at example.com'",
    "period_ends_after_it_starts": "period_end = timestamp '2024-02-27'",
    "status_is_known": "status = 'perhaps'",
    "quantity_is_not_negative": "quantity = -1",
    "unit_amount_is_not_negative": "unit_amount = -1",
    "interval_is_known": "interval = 'quarter'",
    ("raw.stripe__price", "interval_is_known"): "recurring_interval = 'quarter'",
    "interval_count_is_positive": "interval_count = 0",
    ("raw.stripe__price", "interval_count_is_positive"): "recurring_interval_count = 0",
    ("raw.stripe__plan", "amount_is_not_negative"): "amount = -1",
}

_OPPORTUNITY = (
    "'o1' as opportunity_record_id, true as is_won, true as is_closed, timestamp '2024-01-10' as created_at, "
    "timestamp '2024-02-10' as closed_at, 10.5 as amount, 'EUR' as currency, "
    "'new_business' as opportunity_type"
)
_AD = (
    "'google_ads' as source_system, 'a1' as ad_account_id, 'c1' as campaign_id, "
    "date '2024-02-01' as date_day, "
    "'campaign' as report_level, 'EUR' as currency, 100 as impressions, 5 as clicks"
)

STAGING_TABLES = {
    "stg_crm__people": "'ann@example.com' as email",
    "stg_crm__opportunities": f"{_OPPORTUNITY}, 0.5::double as probability",
    "stg_crm__stage_history": "'mql' as stage_value",
    "stg_crm__accounts": "'example.com' as domain",
    "stg_crm__activities": "'call' as activity_type",
    "stg_crm__opportunity_roles": "'buyer' as role",
    "stg_hubspot__people": "'ann@example.com' as email",
    "stg_hubspot__opportunities": _OPPORTUNITY,
    "stg_hubspot__stage_history": "'lead' as stage_value",
    "stg_hubspot__accounts": "'example.com' as domain",
    "stg_hubspot__opportunity_roles": "'buyer' as role",
    "stg_hubspot__form_submissions": "'Newsletter' as form_name",
    "stg_hubspot__merged_people": "'1' as person_record_id, '2' as merged_person_record_id",
    "stg_hubspot__email_events": "'open' as event_type",
    "stg_facebook_ads__ad_performance": _AD,
    "stg_facebook_ads__campaigns": "'Brand' as name",
    "stg_linkedin_ads__ad_performance": _AD,
    "stg_linkedin_ads__campaigns": "'Brand' as name",
    "stg_salesforce__people": "'ann@example.com' as email",
    "stg_salesforce__opportunities": _OPPORTUNITY,
    "stg_salesforce__stage_history": "'Qualified' as stage_value",
    "stg_salesforce__accounts": "'example.com' as domain",
    "stg_salesforce__activities": "'call' as activity_type",
    "stg_salesforce__opportunity_roles": "'Decision Maker' as role",
    "stg_salesforce__merged_people": "'1' as person_record_id, '2' as merged_person_record_id",
    "stg_marketo__people": "'ann@example.com' as email",
    "stg_marketo__stage_history": "'mql' as stage_value",
    "stg_marketo__form_submissions": "'Newsletter' as form_name",
    "stg_marketo__merged_people": "'1' as person_record_id, '2' as merged_person_record_id",
    "stg_marketo__email_events": "'open' as event_type, 'ann@example.com' as email",
    "stg_brevo__people": "'ann@example.com' as email",
    "stg_brevo__opportunities": _OPPORTUNITY,
    "stg_brevo__stage_history": "'Won' as stage_value",
    "stg_brevo__accounts": "'example.com' as domain",
    "stg_brevo__opportunity_roles": "'buyer' as role",
    "stg_brevo__email_events": "'open' as event_type, timestamp '2024-02-28 10:00:00' as occurred_at",
    "stg_google_ads__ad_performance": _AD,
    "stg_google_ads__campaigns": "'SEARCH' as campaign_type",
    "stg_ads__ad_performance": _AD,
    "stg_ads__campaigns": "'Brand' as name",
    "stg_email__email_events": "'click' as event_type",
    "stg_events__attendance": "'Fair' as event_name",
    "stg_web__sessions": "'https://example.com' as landing_url",
    "stg_web__form_submissions": "'Demo' as form_name",
    "stg_billing__invoices": (
        "'i1' as invoice_record_id, 'paid' as status, "
        "date '2024-01-01' as period_start, date '2024-01-31' as period_end"
    ),
    "stg_billing__subscriptions": (
        "'s1' as subscription_record_id, 'month' as billing_interval, "
        "timestamp '2024-01-01' as started_at, timestamp '2024-02-01' as ended_at"
    ),
    "stg_ga4__sessions": "'https://example.com' as landing_url, '1.1' as anonymous_id",
    "stg_ga4__form_submissions": "'Demo' as form_name",
    "stg_matomo__sessions": "'https://example.com' as landing_url, '00ff00ff00ff00ff' as anonymous_id",
    "stg_matomo__form_submissions": "'goal 1' as form_name",
    "stg_stripe__invoices": (
        "'in_1' as invoice_record_id, 'paid' as status, timestamp '2024-01-01' as invoiced_at, "
        "date '2024-01-01' as period_start, date '2024-01-31' as period_end"
    ),
    "stg_stripe__subscriptions": (
        "'si_1' as subscription_record_id, 'month' as billing_interval, 10.0 as amount, "
        "timestamp '2024-01-01' as started_at, timestamp '2024-02-01' as ended_at"
    ),
    "stg_costs__costs": "'tools' as category, 'sales' as department",
    "stg_budgets__budgets": "'paid_search' as channel",
    "stg_targets__targets": "'all' as channel, 'mqls' as metric",
    "stg_surveys__responses": "'r1' as response_id, 'nps' as survey, 9::double as score",
    "stg_fx_rates__fx_rates": ("date '2024-01-01' as date_day, 'EUR' as currency, 1.0::double as units_per_euro"),
}
STAGING_FAULTS: dict[tuple[str, str] | str, str] = {
    "won_is_closed": "is_closed = false",
    "closed_has_a_date": "closed_at = null",
    "closes_after_it_was_created": "closed_at = timestamp '2024-01-07'",
    "amount_has_a_currency": "currency = null",
    "opportunity_type_is_known": "opportunity_type = 'upsell'",
    "probability_is_a_share": "probability = 7",
    "email_is_mostly_filled": "all: email = null",
    "domain_is_mostly_filled": "all: domain = null",
    "name_is_mostly_filled": "all: name = null",
    "landing_url_is_mostly_filled": "all: landing_url = null",
    "stage_value_has_few_spellings": _spellings("stage_value", 60),
    "activity_type_has_few_spellings": _spellings("activity_type", 120),
    "role_has_few_spellings": _spellings("role", 120),
    "form_name_has_few_spellings": _spellings("form_name", 1200),
    "event_name_has_few_spellings": _spellings("event_name", 1200),
    "metric_has_few_spellings": _spellings("metric", 60),
    "report_level_is_known": "report_level = 'keywords'",
    "currency_is_known": "currency = null",
    "account_is_known": "ad_account_id = 'unknown_eur'",
    "clicks_do_not_exceed_impressions": "clicks = 101",
    "campaign_type_is_known": "campaign_type = 'BANNER'",
    "event_type_is_known": "event_type = 'clicked'",
    "occurred_at_is_filled": "occurred_at = null",
    "is_not_merged_into_itself": "merged_person_record_id = person_record_id",
    "period_ends_after_it_starts": "period_end = date '2023-12-31'",
    "status_is_known": "status = 'perhaps'",
    "billing_interval_is_known": "billing_interval = 'week'",
    "ends_after_it_starts": "ended_at = timestamp '2023-12-31'",
    "anonymous_id_is_mostly_filled": "all: anonymous_id = null",
    "invoiced_at_is_filled": "invoiced_at = null",
    "amount_is_mostly_filled": "all: amount = null",
    "category_is_known": "category = 'misc'",
    "department_is_known": "department = 'it'",
    "channel_is_known": "channel = 'google'",
    "survey_is_known": "survey = 'ces'",
    "nps_is_0_to_10": "score = 11",
    "euro_is_worth_one_euro": "units_per_euro = 1.1",
}

MARTS_TABLES = {
    "dim_people": "'lead' as lifecycle_stage, 'email' as first_touch_channel",
    "fct_ad_spend": (
        "'google_ads' as source_system, 'a1' as ad_account_id, 'c1' as campaign_id, "
        "date '2024-01-01' as date_day, "
        "'paid_search' as channel, 'USD' as currency, 10.0 as spend, 9.0 as spend_reporting"
    ),
    "fct_touches": "'paid_search' as channel, 'session' as touch_type",
    "fct_opportunities": (
        "'o1' as opportunity_id, 'USD' as currency, true as is_won, 10.0 as amount, 9.0 as amount_reporting, "
        "14 as cycle_days"
    ),
    "fct_stage_entries": (
        "'e1' as stage_entry_id, 'mql' as stage, "
        "timestamp '2024-01-01' as entered_at, timestamp '2024-01-02' as exited_at"
    ),
    "fct_lead_lifecycles": (
        "'p1' as person_id, 1 as cycle_number, true as reached_mql, true as reached_sal, "
        "true as reached_sql, "
        "true as reached_opportunity, true as reached_customer, 'customer' as current_stage, "
        "false as has_date_conflict, timestamp '2024-01-01' as lead_at, timestamp '2024-01-02' as mql_at, "
        "timestamp '2024-01-03' as sql_at, timestamp '2024-01-04' as opportunity_at, "
        "timestamp '2024-01-05' as customer_at"
    ),
    "rpt_funnel_cohorts": (
        "10 as median_days_lead_to_mql, 40 as p90_days_lead_to_mql, "
        "10 as median_days_mql_to_sql, 40 as p90_days_mql_to_sql, "
        "10 as median_days_sql_to_opportunity, 40 as p90_days_sql_to_opportunity, "
        "10 as median_days_opportunity_to_customer, 40 as p90_days_opportunity_to_customer, "
        "10 as median_days_lead_to_customer, 40 as p90_days_lead_to_customer, "
        "'month' as period_grain, date '2024-01-01' as period_start, 'email' as channel"
    ),
    "fct_conversions": "'c1' as conversion_id, 'won' as conversion_type, 10.0 as value_reporting",
    "fct_attribution_credits": (
        "'c1' as conversion_id, 't1' as touch_id, 'email' as channel, 1 as path_length, "
        "timestamp '2024-01-01' as touched_at, timestamp '2024-01-02' as converted_at, "
        "1.0::double as credit_first_touch, 1.0::double as credit_last_touch, 1.0::double as credit_linear"
    ),
    "rpt_attribution": (
        "'month' as period_grain, date '2024-01-01' as period_start, 'lead' as conversion_type, "
        "'linear' as model, 'email' as channel, 1.5::double as conversions, null::double as roas"
    ),
    "rpt_cac": (
        "date '2024-01-01' as month_start, 'blended' as method, 'same_period' as timing, 10.0 as cost, "
        "0 as new_customers, null::double as cac"
    ),
    "rpt_ltv_cohorts": (
        "date '2024-01-01' as cohort_month, 1 as months_since, 3 as customers, 2 as retained_customers"
    ),
    "rpt_unit_economics": ("date '2024-01-01' as month_start, 10.0::double as cac, 3.0::double as payback_months"),
}
MARTS_FAULTS: dict[tuple[str, str] | str, str] = {
    "lifecycle_stage_is_known": "lifecycle_stage = 'prospect'",
    "first_touch_channel_is_known": "first_touch_channel = 'google'",
    "channel_is_known": "channel = 'google'",
    "touch_type_is_known": "touch_type = 'open'",
    "spend_is_converted": "spend_reporting = null",
    "won_amount_is_converted": "amount_reporting = null",
    "cycle_is_plausible": "cycle_days = -1",
    "stage_is_known": "stage = 'prospect'",
    "exit_follows_entry": "exited_at = timestamp '2023-12-31'",
    "reached_stages_are_without_gaps": "reached_sql = false",
    "current_stage_is_known": "current_stage = 'prospect'",
    "dates_are_in_order_or_flagged": "mql_at = timestamp '2023-12-31'",
    "period_grain_is_known": "period_grain = 'day'",
    "medians_do_not_exceed_their_p90": "median_days_mql_to_sql = 41",
    "conversion_type_is_known": "conversion_type = 'sale'",
    "only_opportunities_have_a_value": "conversion_type = 'mql'",
    "value_is_not_negative": "value_reporting = -1",
    # The second row is a touch of another conversion; 0.9 in one row leaves its conversion's sum at 0.9.
    "credits_sum_to_1": "credit_linear = 0.9",
    "touches_precede_their_conversion": "touched_at = timestamp '2024-01-03'",
    "unattributed_stands_alone": "channel = 'unattributed'",
    "model_is_known": "model = 'u_shaped'",
    "conversions_are_not_negative": "conversions = -0.5",
    "types_without_value_have_no_roas": "roas = 2",
    "method_is_known": "method = 'loaded'",
    "timing_is_known": "timing = 'later'",
    "cost_is_not_negative": "cost = -1",
    "cac_needs_new_customers": "cac = 5",
    "retained_customers_are_part_of_the_cohort": "retained_customers = 4",
    "months_since_start_at_1": "months_since = 0",
    "cac_is_not_negative": "cac = -1",
    "payback_is_not_negative": "payback_months = -1",
}

FAULTS = {"raw": RAW_FAULTS, "staging": STAGING_FAULTS, "marts": MARTS_FAULTS}


def fault_of(layer: str, asset: str, check: str) -> str | None:
    """The fault that breaks one check of one asset."""
    return FAULTS[layer].get((asset, check)) or FAULTS[layer].get(check)


def statement(fault: str, table: str) -> str:
    """The fault as SQL."""
    if "{t}" in fault:
        return fault.replace("{t}", table)
    if fault.startswith("all: "):
        return f"update {table} set {fault.removeprefix('all: ')}"
    return f"update {table} set {fault} where rowid = 0"
