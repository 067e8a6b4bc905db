//! Opens a session, unless another skill serves the goal better.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Call, Done, Hints, No, Refusal, UseCase};
use crate::base::{ids, redact, text};
use crate::evidence::{EventKind, Phase, WHY, who};

/// Arguments of `open_session`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, clap::Args)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// Name of the integration, kebab-case: "billing-to-crm".
    pub name: String,
    /// What is to be reached, in a sentence: "keep CRM contacts in step with billing customers".
    #[arg(long, default_value = "")]
    #[serde(default)]
    pub goal: String,
    /// Open it although another skill looks better suited.
    #[arg(long)]
    #[serde(default)]
    pub anyway: bool,
}

/// What came of it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Answer {
    /// Pass this to every later call.
    pub session: String,
    /// The tag on every record of this session.
    pub who: String,
    /// The reason tag.
    pub why: String,
    /// Where the evidence is kept.
    pub store: String,
    /// What to do next.
    pub next: String,
}

/// Opens a session.
pub struct OpenSession;

/// Words of a goal, and the skill that serves it better. From the SOP's negative triggers.
const ROUTES: &[(&[&str], &str, &str)] = &[
    (&["cron", "crontab"], "hooks-automation", "a job on a clock that connects nothing needs no integration"),
    (
        &["git hook", "pre-commit", "commit hook"],
        "hooks-automation",
        "hooks of one repository connect no two platforms",
    ),
    (
        &["pull request", "github issue", "github actions"],
        "github-integration",
        "work inside one GitHub repository has a skill of its own",
    ),
    (
        &["terraform", "kubernetes", "vpc", "provision"],
        "infrastructure",
        "provisioning of machines and networks is not data moving between platforms",
    ),
    (&["one-off export", "one off export", "export once"], "a script", "a single export has no contract to keep"),
];

impl UseCase for OpenSession {
    const NAME: &'static str = "open_session";
    const COMMAND: &'static str = "open";
    const TITLE: &'static str = "Open a session";
    const SUMMARY: &'static str = "Open a session: the first call of every integration between two platforms. \
        Returns the session id that later calls take. Refuses, naming the better skill, when the goal is not an integration.";
    const HINTS: Hints = Hints { read_only: false, destructive: false, idempotent: false };
    const KIND: EventKind = EventKind::SessionOpened;
    const PHASE: Phase = Phase::Map;
    type Params = Params;
    type Answer = Answer;

    fn session(_params: &Params) -> Option<&str> {
        None
    }

    fn run(call: &Call<'_>, params: Params) -> Result<Done<Answer>, No> {
        if !is_kebab(&params.name) {
            return Err(Refusal::new(
                "bad-name",
                format!(
                    "\"{}\" is not kebab-case (lower-case letters, digits, single hyphens, at most 64)",
                    text::quoted(&params.name, 60)
                ),
                "open_session {\"name\": \"billing-to-crm\", \"goal\": \"...\"}",
            )
            .into());
        }
        let goal = redact::bounded(&params.goal, 400);
        if !params.anyway
            && let Some((words, skill, because)) = route(&goal)
        {
            return Err(Refusal::new(
                "served-better-elsewhere",
                format!("\"{words}\": {because}"),
                format!(
                    "use {skill}; if two platforms do exchange data here, call open_session again with \"anyway\": true"
                ),
            )
            .into());
        }
        let now = call.app.clock.now();
        let id = ids::session_id(now, &mut call.app.rng.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
        let answer = Answer {
            session: id.clone(),
            who: who(Some(&id)),
            why: WHY.to_owned(),
            store: call.app.store.place(),
            next: format!(
                "map_system {{\"session\": \"{id}\", \"name\": \"source\", \"api\": \"PATH of its API description\"}}, once for each of the two systems"
            ),
        };
        // The store makes the session of this very record, so that neither is there without the other.
        let mut done =
            Done::new(answer, format!("opened {} ({})", id, params.name), json!({"name": params.name, "goal": goal}));
        done.session = Some(id);
        Ok(done)
    }
}

fn route(goal: &str) -> Option<(&'static str, &'static str, &'static str)> {
    let goal = goal.to_lowercase();
    // Data that moves from one platform to another is ours, whatever else the goal names.
    if [" sync", "sync ", "integrat", "webhook", "connect", "in step"].iter().any(|w| goal.contains(w)) {
        return None;
    }
    ROUTES.iter().find_map(|(words, skill, because)| {
        let word = words.iter().find(|w| goal.contains(**w))?;
        Some((*word, *skill, *because))
    })
}

/// Lower-case letters, digits, single hyphens inside, at most 64 characters.
#[must_use]
pub fn is_kebab(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 64
        && !name.starts_with('-')
        && !name.ends_with('-')
        && !name.contains("--")
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goals_of_other_skills_are_routed_away() {
        assert_eq!(route("run a cron job at night").map(|r| r.1), Some("hooks-automation"));
        assert_eq!(route("sync invoices with a cron job"), None);
        assert_eq!(route("keep contacts in step"), None);
    }

    #[test]
    fn names() {
        assert!(is_kebab("billing-to-crm") && is_kebab("a1"));
        assert!(!is_kebab("Billing") && !is_kebab("a--b") && !is_kebab("-a") && !is_kebab(""));
    }
}
