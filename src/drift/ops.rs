//! Two systems, and what belongs together in them: operations, parameters, answers, events, flows.

use std::collections::{HashMap, HashSet};

use super::matching::Matched;
use crate::model::{Event, OauthFlow, Operation, ParamIn, Parameter, Response, SchemeKind, SecurityScheme, System};

/// Two systems.
pub(super) struct Systems<'a> {
    pub(super) old: &'a System,
    pub(super) new: &'a System,
    pub(super) matched: &'a Matched,
}

impl<'a> Systems<'a> {
    /// Events of both, by name.
    pub(super) fn events(&self) -> Vec<(&'a Event, &'a Event)> {
        let known: HashMap<&str, &'a Event> = self.new.events.iter().rev().map(|e| (e.name.as_str(), e)).collect();
        self.old.events.iter().filter_map(|e| Some((e, *known.get(e.name.as_str())?))).collect()
    }

    /// Events that one of both lacks, of the other.
    pub(super) fn events_alone(&self, of: &'a System) -> Vec<&'a Event> {
        let other = if std::ptr::eq(of, self.old) { self.new } else { self.old };
        let known: HashSet<&str> = other.events.iter().map(|e| e.name.as_str()).collect();
        of.events.iter().filter(|e| !known.contains(e.name.as_str())).collect()
    }

    /// Neither description says how anything is called or sent: what is compared are its records.
    pub(super) fn only_records(&self) -> bool {
        [self.old, self.new].iter().all(|s| s.operations.is_empty() && s.events.is_empty())
    }

    /// Flows of the OAuth schemes of both, by the name of the scheme.
    pub(super) fn oauth(&self) -> Vec<(&'a str, &'a [OauthFlow], &'a [OauthFlow])> {
        let both = |(name, old): (&'a String, &'a SecurityScheme)| match (&old.kind, &self.new.schemes.get(name)?.kind)
        {
            (SchemeKind::Oauth2(was), SchemeKind::Oauth2(now)) => Some((name.as_str(), was.as_slice(), now.as_slice())),
            _ => None,
        };
        self.old.schemes.iter().filter_map(both).collect()
    }
}

/// Two operations that are one.
pub(super) struct Ops<'a> {
    pub(super) systems: &'a Systems<'a>,
    pub(super) old: &'a Operation,
    pub(super) new: &'a Operation,
}

impl<'a> Ops<'a> {
    /// `GET /v1/orders`; of GraphQL `Query.orders`.
    pub(super) fn subject(&self) -> String {
        subject(self.old)
    }

    /// Parameters that are one: those of the path by their place in it, others by where and how they are called.
    pub(super) fn parameters(&self) -> Vec<(&'a Parameter, &'a Parameter)> {
        let path = self.old.path_params().into_iter().zip(self.new.path_params()).filter_map(|(a, b)| {
            let find =
                |o: &'a Operation, name: &str| o.parameters.iter().find(|p| p.place == ParamIn::Path && p.name == name);
            Some((find(self.old, a)?, find(self.new, b)?))
        });
        let others = self.old.parameters.iter().filter(|p| p.place != ParamIn::Path);
        path.chain(others.filter_map(|p| Some((p, same(p, &self.new.parameters)?)))).collect()
    }

    /// Parameters of one side alone, those of the path left out.
    pub(super) fn alone(these: &'a [Parameter], those: &'a [Parameter]) -> Vec<&'a Parameter> {
        these.iter().filter(|p| p.place != ParamIn::Path && same(p, those).is_none()).collect()
    }
}

fn same<'p>(p: &Parameter, among: &'p [Parameter]) -> Option<&'p Parameter> {
    among.iter().find(|q| {
        let header = p.place == ParamIn::Header && p.name.eq_ignore_ascii_case(&q.name);
        q.place == p.place && (q.name == p.name || header)
    })
}

/// How an operation is called in an answer.
pub(super) fn subject(o: &Operation) -> String {
    match &o.root_field {
        Some(field) => {
            let root = field.root.as_str();
            format!("{}{}.{}", root[..1].to_ascii_uppercase(), &root[1..], field.name)
        }
        None => format!("{} {}", o.method.as_str(), o.path),
    }
}

/// Answers that are one: by status; the first success of one side is that of the other, whatever its number.
pub(super) fn answers<'a>(old: &'a Operation, new: &'a Operation) -> Vec<(&'a Response, &'a Response)> {
    let mut out: Vec<_> = old
        .responses
        .iter()
        .filter_map(|p| Some((p, new.responses.iter().find(|q| q.status.eq_ignore_ascii_case(&p.status))?)))
        .collect();
    if let (Some(p), Some(q)) = (old.success(), new.success())
        && !out.iter().any(|(a, b)| a.status == p.status || b.status == q.status)
    {
        out.push((p, q));
    }
    out
}
