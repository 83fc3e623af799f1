{{ config(materialized='view') }}

with

unioned as (

-- A new source of sessions is one name in this list.
    {{ union_models([
        'stg_web__sessions',
        'stg_ga4__sessions',
        'stg_matomo__sessions',
    ]) }}

),

final as (

    select
        source_system,
        session_id,
        anonymous_id,
        utm_source,
        utm_medium,
        utm_campaign,
        {{ url_host('referrer') }} as referrer_host,
        click_id_platform,
        started_at
    from unioned

)

select * from final
