-- An unexplained difference between the extracts and the marts stops the run before anything is published.
select
    what,
    expected,
    actual,
    difference
from {{ ref('rpt_reconciliation') }}
where not is_reconciled
