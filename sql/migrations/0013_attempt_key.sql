-- An attempt that was kept on disk while the database was away is loaded once, whoever crashes when.

ALTER TABLE fetch_attempts ADD COLUMN attempt_key uuid NOT NULL DEFAULT gen_random_uuid();
COMMENT ON COLUMN fetch_attempts.attempt_key IS 'tells an attempt from all others, also before it is written';
