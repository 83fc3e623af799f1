with

conversions as (

    select * from {{ ref('int_conversions') }}

),

conversion_people as (

    select * from {{ ref('int_conversion_people') }}

),

touches as (

    select * from {{ ref('int_touches_sorted') }}

),

windows as (

    select
        conversion_people.conversion_number,
        conversion_people.person_number,
        conversions.journey_starts_at,
        conversions.converted_at
    from conversion_people
    inner join conversions
        on conversion_people.conversion_number = conversions.conversion_number

),

-- Only touches at or before the conversion's own moment: a touch later on the same day never counts.
met as (

    select
        windows.conversion_number,
        touches.touch_order,
        touches.touched_at,
        touches.is_marketing
    from touches
    inner join windows
        on
            touches.person_number = windows.person_number
            and touches.touched_at >= windows.journey_starts_at
            and touches.touched_at <= windows.converted_at
    {%- if not var('attribution_include_sales') %}
    where touches.is_marketing
    {%- endif %}

),

final as (

    select
        conversion_number,
        touch_order,
        is_marketing,
        cast(row_number() over (
            partition by conversion_number order by touched_at, touch_order
        ) as integer) as position,
        cast(count(*) over (partition by conversion_number) as integer) as path_length
    from met

)

select * from final
