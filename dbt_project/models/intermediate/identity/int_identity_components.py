"""Connected components of the identity graph, by SciPy's compiled csgraph.

A dbt Python model cannot carry an enforced contract, so this one holds numbers only: identifier_number ->
person_number.
A person's number is the smallest identifier_number of the component; it is internal and changes with the data.
"""


def model(dbt, session):
    dbt.config(materialized="table")

    import numpy as np
    import pyarrow as pa
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    links = dbt.ref("int_identity_links").to_arrow_table()
    identifiers = dbt.ref("int_identifiers").aggregate("count(*)::bigint as n").fetchall()[0][0]

    # identifier_number counts from 1; node i of the graph is identifier i + 1.
    left = links.column("identifier_number").to_numpy() - 1
    right = links.column("other_identifier_number").to_numpy() - 1
    graph = coo_matrix((np.ones(len(left), dtype=np.int8), (left, right)), shape=(identifiers, identifiers))
    _, labels = connected_components(graph, directed=False)

    numbers = np.arange(1, identifiers + 1, dtype=np.int32)
    # The first member met in ascending order is the smallest one of its component.
    _, first_members = np.unique(labels, return_index=True)
    person_numbers = (first_members[labels] + 1).astype(np.int32) if identifiers else numbers
    return pa.table({"identifier_number": numbers, "person_number": person_numbers})
