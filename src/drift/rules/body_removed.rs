//! A request takes no body any more.

use super::super::change::{Change, Side};
use super::super::ops::Ops;
use super::{Look, Rule};
use crate::base::text::quoted;

const CODE: &str = "body-removed";

/// See [`Rule`].
pub(super) const RULE: Rule =
    Rule { code: CODE, finds: "A request takes no body any more.", look: Look::Operations(look), drills: &[] };

fn look(o: &Ops<'_>, out: &mut Vec<Change>) {
    if let (Some(body), None) = (&o.old.body, &o.new.body) {
        out.push(
            Change::note(
                CODE,
                Side::Request,
                o.subject(),
                format!("{} takes no body any more", quoted(&o.subject(), 160)),
            )
            .breaks("send what it needs another way")
            .at(Some(&body.pointer), Some(&o.new.pointer)),
        );
    }
}
