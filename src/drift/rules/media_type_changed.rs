//! A body is not written in a media type any more that it could be written in.

use super::super::change::{Change, Side};
use super::super::ops::{Ops, answers};
use super::{Look, Rule};
use crate::base::text::quoted;

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

impl<'a> Media<'a> {
    /// Each, the chosen one first.
    pub(super) fn all(&self) -> impl Iterator<Item = &'a str> + use<'a> {
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

/// What one body or successful answer may be written in, before and after.
pub(super) struct Written<'a> {
    pub(super) side: Side,
    /// `POST /orders body`, `GET /orders 200`.
    pub(super) subject: String,
    pub(super) was: Media<'a>,
    pub(super) now: Media<'a>,
    at: (&'a str, &'a str),
}

impl Written<'_> {
    /// A change of it that breaks nobody yet, told apart by the media type.
    pub(super) fn change(&self, code: &'static str, name: &str, message: String) -> Change {
        Change::note(code, self.side, &self.subject, message).about(name).at(Some(self.at.0), Some(self.at.1))
    }
}

/// The body and the successful answers that both operations have.
pub(super) fn written<'a>(o: &Ops<'a>) -> Vec<Written<'a>> {
    let body = o.old.body.as_ref().zip(o.new.body.as_ref()).map(|(a, b)| Written {
        side: Side::Request,
        subject: format!("{} body", o.subject()),
        was: Media { chosen: &a.content_type, others: &a.others },
        now: Media { chosen: &b.content_type, others: &b.others },
        at: (&a.pointer, &b.pointer),
    });
    let successes = answers(o.old, o.new).into_iter().filter(|(a, _)| a.status.starts_with('2'));
    let answered = successes.map(|(a, b)| Written {
        side: Side::Response,
        subject: format!("{} {}", o.subject(), a.status),
        was: Media { chosen: &a.content_type, others: &a.others },
        now: Media { chosen: &b.content_type, others: &b.others },
        at: (&a.pointer, &b.pointer),
    });
    body.into_iter().chain(answered).collect()
}

fn look(o: &Ops<'_>, out: &mut Vec<Change>) {
    for w in written(o) {
        for gone in w.was.all().filter(|gone| !w.now.takes(gone)) {
            let (shown, name, now) = (quoted(&w.subject, 160), quoted(gone, 80), quoted(w.now.chosen, 80));
            let change = w.change(CODE, gone, format!("{shown} was {name} and is {now}"));
            let fix = if w.side == Side::Request { "write the body in" } else { "read" };
            // Who reads and writes what every client does is hit; of the others some are.
            out.push(if gone == w.was.chosen {
                change.breaks(&format!("{fix} {now}"))
            } else {
                change.may_break(&format!("{fix} another of the media types"))
            });
        }
    }
}
