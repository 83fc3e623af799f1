with

touches as (

    select * from {{ ref('int_touches_sorted') }}

),

people as (

    select * from {{ ref('int_people_golden') }}

),

final as (

    select
        touches.touch_id,
        people.person_id,
        people.account_id,
        touches.touched_at,
        touches.channel,
        touches.campaign_id,
        touches.source_system,
        touches.touch_type,
        touches.is_marketing
    from touches
    left join people
        on touches.person_number = people.person_number

)

select * from final
