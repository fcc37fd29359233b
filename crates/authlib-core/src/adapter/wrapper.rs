//! [`wrapper!`](crate::adapter::wrapper): the impls of a framework crate's type around one of this crate.

/// Writes `Deref` and `Debug` of a tuple struct whose first field dereferences to `$Inner`, which has the
/// methods that handlers call: `wrapper!(OAuthClient[C] => LoginClient<MySession>);`.
#[doc(hidden)]
#[macro_export]
macro_rules! __wrapper {
    ($Name:ident[$($param:tt),*] => $Inner:ty) => {
        impl<$($param),*> std::ops::Deref for $Name<$($param),*> {
            type Target = $Inner;

            fn deref(&self) -> &Self::Target {
                &self.0
            }
        }

        impl<$($param),*> std::fmt::Debug for $Name<$($param),*> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_tuple(stringify!($Name)).field(&self.0).finish()
            }
        }
    };
}

pub use __wrapper as wrapper;
