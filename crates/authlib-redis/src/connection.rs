//! [`Connection`]: to one server, or to a cluster.

use authlib_core::{Error, ErrorKind, Result};
use redis::aio::{ConnectionLike, ConnectionManager};
#[cfg(feature = "cluster")]
use redis::cluster_async::ClusterConnection;
use redis::{Cmd, FromRedisValue, Pipeline, RedisError, RedisFuture, Script, Value};

/// A connection that is shared by all requests, and is made again after it was lost.
#[derive(Clone)]
pub(crate) enum Connection {
    #[cfg(feature = "cluster")]
    Cluster(ClusterConnection),
    Single(ConnectionManager),
}

/// The same call on either connection.
macro_rules! delegate {
    ($self:expr, $connection:ident => $call:expr) => {
        match $self {
            #[cfg(feature = "cluster")]
            Connection::Cluster($connection) => $call,
            Connection::Single($connection) => $call,
        }
    };
}

impl ConnectionLike for Connection {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        delegate!(self, connection => connection.req_packed_command(command))
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        delegate!(self, connection => connection.req_packed_commands(pipeline, offset, count))
    }

    fn get_db(&self) -> i64 {
        delegate!(self, connection => connection.get_db())
    }
}

impl Connection {
    pub(crate) async fn query<T: FromRedisValue>(&self, command: &Cmd) -> Result<T> {
        command.query_async(&mut self.clone()).await.map_err(failed)
    }

    /// Runs a script, which is one step. Its keys are in one slot.
    pub(crate) async fn run<T: FromRedisValue>(
        &self,
        script: &Script,
        keys: &[&str],
        arguments: &[&str],
    ) -> Result<T> {
        let mut invocation = script.prepare_invoke();
        for key in keys {
            invocation.key(*key);
        }
        for argument in arguments {
            invocation.arg(*argument);
        }
        invocation.invoke_async(&mut self.clone()).await.map_err(failed)
    }

    /// Where all keys are found: a slot of each primary node of a cluster, or `None` for the only server.
    pub(crate) async fn primaries(&self) -> Result<Vec<Option<u16>>> {
        #[cfg(feature = "cluster")]
        if let Self::Cluster(_) = self {
            let command = redis::cmd("CLUSTER").arg("SLOTS").to_owned();
            return Ok(slots(self.query(&command).await?));
        }
        Ok(vec![None])
    }

    /// As [`query`](Self::query), at the node that has this slot.
    pub(crate) async fn query_at<T: FromRedisValue>(
        &self,
        command: &Cmd,
        slot: Option<u16>,
    ) -> Result<T> {
        #[cfg(feature = "cluster")]
        if let (Self::Cluster(connection), Some(slot)) = (self, slot) {
            use redis::cluster_routing::{Route, RoutingInfo, SingleNodeRoutingInfo, SlotAddr};
            let route = Route::new(slot, SlotAddr::Master);
            let routing = RoutingInfo::SingleNode(SingleNodeRoutingInfo::SpecificNode(route));
            let value = connection.clone().route_command(command.clone(), routing).await;
            let parsed = value.and_then(|value| Ok(redis::from_redis_value(value)?));
            return parsed.map_err(failed);
        }
        debug_assert!(slot.is_none(), "a slot of a cluster");
        self.query(command).await
    }
}

/// The first slot of each primary node. A range is its first and last slot, then the nodes, the primary first.
#[cfg(feature = "cluster")]
fn slots(ranges: Vec<Vec<Value>>) -> Vec<Option<u16>> {
    let mut primaries = std::collections::HashSet::new();
    let first_of_a_primary = |range: Vec<Value>| {
        let [first, _, Value::Array(primary), ..] = range.as_slice() else { return None };
        let [host, port, ..] = primary.as_slice() else { return None };
        if !primaries.insert(format!("{host:?} {port:?}")) {
            return None;
        }
        redis::from_redis_value_ref::<u16>(first).ok()
    };
    ranges.into_iter().filter_map(first_of_a_primary).map(Some).collect()
}

/// The message only: the error of a reply that was not understood has the reply in its debug form.
#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
pub(crate) fn failed(error: RedisError) -> Error {
    let kind = error.category();
    let detail = error.detail().unwrap_or_default();
    let is_reply =
        matches!(error.kind(), redis::ErrorKind::UnexpectedReturnType | redis::ErrorKind::Parse);
    let message = match (error.code(), detail) {
        (Some(code), detail) => format!("{code} {detail}"),
        (None, _) if is_reply => kind.to_owned(),
        (None, _) => error.to_string(),
    };
    Error::new(ErrorKind::Store, format!("Redis failed: {message}"))
}

#[cfg(all(test, feature = "cluster"))]
mod tests {
    use super::*;

    #[test]
    fn each_primary_is_searched_once() {
        let node =
            |port| Value::Array(vec![Value::BulkString(b"10.0.0.1".to_vec()), Value::Int(port)]);
        let range = |first, last, nodes: &[i64]| {
            let nodes = nodes.iter().map(|port| node(*port));
            [Value::Int(first), Value::Int(last)].into_iter().chain(nodes).collect::<Vec<_>>()
        };
        let ranges = vec![
            range(0, 99, &[7000, 7003]),
            range(100, 199, &[7001, 7004]),
            range(200, 16383, &[7000, 7003]),
        ];
        assert_eq!(slots(ranges), [Some(0), Some(100)]);
    }
}
