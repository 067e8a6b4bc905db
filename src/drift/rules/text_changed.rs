//! A field is described in other words: what it holds may be something else.

use super::super::change::{Change, Side};
use super::super::pair::Pair;
use super::{Look, Rule};
use crate::base::digest::Digest;
use crate::base::text::quoted;

const CODE: &str = "text-changed";

/// See [`Rule`].
pub(super) const RULE: Rule = Rule {
    code: CODE,
    finds: "A field or type is described in other words: what it holds may be something else.",
    look: Look::Schemas(look),
    drills: &[],
};

fn look(p: &Pair<'_>, out: &mut Vec<Change>) {
    if let Some((message, detail)) = retold(p.subject, &p.old.description, &p.new.description) {
        // What is said of a thing is said once, whoever sends it.
        out.push(Change { side: Side::Call, ..p.change(CODE, message).about(detail) });
    }
}

/// What is said of a subject now and was not: a message from where the texts part, and what tells this change from another.
/// Nothing where nothing was said before or nothing is said now.
pub(super) fn retold(subject: &str, was: &str, now: &str) -> Option<(String, String)> {
    if was == now || was.is_empty() || now.is_empty() || plain(was).eq(plain(now)) {
        return None;
    }
    let same = was.char_indices().zip(now.chars()).take_while(|((_, a), b)| a == b).last().map_or(0, |((i, _), _)| i);
    let from = was.get(..same).and_then(|s| s.rfind(' ')).map_or(0, |i| i + 1);
    let tail = |text: &str| quoted(text.get(from..).unwrap_or(text), 120);
    let lead = if from == 0 { "" } else { "... " };
    let message = format!(
        "{} is described in other words: \"{lead}{}\" was \"{lead}{}\"",
        quoted(subject, 160),
        tail(now),
        tail(was)
    );
    let detail = Digest::of_bytes(format!("{was}\n{now}").as_bytes()).as_str().chars().skip(7).take(16).collect();
    Some((message, detail))
}

/// Its words without marks and breaks: a text that is only set in another way says the same.
fn plain(text: &str) -> impl Iterator<Item = char> {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase)
}
