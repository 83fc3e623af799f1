"""The demo company: a year of a believable B2B software business, and the truth that was planted in it.

Belongs here: making extracts (`generate.generate`) for the bundled demo, for tests and for benchmarks.
Does not belong here: anything the pipeline needs on a company's own files; nothing imports this package
but the CLI,
the tests and the benchmarks.
"""
