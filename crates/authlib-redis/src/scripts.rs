//! [`Scripts`]: the steps of a store that are more than one command. Each works on the keys of one slot.

use redis::Script;

pub(crate) struct Scripts {
    pub(crate) load: Script,
    pub(crate) save: Script,
    pub(crate) replace: Script,
    pub(crate) touch: Script,
    pub(crate) delete: Script,
    pub(crate) acquire: Script,
    pub(crate) release: Script,
    pub(crate) reseal: Script,
    pub(crate) add_to_index: Script,
    pub(crate) end_logins: Script,
}

impl Scripts {
    pub(crate) fn new() -> Self {
        Self {
            load: Script::new(LOAD),
            save: Script::new(SAVE),
            replace: Script::new(REPLACE),
            touch: Script::new(TOUCH),
            delete: Script::new(DELETE),
            acquire: Script::new(ACQUIRE),
            release: Script::new(RELEASE),
            reseal: Script::new(RESEAL),
            add_to_index: Script::new(ADD_TO_INDEX),
            end_logins: Script::new(END_LOGINS),
        }
    }
}

const LOAD: &str = "
local row = redis.call('HMGET', KEYS[1], 'token', 'lifetime', 'id', 'issuer', 'sub', 'sid', 'refresh')
if not row[1] then return false end
row[8] = redis.call('PTTL', KEYS[1])
return row";

/// Arguments: the end, or an empty text and the time until then; fields and values. Returns what the old row was found by.
const SAVE: &str = "
local old = redis.call('HMGET', KEYS[1], 'id', 'issuer', 'sub', 'sid', 'refresh')
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], unpack(ARGV, 3))
if ARGV[1] ~= '' then
    redis.call('PEXPIREAT', KEYS[1], ARGV[1])
else
    redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return old";

/// Arguments: the fencing number; the old fingerprint, or an empty text; the end as in `SAVE`; fields and values.
const REPLACE: &str = "
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
if (redis.call('HGET', KEYS[1], 'hash') or '') ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], unpack(ARGV, 5))
local lifetime = redis.call('HGET', KEYS[1], 'lifetime')
if lifetime then
    redis.call('PEXPIRE', KEYS[1], lifetime)
elseif ARGV[3] ~= '' then
    redis.call('PEXPIREAT', KEYS[1], ARGV[3])
else
    redis.call('PEXPIRE', KEYS[1], ARGV[4])
end
return 1";

const TOUCH: &str = "
if redis.call('HGET', KEYS[1], 'id') == ARGV[1] then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end";

const DELETE: &str = "
local old = redis.call('HMGET', KEYS[1], 'id', 'issuer', 'sub', 'sid', 'refresh')
redis.call('DEL', KEYS[1])
return old";

/// The fencing number is the time, or the next one: it grows even after its key has expired.
const ACQUIRE: &str = "
if redis.call('EXISTS', KEYS[1]) == 1 then return false end
local time = redis.call('TIME')
local number = time[1] * 1000 + math.floor(time[2] / 1000)
local last = tonumber(redis.call('GET', KEYS[2]) or 0)
if last >= number then number = last + 1 end
number = string.format('%.0f', number)
redis.call('SET', KEYS[1], number, 'PX', ARGV[1])
redis.call('SET', KEYS[2], number, 'PX', string.format('%.0f', ARGV[1] + ARGV[2]))
return number";

const RELEASE: &str = "
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end";

const RESEAL: &str = "
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'token', ARGV[2])
return 1";

/// The set expires with its last member.
const ADD_TO_INDEX: &str = "
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local at = tonumber(ARGV[2]) or now + ARGV[3]
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('ZADD', KEYS[1], 'GT', string.format('%.0f', at), ARGV[1])
local last = redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')
redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', last[2]))";

const END_LOGINS: &str = "
local before = tonumber(redis.call('GET', KEYS[1]) or '-1')
if before <= tonumber(ARGV[1]) then redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) end";
