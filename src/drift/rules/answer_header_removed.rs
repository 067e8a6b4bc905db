//! A successful answer carries a documented header no more.

use super::super::change::{Change, Side};
use super::super::ops::{Ops, answers};
use super::{Look, Rule};
use crate::base::text::{quoted, words};

const CODE: &str = "answer-header-removed";

/// See [`Rule`].
pub(super) const RULE: Rule = Rule {
    code: CODE,
    finds: "A successful answer carries a documented header no more.",
    look: Look::Operations(look),
    drills: &["rate-limited-seconds"],
};

fn look(o: &Ops<'_>, out: &mut Vec<Change>) {
    for (a, b) in answers(o.old, o.new).into_iter().filter(|(a, _)| a.status.starts_with('2')) {
        for name in a.headers.iter().filter(|h| !b.headers.iter().any(|g| g.eq_ignore_ascii_case(h))) {
            let message = format!(
                "{} answers {} without the header {} now",
                quoted(&o.subject(), 160),
                quoted(&a.status, 20),
                quoted(name, 80)
            );
            let change = Change::note(CODE, Side::Response, format!("{} {}", o.subject(), a.status), message)
                .about(name.to_ascii_lowercase())
                .of(name)
                .at(Some(&a.pointer), Some(&b.pointer));
            out.push(if steers(name) { change.may_break("do not rely on the header") } else { change });
        }
    }
}

/// Whether clients go by it: pages, limits, places, versions. Most others tell what a proxy did.
fn steers(name: &str) -> bool {
    const WORDS: [&str; 15] = [
        "link",
        "location",
        "etag",
        "last",
        "retry",
        "limit",
        "remaining",
        "reset",
        "next",
        "page",
        "total",
        "count",
        "cursor",
        "sunset",
        "version",
    ];
    words(name).iter().any(|w| WORDS.contains(&w.as_str()))
}
