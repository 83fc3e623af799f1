{%- set attributes = [
    'email_key', 'phone', 'first_name', 'last_name', 'company', 'crm_account_id', 'country', 'job_title',
    'lead_source', 'owner_id', 'has_marketing_consent'
] -%}

with

identifiers as (

    select * from {{ ref('int_identifiers_resolved') }}

),

records as (

    select * from {{ ref('int_person_records') }}

),

account_identifiers as (

    select * from {{ ref('int_account_identifiers') }}

),

free_email_domains as (

    select * from {{ ref('free_email_domains') }}

),

source_priorities as (

    select * from {{ ref('source_priorities') }}

),

-- The earliest identifier names the person, so that ids depend on no order of files.
named as (

    select
        person_number,
        identifier,
        first_seen_at,
        row_number() over (
            partition by person_number order by first_seen_at asc nulls last, identifier asc
        ) as identifier_rank
    from identifiers

),

people as (

    select
        person_number,
        max(case when identifier_rank = 1 then identifier end) as earliest_identifier,
        -- A person known by e-mail alone has no record to take it from.
        min_by(substr(identifier, 7), identifier_rank) filter (where identifier like 'email:%') as earliest_email,
        min(first_seen_at) as first_seen_at
    from named
    group by person_number

),

prepared_records as (

    select
        records.person_number,
        records.record_identifier,
        records.source_system,
        coalesce(source_priorities.priority, 999) as priority,
        coalesce(records.updated_at, records.created_at) as changed_at,
        records.email_key,
        records.phone,
        records.first_name,
        records.last_name,
        records.company,
        account_identifiers.account_id as crm_account_id,
        records.country,
        records.job_title,
        records.lead_source,
        records.owner_id,
        records.has_marketing_consent,
        records.created_at,
        count(*) over (partition by records.person_number) as records_of_person
    from records
    left join source_priorities
        on records.source_system = source_priorities.source_system
    left join account_identifiers
        on records.source_system || ':' || records.account_record_id = account_identifiers.account_key

),

-- Nearly everybody has one record: it is the golden one, and only the others are ranked and aggregated.
single_records as (

    select
        person_number,
        {%- for attribute in attributes %}
        {{ attribute }},
        {%- endfor %}
        created_at as crm_created_at,
        {{ single_list_of('source_system') }} as source_systems
    from prepared_records
    where records_of_person = 1

),

-- Most trusted source first, newest record first within a source.
ranked_records as (

    select
        *,
        row_number() over (
            partition by person_number
            order by priority asc, changed_at desc nulls last, record_identifier asc
        ) as trust_rank
    from prepared_records
    where records_of_person > 1

),

merged_records as (

    select
        person_number,
        {%- for attribute in attributes %}
        min_by({{ attribute }}, trust_rank) filter (where {{ attribute }} is not null) as {{ attribute }},
        {%- endfor %}
        min(created_at) as crm_created_at,
        {{ sorted_values('source_system') }} as source_systems
    from ranked_records
    group by person_number

),

golden as (

    select * from single_records
    union all
    select * from merged_records

),

combined as (

    select
        people.person_number,
        people.earliest_identifier,
        people.first_seen_at,
        coalesce(golden.email_key, people.earliest_email) as email,
        split_part(coalesce(golden.email_key, people.earliest_email), '@', 2) as email_domain,
        golden.phone,
        golden.first_name,
        golden.last_name,
        golden.company,
        golden.crm_account_id,
        golden.country,
        golden.job_title,
        golden.lead_source,
        golden.owner_id,
        golden.has_marketing_consent,
        golden.crm_created_at,
        golden.person_number is not null as is_crm_person,
        golden.source_systems
    from people
    left join golden
        on people.person_number = golden.person_number

),

with_corporate_domain as (

    select
        combined.*,
        case when free_email_domains.domain is null then combined.email_domain end as corporate_domain
    from combined
    left join free_email_domains
        on combined.email_domain = free_email_domains.domain

),

final as (

    select
        with_corporate_domain.person_number,
        substr({{ keyed_hash('with_corporate_domain.earliest_identifier') }}, 1, 32) as person_id,
        coalesce(
            with_corporate_domain.crm_account_id,
            account_identifiers.account_id,
            'domain:' || with_corporate_domain.corporate_domain,
            'company:' || {{ company_match_key('with_corporate_domain.company') }}
        ) as account_id,
        with_corporate_domain.email,
        with_corporate_domain.email_domain,
        with_corporate_domain.phone,
        with_corporate_domain.first_name,
        with_corporate_domain.last_name,
        with_corporate_domain.company,
        with_corporate_domain.country,
        with_corporate_domain.job_title,
        with_corporate_domain.lead_source,
        with_corporate_domain.owner_id,
        with_corporate_domain.has_marketing_consent,
        with_corporate_domain.is_crm_person,
        with_corporate_domain.source_systems,
        with_corporate_domain.crm_created_at,
        with_corporate_domain.first_seen_at
    from with_corporate_domain
    left join account_identifiers
        on 'domain:' || with_corporate_domain.corporate_domain = account_identifiers.account_key

)

select * from final
