{{ config(materialized='view') }}

with

-- The rows were stored in the order of person, time and id: their position is one integer that models compare
-- instead of a time and a text.
final as (

    select
        *,
        {{ stored_position() }} as touch_order
    from {{ ref('int_touches_stored') }}

)

select * from final
