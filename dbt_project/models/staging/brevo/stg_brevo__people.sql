with

source as (

    select * from {{ source('brevo', 'contacts') }}

),

companies as (

    select * from {{ source('brevo', 'companies') }}

),

-- Attributes are one JSON object in the API and columns in exports; French accounts name them in French.
contacts as (

    select
        cast(id as varchar) as contact_id,
        nullif(lower(trim(email)), '') as email_key,
        email,
        coalesce(sms, {{ json_text('attributes', 'SMS') }}, {{ json_text('attributes', 'WHATSAPP') }}) as phone,
        coalesce(first_name, {{ json_text('attributes', 'FIRSTNAME') }}, {{ json_text('attributes', 'PRENOM') }}) as first_name,
        coalesce(last_name, {{ json_text('attributes', 'LASTNAME') }}, {{ json_text('attributes', 'NOM') }}) as last_name,
        coalesce(
            company,
            {{ json_text('attributes', 'COMPANY') }},
            {{ json_text('attributes', 'ENTREPRISE') }},
            {{ json_text('attributes', 'SOCIETE') }}
        ) as company,
        coalesce(country, {{ json_text('attributes', 'COUNTRY') }}, {{ json_text('attributes', 'PAYS') }}) as country,
        coalesce(
            job_title, {{ json_text('attributes', 'JOB_TITLE') }}, {{ json_text('attributes', 'FONCTION') }}
        ) as job_title,
        coalesce(lifecycle_stage, {{ json_text('attributes', 'LIFECYCLE_STAGE') }}) as lifecycle_stage,
        lower({{ without_accents('trim(status)') }}) as status,
        lower(coalesce({{ json_text('attributes', 'DOUBLE_OPT-IN') }}, '')) in ('1', 'yes', 'oui', 'true') as is_double_opt_in,
        coalesce(email_blacklisted, false) as email_blacklisted,
        coalesce(_fivetran_deleted, false) as is_deleted,
        -- The API writes instants, the UI local time.
        coalesce(created_at, {{ local_to_utc('added_time', 'Europe/Paris') }}) as created_at,
        coalesce(modified_at, {{ local_to_utc('modified_time', 'Europe/Paris') }}) as updated_at
    from source
    where
        id is not null
        or nullif(trim(email), '') is not null

),

-- An export of the UI may lack the id: its row belongs to the contact that has the address.
ids_of_addresses as (

    select
        email_key,
        max_by(contact_id, coalesce(updated_at, cast('1970-01-01' as timestamp))) as contact_id
    from contacts
    where
        contact_id is not null
        and email_key is not null
    group by email_key

),

identified as (

    select
        contacts.*,
        coalesce(
            contacts.contact_id, ids_of_addresses.contact_id, 'address-' || md5(contacts.email_key)
        ) as person_record_id
    from contacts
    left join ids_of_addresses
        on contacts.email_key = ids_of_addresses.email_key

),

-- A contact that changed its address, or that is in two shapes, has several rows: the newest is the current one.
ranked as (

    select
        *,
        row_number() over (
            partition by person_record_id
            order by updated_at desc nulls last, contact_id asc nulls last, created_at desc nulls last, email_key asc
        ) as version_number
    from identified

),

-- A contact can belong to several companies; the export does not tell the primary one, so the oldest id stands.
accounts as (

    select
        linked_contacts.person_record_id,
        min(companies.id) as account_record_id
    from companies
    cross join {{ unnest_text(json_list('companies.linked_contacts_ids'), 'linked_contacts', 'person_record_id') }}
    where not coalesce(companies._fivetran_deleted, false)
    group by linked_contacts.person_record_id

),

renamed as (

    select
        -- ids
        'brevo' as source_system,
        ranked.person_record_id,
        accounts.account_record_id,
        cast(null as varchar) as owner_id,
        cast(null as varchar) as converted_from_record_id,

        -- strings
        ranked.email,
        ranked.phone,
        ranked.first_name,
        ranked.last_name,
        ranked.company,
        cast(null as varchar) as company_domain,
        ranked.country,
        ranked.job_title,
        cast(null as varchar) as lead_source,
        'lifecycle_stage' as stage_field,
        ranked.lifecycle_stage as stage_value,

        -- booleans: a contact that is merely not blocked has not consented thereby
        case
            when ranked.email_blacklisted then false
            when ranked.status in ('unsubscribed', 'blocklisted', 'blacklisted', 'desinscrit', 'desabonne', 'liste noire', 'bloque')
                then false
            when ranked.is_double_opt_in then true
        end as has_marketing_consent,
        ranked.is_deleted,

        -- timestamps
        ranked.created_at,
        ranked.updated_at
    from ranked
    left join accounts
        on ranked.person_record_id = accounts.person_record_id
    where ranked.version_number = 1

)

select * from renamed
