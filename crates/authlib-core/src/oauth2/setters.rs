//! Setters of optional texts, for builders with several of them.

macro_rules! text_setters {
    ($($(#[$doc:meta])* $name:ident)*) => {
        $($(#[$doc])*
        #[must_use]
        pub fn $name(mut self, $name: impl Into<String>) -> Self {
            self.$name = Some($name.into());
            self
        })*
    };
}

pub(crate) use text_setters;
