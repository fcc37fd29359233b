//! [`debug_fields!`]: `Debug` that shows only the listed fields.

/// Implements `Debug` for a type with secrets, or with fields that have no `Debug`.
macro_rules! debug_fields {
    ($Type:ident $(<$($Param:ident),+>)? { $($field:ident),* }) => {
        impl $(<$($Param),+>)? std::fmt::Debug for $Type $(<$($Param),+>)? {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($Type))
                    $(.field(stringify!($field), &self.$field))*
                    .finish_non_exhaustive()
            }
        }
    };
}
