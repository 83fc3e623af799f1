with

check_results as (

    select * from {{ ref('stg_ledger__check_results') }}

),

final as (

    select
        run_id,
        checked_at,
        layer,
        asset,
        expectation,
        column_name,
        severity,
        success,
        observed_value,
        unexpected_count,
        unexpected_percent
    from check_results

)

select * from final
