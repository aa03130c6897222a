"""Market data that arrives every day: nine data types, many vendors, one database."""

import gc

# Dagster and pandas make half a million objects that stay.  By Python's own thresholds (700, 10, 10) the collector looks at all
# of them again and again while the rest is imported: 0.3 of the 2.7 seconds of CPU with which each run begins.
gc.set_threshold(10_000, 20, 20)
