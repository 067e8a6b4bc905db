//! A body may be written in one more media type.

use super::super::change::Change;
use super::super::ops::Ops;
use super::media_type_changed::written;
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
    // Where the one that was read is gone, the change is told as that.
    for w in written(o).into_iter().filter(|w| w.now.takes(w.was.chosen)) {
        for new in w.now.all().filter(|new| !w.was.takes(new)) {
            let message = format!("{} may be written as {} too", quoted(&w.subject, 160), quoted(new, 80));
            out.push(w.change(CODE, new, message));
        }
    }
}
