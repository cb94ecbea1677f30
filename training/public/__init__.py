"""Measure our training on public intent data sets, beside baselines, with one table at the end."""
