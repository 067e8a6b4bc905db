//! How paths and identifiers are read: segments, verbs, nouns.

use crate::base::text::{singular, words};
use crate::model::Action;

/// One step of a path template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Segment {
    /// `{customer}`, without the braces.
    Param(String),
    /// A fixed word.
    Word(String),
}

impl Segment {
    /// The fixed word, if it is one.
    pub(super) fn word(&self) -> Option<&str> {
        if let Self::Word(word) = self { Some(word) } else { None }
    }
}

/// The steps of a path, versions and file extensions left out; `users.list` and `{id}:cancel` are two steps each.
pub(super) fn segments(path: &str) -> Vec<Segment> {
    let mut out = Vec::new();
    let path = path.split(['?', '#']).next().unwrap_or(path);
    for raw in path.split('/').filter(|s| !s.is_empty()) {
        let raw = [".json", ".xml", ".php", ".aspx", ".do"].iter().find_map(|e| raw.strip_suffix(e)).unwrap_or(raw);
        if is_version(raw) {
            continue;
        }
        let mut rest = raw;
        // `users('{id}')` and `{id}:cancel` hold a word beside the parameter.
        while let Some((before, after)) = rest.split_once('{') {
            let Some((name, tail)) = after.split_once('}') else { break };
            push_words(before, &mut out);
            out.push(Segment::Param(name.to_owned()));
            rest = tail;
        }
        push_words(rest, &mut out);
    }
    out
}

fn push_words(text: &str, out: &mut Vec<Segment>) {
    for piece in text.split(['.', ':']) {
        let piece = piece.trim_matches(|c: char| !c.is_alphanumeric() && c != '_' && c != '$');
        if piece.chars().any(char::is_alphabetic) && !is_version(piece) {
            out.push(Segment::Word(piece.to_owned()));
        }
    }
}

/// `v1`, `2010-04-01`, `api`, `rest` …
fn is_version(segment: &str) -> bool {
    let digits = segment.strip_prefix(['v', 'V']).unwrap_or(segment);
    (!digits.is_empty()
        && digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.chars().all(|c| c.is_ascii_digit() || ".-_".contains(c)))
        || matches!(segment, "api" | "rest" | "API" | "latest" | "v1beta" | "v1beta1" | "odata")
}

/// Lower-case letters and digits only: `page[size]`, `pageSize` and `page_size` are one.
pub(super) fn norm(name: &str) -> String {
    if name.is_ascii() {
        let mut out = String::with_capacity(name.len());
        out.extend(name.bytes().filter(u8::is_ascii_alphanumeric).map(|b| char::from(b.to_ascii_lowercase())));
        return out;
    }
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// What a verb does; words that only repeat the HTTP method say nothing.
pub(super) fn verb(word: &str) -> Option<Action> {
    Some(match word {
        "list" | "index" | "enumerate" | "browse" | "listall" | "getall" => Action::List,
        "search" | "find" | "query" | "lookup" | "filter" | "searches" => Action::Search,
        "retrieve" | "fetch" | "show" | "read" | "info" | "describe" | "view" | "details" => Action::Get,
        "create" | "add" | "insert" | "new" | "register" => Action::Create,
        "update" | "edit" | "modify" | "rename" | "replace" | "change" => Action::Update,
        "upsert" => Action::Upsert,
        "delete" | "remove" | "destroy" | "purge" | "del" => Action::Delete,
        _ => return None,
    })
}

/// Words that order something done rather than name a thing.
pub(super) fn is_command(word: &str) -> bool {
    const COMMANDS: &[&str] = &[
        "accept",
        "activate",
        "approve",
        "archive",
        "assign",
        "attach",
        "authorize",
        "ban",
        "block",
        "calculate",
        "cancel",
        "capture",
        "check",
        "clone",
        "close",
        "complete",
        "confirm",
        "convert",
        "copy",
        "deactivate",
        "decline",
        "detach",
        "disable",
        "disconnect",
        "download",
        "duplicate",
        "enable",
        "end",
        "execute",
        "expire",
        "export",
        "finalize",
        "follow",
        "generate",
        "import",
        "increment",
        "invite",
        "join",
        "kick",
        "leave",
        "lock",
        "login",
        "logout",
        "mark",
        "merge",
        "move",
        "mute",
        "open",
        "pause",
        "pay",
        "ping",
        "preview",
        "process",
        "publish",
        "reactivate",
        "rebuild",
        "redeliver",
        "refresh",
        "reject",
        "release",
        "remind",
        "render",
        "replicate",
        "resend",
        "reset",
        "restart",
        "restore",
        "resume",
        "retry",
        "revert",
        "revoke",
        "rollback",
        "rotate",
        "run",
        "schedule",
        "send",
        "set",
        "share",
        "sign",
        "simulate",
        "start",
        "stop",
        "submit",
        "suspend",
        "swap",
        "sync",
        "terminate",
        "test",
        "transfer",
        "trigger",
        "unarchive",
        "unassign",
        "unban",
        "unblock",
        "unfollow",
        "unlock",
        "unmute",
        "unpublish",
        "unsubscribe",
        "untrash",
        "upload",
        "validate",
        "verify",
        "void",
        "wait",
        "watch",
    ];
    COMMANDS.contains(&word)
}

/// Many things in one request.
pub(super) fn is_bulk(word: &str) -> bool {
    matches!(word, "batch" | "bulk" | "batches" | "multi" | "mget")
}

/// A noun as entities are called: singular, snake_case.
pub(super) fn noun(segment: &str) -> Option<String> {
    let mut parts = words(segment);
    while parts.len() > 1
        && parts.first().is_some_and(|w| verb(w).is_some() || matches!(w.as_str(), "get" | "post" | "put" | "set"))
    {
        parts.remove(0);
    }
    while parts.len() > 1 && parts.last().is_some_and(|w| matches!(verb(w), Some(Action::Search))) {
        parts.pop();
    }
    let last = parts.pop()?;
    parts.push(singular(&last));
    Some(parts.join("_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(path: &str) -> String {
        let steps: Vec<String> = segments(path)
            .into_iter()
            .map(|s| match s {
                Segment::Param(p) => format!("<{p}>"),
                Segment::Word(w) => w,
            })
            .collect();
        steps.join(" ")
    }

    #[test]
    fn paths_come_apart() {
        assert_eq!(steps("/v1/customers/{customer}"), "customers <customer>");
        assert_eq!(steps("/2010-04-01/Accounts/{Sid}/Calls.json"), "Accounts <Sid> Calls");
        assert_eq!(steps("/users.list"), "users list");
        assert_eq!(steps("/docs/{id}:batchUpdate"), "docs <id> batchUpdate");
        assert_eq!(steps("/users('{id}')/messages"), "users <id> messages");
        assert_eq!(steps("/marketing/segments/2.0/{segment_id}.json"), "marketing segments <segment_id>");
        assert_eq!(steps("/a/{unclosed"), "a unclosed");
    }

    #[test]
    fn nouns_are_singular_without_their_verb() {
        for (segment, name) in [
            ("customers", "customer"),
            ("interest-categories", "interest_category"),
            ("postMessage", "message"),
            ("tag-search", "tag"),
            ("issueLink", "issue_link"),
            ("list_folder", "folder"),
            ("lists", "list"),
        ] {
            assert_eq!(noun(segment).as_deref(), Some(name));
        }
    }
}
