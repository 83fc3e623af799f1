"""The columns of HubSpot's tables, as SQL over planned rows.

Belongs here: one query per table, in the shape that Fivetran lands. Does not belong here: the rows
(`hubspot.py`).
"""

from __future__ import annotations

from orchestration.demo.crm import PHONE

_SYNCED = "timestamp '2026-01-01 03:00:00' as _fivetran_synced"
# Deals that were entered twice by mistake; the second one was deleted.
_IS_ENTERED_TWICE = "number % 97 = 5"

OWNERS = f"""
select
    owner_id,
    lower(strip_accents(first_name || '.' || last_name)) || '@lumiane.example' as email,
    first_name,
    last_name,
    true as is_active,
    {_SYNCED}
from rows
"""

PIPELINES = f"select 'default' as pipeline_id, 'Ventes' as label, true as active, {_SYNCED}"

PIPELINE_STAGES = f"""
select
    stage_id, 'default' as pipeline_id, label, place as display_order, probability, is_closed, closed_won,
    true as active, {_SYNCED}
from rows
"""

COMPANIES = f"""
select
    hubspot_company(number) as id,
    false as is_deleted,
    company_of(number) as property_name,
    domain_of(number) as property_domain,
    industry as property_industry,
    employees as property_numberofemployees,
    country as property_country,
    created_at as property_createdate,
    {_SYNCED}
from rows
where not is_legacy and not is_absent
"""

PROPERTY_HISTORY = f"""
select
    hubspot_contact(number) as contact_id,
    case when is_status then 'hs_lead_status' else 'lifecyclestage' end as name,
    happened_at as timestamp,
    value,
    case when is_status then 'CRM_UI' else 'AUTOMATION_PLATFORM' end as source,
    {_SYNCED}
from rows
"""

# 0 is the contact that stands, 1 the one that was merged into it.
CONTACTS = f"""
select
    hubspot_contact(number) + part as id,
    part = 1 and is_gone as _fivetran_deleted,
    case part when 0 then lower(email) else alias end as property_email,
    case part when 0 then {PHONE} end as property_phone,
    first_name as property_firstname,
    last_name as property_lastname,
    case when not is_free then company_of(account) end as property_company,
    case when not is_free then hubspot_company(account) end as property_associatedcompanyid,
    country as property_country,
    case part when 0 then job_title end as property_jobtitle,
    case part when 0 then created_at else second_at end as property_createdate,
    case part when 0 then greatest(created_at, merged_at) else merged_at end as property_lastmodifieddate,
    case part when 0 then lifecycle else 'lead' end as property_lifecyclestage,
    case part when 0 then status else 'NEW' end as property_hs_lead_status,
    owner_id as property_hubspot_owner_id,
    case part when 0 then source end as property_hs_analytics_source,
    case when part = 0 and is_merged then cast(hubspot_contact(number) + 1 as varchar) end
        as property_hs_merged_object_ids,
    {_SYNCED}
from rows, (values (0), (1)) as parts(part)
where part = 0 or is_merged
order by id
"""

MERGES = f"""
select
    hubspot_contact(number) as canonical_vid,
    hubspot_contact(number) + 1 as vid_to_merge,
    hubspot_contact(number) as contact_id,
    merged_at as timestamp,
    4 as num_properties_moved,
    {_SYNCED}
from rows
where is_merged
order by canonical_vid
"""

DEALS = f"""
select
    hubspot_deal(number) + part as deal_id,
    part = 1 as is_deleted,
    'default' as deal_pipeline_id,
    stage as deal_pipeline_stage_id,
    owner_id,
    company_of(account) || case when is_expansion then ' - extension' else ' - abonnement' end
        as property_dealname,
    type as property_dealtype,
    amount as property_amount,
    currency as property_deal_currency_code,
    created_at as property_createdate,
    close_date as property_closedate,
    reason as property_closed_lost_reason,
    coalesce(closed_at, created_at) as property_hs_lastmodifieddate,
    {_SYNCED}
from rows, (values (0), (1)) as parts(part)
where is_hubspot and (part = 0 or {_IS_ENTERED_TWICE})
order by deal_id
"""

DEAL_COMPANIES = f"""
select
    hubspot_deal(number) as deal_id, hubspot_company(account) as company_id, 5 as type_id,
    'HUBSPOT_DEFINED' as category, {_SYNCED}
from rows
where is_hubspot
order by deal_id
"""

DEAL_CONTACTS = f"""
select
    hubspot_deal(number) + part as deal_id, hubspot_contact(person) as contact_id, 3 as type_id,
    'HUBSPOT_DEFINED' as category, {_SYNCED}
from rows, (values (0), (1)) as parts(part)
where is_hubspot and (part = 0 or {_IS_ENTERED_TWICE})
order by deal_id, contact_id
"""

DEAL_STAGES = f"""
select
    hubspot_deal(number) as deal_id,
    value,
    happened_at as date_entered,
    happened_at as _fivetran_start,
    lead(happened_at, 1, timestamp '9999-12-31 23:59:59') over steps as _fivetran_end,
    lead(happened_at) over steps is null as _fivetran_active,
    'CRM_UI' as source,
    {_SYNCED}
from rows
window steps as (partition by number order by place)
order by place
"""
