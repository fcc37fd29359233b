//! Runs every target with its seeds, and with their beginnings and small changes.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
#![allow(clippy::print_stdout, reason = "what is printed last is what failed")]

use std::fs;
use std::path::Path;

use authlib_fuzz::TARGETS;

/// The most changed inputs of one seed.
const CHANGES: usize = 60;

fn seeds(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(target);
    let files = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    files.map(|path| (path.display().to_string(), fs::read(&path).unwrap())).collect()
}

#[test]
fn every_target_accepts_its_seeds() {
    for (name, target) in TARGETS {
        let seeds = seeds(name);
        let accepted = seeds.iter().filter(|(path, data)| {
            println!("{path}");
            target(data)
        });
        assert!(accepted.count() > 0, "no seed of {name} is accepted: nothing is compared");
    }
}

#[test]
fn every_target_accepts_changed_seeds() {
    for (name, target) in TARGETS {
        for (path, data) in seeds(name) {
            println!("{path}");
            let step = data.len().div_ceil(CHANGES).max(1);
            for at in (0..data.len()).step_by(step) {
                let (begin, end) = data.split_at(at);
                target(begin);
                target(end);
                // One byte left out, doubled, and replaced with one that means something.
                target(&[begin, &end[1..]].concat());
                target(&[begin, &end[..1], end].concat());
                let special = b"\"\\,=&%<{[\n\0\xff"[at % 12];
                target(&[begin, &[special], &end[1..]].concat());
            }
        }
    }
}

/// cargo-fuzz has a binary for each target.
#[test]
fn every_target_can_be_fuzzed() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz");
    let manifest = fs::read_to_string(format!("{folder}/Cargo.toml")).unwrap();
    for (name, _) in TARGETS {
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
        let text = fs::read_to_string(format!("{folder}/fuzz_targets/{name}.rs")).unwrap();
        assert!(text.contains(&format!("run(\"{name}\", data)")), "{name}");
    }
}
