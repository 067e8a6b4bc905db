//! A way to come by a token is offered no more.

use super::super::change::{Change, Side};
use super::super::ops::Systems;
use super::{Look, Rule};
use crate::base::text::quoted;

const CODE: &str = "oauth-flow-removed";

/// See [`Rule`].
pub(super) const RULE: Rule = Rule {
    code: CODE,
    finds: "A way to come by a token is offered no more.",
    look: Look::Systems(look),
    drills: &["token-expires-midway"],
};

fn look(s: &Systems<'_>, out: &mut Vec<Change>) {
    for (name, was, now) in s.oauth() {
        for flow in was.iter().filter(|flow| !now.iter().any(|f| f.kind == flow.kind)) {
            let left = now.iter().map(|f| f.kind.as_str()).collect::<Vec<_>>().join(", ");
            let kind = quoted(&flow.kind, 60);
            let message = format!("{} offers the flow {kind} no more, only {}", quoted(name, 80), quoted(&left, 120));
            out.push(
                Change::note(CODE, Side::Call, format!("scheme {name}"), message)
                    .breaks("ask for tokens by one of the flows that are left")
                    .about(&*flow.kind)
                    .at(Some(&flow.pointer), now.first().map(|f| f.pointer.as_str())),
            );
        }
    }
}
