with

accounts as (

    select * from {{ ref('int_accounts_unioned') }}

),

people as (

    select * from {{ ref('int_person_records') }}

),

opportunities as (

    select * from {{ ref('int_opportunities_unioned') }}

),

free_email_domains as (

    select * from {{ ref('free_email_domains') }}

),

source_priorities as (

    select * from {{ ref('source_priorities') }}

),

keyed_accounts as (

    select
        accounts.source_system || ':' || accounts.account_record_id as account_key,
        case when free_email_domains.domain is null then {{ bare_domain('accounts.domain') }} end as domain,
        coalesce(source_priorities.priority, 999) as priority
    from accounts
    left join free_email_domains
        on {{ bare_domain('accounts.domain') }} = free_email_domains.domain
    left join source_priorities
        on accounts.source_system = source_priorities.source_system

),

-- Two CRM accounts with one corporate domain are one account, named after the most trusted source's.
domains as (

    select
        domain,
        {{ first_by('account_key', ['priority', 'account_key']) }} as account_id
    from keyed_accounts
    where domain is not null
    group by domain

),

account_keys as (

    select
        keyed_accounts.account_key,
        coalesce(domains.account_id, keyed_accounts.account_key) as account_id
    from keyed_accounts
    left join domains
        on keyed_accounts.domain = domains.domain

),

domain_keys as (

    select
        'domain:' || domain as account_key,
        account_id
    from domains

),

known as (

    select * from account_keys
    union
    select * from domain_keys

),

-- Ids that records carry without an account of that id in the extracts stand for themselves.
met as (

    select source_system || ':' || account_record_id as account_key
    from people
    where account_record_id is not null

    union

    select source_system || ':' || account_record_id as account_key
    from opportunities
    where account_record_id is not null

),

final as (

    select * from known

    union all

    select
        met.account_key,
        met.account_key as account_id
    from met
    left join known
        on met.account_key = known.account_key
    where known.account_key is null

)

select * from final
