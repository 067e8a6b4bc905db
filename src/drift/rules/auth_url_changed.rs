//! Tokens or consent are asked for at another URL.

use super::super::change::{Change, Side};
use super::super::ops::Systems;
use super::{Look, Rule};
use crate::base::text::quoted;
use crate::model::OauthFlow;

const CODE: &str = "auth-url-changed";

/// See [`Rule`].
pub(super) const RULE: Rule = Rule {
    code: CODE,
    finds: "Tokens or consent are asked for at another URL.",
    look: Look::Systems(look),
    drills: &[],
};

/// What a URL is for, and where a flow has it.
type Purpose = (&'static str, fn(&OauthFlow) -> Option<&str>);

const PURPOSES: [Purpose; 3] = [
    ("tokens", |f| f.token_url.as_deref()),
    ("consent", |f| f.authorization_url.as_deref()),
    ("fresh tokens", |f| f.refresh_url.as_deref()),
];

fn look(s: &Systems<'_>, out: &mut Vec<Change>) {
    for (name, was, now) in s.oauth() {
        for (what, url_of) in PURPOSES {
            let mut told: Vec<&str> = Vec::new();
            // A flow that is gone is told as that.
            for (flow, new) in was.iter().filter_map(|f| Some((f, now.iter().find(|n| n.kind == f.kind)?))) {
                let (Some(old), Some(url)) = (url_of(flow), url_of(new)) else { continue };
                if old == url || told.contains(&old) {
                    continue;
                }
                told.push(old);
                let (shown, old_url, new_url) = (quoted(name, 80), quoted(old, 160), quoted(url, 160));
                let message = format!("{what} of {shown} were asked for at {old_url} and are at {new_url}");
                let change = Change::note(CODE, Side::Call, format!("scheme {name}"), message).about(old);
                let change = change.breaks("ask at the URL of the new description");
                out.push(change.at(Some(&flow.pointer), Some(&new.pointer)));
            }
        }
    }
}
