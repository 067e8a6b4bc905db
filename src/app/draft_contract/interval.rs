//! How often a flow runs, where the words of its goal say so: "every five minutes", "hourly", "each night".

use crate::base::text::words;

/// Numbers that people write as words.
const NUMBERS: [(&str, u64); 16] = [
    ("one", 1),
    ("two", 2),
    ("three", 3),
    ("four", 4),
    ("five", 5),
    ("six", 6),
    ("seven", 7),
    ("eight", 8),
    ("nine", 9),
    ("ten", 10),
    ("twelve", 12),
    ("fifteen", 15),
    ("twenty", 20),
    ("thirty", 30),
    ("forty", 40),
    ("sixty", 60),
];

/// The interval that a text names, as a contract writes it (`5m`); nothing where it names none, or several that differ.
pub(super) fn interval(text: &str) -> Option<String> {
    let words = words(text);
    let mut found: Vec<String> = Vec::new();
    for (i, word) in words.iter().enumerate() {
        let next = |n: usize| words.get(i + n).map(String::as_str).unwrap_or_default();
        let told = match word.as_str() {
            "hourly" => Some("1h".to_owned()),
            "daily" | "nightly" => Some("1d".to_owned()),
            "every" | "each" => match (number(next(1)), unit(next(1))) {
                (Some(n), _) => unit(next(2)).map(|unit| format!("{n}{unit}")),
                // "each record a minute" counts no minutes, and "every day of work" is still a day.
                (None, Some(unit)) => Some(format!("1{unit}")),
                (None, None) => None,
            },
            "once" if matches!(next(1), "a" | "an" | "per") => unit(next(2)).map(|unit| format!("1{unit}")),
            _ => None,
        };
        found.extend(told);
    }
    found.dedup();
    if found.len() == 1 { found.pop() } else { None }
}

fn number(word: &str) -> Option<u64> {
    let written = || NUMBERS.iter().find(|(name, _)| *name == word).map(|(_, n)| *n);
    word.parse().ok().or_else(written).filter(|n| (1..=1_000).contains(n))
}

fn unit(word: &str) -> Option<&'static str> {
    Some(match word {
        "s" | "sec" | "secs" | "second" | "seconds" => "s",
        "m" | "min" | "mins" | "minute" | "minutes" => "m",
        "h" | "hour" | "hours" => "h",
        "d" | "day" | "days" | "night" | "nights" => "d",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_read_where_one_is_named() {
        for (text, expected) in [
            (
                "Bring our subscriptions into this CRM; it must be safe to run every five minutes, and prove it.",
                Some("5m"),
            ),
            ("sync customers every 15 min", Some("15m")),
            ("copy invoices hourly", Some("1h")),
            ("a nightly copy, run each night", Some("1d")),
            ("once a day is enough", Some("1d")),
            ("every minute of delay costs; every hour we report", None),
            ("keep CRM contacts in step with billing customers", None),
            ("every customer is a contact", None),
            ("every five customers", None),
            ("every 0 minutes", None),
        ] {
            assert_eq!(interval(text).as_deref(), expected, "{text}");
        }
    }
}
