ALTER TABLE authlib_token ADD COLUMN refresh_hash TEXT COLLATE BINARY;
CREATE INDEX authlib_token_refresh ON authlib_token (refresh_hash) WHERE refresh_hash IS NOT NULL;
INSERT INTO authlib_schema (version) VALUES (2);
