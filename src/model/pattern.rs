//! Patterns of schemas: compiled once, and walked to make a text that matches.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use regex::Regex;
use regex_syntax::hir::{Class, Hir, HirKind, Look};

use crate::base::rng::Rng;

thread_local! {
    /// Compiling costs a hundred times a match, and a mock system checks the same few patterns for every request.
    static COMPILED: RefCell<HashMap<String, Option<Regex>>> = RefCell::new(HashMap::new());
}

/// Fewest and most characters of a pattern.
type Length = Option<(u64, Option<u64>)>;

thread_local! {
    /// The same fields are looked at once for each rule that comes near them.
    static LENGTHS: RefCell<HashMap<String, Length>> = RefCell::new(HashMap::new());
}

thread_local! {
    /// Records are made by the thousand.
    static PARSED: RefCell<HashMap<String, Option<Rc<Hir>>>> = RefCell::new(HashMap::new());
}

/// More patterns than any one description has in use; beyond it the cache starts anew.
const MOST: usize = 512;

/// Whether `text` matches; nothing where the pattern is outside the regular languages (look-around, back references).
pub(super) fn matches(pattern: &str, text: &str) -> Option<bool> {
    COMPILED.with_borrow_mut(|cache| {
        if let Some(known) = cache.get(pattern) {
            return known.as_ref().map(|r| r.is_match(text));
        }
        if cache.len() >= MOST {
            cache.clear();
        }
        let regex = Regex::new(pattern).ok();
        let answer = regex.as_ref().map(|r| r.is_match(text));
        cache.insert(pattern.to_owned(), regex);
        answer
    })
}

/// Fewest and most characters of a text that matches; nothing for a pattern that cannot be read, and an open end where the
/// pattern is not held at both ends or repeats without bound.
#[must_use]
pub fn pattern_length(pattern: &str) -> Length {
    LENGTHS.with_borrow_mut(|cache| {
        if let Some(known) = cache.get(pattern) {
            return *known;
        }
        if cache.len() >= MOST {
            cache.clear();
        }
        let answer = length(pattern);
        cache.insert(pattern.to_owned(), answer);
        answer
    })
}

fn length(pattern: &str) -> Length {
    let hir = regex_syntax::parse(pattern).ok()?;
    let properties = hir.properties();
    let held = properties.look_set_prefix().contains(Look::Start) && properties.look_set_suffix().contains(Look::End);
    let (fewest, most) = characters(&hir);
    Some((fewest, most.filter(|_| held)))
}

/// Nothing matches the pattern: an empty class must be met, or an end lies inside of what is matched. False for a pattern that
/// cannot be read.
pub(super) fn never(pattern: &str) -> bool {
    regex_syntax::parse(pattern).is_ok_and(|hir| hopeless(&hir))
}

/// Nesting is bounded by the parser.
fn hopeless(hir: &Hir) -> bool {
    let least = |hir: &Hir| hir.properties().minimum_len();
    if least(hir).is_none() {
        return true;
    }
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) | HirKind::Literal(_) | HirKind::Class(_) => false,
        HirKind::Capture(c) => hopeless(&c.sub),
        HirKind::Repetition(r) => r.min > 0 && hopeless(&r.sub),
        HirKind::Alternation(parts) => parts.iter().all(hopeless),
        HirKind::Concat(parts) => {
            let (mut eaten, mut ended) = (false, false);
            parts.iter().any(|part| {
                let eats = least(part).is_some_and(|n| n > 0);
                let starts = part.properties().look_set_prefix().contains(Look::Start);
                let lost = hopeless(part) || (eaten && starts) || (ended && eats);
                eaten |= eats;
                ended |= part.properties().look_set_suffix().contains(Look::End);
                lost
            })
        }
    }
}

/// Fewest and most characters of what the first group of a pattern captures, or of all it matches where it has no group;
/// nothing for a pattern that cannot be read.
#[must_use]
pub fn capture_length(pattern: &str) -> Length {
    fn first(hir: &Hir) -> Option<&Hir> {
        match hir.kind() {
            HirKind::Capture(c) if c.index == 1 => Some(&c.sub),
            HirKind::Capture(c) => first(&c.sub),
            HirKind::Repetition(r) => first(&r.sub),
            HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().find_map(first),
            HirKind::Empty | HirKind::Look(_) | HirKind::Literal(_) | HirKind::Class(_) => None,
        }
    }
    let hir = regex_syntax::parse(pattern).ok()?;
    Some(characters(first(&hir).unwrap_or(&hir)))
}

/// Fewest and most characters that match. Nesting is bounded by the parser.
fn characters(hir: &Hir) -> (u64, Option<u64>) {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => (0, Some(0)),
        HirKind::Literal(l) => {
            let length = std::str::from_utf8(&l.0).map_or(l.0.len(), |s| s.chars().count()) as u64;
            (length, Some(length))
        }
        HirKind::Class(_) => (1, Some(1)),
        HirKind::Capture(c) => characters(&c.sub),
        HirKind::Repetition(r) => {
            let (fewest, most) = characters(&r.sub);
            let most = match (most, r.max) {
                (Some(0), _) => Some(0),
                (most, max) => most.zip(max).map(|(most, max)| most.saturating_mul(u64::from(max))),
            };
            (fewest.saturating_mul(u64::from(r.min)), most)
        }
        HirKind::Concat(parts) => parts.iter().map(characters).fold((0, Some(0)), |(low, high), (fewest, most)| {
            (low.saturating_add(fewest), high.zip(most).map(|(a, b): (u64, u64)| a.saturating_add(b)))
        }),
        HirKind::Alternation(parts) => {
            let all: Vec<(u64, Option<u64>)> = parts.iter().map(characters).collect();
            let most = all.iter().map(|(_, most)| *most).collect::<Option<Vec<u64>>>();
            (
                all.iter().map(|(fewest, _)| *fewest).min().unwrap_or(0),
                most.map(|all| all.into_iter().max().unwrap_or(0)),
            )
        }
    }
}

/// A text that matches the pattern from its first to its last character; nothing for a pattern that cannot be read.
/// Open repetitions get up to `more` rounds beyond their minimum.
pub(super) fn sample(pattern: &str, more: u32, rng: &mut Rng) -> Option<String> {
    let hir = PARSED.with_borrow_mut(|cache| {
        if let Some(known) = cache.get(pattern) {
            return known.clone();
        }
        if cache.len() >= MOST {
            cache.clear();
        }
        let hir = regex_syntax::parse(pattern).ok().map(Rc::new);
        cache.insert(pattern.to_owned(), hir.clone());
        hir
    })?;
    let mut out = Vec::new();
    walk(&hir, more, rng, &mut out, 0);
    String::from_utf8(out).ok()
}

fn walk(hir: &Hir, more: u32, rng: &mut Rng, out: &mut Vec<u8>, depth: usize) {
    if depth > 64 || out.len() > 4096 {
        return; // a pattern this large is not met in practice; the caller checks what comes out
    }
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => out.extend_from_slice(&literal.0),
        HirKind::Class(class) => out.extend_from_slice(one_of(class, rng).to_string().as_bytes()),
        HirKind::Repetition(r) => {
            let most = r.max.unwrap_or(r.min.saturating_add(more)).min(r.min.saturating_add(more));
            let rounds = rng.between(u64::from(r.min), u64::from(most));
            for _ in 0..rounds {
                walk(&r.sub, more, rng, out, depth + 1);
            }
        }
        HirKind::Capture(c) => walk(&c.sub, more, rng, out, depth + 1),
        HirKind::Concat(parts) => parts.iter().for_each(|p| walk(p, more, rng, out, depth + 1)),
        HirKind::Alternation(parts) => {
            if let Some(part) = rng.pick(parts) {
                walk(part, more, rng, out, depth + 1);
            }
        }
    }
}

/// A member of the class, a plain letter or digit where it has one.
fn one_of(class: &Class, rng: &mut Rng) -> char {
    let ranges: Vec<(u32, u32)> = match class {
        Class::Unicode(c) => c.iter().map(|r| (u32::from(r.start()), u32::from(r.end()))).collect(),
        Class::Bytes(c) => c.iter().map(|r| (u32::from(r.start()), u32::from(r.end()))).collect(),
    };
    let plain: Vec<char> = ('a'..='z')
        .chain('A'..='Z')
        .chain('0'..='9')
        .filter(|c| ranges.iter().any(|(low, high)| (*low..=*high).contains(&u32::from(*c))))
        .collect();
    if let Some(c) = rng.pick(&plain) {
        return *c;
    }
    let visible = |low: &u32| *low >= 0x20;
    let range = ranges.iter().find(|(low, _)| visible(low)).or_else(|| ranges.first());
    range
        .and_then(|(low, high)| char::from_u32(u32::try_from(rng.between(u64::from(*low), u64::from(*high))).ok()?))
        .unwrap_or('x')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_match_their_pattern() {
        let mut rng = Rng::seeded(7);
        for pattern in
            [r"^[A-Z]{3}$", r"^-?\d+(\.\d{1,3})?$", r"^(a|bc)+-[^a-z]$", r"^\+[1-9]\d{1,14}$", "^cus_[a-zA-Z0-9]{14}$"]
        {
            for _ in 0..50 {
                let text = sample(pattern, 6, &mut rng).expect("a regular pattern");
                assert_eq!(matches(pattern, &text), Some(true), "{pattern}: {text}");
            }
        }
        for (pattern, want) in [
            ("^[A-Z]{3}$", Some((3, Some(3)))),
            ("[A-Z]{3}", Some((3, None))),
            (r"^\+[1-9]\d{1,3}$", Some((3, Some(5)))),
            ("^a+$", Some((1, None))),
            ("(?=x)", None),
        ] {
            assert_eq!(pattern_length(pattern), want, "{pattern}");
        }
        for (pattern, want) in [
            ("INV-([0-9]{4,8})", Some((4, Some(8)))),
            (r"\d{3}-\w+", Some((5, None))),
            ("(?i)(alpha|beta)", Some((4, Some(5)))),
            ("(?:a(b?)c){2}", Some((0, Some(1)))),
            ("ä{2}", Some((2, Some(2)))),
            ("(?=x)", None),
        ] {
            assert_eq!(capture_length(pattern), want, "{pattern}");
        }
        for hopeless in ["a^", "$b", r"^[^\s\S]$", r"(x|y)+(^z)", "^a$.", r"(a$b|c^)"] {
            assert!(never(hopeless), "{hopeless}");
        }
        for met in ["^a$", "a*^b", "^", "$", "(^|,)x(,|$)", r"(a$b|c)", "(?=x)", "(a^)?b", "(?m)a\n^b"] {
            assert!(!never(met), "{met}");
        }
        assert_eq!(sample("(?=x)", 3, &mut rng), None);
        assert_eq!(matches("(?=x)", ""), None);
    }
}
