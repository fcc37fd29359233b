//! [`verbs!`]: the methods `get`, `post`, `put`, `patch`, `delete`, `head` and `options` of a client.

/// Writes the seven methods, each by the type's own `request`; with an owner if `request` takes one.
macro_rules! verbs {
    (@one $name:ident $method:ident $what:literal, $Request:ty $(, $owner:ident: $Owner:ty)?) => {
        #[doc = concat!($what, " `url`; see [`request`](Self::request).")]
        pub fn $name(&self, url: &str $(, $owner: $Owner)?) -> $Request {
            self.request(http::Method::$method, url $(, $owner)?)
        }
    };
    ($Request:ty $(, $owner:ident: $Owner:ty)?) => {
        verbs!(@one get GET "A GET of", $Request $(, $owner: $Owner)?);
        verbs!(@one post POST "A POST to", $Request $(, $owner: $Owner)?);
        verbs!(@one put PUT "A PUT to", $Request $(, $owner: $Owner)?);
        verbs!(@one patch PATCH "A PATCH of", $Request $(, $owner: $Owner)?);
        verbs!(@one delete DELETE "A DELETE of", $Request $(, $owner: $Owner)?);
        verbs!(@one head HEAD "A HEAD of", $Request $(, $owner: $Owner)?);
        verbs!(@one options OPTIONS "An OPTIONS request to", $Request $(, $owner: $Owner)?);
    };
}

pub(crate) use verbs;
