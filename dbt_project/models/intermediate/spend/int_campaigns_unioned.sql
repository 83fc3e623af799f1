{{ config(materialized='view') }}

with

-- A new ad platform is one name in this list.
unioned as (

    {{ union_models([
        'stg_ads__campaigns',
        'stg_facebook_ads__campaigns',
        'stg_google_ads__campaigns',
        'stg_linkedin_ads__campaigns',
        'stg_microsoft_ads__campaigns',
    ]) }}

)

select * from unioned
