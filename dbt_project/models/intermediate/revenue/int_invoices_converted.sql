with

invoices as (

    select * from {{ ref('int_invoices_unioned') }}

),

account_identifiers as (

    select * from {{ ref('int_account_identifiers') }}

),

identifiers as (

    select * from {{ ref('int_identifiers_resolved') }}

),

people as (

    select * from {{ ref('int_people_golden') }}

),

free_email_domains as (

    select * from {{ ref('free_email_domains') }}

),

source_priorities as (

    select * from {{ ref('source_priorities') }}

),

fx_rates as (

    select * from {{ ref('int_fx_rates_filled') }}

),

clock as (

    select * from {{ ref('int_clock') }}

),

-- Billing knows the CRM's account id, and not which CRM: where two have the same id, the most trusted one's stands.
crm_accounts as (

    select
        account_identifiers.account_record_id,
        {{ first_by('account_identifiers.account_id', [
            'coalesce(source_priorities.priority, 999)', 'account_identifiers.account_key'
        ]) }} as account_id
    from (
        select
            account_key,
            account_id,
            split_part(account_key, ':', 1) as source_system,
            substr(account_key, length(split_part(account_key, ':', 1)) + 2) as account_record_id
        from account_identifiers
    ) as account_identifiers
    left join source_priorities
        on account_identifiers.source_system = source_priorities.source_system
    where account_identifiers.source_system <> 'domain'
    group by account_identifiers.account_record_id

),

keyed as (

    select
        *,
        {{ email_match_key('email') }} as email_key,
        {{ reporting_date('invoiced_at') }} as invoiced_on
    from invoices

),

with_domain as (

    select
        keyed.*,
        keyed.source_system || ':' || keyed.invoice_record_id as invoice_id,
        'email:' || keyed.email_key as email_identifier,
        case
            when free_email_domains.domain is null then 'domain:' || split_part(keyed.email_key, '@', 2)
        end as domain_key
    from keyed
    left join free_email_domains
        on split_part(keyed.email_key, '@', 2) = free_email_domains.domain

),

with_customer as (

    select
        with_domain.*,
        coalesce(
            crm_accounts.account_id,
            people.account_id,
            corporate_accounts.account_id,
            -- A customer that no CRM knows is still one customer.
            'person:' || people.person_id,
            with_domain.source_system || ':' || with_domain.account_record_id,
            with_domain.domain_key,
            'payer:' || substr({{ keyed_hash('with_domain.email_key') }}, 1, 32),
            'invoice:' || with_domain.invoice_id
        ) as account_id
    from with_domain
    left join crm_accounts
        on with_domain.account_record_id = crm_accounts.account_record_id
    left join identifiers
        on with_domain.email_identifier = identifiers.identifier
    left join people
        on identifiers.person_number = people.person_number
    left join account_identifiers as corporate_accounts
        on with_domain.domain_key = corporate_accounts.account_key

),

final as (

    select
        with_customer.invoice_id,
        with_customer.account_id,
        with_customer.source_system,
        with_customer.currency,
        with_customer.status,
        cast(with_customer.amount as decimal(18, 6)) as amount,
        cast(with_customer.amount * fx_rates.rate_to_reporting as decimal(18, 6)) as amount_reporting,
        with_customer.is_recurring,
        -- Money that nobody is asked to pay is no revenue.
        coalesce(with_customer.status, 'open') not in ('draft', 'void', 'voided', 'uncollectible') as is_revenue,
        with_customer.invoiced_at,
        with_customer.invoiced_on,
        with_customer.period_start,
        with_customer.period_end
    from with_customer
    inner join clock
        on with_customer.invoiced_at <= clock.as_of_at
    left join fx_rates
        on
            with_customer.currency = fx_rates.currency
            and with_customer.invoiced_on = fx_rates.date_day

)

select * from final
