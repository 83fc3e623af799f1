"""A whole Funnelhouse with one source, one staging model, one mart and one quality mart, in a folder of its own.

Everything that orchestration touches is real (dbt, Great Expectations, Dagster, ingestion); only the project
is small, so that a gated run takes seconds.
"""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

from orchestration.settings import Settings

FILES = {
    "dbt_project/dbt_project.yml": """
        name: tiny
        version: "1.0.0"
        profile: tiny
        flags: {send_anonymous_usage_stats: false}
        seed-paths: ["../seeds/reference"]
        vars: {as_of_at: null, reporting_timezone: UTC, reporting_currency: EUR}
        on-run-start:
          - create or replace macro main.keyed_hash(message) as sha256(getvariable('pii_outer') || message)
        models:
          tiny:
            staging: {+schema: staging, +materialized: view}
            intermediate: {+schema: intermediate, +materialized: table}
            marts: {+schema: marts, +materialized: table, +contract: {enforced: true}}
        seeds:
          tiny: {+schema: reference}
    """,
    "dbt_project/profiles.yml": """
        tiny:
          target: home
          outputs:
            home:
              type: duckdb
              path: "{{ env_var('FUNNELHOUSE_WAREHOUSE') }}"
              schema: main
              threads: 2
              settings:
                TimeZone: UTC
                VARIABLE pii_inner: "{{ env_var('DBT_ENV_SECRET_PII_INNER') }}"
                VARIABLE pii_outer: "{{ env_var('DBT_ENV_SECRET_PII_OUTER') }}"
    """,
    "dbt_project/macros/generate_schema_name.sql": """
        {% macro generate_schema_name(custom_schema_name, node) -%}
            {{ custom_schema_name or target.schema }}
        {%- endmacro %}
    """,
    "dbt_project/models/staging/crm/_crm__sources.yml": """
        version: 2
        sources:
          - name: crm
            schema: raw
            tables:
              - name: opportunities
                identifier: crm__opportunities
                description: Opportunities. Grain - one row per opportunity.
                config: {meta: {load_mode: upsert, key: [id]}}
                columns:
                  - {name: id, data_type: varchar, description: Id., config: {meta: {required: true}}}
                  - {name: email, data_type: varchar, description: Who., config: {meta: {pii: email}}}
                  - {name: stage, data_type: varchar, description: Stage., config: {meta: {required: true}}}
                  - {name: amount, data_type: "decimal(18,6)", description: Worth.}
                  - {name: created_at, data_type: timestamp, description: When., config: {meta: {clock: true}}}
    """,
    "dbt_project/models/staging/crm/stg_crm__opportunities.sql": """
        select id as opportunity_id, email, stage, amount from {{ source('crm', 'opportunities') }}
    """,
    "dbt_project/models/staging/crm/stg_crm__opportunities.yml": """
        version: 2
        models:
          - name: stg_crm__opportunities
            description: Opportunities. Grain - one row per opportunity.
            columns:
              - name: opportunity_id
                data_tests: [unique, not_null]
    """,
    "dbt_project/models/staging/ledger/_ledger__sources.yml": """
        version: 2
        sources:
          - name: ledger
            schema: ledger
            tables: [{name: check_results}, {name: files}, {name: quarantine}]
    """,
    "dbt_project/models/staging/ledger/stg_ledger__check_results.sql": """
        select * from {{ source('ledger', 'check_results') }}
    """,
    "dbt_project/models/intermediate/int_opportunities.sql": """
        select o.*, s.is_won from {{ ref('stg_crm__opportunities') }} as o
        left join {{ ref('stages') }} as s using (stage)
    """,
    "dbt_project/models/marts/core/fct_opportunities.sql": """
        select opportunity_id, email, amount, is_won from {{ ref('int_opportunities') }}
    """,
    "dbt_project/models/marts/core/fct_opportunities.yml": """
        version: 2
        models:
          - name: fct_opportunities
            description: Opportunities. Grain - one row per opportunity.
            columns:
              - {name: opportunity_id, data_type: varchar, description: Id., data_tests: [unique]}
              - {name: email, data_type: varchar, description: Who., config: {meta: {pii: email}}}
              - {name: amount, data_type: "decimal(18,6)", description: Worth in EUR.}
              - {name: is_won, data_type: boolean, description: Whether it was won.}
        unit_tests:
          - name: no_opportunity_no_row
            model: fct_opportunities
            given: [{input: ref('int_opportunities'), rows: []}]
            expect: {rows: []}
    """,
    "dbt_project/models/marts/quality/rpt_reconciliation.sql": """
        select '{{ var("run_id", "manual") }}' as run_id, count(*) as opportunities from {{ ref('fct_opportunities') }}
    """,
    "dbt_project/models/marts/quality/rpt_reconciliation.yml": """
        version: 2
        models:
          - name: rpt_reconciliation
            description: Counts. Grain - one row.
            columns:
              - {name: run_id, data_type: varchar, description: Run.}
              - {name: opportunities, data_type: bigint, description: Rows.}
    """,
    "dbt_project/models/marts/quality/rpt_data_quality.sql": """
        select run_id, layer, asset, expectation, success from {{ ref('stg_ledger__check_results') }}
    """,
    "dbt_project/models/marts/quality/rpt_data_quality.yml": """
        version: 2
        models:
          - name: rpt_data_quality
            description: Results. Grain - one row per run, asset and expectation.
            columns:
              - {name: run_id, data_type: varchar, description: Run.}
              - {name: layer, data_type: varchar, description: Layer.}
              - {name: asset, data_type: varchar, description: Table.}
              - {name: expectation, data_type: varchar, description: Check.}
              - {name: success, data_type: boolean, description: Whether it held.}
    """,
    "seeds/reference/stages.csv": """
        stage,is_won
        won,true
        open,false
    """,
    "expectations/raw/crm.yml": """
        raw.crm__opportunities:
          - name: amount_is_not_negative
            type: expect_column_values_to_be_between
            column: amount
            kwargs: {min_value: 0}
            severity: warning
            description: An opportunity is worth nothing or more.
    """,
    "expectations/staging/crm.yml": """
        staging.stg_crm__opportunities:
          - name: stage_is_known
            type: expect_column_values_to_be_in_set
            column: stage
            kwargs: {value_set: [won, open, lost]}
            severity: critical
            description: Only known stages.
    """,
    "expectations/marts/core.yml": """
        marts.fct_opportunities:
          - name: amount_is_below_a_million
            type: expect_column_values_to_be_between
            column: amount
            kwargs: {max_value: 1000000}
            severity: critical
            description: Nothing is worth a million.
    """,
}

EXTRACT = """\
id,email,stage,amount,created_at
1,ada@example.org,won,100.5,2025-01-01 10:00:00
2,bob@example.org,open,20,2025-01-02 11:00:00
3,,lost,0,2025-01-03 12:00:00
"""


def build(root: Path, extract: str = EXTRACT) -> Settings:
    """Write the project and its one extract below `root`."""
    for name, content in FILES.items():
        path = root / "project" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(content).strip() + "\n")
    extracts = root / "extracts" / "crm" / "opportunities.csv"
    extracts.parent.mkdir(parents=True, exist_ok=True)
    extracts.write_text(extract)
    return Settings(
        extracts=str(root / "extracts"),
        home=root / "home",
        pii_key="a test key",
        reporting_timezone="UTC",
        project_root=root / "project",
    )
