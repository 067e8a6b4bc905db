//! A body may be written in one more media type.

use super::super::change::{Change, Side};
use super::super::ops::{Ops, answers};
use super::media_type_changed::{Media, offered};
use super::{Look, Rule};
use crate::base::text::quoted;

const CODE: &str = "media-type-added";

/// See [`Rule`].
pub(super) const RULE: Rule = Rule {
    code: CODE,
    finds: "A body may be written in one more media type.",
    look: Look::Operations(look),
    drills: &[],
};

fn look(o: &Ops<'_>, out: &mut Vec<Change>) {
    let mut say = |side: Side, subject: String, was: &Media<'_>, now: &Media<'_>, at: (&str, &str)| {
        // Where the one that was read is gone, the change is told as that.
        if !now.takes(was.chosen) {
            return;
        }
        for new in now.all().filter(|new| !was.takes(new)) {
            let message = format!("{} may be written as {} too", quoted(&subject, 160), quoted(new, 80));
            let change = Change::note(CODE, side, &subject, message).about(new);
            out.push(change.at(Some(at.0), Some(at.1)));
        }
    };
    if let (Some(a), Some(b)) = (&o.old.body, &o.new.body) {
        let at = (a.pointer.as_str(), b.pointer.as_str());
        say(Side::Request, format!("{} body", o.subject()), &offered(a), &offered(b), at);
    }
    for (a, b) in answers(o.old, o.new).into_iter().filter(|(a, _)| a.status.starts_with('2')) {
        let at = (a.pointer.as_str(), b.pointer.as_str());
        say(Side::Response, format!("{} {}", o.subject(), a.status), &offered(a), &offered(b), at);
    }
}
