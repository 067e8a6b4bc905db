//! One span for one tool call, by the MCP and GenAI conventions of OpenTelemetry: what was called, over which protocol,
//! how it ended. No argument and no result goes into it.
//! <https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/gen-ai/mcp.md>

use rmcp::model::CallToolResponse;
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer};
use serde_json::Value;

use super::tool;
use crate::app::App;
use crate::base::trace::{Attribute, Span, SpanKind, TraceContext};

const KEY: &str = "traceparent";

/// The trace that the client says the call belongs to; the same key in both eras.
pub(super) fn sent(context: &RequestContext<RoleServer>) -> Option<TraceContext> {
    context.meta.0.get(KEY).and_then(Value::as_str).and_then(TraceContext::parse)
}

/// Begins the span of a call where spans are collected, below what the client sent; from then on the call's own
/// context stands in its place, for the evidence and for whatever the call brings about.
pub(super) fn begin(app: &App, name: &str, context: &mut RequestContext<RoleServer>) -> Option<Box<dyn Span>> {
    let tracer = app.tracer.as_ref()?;
    let mut attributes: Vec<(&'static str, Attribute)> = vec![
        ("mcp.method.name", "tools/call".into()),
        ("gen_ai.operation.name", "execute_tool".into()),
        ("jsonrpc.request.id", context.id.to_string().into()),
    ];
    // A name that no tool has is the client's text, and of endless variety.
    let known = tool::find(name).map(|r| r.tool.name.as_ref());
    if let Some(name) = known {
        attributes.push(("gen_ai.tool.name", name.into()));
    }
    if let Some(version) = context.protocol_version() {
        attributes.push(("mcp.protocol.version", version.to_string().into()));
    }
    match context.extensions.get::<http::request::Parts>() {
        Some(parts) => {
            attributes.push(("network.transport", "tcp".into()));
            attributes.push(("network.protocol.name", "http".into()));
            if let Some(session) = parts.headers.get("mcp-session-id").and_then(|v| v.to_str().ok()) {
                attributes.push(("mcp.session.id", session.into()));
            }
        }
        None => attributes.push(("network.transport", "pipe".into())),
    }
    let name = known.map_or_else(|| "tools/call".to_owned(), |name| format!("tools/call {name}"));
    let span = tracer.begin(&name, SpanKind::Server, sent(context), attributes);
    context.meta.0.insert(KEY.to_owned(), span.context().to_string().into());
    Some(span)
}

/// Tells the span how the call ended.
pub(super) fn end(span: Option<Box<dyn Span>>, answered: &Result<CallToolResponse, ErrorData>) {
    let Some(mut span) = span else { return };
    match answered {
        Ok(CallToolResponse::Complete(result)) => {
            let place = result.meta.as_ref().and_then(|m| m.0.get(tool::EVIDENCE));
            if let Some(seq) = place.and_then(|e| e.get("seq")).and_then(Value::as_u64) {
                span.set("platform_integration.evidence.seq", seq.into());
            }
            if result.is_error == Some(true) {
                span.fail("tool_error");
            }
        }
        // The client asks its user and calls again: no failure, and not the end of it.
        Ok(_) => {}
        Err(error) => {
            let code = error.code.0.to_string();
            span.set("rpc.response.status_code", code.as_str().into());
            span.fail(&code);
        }
    }
}
