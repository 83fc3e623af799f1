with

source as (

    select * from {{ source('brevo', 'crm_deals') }}

),

pipeline_stages as (

    select * from {{ source('brevo', 'crm_pipeline_stages') }}

),

deals as (

    select
        id,
        coalesce(deal_name, {{ json_text('attributes', 'deal_name') }}) as name,
        coalesce(deal_owner, {{ json_text('attributes', 'deal_owner') }}) as owner_id,
        coalesce(deal_stage, {{ json_text('attributes', 'deal_stage') }}) as stage_id,
        coalesce(currency, {{ json_text('attributes', 'currency') }}) as currency,
        coalesce(loss_reason, {{ json_text('attributes', 'lost_reason') }}) as loss_reason,
        coalesce(amount, {{ safe_cast(json_text('attributes', 'amount'), 'decimal(18, 6)') }}) as amount,
        coalesce(close_date, {{ instant_to_utc(json_text('attributes', 'close_date')) }}) as close_date,
        coalesce(created_at, {{ instant_to_utc(json_text('attributes', 'created_at')) }}) as created_at,
        coalesce(stage_updated_at, {{ instant_to_utc(json_text('attributes', 'stage_updated_at')) }}) as stage_updated_at,
        coalesce(
            last_updated_at,
            {{ instant_to_utc(json_text('attributes', 'last_updated_at')) }},
            {{ instant_to_utc(json_text('attributes', 'last_updated_date')) }}
        ) as updated_at,
        linked_companies_ids,
        linked_contacts_ids
    from source
    where not coalesce(_fivetran_deleted, false)

),

-- A deal can have several companies and contacts; Brevo does not tell the primary one, so the oldest id stands.
companies as (

    select
        deals.id,
        min(linked_companies.company_id) as company_id
    from deals
    cross join {{ unnest_text(json_list('deals.linked_companies_ids'), 'linked_companies', 'company_id') }}
    group by deals.id

),

contacts as (

    select
        deals.id,
        min(cast(linked_contacts.contact_id as bigint)) as contact_id
    from deals
    cross join {{ unnest_text(json_list('deals.linked_contacts_ids'), 'linked_contacts', 'contact_id') }}
    group by deals.id

),

-- Brevo marks no stage as won or lost: the names of its default pipelines tell.
staged as (

    select
        deals.*,
        coalesce(pipeline_stages.name, deals.stage_id) as stage,
        lower({{ without_accents('trim(coalesce(pipeline_stages.name, deals.stage_id))') }}) as stage_key
    from deals
    left join pipeline_stages
        on deals.stage_id = pipeline_stages.id

),

closed as (

    select
        *,
        coalesce(stage_key in ('won', 'closed won', 'gagne', 'gagnee', 'affaire gagnee'), false) as is_won,
        coalesce(stage_key in ('lost', 'closed lost', 'perdu', 'perdue', 'affaire perdue'), false) as is_lost
    from staged

),

renamed as (

    select
        -- ids
        'brevo' as source_system,
        closed.id as opportunity_record_id,
        companies.company_id as account_record_id,
        cast(contacts.contact_id as varchar) as primary_person_record_id,
        closed.owner_id,

        -- strings
        closed.name,
        cast(null as varchar) as opportunity_type,
        closed.stage,
        closed.loss_reason,
        upper(closed.currency) as currency,

        -- numerics
        closed.amount,
        cast(null as double) as probability,

        -- booleans
        closed.is_won or closed.is_lost as is_closed,
        closed.is_won,

        -- timestamps
        closed.created_at,
        case when closed.is_won or closed.is_lost then coalesce(closed.stage_updated_at, closed.close_date) end as closed_at,
        case when closed.is_won then coalesce(closed.stage_updated_at, closed.close_date) end as won_at,
        case when not closed.is_won and not closed.is_lost then cast(closed.close_date as date) end as expected_close_on,
        closed.updated_at
    from closed
    left join companies
        on closed.id = companies.id
    left join contacts
        on closed.id = contacts.id

)

select * from renamed
