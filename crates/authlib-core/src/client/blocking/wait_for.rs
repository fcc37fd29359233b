//! [`wait_for!`]: the methods of a blocking client that wait for those of the async client.

/// Writes methods of `$Client`, the type of `self.inner`, by name, arguments and output.
macro_rules! wait_for {
    ($Client:path; $($name:ident($($arg:ident: $Arg:ty),*) -> $Output:ty;)*) => {
        $(
            #[doc = concat!(
                "As [`", stringify!($name), "`](", stringify!($Client), "::", stringify!($name), ")."
            )]
            pub fn $name(&self $(, $arg: $Arg)*) -> Result<$Output> {
                $crate::client::blocking::runtime::block_on(self.inner.$name($($arg),*))
            }
        )*
    };
}

pub(super) use wait_for;
