//! A list is paged in another way.

use super::super::change::{Change, Side};
use super::super::ops::Ops;
use super::{Look, Rule};
use crate::base::text::quoted;
use crate::model::Pagination;

const CODE: &str = "pagination-changed";

/// See [`Rule`].
pub(super) const RULE: Rule = Rule {
    code: CODE,
    finds: "A list is paged in another way.",
    look: Look::Operations(look),
    drills: &["page-overlap", "short-page", "empty-page-midway", "repeating-cursor"],
};

fn look(o: &Ops<'_>, out: &mut Vec<Change>) {
    let shown = |p: Option<&Pagination>| {
        p.map_or_else(
            || "not paged".to_owned(),
            |p| match &p.param {
                Some(param) => format!("paged by {} in {}", p.style.as_str(), quoted(param, 80)),
                None => format!("paged by {}", p.style.as_str()),
            },
        )
    };
    let key = |p: Option<&Pagination>| p.map(|p| (p.style, p.param.clone(), p.next.clone()));
    let (was, now) = (o.old.pagination.as_ref(), o.new.pagination.as_ref());
    if key(was) != key(now) && was.is_some() {
        let (a, b) = (shown(was), shown(now));
        let subject = quoted(&o.subject(), 160);
        let message = if a == b {
            format!("{subject} is {a} as before, but the next page is found elsewhere")
        } else {
            format!("{subject} was {a} and is {b}")
        };
        let change =
            Change::note(CODE, Side::Call, o.subject(), message).at(Some(&o.old.pointer), Some(&o.new.pointer));
        out.push(change.breaks("page as the new description says: pages would be missed or read twice"));
    } else if was.is_none() && now.is_some() {
        let message = format!("{} was not paged and is {}", quoted(&o.subject(), 160), shown(now));
        let change =
            Change::note(CODE, Side::Call, o.subject(), message).at(Some(&o.old.pointer), Some(&o.new.pointer));
        out.push(change.may_break("read on after the first page"));
    }
}
