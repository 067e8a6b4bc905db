//! Secrets of a program stay in the header (or token request) to the system that they are for. A token that was issued may lie
//! in its state directory: it may keep it there.

use std::borrow::Cow;

use super::Foreign;
use crate::base::text;
use crate::lab::judge::{Evidence, secrets};

/// Characters of a line that are shown.
const SHOWN: usize = 120;

/// What tokens that the mocks hand out begin with: as they are, percent-encoded, in hexadecimal digits and in base64.
const ISSUED: [&str; 8] = ["at_", "rt_", "at%5F", "rt%5F", "61745f", "72745f", "YXRf", "cnRf"];

pub(super) fn judge(e: &Evidence<'_>, program: &Foreign, out: &mut Vec<String>) {
    let keeps = |place: &str| place.starts_with("STATE_DIR");
    // A refresh token that is good for one use has to be kept somewhere, the first one too.
    let but_these = |text: &str| program.keeps.iter().fold(text.to_owned(), |text, token| text.replace(token, ""));
    let wrote: Vec<(&str, Cow<'_, str>)> = program
        .wrote
        .iter()
        .map(|(place, text)| (place.as_str(), if keeps(place) { but_these(text).into() } else { text.into() }))
        .collect();
    for (owner, secret) in &e.secrets {
        let issued = ISSUED.iter().any(|begin| secret.starts_with(begin));
        for (place, text) in wrote.iter().filter(|(place, _)| !(issued && keeps(place))) {
            if text.contains(secret.as_str()) {
                out.push(format!("leak: a secret of {owner} is in {place}{}", line_of(e, text, secret)));
            } else if later_half(secret).is_some_and(|half| text.contains(half)) {
                // What a token begins with is often the same for all of a kind.
                out.push(format!("leak: the later half of a secret of {owner} is in {place}"));
            }
        }
    }
    told(e, out);
    forgeries_mended(e, program, out);
    secrets::on_the_wire(e, out);
}

/// Answers to the sender of events, whoever that is: they hold no secret.
fn told(e: &Evidence<'_>, out: &mut Vec<String>) {
    let holds = |said: &[u8], text: &str| memchr::memmem::find(said, text.as_bytes()).is_some();
    for d in &e.trace.deliveries {
        if let Some((owner, _)) = e.secrets.iter().find(|(_, secret)| holds(&d.said, secret)) {
            out.push(format!("leak: a secret of {owner} is in the answer to event {}", d.delivery.id));
            return;
        }
    }
}

/// With the signature that a forged event lacks it can be sent again, and is taken.
fn forgeries_mended(e: &Evidence<'_>, program: &Foreign, out: &mut Vec<String>) {
    for d in &e.trace.deliveries {
        let Some(needed) = &d.needed else { continue };
        let wrote =
            program.wrote.iter().find(|(_, text)| text.contains(needed.as_str())).map(|(place, _)| place.as_str());
        let said = memchr::memmem::find(&d.said, needed.as_bytes()).map(|_| "the answer to it");
        if let Some(place) = said.or(wrote) {
            let event = &d.delivery.id;
            out.push(format!("leak: the signature that the forged event {event} would have needed is in {place}"));
            return;
        }
    }
}

/// The later half of a secret, where that is long enough to be told from other words.
fn later_half(secret: &str) -> Option<&str> {
    let half = secret.get(secret.len() / 2..)?;
    (half.len() >= 10).then_some(half)
}

/// Which line of a text holds a secret, and what stands there beside it. No secret is repeated.
fn line_of(e: &Evidence<'_>, text: &str, secret: &str) -> String {
    let Some((n, line)) = text.lines().enumerate().find(|(_, line)| line.contains(secret)) else {
        return String::new();
    };
    let mut secrets: Vec<&str> = e.secrets.iter().map(|(_, secret)| secret.as_str()).collect();
    // A longer one may hold a shorter one.
    secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    let masked = secrets.iter().fold(line.to_owned(), |line, secret| line.replace(secret, "[secret]"));
    format!(", line {}: {}", n + 1, text::quoted(&masked, SHOWN))
}
