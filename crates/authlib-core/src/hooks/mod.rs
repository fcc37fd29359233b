//! Adaptations to non-compliant providers: hooks that change requests and responses, custom client
//! authentication and custom signatures.

use std::any::TypeId;
use std::fmt;
use std::future::{Future, ready};
use std::sync::Arc;

use crate::error::Result;
use crate::message::{Request, Response};
use crate::transport::BoxFuture;

pub(crate) mod builtin;
mod client_auth;
mod oauth1_signature;

pub use self::builtin::{
    client_assertion_as_secret, default_token_type_bearer, parse_form_response, token_in_query,
};
pub use self::client_auth::{ClientAuth, ClientIdentity, EndpointRequest};
pub use self::oauth1_signature::OAuth1Signature;
pub use crate::endpoint::Endpoint;

/// The requests that a hook can change before they are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RequestHook {
    /// The token request of every grant except a refresh, with the client authentication.
    AccessTokenRequest,
    /// The introspection request (RFC 7662 §2.1).
    IntrospectTokenRequest,
    /// A request to the provider's API, with the access token. A streaming body is not shown.
    ProtectedRequest,
    /// The token request of a refresh (RFC 6749 §6).
    RefreshTokenRequest,
    /// The revocation request (RFC 7009 §2.1).
    RevokeTokenRequest,
    /// The user info request (OpenID Connect Core §5.3.1), with the access token. Of OAuth 2.0 clients only: a
    /// request of OAuth 1.0a is signed.
    UserInfoRequest,
}

/// The responses that a hook can change before they are parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ResponseHook {
    /// The response to the token request of every grant except a refresh.
    AccessTokenResponse,
    /// The response to a refresh.
    RefreshTokenResponse,
    /// The user info response (OpenID Connect Core §5.3.2), also that of a provider without OpenID Connect. Its
    /// `sub` must be that of the ID token after the hook too.
    UserInfoResponse,
}

/// A client's hooks, which run in the order in which they were added.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Hooks {
    pub(crate) requests: HookList<RequestHook, Request>,
    pub(crate) responses: HookList<ResponseHook, Response>,
}

/// The hooks that change messages of one type.
#[derive(Clone)]
pub(crate) struct HookList<At, Message>(Vec<(At, Hook<Message>)>);

#[derive(Clone)]
struct Hook<Message> {
    run: Run<Message>,
    /// Its type, if it holds no values: then two hooks of this type are equal. A preset makes its hooks again each time.
    stateless: Option<TypeId>,
}

type Run<M> = Arc<dyn Fn(M) -> BoxFuture<'static, Result<M>> + Send + Sync>;

impl<At: Copy + PartialEq, Message: Send + 'static> HookList<At, Message> {
    pub(crate) fn push<H, F>(&mut self, at: At, hook: H)
    where
        H: Fn(Message) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Message>> + Send + 'static,
    {
        let stateless = (size_of::<H>() == 0).then(TypeId::of::<H>);
        self.0
            .push((at, Hook { run: Arc::new(move |message| Box::pin(hook(message))), stateless }));
    }

    /// Adds a hook that is not async.
    pub(crate) fn push_sync(
        &mut self,
        at: At,
        hook: impl Fn(&mut Message) -> Result<()> + Send + Sync + 'static,
    ) {
        self.push(at, move |mut message| ready(hook(&mut message).map(|()| message)));
    }

    pub(crate) fn has(&self, at: At) -> bool {
        self.0.iter().any(|(point, _)| *point == at)
    }

    pub(crate) async fn run(&self, at: At, mut message: Message) -> Result<Message> {
        for (_, hook) in self.0.iter().filter(|(point, _)| *point == at) {
            message = (hook.run)(message).await?;
        }
        Ok(message)
    }
}

impl<At: PartialEq, Message> PartialEq for HookList<At, Message> {
    fn eq(&self, other: &Self) -> bool {
        let is_same = |((at, hook), (other_at, other)): (&(At, Hook<_>), &(At, Hook<_>))| {
            at == other_at
                && (Arc::ptr_eq(&hook.run, &other.run)
                    || hook.stateless.is_some_and(|hook| other.stateless == Some(hook)))
        };
        self.0.len() == other.0.len() && self.0.iter().zip(&other.0).all(is_same)
    }
}

impl<At, Message> Default for HookList<At, Message> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<At: fmt::Debug, Message> fmt::Debug for HookList<At, Message> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(at, _)| at)).finish()
    }
}
