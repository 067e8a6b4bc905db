//! A base URL is new.

use super::super::change::{Change, Side};
use super::super::ops::Systems;
use super::server_removed::same_url;
use super::{Look, Rule};
use crate::base::text::quoted;

const CODE: &str = "server-added";

/// See [`Rule`].
pub(super) const RULE: Rule = Rule { code: CODE, finds: "A base URL is new.", look: Look::Systems(look), drills: &[] };

fn look(s: &Systems<'_>, out: &mut Vec<Change>) {
    for server in &s.new.servers {
        if !s.old.servers.iter().any(|o| same_url(&o.url, &server.url)) {
            let message = format!("the base URL {} is new", quoted(&server.url, 160));
            let change = Change::note(CODE, Side::Call, "servers", message);
            out.push(change.about(&*server.url).at(None, Some(&server.pointer)));
        }
    }
}
