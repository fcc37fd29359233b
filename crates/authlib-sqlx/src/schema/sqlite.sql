CREATE TABLE authlib_token (
    client TEXT COLLATE BINARY NOT NULL,
    user_id TEXT COLLATE BINARY NOT NULL,
    token TEXT,
    hash TEXT COLLATE BINARY,
    is_login BOOLEAN NOT NULL DEFAULT FALSE,
    issuer TEXT COLLATE BINARY,
    sub TEXT COLLATE BINARY,
    sid TEXT COLLATE BINARY,
    lifetime BIGINT,
    expires_at BIGINT NOT NULL,
    fence BIGINT NOT NULL DEFAULT 0,
    held_until BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (client, user_id)
);
CREATE INDEX authlib_token_client_sub ON authlib_token (client, sub) WHERE sub IS NOT NULL;
CREATE INDEX authlib_token_issuer_sub ON authlib_token (issuer, sub) WHERE sub IS NOT NULL;
CREATE INDEX authlib_token_issuer_sid ON authlib_token (issuer, sid) WHERE sid IS NOT NULL;
CREATE INDEX authlib_token_end ON authlib_token (expires_at);
CREATE TABLE authlib_ended_login (
    key TEXT COLLATE BINARY NOT NULL PRIMARY KEY,
    ended_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX authlib_ended_login_end ON authlib_ended_login (expires_at);
CREATE TABLE authlib_pending_login (
    key TEXT COLLATE BINARY NOT NULL PRIMARY KEY,
    record TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX authlib_pending_login_end ON authlib_pending_login (expires_at);
CREATE TABLE authlib_schema (version BIGINT NOT NULL PRIMARY KEY);
INSERT INTO authlib_schema (version) VALUES (1);
