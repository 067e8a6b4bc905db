//! A call that succeeds answers with another status.

use super::super::change::{Change, Side};
use super::super::ops::Ops;
use super::{Look, Rule};
use crate::base::text::quoted;

const CODE: &str = "success-status-changed";

/// See [`Rule`].
pub(super) const RULE: Rule = Rule {
    code: CODE,
    finds: "A call that succeeds answers with another status.",
    look: Look::Operations(look),
    drills: &["happy-path"],
};

fn look(o: &Ops<'_>, out: &mut Vec<Change>) {
    let (Some(a), Some(b)) = (o.old.success(), o.new.success()) else { return };
    let kept = o.new.responses.iter().any(|r| r.status.eq_ignore_ascii_case(&a.status));
    let range = |s: &str| s.eq_ignore_ascii_case("2XX") || s == "default";
    if !kept && a.status != b.status && !range(&a.status) && !range(&b.status) {
        let message = format!(
            "{} answered {} and answers {}",
            quoted(&o.subject(), 160),
            quoted(&a.status, 20),
            quoted(&b.status, 20)
        );
        out.push(
            Change::note(CODE, Side::Response, o.subject(), message)
                .may_break("take any status from 200 to 299 for success")
                .about(&*a.status)
                .at(Some(&a.pointer), Some(&b.pointer)),
        );
    }
}
