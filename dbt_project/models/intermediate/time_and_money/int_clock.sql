with

files as (

    select * from {{ ref('stg_ledger__files') }}

),

newest as (

    select
            {%- if var('as_of_at') %}
        cast('{{ var("as_of_at") }}' as timestamp) as as_of_at
        {%- else %}
        coalesce(max(newest_event_at), cast('1970-01-01 00:00:00' as timestamp)) as as_of_at
        {%- endif %}
    from files

),

final as (

    select
        as_of_at,
        {{ reporting_date('as_of_at') }} as as_of_date
    from newest

)

select * from final
