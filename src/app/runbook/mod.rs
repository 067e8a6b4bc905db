//! `runbook verify`: the steps of a runbook executed in the lab, against mock systems on this machine, with planted secrets and a store that is
//! thrown away. A use case for the command line alone: it starts processes.

mod known;
mod play;
mod steps;

use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;

use self::play::Player;
use super::subject::Compiled;
use super::{App, Fault, No, Refusal};
use crate::base::fs;
use crate::base::stop::Stop;
use crate::evidence::Verdict;
use crate::lab::standing::Standing;
use crate::verify::facts::Program;

/// The largest runbook that is read.
const LARGEST: u64 = 1 << 20;

/// What to verify and with what.
#[derive(Debug, Clone)]
pub struct Options {
    /// Path of the runbook.
    pub file: String,
    /// Path of the contract; nothing: integration.yaml beside the runbook.
    pub contract: Option<String>,
    /// Only these steps, and what is done to the systems before them.
    pub only: Vec<String>,
    /// The most seconds that a command may take.
    pub seconds: u64,
    /// This program's commands and flags.
    pub program: Program,
    /// This program.
    pub exe: PathBuf,
    /// Set when nobody waits for it any more.
    pub stop: Stop,
}

/// What came of one step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StepOut {
    /// Its name; `line N` for a command that is shown and not executed.
    pub step: String,
    /// Where its first command stands.
    pub line: u32,
    /// PASS, FAIL or UNPROVEN.
    pub verdict: Verdict,
    /// What came out, in a line.
    pub because: String,
    /// What the last command said, its last lines; of a step that did not pass.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub said: Vec<String>,
}

/// What came of a runbook.
#[derive(Debug, Clone, Serialize)]
pub struct Answer {
    /// The file.
    pub runbook: String,
    /// PASS where every step passed, PARTIAL where some could not be executed, UNPROVEN where none was, FAIL where one failed.
    pub verdict: Verdict,
    /// The steps, in their order.
    pub steps: Vec<StepOut>,
    /// Commands in blocks that are not executed; they exist.
    pub shown: usize,
    /// What to do next.
    pub next: String,
}

/// Executes a runbook.
///
/// # Errors
/// Refused where the runbook or its contract cannot be read, or the lab cannot play it.
pub async fn verify(app: &App, options: &Options, tell: &(dyn Fn(&StepOut) + Sync)) -> Result<Answer, No> {
    let file = app.path(&options.file);
    let text = fs::read_text(&file, LARGEST).map_err(|e| Refusal::unreadable(&e))?;
    let runbook = steps::read(&options.file, &text);
    let beside = |name: &str| match options.file.rsplit_once('/') {
        Some((dir, _)) => format!("{dir}/{name}"),
        None => name.to_owned(),
    };
    let contract = options.contract.clone().unwrap_or_else(|| beside("integration.yaml"));
    let compiled = Compiled::load_with(app, &contract, None)?;
    let sound = compiled.sound(&contract)?;
    let plans = compiled.plans(sound, None, &std::collections::BTreeMap::new())?;
    let standing = Standing::raise(&plans, &compiled.systems, 1, Arc::clone(&app.clock)).await;
    let standing = standing.map_err(|because| {
        Refusal::new("cannot-be-played", because, format!("platform-integration drill {contract} says more"))
    })?;
    let dir = app.path(&contract).parent().map(std::path::Path::to_owned).unwrap_or_default();
    let mut player = Player::new(options, &dir, standing).map_err(|e| Fault::internal(&e))?;
    let mut done: Vec<StepOut> = Vec::new();
    for typed in &runbook.shown {
        if typed.words.first().is_some_and(|w| *w == options.program.name)
            && let Err(because) = known::known(&options.program, &typed.words)
        {
            let step = format!("line {}", typed.line);
            done.push(StepOut { step, line: typed.line, verdict: Verdict::Fail, because, said: Vec::new() });
        }
    }
    done.iter().for_each(tell);
    for step in &runbook.steps {
        if options.stop.is_set() {
            break;
        }
        let out = match step {
            Err((name, line, because)) => StepOut {
                step: name.clone(),
                line: *line,
                verdict: Verdict::Fail,
                because: because.clone(),
                said: Vec::new(),
            },
            Ok(step) => {
                let wanted = options.only.is_empty() || options.only.contains(&step.name);
                let Some(out) = player.play(step, wanted).await else { continue };
                out
            }
        };
        tell(&out);
        done.push(out);
    }
    player.end().await;
    let of = |v: Verdict| done.iter().filter(|s| s.verdict == v).count();
    let verdict = match (of(Verdict::Fail), of(Verdict::Pass), of(Verdict::Unproven)) {
        (1.., ..) => Verdict::Fail,
        (0, 0, _) => Verdict::Unproven,
        (0, _, 0) if !options.stop.is_set() => Verdict::Pass,
        _ => Verdict::Partial,
    };
    let next = match done.iter().find(|s| s.verdict == Verdict::Fail) {
        Some(step) => format!("mend step {} at {}:{}, then verify again", step.step, options.file, step.line),
        None if done.is_empty() => "mark what a machine shall do: ```sh step=NAME expect=exit:0".to_owned(),
        None => String::new(),
    };
    Ok(Answer { runbook: options.file.clone(), verdict, steps: done, shown: runbook.shown.len(), next })
}
