//! A base URL is named no more.

use super::super::change::{Change, Side};
use super::super::ops::Systems;
use super::{Look, Rule};
use crate::base::text::quoted;

const CODE: &str = "server-removed";

/// See [`Rule`].
pub(super) const RULE: Rule =
    Rule { code: CODE, finds: "A base URL is named no more.", look: Look::Systems(look), drills: &[] };

fn look(s: &Systems<'_>, out: &mut Vec<Change>) {
    for server in &s.old.servers {
        if !s.new.servers.iter().any(|n| same_url(&n.url, &server.url)) {
            let url = quoted(&server.url, 160);
            out.push(
                Change::note(CODE, Side::Call, "servers", format!("the base URL {url} is named no more"))
                    .breaks("call one of the base URLs that the new description names")
                    .about(&*server.url)
                    .at(Some(&server.pointer), s.new.servers.first().map(|n| n.pointer.as_str())),
            );
        }
    }
}

/// The same address, whatever its letters and its last slash.
pub(super) fn same_url(a: &str, b: &str) -> bool {
    a.trim_end_matches('/').eq_ignore_ascii_case(b.trim_end_matches('/'))
}
