//! [`option_setters!`]: builder methods that set optional texts.

/// Declares a setter for each field, which is an `Option<String>`.
macro_rules! option_setters {
    ($($(#[$doc:meta])* $name:ident)*) => {
        $($(#[$doc])*
        #[must_use]
        pub fn $name(mut self, $name: impl Into<String>) -> Self {
            self.$name = Some($name.into());
            self
        })*
    };
}
