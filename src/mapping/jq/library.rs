//! What a program may call, and what its steps cost.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use jaq_core::box_iter::box_once;
use jaq_core::data::JustLut;
use jaq_core::load::parse::Def;
use jaq_core::native::{Fun, bome, run, v};
use jaq_core::{Cv, Error, Exn, Native, PathsPtr, RunPtr, UpdatePtr, ValXs};
use jaq_json::{Num, Val};

pub(super) type Data = JustLut<Val>;

/// What one run may spend: about so many values touched, and 32 times as many bytes of text.
const BUDGET: u64 = 200_000;
/// Deepest nesting of a value: freeing it recurses.
const DEEPEST: usize = 128;

/// Names that a program must not call, and what to do instead.
const REFUSED: [(&[&str], &str); 3] = [
    (&["input", "inputs", "input_filename", "input_line_number", "get_search_list"], "a rule sees its record alone"),
    (
        &[
            "env",
            "$ENV",
            "$__prog_args",
            "halt",
            "halt_error",
            "debug",
            "debug_empty",
            "stderr",
            "stderr_empty",
            "now",
            "localtime",
            "strflocaltime",
        ],
        "nothing outside the record is read or written; take times from a field, or use local_to_utc",
    ),
    (&["repeat", "while", "until", "recurse", "combinations"], "use map, reduce, limit or range, which end"),
];

thread_local! {
    static LEFT: Cell<u64> = const { Cell::new(0) };
}

/// What a run that spent its budget unwinds with; nobody sees it but [`metered`].
struct Spent;

/// Runs `f` on a full budget; nothing where that was spent.
pub(super) fn metered<T>(f: impl FnOnce() -> T) -> Option<T> {
    let before = LEFT.replace(BUDGET);
    let outcome = catch_unwind(AssertUnwindSafe(f));
    LEFT.set(before);
    match outcome {
        Ok(value) => Some(value),
        Err(payload) if payload.is::<Spent>() => None,
        Err(payload) => resume_unwind(payload),
    }
}

/// Takes so much off the budget; does not return where that is spent. A `try` in the program cannot catch it.
fn charge(cost: u64) {
    match LEFT.get().checked_sub(cost.max(1)) {
        Some(left) => LEFT.set(left),
        None => resume_unwind(Box::new(Spent)),
    }
}

/// Values inside, text by its length; spends the budget where it nests too deep.
fn size(value: &Val, depth: usize) -> u64 {
    if depth > DEEPEST {
        charge(u64::MAX);
    }
    match value {
        Val::TStr(s) | Val::BStr(s) => 1 + s.len() as u64 / 32,
        Val::Num(Num::BigInt(n)) => 1 + n.bits() / 64,
        Val::Arr(items) => {
            let mut all = 1;
            for item in items.iter() {
                all += size(item, depth + 1);
                if all > BUDGET {
                    break;
                }
            }
            all
        }
        Val::Obj(fields) => {
            let mut all = 1;
            for (_, item) in fields.iter() {
                all += 1 + size(item, depth + 1);
                if all > BUDGET {
                    break;
                }
            }
            all
        }
        _ => 1,
    }
}

/// Passes its input on, paid for.
pub(super) const TICK: &str = "!tick";
/// The same, before a filter that compares everything with everything.
pub(super) const SQUARE: &str = "!square";
/// Refuses a text that nests deeper than a value may.
pub(super) const SHALLOW: &str = "!shallow";
/// Multiplication that knows beforehand how large the result will be.
pub(super) const TIMES: &str = "!times";

fn tick<'a>(cv: Cv<'a, Data>) -> ValXs<'a, Val> {
    charge(size(&cv.1, 0));
    box_once(Ok(cv.1))
}

fn square<'a>(cv: Cv<'a, Data>) -> ValXs<'a, Val> {
    let n = size(&cv.1, 0);
    charge(n.saturating_mul(n) / 64);
    box_once(Ok(cv.1))
}

fn shallow<'a>(cv: Cv<'a, Data>) -> ValXs<'a, Val> {
    if let Val::TStr(text) = &cv.1 {
        let mut depth = 0usize;
        for byte in text.iter() {
            match byte {
                b'[' | b'{' => depth += 1,
                b']' | b'}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth > DEEPEST {
                return box_once(Err(Exn::from(Error::str("nests too deep"))));
            }
        }
        charge(1 + text.len() as u64 / 32);
    }
    box_once(Ok(cv.1))
}

fn times<'a>(mut cv: Cv<'a, Data>) -> ValXs<'a, Val> {
    let (right, left) = (cv.0.pop_var(), cv.0.pop_var());
    let repeated = |text: &Val, count: &Val| match (text, count) {
        (Val::TStr(s) | Val::BStr(s), Val::Num(n)) => {
            let count = n.to_string().parse::<f64>().unwrap_or(f64::MAX).max(0.0);
            charge((s.len() as f64 * count / 32.0).min(1e18) as u64);
        }
        (Val::Num(Num::BigInt(a)), Val::Num(Num::BigInt(b))) => charge((a.bits() + b.bits()) / 64),
        _ => {}
    };
    repeated(&left, &right);
    repeated(&right, &left);
    bome(left * right)
}

/// Whether a program may call this.
fn allowed(name: &str) -> bool {
    !REFUSED.iter().any(|(names, _)| names.contains(&name))
}

/// What to do instead of calling something that is not there.
pub(super) fn instead(name: &str) -> String {
    let refused = REFUSED.iter().find(|(names, _)| names.contains(&name));
    refused.map_or_else(
        || "use a filter of jq 1.7 that needs the record alone, or a transform of the mapping".to_owned(),
        |(_, fix)| (*fix).to_owned(),
    )
}

/// Definitions that every program may use. Those that the language's own `..` and `flatten` rest on stay, under their
/// names; a program that calls them itself is refused before.
pub(super) fn defs<'s>() -> impl Iterator<Item = Def<&'s str>> {
    const OUTSIDE: [&str; 4] = ["stderr", "debug", "halt", "halt_error"];
    let all = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
    all.filter(|d| !OUTSIDE.contains(&d.name)).map(shorter)
}

/// The same definition among those that borrow from a program's text.
fn shorter<'s>(def: Def<&'static str>) -> Def<&'s str> {
    def
}

/// Native filters that every program may use.
pub(super) fn funs() -> impl Iterator<Item = Fun<Data>> {
    // What only looks stays a path where it stands in one: `.a[] |= f`, `del(.a[])`.
    let looks = |name, look: RunPtr<Data>, paths: PathsPtr<Data>, update: UpdatePtr<Data>| -> Fun<Data> {
        (name, v(0), Native::<Data>::new(look).with_paths(paths).with_update(update))
    };
    let tick_paths: PathsPtr<Data> = |cv| {
        charge(size(&cv.1.0, 0));
        box_once(Ok(cv.1))
    };
    let tick_update: UpdatePtr<Data> = |cv, f| {
        charge(size(&cv.1, 0));
        f(cv.1)
    };
    let own: [Fun<Data>; 4] = [
        looks(TICK, tick, tick_paths, tick_update),
        looks(SQUARE, square, |cv| box_once(Ok(cv.1)), |cv, f| f(cv.1)),
        run::<Data>((SHALLOW, v(0), shallow)),
        run::<Data>((TIMES, v(2), times)),
    ];
    let known = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs()).filter(|(name, _, _)| allowed(name));
    known.chain(own)
}

/// Whether a call by this name is refused, and what to do instead.
pub(super) fn refused(name: &str, arguments: usize) -> Option<&'static str> {
    // `recurse` without argument goes into the record, which ends.
    let ends = matches!((name, arguments), ("recurse", 0));
    REFUSED.iter().find(|(names, _)| names.contains(&name) && !ends).map(|(_, fix)| *fix)
}
