//! Faults for a mock that is served by itself, asked for in words: `short-page`, `unavailable:3`, `rate-limited:1:5`.

use super::bench::Purpose;
use super::faults::{self, Aim, Fault};
use crate::base::text;

/// Every purpose that an operation can have.
const ANY: [Purpose; 8] = [
    Purpose::List,
    Purpose::Find,
    Purpose::Create,
    Purpose::Update,
    Purpose::Put,
    Purpose::Bulk,
    Purpose::Delete,
    Purpose::Other,
];

/// Makes a fault of `CODE[:TIMES[:AFTER]]`: it hits so many requests in a row (one where nothing is said), after so many
/// that pass. Which requests it hits goes by what it is: bent pages hit lists, lost writes hit writes, others hit all that
/// lead to an operation.
///
/// # Errors
/// What is wrong with the words, and what would be right.
pub fn fault(words: &str) -> Result<Box<dyn Fault>, String> {
    let mut parts = words.split(':');
    let code = parts.next().unwrap_or_default();
    let known = || faults::ALL.iter().map(|(name, _)| *name);
    let Some((_, make)) = faults::ALL.iter().find(|(name, _)| *name == code) else {
        let all = known().collect::<Vec<_>>().join(", ");
        return Err(format!(
            "there is no fault \"{}\"{}; there are {all}",
            text::quoted(code, 60),
            text::did_you_mean(code, known())
        ));
    };
    let mut number = |what: &str, default: u64| match parts.next() {
        None => Ok(default),
        Some(text) => {
            text.parse::<u64>().map_err(|_| format!("{what} of {code} is \"{}\", no number", text::quoted(text, 20)))
        }
    };
    let (times, after) = (number("how often", 1)?, number("after how many", 0)?);
    if parts.next().is_some() {
        return Err(format!("\"{}\" has more parts than CODE:TIMES:AFTER", text::quoted(words, 60)));
    }
    Ok(make(Aim::at(aimed(code)).times(times).after(after)))
}

fn aimed(code: &str) -> Vec<Purpose> {
    match code {
        "empty-page" | "page-overlap" | "repeating-cursor" | "short-page" => vec![Purpose::List],
        "committed-then-503" | "committed-then-lost" | "item-refused" | "key-in-progress" | "record-refused" => {
            ANY.into_iter().filter(|p| p.writes()).collect()
        }
        _ => ANY.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_made_by_its_name() {
        for (name, _) in faults::ALL {
            assert_eq!(fault(name).expect(name).code(), name);
            assert_eq!(fault(&format!("{name}:3:2")).expect(name).code(), name);
        }
        for (words, part) in [
            ("shortpage", "did you mean \"short-page\""),
            ("short-page:x", "how often of short-page is \"x\""),
            ("short-page:1:y", "after how many of short-page is \"y\""),
            ("short-page:1:2:3", "more parts"),
        ] {
            let no = fault(words).err().expect(words);
            assert!(no.contains(part), "{words}: {no}");
        }
    }
}
