//! The pages: which address shows what.

use http::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};

use crate::app::look::{self, Filter};
use crate::app::{App, Face, No, Refusal};
use crate::base::text;
use crate::evidence::{EventKind, Phase};
use crate::html;
use crate::scaffold::View;

/// What keeps a page up to date where scripts run; every page works without it.
pub(super) const SCRIPT: &str = include_str!("../../resources/templates/html/live.js");

const HTML: &str = "text/html; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";

/// An answer.
pub(super) struct Page {
    /// Its status.
    pub(super) status: StatusCode,
    /// Its media type.
    pub(super) media: &'static str,
    /// Its content.
    pub(super) body: String,
}

/// What every template of these pages is given beside its own.
#[derive(Serialize)]
struct Frame<'a, T: Serialize> {
    #[serde(flatten)]
    own: T,
    version: &'static str,
    style: &'static str,
    script: &'static str,
    /// Where in the site: `sessions`, `records`, `compare`; empty for none.
    here: &'a str,
    /// Sequence number of the newest record when the page was made.
    head: u64,
}

/// The page of an address.
pub(super) fn of(app: &App, face: &Face, path: &str, query: &str) -> Page {
    match route(app, face, path, query) {
        Ok(page) => page,
        Err(no) => refused(&no),
    }
}

fn route(app: &App, face: &Face, path: &str, query: &str) -> Result<Page, No> {
    let parts: Vec<String> = path
        .trim_matches('/')
        .split('/')
        .map(|p| percent_encoding::percent_decode_str(p).decode_utf8_lossy().into_owned())
        .collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let asked = |name: &str| {
        let found = url::form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name);
        found.map(|(_, value)| value.into_owned()).unwrap_or_default()
    };
    if parts != [""] && !asked("cursor").is_empty() {
        return Ok(problem(
            StatusCode::BAD_REQUEST,
            "bad-cursor",
            "only the list of sessions goes on by cursor; this page was not asked for with one that it gave out",
            "leave cursor out; the records go on by before, the number of a record",
        ));
    }
    match parts.as_slice() {
        [""] => {
            let cursor = Some(asked("cursor")).filter(|c| !c.is_empty());
            let found = look::sessions(app, face, cursor.as_deref())?;
            let own = json!({"list": found, "first": cursor.is_none()});
            page(app, "sessions", "sessions", own)
        }
        ["sessions", id] => session(app, face, id),
        ["sessions", id, "constraints", constraint] => {
            let trace = look::trace(app, face, id, constraint)?;
            page(app, "constraint", "sessions", json!({"trace": trace, "session": id}))
        }
        ["records"] => {
            let filter = Filter {
                text: asked("text"),
                kind: asked("kind"),
                phase: asked("phase"),
                tool: asked("tool"),
                outcome: asked("outcome"),
                who: asked("who"),
                session: asked("session"),
                since: asked("since"),
                until: asked("until"),
                before: asked("before"),
            };
            let found = look::records(app, face, &filter)?;
            let kinds: Vec<&str> = EventKind::ALL.iter().map(|k| k.as_str()).collect();
            let phases: Vec<&str> = Phase::ALL.iter().map(|p| p.as_str()).collect();
            let own =
                json!({"found": found, "filter": filter, "kinds": kinds, "phases": phases, "rest": rest(&filter)});
            page(app, "records", "records", own)
        }
        ["records", seq] => match seq.parse::<u64>() {
            Ok(seq) if seq > 0 => {
                let record = look::record(app, face, seq)?;
                let pretty = |v: Option<&Value>| v.map(|v| format!("{v:#}")).unwrap_or_default();
                let own = json!({
                    "data": pretty(record.data.as_ref()),
                    "input": pretty(record.input.json.as_ref()),
                    "output": pretty(record.output.json.as_ref()),
                    "record": record,
                });
                page(app, "record", "records", own)
            }
            _ => Ok(problem(
                StatusCode::NOT_FOUND,
                "No such record",
                &format!("\"{}\" is no number of a record", text::quoted(seq, 40)),
                "records are numbered from 1: /records/1",
            )),
        },
        ["compare"] => {
            let (left, right) = (asked("left"), asked("right"));
            let given = !left.trim().is_empty() && !right.trim().is_empty();
            let diff = if given { Some(look::diff(app, face, left.trim(), right.trim())?) } else { None };
            page(app, "diff", "compare", json!({"left": left, "right": right, "diff": diff}))
        }
        ["head"] => Ok(Page { status: StatusCode::OK, media: TEXT, body: format!("{}\n", look::head(app)?) }),
        _ => Ok(problem(
            StatusCode::NOT_FOUND,
            "No such page",
            &format!("nothing lies at {}", text::quoted(path, 120)),
            "begin with the sessions, or search the records",
        )),
    }
}

fn session(app: &App, face: &Face, id: &str) -> Result<Page, No> {
    let looked = look::session(app, face, id)?;
    let constraints = format!("/sessions/{id}/constraints/");
    let view = View::served(&looked.dossier, "/records/", &constraints, &looked.missing);
    let own = json!({"waiting": looked.waiting, "confirm": looked.confirm, "next": looked.next});
    #[derive(Serialize)]
    struct Own<'d> {
        #[serde(flatten)]
        view: View<'d>,
        live: Value,
    }
    page(app, "session", "sessions", Own { view, live: own })
}

/// The filter as a query, without where it goes on: for the links to other pages of the same search.
fn rest(filter: &Filter) -> String {
    let Filter { text, kind, phase, tool, outcome, who, session, since, until, before: _ } = filter;
    let all = [
        ("text", text),
        ("kind", kind),
        ("phase", phase),
        ("tool", tool),
        ("outcome", outcome),
        ("who", who),
        ("session", session),
        ("since", since),
        ("until", until),
    ];
    let given = all.into_iter().filter(|(_, value)| !value.trim().is_empty());
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(given).finish()
}

fn page<T: Serialize>(app: &App, template: &str, here: &str, own: T) -> Result<Page, No> {
    let head = look::head(app)?;
    let frame = Frame { own, version: env!("CARGO_PKG_VERSION"), style: html::STYLE, script: SCRIPT, here, head };
    let body = html::page(template, &frame).map_err(|e| crate::app::Fault::internal(&e))?;
    Ok(Page { status: StatusCode::OK, media: HTML, body })
}

fn refused(no: &No) -> Page {
    match no {
        No::Refusal(refusal) => {
            let status = if refusal.code.starts_with("unknown-") || refusal.code == "no-contract" {
                StatusCode::NOT_FOUND
            } else {
                StatusCode::BAD_REQUEST
            };
            problem(status, &refusal.code, &refusal.because, further(refusal))
        }
        No::Fault(fault) => problem(StatusCode::INTERNAL_SERVER_ERROR, "failed", &fault.because, &fault.next),
        No::NeedsHuman(question) => {
            problem(StatusCode::BAD_REQUEST, "waits for a person", &question.message, "answer on the command line")
        }
    }
}

/// What gets further here: the same refusal is told to agents with the tools that they have, and a reader has pages.
fn further(refusal: &Refusal) -> &str {
    match refusal.code.as_str() {
        "unknown-session" => "look for it in the list of the sessions",
        "unknown-record" => "search the records: each is listed with its number",
        "unknown-constraint" => "the page of the session lists its constraints",
        "no-contract" => "the page of the session shows what was done so far: no contract was checked in it yet",
        "bad-cursor" => "leave it out to begin with the newest",
        _ => &refusal.next,
    }
}

/// A page that says why there is none, and what gets further.
pub(super) fn problem(status: StatusCode, title: &str, because: &str, next: &str) -> Page {
    let own = json!({"title": title, "because": because, "next": next, "status": status.as_u16()});
    let frame =
        Frame { own, version: env!("CARGO_PKG_VERSION"), style: html::STYLE, script: SCRIPT, here: "", head: 0 };
    match html::page("problem", &frame) {
        Ok(body) => Page { status, media: HTML, body },
        Err(e) => Page { status, media: TEXT, body: format!("{title}: {because}\nnext: {next}\n({e})\n") },
    }
}
