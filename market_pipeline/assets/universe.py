"""The universe as an asset: which symbols are tracked, and that the members of an index become some if one wants it.

Here belongs what lineage shows between an index and the data that is fetched for its members.  Symbols that a person adds go
straight into the table, see `market-pipeline symbols`.
"""

from typing import get_type_hints

import dagster as dg

from market_pipeline.assets.describe import KINDS, OWNER, table_metadata
from market_pipeline.datasets import column_type
from market_pipeline.resources import Pipeline
from market_pipeline.settings import load_settings
from market_pipeline.storage.constituents import track_members
from market_pipeline.storage.universe import TrackedSymbol
from market_pipeline.storage.universe import tracked_symbols as read_symbols

COLUMNS = [
    dg.TableColumn(name, type=column_type(kind), description=kind.__metadata__[0].documentation)
    for name, kind in get_type_hints(TrackedSymbol, include_extras=True).items()
]


@dg.asset(
    deps=[dg.AssetDep("index_constituents", partition_mapping=dg.AllPartitionMapping())],
    # Also once at first: prices that follow from a universe that was "never materialized" puzzle people.
    automation_condition=(
        (dg.AutomationCondition.any_deps_updated() | dg.AutomationCondition.newly_missing())
        & ~dg.AutomationCondition.in_progress()
    ).with_label("a list of members was read, or it was never materialized"),
    group_name="universe",
    description=(
        "The tracked symbols; active ones are fetched. Rows are in the table `tracked_symbols`.\n\n"
        "Members of the indices in TRACK_INDICES are tracked when they are first seen. One that leaves an index"
        " stays tracked: remove it with `market-pipeline symbols remove`."
    ),
    kinds=KINDS,
    owners=[OWNER],
    metadata=table_metadata("tracked_symbols", ["symbol"], COLUMNS),
)
def tracked_symbols(pipeline: dg.ResourceParam[Pipeline]) -> dg.MaterializeResult[None]:
    with pipeline.database.connect(name="tracked symbols") as connection:
        added = track_members(connection, load_settings().track_indices)
        tracked = read_symbols(connection, include_inactive=True)
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": len(tracked),
            "active": sum(one.active for one in tracked),
            "added": dg.MetadataValue.json(added),
        }
    )
