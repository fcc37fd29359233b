//! How the cost of a call grows with the number of clients, owners, tenants and pending logins.
//!
//! Each line has the microseconds at 1, 10, 100, 1,000 and 10,000, the exponent between the last two (0 is flat, 1 is
//! linear), and the exponent of allocations. Above 1.1 it fails, and that of a time above 1.5, because each byte costs more
//! when there are more than the processor's caches hold. `growth [FILTER]` measures some of the lines.

mod cases;
mod tenants;

use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use allocation_counter::measure;
use tokio::runtime::Runtime;

const SIZES: [u32; 5] = [1, 10, 100, 1_000, 10_000];

/// Above it, allocations grow faster than linearly.
const MOST: f64 = 1.1;

/// The same for times. Twice as many bytes may take more than twice as long: 10,000 clients don't fit into the caches.
const MOST_OF_TIME: f64 = 1.5;

/// How often a line is measured while it grows too fast: the machine may have other load. The shortest times count.
const TRIES: usize = 3;

/// From this time on, a run is measured by the processor time.
const TURN: Duration = Duration::from_millis(20);

/// The cost of one call.
#[derive(Clone, Copy)]
pub(crate) struct Cost {
    microseconds: f64,
    allocations: f64,
}

/// A name, and the cost beside this many others.
type Line = (&'static str, fn(u32) -> Cost);

fn main() -> ExitCode {
    // axum's timeouts need it.
    let runtime = Runtime::new().expect("the system has threads");
    let _entered = runtime.enter();
    let filter = std::env::args().nth(1).unwrap_or_default();
    let sizes = SIZES.map(|size| format!(" {size:>9}")).concat();
    println!("{:<36}{sizes} {:>9} {:>12} {:>9}", "µs", "exponent", "allocations", "exponent");
    let mut passed = true;
    for (name, cost) in cases::LINES.iter().chain(&tenants::LINES) {
        if name.contains(&filter) {
            passed &= print(name, *cost);
        }
    }
    if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Whether the line grows no faster than linearly.
fn print(name: &str, cost: fn(u32) -> Cost) -> bool {
    let mut costs = SIZES.map(cost);
    for _ in 1..TRIES {
        if exponent(costs.map(|cost| cost.microseconds)) <= MOST_OF_TIME {
            break;
        }
        for (best, again) in costs.iter_mut().zip(SIZES.map(cost)) {
            best.microseconds = best.microseconds.min(again.microseconds);
        }
    }
    let [time, allocations] = [
        exponent(costs.map(|cost| cost.microseconds)),
        exponent(costs.map(|cost| cost.allocations)),
    ];
    let times = costs.map(|cost| format!(" {:>9.2}", cost.microseconds)).concat();
    let [.., last] = costs;
    println!("{name:<36}{times} {time:>9.2} {:>12.0} {allocations:>9.2}", last.allocations);
    time <= MOST_OF_TIME && allocations <= MOST
}

fn exponent([.., before, last]: [f64; 5]) -> f64 {
    // A call without allocations grows with none.
    if before == 0.0 && last == 0.0 { 0.0 } else { (last / before).log10() }
}

/// The shortest of three runs.
pub(crate) fn once<T>(mut run: impl FnMut() -> T) -> Cost {
    cost(3, 1, &mut run)
}

/// The shortest of 200 averages over 20 calls.
pub(crate) fn often<T>(mut run: impl FnMut() -> T) -> Cost {
    cost(200, 20, &mut run)
}

fn cost<T>(runs: u32, calls: u32, run: &mut impl FnMut() -> T) -> Cost {
    let mut repeat = || (0..calls).for_each(|_| drop(black_box(run())));
    let times = (0..runs).map(|_| {
        let (before, start) = (processor_time(), Instant::now());
        repeat();
        let (time, after) = (start.elapsed(), processor_time());
        // In a long run the system gives the processor to others.
        let used = after.zip(before).map(|(after, before)| after.saturating_sub(before));
        if time < TURN { time } else { used.unwrap_or(time) }
    });
    let shortest = times.min().unwrap_or_default();
    let allocations = measure(&mut repeat).count_total as f64;
    Cost {
        microseconds: shortest.as_secs_f64() * 1e6 / f64::from(calls),
        allocations: allocations / f64::from(calls),
    }
}

/// What this thread has used; `None` elsewhere than on Linux, which updates it every few milliseconds.
fn processor_time() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(Duration::from_nanos(text.split(' ').next()?.parse().ok()?))
}
