-- The role that the monitor reads with.  Roles belong to the whole server, and not every owner of a database may create one:
-- without it the monitor reads as the owner, in transactions that can only read.

DO $$
BEGIN
    CREATE ROLE market_pipeline_reader NOLOGIN;
    COMMENT ON ROLE market_pipeline_reader IS 'Reads the tables of market_pipeline and changes nothing.';
EXCEPTION
    WHEN duplicate_object OR unique_violation THEN NULL; -- of another database of this server
    WHEN insufficient_privilege THEN RAISE NOTICE 'role market_pipeline_reader cannot be created by this user';
END
$$;

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'market_pipeline_reader') THEN
        GRANT SELECT ON ALL TABLES IN SCHEMA public TO market_pipeline_reader;
        ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO market_pipeline_reader; -- of later migrations
    END IF;
END
$$;
