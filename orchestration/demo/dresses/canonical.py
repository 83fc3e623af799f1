"""The demo company in canonical and generic tables alone: what one mapping query per table makes of vendors' tables.

Belongs here: those queries, which a company whose vendor is not listed may take as a model. Does not belong here: the
vendors' own shapes (`hubspot.py`, `ads.py`), or tables that are canonical already: they are written as they are.
"""

from __future__ import annotations

from orchestration.demo.dresses.delimited import Delimited
from orchestration.demo.dresses.exports import BATCH, Export, Planned

_PLAIN = Delimited()
_EXPORTED = "2026-01-01"

# The golden record trusts HubSpot before the older CRM (`seeds/reference/source_priorities.csv`). One table knows no
# such order but the newest record's, so HubSpot's records carry the time at which they were synchronised.
_PEOPLE = """
select
    id::varchar as id,
    property_email as email,
    property_phone as phone,
    property_firstname as first_name,
    property_lastname as last_name,
    property_company as company,
    property_associatedcompanyid::varchar as account_id,
    property_country as country,
    property_jobtitle as job_title,
    property_hs_analytics_source as lead_source,
    property_hubspot_owner_id::varchar as owner_id,
    property_createdate as created_at,
    _fivetran_synced as updated_at,
    property_lifecyclestage as stage,
    -- A merge and a conversion say the same: this record goes on where that one ended.
    property_hs_merged_object_ids as converted_from_id
from hubspot__contact
where not _fivetran_deleted
"""

# Lead statuses that are no stage (new, open, attempted to contact) stay behind.
_STAGE_HISTORY = """
select
    contact_id || '-' || name || '-' || epoch_ms(timestamp::timestamp) as id,
    contact_id::varchar as person_id,
    case
        when name = 'lifecyclestage' then value
        when value = 'IN_PROGRESS' then 'sal'
        when value = 'UNQUALIFIED' then 'disqualified'
        when value in ('RECYCLED', 'NURTURE') then 'recycled'
    end as stage,
    timestamp as entered_at,
    source as reason
from hubspot__contact_property_history
where stage is not null
"""

_ACCOUNTS = """
select
    id::varchar as id,
    property_name as name,
    property_domain as domain,
    property_industry as industry,
    property_numberofemployees as employees,
    property_country as country,
    property_createdate as created_at
from hubspot__company
where not is_deleted
"""

# The canonical table has one date of the close: of a won deal the moment it entered the won stage, where that is known.
_OPPORTUNITIES = """
with wins as (
    select deal_id, min(date_entered) as won_at
    from hubspot__deal_stage
    inner join hubspot__deal_pipeline_stage as stages on stages.stage_id = hubspot__deal_stage.value
    where stages.closed_won
    group by all
), companies as (
    select deal_id, min(company_id) as company_id from hubspot__deal_company group by all
), contacts as (
    select deal_id, min(contact_id) as contact_id from hubspot__deal_contact group by all
)
select
    deals.deal_id::varchar as id,
    companies.company_id::varchar as account_id,
    contacts.contact_id::varchar as primary_person_id,
    deals.property_dealname as name,
    case deals.property_dealtype
        when 'newbusiness' then 'new_business' when 'existingbusiness' then 'expansion'
    end as opportunity_type,
    stages.label as stage,
    deals.property_closed_lost_reason as loss_reason,
    deals.property_amount as amount,
    deals.property_deal_currency_code as currency,
    deals.property_createdate as created_at,
    case
        when stages.closed_won then coalesce(wins.won_at, deals.property_closedate)
        when stages.is_closed then deals.property_closedate
    end as closed_at,
    case when not stages.is_closed then deals.property_closedate::date end as expected_close_on,
    stages.is_closed,
    stages.closed_won as is_won,
    deals.owner_id::varchar as owner_id,
    stages.probability,
    deals.property_hs_lastmodifieddate as updated_at
from hubspot__deal as deals
inner join hubspot__deal_pipeline_stage as stages on stages.stage_id = deals.deal_pipeline_stage_id
left join wins using (deal_id)
left join companies using (deal_id)
left join contacts using (deal_id)
where not deals.is_deleted
order by deals.deal_id
"""

_ROLES = """
select deal_id::varchar as opportunity_id, contact_id::varchar as person_id
from hubspot__deal_contact
where deal_id in (select deal_id from hubspot__deal where not is_deleted)
"""

_MEASURES = ("cost_micros", "impressions", "clicks", "conversions", "conversions_value")


def _google(batch: str) -> str:
    """Ad groups of one export, and as rows of their own what the coarser reports hold beyond them.

    Performance Max has no ad groups, and conversions are rounded level by level: without the remainders the
    account's totals would not hold.
    """
    sums = ", ".join(
        f"sum({measure}::decimal(18, 6)) as {measure}" if "conversions" in measure else f"sum({measure}) as {measure}"
        for measure in _MEASURES
    )
    differences = ", ".join(f"sum(sign * {measure}) as {measure}" for measure in _MEASURES)
    is_left = " or ".join(f"{measure} <> 0" for measure in _MEASURES)
    signed = ", ".join(("sign", *_MEASURES))
    return f"""
with groups as (
    select customer_id, date, campaign_id, id as ad_group_id, {sums}
    from google_ads__ad_group_stats where {BATCH} = '{batch}' group by all
), campaign_days as (
    select customer_id, date, id as campaign_id, {sums}
    from google_ads__campaign_stats where {BATCH} = '{batch}' group by all
), account_days as (
    select customer_id, date, {sums}
    from google_ads__account_stats where {BATCH} = '{batch}' group by all
), campaign_rest as (
    select customer_id, date, campaign_id, {differences} from (
        select customer_id, date, campaign_id, {signed} from campaign_days, (values (1)) as signs(sign)
        union all select customer_id, date, campaign_id, {signed} from groups, (values (-1)) as signs(sign)
    ) group by all
), account_rest as (
    select customer_id, date, {differences} from (
        select customer_id, date, {signed} from account_days, (values (1)) as signs(sign)
        union all select customer_id, date, {signed} from campaign_days, (values (-1)) as signs(sign)
    ) group by all
), rows as (
    select * replace (campaign_id::varchar as campaign_id, ad_group_id::varchar as ad_group_id) from groups
    union all by name
    select * replace (campaign_id::varchar as campaign_id), 'remainder' as ad_group_id from campaign_rest
    where {is_left}
    union all by name
    select *, 'remainder' as campaign_id, 'remainder' as ad_group_id from account_rest where {is_left}
), campaigns as (
    select
        id::varchar as campaign_id,
        max_by(name, updated_at) as name,
        max_by(advertising_channel_type, updated_at) as kind
    from google_ads__campaign_history group by all
), ad_groups as (
    select id::varchar as ad_group_id, max_by(name, updated_at) as name from google_ads__ad_group_history group by all
), accounts as (
    select id as customer_id, max_by(currency_code, updated_at) as currency
    from google_ads__account_history group by all
)
select
    rows.date,
    'google_ads' as platform,
    rows.customer_id::varchar as account_id,
    rows.campaign_id,
    campaigns.name as campaign_name,
    rows.ad_group_id,
    ad_groups.name as ad_group_name,
    case campaigns.kind
        when 'SEARCH' then 'paid_search'
        when 'DISPLAY' then 'display'
        when 'VIDEO' then 'paid_video'
        when 'PERFORMANCE_MAX' then 'cross_network'
    end as channel,
    accounts.currency,
    (rows.cost_micros::decimal(18, 0) / 1000000)::decimal(18, 6) as spend,
    rows.impressions::bigint as impressions,
    rows.clicks::bigint as clicks,
    rows.conversions::double as conversions,
    rows.conversions_value::decimal(18, 6) as conversion_value
from rows
left join campaigns using (campaign_id)
left join ad_groups using (ad_group_id)
left join accounts using (customer_id)
order by rows.date, rows.customer_id, rows.campaign_id, rows.ad_group_id
"""


_MAPPED = {
    "people": _PEOPLE,
    "stage_history": _STAGE_HISTORY,
    "accounts": _ACCOUNTS,
    "opportunities": _OPPORTUNITIES,
    "opportunity_roles": _ROLES,
}


def canonical(planned: Planned) -> list[Export]:
    """The files of the canonical dress."""
    exports = [
        Export(f"crm/{table}/{_EXPORTED}_hubspot.csv", sql, _PLAIN)
        for table, sql in _MAPPED.items()
        if ("hubspot", "contact") in planned
    ]
    exports += [
        Export(f"ads/performance_daily/google_ads_{batch}.csv", _google(batch), _PLAIN)
        for batch in planned[("google_ads", "account_stats")]
        if batch is not None
    ]
    for (source, table), batches in planned.items():
        if source in ("hubspot", "google_ads"):
            continue
        for batch in batches:
            chosen = f"{BATCH} is not distinct from {'null' if batch is None else repr(batch)}"
            exports.append(
                Export(
                    f"{source}/{table}/{batch or _EXPORTED}.csv",
                    f"select * exclude ({BATCH}) from {source}__{table} where {chosen}",
                    _PLAIN,
                )
            )
    return exports
