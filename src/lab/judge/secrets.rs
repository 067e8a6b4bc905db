//! Secrets stay where they belong: in the header (or token request) to the system that they are for.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Evidence;
use crate::lab::bench::{Bench, Purpose};

pub(super) fn judge(e: &Evidence<'_>, out: &mut Vec<String>) {
    let forms = Forms::of(e);
    for line in e.trace.logs() {
        for owner in forms.owners_within(line) {
            out.push(format!("leak: a secret of {owner} is in the log"));
        }
    }
    for l in &e.letters {
        let mut owners = forms.owners_within(&l.payload);
        owners.extend([l.code.as_str(), l.because.as_str()].iter().flat_map(|text| forms.owners(text.as_bytes())));
        for owner in owners {
            out.push(format!("leak: a secret of {owner} is in a dead letter"));
        }
    }
    carried(e, &forms, out);
}

/// Bytes of a text that are looked at together, and how far apart: a secret of `2 * WORD - 1` bytes or more has one such
/// word in it, wherever it begins.
const WORD: usize = 8;

/// Bits of the filter that most words do not pass.
const FILTER: usize = 1 << 14;

/// One look over a text for all secrets in all their forms. A schedule has some dozens of them and is judged in some
/// hundred microseconds, so what is made ready here is little: an automaton takes longer to build than all texts to read.
struct Forms<'e> {
    secrets: &'e [(String, String)],
    /// The first words of every secret from each of its first bytes on, with its place and that of the word in it; in order.
    words: Vec<(u64, u32, usize)>,
    /// A bit for each of them.
    filter: Vec<u64>,
    /// Secrets that are too short for words.
    short: Vec<usize>,
}

impl<'e> Forms<'e> {
    fn of(e: &'e Evidence<'_>) -> Self {
        Self::of_secrets(&e.secrets)
    }

    fn of_secrets(secrets: &'e [(String, String)]) -> Self {
        let mut forms = Self { secrets, words: Vec::new(), filter: vec![0; FILTER / 64], short: Vec::new() };
        for (place, (_, secret)) in (0_u32..).zip(forms.secrets) {
            if secret.len() < 2 * WORD - 1 {
                forms.short.extend(usize::try_from(place));
                continue;
            }
            for (offset, word) in secret.as_bytes().windows(WORD).take(WORD).enumerate() {
                let word = number(word);
                let (cell, bit) = bit_of(word);
                if let Some(cell) = forms.filter.get_mut(cell) {
                    *cell |= bit;
                }
                forms.words.push((word, place, offset));
            }
        }
        forms.words.sort_unstable();
        forms
    }

    /// Whose secrets are in it.
    fn owners(&self, text: &[u8]) -> BTreeSet<&'e str> {
        let mut out = BTreeSet::new();
        self.find(text, &mut out);
        out
    }

    /// Whose secrets are in a text, a number or a name of this value.
    fn owners_within(&self, value: &Value) -> BTreeSet<&'e str> {
        let mut out = BTreeSet::new();
        self.look(value, &mut out);
        out
    }

    fn look(&self, value: &Value, out: &mut BTreeSet<&'e str>) {
        match value {
            Value::String(text) => self.find(text.as_bytes(), out),
            Value::Number(number) => self.find(number.as_str().as_bytes(), out),
            Value::Array(items) => items.iter().for_each(|item| self.look(item, out)),
            Value::Object(map) => {
                for (name, value) in map {
                    self.find(name.as_bytes(), out);
                    self.look(value, out);
                }
            }
            Value::Null | Value::Bool(_) => {}
        }
    }

    fn find(&self, text: &[u8], out: &mut BTreeSet<&'e str>) {
        for (at, word) in (0_usize..).step_by(WORD).zip(text.chunks_exact(WORD)) {
            let word = number(word);
            let (cell, bit) = bit_of(word);
            if self.filter.get(cell).is_none_or(|cell| cell & bit == 0) {
                continue;
            }
            let from = self.words.partition_point(|(known, ..)| *known < word);
            for (_, place, offset) in self.words.iter().skip(from).take_while(|(known, ..)| *known == word) {
                let Some((owner, secret)) = usize::try_from(*place).ok().and_then(|p| self.secrets.get(p)) else {
                    continue;
                };
                let rest = at.checked_sub(*offset).and_then(|begin| text.get(begin..));
                if rest.is_some_and(|rest| rest.starts_with(secret.as_bytes())) {
                    out.insert(owner);
                }
            }
        }
        for (owner, secret) in self.short.iter().filter_map(|place| self.secrets.get(*place)) {
            if memchr::memmem::find(text, secret.as_bytes()).is_some() {
                out.insert(owner);
            }
        }
    }

    /// Two systems may be given one secret.
    fn shared(&self, owner: &str, with: &str) -> bool {
        let of = |name: &str| self.secrets.iter().filter(|(o, _)| o == name).map(|(_, s)| s.as_str()).collect();
        let (ours, theirs): (BTreeSet<&str>, BTreeSet<&str>) = (of(owner), of(with));
        !ours.is_disjoint(&theirs)
    }
}

fn number(word: &[u8]) -> u64 {
    word.try_into().map_or(0, u64::from_le_bytes)
}

/// Cell and bit of the filter for a word.
fn bit_of(word: u64) -> (usize, u64) {
    // Fibonacci hashing: the highest bits depend on all of the word.
    let hash = word.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - FILTER.ilog2());
    (usize::try_from(hash / 64).unwrap_or(0), 1 << (hash % 64))
}

/// What requests carry, and where they go.
pub(super) fn on_the_wire(e: &Evidence<'_>, out: &mut Vec<String>) {
    carried(e, &Forms::of(e), out);
}

/// Headers that are made to be written down and passed on, by proxies and by the systems themselves (W3C Trace Context; W3C
/// Baggage section 4, "Privacy and Security Considerations").
const PASSED_ON: [&str; 13] = [
    "traceparent",
    "tracestate",
    "baggage",
    "x-correlation-id",
    "correlation-id",
    "x-request-id",
    "request-id",
    "x-client-request-id",
    "x-trace-id",
    "x-amzn-trace-id",
    "idempotency-key",
    "user-agent",
    "referer",
];

fn carried(e: &Evidence<'_>, forms: &Forms<'_>, out: &mut Vec<String>) {
    for x in &e.trace.exchanges {
        let in_url = forms.owners(x.request.url.as_bytes());
        for owner in in_url.iter().filter(|_| !in_query_by_plan(e.bench, &x.system)) {
            out.push(format!("leak: a secret of {owner} is in the URL of request {}", x.nth));
        }
        for (name, value) in x.request.headers.iter().filter(|(name, _)| PASSED_ON.contains(&name.as_str())) {
            for owner in forms.owners(value.as_bytes()) {
                out.push(format!("leak: a secret of {owner} is in {name} of request {}, which is passed on", x.nth));
            }
        }
        let mut carried = in_url;
        x.request.headers.iter().for_each(|(_, value)| forms.find(value.as_bytes(), &mut carried));
        forms.find(&x.request.body, &mut carried);
        for owner in carried {
            if x.purpose == Purpose::Elsewhere {
                out.push(format!("leak: a secret of {owner} was sent to another host (request {})", x.nth));
            } else if x.system != owner && !forms.shared(owner, &x.system) {
                out.push(format!("leak: a secret of {owner} was sent to {} (request {})", x.system, x.nth));
            }
        }
    }
    for x in e.trace.exchanges.iter().filter(|x| x.purpose == Purpose::Elsewhere && !x.request.body.is_empty()) {
        out.push(format!("leak: a record was sent to another host (request {})", x.nth));
    }
}

fn in_query_by_plan(bench: &Bench, system: &str) -> bool {
    [(&bench.plan.source.system, &bench.plan.source.auth), (&bench.plan.target.system, &bench.plan.target.auth)]
        .iter()
        .any(|(name, auth)| name.as_str() == system && auth.in_query().is_some())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_secret_is_found_wherever_it_begins_and_nothing_else_is() {
        let secrets: Vec<(String, String)> = ["planted0123456789abcdef", "fifteen-letters", "short"]
            .iter()
            .zip(["a", "b", "c"])
            .map(|(secret, owner)| (owner.to_owned(), (*secret).to_owned()))
            .collect();
        let forms = Forms::of_secrets(&secrets);
        for (owner, secret) in &secrets {
            for before in 0..20 {
                for after in [0, 1, 9] {
                    let text = format!("{}{secret}{}", "x".repeat(before), "y".repeat(after));
                    assert_eq!(forms.owners(text.as_bytes()).into_iter().collect::<Vec<_>>(), [owner], "{text}");
                    let cut = text.replacen(secret.as_str(), &secret[1..], 1);
                    assert!(forms.owners(cut.as_bytes()).is_empty(), "{cut}");
                }
            }
        }
        let within = json!({"a": ["fifteen-letters", 1], "planted0123456789abcdef": null});
        assert_eq!(forms.owners_within(&within).into_iter().collect::<Vec<_>>(), ["a", "b"]);
        assert!(forms.owners(b"").is_empty());
    }
}
