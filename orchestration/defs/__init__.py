"""Dagster wiring: assets, checks, jobs, schedule, sensor, resources.

Belongs here: how the steps of `pipeline.py` become assets and checks, and when they run.
Does not belong here: what the steps do. Nothing outside this folder and `definitions.py` imports Dagster.
"""
