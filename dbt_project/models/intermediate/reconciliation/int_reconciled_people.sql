with

person_records as (

    select * from {{ ref('int_people_keyed') }}

),

people as (

    select * from {{ ref('dim_people') }}

),

staged_opportunities as (

    select * from {{ ref('int_opportunities_unioned') }}

),

opportunities as (

    select * from {{ ref('fct_opportunities') }}

),

conversions as (

    select * from {{ ref('fct_conversions') }}

),

-- People and opportunities.
people_records as (

    select
        'CRM records carried by people' as what,
        cast((
            select count(*) from person_records
            where person_records.is_current
        ) as decimal(38, 6)) as expected,
        cast(coalesce(sum(crm_records), 0) as decimal(38, 6)) as actual,
        cast(0 as decimal(38, 6)) as explained,
        cast(null as varchar) as rule
    from people

),

opportunity_counts as (

    select
        'opportunities' as what,
        cast((select count(*) from staged_opportunities) as decimal(38, 6)) as expected,
        cast(count(*) as decimal(38, 6)) as actual,
        cast(0 as decimal(38, 6)) as explained,
        cast(null as varchar) as rule
    from opportunities

),

won_expected as (

    select
        currency,
        sum(amount) as amount
    from staged_opportunities
    where is_won
    group by currency

),

won_actual as (

    select
        currency,
        sum(amount) as amount
    from opportunities
    where is_won
    group by currency

),

won_amounts as (

    select
        'won amount in ' || coalesce(won_expected.currency, won_actual.currency, 'no currency') as what,
        cast(coalesce(won_expected.amount, 0) as decimal(38, 6)) as expected,
        cast(coalesce(won_actual.amount, 0) as decimal(38, 6)) as actual,
        cast(0 as decimal(38, 6)) as explained,
        cast(null as varchar) as rule
    from won_expected
    full outer join won_actual
        on won_expected.currency is not distinct from won_actual.currency

),

new_business_wins as (

    select
        'won opportunities as conversions' as what,
        cast(
            (
                select count(*) from opportunities
                where opportunities.is_won
            ) as decimal(38, 6)
        ) as expected,
        cast(count(*) as decimal(38, 6)) as actual,
        -cast(
            (
                select count(*) from opportunities
                where
                    opportunities.is_won
                    and (opportunities.opportunity_type <> 'new_business' or opportunities.won_at is null)
            ) as decimal(38, 6)
        ) as explained,
        'expansions, renewals and wins without a date are no new-business conversions' as rule
    from conversions
    where conversion_type = 'won'

),

final as (

    select * from people_records
    union all
    select * from opportunity_counts
    union all
    select * from won_amounts
    union all
    select * from new_business_wins

)

select * from final
