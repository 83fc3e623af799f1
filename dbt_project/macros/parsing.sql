{# The e-mail match key: trimmed, NFC, lower case, without `mailto:` and `+tag`; dots are removed for Gmail only,
   which alone ignores them. NULL where the text has no local part or no domain. #}
{% macro email_match_key(email) %}
    {%- set address -%}
        regexp_replace(regexp_replace(lower(trim({{ nfc(email) }})), '^mailto:', ''), '[+][^@]*@', '@')
    {%- endset -%}
    case
        when {{ address }} like '_%@_%' then
            case
                when split_part({{ address }}, '@', 2) in ('gmail.com', 'googlemail.com')
                    then replace(split_part({{ address }}, '@', 1), '.', '') || '@' || split_part({{ address }}, '@', 2)
                else {{ address }}
            end
    end
{%- endmacro %}

{# The host of a URL, lower case, without `www.` and port; NULL for an empty one. #}
{% macro url_host(url) %}
    nullif(regexp_replace(split_part(split_part(lower({{ url }}), '/', 3), ':', 1), '^www[.]', ''), '')
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
