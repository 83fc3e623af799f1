{# The e-mail match key: trimmed, NFC, lower case, without `mailto:` and `+tag`; dots are removed for Gmail only,
   which alone ignores them. NULL where the text has no local part or no domain. String functions only: it runs over
   every e-mail event, and a regular expression there costs ten times as much. #}
{% macro email_match_key(email) %}
    {%- set lowered = "lower(trim(" ~ nfc(email) ~ "))" -%}
    {%- set address = "replace(" ~ lowered ~ ", 'mailto:', '')" -%}
    {%- set local_part = "split_part(split_part(" ~ address ~ ", '@', 1), '+', 1)" -%}
    {%- set domain = "split_part(" ~ address ~ ", '@', 2)" -%}
    case
        when {{ local_part }} = '' or {{ domain }} = '' then null
        when {{ domain }} in ('gmail.com', 'googlemail.com')
            then replace({{ local_part }}, '.', '') || '@' || {{ domain }}
        else {{ local_part }} || '@' || {{ domain }}
    end
{%- endmacro %}

{# The host of a URL, lower case, without `www.` and port; NULL for an empty one. #}
{% macro url_host(url) %}
    {%- set host = "split_part(split_part(lower(" ~ url ~ "), '/', 3), ':', 1)" -%}
    nullif(case when {{ host }} like 'www.%' then substr({{ host }}, 5) else {{ host }} end, '')
{%- endmacro %}

{# A web domain from what people type: with or without protocol, `www.` and path. #}
{% macro bare_domain(text) %}
    nullif(regexp_replace(split_part(regexp_replace(lower(trim({{ text }})), '^https?://', ''), '/', 1), '^www[.]', ''), '')
{%- endmacro %}

{# A company's name as a match key: without case, accents, punctuation and legal form. #}
{% macro company_match_key(name) %}
    nullif(trim(regexp_replace(
        regexp_replace(
            ' ' || regexp_replace(lower({{ without_accents(name) }}), '[^a-z0-9]+', ' ', 'g') || ' ',
            ' (sasu|sas|sarl|eurl|sa|gmbh|ag|kg|ltd|limited|llc|inc|corp|plc|bv|nv|srl|spa|oy|ab) ', ' ', 'g'
        ), ' +', ' ', 'g'
    )), '')
{%- endmacro %}

{# Consent as CRMs hold it: booleans, yes/no and numbers as text; anything else is unknown (NULL). #}
{% macro parse_consent(column) %}
    case
        when lower(trim({{ column }})) in ('true', 't', 'yes', 'y', '1', 'oui', 'opt_in', 'opted_in', 'granted') then true
        when lower(trim({{ column }})) in ('false', 'f', 'no', 'n', '0', 'non', 'opt_out', 'opted_out', 'denied') then false
    end
{%- endmacro %}

{# The ids of a list that is written as text, such as `[1, 2]`, as a list of texts. #}
{% macro ids_in_text(text) %}string_split(regexp_replace({{ text }}, '[^0-9,]', '', 'g'), ','){% endmacro %}
{# The ad platform whose click id a URL carries; a Meta click id proves no paid click. #}
{% macro click_id_platform(url) %}
    case
        when
            coalesce({{ url_parameter(url, 'gclid') }}, {{ url_parameter(url, 'gbraid') }}, {{ url_parameter(url, 'wbraid') }})
            is not null then 'google'
        when {{ url_parameter(url, 'msclkid') }} is not null then 'microsoft'
        when {{ url_parameter(url, 'li_fat_id') }} is not null then 'linkedin'
        when {{ url_parameter(url, 'ttclid') }} is not null then 'tiktok'
    end
{%- endmacro %}
