//! What matching costs: `cargo bench --bench matching`. Two records of 300 fields each, made here, on one core; beside it, in the
//! same run, comparing the letters of all 90,000 pairs of names and nothing else (Jaro-Winkler, `strsim`). The least of some rounds,
//! both in turn.
#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "a bench measures real time and prints")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use platform_integration::mapping::matcher::{Field, Side, rank, types_named};

const ROUNDS: usize = 15;

/// Fields as large records have them: objects and lists of objects, each with names that others have too.
fn side(count: usize, styled: fn(&str) -> String) -> Side {
    const OBJECTS: [&str; 12] = [
        "",
        "billing_address",
        "shipping_address",
        "owner",
        "company",
        "line_items[]",
        "discounts[]",
        "payment_terms",
        "metadata",
        "last_activity",
        "custom_attributes[]",
        "fulfillments[]",
    ];
    const NAMES: [&str; 26] = [
        "id",
        "name",
        "created_at",
        "updated_at",
        "status",
        "type",
        "email",
        "phone_number",
        "first_name",
        "last_name",
        "city",
        "postal_code",
        "country_code",
        "currency",
        "total_amount",
        "tax_amount",
        "quantity",
        "description",
        "external_reference",
        "is_active",
        "url",
        "priority",
        "due_date",
        "owner_id",
        "language",
        "notes",
    ];
    let fields = (0..count).map(|i| {
        let (object, name) = (OBJECTS[i / NAMES.len() % OBJECTS.len()], NAMES[i % NAMES.len()]);
        let path = if object.is_empty() { styled(name) } else { format!("{}.{}", styled(object), styled(name)) };
        Field {
            types: types_named(["string", "string", "number", "boolean"][i % 4]),
            description: format!(
                "The {} of the {}, as it was entered",
                name.replace('_', " "),
                object.replace('_', " ")
            ),
            values: if i % 9 == 0 { vec!["open".into(), "closed".into(), format!("v{i}")] } else { Vec::new() },
            ..Field::at(&path)
        }
    });
    Side { entity: "order".to_owned(), system: String::new(), fields: fields.collect() }
}

fn camel(name: &str) -> String {
    let mut out = String::new();
    for (i, word) in name.split('_').enumerate() {
        let mut letters = word.chars();
        match letters.next().filter(|_| i > 0) {
            Some(first) => out.extend(first.to_uppercase().chain(letters)),
            None => out.push_str(word),
        }
    }
    out
}

fn time(work: impl Fn()) -> Duration {
    let from = Instant::now();
    work();
    from.elapsed()
}

fn main() {
    // `cargo test --all-targets` starts benches too; they have nothing to test.
    if std::env::args().any(|a| a == "--test") {
        return;
    }
    let (source, target) = (side(300, str::to_owned), side(300, camel));
    let matched = || {
        black_box(rank(&source, &target));
    };
    let letters = || {
        for s in &source.fields {
            for t in &target.fields {
                black_box(strsim::jaro_winkler(s.leaf(), t.leaf()));
            }
        }
    };
    let rounds: Vec<(Duration, Duration)> = (0..ROUNDS).map(|_| (time(matched), time(letters))).collect();
    let least = |pick: fn(&(Duration, Duration)) -> Duration| {
        rounds.iter().map(pick).min().unwrap_or_default().as_secs_f64() * 1000.0
    };
    let (ours, theirs) = (least(|r| r.0), least(|r| r.1));
    println!(
        "300 by 300 fields: {ours:.1} ms; letters of all names alone: {theirs:.1} ms; {:.1} times as long",
        ours / theirs
    );
}
