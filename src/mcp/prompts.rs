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

/// The skill behind it, below `skill://`.
const SKILL: &str = "platform-integration/SKILL.md";
/// Its name.
pub(super) const INTEGRATE: &str = "integrate";
/// Its arguments: name, what it is, whether it must be given.
const ARGUMENTS: [(&str, &str, bool); 4] = [
    ("name", "Kebab-case, e.g. billing-to-crm.", true),
    ("goal", "What is to be reached, in a sentence.", true),
    ("source", "Path of the API description that records come from.", false),
    ("target", "Path of the API description that records go to.", false),
];

/// The list as it goes out.
pub(super) fn list() -> ListPromptsResult {
    let argument =
        |(name, says, must): (&str, &str, bool)| PromptArgument::new(name).with_description(says).with_required(must);
    let arguments = ARGUMENTS.into_iter().map(argument).collect();
    let description = "Integrate two platforms: map, contract, connector, drills, dossier, with evidence of each step.";
    let ours = vec![Prompt::new(INTEGRATE, Some(description), Some(arguments)).with_title("Integrate two platforms")];
    ListPromptsResult::with_all_items(ours).with_ttl_ms(LIST_TTL_MS).with_cache_scope(CacheScope::Public)
}

/// The words that begin the work: the phases, each with its first calls as far as they are known.
pub(super) fn get(name: &str, arguments: Option<&JsonObject>) -> Result<GetPromptResult, ErrorData> {
    known(name)?;
    let given = |argument: &str| {
        let value = arguments.and_then(|a| a.get(argument)).and_then(Value::as_str).unwrap_or_default();
        text::quoted(value, 400)
    };
    for (argument, _, must) in ARGUMENTS {
        if must && given(argument).is_empty() {
            return Err(ErrorData::invalid_params(format!("{INTEGRATE} needs the argument {argument}"), None));
        }
    }
    let open = json!({"name": given("name"), "goal": given("goal")});
    let map = |system: &str| {
        let api = given(system);
        let api = if api.is_empty() { format!("PATH OF THE {}", system.to_uppercase()) } else { api };
        json!({"session": "SESSION", "name": system, "api": api})
    };
    let (source, target) = (map("source"), map("target"));
    let ask = match (given("source").is_empty(), given("target").is_empty()) {
        (false, false) => "",
        (true, true) => " Ask me for the paths of both API descriptions first, if I have not named them.",
        (true, false) => " Ask me for the path of the source's API description first, if I have not named it.",
        (false, true) => " Ask me for the path of the target's API description first, if I have not named it.",
    };
    let words = format!(
        "Integrate two platforms with the platform-integration tools; the skill is at skill://{SKILL}. Follow the `next` of \
         each answer; a refusal says which call gets further.\n\n\
         1. Map: open_session {open}. It returns the SESSION of all later calls.{ask} Then map_system {source} and map_system \
         {target}. What neither states and the flow relies on: record_constraint, kind inferred.\n\
         2. Contract: draft_contract {{\"session\": \"SESSION\", \"source\": \"source\", \"target\": \"target\"}}, mend the file, \
         check_contract until it compiles. What is inferred I confirm, not you: call confirm_constraints and wait for me.\n\
         3. Connect: scaffold_connector. A live run only when I ask for it.\n\
         4. Validate: run_drills before any claim, assess_readiness, export_dossier. Do not call it done before \
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
    if !ARGUMENTS.iter().any(|(name, ..)| *name == argument) {
        let near = text::did_you_mean(argument, ARGUMENTS.iter().map(|(name, ..)| *name));
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
