//! Sessions and evidence as resources: addresses, templates, what stands at them, and what completes them.

use percent_encoding::percent_decode_str;
use rmcp::ErrorData;
use rmcp::model::{
    CacheScope, CompletionInfo, ListResourceTemplatesResult, ListResourcesResult, ReadResourceResult, Resource,
    ResourceContents, ResourceTemplate,
};
use serde_json::json;

use crate::app::browse::{self, Address};
use crate::app::{App, Face, No};
use crate::base::text;
use crate::evidence::Session;

const SESSIONS: &str = "integ://sessions";
const SESSION: &str = "integ://sessions/{session}";
const EVENTS: &str = "integ://sessions/{session}/events{?phase,kind,cursor}";
const RECORD: &str = "integ://evidence/{seq}";
const JSON: &str = "application/json";

/// The arguments of the templates.
const ARGUMENTS: &[(&str, &[&str])] =
    &[(SESSION, &["session"]), (EVENTS, &["session", "phase", "kind", "cursor"]), (RECORD, &["seq"])];

/// One page: the list of sessions, then each session.
pub(super) fn list(app: &App, face: &Face, cursor: Option<&str>) -> Result<ListResourcesResult, ErrorData> {
    let (sessions, next) = browse::sessions(app, face, cursor).map_err(|no| error(no, SESSIONS))?;
    let mut all = Vec::new();
    if cursor.is_none() {
        all.extend(super::skills::listed());
        all.push(
            Resource::new(SESSIONS, "sessions")
                .with_title("Sessions")
                .with_description("The sessions of work, newest first.")
                .with_mime_type(JSON),
        );
    }
    all.extend(sessions.into_iter().map(session));
    let mut page = ListResourcesResult::with_all_items(all).with_ttl_ms(0).with_cache_scope(CacheScope::Private);
    page.next_cursor = next;
    Ok(page)
}

fn session(s: Session) -> Resource {
    let title = if s.goal.is_empty() { s.name.clone() } else { format!("{}: {}", s.name, s.goal) };
    Resource::new(format!("{SESSIONS}/{}", s.id), s.id)
        .with_title(text::quoted(&title, 120))
        .with_description(format!("Opened {} by {}.", s.opened_at.rfc3339(), text::quoted(&s.client, 80)))
        .with_mime_type(JSON)
}

/// The templates.
pub(super) fn templates() -> ListResourceTemplatesResult {
    let template = |uri: &str, name: &str, title: &str, description: &str| {
        ResourceTemplate::new(uri, name).with_title(title).with_description(description).with_mime_type(JSON)
    };
    let all = vec![
        template(SESSION, "session", "Session", "One session: what it is for, who opened it, when."),
        template(
            EVENTS,
            "events",
            "Evidence of a session",
            "What was done in a session, oldest first, in pages; phase is map, contract, connect or validate.",
        ),
        template(RECORD, "record", "Record", "One record of the evidence, by its place in the log."),
    ];
    ListResourceTemplatesResult::with_all_items(all)
}

/// What stands at `uri`.
pub(super) fn read(app: &App, face: &Face, uri: &str) -> Result<ReadResourceResult, ErrorData> {
    let address = parse(uri).ok_or_else(|| nowhere(uri))?;
    let one = matches!(address, Address::Session(_));
    let mut value = browse::read(app, face, address).map_err(|no| error(no, uri))?;
    if one && let Some(fields) = value.as_object_mut() {
        fields.insert("events".to_owned(), format!("{uri}/events").into());
    }
    let contents = ResourceContents::text(value.to_string(), uri).with_mime_type(JSON);
    Ok(ReadResourceResult::new(vec![contents]).with_ttl_ms(0).with_cache_scope(CacheScope::Private))
}

/// What may stand in a template's argument.
pub(super) fn complete(
    app: &App,
    face: &Face,
    template: &str,
    argument: &str,
    typed: &str,
) -> Result<CompletionInfo, ErrorData> {
    let known = ARGUMENTS.iter().find(|(uri, _)| *uri == template).map(|(_, arguments)| *arguments);
    let Some(arguments) = known else {
        let all: Vec<&str> = ARGUMENTS.iter().map(|(uri, _)| *uri).collect();
        return Err(ErrorData::invalid_params(
            format!("no resource template \"{}\"; the templates are: {}", text::quoted(template, 120), all.join(", ")),
            None,
        ));
    };
    if !arguments.contains(&argument) {
        let near = text::did_you_mean(argument, arguments.iter().copied());
        return Err(ErrorData::invalid_params(
            format!("{template} has no argument \"{}\"{near}", text::quoted(argument, 60)),
            None,
        ));
    }
    let values = browse::complete(app, face, argument, typed).map_err(|no| error(no, template))?;
    CompletionInfo::new(values).map_err(|e| ErrorData::internal_error(e, None))
}

/// Reads an address; nothing for what is none of ours.
fn parse(uri: &str) -> Option<Address> {
    let decoded = |part: &str| percent_decode_str(part).decode_utf8().ok().map(|t| t.into_owned());
    let rest = uri.strip_prefix("integ://")?;
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (mut phase, mut kind, mut cursor) = (None, None, None);
    for pair in query.split('&').filter(|p| !p.is_empty()) {
        let (key, value) = pair.split_once('=')?;
        let slot = match key {
            "phase" => &mut phase,
            "kind" => &mut kind,
            "cursor" => &mut cursor,
            _ => return None,
        };
        *slot = Some(decoded(value)?);
    }
    let parts: Vec<String> = path.split('/').map(decoded).collect::<Option<_>>()?;
    let bare = phase.is_none() && kind.is_none();
    match parts.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["sessions"] if bare => Some(Address::Sessions { cursor }),
        ["sessions", id] if bare && cursor.is_none() && !id.is_empty() => Some(Address::Session((*id).to_owned())),
        ["sessions", id, "events"] if !id.is_empty() => {
            Some(Address::Events { session: (*id).to_owned(), phase, kind, cursor })
        }
        ["evidence", seq] if bare && cursor.is_none() => seq.parse().ok().map(Address::Record),
        _ => None,
    }
}

fn nowhere(uri: &str) -> ErrorData {
    let all = [SESSIONS, SESSION, EVENTS, RECORD, "skill://platform-integration/SKILL.md"];
    ErrorData::resource_not_found(
        format!("no resource \"{}\"; there are: {}", text::quoted(uri, 200), all.join(", ")),
        Some(json!({"uri": text::quoted(uri, 400)})),
    )
}

fn error(no: No, uri: &str) -> ErrorData {
    match no {
        No::Refusal(r) if r.code == "unknown-session" || r.code == "unknown-record" => {
            ErrorData::resource_not_found(r.to_string(), Some(json!({"uri": text::quoted(uri, 400)})))
        }
        No::Refusal(r) => ErrorData::invalid_params(r.to_string(), None),
        No::Fault(f) => ErrorData::internal_error(f.to_string(), None),
        No::NeedsHuman(q) => ErrorData::internal_error(q.message, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_what_is_none_is_not() {
        let events = |phase: Option<&str>, cursor: Option<&str>| Address::Events {
            session: "s-20261123-abcdef".to_owned(),
            phase: phase.map(str::to_owned),
            kind: None,
            cursor: cursor.map(str::to_owned),
        };
        for (uri, address) in [
            ("integ://sessions", Address::Sessions { cursor: None }),
            ("integ://sessions?cursor=t17", Address::Sessions { cursor: Some("t17".to_owned()) }),
            ("integ://sessions/s-1", Address::Session("s-1".to_owned())),
            ("integ://sessions/s%2D1", Address::Session("s-1".to_owned())),
            ("integ://sessions/s-20261123-abcdef/events", events(None, None)),
            ("integ://sessions/s-20261123-abcdef/events?phase=map&cursor=e4", events(Some("map"), Some("e4"))),
            ("integ://evidence/12", Address::Record(12)),
        ] {
            assert_eq!(parse(uri), Some(address), "{uri}");
        }
        for uri in [
            "",
            "integ://",
            "integ://sessions/",
            "integ://sessions/a/b",
            "integ://sessions/a/events/c",
            "integ://sessions/a?phase=map",
            "integ://sessions?page=2",
            "integ://evidence/-1",
            "integ://evidence/twelve",
            "integ://sessions/%ff",
            "file:///etc/passwd",
            "INTEG://sessions",
        ] {
            assert_eq!(parse(uri), None, "{uri}");
        }
    }
}
