//! Compares calls of this library with the same work of other libraries, and with the limit: the bare cryptography
//! of aws-lc-rs with a parsed key.
//!
//! `compare [FILTER]` prints times and allocations; the calls of a row are measured in turns, so that their ratios hold
//! on a machine with other load. `compare instructions [FILTER]` prints instructions instead, by valgrind.

#[expect(dead_code, reason = "some items are for the test of allocations only")]
#[path = "../../../../authlib-core/tests/cost/cases.rs"]
mod cases;
mod huskarl;
mod limits;
mod measure;
mod peers;
mod rows;

use std::process::ExitCode;

use crate::measure::{allocations, instructions, run_counted, times};
use crate::rows::Row;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        // A process of `instructions`, under valgrind.
        ["counted", name] => run_counted(name),
        ["instructions", filter @ ..] => print_instructions(filter.first().copied()),
        filter => print_times(filter.first().copied()),
    }
    ExitCode::SUCCESS
}

fn selected(filter: Option<&str>) -> impl Iterator<Item = Row> {
    rows::all().into_iter().filter(move |row| filter.is_none_or(|part| row.title.contains(part)))
}

fn print_times(filter: Option<&str>) {
    println!("{:<34} {:<22} {:>9} {:>9} {:>12}", "case", "by", "µs", "limit/it", "allocations");
    for row in selected(filter) {
        let calls: Vec<_> = row.calls.iter().map(|call| (call.build)()).collect();
        let times = times(&calls);
        let time_of = |name: &str| -> Option<f64> {
            let place = row.calls.iter().position(|call| call.by == name)?;
            Some(times[place])
        };
        for (call, (case, time)) in row.calls.iter().zip(calls.iter().zip(&times)) {
            // What the same call costs without the measured part is subtracted.
            let less = call.less.and_then(time_of).unwrap_or_default();
            let time = time - less;
            let ratio = time_of("limit").map(|limit| format!("{:.2}", limit / time));
            let count = match call.less {
                Some(other) => {
                    let place = row.calls.iter().position(|call| call.by == other);
                    let without = place.map_or(0, |place| allocations(&calls[place]));
                    allocations(case).saturating_sub(without)
                }
                None => allocations(case),
            };
            println!(
                "{:<34} {:<22} {:>9.2} {:>9} {:>12}",
                row.title,
                call.by,
                time,
                ratio.unwrap_or_default(),
                count
            );
        }
    }
}

fn print_instructions(filter: Option<&str>) {
    println!("{:<34} {:<22} {:>12}", "case", "by", "instructions");
    for row in selected(filter) {
        let mut counts = Vec::new();
        for call in &row.calls {
            let count = instructions(&format!("{} / {}", row.title, call.by));
            counts.push((call.by, count));
            let less = call.less.and_then(|name| counts.iter().find(|(by, _)| *by == name));
            match count {
                Some(count) => {
                    let count = count - less.and_then(|(_, less)| *less).unwrap_or_default();
                    println!("{:<34} {:<22} {count:>12.0}", row.title, call.by);
                }
                None => println!("{:<34} {:<22} {:>12}", row.title, call.by, "no valgrind"),
            }
        }
    }
}
