//! Sampled texts: by format, by pattern, by what the property is called.

use super::{Schema, pattern};
use crate::base::rng::Rng;

/// Most characters that a text is filled to, whatever its schema asks for.
pub(super) const FILLED: u64 = 10_000;

/// Text by format, else by pattern, else by what the property is called; cut or filled to its length.
pub(super) fn text(schema: &Schema, name: &str, rng: &mut Rng) -> String {
    let (least, most) = (schema.min_length.unwrap_or(0), schema.max_length.unwrap_or(u64::MAX));
    let fits = |s: &str| {
        let n = s.chars().count() as u64;
        n >= least && n <= most && schema.pattern.as_deref().is_none_or(|p| pattern::matches(p, s) != Some(false))
    };
    for _ in 0..4 {
        let s = by_format(schema.format.as_deref(), most, rng).unwrap_or_else(|| by_name(name, rng));
        let mut s = if schema.format.is_none() { fill(s, least, most, rng) } else { s };
        if schema.is_local_time() {
            s = shown_by_clocks(s);
            if !fits(&s) {
                s = s.replacen('T', " ", 1);
            }
        }
        if fits(&s) {
            return s;
        }
    }
    if let Some(p) = &schema.pattern {
        let more = u32::try_from(least.saturating_add(8).min(64)).unwrap_or(8);
        for round in 0..24 {
            let more = if round % 2 == 0 { more } else { more / 4 };
            if let Some(s) = pattern::sample(p, more, rng)
                && fits(&s)
            {
                return s;
            }
        }
    }
    fill(by_format(schema.format.as_deref(), most, rng).unwrap_or_else(|| word(rng, 8)), least, most, rng)
}

/// The same day at noon, where the hour is one that clocks skip when they are put forward.
fn shown_by_clocks(mut local: String) -> String {
    let hour = local.get(11..13).filter(|_| local.get(13..14) == Some(":"));
    if matches!(hour, Some("01" | "02" | "03")) {
        local.replace_range(11..13, "12");
    }
    local
}

fn fill(mut s: String, least: u64, most: u64, rng: &mut Rng) -> String {
    let mut length = s.chars().count() as u64;
    while length < least.min(FILLED) {
        s.push(letter(rng));
        length += 1;
    }
    if length > most { s.chars().take(usize::try_from(most).unwrap_or(usize::MAX)).collect() } else { s }
}

fn by_format(format: Option<&str>, most: u64, rng: &mut Rng) -> Option<String> {
    let hex = |rng: &mut Rng, n: usize| -> String {
        (0..n).map(|_| char::from_digit(rng.next_u32() % 16, 16).unwrap_or('0')).collect()
    };
    let moment = |rng: &mut Rng| {
        let at = 1_760_000_000 + i64::try_from(rng.below(60_000_000)).unwrap_or(0);
        jiff::Timestamp::from_second(at).map_or_else(|_| "2025-10-09T08:53:20Z".to_owned(), |t| t.to_string())
    };
    Some(match format? {
        "date-time" => moment(rng),
        "date-time-local" | "local-date-time" | "datetime-local" => moment(rng).trim_end_matches('Z').to_owned(),
        "date" => moment(rng).chars().take(10).collect(),
        "time" => moment(rng).chars().skip(11).collect(),
        "email" | "idn-email" => {
            let (first, last) = person(rng);
            let long = format!("{first}.{last}.{}@example.com", word(rng, 6)).to_lowercase();
            if long.chars().count() as u64 <= most { long } else { format!("{}@x.io", word(rng, 3)) }
        }
        "uuid" => {
            let (a, b, c, d, e) = (hex(rng, 8), hex(rng, 4), hex(rng, 3), hex(rng, 3), hex(rng, 12));
            format!("{a}-{b}-4{c}-a{d}-{e}")
        }
        "uri" | "url" | "iri" => format!("https://example.com/{}", word(rng, 8)),
        "uri-reference" => format!("/{}", word(rng, 8)),
        "hostname" => format!("{}.example.com", word(rng, 6)),
        "ipv4" => format!("192.0.2.{}", rng.between(1, 254)),
        "ipv6" => format!("2001:db8::{}", hex(rng, 3)),
        "byte" => "c2FtcGxl".to_owned(),
        "decimal" => format!("{}.{:02}", rng.below(10_000), rng.below(100)),
        "currency" => (*rng.pick(&["USD", "EUR", "JPY", "KWD"]).unwrap_or(&"USD")).to_owned(),
        _ => return None,
    })
}

fn by_name(name: &str, rng: &mut Rng) -> String {
    let words = crate::base::text::words(name);
    let is = |w: &str| words.iter().any(|x| x == w);
    if is("email") {
        return format!("{}@example.com", word(rng, 10));
    }
    if is("currency") {
        return (*rng.pick(&["USD", "EUR", "JPY", "KWD"]).unwrap_or(&"USD")).to_owned();
    }
    if is("country") {
        return (*rng.pick(&["US", "DE", "JP", "KW"]).unwrap_or(&"US")).to_owned();
    }
    if is("phone") {
        return format!("+1555{:07}", rng.below(10_000_000));
    }
    if is("name") && !is("file") {
        let (first, last) = person(rng);
        return if is("first") || is("given") {
            first.to_owned()
        } else if is("last") || is("family") {
            last.to_owned()
        } else {
            format!("{first} {last}")
        };
    }
    if is("id") {
        return word(rng, 14);
    }
    format!("{} {}", word(rng, 6), word(rng, 5))
}

fn person(rng: &mut Rng) -> (&'static str, &'static str) {
    const FIRST: [&str; 12] = [
        "Ada", "Grace", "Alan", "Edsger", "Barbara", "Ken", "Radia", "Niklaus", "Frances", "Tony", "Margaret", "Leslie",
    ];
    const LAST: [&str; 12] = [
        "Lovelace", "Hopper", "Turing", "Dijkstra", "Liskov", "Thompson", "Perlman", "Wirth", "Allen", "Hoare",
        "Hamilton", "Lamport",
    ];
    (rng.pick(&FIRST).copied().unwrap_or("Ada"), rng.pick(&LAST).copied().unwrap_or("Lovelace"))
}

fn letter(rng: &mut Rng) -> char {
    char::from(b'a' + u8::try_from(rng.below(26)).unwrap_or(0))
}

/// Small letters.
pub(super) fn word(rng: &mut Rng, length: usize) -> String {
    (0..length).map(|_| letter(rng)).collect()
}
