//! Asks a human through the client, in both protocol eras: a request of ours inside the call (up to 2025-11-25), or an
//! input-required result and a second call (2026-07-28). Every question is a required field without a default, because
//! some clients accept an empty form on their own.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use rmcp::model::{
    ElicitRequest, ElicitRequestParams, ElicitResult, ElicitationAction, ElicitationSchema, EnumSchema, InputRequest,
    InputRequests, InputRequiredResult, InputResponses, ProtocolVersion, RequestStateCodec, SealOptions, StringSchema,
};
use rmcp::service::{ElicitationMode, RequestContext};
use rmcp::{ErrorData, RoleServer};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::app::{Asked as Question, Channel, HumanDecision, HumanInput, HumanQuestion};
use crate::base::digest::Digest;

const KEY: &str = "constraints";
/// How long a question stays open: the newer era's state lives as long.
const OPEN_FOR: Duration = Duration::from_secs(600);
/// The older era holds the tool call open; clients give up on calls after some minutes.
const WAIT: Duration = Duration::from_secs(240);

/// What asking came to.
pub(super) enum Asked {
    /// Go on with this.
    Input(HumanInput),
    /// Return this: the client asks the user and calls again.
    Pending(Box<InputRequiredResult>),
}

#[derive(Serialize, Deserialize)]
struct Sealed {
    nonce: String,
}

/// Asks, and remembers what was answered, so that an answer counts once.
pub(super) struct Asker {
    codec: RequestStateCodec,
    used: Mutex<BTreeMap<String, tokio::time::Instant>>,
}

impl Asker {
    /// With a key of its own: a restart voids open questions, and the client is asked again.
    pub(super) fn new() -> Result<Self, String> {
        let key: [u8; 32] = rand::random();
        Ok(Self { codec: RequestStateCodec::try_new(key).map_err(|e| e.to_string())?, used: Mutex::default() })
    }

    /// Puts the question to the human behind this client.
    pub(super) async fn ask(
        &self,
        context: &RequestContext<RoleServer>,
        arguments: &Value,
        question: &HumanQuestion,
        state: Option<String>,
        answers: Option<InputResponses>,
    ) -> Result<Asked, ErrorData> {
        let modern = context.protocol_version().is_some_and(|v| v >= ProtocolVersion::V_2026_07_28);
        if modern {
            self.modern(context, arguments, question, state, answers)
        } else {
            Ok(Asked::Input(older(context, question).await?))
        }
    }

    fn modern(
        &self,
        context: &RequestContext<RoleServer>,
        arguments: &Value,
        question: &HumanQuestion,
        state: Option<String>,
        answers: Option<InputResponses>,
    ) -> Result<Asked, ErrorData> {
        // Bound to the call *and* to what was asked: an answer to other constraints is none.
        let digest =
            Digest::of_json(&serde_json::json!({"arguments": arguments, "question": question.digest().as_str()}));
        let bad = || ErrorData::invalid_params("requestState is not valid for this call; call again without it", None);
        if let Some(sealed) = &state
            && let Some(answer) = answers.as_ref().and_then(|a| a.get(KEY))
        {
            let opened: Sealed = self.codec.open_json_with(sealed, digest.as_str().as_bytes()).map_err(|_| bad())?;
            let result: ElicitResult = serde_json::from_value(answer.clone())
                .map_err(|e| ErrorData::invalid_params(format!("inputResponses.{KEY}: {e}"), None))?;
            let mut used = self.used.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            used.retain(|_, at| at.elapsed() < OPEN_FOR);
            if used.insert(opened.nonce, tokio::time::Instant::now()).is_some() {
                return Err(bad());
            }
            return Ok(Asked::Input(read(&result, question)));
        }
        let can = context
            .client_capabilities()
            .and_then(|c| c.elicitation)
            .is_some_and(|e| e.form.is_some() || e.url.is_none());
        if !can {
            return Ok(Asked::Input(unreachable_client()));
        }
        let nonce = Sealed { nonce: format!("{:032x}", rand::random::<u128>()) };
        let sealed = self
            .codec
            .seal_json_with(&nonce, &SealOptions::new().associated_data(digest.as_str().as_bytes()).ttl(OPEN_FOR))
            .map_err(|e| ErrorData::internal_error(e.to_string(), None))?;
        let requests =
            InputRequests::from([(KEY.to_owned(), InputRequest::Elicitation(ElicitRequest::new(form(question)?)))]);
        Ok(Asked::Pending(Box::new(InputRequiredResult::new(Some(requests), Some(sealed)))))
    }
}

async fn older(context: &RequestContext<RoleServer>, question: &HumanQuestion) -> Result<HumanInput, ErrorData> {
    if !context.peer.supported_elicitation_modes().contains(&ElicitationMode::Form) {
        return Ok(unreachable_client());
    }
    let asked = context.peer.create_elicitation_with_timeout(form(question)?, Some(WAIT));
    tokio::select! {
        result = asked => Ok(match result {
            Ok(result) => read(&result, question),
            Err(e) => HumanInput::Unreachable { because: format!("the client could not show the question: {e}") },
        }),
        () = context.ct.cancelled() => Ok(HumanInput::Unreachable { because: "the call was cancelled".to_owned() }),
    }
}

fn unreachable_client() -> HumanInput {
    HumanInput::Unreachable { because: "this client cannot show the user a form".to_owned() }
}

/// The words of an answer. Some clients preselect the first, so the first decides nothing.
const WORDS: [&str; 3] = ["defer", "reject", "confirm"];

/// The field beside a question; a constraint's id has no colon, so the names never meet.
fn note_of(id: &str) -> String {
    format!("{id}:note")
}

fn form(question: &HumanQuestion) -> Result<ElicitRequestParams, ErrorData> {
    let mut builder = ElicitationSchema::builder();
    for Question { id, says, .. } in &question.items {
        // Required and without a default: a form that a client accepts on its own answers nothing.
        let field =
            EnumSchema::builder(WORDS.map(str::to_owned).to_vec()).title(id.clone()).description(says.clone()).build();
        let note = StringSchema::new()
            .title(format!("{id}: if rejected or deferred"))
            .description("Rejected: what holds instead. Deferred: the risk, and who takes it.")
            .max_length(300);
        builder = builder.required_enum_schema(id.clone(), field).string_property(note_of(id), |_| note);
    }
    let requested_schema = builder.build().map_err(|e| ErrorData::internal_error(e, None))?;
    Ok(ElicitRequestParams::FormElicitationParams { meta: None, message: question.message.clone(), requested_schema })
}

fn read(result: &ElicitResult, question: &HumanQuestion) -> HumanInput {
    match result.action {
        ElicitationAction::Accept => {}
        ElicitationAction::Decline => {
            return HumanInput::Unreachable { because: "the user declined to answer".to_owned() };
        }
        _ => return HumanInput::Unreachable { because: "the user dismissed the question".to_owned() },
    }
    let decisions: Vec<HumanDecision> = question
        .items
        .iter()
        .filter_map(|asked| {
            let content = result.content.as_ref()?;
            let word = content.get(&asked.id)?.as_str().filter(|word| WORDS.contains(word))?.to_owned();
            let note = content.get(note_of(&asked.id).as_str()).and_then(Value::as_str).map(str::to_owned);
            Some(HumanDecision { id: asked.id.clone(), word, note, digest: asked.digest.clone() })
        })
        .collect();
    if decisions.is_empty() {
        // An accepted form without content was accepted by the client, not by a person.
        return HumanInput::Unreachable {
            because: "the form came back accepted but empty, so nobody decided anything".to_owned(),
        };
    }
    HumanInput::Answered { channel: Channel::Elicitation, by: "the user of the client".to_owned(), decisions }
}
