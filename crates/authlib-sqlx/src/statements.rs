//! [`Statements`]: the SQL, for both databases. Each method of a store is one statement.

/// Which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    #[cfg(feature = "postgres")]
    Postgres,
    #[cfg(feature = "sqlite")]
    Sqlite,
}

/// The statements with the prefix of the tables. `$1` is the time in milliseconds, or `NULL` for that of the database.
pub(crate) struct Statements {
    pub(crate) dialect: Dialect,
    pub(crate) prefix: String,
    pub(crate) load: String,
    pub(crate) touch: String,
    pub(crate) save: String,
    pub(crate) replace: String,
    pub(crate) replace_absent: String,
    pub(crate) delete: String,
    pub(crate) find_client_sub: String,
    pub(crate) find_issuer_sub: String,
    pub(crate) find_issuer_sid: String,
    pub(crate) find_refresh_token: String,
    pub(crate) end_logins: String,
    pub(crate) logins_ended_at: String,
    pub(crate) acquire: String,
    pub(crate) release: String,
    pub(crate) insert_pending: String,
    pub(crate) take_pending: String,
    pub(crate) sweep: [String; 4],
    #[cfg(any(feature = "actix-session", feature = "tower-sessions"))]
    pub(crate) sessions: Sessions,
    pub(crate) page: String,
    pub(crate) reseal: String,
}

/// Those of browser sessions.
#[cfg(any(feature = "actix-session", feature = "tower-sessions"))]
pub(crate) struct Sessions {
    pub(crate) load: String,
    pub(crate) delete: String,
    /// With the time at which the session ends.
    #[cfg(feature = "tower-sessions")]
    pub(crate) create: String,
    #[cfg(feature = "tower-sessions")]
    pub(crate) save: String,
    /// With the time after which the session ends.
    #[cfg(feature = "actix-session")]
    pub(crate) create_for: String,
    #[cfg(feature = "actix-session")]
    pub(crate) update_for: String,
    #[cfg(feature = "actix-session")]
    pub(crate) extend_for: String,
}

impl Statements {
    pub(crate) fn new(dialect: Dialect, prefix: &str) -> Self {
        let sql = |text: &str| {
            let text = text.replace("{sweeping}", dialect.sweeping());
            text.replace("{now}", dialect.now()).replace("{p}", prefix)
        };
        Self {
            dialect,
            prefix: prefix.to_owned(),
            load: sql(LOAD),
            touch: sql(TOUCH),
            save: sql(SAVE),
            replace: sql(REPLACE),
            replace_absent: sql(REPLACE_ABSENT),
            delete: sql(DELETE),
            find_client_sub: sql(&FIND.replace("{key}", "client = $2 AND sub = $3")),
            find_issuer_sub: sql(&FIND.replace("{key}", "issuer = $2 AND sub = $3")),
            find_issuer_sid: sql(&FIND.replace("{key}", "issuer = $2 AND sid = $3")),
            find_refresh_token: sql(&FIND.replace("{key}", "client = $2 AND refresh_hash = $3")),
            end_logins: sql(END_LOGINS),
            logins_ended_at: sql(LOGINS_ENDED_AT),
            acquire: sql(ACQUIRE),
            release: sql(RELEASE),
            insert_pending: sql(INSERT_PENDING),
            take_pending: sql(TAKE_PENDING),
            sweep: [
                sql(SWEEP_TOKENS),
                sql(&SWEEP.replace("{table}", "pending_login")),
                sql(&SWEEP.replace("{table}", "ended_login")),
                sql(&SWEEP.replace("{table}", "session")),
            ],
            #[cfg(any(feature = "actix-session", feature = "tower-sessions"))]
            sessions: Sessions {
                load: sql(LOAD_SESSION),
                delete: sql(DELETE_SESSION),
                #[cfg(feature = "tower-sessions")]
                create: sql(CREATE_SESSION),
                #[cfg(feature = "tower-sessions")]
                save: sql(SAVE_SESSION),
                #[cfg(feature = "actix-session")]
                create_for: sql(CREATE_SESSION_FOR),
                #[cfg(feature = "actix-session")]
                update_for: sql(UPDATE_SESSION_FOR),
                #[cfg(feature = "actix-session")]
                extend_for: sql(EXTEND_SESSION_FOR),
            },
            page: sql(PAGE),
            reseal: sql(RESEAL),
        }
    }
}

impl Dialect {
    /// The time; a constant within a statement, so that an index on a time is used.
    fn now(self) -> &'static str {
        match self {
            #[cfg(feature = "postgres")]
            Self::Postgres => {
                "COALESCE(CAST($1 AS BIGINT), CAST(EXTRACT(EPOCH FROM statement_timestamp()) * 1000 AS BIGINT))"
            }
            #[cfg(feature = "sqlite")]
            Self::Sqlite => {
                "COALESCE($1, CAST((julianday('now') - 2440587.5) * 86400000.0 AS INTEGER))"
            }
        }
    }

    /// PostgreSQL locks the rows that it is about to delete, so that none is deleted which was written meanwhile;
    /// SQLite has one writer.
    fn sweeping(self) -> &'static str {
        match self {
            #[cfg(feature = "postgres")]
            Self::Postgres => "FOR UPDATE SKIP LOCKED",
            #[cfg(feature = "sqlite")]
            Self::Sqlite => "",
        }
    }
}

/// How long a row without a token is kept for its fencing number, in milliseconds.
pub(crate) const KEPT_FOR_FENCE: i64 = 60_000;

/// The second column: whether the row would end within `$4`, and a use should be noted.
const LOAD: &str = "
SELECT token, CAST(CASE WHEN lifetime IS NULL AND expires_at < {now} + $4 THEN 1 ELSE 0 END AS BIGINT)
FROM {p}token
WHERE client = $2 AND user_id = $3 AND token IS NOT NULL AND expires_at > {now}";

const TOUCH: &str = "
UPDATE {p}token SET expires_at = {now} + $4
WHERE client = $2 AND user_id = $3 AND hash = $5 AND lifetime IS NULL AND expires_at > {now}";

const SAVE: &str = "
INSERT INTO {p}token (client, user_id, token, hash, refresh_hash, is_login, issuer, sub, sid, lifetime, expires_at)
VALUES ($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, COALESCE($12, {now} + $13))
ON CONFLICT (client, user_id) DO UPDATE SET
    token = excluded.token, hash = excluded.hash, refresh_hash = excluded.refresh_hash, is_login = excluded.is_login,
    issuer = excluded.issuer, sub = excluded.sub, sid = excluded.sid, lifetime = excluded.lifetime,
    expires_at = excluded.expires_at";

/// An old token whose row has just ended, and is not deleted yet, is replaced as well.
const REPLACE: &str = "
UPDATE {p}token SET
    token = $4, hash = $5, refresh_hash = $6,
    expires_at = CASE WHEN lifetime IS NULL THEN COALESCE($7, {now} + $8) ELSE {now} + lifetime END
WHERE client = $2 AND user_id = $3 AND fence = $9 AND hash = $10";

const REPLACE_ABSENT: &str = "
UPDATE {p}token SET
    token = $4, hash = $5, refresh_hash = $6, is_login = FALSE, issuer = NULL, sub = NULL, sid = NULL, lifetime = NULL,
    expires_at = COALESCE($7, {now} + $8)
WHERE client = $2 AND user_id = $3 AND fence = $9 AND (hash IS NULL OR expires_at <= {now})";

/// The fencing number stays for a while.
const DELETE: &str = "
UPDATE {p}token SET
    token = NULL, hash = NULL, refresh_hash = NULL, is_login = FALSE, issuer = NULL, sub = NULL, sid = NULL,
    lifetime = NULL, expires_at = {now} + $4
WHERE client = $2 AND user_id = $3 AND hash IS NOT NULL";

const FIND: &str = "
SELECT client, user_id, is_login FROM {p}token WHERE {key} AND expires_at > {now}";

const END_LOGINS: &str = "
INSERT INTO {p}ended_login (key, ended_at, expires_at) VALUES ($2, $3, {now} + $4)
ON CONFLICT (key) DO UPDATE SET ended_at = excluded.ended_at, expires_at = excluded.expires_at
WHERE {p}ended_login.ended_at <= excluded.ended_at OR {p}ended_login.expires_at <= {now}";

const LOGINS_ENDED_AT: &str = "
SELECT MAX(ended_at) FROM {p}ended_login WHERE key IN ($2, $3, $4, $5) AND expires_at > {now}";

/// The fencing number is the time, or the next one: it grows even after the row was swept.
const ACQUIRE: &str = "
INSERT INTO {p}token (client, user_id, fence, held_until, expires_at)
VALUES ($2, $3, {now}, {now} + $4, {now} + $4 + $5)
ON CONFLICT (client, user_id) DO UPDATE SET
    fence = CASE WHEN {p}token.fence < {now} THEN {now} ELSE {p}token.fence + 1 END,
    held_until = {now} + $4,
    expires_at = CASE WHEN {p}token.hash IS NULL THEN {now} + $4 + $5 ELSE {p}token.expires_at END
WHERE {p}token.held_until <= {now}
RETURNING fence";

const RELEASE: &str = "
UPDATE {p}token SET held_until = 0 WHERE client = $1 AND user_id = $2 AND fence = $3";

const INSERT_PENDING: &str = "
INSERT INTO {p}pending_login (key, record, expires_at) VALUES ($2, $3, {now} + $4)
ON CONFLICT (key) DO UPDATE SET record = excluded.record, expires_at = excluded.expires_at";

const TAKE_PENDING: &str = "
DELETE FROM {p}pending_login WHERE key = $2 AND expires_at > {now} RETURNING record";

const SWEEP_TOKENS: &str = "
DELETE FROM {p}token WHERE (client, user_id) IN (
    SELECT client, user_id FROM {p}token WHERE expires_at <= {now} AND held_until <= {now}
    ORDER BY expires_at LIMIT $2 {sweeping})";

const SWEEP: &str = "
DELETE FROM {p}{table} WHERE key IN (
    SELECT key FROM {p}{table} WHERE expires_at <= {now} ORDER BY expires_at LIMIT $2 {sweeping})";

#[cfg(feature = "tower-sessions")]
const CREATE_SESSION: &str = "
INSERT INTO {p}session (key, record, expires_at) VALUES ($1, $2, $3) ON CONFLICT (key) DO NOTHING";

#[cfg(feature = "tower-sessions")]
const SAVE_SESSION: &str = "
INSERT INTO {p}session (key, record, expires_at) VALUES ($1, $2, $3)
ON CONFLICT (key) DO UPDATE SET record = excluded.record, expires_at = excluded.expires_at";

#[cfg(feature = "actix-session")]
const CREATE_SESSION_FOR: &str = "
INSERT INTO {p}session (key, record, expires_at) VALUES ($2, $3, {now} + $4) ON CONFLICT (key) DO NOTHING";

#[cfg(feature = "actix-session")]
const UPDATE_SESSION_FOR: &str = "
UPDATE {p}session SET record = $3, expires_at = {now} + $4 WHERE key = $2 AND expires_at > {now}";

#[cfg(feature = "actix-session")]
const EXTEND_SESSION_FOR: &str = "
UPDATE {p}session SET expires_at = {now} + $3 WHERE key = $2 AND expires_at > {now}";

#[cfg(any(feature = "actix-session", feature = "tower-sessions"))]
const LOAD_SESSION: &str = "SELECT record FROM {p}session WHERE key = $2 AND expires_at > {now}";

#[cfg(any(feature = "actix-session", feature = "tower-sessions"))]
const DELETE_SESSION: &str = "DELETE FROM {p}session WHERE key = $1";

const PAGE: &str = "
SELECT client, user_id, token FROM {p}token
WHERE token IS NOT NULL AND (client, user_id) > ($1, $2) ORDER BY client, user_id LIMIT 100";

const RESEAL: &str = "
UPDATE {p}token SET token = $4 WHERE client = $1 AND user_id = $2 AND token = $3";
