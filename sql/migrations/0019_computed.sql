-- Which data types are computed from others and not fetched: the enrichment logs are about the one or the other.

ALTER TABLE data_types ADD COLUMN computed boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN data_types.computed IS 'whether it is computed from other data types; false where vendors are asked';
