CREATE OR REPLACE FUNCTION record_index_members(p_index text, p_members text[], p_at timestamptz, p_run_id text)
RETURNS TABLE (member text, change text) LANGUAGE sql AS $$
    WITH listed AS (
        SELECT one.member, one.first_seen_at IS NULL OR one.removed_at IS NOT NULL AS is_new
        FROM index_constituents AS one WHERE one.symbol = p_index AND one.member = ANY (p_members)
    ), kept AS (
        UPDATE index_constituents AS one
        SET first_seen_at = coalesce(one.first_seen_at, p_at), last_seen_at = p_at, removed_at = NULL
        FROM listed WHERE one.symbol = p_index AND one.member = listed.member
    ), ended AS (
        UPDATE index_constituents AS one SET removed_at = p_at
        WHERE one.symbol = p_index AND one.removed_at IS NULL AND one.first_seen_at IS NOT NULL
            AND one.member <> ALL (p_members)
        RETURNING one.member
    ), unconfirmed AS (  -- of a list that broke off, and not in the one that did not
        DELETE FROM index_constituents AS one
        WHERE one.symbol = p_index AND one.first_seen_at IS NULL AND one.member <> ALL (p_members)
    )
    INSERT INTO index_changes AS log (symbol, member, seen_at, change, run_id)
    SELECT p_index, listed.member, p_at, 'added', p_run_id FROM listed WHERE listed.is_new
    UNION ALL
    SELECT p_index, ended.member, p_at, 'removed', p_run_id FROM ended
    ON CONFLICT DO NOTHING
    RETURNING log.member, log.change
$$;
COMMENT ON FUNCTION record_index_members IS 'Takes a complete list of an index: marks who is in it and who has left it, logs the changes and returns them.';
