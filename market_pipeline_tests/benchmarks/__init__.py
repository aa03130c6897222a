"""Benchmarks: how near the pipeline comes to a limit that is measured in the same run.  Run by `make bench`.

Ratios and no seconds: machines differ, and a busy one slows the limit down as much as what is measured.
"""
