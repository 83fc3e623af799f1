with

deals as (

    select * from {{ source('hubspot', 'deal') }}

),

pipeline_stages as (

    select * from {{ source('hubspot', 'deal_pipeline_stage') }}

),

stage_entries as (

    select * from {{ source('hubspot', 'deal_stage') }}

),

deal_companies as (

    select * from {{ source('hubspot', 'deal_company') }}

),

deal_contacts as (

    select * from {{ source('hubspot', 'deal_contact') }}

),

-- A deal can have several companies and contacts. Connectors land them as tables, HubSpot's own export as lists of ids; neither
-- tells the primary one, so the oldest id stands.
all_companies as (

    select
        deal_id,
        company_id
    from deal_companies

    union all

    select
        deal_id,
        try_cast(trim(listed_id) as bigint) as company_id
    from deals
    cross join {{ unnest_text("string_split(deals.associated_company_ids, ';')", 'listed_ids', 'listed_id') }}
    where deals.associated_company_ids is not null

),

all_contacts as (

    select
        deal_id,
        contact_id
    from deal_contacts

    union all

    select
        deal_id,
        try_cast(trim(listed_id) as bigint) as contact_id
    from deals
    cross join {{ unnest_text("string_split(deals.associated_contact_ids, ';')", 'listed_ids', 'listed_id') }}
    where deals.associated_contact_ids is not null

),

companies as (

    select
        deal_id,
        min(company_id) as company_id
    from all_companies
    group by deal_id

),

contacts as (

    select
        deal_id,
        min(contact_id) as contact_id
    from all_contacts
    group by deal_id

),

-- Connectors land the id of a stage; an export with labels holds its label, which several pipelines may share as long as it
-- means one thing in all of them.
named_stages as (

    select
        stage_id as stage_name,
        label,
        probability,
        coalesce(is_closed, closed_won, false) as is_closed,
        coalesce(closed_won, false) as is_won
    from pipeline_stages

    union all

    select
        stages.label as stage_name,
        stages.label,
        case when min(stages.probability) = max(stages.probability) then max(stages.probability) end as probability,
        max(coalesce(stages.is_closed, stages.closed_won, false)) as is_closed,
        max(coalesce(stages.closed_won, false)) as is_won
    from pipeline_stages as stages
    left join pipeline_stages as namesakes
        on stages.label = namesakes.stage_id
    where
        stages.label is not null
        and namesakes.stage_id is null
    group by stages.label
    having
        min(coalesce(stages.is_closed, stages.closed_won, false)) = max(coalesce(stages.is_closed, stages.closed_won, false))
        and min(coalesce(stages.closed_won, false)) = max(coalesce(stages.closed_won, false))

),

wins as (

    select
        stage_entries.deal_id,
        min(stage_entries.date_entered) as won_at
    from stage_entries
    inner join named_stages
        on stage_entries.value = named_stages.stage_name
    where named_stages.is_won
    group by stage_entries.deal_id

),

renamed as (

    select
        -- ids
        'hubspot' as source_system,
        cast(deals.deal_id as varchar) as opportunity_record_id,
        cast(companies.company_id as varchar) as account_record_id,
        cast(contacts.contact_id as varchar) as primary_person_record_id,
        cast(deals.owner_id as varchar) as owner_id,

        -- strings
        deals.property_dealname as name,
        case lower(replace(deals.property_dealtype, ' ', ''))
            when 'newbusiness' then 'new_business'
            when 'existingbusiness' then 'expansion'
            else lower(deals.property_dealtype)
        end as opportunity_type,
        coalesce(named_stages.label, deals.deal_pipeline_stage_id) as stage,
        deals.property_closed_lost_reason as loss_reason,
        upper(deals.property_deal_currency_code) as currency,

        -- numerics
        deals.property_amount as amount,
        named_stages.probability,

        -- booleans
        coalesce(named_stages.is_closed, false) as is_closed,
        coalesce(named_stages.is_won, false) as is_won,

        -- timestamps
        deals.property_createdate as created_at,
        case when named_stages.is_closed then deals.property_closedate end as closed_at,
        case when named_stages.is_won then coalesce(wins.won_at, deals.property_closedate) end as won_at,
        case
            when not coalesce(named_stages.is_closed, false) then cast(deals.property_closedate as date)
        end as expected_close_on,
        deals.property_hs_lastmodifieddate as updated_at
    from deals
    left join named_stages
        on deals.deal_pipeline_stage_id = named_stages.stage_name
    left join wins
        on deals.deal_id = wins.deal_id
    left join companies
        on deals.deal_id = companies.deal_id
    left join contacts
        on deals.deal_id = contacts.deal_id
    where not coalesce(deals.is_deleted, false)

)

select * from renamed
