//! The targets of `fuzz` without a fuzzer: every seed, and changes of every seed that the same seed of a generator makes again.

use std::path::{Path, PathBuf};

use platform_integration::base::rng::Rng;
use platform_integration::readers::fuzz::{TARGETS, run};

/// Changes of one seed; each is read twice.
const CHANGES: u64 = 10;
/// Largest input, in bytes: what grows beyond is cut.
const MOST: usize = 12_000;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(name)
}

fn seeds(target: &str) -> Vec<(String, Vec<u8>)> {
    let entries =
        std::fs::read_dir(folder("seeds").join(target)).unwrap_or_else(|e| panic!("{target} has no seeds: {e}"));
    let mut out: Vec<(String, Vec<u8>)> = entries
        .map(|entry| {
            let path = entry.unwrap().path();
            (path.display().to_string(), std::fs::read(&path).unwrap())
        })
        .collect();
    out.sort();
    out
}

/// A place in `bytes`, or their end.
fn place(rng: &mut Rng, bytes: &[u8]) -> usize {
    usize::try_from(rng.below(bytes.len() as u64 + 1)).unwrap()
}

/// One change of the kinds that fuzzers make.
fn change(rng: &mut Rng, bytes: &mut Vec<u8>, other: &[u8]) {
    let (at, end) = (place(rng, bytes), place(rng, bytes));
    let (at, end) = (at.min(end), at.max(end).min(at.min(end) + 200));
    match rng.below(8) {
        0 => bytes.truncate(at),
        1 => {
            for _ in 0..=rng.below(4) {
                let at = place(rng, bytes);
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << rng.below(8);
                }
            }
        }
        // A piece of another seed.
        2 => {
            let (from, to) = (place(rng, other), place(rng, other));
            bytes.splice(at..end, other[from.min(to)..from.max(to)].iter().copied());
        }
        // A piece of its own, many times.
        3 => {
            let piece = bytes[at..end].to_vec();
            let times = usize::try_from(rng.between(2, 40)).unwrap();
            bytes.splice(at..at, piece.repeat(times));
        }
        // Something that nests.
        4 => {
            let open = [&b"["[..], b"{\"a\":", b"{a: ", b"- ", b"(", b"message A {", b"{ a ", b"&a [*a, "];
            let piece = rng.pick(&open).copied().unwrap_or_default();
            bytes.splice(at..at, piece.repeat(300));
        }
        5 => _ = bytes.drain(at..end),
        // What has no end, or another meaning elsewhere.
        6 => {
            let words = [
                &b"\0"[..],
                b"\xff\xfe",
                b"\"",
                b"'",
                b"\\",
                b"#",
                b"null",
                b"$ref",
                b"99999999999999999999",
                b"\xe2\x80\xae",
                b"\n\t",
                b"*/",
            ];
            let piece = rng.pick(&words).copied().unwrap_or_default();
            bytes.splice(at..at, piece.iter().copied());
        }
        _ => bytes.extend_from_slice(other),
    }
    bytes.truncate(MOST);
}

#[test]
fn every_target_has_a_file_a_line_and_seeds() {
    let manifest = std::fs::read_to_string(folder("Cargo.toml")).unwrap();
    for target in TARGETS {
        let name = target.name;
        let file = std::fs::read_to_string(folder("fuzz_targets").join(format!("{name}.rs"))).unwrap();
        assert!(file.contains(&format!("fuzz::run(\"{name}\", bytes)")), "{name}");
        assert!(manifest.contains(&format!("name = \"{name}\"\n")), "{name}");
        assert!(!seeds(name).is_empty(), "{name}");
    }
    for (kind, folder) in [("seeds", folder("seeds")), ("targets", folder("fuzz_targets"))] {
        assert_eq!(std::fs::read_dir(folder).unwrap().count(), TARGETS.len(), "{kind}");
    }
}

#[test]
fn a_target_that_is_none_is_told() {
    assert_eq!(run("nothing", b""), Err("no target is called nothing".to_owned()));
}

#[test]
fn seeds_and_their_changes_are_read_or_refused() {
    let all: Vec<(&str, String, Vec<u8>)> =
        TARGETS.iter().flat_map(|t| seeds(t.name).into_iter().map(|(file, bytes)| (t.name, file, bytes))).collect();
    for (target, file, bytes) in &all {
        run(target, bytes).unwrap_or_else(|because| panic!("{file}: {because}"));
        for i in 0..CHANGES {
            let mut rng = Rng::seeded(i).fork(file.rsplit("seeds").next().unwrap());
            let mut changed = bytes.clone();
            for _ in 0..=rng.below(3) {
                let (_, _, other) = rng.pick(&all).unwrap();
                change(&mut rng, &mut changed, other);
            }
            let shown = || String::from_utf8_lossy(&changed).into_owned();
            run(target, &changed).unwrap_or_else(|because| panic!("{file}, change {i}: {because}\n{}", shown()));
        }
    }
}
