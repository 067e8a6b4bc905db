//! One generic adapter from use case to tool, and the list of all.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use rmcp::model::{CallToolResult, ContentBlock, JsonObject, MetaObject, Tool, ToolAnnotations};
use serde::Deserialize as _;
use serde_json::Value;

use super::schema;
use crate::app::{self, App, Face, Fault, HumanInput, HumanQuestion, No, Refusal, UseCase};
use crate::base::text;
use crate::render;

/// What a call came to.
pub(super) enum Came {
    /// A result for the client.
    Result(Box<CallToolResult>),
    /// A question that only a human can answer.
    Ask(HumanQuestion),
    /// A fault: a JSON-RPC error.
    Fault(Fault),
}

/// A use case as a tool.
pub(super) struct Route {
    /// What `tools/list` says of it.
    pub(super) tool: Tool,
    /// Runs it; blocking.
    pub(super) run: fn(&App, &Face, HumanInput, JsonObject, Style) -> Came,
}

/// How much a client understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// Structured content, with the same as plain lines beside it.
    Structured,
    /// Text only (protocols before 2025-06-18): the same JSON as text.
    Text,
}

/// What every form of an answer must stay under, in characters (law 10).
pub(super) const MOST: usize = 10_000;
/// Characters that the text of an answer gets, however large its structure is.
const LEAST_TEXT: usize = 4_000;

/// Where an answer carries its place in the evidence.
pub(super) const EVIDENCE: &str = "platform-integration/evidence";

/// All tools, in the order of the work.
pub(super) static ALL: LazyLock<Vec<Route>> = LazyLock::new(|| {
    vec![
        route::<app::OpenSession>(),
        route::<app::MapSystem>(),
        route::<app::InspectSystem>(),
        route::<app::CheckDrift>(),
        route::<app::RecordConstraint>(),
        route::<app::ConfirmConstraints>(),
        route::<app::DraftContract>(),
        route::<app::CheckContract>(),
        route::<app::ScaffoldConnector>(),
        route::<app::RunDrills>(),
        route::<app::AssessReadiness>(),
        route::<app::ExportDossier>(),
        route::<app::QueryEvidence>(),
    ]
});

/// Names of all tools, in the order of the work.
#[must_use]
pub fn names() -> Vec<&'static str> {
    vec![
        app::OpenSession::NAME,
        app::MapSystem::NAME,
        app::InspectSystem::NAME,
        app::CheckDrift::NAME,
        app::RecordConstraint::NAME,
        app::ConfirmConstraints::NAME,
        app::DraftContract::NAME,
        app::CheckContract::NAME,
        app::ScaffoldConnector::NAME,
        app::RunDrills::NAME,
        app::AssessReadiness::NAME,
        app::ExportDossier::NAME,
        app::QueryEvidence::NAME,
    ]
}

fn route<U: UseCase>() -> Route {
    let mut annotations =
        ToolAnnotations::new().read_only(U::HINTS.read_only).destructive(U::HINTS.destructive).open_world(false);
    // Of what only reads the protocol does not ask it.
    if !U::HINTS.read_only {
        annotations = annotations.idempotent(U::HINTS.idempotent);
    }
    let tool = Tool::new(U::NAME, Cow::Borrowed(U::SUMMARY), schema::input::<U::Params>())
        .with_title(U::TITLE)
        .with_raw_output_schema(schema::output())
        .with_annotations(annotations);
    Route { tool, run: run::<U> }
}

fn run<U: UseCase>(app: &App, face: &Face, human: HumanInput, arguments: JsonObject, style: Style) -> Came {
    let arguments = Value::Object(arguments);
    let params = match U::Params::deserialize(&arguments) {
        Ok(params) => params,
        Err(e) => return refused(&misfit::<U>(&arguments, &e)),
    };
    match app::execute::<U>(app, face, human, params) {
        Ok(answered) => match serde_json::to_value(&answered.answer) {
            Ok(value) => Came::Result(Box::new(answer(value, &answered.summary, answered.seq, &answered.head, style))),
            Err(e) => Came::Fault(Fault::internal(&e)),
        },
        Err(No::Refusal(refusal)) => refused(&refusal),
        Err(No::Fault(fault)) => Came::Fault(fault),
        Err(No::NeedsHuman(question)) => Came::Ask(question),
    }
}

/// Arguments that do not fit, with the name that was meant; the schema is looked into only here.
fn misfit<U: UseCase>(arguments: &Value, error: &serde_json::Error) -> Refusal {
    let schema = schema::input::<U::Params>();
    let known: Vec<&str> = schema
        .get("properties")
        .and_then(Value::as_object)
        .map(|p| p.keys().map(String::as_str).collect())
        .unwrap_or_default();
    let stranger = arguments.as_object().and_then(|a| a.keys().find(|k| !known.contains(&k.as_str())));
    let near = stranger.map(|s| text::did_you_mean(s, known.iter().copied())).unwrap_or_default();
    Refusal::new(
        "bad-arguments",
        format!("{}: {}{near}", U::NAME, text::quoted(&error.to_string(), 300)),
        format!("call {} with: {}", U::NAME, known.join(", ")),
    )
}

/// A refusal is text alone: hosts show the model only the text of an error, and a client that validates would take a
/// structure of another shape for a fault of ours.
fn refused(refusal: &Refusal) -> Came {
    Came::Result(Box::new(CallToolResult::error(vec![ContentBlock::text(refusal.to_string())])))
}

fn answer(value: Value, summary: &str, seq: u64, head: &str, style: Style) -> CallToolResult {
    let mut meta = MetaObject::new();
    // The client's transcript witnesses the chain: a log rewritten later no longer fits it.
    meta.0.insert(EVIDENCE.to_owned(), serde_json::json!({"seq": seq, "head": head}));
    let mut result = match style {
        Style::Structured => {
            // A client shows its model one of the two, and does not say which: each must be enough to go on with. Both
            // together stay under the ceiling where they can.
            let room = MOST.saturating_sub(value.to_string().chars().count()).max(LEAST_TEXT);
            let text = render::brief(summary, &value, room);
            let mut result = CallToolResult::structured(value);
            result.content = vec![ContentBlock::text(text)];
            result
        }
        Style::Text => CallToolResult::success(vec![ContentBlock::text(value.to_string())]),
    };
    result.meta = Some(meta);
    result
}

/// The tool of this name.
pub(super) fn find(name: &str) -> Option<&'static Route> {
    ALL.iter().find(|r| r.tool.name == name)
}

/// The list as it goes out.
pub(super) fn list() -> Vec<Tool> {
    ALL.iter().map(|r| r.tool.clone()).collect()
}

/// Shared by the handler: the app behind an `Arc`, so that a blocking thread can hold it.
pub(super) type Shared = Arc<App>;
