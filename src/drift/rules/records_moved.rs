//! The records of a list lie elsewhere in the answer.

use super::super::change::{Change, Side};
use super::super::ops::Ops;
use super::{Look, Rule};
use crate::base::text::quoted;

const CODE: &str = "records-moved";

/// See [`Rule`].
pub(super) const RULE: Rule = Rule {
    code: CODE,
    finds: "The records of a list lie elsewhere in the answer.",
    look: Look::Operations(look),
    drills: &["happy-path", "page-overlap"],
};

fn look(o: &Ops<'_>, out: &mut Vec<Change>) {
    let (Some(was), Some(now)) = (&o.old.items, &o.new.items) else { return };
    if was != now {
        let shown =
            |path: &[String]| if path.is_empty() { "the body itself".to_owned() } else { quoted(&path.join("."), 120) };
        let message =
            format!("the records of {} lay in {} and lie in {}", quoted(&o.subject(), 160), shown(was), shown(now));
        out.push(
            Change::note(CODE, Side::Response, o.subject(), message)
                .breaks("read the records where they lie now")
                .at(Some(&o.old.pointer), Some(&o.new.pointer)),
        );
    }
}
