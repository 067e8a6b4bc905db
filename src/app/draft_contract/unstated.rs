//! What a flow needs and neither a description nor an overlay says: a question for a person, with the system, the operation,
//! and where the answer is written.

use serde_json::Value;

use super::super::knowledge::{self, Knowledge};
use super::super::scaffold_connector::duration;
use super::choose::Chosen;
use super::writing::Draft;
use crate::base::text::quoted;
use crate::knowledge::Known;
use crate::model::{CursorFrom, Operation, PageStyle, System};

impl Draft<'_, '_> {
    /// `rate` of `delivery`: the line, and the question where the limit is not stated.
    pub(super) fn rate_line(&self, questions: &mut Vec<String>) -> String {
        let write = self.write.main();
        if let Some(r) = &write.rate_limit {
            // A tenth is left for people and for other programs on the same token.
            let (most, window) = ((r.requests * 9 / 10).max(1), duration(r.window_ms));
            return format!("      rate: {most}/{window}                   # stated: {}/{window}", r.requests);
        }
        let known = self.known(self.target);
        let looked_up = known.first("rate_limit").and_then(|k| {
            let (requests, window) = (k.value.get("requests")?.as_u64()?, k.value.get("window_ms")?.as_u64()?);
            let says = if k.says.is_empty() { String::new() } else { format!(" ({})", k.says) };
            Some((requests, duration(window), format!("{}{says}", place(k))))
        });
        let to = &self.params.target;
        match looked_up {
            Some((requests, window, at)) => {
                questions.push(format!(
                    "delivery.rate: the description of {to} states no limit for {}; {requests} in {window} was looked up at \
                     {at}: does it hold? Write what holds as delivery.rate",
                    write.id
                ));
                let most = (requests * 9 / 10).max(1);
                format!("      # rate: {most}/{window}                  # ? looked up, not stated")
            }
            None => {
                questions.push(format!(
                    "delivery.rate: {NEITHER} how many requests {to} takes ({}); ask the vendor, then write {}",
                    write.id,
                    either("delivery.rate", "rate_limit", to)
                ));
                "      # rate: 100/10s                  # ? no limit is stated; ask the vendor".to_owned()
            }
        }
    }

    /// The question about a creation that nothing protects.
    pub(super) fn repeat_question(&self) -> String {
        let (to, write) = (&self.params.target, self.write.main());
        let known = self.known(self.target);
        let looked_up = known.first("idempotency").filter(|k| k.value.get("supported") == Some(&Value::Bool(true)));
        let looked_up = looked_up.and_then(|k| {
            let (name, at) = (k.value.get("name")?.as_str()?, k.value.get("in")?.as_str()?);
            Some(format!("; a key in the {at} {name} was looked up at {}: does it hold here?", place(k)))
        });
        let asked = looked_up.unwrap_or_else(|| {
            format!(
                "; if {to} has a key that {NEITHER}, write {}",
                either("target.create.idempotency", "idempotency", to)
            )
        });
        format!(
            "target.create: {} of {to} honours no idempotency key, so it is not retried; name a natural key to upsert by, or \
             accept duplicates by name{asked}",
            write.id
        )
    }

    /// The questions about the pages of the source: whether there are any, and how the last one is told.
    pub(super) fn page_questions(&self) -> Vec<String> {
        let (from, list) = (&self.params.source, self.list);
        let known = self.known(self.source);
        let where_to = either("source.paginate", "pagination", from);
        let Some(pages) = &list.pagination else {
            let looked_up = known.first("pagination").and_then(|k| {
                Some(format!("; paging by {} was looked up at {}", k.value.get("style")?.as_str()?, place(k)))
            });
            return vec![format!(
                "source.paginate: no pagination was recognised: is {} of {from} complete in one answer? If not, write {where_to}{}",
                list.id,
                looked_up.unwrap_or_default()
            )];
        };
        let counted = matches!(pages.style, PageStyle::Page | PageStyle::Offset);
        let ends = pages.more.is_some() || pages.total.is_some() || matches!(pages.next, Some(CursorFrom::Body(_)));
        if counted && !ends {
            return vec![format!(
                "source.paginate: {NEITHER} how the last page of {} ({from}) is recognised; an empty page is taken for it. If \
                 something else tells, write source.paginate",
                list.id
            )];
        }
        if pages.style == PageStyle::Cursor && pages.next.is_none() {
            return vec![format!(
                "source.paginate: {NEITHER} where {} ({from}) gives the next cursor; write source.paginate with next",
                list.id
            )];
        }
        Vec::new()
    }

    /// The question about how a system is authenticated with, where its description has nothing of it.
    pub(super) fn auth_question(&self, label: &str, system: &System, used: &Operation) -> Option<String> {
        if !system.schemes.is_empty() || system.facts.iter().any(|f| f.fact == "auth_mode") {
            return None;
        }
        let known = self.known(system);
        let looked_up = known.first("auth_mode").and_then(|k| {
            Some(format!("; {} was looked up at {}", quoted(k.value.get("type")?.as_str()?, 40), place(k)))
        });
        Some(format!(
            "systems.{label}.auth: {} how to authenticate for {} of {label}; write systems.{label}.auth{}",
            if looked_up.is_some() { "the description does not say" } else { NEITHER },
            used.id,
            looked_up.unwrap_or_default()
        ))
    }

    /// Nothing stands between a second attempt and a second record.
    pub(super) const fn unprotected(&self) -> bool {
        matches!(self.write, Chosen::Create { create } if create.idempotency.is_none())
    }

    fn known(&self, system: &System) -> Knowledge {
        knowledge::about(self.call.app, system)
    }
}

const NEITHER: &str = "neither its description nor an overlay says";

/// Where an answer is written: into the contract, or for all contracts into an overlay.
fn either(key: &str, fact: &str, system: &str) -> String {
    format!("{key}, or {fact} in overlays/{system}.knowledge.yaml")
}

fn place(known: &Known) -> String {
    format!("{}, checked {}", known.source, known.checked)
}
