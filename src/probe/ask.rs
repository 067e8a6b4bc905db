//! The questions: who are you, what can you do, what do you serve. Both eras of the protocol.

use base64::Engine as _;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::session::{Answer, Era, LEGACY, MODERN, Session};
use super::{NoServer, ServedSkill, Surface, Tool};
use crate::base::digest::Digest;
use crate::base::redact;

/// <https://modelcontextprotocol.io/specification/2026-07-28>, SEP-2640.
const SKILLS: &str = "io.modelcontextprotocol/skills";
/// Pages of one list that are followed.
const PAGES: usize = 64;
/// Entries of one list that are kept.
const ENTRIES: usize = 5_000;
/// Files of one skill that are read.
const FILES: usize = 128;

/// Finds the era: `server/discover`, and `initialize` where that is refused or not answered in time.
pub(super) fn greet(session: &mut Session) -> Result<(), NoServer> {
    let now = Instant::now();
    let (first, era) = (now + session.limits().first, now + session.limits().era);
    let discover = session.send("server/discover", json!({}));
    let answer = match session.wait(&[discover], era.min(first)) {
        Ok((_, answer)) => Some(answer),
        Err(NoServer::Silent { .. } | NoServer::Rubbish { .. }) => None,
        Err(e) => return Err(e),
    };
    if let Some(Answer::Result(result)) = &answer {
        return discovered(session, result);
    }
    let mut waited = vec![session.send("initialize", hello())];
    if answer.is_none() {
        // It may only be slow, and answer the first question yet.
        waited.push(discover);
    }
    loop {
        match session.wait(&waited, first) {
            Ok((id, Answer::Result(result))) if id == discover => return discovered(session, &result),
            Ok((_, Answer::Result(result))) => return initialized(session, &result),
            Ok((id, Answer::Error(..))) if waited.len() > 1 => waited.retain(|w| *w != id),
            Ok((_, Answer::Error(code, message))) => {
                let because = format!("{} ({code})", redact::bounded(&message, 200));
                return Err(NoServer::Refused { method: "server/discover and initialize".to_owned(), because });
            }
            Err(NoServer::Silent { said, .. }) => {
                return Err(NoServer::Silent { seconds: session.limits().first.as_secs(), said });
            }
            Err(e) => return Err(e),
        }
    }
}

/// Asks the older question alone.
pub(super) fn initialize(session: &mut Session) -> Result<(), NoServer> {
    let until = Instant::now() + session.limits().first;
    match session.request("initialize", hello(), until)? {
        Answer::Result(result) => initialized(session, &result),
        Answer::Error(code, message) => Err(NoServer::Refused {
            method: "initialize".to_owned(),
            because: format!("{} ({code})", redact::bounded(&message, 200)),
        }),
    }
}

fn hello() -> Value {
    json!({
        "protocolVersion": LEGACY, "capabilities": {},
        "clientInfo": {"name": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION")},
    })
}

fn discovered(session: &mut Session, result: &Value) -> Result<(), NoServer> {
    let versions: Vec<&str> = result
        .get("supportedVersions")
        .and_then(Value::as_array)
        .map(|v| v.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    if !versions.is_empty() && !versions.contains(&MODERN) {
        return initialize(session);
    }
    session.era = Era::Modern;
    let info = result
        .get("serverInfo")
        .or_else(|| result.pointer("/_meta/io.modelcontextprotocol~1serverInfo"))
        .unwrap_or(&Value::Null);
    session.surface = surface(info, MODERN);
    offers(session, result);
    Ok(())
}

fn initialized(session: &mut Session, result: &Value) -> Result<(), NoServer> {
    let Some(version) = result.get("protocolVersion").and_then(Value::as_str) else {
        return Err(NoServer::Refused {
            method: "initialize".to_owned(),
            because: "its answer names no protocolVersion".to_owned(),
        });
    };
    session.era = Era::Legacy;
    session.protocol = version.to_owned();
    session.surface = surface(result.get("serverInfo").unwrap_or(&Value::Null), version);
    session.notify("notifications/initialized");
    offers(session, result);
    Ok(())
}

fn surface(info: &Value, protocol: &str) -> Surface {
    let text = |key: &str| redact::bounded(info.get(key).and_then(Value::as_str).unwrap_or_default(), 100);
    Surface {
        name: text("name"),
        version: text("version"),
        protocol: redact::bounded(protocol, 20),
        ..Surface::default()
    }
}

/// Keeps what it says that it offers.
fn offers(session: &mut Session, result: &Value) {
    session.capabilities = result.get("capabilities").cloned().unwrap_or(Value::Null);
}

/// Asks for all lists that were declared.
pub(super) fn lists(session: &mut Session) -> Result<(), NoServer> {
    let capabilities = session.capabilities.clone();
    let declared = |name: &str| capabilities.get(name).is_some_and(|c| !c.is_null());
    // A server without the capability has no tools; one that declares nothing at all is asked.
    if declared("tools") || capabilities.as_object().is_none_or(serde_json::Map::is_empty) {
        session.surface.tools = entries(session, "tools/list", "tools")?.iter().filter_map(tool).collect();
    }
    if declared("prompts") {
        match entries(session, "prompts/list", "prompts") {
            Ok(prompts) => session.surface.prompts = prompts.iter().filter_map(name).collect(),
            Err(e) => gap(session, "prompts", &e)?,
        }
    }
    let serves = capabilities.get("extensions").or_else(|| capabilities.get("experimental"));
    if serves.and_then(|e| e.get(SKILLS)).is_some() {
        match entries(session, "skills/list", "skills") {
            Ok(listed) => {
                let mut skills: Vec<ServedSkill> = listed.iter().filter_map(skill).collect();
                for one in &mut skills {
                    read(session, one)?;
                }
                session.surface.skills = skills;
            }
            Err(e) => gap(session, "skills", &e)?,
        }
    }
    Ok(())
}

/// A declared list that is refused is a gap; a server that is gone is gone.
fn gap(session: &mut Session, what: &str, e: &NoServer) -> Result<(), NoServer> {
    if !matches!(e, NoServer::Refused { .. }) {
        return Err(e.clone());
    }
    session.surface.gaps.push(format!("it declares {what}: {e}"));
    Ok(())
}

/// All entries of a list, page by page; a cursor that repeats ends it.
fn entries(session: &mut Session, method: &str, key: &str) -> Result<Vec<Value>, NoServer> {
    let mut out: Vec<Value> = Vec::new();
    let mut seen: Vec<String> = Vec::new();
    let mut params = json!({});
    for _ in 0..PAGES {
        let mut result = session.ask(method, params)?;
        match result.get_mut(key).map(Value::take) {
            Some(Value::Array(page)) => out.extend(page),
            _ => {
                let because = format!("its answer holds no list of {key}");
                return Err(NoServer::Refused { method: method.to_owned(), because });
            }
        }
        let next = result.get("nextCursor").and_then(Value::as_str).filter(|c| !c.is_empty());
        let Some(next) = next.filter(|c| !seen.iter().any(|s| s == c)) else { break };
        if out.len() >= ENTRIES {
            break;
        }
        seen.push(next.to_owned());
        params = json!({"cursor": next});
    }
    out.truncate(ENTRIES);
    Ok(out)
}

fn name(entry: &Value) -> Option<String> {
    entry.get("name")?.as_str().map(str::to_owned)
}

fn tool(entry: &Value) -> Option<Tool> {
    Some(Tool {
        name: name(entry)?,
        description: entry.get("description").and_then(Value::as_str).unwrap_or_default().to_owned(),
        input: entry.get("inputSchema").cloned().unwrap_or(Value::Null),
        output: entry.get("outputSchema").filter(|o| !o.is_null()).cloned(),
        annotations: entry.get("annotations").cloned().unwrap_or(Value::Null),
    })
}

fn skill(entry: &Value) -> Option<ServedSkill> {
    let file = |f: &Value| {
        let text = |key: &str| f.get(key).and_then(Value::as_str).map(str::to_owned);
        Some((
            text("uri")?,
            text("digest").unwrap_or_default(),
            f.get("size").and_then(Value::as_u64).unwrap_or_default(),
        ))
    };
    Some(ServedSkill {
        uri: entry.get("uri")?.as_str()?.to_owned(),
        frontmatter: entry.get("frontmatter").cloned().unwrap_or(Value::Null),
        resources: entry.get("resources").and_then(Value::as_array).map(|l| l.iter().filter_map(file).collect()),
        read: Vec::new(),
    })
}

/// Reads the files of a skill as a host would.
fn read(session: &mut Session, skill: &mut ServedSkill) -> Result<(), NoServer> {
    let listed: Vec<String> = match &skill.resources {
        Some(files) => files.iter().take(FILES).map(|(uri, ..)| uri.clone()).collect(),
        None => vec![skill.uri.clone()],
    };
    for uri in listed {
        let got = match session.ask("resources/read", json!({"uri": uri})) {
            Ok(result) => content(&result),
            Err(e @ NoServer::Refused { .. }) => Err(e.to_string()),
            Err(e) => return Err(e),
        };
        skill.read.push((uri, got));
    }
    Ok(())
}

fn content(result: &Value) -> Result<(String, u64), String> {
    let first = result.pointer("/contents/0").ok_or("resources/read returned no contents")?;
    let bytes = if let Some(text) = first.get("text").and_then(Value::as_str) {
        text.as_bytes().to_vec()
    } else {
        let blob = first.get("blob").and_then(Value::as_str).ok_or("resources/read returned neither text nor blob")?;
        base64::engine::general_purpose::STANDARD.decode(blob).map_err(|e| format!("its blob is no base64: {e}"))?
    };
    Ok((Digest::of_bytes(&bytes).as_str().to_owned(), bytes.len() as u64))
}
