//! A body is not written in a media type any more that it could be written in.

use super::super::change::{Change, Side};
use super::super::ops::{Ops, answers};
use super::{Look, Rule};
use crate::base::text::quoted;
use crate::model::{Body, Response};

const CODE: &str = "media-type-changed";

/// See [`Rule`].
pub(super) const RULE: Rule = Rule {
    code: CODE,
    finds: "A body is not written in a media type any more that it could be written in.",
    look: Look::Operations(look),
    drills: &[],
};

/// The media types of one body.
pub(super) struct Media<'a> {
    /// The one whose schema was read.
    pub(super) chosen: &'a str,
    others: &'a [String],
}

/// What a body or an answer may be written in.
pub(super) trait Written {
    fn media(&self) -> Media<'_>;
}

impl Written for Body {
    fn media(&self) -> Media<'_> {
        Media { chosen: &self.content_type, others: &self.others }
    }
}

impl Written for Response {
    fn media(&self) -> Media<'_> {
        Media { chosen: &self.content_type, others: &self.others }
    }
}

pub(super) fn offered(written: &impl Written) -> Media<'_> {
    written.media()
}

impl<'a> Media<'a> {
    /// Each, the chosen one first.
    pub(super) fn all(&self) -> impl Iterator<Item = &'a str> {
        std::iter::once(self.chosen).chain(self.others.iter().map(String::as_str)).filter(|name| !name.is_empty())
    }

    /// It is among them; of a body that names none nothing is known.
    pub(super) fn takes(&self, name: &str) -> bool {
        name.is_empty() || self.chosen.is_empty() || self.all().any(|own| same(own, name))
    }
}

fn same(a: &str, b: &str) -> bool {
    let plain = |t: &str| t.split(';').next().unwrap_or(t).trim().to_ascii_lowercase();
    let json = |t: &str| t.ends_with("json") || t == "*/*";
    let (a, b) = (plain(a), plain(b));
    // What a client sends and reads is JSON under any of its names.
    a == b || json(&a) && json(&b)
}

fn look(o: &Ops<'_>, out: &mut Vec<Change>) {
    let mut say = |side: Side, subject: String, was: &Media<'_>, now: &Media<'_>, at: (&str, &str)| {
        for gone in was.all().filter(|gone| !now.takes(gone)) {
            let (shown, name) = (quoted(&subject, 160), quoted(gone, 80));
            let message = format!("{shown} was {name} and is {}", quoted(now.chosen, 80));
            let change = Change::note(CODE, side, &subject, message).about(gone).at(Some(at.0), Some(at.1));
            let fix = if side == Side::Request { "write the body in" } else { "read" };
            // Who reads and writes what every client does is hit; of the others some are.
            out.push(if gone == was.chosen {
                change.breaks(&format!("{fix} {}", quoted(now.chosen, 80)))
            } else {
                change.may_break(&format!("{fix} another of the media types"))
            });
        }
    };
    if let (Some(a), Some(b)) = (&o.old.body, &o.new.body) {
        let at = (a.pointer.as_str(), b.pointer.as_str());
        say(Side::Request, format!("{} body", o.subject()), &offered(a), &offered(b), at);
    }
    for (a, b) in answers(o.old, o.new).into_iter().filter(|(a, _)| a.status.starts_with('2')) {
        let at = (a.pointer.as_str(), b.pointer.as_str());
        say(Side::Response, format!("{} {}", o.subject(), a.status), &offered(a), &offered(b), at);
    }
}
