//! Records that look like life: valid by the schema, keys and emails unique, times ascending.

use serde_json::{Value, json};

use super::blueprint::{Blueprint, Kind};
use crate::base::clock::Timestamp;
use crate::base::rng::Rng;
use crate::model::{Direction, SchemaId, Schemas, TypeSet, sample, validate};

const FIRST: [&str; 16] = [
    "Ada", "Grace", "Linus", "Zoë", "José", "Mei", "Amara", "Søren", "Noor", "Ivan", "Priya", "Kwame", "Yuki", "Léa",
    "Tomás", "Aïsha",
];
const LAST: [&str; 16] = [
    "Lovelace",
    "Hopper",
    "Nguyễn",
    "García",
    "O'Brien",
    "Müller",
    "Okafor",
    "Tanaka",
    "Kowalski",
    "Haddad",
    "Silva",
    "Lindqvist",
    "Van der Berg",
    "Petrov",
    "Mensah",
    "Rossi",
];

/// Makes records of one kind, one after the other.
pub(super) struct Seeder<'a> {
    pub(super) blueprint: &'a Blueprint,
    pub(super) kind: &'a Kind,
    /// When the first record was made; each later one is some seconds younger.
    pub(super) at: Timestamp,
    /// One in three is some hours younger.
    pub(super) apart: bool,
    /// Counts up over all records of the system, so that no two share a key.
    pub(super) serial: u64,
}

impl Seeder<'_> {
    /// The next record.
    pub(super) fn next(&mut self, rng: &mut Rng) -> Value {
        let schemas = &self.blueprint.system.schemas;
        let Some(schema) = self.kind.record else {
            let key = self.kind.key.clone();
            let value = self.key(schemas, None, rng);
            return json!({ key: value });
        };
        let mut record = sample::sample(schemas, schema, rng, Direction::Response);
        let first = rng.pick(&FIRST).copied().unwrap_or("Ada");
        let last = rng.pick(&LAST).copied().unwrap_or("Lovelace");
        let hours = if self.apart && rng.below(3) == 0 { rng.between(1, 12) } else { 0 };
        let seconds = hours * 3600 + rng.between(1, 90);
        self.at = self.at.plus_ms(i64::try_from(seconds).unwrap_or(1) * 1000);
        for (name, id) in schemas.properties(schema) {
            let present = record.get(name).is_some_and(|v| !v.is_null());
            let changes = self.kind.asked_by.as_deref() == Some(name) && schemas.get(id).is_time();
            let value = if name == self.kind.key {
                Some(self.key(schemas, Some(id), rng))
            } else if changes
                || Some(name) == self.kind.created.as_deref()
                || Some(name) == self.kind.updated.as_deref()
            {
                Some(instant(schemas, id, self.at))
            } else if present {
                self.lifelike(schemas, id, name, first, last)
            } else {
                None
            };
            if let Some(value) = value
                && validate(schemas, id, &value, Direction::Response).is_empty()
            {
                record[name] = value;
            }
        }
        self.serial += 1;
        record
    }

    fn key(&self, schemas: &Schemas, id: Option<SchemaId>, rng: &mut Rng) -> Value {
        new_key(schemas, id, &self.kind.prefix, self.serial, rng)
    }

    fn lifelike(&self, schemas: &Schemas, id: SchemaId, name: &str, first: &str, last: &str) -> Option<Value> {
        let schema = schemas.get(id);
        if schema.values.is_some() || !schema.types.allows(TypeSet::STRING) || schema.types.is_any() {
            return None;
        }
        let words = self.kind.words.get(name).map_or(name, String::as_str);
        let ascii = |s: &str| s.chars().filter(char::is_ascii_alphabetic).collect::<String>().to_lowercase();
        let text = if schema.format.as_deref() == Some("email") || words.contains("email") {
            format!("{}.{}.{}@example.com", ascii(first), ascii(last), self.serial)
        } else {
            match words {
                "name" | "full_name" | "display_name" => format!("{first} {last}"),
                "first_name" | "given_name" | "firstname" => first.to_owned(),
                "last_name" | "family_name" | "lastname" | "surname" => last.to_owned(),
                "phone" | "phone_number" => format!("+1555{:07}", self.serial),
                "username" | "login" | "handle" => format!("{}{}", ascii(first), self.serial),
                "title" | "subject" => format!("About {last} {}", self.serial),
                _ if Some(name) == self.kind.natural.as_deref() => format!("{words}-{}", self.serial),
                _ => return None,
            }
        };
        Some(Value::String(text))
    }
}

/// A key that no other record has, in the form the schema wants.
pub(super) fn new_key(schemas: &Schemas, id: Option<SchemaId>, prefix: &str, serial: u64, rng: &mut Rng) -> Value {
    let Some(schema) = id.map(|i| schemas.get(i)) else {
        return Value::String(format!("{prefix}{serial:04}"));
    };
    if !schema.types.allows(TypeSet::STRING) && schema.types.has(TypeSet::INTEGER.with(TypeSet::NUMBER)) {
        return json!(1000 + serial);
    }
    let text = if schema.format.as_deref() == Some("uuid") {
        let tail = rng.next_u64() & 0xffff_ffff_ffff;
        format!(
            "{:08x}-{:04x}-4{:03x}-a{:03x}-{tail:012x}",
            0x4c61_6200 + serial,
            serial & 0xffff,
            0x1b,
            serial & 0xfff
        )
    } else {
        format!("{prefix}{serial:04}{:06x}", rng.next_u32() & 0xff_ffff)
    };
    match schema.max_length.and_then(|m| usize::try_from(m).ok()) {
        // Too short for a prefix: the number alone, so that it stays unique.
        Some(max) if text.chars().count() > max => Value::String(format!("{serial:0>max$}")),
        _ => Value::String(text),
    }
}

/// The first four hours of a day in the first of them, in their order: where clocks are put forward, they skip one of the others.
const fn before_the_clocks_change(at: Timestamp) -> Timestamp {
    const HOURS: i64 = 4;
    const DAY_MS: i64 = 86_400_000;
    let of_day = at.0.rem_euclid(DAY_MS);
    if of_day < HOURS * 3_600_000 { Timestamp(at.0 - of_day + of_day / HOURS) } else { at }
}

/// A time in the form the schema wants: RFC 3339, a date, seconds or milliseconds since 1970.
pub(super) fn instant(schemas: &Schemas, id: SchemaId, at: Timestamp) -> Value {
    let schema = schemas.get(id);
    if schema.types.allows(TypeSet::STRING) && !schema.types.is_any() {
        let full = Timestamp(at.0.div_euclid(1000) * 1000).rfc3339();
        if schema.is_local_time() {
            // Whatever zone the system keeps: its clocks go forward, and show no time that they skip.
            let shown = Timestamp(before_the_clocks_change(at).0.div_euclid(1000) * 1000).rfc3339();
            let local = shown.chars().take(19).collect::<String>();
            let spaced = schema.example.as_deref().and_then(Value::as_str).is_some_and(|e| e.contains(' '));
            return Value::String(if spaced { local.replacen('T', " ", 1) } else { local });
        }
        return Value::String(if schema.format.as_deref() == Some("date") {
            full.chars().take(10).collect()
        } else {
            full.replace(".000Z", "Z")
        });
    }
    let millis = schema.description.to_lowercase().contains("millisecond");
    json!(if millis { at.0 } else { at.0.div_euclid(1000) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_times_keep_their_order_and_none_is_one_that_clocks_skip() {
        let shown = |at: &str| before_the_clocks_change(Timestamp::parse(at).unwrap()).rfc3339();
        assert_eq!(shown("2026-03-29T02:47:24Z"), "2026-03-29T00:41:51.000Z");
        let minutes =
            (0..2 * 24 * 60).map(|m| Timestamp(Timestamp::parse("2026-03-28T00:00:00Z").unwrap().0 + m * 60_000));
        let all: Vec<String> = minutes.map(|at| before_the_clocks_change(at).rfc3339()).collect();
        assert!(all.is_sorted() && all.windows(2).all(|pair| pair[0] != pair[1]));
        assert!(all.iter().all(|t| !["01", "02", "03"].contains(&&t[11..13])), "{all:?}");
    }
}
