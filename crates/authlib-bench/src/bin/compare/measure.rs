//! Time, allocations and instructions of a case.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::cases::Case;
use crate::rows;

/// How often each call of a row is measured, in turns with the others. The minimum counts.
const ROUNDS: usize = 41;

/// How long one measurement takes.
const BATCH: Duration = Duration::from_millis(2);

/// How many calls are counted by valgrind.
const COUNTED: u32 = 50;

/// The minimal time of each case in microseconds.
pub(crate) fn times(cases: &[Case]) -> Vec<f64> {
    let batches: Vec<u32> = cases.iter().map(batch_size).collect();
    let mut best = vec![f64::INFINITY; cases.len()];
    for _ in 0..ROUNDS {
        for ((case, batch), best) in cases.iter().zip(&batches).zip(&mut best) {
            let start = Instant::now();
            (0..*batch).for_each(|_| case.run());
            let time = start.elapsed().as_secs_f64() * 1e6 / f64::from(*batch);
            *best = best.min(time);
        }
    }
    best
}

fn batch_size(case: &Case) -> u32 {
    let mut size = 1;
    loop {
        let start = Instant::now();
        (0..size).for_each(|_| case.run());
        if start.elapsed() >= BATCH {
            return size;
        }
        size *= 2;
    }
}

/// The allocations of one call.
pub(crate) fn allocations(case: &Case) -> u64 {
    case.run();
    allocation_counter::measure(|| case.run()).count_total
}

/// The instructions of one call; `None` without valgrind.
pub(crate) fn instructions(name: &str) -> Option<f64> {
    let program = std::env::current_exe().ok()?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--collect-atstart=no"])
        .arg("--toggle-collect=*counted_calls*")
        .arg(program)
        .args(["counted", name])
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stderr);
    let total = text.lines().find_map(|line| line.split_once("Collected :"))?.1;
    let total: f64 = total.trim().parse().ok()?;
    Some(total / f64::from(COUNTED))
}

/// Runs the case that valgrind counts.
pub(crate) fn run_counted(name: &str) {
    let rows = rows::all();
    let call = rows.iter().find_map(|row| {
        row.calls.iter().find(|call| name == format!("{} / {}", row.title, call.by))
    });
    let case = (call.expect("the name is of a call").build)();
    case.run();
    counted_calls(&case);
}

/// Valgrind finds it by its name.
#[inline(never)]
fn counted_calls(case: &Case) {
    (0..COUNTED).for_each(|_| case.run());
}
