//! A parameter is taken no more.

use super::super::change::{Change, Side};
use super::super::ops::Ops;
use super::{Look, Rule};
use crate::base::text::{nearest, quoted};
use crate::model::{Operation, ParamIn};

const CODE: &str = "parameter-removed";

/// See [`Rule`].
pub(super) const RULE: Rule =
    Rule { code: CODE, finds: "A parameter is taken no more.", look: Look::Operations(look), drills: &["happy-path"] };

fn look(o: &Ops<'_>, out: &mut Vec<Change>) {
    for p in Ops::alone(&o.old.parameters, &o.new.parameters) {
        if told_elsewhere(o, &p.name) {
            continue;
        }
        let added = Ops::alone(&o.new.parameters, &o.old.parameters);
        let moved = added.iter().find(|q| q.name == p.name);
        let guess = match moved {
            Some(q) => Some(format!("{} ({})", q.name, place(q.place))),
            None => nearest(&p.name, added.iter().map(|q| q.name.as_str())).map(str::to_owned),
        };
        let subject = format!("{} {}", o.subject(), p.name);
        let message = format!(
            "{} takes the parameter {} ({}) no more",
            quoted(&o.subject(), 160),
            quoted(&p.name, 80),
            place(p.place)
        );
        let change = Change::note(CODE, Side::Request, subject, message)
            .about(place(p.place))
            .of(&p.name)
            .at(Some(&p.pointer), None)
            .perhaps(guess);
        out.push(if p.place == ParamIn::Variable {
            change.breaks("do not send it: it is refused") // GraphQL, section 5.4.1
        } else {
            change.may_break("do not send it: it is ignored or refused")
        });
    }
}

/// Where a parameter stands, in a word.
pub(super) const fn place(place: ParamIn) -> &'static str {
    match place {
        ParamIn::Path => "path",
        ParamIn::Query => "query",
        ParamIn::Header => "header",
        ParamIn::Cookie => "cookie",
        ParamIn::Variable => "argument",
    }
}

/// What pages a list or makes a write repeatable is judged as that, and not once more as a parameter.
pub(super) fn told_elsewhere(o: &Ops<'_>, name: &str) -> bool {
    let pages = |op: &Operation| op.pagination.as_ref().and_then(|p| p.param.clone());
    let paged = pages(o.old).is_some() && pages(o.old) != pages(o.new);
    let key = |op: &Operation| op.idempotency.as_ref().is_some_and(|i| i.header.eq_ignore_ascii_case(name));
    paged && [pages(o.old), pages(o.new)].iter().flatten().any(|p| p == name) || key(o.old) && !key(o.new)
}
