//! Tokens are asked for at another URL.

use super::super::change::{Change, Side};
use super::super::walk::Systems;
use super::{Look, Rule};
use crate::base::text::quoted;
use crate::model::SchemeKind;

const CODE: &str = "auth-url-changed";

/// See [`Rule`].
pub(super) const RULE: Rule =
    Rule { code: CODE, finds: "Tokens are asked for at another URL.", look: Look::Systems(look), drills: &[] };

fn look(s: &Systems<'_>, out: &mut Vec<Change>) {
    for (name, old) in &s.old.schemes {
        let Some(new) = s.new.schemes.get(name) else { continue };
        let (SchemeKind::Oauth2(was), SchemeKind::Oauth2(now)) = (&old.kind, &new.kind) else { continue };
        for flow in was {
            let kept = |url: &str| now.iter().any(|f| f.token_url.as_deref() == Some(url));
            let Some(url) = flow.token_url.as_deref().filter(|u| !kept(u)) else { continue };
            let message = format!("{} hands out no tokens at {} any more", quoted(name, 80), quoted(url, 160));
            out.push(
                Change::note(CODE, Side::Call, format!("scheme {name}"), message)
                    .breaks("ask for tokens at the URL of the new description")
                    .about(url)
                    .at(Some(&old.pointer), Some(&new.pointer)),
            );
        }
    }
}
