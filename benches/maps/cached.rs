//! What a map costs that was read before: found by its key in the store's file of maps and read from its bytes, beside
//! reading the description anew.

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Duration;

use platform_integration::base::clock::Timestamp;
use platform_integration::evidence::Maps as _;
use platform_integration::readers::{BUILD, Input, Read, read};
use platform_integration::store::SqliteMaps;

use super::{ROUNDS, ms, time};

/// One description.
struct Row {
    name: String,
    bytes: usize,
    kept: usize,
    anew: Duration,
    found: Duration,
    keeping: Duration,
}

/// Prints the table of these files, the largest first; all of them or the first `most`.
pub(super) fn table(files: &[PathBuf], most: usize) {
    let dir = tempfile::tempdir().unwrap();
    let mut rows: Vec<Row> = files.iter().filter_map(|file| row(file, dir.path())).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.bytes));
    println!("| description | MB | kept, MB | read anew | found | ratio | to keep it |\n|---|---|---|---|---|---|---|");
    let sum = |of: fn(&Row) -> usize| rows.iter().map(of).sum();
    let time = |of: fn(&Row) -> Duration| rows.iter().map(of).sum();
    let whole = Row {
        name: format!("all {} of 64 kB and more", rows.len()),
        bytes: sum(|r| r.bytes),
        kept: sum(|r| r.kept),
        anew: time(|r| r.anew),
        found: time(|r| r.found),
        keeping: time(|r| r.keeping),
    };
    for row in std::iter::once(&whole).chain(rows.iter().take(most)) {
        println!(
            "| {} | {:.2} | {:.2} | {:.2} ms | {:.2} ms | {:.2} | {:.2} ms |",
            row.name,
            row.bytes as f64 / 1e6,
            row.kept as f64 / 1e6,
            ms(row.anew),
            ms(row.found),
            row.found.as_secs_f64() / row.anew.as_secs_f64(),
            ms(row.keeping)
        );
    }
    println!();
}

/// The least times of some rounds, all in turn; nothing for a description that is not kept.
fn row(file: &Path, dir: &Path) -> Option<Row> {
    let bytes = std::fs::read(file).ok().filter(|bytes| bytes.len() >= 64 << 10)?;
    let name = file.file_name()?.to_str()?;
    let input = Input::of_bytes(name, bytes);
    let maps = SqliteMaps::beside(&dir.join("evidence.db"));
    let now = Timestamp(0);
    let key = || input.key(input.plain_origin(name), BUILD);
    let kept = read(&input, name).to_bytes()?;
    maps.put(&key(), &kept, now);
    let found = || Read::from_bytes(&maps.get(&key(), now)?);
    assert_eq!(found()?.to_bytes().as_ref(), Some(&kept), "{name}: what is found is what was kept");
    let system = read(&input, name);
    let rounds: Vec<[Duration; 3]> = (0..ROUNDS)
        .map(|_| {
            [
                time(|| drop(black_box(read(&input, name)))),
                time(|| drop(black_box(found()))),
                time(|| maps.put(&key(), &system.to_bytes().unwrap_or_default(), now)),
            ]
        })
        .collect();
    let least = |of: usize| rounds.iter().map(|r| r[of]).min().unwrap_or_default();
    let bytes = input.main.bytes.as_ref().map_or(0, Vec::len);
    let (name, kept) = (name.to_owned(), kept.len());
    Some(Row { name, bytes, kept, anew: least(0), found: least(1), keeping: least(2) })
}
