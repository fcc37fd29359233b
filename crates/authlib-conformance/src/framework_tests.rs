//! The tests that each framework crate makes of the same cases.

/// Makes a test of each case of a module; `$run` is what the framework's own test gives to all of them.
#[macro_export]
#[doc(hidden)]
macro_rules! framework_tests {
    ($module:ident, $test:meta, $run:path: [$($case:ident),* $(,)?]) => {
        $(#[$test]
        async fn $case() {
            $crate::$module::$case($run).await;
        })*
    };
}
