//! Counts the basic blocks that this thread enters in code that was compiled with LLVM's `SanitizerCoverage`
//! (`trace-pc`). A crate of its own: it must not be instrumented itself, and no other crate may have unsafe code.

use std::cell::Cell;

thread_local! {
    static BLOCKS: Cell<u64> = const { Cell::new(0) };
}

/// What the compiler calls at the beginning of each basic block.
// SAFETY: the name is SanitizerCoverage's own, and no other function here has it.
#[unsafe(no_mangle)]
pub extern "C" fn __sanitizer_cov_trace_pc() {
    BLOCKS.with(|blocks| blocks.set(blocks.get() + 1));
}

/// The basic blocks that `work` enters; 0 if nothing is instrumented.
pub fn count(work: impl FnOnce()) -> u64 {
    let before = BLOCKS.get();
    work();
    BLOCKS.get() - before
}
