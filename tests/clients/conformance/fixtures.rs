//! What the official conformance suite calls by name: two thirds of its scenarios call tools, prompts and resources that
//! only a test server has. The names and answers are the suite's.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ClientCapabilities, ContentBlock, ElicitRequest,
    ElicitRequestParams, ElicitationSchema, GetPromptResult, InputRequest, InputRequiredResult, JsonObject,
    ProgressNotificationParam, Prompt, PromptArgument, PromptMessage, Reference, RequestStateCodec, Resource,
    ResourceContents, ResourceTemplate, Role, Tool,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer};
use serde_json::{Value, json};

const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const WAV: &str = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA=";

/// Tools that take nothing.
const PLAIN: &[&str] = &[
    "test_simple_text",
    "test_image_content",
    "test_audio_content",
    "test_embedded_resource",
    "test_multiple_content_types",
    "test_error_handling",
    "test_tool_with_progress",
    "test_elicitation_sep1034_defaults",
    "test_elicitation_sep1330_enums",
    "test_missing_capability",
    "test_streaming_elicitation",
    "test_input_required_result_elicitation",
    "test_input_required_result_capabilities",
    "test_input_required_result_request_state",
    "test_input_required_result_tampered_state",
    "test_input_required_result_multi_round",
];

static CODEC: LazyLock<RequestStateCodec> = LazyLock::new(|| {
    RequestStateCodec::try_new(rand::random::<[u8; 32]>()).expect("thirty-two bytes are enough for a key")
});

type Answer = Result<CallToolResponse, ErrorData>;

/// The suite's tools.
pub(crate) fn tools() -> Vec<Tool> {
    let mut all: Vec<Tool> = PLAIN.iter().map(|name| tool(name, json!({"type": "object", "properties": {}}))).collect();
    all.push(tool("test_elicitation", texts(&["message"])));
    all.push(tool(
        "test_custom_header",
        json!({"type": "object", "required": ["value"],
            "properties": {"value": {"type": "string", "x-mcp-header": "Value"}}}),
    ));
    all.push(tool(
        "json_schema_2020_12_tool",
        json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "$defs": {"address": {"$anchor": "addressDef", "type": "object",
                "properties": {"street": {"type": "string"}, "city": {"type": "string"}}}},
            "properties": {"name": {"type": "string"}, "address": {"$ref": "#/$defs/address"},
                "contactMethod": {"type": "string", "enum": ["phone", "email"]},
                "phone": {"type": "string"}, "email": {"type": "string"}},
            "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
            "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
            "then": {"required": ["phone"]},
            "else": {"required": ["email"]},
            "additionalProperties": false
        }),
    ));
    all
}

fn tool(name: &'static str, schema: Value) -> Tool {
    Tool::new(name, "A fixture of the conformance suite.", Arc::new(rmcp::model::object(schema)))
}

/// An object of texts, all required.
fn texts(names: &[&str]) -> Value {
    let properties: JsonObject = names.iter().map(|n| ((*n).to_owned(), json!({"type": "string"}))).collect();
    json!({"type": "object", "properties": properties, "required": names})
}

/// Answers a call of one of [`tools`].
pub(crate) async fn call(request: &CallToolRequestParams, context: &RequestContext<RoleServer>) -> Answer {
    let text = ContentBlock::text;
    match request.name.as_ref() {
        "test_simple_text" => ok(vec![text("This is a simple text response for testing.")]),
        "test_image_content" => ok(vec![ContentBlock::image(PNG, "image/png")]),
        "test_audio_content" => ok(vec![ContentBlock::audio(WAV, "audio/wav")]),
        "test_embedded_resource" => ok(vec![ContentBlock::resource(ResourceContents::text(
            "This is an embedded resource content.",
            "test://embedded-resource",
        ))]),
        "test_multiple_content_types" => ok(vec![
            text("Multiple content types test:"),
            ContentBlock::image(PNG, "image/png"),
            ContentBlock::resource(
                ResourceContents::text(r#"{"test":"data","value":123}"#, "test://mixed-content-resource")
                    .with_mime_type("application/json"),
            ),
        ]),
        "test_error_handling" => {
            Ok(CallToolResult::error(vec![text("This tool intentionally returns an error for testing")]).into())
        }
        "test_tool_with_progress" => progress(context).await,
        "test_missing_capability" => {
            if context.client_capabilities().is_some_and(|c| c.sampling.is_some()) {
                return ok(vec![text("declared")]);
            }
            #[expect(deprecated, reason = "the suite asks for the code of a missing capability by this one")]
            let missing = ClientCapabilities::builder().enable_sampling().build();
            Err(ErrorData::missing_required_client_capability(missing))
        }
        name if name.starts_with("test_elicitation") => elicit(request, context).await,
        name if name.starts_with("test_streaming_elicitation") || name.starts_with("test_input_required") => {
            input_required(request, context)
        }
        _ => ok(vec![text("ok")]),
    }
}

fn ok(content: Vec<ContentBlock>) -> Answer {
    Ok(CallToolResult::success(content).into())
}

async fn progress(context: &RequestContext<RoleServer>) -> Answer {
    for done in [0.0, 50.0, 100.0] {
        if let Some(token) = context.meta.get_progress_token() {
            let told = ProgressNotificationParam::new(token, done).with_total(100.0);
            // A client that went away hears nothing.
            let _ = context.peer.notify_progress(told).await;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    ok(vec![ContentBlock::text("done")])
}

/// A request of ours inside the call: the older protocol.
async fn elicit(request: &CallToolRequestParams, context: &RequestContext<RoleServer>) -> Answer {
    let (message, schema) = match request.name.as_ref() {
        "test_elicitation_sep1034_defaults" => (
            "defaults",
            json!({"type": "object", "properties": {
                "name": {"type": "string", "default": "John Doe"}, "age": {"type": "integer", "default": 30},
                "score": {"type": "number", "default": 95.5},
                "status": {"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
                "verified": {"type": "boolean", "default": true}}}),
        ),
        "test_elicitation_sep1330_enums" => (
            "enums",
            json!({"type": "object", "properties": {
                "untitledSingle": {"type": "string", "enum": ["option1", "option2", "option3"]},
                "titledSingle": {"type": "string", "oneOf": [{"const": "value1", "title": "First Option"},
                    {"const": "value2", "title": "Second Option"}, {"const": "value3", "title": "Third Option"}]},
                "legacyEnum": {"type": "string", "enum": ["opt1", "opt2", "opt3"],
                    "enumNames": ["Option One", "Option Two", "Option Three"]},
                "untitledMulti": {"type": "array",
                    "items": {"type": "string", "enum": ["option1", "option2", "option3"]}},
                "titledMulti": {"type": "array", "items": {"anyOf": [{"const": "value1", "title": "First Choice"},
                    {"const": "value2", "title": "Second Choice"}, {"const": "value3", "title": "Third Choice"}]}}}}),
        ),
        _ => {
            let given = request.arguments.as_ref().and_then(|a| a.get("message")).and_then(Value::as_str);
            (given.unwrap_or("?"), texts(&["username", "email"]))
        }
    };
    let result = context
        .peer
        .create_elicitation(form(message, schema)?)
        .await
        .map_err(|e| ErrorData::internal_error(e.to_string(), None))?;
    let said = format!("Elicitation completed: action={:?}, content={:?}", result.action, result.content);
    ok(vec![ContentBlock::text(said)])
}

/// An answer that asks, and a second call: the newer protocol.
fn input_required(request: &CallToolRequestParams, context: &RequestContext<RoleServer>) -> Answer {
    let text = |said: &str| ok(vec![ContentBlock::text(said)]);
    let opened = request
        .request_state
        .as_deref()
        .map(|sealed| CODEC.open(sealed))
        .transpose()
        .map_err(|_| ErrorData::invalid_params("requestState is not valid for this call", None))?;
    match request.name.as_ref() {
        "test_input_required_result_capabilities" => {
            if context.client_capabilities().is_some_and(|c| c.elicitation.is_some()) {
                ask("user_name", "What is your name?", texts(&["name"]), None)
            } else {
                text("no elicitation declared")
            }
        }
        "test_input_required_result_request_state" | "test_input_required_result_tampered_state" => match opened {
            Some(_) => text("state-ok"),
            None => {
                let schema = json!({"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"]});
                ask("confirm", "Please confirm", schema, Some(b"one"))
            }
        },
        "test_input_required_result_multi_round" => match opened.as_deref() {
            None => ask("step1", "Step 1: What is your name?", texts(&["name"]), Some(b"one")),
            Some(b"one") => ask("step2", "Step 2: What is your favorite color?", texts(&["color"]), Some(b"two")),
            Some(_) => text("done"),
        },
        _ => {
            let answers = request.input_responses.as_ref();
            match answers.and_then(|a| a.get("user_name")).and_then(|v| v["content"]["name"].as_str()) {
                Some(name) => text(&format!("Hello, {name}!")),
                None => ask("user_name", "What is your name?", texts(&["name"]), None),
            }
        }
    }
}

fn form(message: &str, schema: Value) -> Result<ElicitRequestParams, ErrorData> {
    Ok(ElicitRequestParams::FormElicitationParams {
        meta: None,
        message: message.to_owned(),
        requested_schema: ElicitationSchema::from_json_schema(rmcp::model::object(schema))
            .map_err(|e| ErrorData::internal_error(e.to_string(), None))?,
    })
}

fn ask(key: &str, message: &str, schema: Value, state: Option<&[u8]>) -> Answer {
    let request = InputRequest::Elicitation(ElicitRequest::new(form(message, schema)?));
    let requests = std::iter::once((key.to_owned(), request)).collect();
    Ok(InputRequiredResult::new(Some(requests), state.map(|s| CODEC.seal(s))).into())
}

/// The suite's prompts.
pub(crate) fn prompts() -> Vec<Prompt> {
    let prompt = |name: &str, arguments: &[&str]| {
        let arguments = arguments.iter().map(|a| PromptArgument::new(*a).with_required(true)).collect::<Vec<_>>();
        let arguments = (!arguments.is_empty()).then_some(arguments);
        Prompt::new(name, Some("A fixture of the conformance suite."), arguments)
    };
    vec![
        prompt("test_simple_prompt", &[]),
        prompt("test_prompt_with_arguments", &["arg1", "arg2"]),
        prompt("test_prompt_with_image", &[]),
        prompt("test_prompt_with_embedded_resource", &["resourceUri"]),
    ]
}

/// One of [`prompts`].
pub(crate) fn prompt(name: &str, arguments: Option<&JsonObject>) -> Option<GetPromptResult> {
    let argument = |name: &str| arguments.and_then(|a| a.get(name)).and_then(Value::as_str).unwrap_or_default();
    let user = |said: &str| PromptMessage::new_text(Role::User, said);
    let messages = match name {
        "test_simple_prompt" => vec![user("This is a simple prompt for testing.")],
        "test_prompt_with_arguments" => {
            let (one, two) = (argument("arg1"), argument("arg2"));
            vec![user(&format!("Prompt with arguments: arg1='{one}', arg2='{two}'"))]
        }
        "test_prompt_with_image" => vec![
            PromptMessage::new(Role::User, ContentBlock::image(PNG, "image/png")),
            user("Please analyze the image above."),
        ],
        "test_prompt_with_embedded_resource" => vec![
            PromptMessage::new(
                Role::User,
                ContentBlock::resource(ResourceContents::text(
                    "Embedded resource content for testing.",
                    argument("resourceUri"),
                )),
            ),
            user("Please process the embedded resource above."),
        ],
        _ => return None,
    };
    Some(GetPromptResult::new(messages))
}

/// The suite's resources.
pub(crate) fn resources() -> Vec<Resource> {
    vec![
        Resource::new("test://static-text", "static-text").with_mime_type("text/plain"),
        Resource::new("test://static-binary", "static-binary").with_mime_type("image/png"),
    ]
}

/// The suite's template.
pub(crate) fn template() -> ResourceTemplate {
    ResourceTemplate::new("test://template/{id}/data", "template").with_mime_type("application/json")
}

/// What stands at one of the suite's addresses.
pub(crate) fn read(uri: &str) -> Option<ResourceContents> {
    match uri {
        "test://static-text" => Some(ResourceContents::text("This is the content of the static text resource.", uri)),
        "test://static-binary" => Some(ResourceContents::blob(PNG, uri).with_mime_type("image/png")),
        _ => {
            let id = uri.strip_prefix("test://template/")?.strip_suffix("/data")?;
            let value = json!({"id": id, "templateTest": true, "data": format!("Data for ID: {id}")});
            Some(ResourceContents::text(value.to_string(), uri).with_mime_type("application/json"))
        }
    }
}

/// Whether a completion is asked for one of the suite's own.
pub(crate) fn completes(reference: &Reference) -> bool {
    match reference {
        Reference::Prompt(prompt) => prompt.name.starts_with("test_"),
        Reference::Resource(template) => template.uri.starts_with("test://"),
        _ => false,
    }
}
