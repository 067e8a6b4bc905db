//! Fields that the description does not name may come.

use super::super::change::{Change, Side};
use super::super::pair::Pair;
use super::{Look, Rule};
use crate::base::text::quoted;
use crate::model::Additional;

const CODE: &str = "properties-opened";

/// See [`Rule`].
pub(super) const RULE: Rule = Rule {
    code: CODE,
    finds: "Fields that the description does not name may come.",
    look: Look::Schemas(look),
    drills: &[],
};

fn look(p: &Pair<'_>, out: &mut Vec<Change>) {
    if p.old.additional == Additional::No
        && p.new.additional != Additional::No
        && !p.old.properties.is_empty()
        && !p.apart()
    {
        let change = p.change(CODE, format!("{} may hold fields that are not named", quoted(p.subject, 160)));
        out.push(if p.is(Side::Response) { change.bites("leave out what is not known") } else { change });
    }
}
