with

opportunities as (

    select * from {{ ref('int_opportunities_unioned') }}

),

opportunity_people as (

    select * from {{ ref('int_opportunity_people') }}

),

people as (

    select * from {{ ref('int_people_golden') }}

),

account_identifiers as (

    select * from {{ ref('int_account_identifiers') }}

),

fx_rates as (

    select * from {{ ref('int_fx_rates_filled') }}

),

clock as (

    select * from {{ ref('int_clock') }}

),

primary_people as (

    select
        opportunity_id,
        coalesce(
            min(case when is_primary then person_number end),
            min(person_number)
        ) as person_number
    from opportunity_people
    group by opportunity_id

),

with_account as (

    select
        opportunities.*,
        people.person_number,
        people.lead_source,
        coalesce(
            account_identifiers.account_id,
            people.account_id,
            'person:' || people.person_id,
            'opportunity:' || opportunities.opportunity_id
        ) as account_id,
        coalesce(opportunities.won_at, opportunities.closed_at) as settled_at
    from opportunities
    left join primary_people
        on opportunities.opportunity_id = primary_people.opportunity_id
    left join people
        on primary_people.person_number = people.person_number
    left join account_identifiers
        on
            opportunities.source_system || ':' || opportunities.account_record_id
            = account_identifiers.account_key

),

first_wins as (

    select
        account_id,
        {{ first_by('opportunity_id', ['won_at', 'opportunity_id']) }} as first_won_opportunity_id,
        min(won_at) as first_won_at
    from with_account
    where is_won
    group by account_id

),

final as (

    select
        with_account.opportunity_id,
        with_account.source_system,
        with_account.opportunity_record_id,
        with_account.account_id,
        with_account.person_number,
        with_account.name,
        -- Without a type: new business until the account's first win, expansion after it.
        coalesce(
            with_account.opportunity_type,
            case
                when with_account.opportunity_id = first_wins.first_won_opportunity_id then 'new_business'
                when with_account.created_at > first_wins.first_won_at then 'expansion'
                else 'new_business'
            end
        ) as opportunity_type,
        with_account.stage,
        with_account.loss_reason,
        with_account.currency,
        with_account.amount,
        -- Won at the day of the win, lost at the close, open pipeline at the clock.
        {{ money('with_account.amount * fx_rates.rate_to_reporting') }} as amount_reporting,
        with_account.probability,
        with_account.is_closed,
        with_account.is_won,
        with_account.created_at,
        with_account.closed_at,
        with_account.won_at,
        with_account.expected_close_on,
        with_account.owner_id,
        with_account.lead_source
    from with_account
    cross join clock
    left join first_wins
        on with_account.account_id = first_wins.account_id
    left join fx_rates
        on
            coalesce({{ reporting_date('with_account.settled_at') }}, clock.as_of_date) = fx_rates.date_day
            and with_account.currency = fx_rates.currency

)

select * from final
