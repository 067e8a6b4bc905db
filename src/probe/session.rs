//! One conversation with one server: a request, its answer, and what a server says in between.

use std::process::Command;

use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::process::{Limits, Process, Said};
use super::{NoServer, Surface, ask};
use crate::base::redact;

/// The newest revision of the protocol that is spoken here, without sessions.
pub(super) const MODERN: &str = "2026-07-28";
/// The newest revision that opens with `initialize`.
pub(super) const LEGACY: &str = "2025-11-25";

/// What an `initialize` or `server/discover` came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Era {
    /// Nothing agreed on yet.
    Unknown,
    /// Each request says what it is.
    Modern,
    /// `initialize` was answered.
    Legacy,
}

/// A server that was started, asked who it is, and listens. It ends, with all that it started, when this is dropped.
#[derive(Debug)]
pub struct Session {
    process: Process,
    limits: Limits,
    pub(super) era: Era,
    pub(super) protocol: String,
    pub(super) surface: Surface,
    pub(super) capabilities: Value,
    /// When all questions must be answered.
    pub(super) until: Instant,
    next_id: u64,
    read: u64,
    noise: Option<String>,
}

/// What came back for a request.
pub(super) enum Answer {
    Result(Value),
    /// Code and message.
    Error(i64, String),
}

impl Session {
    /// Starts a server and asks who it is: the newer way first, then the older. `command` comes with directory, environment
    /// and whatever holds it; its standard streams are set here.
    ///
    /// # Errors
    /// Why there is no server; nothing of it is left then.
    pub fn open(mut command: impl FnMut() -> Result<Command, NoServer>, limits: &Limits) -> Result<Self, NoServer> {
        let mut session = Self::start(command()?, limits)?;
        match ask::greet(&mut session) {
            Ok(()) => Ok(session),
            // Some older servers end on a question that they do not know.
            Err(NoServer::Ended { .. }) => {
                drop(session);
                let mut session = Self::start(command()?, limits)?;
                ask::initialize(&mut session)?;
                Ok(session)
            }
            Err(e) => Err(e),
        }
    }

    fn start(command: Command, limits: &Limits) -> Result<Self, NoServer> {
        // Counted from before the start: a program that is slow to load is slow to answer.
        let now = Instant::now();
        Ok(Self {
            process: Process::start(command, limits)?,
            limits: limits.clone(),
            era: Era::Unknown,
            protocol: MODERN.to_owned(),
            surface: Surface::default(),
            capabilities: Value::Null,
            until: now + limits.whole,
            next_id: 1,
            read: 0,
            noise: None,
        })
    }

    /// What the server says of itself, lists followed to their end.
    ///
    /// # Errors
    /// Why it has no surface.
    pub fn surface(&mut self) -> Result<Surface, NoServer> {
        self.until = Instant::now() + self.limits.whole;
        ask::lists(self)?;
        self.surface.noise.clone_from(&self.noise);
        Ok(self.surface.clone())
    }

    /// The result of `tools/call`, as it came.
    ///
    /// # Errors
    /// Why there is none.
    pub fn call(&mut self, tool: &str, arguments: &Value) -> Result<Value, NoServer> {
        self.until = Instant::now() + self.limits.answer;
        self.ask("tools/call", json!({"name": tool, "arguments": arguments}))
    }

    pub(super) const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Asks, and takes an error for a refusal.
    pub(super) fn ask(&mut self, method: &str, params: Value) -> Result<Value, NoServer> {
        let until = (Instant::now() + self.limits.answer).min(self.until);
        match self.request(method, params, until)? {
            Answer::Result(result) => Ok(result),
            Answer::Error(code, message) => {
                let because = format!("{} ({code})", redact::bounded(&message, 200));
                Err(NoServer::Refused { method: method.to_owned(), because })
            }
        }
    }

    /// Sends a request and waits for its answer until then.
    pub(super) fn request(&mut self, method: &str, params: Value, until: Instant) -> Result<Answer, NoServer> {
        let id = self.send(method, params);
        self.wait(&[id], until).map(|(_, answer)| answer)
    }

    /// Sends a request; its number.
    pub(super) fn send(&mut self, method: &str, params: Value) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        let mut params = if let Value::Object(map) = params { map } else { Map::new() };
        if method != "initialize" && self.era != Era::Legacy {
            let meta = json!({
                "io.modelcontextprotocol/protocolVersion": self.protocol,
                "io.modelcontextprotocol/clientInfo": {"name": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION")},
                "io.modelcontextprotocol/clientCapabilities": {},
            });
            params.insert("_meta".to_owned(), meta);
        }
        self.post(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        id
    }

    /// Says something that has no answer.
    pub(super) fn notify(&self, method: &str) {
        self.post(&json!({"jsonrpc": "2.0", "method": method}));
    }

    fn post(&self, message: &Value) {
        self.process.send(message.to_string().into_bytes());
    }

    /// Waits for the answer to one of these requests; which, and what.
    pub(super) fn wait(&mut self, ids: &[u64], until: Instant) -> Result<(u64, Answer), NoServer> {
        let began = Instant::now();
        loop {
            let line = match self.process.line(until) {
                Some(Said::Line(line)) => line,
                Some(Said::TooLong) => return Err(self.flood()),
                Some(Said::End) => {
                    if let Some(line) = self.noise.clone() {
                        return Err(NoServer::Rubbish { line });
                    }
                    return Err(NoServer::Ended { status: self.process.status(), said: self.process.words() });
                }
                None => {
                    if let Some(line) = self.noise.clone() {
                        return Err(NoServer::Rubbish { line });
                    }
                    let seconds = until.saturating_duration_since(began).as_secs_f64().round();
                    #[expect(
                        clippy::cast_possible_truncation,
                        clippy::cast_sign_loss,
                        reason = "a few seconds, never negative"
                    )]
                    return Err(NoServer::Silent { seconds: seconds as u64, said: self.process.words() });
                }
            };
            self.read += line.len() as u64 + 1;
            if self.read > self.limits.bytes {
                return Err(self.flood());
            }
            if let Some(found) = self.message(&line, ids) {
                self.read = 0;
                return Ok(found);
            }
        }
    }

    fn flood(&self) -> NoServer {
        NoServer::Flood { bytes: self.limits.bytes.min(self.read.max(self.limits.line as u64)) }
    }

    /// Reads one line: the answer that is waited for, or nothing.
    fn message(&mut self, line: &[u8], ids: &[u64]) -> Option<(u64, Answer)> {
        if line.iter().all(u8::is_ascii_whitespace) {
            return None;
        }
        let parsed: Option<Value> = serde_json::from_slice(line).ok();
        let messages = match parsed {
            // Revisions before 2025-06-18 know batches.
            Some(Value::Array(batch)) if !batch.is_empty() => batch,
            Some(value @ Value::Object(_)) => vec![value],
            _ => {
                let text = String::from_utf8_lossy(line.get(..line.len().min(2_000)).unwrap_or_default());
                self.noise.get_or_insert_with(|| format!("\"{}\"", redact::bounded(&text, 120)));
                return None;
            }
        };
        let mut found = None;
        for message in messages {
            let id = message.get("id");
            if let Some(method) = message.get("method").and_then(Value::as_str) {
                // A server may ask too; it gets an answer, so that it does not wait for one.
                if let Some(id) = id {
                    let answer = if method == "ping" {
                        json!({"jsonrpc": "2.0", "id": id, "result": {}})
                    } else {
                        let error = json!({"code": -32601, "message": "not offered by this client"});
                        json!({"jsonrpc": "2.0", "id": id, "error": error})
                    };
                    self.post(&answer);
                }
                continue;
            }
            let Some(id) = id.and_then(number).filter(|id| ids.contains(id)) else { continue };
            if let Some(error) = message.get("error") {
                let code = error.get("code").and_then(Value::as_i64).unwrap_or_default();
                let said = error.get("message").and_then(Value::as_str).unwrap_or("no reason given");
                found.get_or_insert((id, Answer::Error(code, said.to_owned())));
            } else if let Some(result) = message.get("result") {
                found.get_or_insert((id, Answer::Result(result.clone())));
            }
        }
        found
    }
}

/// A number, also where it comes back as text.
fn number(id: &Value) -> Option<u64> {
    id.as_u64().or_else(|| id.as_str()?.parse().ok())
}
