with

conversions as (

    select * from {{ ref('int_conversions') }}

),

journeys as (

    select * from {{ ref('int_journeys') }}

),

touches as (

    select * from {{ ref('int_touches_sorted') }}

),

-- A left join keeps conversions without a touch in their window: they are credited to `unattributed`.
final as (

    select
        conversions.conversion_id,
        touches.touch_id,
        conversions.conversion_type,
        coalesce(touches.channel, 'unattributed') as channel,
        touches.campaign_id,
        touches.touched_at,
        conversions.converted_at,
        journeys.position,
        journeys.path_length,
        conversions.value_reporting,
        cast(
            case when coalesce(journeys.position, 1) = 1 then 1 else 0 end as double
        ) as credit_first_touch,
        cast(
            case when coalesce(journeys.position, 1) = coalesce(journeys.path_length, 1) then 1 else 0 end as double
        ) as credit_last_touch,
        cast(1 as double) / coalesce(journeys.path_length, 1) as credit_linear
    from conversions
    left join journeys
        on conversions.conversion_number = journeys.conversion_number
    left join touches
        on journeys.touch_order = touches.touch_order

)

select * from final
