import warnings

import dagster as dg

# Beta in this version of Dagster, and the only way to cover a range of partitions with one run.  Said here, before the first
# asset is made: else each load of the code location has a line for each of them.
warnings.filterwarnings("ignore", message="Parameter `backfill_policy`", category=dg.BetaWarning)
