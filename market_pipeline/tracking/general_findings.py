"""The checks that any data type can have: what is missing, refused, failed, shrunken, kept twice, told otherwise by others.

Here belong the questions to the tables.  SQL counts, exactly; samples are capped.
"""

from psycopg import sql

from market_pipeline.datasets import Dataset, PartitionedBy
from market_pipeline.tracking.consensus import DISAGREEMENT
from market_pipeline.tracking.coverage import session_coverage
from market_pipeline.tracking.findings import HALF, LATELY, SAMPLE, Finding, Inspection, Verdict, of_missing

SHRUNKEN = 0.2  # of a list within LATELY: an index exchanges some members a quarter, and puts others in their place
REFUSED = 0.05  # of the rows that vendors sent, up to which it is no alarm


def completeness(look: Inspection[Dataset]) -> Finding:
    """How much of the universe has rows: of the newest session that was fetched, or any where it is not kept by session.

    Where an empty answer is an answer, only symbols that failed are missing.
    """
    session = None
    if look.dataset.partitioned_by is PartitionedBy.SESSION:
        row = look.connection.execute(sql.SQL("SELECT max(session) FROM {}").format(look.table)).fetchone()
        session = None if row is None else row[0]
    subjects = look.subjects
    rows = look.connection.execute(
        sql.SQL(_MISSING).format(
            table=look.table,
            same_session=sql.SQL("") if session is None else sql.SQL("AND session = {}").format(session),
        ),
        {"subjects": list(subjects), "data_type": look.dataset.name, "empty_is_answer": look.dataset.empty_is_answer},
    ).fetchall()
    missing = [symbol for (symbol,) in rows]
    return of_missing(
        missing,
        len(subjects),
        "have rows" if session is None else f"have rows of the session {session}",
        f"Read what vendors said of the others: failed_symbols.errors, data type {look.dataset.name}. Run the job for those"
        " that are not in it.",
    )


_MISSING = """
    SELECT symbol FROM unnest(%(subjects)s::text[]) AS subject (symbol)
    WHERE NOT EXISTS (SELECT FROM {table} AS kept WHERE kept.symbol = subject.symbol {same_session})
        AND (NOT %(empty_is_answer)s OR EXISTS (
            SELECT FROM failed_symbols AS failed WHERE failed.data_type = %(data_type)s AND failed.symbol = subject.symbol
        ))
    ORDER BY symbol
"""


def shrunken_lists(look: Inspection[Dataset]) -> Finding:
    """Lists that have lost more than a fifth of what was on them lately; above half it is an error."""
    rows = look.connection.execute(
        sql.SQL(
            "SELECT symbol, count(*) FILTER (WHERE removed_at IS NULL), count(*) FROM {} WHERE removed_at IS NULL"
            " OR removed_at >= %s GROUP BY symbol ORDER BY symbol"
        ).format(look.table),
        [look.now - LATELY],
    ).fetchall()
    shrunken = [(symbol, left, before) for symbol, left, before in rows if left < (1 - SHRUNKEN) * before]
    halved = any(left < HALF * before for _, left, before in shrunken)
    return Finding(
        Verdict.ERROR if halved else Verdict.WARN if shrunken else Verdict.PASSED,
        f"{len(shrunken)} of {len(rows)} lists have shrunk.",
        "Compare with the index's own page. If the vendor's list is wrong, fetch it anew from another one: run config"
        " `providers`.",
        count=len(shrunken),
        sample=[f"{symbol}: {left} of {before} are left" for symbol, left, before in shrunken],
    )


def row_validity(look: Inspection[Dataset]) -> Finding:
    """How many of the rows that vendors sent were refused."""
    sent = look.rows_kept + look.rows_refused
    share = look.rows_refused / sent if sent else 0.0
    verdict = Verdict.PASSED if share <= REFUSED else Verdict.WARN if share <= HALF else Verdict.ERROR
    return Finding(
        verdict,
        f"{look.rows_refused} of {sent} rows of the run were refused.",
        f"Read provider, reason and payload in rejected_records, data type {look.dataset.name}. If they are one vendor's, switch"
        " it off until its parser is fixed.",
        count=look.rows_refused,
        figures={"percent": round(100 * share, 2)},
    )


REMEDIES = {  # of what does not pass by itself
    "exhausted": "read what vendors said in failed_symbols.errors, fix the cause, then `market-pipeline retry`",
    "unknown": "correct the spelling, or `market-pipeline symbols remove`",
}


def failed_symbols(look: Inspection[Dataset]) -> Finding:
    """The standing inventory of failed symbols.  No alarm: those that are retried automatically, and sessions that are over."""
    rows = look.connection.execute(
        """
        SELECT state, count(*), count(DISTINCT symbol), (array_agg(DISTINCT symbol ORDER BY symbol))[:%s]
        FROM failed_symbols WHERE data_type = %s GROUP BY state ORDER BY state
        """,
        [SAMPLE, look.dataset.name],
    ).fetchall()
    alarming = [state for state, *_ in rows if state in REMEDIES]
    return Finding(
        Verdict.WARN if alarming else Verdict.PASSED,
        "; ".join(f"{symbols} {state}" for state, _, symbols, _ in rows) or "No symbol is failed.",
        "; ".join(f"{state}: {REMEDIES[state]}" for state in alarming),
        count=sum(count for _, count, _, _ in rows),
        sample=[f"{symbol}: {state}" for state, _, _, symbols in rows for symbol in symbols][:SAMPLE],
        figures={state: count for state, count, _, _ in rows},
    )


def gaps(look: Inspection[Dataset]) -> Finding:
    """Sessions without rows, between the first that was fetched and the last that is due."""
    covered = session_coverage(
        look.connection, look.dataset, look.subjects, since=look.since, sessions=look.sessions, now=look.now
    )
    broken = [one for one in covered if one.missing]
    missing = sum(len(one.missing) for one in broken)
    worst = sorted(broken, key=lambda one: -len(one.missing))
    return Finding(
        Verdict.WARN if broken else Verdict.PASSED,
        f"{missing} sessions since {look.since} are missing in {len(broken)} of {len(covered)} series.",
        "Fetch them: a run for the range of sessions, with `symbols` in its config.",
        count=missing,
        sample=[
            f"{one.symbol} {one.timeframe} {one.missing[0]} to {one.missing[-1]}: {len(one.missing)}".replace("  ", " ")
            for one in worst[:SAMPLE]
        ],
        figures={"series": len(broken)},
    )


def duplicates(look: Inspection[Dataset]) -> Finding:
    """Rows that tell the same fact under different keys, by the fields that the data type declares."""
    fields = look.dataset.same_fact
    names = sql.SQL(", ").join(map(sql.Identifier, fields))
    known = sql.SQL(" AND ").join(sql.SQL("{} IS NOT NULL").format(sql.Identifier(name)) for name in fields)
    if look.dataset.partitioned_by is PartitionedBy.SESSION:
        known += sql.SQL(" AND session >= {}").format(look.since)
    if look.dataset.timeframes:  # of the longest bars there is one a session, of the others there are several
        known += sql.SQL(" AND timeframe = {}").format(look.dataset.timeframes[0])
    query = sql.SQL(
        "SELECT concat_ws(' ', {names}), count(*) FROM {table} WHERE {known} GROUP BY {names} HAVING count(*) > 1"
        " ORDER BY 1"
    ).format(names=names, table=look.table, known=known)
    found = look.connection.execute(query).fetchall()
    return Finding(
        Verdict.PASSED if not found else Verdict.ERROR if look.dataset.pinned else Verdict.WARN,
        f"{len(found)} facts are kept more than once (rows alike in {', '.join(fields)}).",
        "Compare their vendors, and delete the rows of the wrong one.",
        count=len(found),
        sample=[f"{fact}: {count} rows" for fact, count in found[:SAMPLE]],
    )


def cross_vendor_consensus(look: Inspection[Dataset]) -> Finding:
    """Symbols of which a second vendor tells other figures than those that are kept, among the few that it is asked about."""
    asked = look.connection.execute(
        "SELECT symbol, deviation, compared_with FROM data_quality WHERE data_type = %s AND compared_at >= %s"
        " AND compared_with IS NOT NULL ORDER BY deviation DESC, symbol",
        [look.dataset.name, look.now - LATELY],
    ).fetchall()
    apart = [one for one in asked if one[1] >= DISAGREEMENT]
    return Finding(
        Verdict.WARN if apart else Verdict.PASSED,
        f"Of {len(asked)} symbols about which a second vendor was asked, {len(apart)} have a {look.dataset.compared} that is"
        f" {DISAGREEMENT:g} % or more away.",
        "Ask a third vendor. If ours is wrong, fetch the symbol anew from another one: run config `providers`, and"
        " `use_cache: false`. What was found is in data_quality, and those symbols are compared again every day.",
        count=len(apart),
        sample=[f"{symbol}: {deviation:.2f} % away from {vendor}" for symbol, deviation, vendor in apart[:SAMPLE]],
        figures={"compared": len(asked)},
    )
