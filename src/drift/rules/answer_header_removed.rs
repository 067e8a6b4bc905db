//! A successful answer carries a documented header no more.

use super::super::change::{Change, Side};
use super::super::ops::{Ops, answers};
use super::{Look, Rule};
use crate::base::text::quoted;

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
            out.push(
                Change::note(CODE, Side::Response, format!("{} {}", o.subject(), a.status), message)
                    .may_break("do not rely on the header")
                    .about(name.to_ascii_lowercase())
                    .of(name)
                    .at(Some(&a.pointer), Some(&b.pointer)),
            );
        }
    }
}
