//! A body is written in another media type.

use super::super::change::{Change, Side};
use super::super::walk::Ops;
use super::super::walk::answers;
use super::{Look, Rule};
use crate::base::text::quoted;

const CODE: &str = "media-type-changed";

/// See [`Rule`].
pub(super) const RULE: Rule =
    Rule { code: CODE, finds: "A body is written in another media type.", look: Look::Operations(look), drills: &[] };

fn look(o: &Ops<'_>, out: &mut Vec<Change>) {
    let same = |a: &str, b: &str| {
        let plain = |t: &str| t.split(';').next().unwrap_or(t).trim().to_ascii_lowercase();
        let json = |t: &str| t.ends_with("json") || t == "*/*";
        let (a, b) = (plain(a), plain(b));
        // What a client sends and reads is JSON under any of its names.
        a == b || a.is_empty() || b.is_empty() || json(&a) && json(&b)
    };
    if let (Some(a), Some(b)) = (&o.old.body, &o.new.body)
        && !same(&a.content_type, &b.content_type)
    {
        let message = format!(
            "{} took {} and takes {}",
            quoted(&o.subject(), 160),
            quoted(&a.content_type, 80),
            quoted(&b.content_type, 80)
        );
        let change = Change::note(CODE, Side::Request, o.subject(), message);
        out.push(change.breaks("write the body in the new media type").at(Some(&a.pointer), Some(&b.pointer)));
    }
    for (a, b) in answers(o.old, o.new)
        .into_iter()
        .filter(|(a, b)| a.status.starts_with('2') && !same(&a.content_type, &b.content_type))
    {
        let message = format!(
            "{} answered {} and answers {}",
            quoted(&o.subject(), 160),
            quoted(&a.content_type, 80),
            quoted(&b.content_type, 80)
        );
        let change = Change::note(CODE, Side::Response, format!("{} {}", o.subject(), a.status), message);
        out.push(change.breaks("read the new media type").at(Some(&a.pointer), Some(&b.pointer)));
    }
}
