with

figures as (

    select * from {{ ref('int_reconciled_files') }}
    union all
    select * from {{ ref('int_reconciled_spend') }}
    union all
    select * from {{ ref('int_reconciled_people') }}
    union all
    select * from {{ ref('int_reconciled_touches') }}
    union all
    select * from {{ ref('int_reconciled_attribution') }}

),

final as (

    select
        '{{ var("run_id", "manual") }}' as run_id,
        what,
        expected,
        actual,
        actual - expected as difference,
        case
            when actual - expected <> 0 and actual - expected = explained then rule
        end as explanation,
        actual - expected = 0 or actual - expected = explained as is_reconciled
    from figures

)

select * from final
