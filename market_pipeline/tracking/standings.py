"""How vendors stand when they are put into an order, and whose turn it is: what fetches remember for the next ones.

Here belong the reading of recent records, and writing down what was made of them.  How a record is judged belongs to
`fetching.strategies`; the records are written by `recorder`.
"""

from datetime import datetime

from market_pipeline.fetching.strategies import Recent, Standing, judged
from market_pipeline.storage.database import Connection


def standings(connection: Connection, data_type: str, now: datetime) -> dict[str, Standing]:
    """Each vendor's standing for a data type; vendors that were never asked are not in it.

    What has clearly changed is written down, so that all processes hold on to the same judgement.
    """
    rows = connection.execute(
        """
        SELECT provider, recent_calls * kept, recent_successes * kept, recent_response_ms * kept,
            ranked_reliability, ranked_response_ms
        FROM provider_stats, provider_record_kept(last_attempt_at, %s) AS kept
        WHERE data_type = %s ORDER BY provider
        """,
        [now, data_type],
    ).fetchall()
    found, changed = {}, []
    for provider, calls, successes, response_ms, reliable, expected in rows:
        earlier = None if reliable is None else Standing(calls, reliable, expected)
        found[provider] = judged(Recent(calls, successes, response_ms), earlier)
        if found[provider] != earlier:
            changed.append([found[provider].reliability, found[provider].expected_ms, data_type, provider])
    with connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE provider_stats SET ranked_reliability = %s, ranked_response_ms = %s"
            " WHERE data_type = %s AND provider = %s",
            changed,
        )
    return found


def next_turn(connection: Connection, data_type: str) -> int:
    """Counts the fetches that share their symbols out, over all processes."""
    row = connection.execute(
        "INSERT INTO provider_rotation AS known (data_type, turn) VALUES (%s, 0)"
        " ON CONFLICT (data_type) DO UPDATE SET turn = known.turn + 1 RETURNING turn",
        [data_type],
    ).fetchone()
    return 0 if row is None else int(row[0])
