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

    pub(crate) fn is_cluster(&self) -> bool {
        !matches!(self, Self::Single(_))
    }
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
