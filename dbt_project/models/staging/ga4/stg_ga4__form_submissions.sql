with

events as (

    select * from {{ source('ga4', 'events') }}

),

parsed as (

    select
        *,
        {{ keyed_list('event_params') }} as parameters
    from events
    where event_name in ('generate_lead', 'form_submit')

),

with_parameters as (

    select
        user_pseudo_id,
        event_timestamp,
        event_name,
        event_bundle_sequence_id,
        batch_ordering_id,
        batch_event_index,
        {{ json_text('privacy_info', 'analytics_storage') }} as analytics_storage,
        {{ keyed_text('parameters', 'ga_session_id') }} as ga_session_id,
        {{ keyed_text('parameters', 'form_name') }} as form_name,
        {{ keyed_text('parameters', 'form_id') }} as form_id,
        coalesce(
            {{ keyed_text('parameters', 'email') }},
            {{ keyed_text('parameters', 'email_address') }},
            {{ keyed_text('parameters', 'user_email') }}
        ) as email
    from parsed

),

-- GA4 gives its events no id: browser, moment, name and bundle tell them apart.
submissions as (

    select
        user_pseudo_id,
        event_timestamp,
        event_name,
        event_bundle_sequence_id,
        {{ first_by('email', ['batch_ordering_id', 'batch_event_index', 'email']) }} as email,
        min(ga_session_id) as ga_session_id,
        min(coalesce(form_name, form_id)) as form_name,
        max(case when lower(analytics_storage) = 'no' then 1 else 0 end) = 1 as is_storage_denied
    from with_parameters
    -- Without an address nobody is known to have sent it.
    where email like '%@%'
    group by
        user_pseudo_id,
        event_timestamp,
        event_name,
        event_bundle_sequence_id

),

renamed as (

    select
        -- ids
        'ga4' as source_system,
        'ga4-' || coalesce(user_pseudo_id, 'unknown') || '-' || cast(event_timestamp as varchar) || '-' || event_name
        || coalesce('-' || cast(event_bundle_sequence_id as varchar), '') as submission_id,
        case when not is_storage_denied then user_pseudo_id end as anonymous_id,
        'ga4-' || user_pseudo_id || '.' || ga_session_id as session_id,
        cast(null as varchar) as person_record_id,

        -- strings
        email,
        coalesce(form_name, event_name) as form_name,

        -- booleans
        -- Consent to storage is no consent to marketing.
        cast(null as boolean) as has_marketing_consent,

        -- timestamps
        event_timestamp as submitted_at
    from submissions

)

select * from renamed
