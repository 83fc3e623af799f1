with

leads as (

    select * from {{ source('salesforce', 'lead') }}

),

contacts as (

    select * from {{ source('salesforce', 'contact') }}

),

accounts as (

    select * from {{ source('salesforce', 'account') }}

),

-- History mode, or two connectors, give several versions of an id: the newest one stands.
ranked_leads as (

    select
        *,
        row_number() over (
            partition by substr(id, 1, 15)
            order by system_modstamp desc nulls last, _fivetran_start desc nulls last, id desc
        ) as recency
    from leads

),

ranked_contacts as (

    select
        *,
        row_number() over (
            partition by substr(id, 1, 15)
            order by system_modstamp desc nulls last, _fivetran_start desc nulls last, id desc
        ) as recency
    from contacts

),

ranked_accounts as (

    select
        *,
        row_number() over (
            partition by substr(id, 1, 15)
            order by system_modstamp desc nulls last, _fivetran_start desc nulls last, id desc
        ) as recency
    from accounts

),

-- A converted lead stays a record and leads to its contact: several leads can be converted into one contact.
renamed_leads as (

    select
        -- ids
        'salesforce' as source_system,
        substr(id, 1, 15) as person_record_id,
        substr(converted_account_id, 1, 15) as account_record_id,
        substr(owner_id, 1, 15) as owner_id,
        cast(null as varchar) as converted_from_record_id,
        substr(converted_contact_id, 1, 15) as converted_to_record_id,

        -- strings
        email,
        coalesce(phone, mobile_phone) as phone,
        first_name,
        last_name,
        company,
        website as company_domain,
        coalesce(country_code, country) as country,
        title as job_title,
        lead_source,
        'status' as stage_field,
        status as stage_value,

        -- booleans
        case when has_opted_out_of_email then false end as has_marketing_consent,
        coalesce(is_deleted, false)
        or coalesce(_fivetran_deleted, false)
        or not coalesce(_fivetran_active, true) as is_deleted,

        -- timestamps
        created_date as created_at,
        system_modstamp as updated_at
    from ranked_leads
    where recency = 1

),

renamed_contacts as (

    select
        -- ids
        'salesforce' as source_system,
        substr(ranked_contacts.id, 1, 15) as person_record_id,
        substr(ranked_contacts.account_id, 1, 15) as account_record_id,
        substr(ranked_contacts.owner_id, 1, 15) as owner_id,
        cast(null as varchar) as converted_from_record_id,
        cast(null as varchar) as converted_to_record_id,

        -- strings
        ranked_contacts.email,
        coalesce(ranked_contacts.phone, ranked_contacts.mobile_phone) as phone,
        ranked_contacts.first_name,
        ranked_contacts.last_name,
        coalesce(ranked_contacts.account_name, ranked_accounts.name) as company,
        ranked_accounts.website as company_domain,
        coalesce(ranked_contacts.mailing_country_code, ranked_contacts.mailing_country) as country,
        ranked_contacts.title as job_title,
        ranked_contacts.lead_source,
        'status' as stage_field,
        ranked_contacts.contact_status_c as stage_value,

        -- booleans
        case when ranked_contacts.has_opted_out_of_email then false end as has_marketing_consent,
        coalesce(ranked_contacts.is_deleted, false)
        or coalesce(ranked_contacts._fivetran_deleted, false)
        or not coalesce(ranked_contacts._fivetran_active, true) as is_deleted,

        -- timestamps
        ranked_contacts.created_date as created_at,
        ranked_contacts.system_modstamp as updated_at
    from ranked_contacts
    left join ranked_accounts
        on
            substr(ranked_contacts.account_id, 1, 15) = substr(ranked_accounts.id, 1, 15)
            and ranked_accounts.recency = 1
    where ranked_contacts.recency = 1

),

combined as (

    select * from renamed_leads
    union all
    select * from renamed_contacts

)

select * from combined
