//! The one prompt: a person begins an integration with it.

use rmcp::ErrorData;
use rmcp::model::{
    CacheScope, CompletionInfo, GetPromptResult, JsonObject, ListPromptsResult, Prompt, PromptArgument, PromptMessage,
    Role,
};
use serde_json::{Value, json};

use super::server::LIST_TTL_MS;
use crate::app::{App, Face, browse};
use crate::base::text;

/// Its name.
pub(super) const INTEGRATE: &str = "integrate";
/// Its arguments.
pub(super) const ARGUMENTS: [&str; 2] = ["name", "goal"];

/// The list as it goes out.
pub(super) fn list() -> ListPromptsResult {
    let arguments = vec![
        PromptArgument::new("name").with_description("Kebab-case, e.g. billing-to-crm.").with_required(true),
        PromptArgument::new("goal").with_description("What is to be reached, in a sentence.").with_required(true),
    ];
    let description = "Integrate two platforms: map, contract, connector, drills, dossier, with evidence of each step.";
    let ours = [Prompt::new(INTEGRATE, Some(description), Some(arguments)).with_title("Integrate two platforms")];
    let ours = ours.into_iter();
    #[cfg(feature = "conformance")]
    let ours = ours.chain(super::conformance::prompts());
    ListPromptsResult::with_all_items(ours.collect()).with_ttl_ms(LIST_TTL_MS).with_cache_scope(CacheScope::Public)
}

/// The words that begin the work.
pub(super) fn get(name: &str, arguments: Option<&JsonObject>) -> Result<GetPromptResult, ErrorData> {
    known(name)?;
    let mut given = Vec::new();
    for argument in ARGUMENTS {
        let value = arguments.and_then(|a| a.get(argument)).and_then(Value::as_str).unwrap_or_default();
        let value = text::quoted(value, 400);
        if value.is_empty() {
            return Err(ErrorData::invalid_params(format!("{INTEGRATE} needs the argument {argument}"), None));
        }
        given.push((argument.to_owned(), Value::from(value)));
    }
    let call = json!(given.into_iter().collect::<JsonObject>());
    let words = format!(
        "Integrate two platforms with the platform-integration tools. Begin with open_session {call}, then ask me for the \
         paths of both API descriptions if I have not named them, and map_system each. After that follow the `next` of \
         each answer: constraints before the contract, check_contract until it compiles, run_drills before any claim. \
         What is inferred I confirm, not you: call confirm_constraints and wait for me. Do not call it done before \
         assess_readiness does, and quote its confidence line as it stands."
    );
    Ok(GetPromptResult::new(vec![PromptMessage::new_text(Role::User, words)]))
}

/// What may stand in an argument.
pub(super) fn complete(
    app: &App,
    face: &Face,
    name: &str,
    argument: &str,
    typed: &str,
) -> Result<CompletionInfo, ErrorData> {
    known(name)?;
    if !ARGUMENTS.contains(&argument) {
        let near = text::did_you_mean(argument, ARGUMENTS);
        return Err(ErrorData::invalid_params(
            format!("{name} has no argument \"{}\"{near}", text::quoted(argument, 60)),
            None,
        ));
    }
    let values = browse::complete(app, face, argument, typed)
        .map_err(|no| ErrorData::internal_error(format!("{no:?}"), None))?;
    CompletionInfo::new(values).map_err(|e| ErrorData::internal_error(e, None))
}

fn known(name: &str) -> Result<(), ErrorData> {
    if name == INTEGRATE {
        return Ok(());
    }
    Err(ErrorData::invalid_params(format!("no prompt \"{}\"; there is: {INTEGRATE}", text::quoted(name, 60)), None))
}
