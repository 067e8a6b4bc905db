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

/// Words of a goal, and what serves it better. From the SOP's negative triggers; the skill names the same.
const ROUTES: &[(&[&str], &str, &str)] = &[
    (
        &["git hook", "pre-commit", "commit hook", "editor hook", "on save"],
        "hooks-automation",
        "hooks of one tool connect no two platforms",
    ),
    (&["cron", "crontab"], "hooks-automation", "a job on a clock that connects nothing needs no integration"),
    (
        &["pull request", "github issue", "github actions", "github release"],
        "github-integration",
        "work inside one GitHub repository has a skill of its own",
    ),
    (
        &["terraform", "kubernetes", "vpc", "provision", "load balancer"],
        "infrastructure",
        "provisioning of machines and networks is not data moving between platforms",
    ),
    (
        &["integration test", "load test", "unit test", "mock server", "test harness", "test suite"],
        "a test harness of its own",
        "tests of one API have no second system to agree with",
    ),
    (
        &["one-off export", "one off export", "export once", "single request", "single api call", "one api call"],
        "a script or a direct call",
        "a single call or export has no contract to keep",
    ),
];

/// Data moves from one platform to another, whatever else the goal names.
const MOVES: [&str; 4] = [" sync", "sync ", "integrat", "in step"];
/// So it does where one of these...
const MAY_MOVE: [&str; 12] = [
    "connect",
    "webhook",
    "copy",
    "copies",
    "migrat",
    "mirror",
    "import",
    "push",
    "move",
    "appear in",
    "into",
    "between",
];
/// ...meets one of these.
const RECORDS: [&str; 16] = [
    "record",
    "customer",
    "contact",
    "order",
    "invoice",
    "payment",
    "ticket",
    "product",
    "lead",
    "booking",
    "issue",
    "employee",
    "subscri",
    "transaction",
    "shipment",
    "inventory",
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
    // Integration tests integrate nothing.
    let moving = goal.replace("integration test", "test");
    let has = |words: &[&str]| words.iter().any(|w| moving.contains(w));
    if has(&MOVES) || (has(&MAY_MOVE) && has(&RECORDS)) {
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
        assert_eq!(route("connect the office to our vpc").map(|r| r.1), Some("infrastructure"));
        assert_eq!(route("connect orders of the shop on Kubernetes to the ERP"), None);
        assert_eq!(route("write integration tests for our API").map(|r| r.1), Some("a test harness of its own"));
    }

    #[test]
    fn names() {
        assert!(is_kebab("billing-to-crm") && is_kebab("a1"));
        assert!(!is_kebab("Billing") && !is_kebab("a--b") && !is_kebab("-a") && !is_kebab(""));
    }
}
