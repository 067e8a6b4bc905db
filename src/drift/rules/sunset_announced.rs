//! An answer carries a Sunset or Deprecation header (RFC 8594, RFC 9745) that it did not carry.

use super::super::change::{Change, Side};
use super::super::walk::Ops;
use super::{Look, Rule};
use crate::base::text::quoted;
use crate::model::Operation;

const CODE: &str = "sunset-announced";

/// See [`Rule`].
pub(super) const RULE: Rule = Rule {
    code: CODE,
    finds: "An answer carries a Sunset or Deprecation header (RFC 8594, RFC 9745) that it did not carry.",
    look: Look::Operations(look),
    drills: &[],
};

fn look(o: &Ops<'_>, out: &mut Vec<Change>) {
    let carried = |op: &Operation, name: &str| {
        op.responses.iter().any(|r| r.headers.iter().any(|h| h.eq_ignore_ascii_case(name)))
    };
    for name in ["Sunset", "Deprecation"] {
        if carried(o.new, name) && !carried(o.old, name) {
            out.push(
                Change::note(
                    CODE,
                    Side::Response,
                    o.subject(),
                    format!("{} answers with a {name} header now", quoted(&o.subject(), 160)),
                )
                .bites("read the header: it says until when the operation answers")
                .about(name)
                .at(Some(&o.old.pointer), Some(&o.new.pointer)),
            );
        }
    }
}
