with

events as (

    select * from {{ source('brevo', 'events') }}

),

recipients as (

    select * from {{ source('brevo', 'campaign_recipients') }}

),

campaigns as (

    select * from {{ source('brevo', 'emailCampaigns') }}

),

-- Log exports have their time in `ts`; in webhooks that column is a count of seconds shifted by the zone.
spelled as (

    select
        *,
        regexp_replace(lower({{ without_accents('event') }}), '[^a-z]', '', 'g') as event_key,
        regexp_replace(
            coalesce(date, case when {{ matches('ts', "'[-/:]'") }} then ts end),
            '^([0-9]{2})[-/.]([0-9]{2})[-/.]([0-9]{4})',
            '\3-\2-\1'
        ) as time_text
    from events

),

-- The UTC columns come first. A text without an offset is local time of the zone that Brevo writes, CET or CEST.
timed as (

    select
        *,
        coalesce(
            ts_event,
            ts_epoch,
            case
                when {{ matches('time_text', "'(Z|[+-][0-9]{2}:?[0-9]{2})$'") }} then {{ instant_to_utc('time_text') }}
                else {{ local_to_utc(safe_cast('time_text', 'timestamp'), 'Europe/Paris') }}
            end
        ) as occurred_at
    from spelled

),

typed as (

    select
        message_id,
        cast(camp_id as varchar) as campaign_id,
        campaign_name,
        coalesce(tag, subject) as message_name,
        email,
        link,
        occurred_at,
        case
            when event_key in ('request', 'requests', 'sent', 'envoye', 'envoyes') then 'sent'
            when event_key in ('delivered', 'delivre', 'delivres') then 'delivered'
            when
                event_key in (
                    'opened', 'open', 'uniqueopened', 'firstopening', 'ouvert', 'ouverture',
                    'premiereouverture'
                )
                then 'open'
            when
                event_key in (
                    'proxyopen', 'uniqueproxyopen', 'loadedbyproxy', 'uniqueloadedbyproxy',
                    'chargeparproxy', 'chargeparunproxy'
                )
                then 'proxy_open'
            when event_key in ('click', 'clicks', 'clicked', 'clic', 'clics', 'clique', 'cliques') then 'click'
            when
                event_key in (
                    'hardbounce', 'hardbounces', 'hardbounced', 'softbounce', 'softbounces',
                    'softbounced', 'bounce', 'bounces', 'invalid', 'invalidemail', 'emailinvalide'
                )
                then 'bounce'
            when event_key in ('spam', 'complaint', 'complaints', 'plainte', 'plaintes') then 'complaint'
            when event_key in ('unsubscribed', 'unsubscribe', 'desinscrit', 'desinscription', 'desabonne') then 'unsubscribe'
            else lower(event)
        end as event_type
    from timed
    -- Marketing webhooks also tell of contacts.
    where event_key not in ('listaddition', 'contactupdated', 'contactdeleted')

),

-- Neither webhooks nor logs have an id of the event. One opening can come as `opened` and as `unique_opened`, and one
-- event from the webhook and from a log: they are one.
distinct_events as (

    select
        message_id,
        campaign_id,
        lower(trim(email)) as email_key,
        event_type,
        date_trunc('second', occurred_at) as occurred_at,
        link,
        max(campaign_name) as campaign_name,
        max(message_name) as message_name,
        min(email) as email
    from typed
    group by message_id, campaign_id, lower(trim(email)), event_type, date_trunc('second', occurred_at), link

),

-- An export of recipients holds one time for each kind of event.
recipient_events as (

    {% for event_type, column in [
        ('sent', 'send_date'),
        ('delivered', 'delivered_date'),
        ('open', 'open_date'),
        ('click', 'click_date'),
        ('bounce', 'bounce_date'),
        ('bounce', 'soft_bounce_date'),
        ('complaint', 'complaint_date'),
        ('unsubscribe', 'unsubscribe_date'),
    ] %}
    select
        cast(campaign_id as varchar) as campaign_id,
        campaign_name,
        email,
        lower(trim(email)) as email_key,
        '{{ event_type }}' as event_type,
        {{ local_to_utc(column, 'Europe/Paris') }} as occurred_at
    from recipients
    where {{ column }} is not null
    {%- if not loop.last %}

    union all

    {% endif %}
    {%- endfor %}

),

known_kinds as (

    select distinct
        coalesce(campaign_id, campaign_name) as campaign_key,
        email_key,
        event_type
    from distinct_events

),

missing_recipient_events as (

    select recipient_events.*
    from recipient_events
    left join known_kinds
        on
            coalesce(recipient_events.campaign_id, recipient_events.campaign_name) = known_kinds.campaign_key
            and recipient_events.email_key = known_kinds.email_key
            and recipient_events.event_type = known_kinds.event_type
    where known_kinds.campaign_key is null

),

combined as (

    select
        message_id,
        campaign_id,
        campaign_name,
        message_name,
        email,
        email_key,
        event_type,
        link,
        occurred_at
    from distinct_events

    union all

    select distinct
        cast(null as varchar) as message_id,
        campaign_id,
        campaign_name,
        cast(null as varchar) as message_name,
        email,
        email_key,
        event_type,
        cast(null as varchar) as link,
        occurred_at
    from missing_recipient_events

),

renamed as (

    select
        -- ids
        'brevo' as source_system,
        md5(
            concat_ws(
                '|',
                coalesce(combined.message_id, ''),
                coalesce(combined.campaign_id, combined.campaign_name, ''),
                combined.event_type,
                coalesce(combined.email_key, ''),
                coalesce(cast(combined.occurred_at as varchar), ''),
                coalesce(combined.link, '')
            )
        ) as email_event_id,
        combined.campaign_id as campaign_record_id,

        -- strings
        combined.email,
        combined.event_type,
        coalesce(combined.campaign_name, campaigns.name, combined.message_name) as campaign_name,

        -- timestamps
        combined.occurred_at
    from combined
    left join campaigns
        on combined.campaign_id = cast(campaigns.id as varchar)

)

select * from renamed
