//! The most memory that a map takes, in a process of its own.

use std::path::Path;
use std::process::Command;

use platform_integration::readers::read_bytes;

/// Whether these are the words of [`row`] to its child.
pub(crate) fn is_child(how: &str) -> bool {
    ["--peak-of-map", "--peak-of-value"].contains(&how)
}

/// Reads the file in one way and prints its own peak, in bytes, above what the process had before it opened the file.
pub(crate) fn child(how: &str, file: &Path) {
    let before = peak();
    let bytes = std::fs::read(file).unwrap();
    if how == "--peak-of-map" {
        std::hint::black_box(read_bytes(&bytes, "file"));
    } else {
        std::hint::black_box(serde_json::from_slice::<serde_json::Value>(&bytes).unwrap());
    }
    println!("{}", peak().saturating_sub(before));
}

/// One line: how many times the file the peaks are, its bytes in memory included.
pub(crate) fn row(file: &Path) {
    let size = std::fs::metadata(file).unwrap().len();
    let of = |how: &str| {
        let output = Command::new(std::env::current_exe().unwrap()).arg(how).arg(file).output().unwrap();
        let peak: f64 = String::from_utf8_lossy(&output.stdout).trim().parse().unwrap_or(f64::NAN);
        peak / size as f64
    };
    println!(
        "Peak memory on {}: map {:.1} × the file, plain parsing {:.1} ×.",
        file.file_name().unwrap().to_string_lossy(),
        of("--peak-of-map"),
        of("--peak-of-value")
    );
}

fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    line.and_then(|l| l.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or(0) * 1024
}
