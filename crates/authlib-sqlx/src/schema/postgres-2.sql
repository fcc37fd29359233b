ALTER TABLE authlib_token ADD COLUMN refresh_hash TEXT COLLATE "C";
CREATE INDEX authlib_token_refresh ON authlib_token (refresh_hash) WHERE refresh_hash IS NOT NULL;
CREATE TABLE authlib_session (
    key TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    record TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX authlib_session_end ON authlib_session (expires_at);
INSERT INTO authlib_schema (version) VALUES (2);
