//! Adversarial validation: every drill that applies, over many seeds, in virtual time.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::subject::Compiled;
use super::{Call, Done, Face, Fault, Hints, No, Refusal, UseCase, advice, paging};
use crate::base::stop::Stop;
use crate::base::{text, yaml};
use crate::connector::Plan;
use crate::contract::Contract;
use crate::evidence::{EventKind, Phase, Reconciliation, Verdict};
use crate::lab::{self, DrillOptions, Matrix, Progress};
use crate::model::System;
use crate::workflow::record;

/// Arguments of `run_drills`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, clap::Args)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// Path of integration.yaml; it must compile.
    pub contract: String,
    /// From open_session; else the drills count for no gate.
    #[arg(long)]
    pub session: Option<String>,
    /// Seeds for each drill, 1 to 10000.
    #[arg(long, default_value = "20", default_value_if("program", clap::builder::ArgPredicate::IsPresent, "3"))]
    #[serde(default = "default_schedules")]
    pub schedules: u64,
    /// First seed.
    #[arg(long, default_value_t = 1)]
    #[serde(default = "default_seed")]
    pub seed: u64,
    /// Only this drill, e.g. "committed-then-503", or these, separated by commas.
    #[arg(long)]
    pub only: Option<String>,
    /// Only this flow. Default: all.
    #[arg(long)]
    pub flow: Option<String>,
    /// Show the timeline of the first schedule; needs `only` with one code.
    #[arg(long)]
    #[serde(default)]
    pub trace: bool,
}

const fn default_schedules() -> u64 {
    20
}

const fn default_seed() -> u64 {
    1
}

/// One failing schedule.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct FailureOut {
    /// The seed that replays it.
    pub seed: u64,
    /// What was wrong.
    pub because: String,
    /// The smallest schedule found that breaks the same rule, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<String>,
    /// Its timeline, and the lines that show what was wrong; of the first failure of a drill.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeline: Option<String>,
    /// The command that replays exactly that.
    pub replay: String,
}

/// One clause of a flow, and the drills that put it to work.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct ClauseOut {
    /// The flow.
    pub flow: String,
    /// Keys below the flow, e.g. "delivery/retry/attempts".
    pub clause: String,
    /// Where it stands in the contract.
    pub line: u32,
    /// Drills of this run that came to it.
    pub drills: Vec<String>,
    /// Whether any did.
    pub reached: bool,
}

/// One row of the test matrix.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct DrillOut {
    /// The flow.
    pub flow: String,
    /// Name of the drill.
    pub code: String,
    /// What it tries to show.
    pub hypothesis: String,
    /// PASS, FAIL or UNPROVEN (its fault never fired).
    pub verdict: Verdict,
    /// Schedules run.
    pub schedules: u64,
    /// Schedules in which its situation came about.
    pub fired: u64,
    /// What keeps a row without failures from PASS.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub caveats: Vec<String>,
    /// Failing schedules, at most three.
    pub failures: Vec<FailureOut>,
}

/// A drill that does not apply.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct NotApplicableOut {
    /// The flow.
    pub flow: String,
    /// Name of the drill.
    pub code: String,
    /// Why.
    pub because: String,
}

/// Drills counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct TallyOut {
    /// Drills run.
    pub run: u64,
    /// Of them, passed.
    pub passed: u64,
    /// Of them, failed.
    pub failed: u64,
    /// Of them, proved nothing.
    pub unproven: u64,
}

/// The test matrix.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Answer {
    /// The contract.
    pub contract: String,
    /// Digest of the contract that was drilled.
    pub digest: String,
    /// PASS only when every drill that applies passed.
    pub verdict: Verdict,
    /// Drills counted.
    pub tally: TallyOut,
    /// Drills that failed, by name; each, however short the answer is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failed: Vec<String>,
    /// Drills without a failure that are no PASS, likewise.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unproven: Vec<String>,
    /// How many rows are not in this answer, and where they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_out: Option<String>,
    /// Records counted over the happy path; with `only`, over that drill.
    pub reconciliation: Reconciliation,
    /// Schedules in all.
    pub schedules: u64,
    /// First seed.
    pub seed: u64,
    /// One row a drill, failures first. Where answers are short, rows that passed are left out first, then what others say at
    /// length.
    pub drills: Vec<DrillOut>,
    /// Drills that do not apply to this contract.
    pub not_applicable: Vec<NotApplicableOut>,
    /// Clauses of the flows, and which drills came to them; where answers are short, those that no drill came to. With
    /// `only`, those that this one came to.
    pub clauses: Vec<ClauseOut>,
    /// The timeline asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
    /// What to do next.
    pub next: String,
}

/// Runs the drills.
pub struct RunDrills;

impl UseCase for RunDrills {
    const NAME: &'static str = "run_drills";
    const COMMAND: &'static str = "drill";
    const TITLE: &'static str = "Run drills";
    const SUMMARY: &'static str = "Drill the connector in a simulated world: both systems are built from their descriptions, faults injected \
        (429, 503, lost answers, crashes, bad pages, poison records) over many seeds, the verdict taken from what the systems saw. \
        Returns the test matrix; a failing seed replays exactly.";
    const HINTS: Hints = Hints { read_only: true, destructive: false, idempotent: true };
    const KIND: EventKind = EventKind::DrillsRun;
    const PHASE: Phase = Phase::Validate;
    type Params = Params;
    type Answer = Answer;

    fn session(params: &Params) -> Option<&str> {
        params.session.as_deref()
    }

    fn paths(params: &Params) -> Vec<&str> {
        vec![&params.contract]
    }

    fn run(call: &Call<'_>, params: Params) -> Result<Done<Answer>, No> {
        let (answer, data) = drill(call, &params, &mut |_| {})?;
        let summary = format!(
            "{}: {} of {} passed",
            answer.verdict,
            answer.tally.passed,
            text::plural(answer.tally.run, "drill")
        );
        Ok(Done::new(answer, summary, data.to_value()))
    }
}

/// Drills a contract, telling `progress` about each finished drill.
pub(super) fn drill(
    call: &Call<'_>,
    params: &Params,
    progress: &mut dyn FnMut(Progress),
) -> Result<(Answer, record::DrillsRun), No> {
    drill_by(call, params, &mut Ours, call.face.stop(), progress)
}

/// Who is drilled.
pub(super) trait Drilled {
    /// The drills that there are for it.
    fn codes(&self) -> Vec<&'static str>;

    /// What is known of it once the contract is read.
    ///
    /// # Errors
    /// Why it cannot be drilled.
    fn ready(&mut self, contract: &Contract) -> Result<(), Refusal>;

    /// Runs the drills that apply.
    ///
    /// # Errors
    /// Why that cannot be.
    fn run(
        &self,
        plan: &Plan,
        systems: &Systems,
        options: &DrillOptions,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Matrix, String>;

    /// Plays one schedule and tells it.
    ///
    /// # Errors
    /// Why that cannot be.
    fn replay(&self, plan: &Plan, systems: &Systems, code: &str, seed: u64) -> Result<String, String>;

    /// A program of its own: what the record says of it.
    fn program(&self) -> Option<record::DrilledProgram>;

    /// What is added to a command that plays a schedule again, and what is to be mended.
    fn again(&self) -> (String, &'static str);
}

/// Systems by their name in the contract.
pub(super) type Systems = BTreeMap<String, Arc<System>>;

/// No drill of these is called so.
pub(super) fn unknown(code: &str, codes: &[&'static str]) -> Refusal {
    Refusal::new(
        "unknown-drill",
        format!("no drill \"{}\"{}", text::quoted(code, 60), text::did_you_mean(code, codes.iter().copied())),
        format!("choose one of: {}", codes.join(", ")),
    )
}

/// The connector that we ship.
struct Ours;

impl Drilled for Ours {
    fn codes(&self) -> Vec<&'static str> {
        lab::codes()
    }

    fn ready(&mut self, _: &Contract) -> Result<(), Refusal> {
        Ok(())
    }

    fn run(
        &self,
        plan: &Plan,
        systems: &Systems,
        options: &DrillOptions,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Matrix, String> {
        lab::run_drills(plan, systems, &lab::RealConnector, options, progress)
    }

    fn replay(&self, plan: &Plan, systems: &Systems, code: &str, seed: u64) -> Result<String, String> {
        lab::replay(plan, systems, &lab::RealConnector, code, seed)
    }

    fn program(&self) -> Option<record::DrilledProgram> {
        None
    }

    fn again(&self) -> (String, &'static str) {
        (String::new(), "contract")
    }
}

/// Drills whatever is to be drilled by a contract.
pub(super) fn drill_by(
    call: &Call<'_>,
    params: &Params,
    subject: &mut dyn Drilled,
    stop: Stop,
    progress: &mut dyn FnMut(Progress),
) -> Result<(Answer, record::DrillsRun), No> {
    let codes = subject.codes();
    if params.schedules == 0 || params.schedules > 10_000 {
        return Err(Refusal::new(
            "bad-argument",
            format!("schedules is {}, outside 1 to 10000", params.schedules),
            "run_drills with \"schedules\": 20",
        )
        .into());
    }
    let only: Vec<&str> = params.only.as_deref().map(|only| lab::codes_of(only).collect()).unwrap_or_default();
    // A list without a code names none.
    let first = params.only.as_deref().filter(|_| only.is_empty());
    if let Some(only) = first.or_else(|| only.iter().copied().find(|code| !codes.contains(code))) {
        if lab::blackbox::codes().contains(&only) {
            return Err(Refusal::new(
                "needs-a-program",
                format!("{only} exists only on real sockets, and no program is named"),
                format!("platform-integration drill {} --only {only} --command 'PROGRAM'", params.contract),
            )
            .into());
        }
        if let Some(because) = lab::blackbox::inside(only) {
            return Err(Refusal::new(
                "virtual-time-only",
                format!("{only} is played in virtual time alone: {because}"),
                format!("platform-integration drill {} --only {only}, without --command", params.contract),
            )
            .into());
        }
        return Err(unknown(only, &codes).into());
    }
    if params.trace && only.len() != 1 {
        return Err(Refusal::new(
            "missing-argument",
            if only.is_empty() {
                "a trace shows one drill, and none is named"
            } else {
                "a trace shows one drill, and several are named"
            },
            "add \"only\": \"DRILL\" (--only DRILL)",
        )
        .into());
    }
    let compiled = Compiled::load(call, &params.contract)?;
    let contract = compiled.sound(&params.contract)?;
    subject.ready(contract)?;
    let plans = compiled.plans(contract, params.flow.as_deref(), &BTreeMap::new())?;
    let options = DrillOptions {
        seed: params.seed,
        schedules: usize::try_from(params.schedules).unwrap_or(1),
        only: params.only.clone(),
        stop,
        shrink: true,
        threads: None,
    };
    let (again, _) = subject.again();
    let mut rows = Vec::new();
    let mut not_applicable = Vec::new();
    let mut clauses = Vec::new();
    let written = yaml::parse(&compiled.text, yaml::Limits::default()).ok();
    let short = call.face.budget() != usize::MAX;
    let mut reconciliation: Option<Reconciliation> = None;
    let mut schedules = 0;
    let mut verdicts = Vec::new();
    let mut correlated = true;
    let mut trace = None;
    for plan in &plans {
        let undrillable = |because: String| {
            let next = if because.contains(lab::blackbox::NOT_STARTED) {
                "name a program that starts here, as in --command 'node connector.js'".to_owned()
            } else {
                format!("check_contract {{\"contract\": \"{}\"}}", params.contract)
            };
            Refusal::new("cannot-be-drilled", format!("flow {}: {because}", plan.flow), next)
        };
        let one = advice::flow((plans.len() > 1).then_some(plan.flow.as_str()));
        let run = subject.run(plan, &compiled.systems, &options, progress);
        if run.is_err() && options.stop.is_set() {
            return Err(match call.face {
                Face::Cli => Fault::new(
                    "stopped before all drills were over: a part of a matrix is no answer",
                    "start it again, or drill a part: --only CODES, --flow NAME, fewer --schedules",
                ),
                _ => Fault::cancelled(),
            }
            .into());
        }
        let matrix: Matrix = run.map_err(undrillable)?;
        correlated &= !matrix.rows.iter().flat_map(|r| &r.failures).any(|f| f.because.contains("trace: "));
        verdicts.push(matrix.verdict);
        schedules += matrix.schedules_total as u64;
        reconciliation = Some(reconciliation.map_or(matrix.reconciliation, |r| r.plus(matrix.reconciliation)));
        not_applicable.extend(matrix.not_applicable.into_iter().map(|(code, because)| NotApplicableOut {
            flow: plan.flow.clone(),
            code: code.to_owned(),
            because,
        }));
        let flow = written.as_ref().and_then(|w| w.get("flows")?.get(&plan.flow));
        for covered in lab::coverage(plan, &matrix.rows) {
            // What the file does not say is no clause of it.
            let Some(line) = flow.and_then(|flow| line_of(flow, &covered.clause)) else { continue };
            clauses.push(ClauseOut {
                flow: plan.flow.clone(),
                clause: covered.clause,
                line,
                reached: !covered.drills.is_empty(),
                drills: covered.drills.into_iter().map(str::to_owned).collect(),
            });
        }
        rows.extend(matrix.rows.into_iter().map(|r| {
            DrillOut {
                flow: plan.flow.clone(),
                code: r.code.to_owned(),
                hypothesis: r.hypothesis.to_owned(),
                verdict: r.verdict,
                schedules: r.schedules as u64,
                fired: r.fired as u64,
                caveats: r.caveats.iter().map(|c| text::truncate(c, 300)).collect(),
                failures: r
                    .failures
                    .into_iter()
                    .take(3)
                    .enumerate()
                    .map(|(nth, f)| FailureOut {
                        seed: f.seed,
                        because: text::truncate(&f.because, 400),
                        size: (!f.size.is_empty()).then_some(f.size),
                        timeline: (nth == 0).then(|| if short { text::truncate(&f.trace, 1_500) } else { f.trace }),
                        replay: format!(
                            "platform-integration drill {}{one} --only {} --seed {} --schedules 1 --trace{again}",
                            text::shell_word(&params.contract),
                            r.code,
                            f.seed
                        ),
                    })
                    .collect(),
            }
        }));
        if params.trace
            && let [only] = only.as_slice()
        {
            trace = Some(subject.replay(plan, &compiled.systems, only, params.seed).map_err(undrillable)?);
        }
    }
    let count = |v: Verdict| rows.iter().filter(|r| r.verdict == v).count() as u64;
    let tally = TallyOut {
        run: rows.len() as u64,
        passed: count(Verdict::Pass),
        failed: count(Verdict::Fail),
        unproven: count(Verdict::Unproven),
    };
    let verdict = Verdict::all(verdicts);
    let reconciliation = reconciliation.unwrap_or_default();
    let data = record::DrillsRun {
        file: call.app.path(&params.contract).display().to_string(),
        digest: contract.digest.as_str().to_owned(),
        verdict,
        run: tally.run,
        passed: tally.passed,
        failed: tally.failed,
        unproven: tally.unproven,
        not_applicable: not_applicable.len() as u64,
        not_applied: not_applicable
            .iter()
            .map(|n| record::NotApplied { flow: n.flow.clone(), code: n.code.clone(), because: n.because.clone() })
            .collect(),
        schedules,
        seed: params.seed,
        correlated,
        // A part of the matrix must not stand for the whole.
        partial: params.only.is_some() || params.flow.is_some(),
        rows: rows
            .iter()
            .map(|r| record::DrillRow {
                flow: r.flow.clone(),
                code: r.code.clone(),
                verdict: r.verdict,
                schedules: r.schedules,
                fired: r.fired,
                because: r
                    .failures
                    .first()
                    .map(|f| format!("seed {}: {}", f.seed, f.because))
                    .or_else(|| r.caveats.first().cloned()),
            })
            .collect(),
        reconciliation,
        program: subject.program(),
    };
    let next = next(params, subject, verdict, &rows);
    rows.sort_by_key(|r| matches!(r.verdict, Verdict::Pass));
    let aside = if short { call.face.budget() / 5 } else { usize::MAX };
    let several = plans.len() > 1;
    let named = |failed: bool| -> Vec<String> {
        let of = rows.iter().filter(|r| r.verdict != Verdict::Pass && (r.verdict == Verdict::Fail) == failed);
        of.map(|r| if several { format!("{}/{}", r.flow, r.code) } else { r.code.clone() }).collect()
    };
    let (failed, unproven) = (named(true), named(false));
    let all = rows.len();
    let rows = if short { shortened(rows, call.face.budget() - 2 * aside) } else { rows };
    let open = (failed.len() + unproven.len()) as u64;
    let left_out = left_out(params, &rows, all, open);
    let (not_applicable, _) = paging::fit(not_applicable, None, aside)?;
    // One drill does not come to most clauses, and is not for them: what it leaves is no gap.
    clauses.retain(|c| if params.only.is_some() { c.reached && !short } else { !short || !c.reached });
    let (clauses, _) = paging::fit(clauses, None, aside)?;
    let answer = Answer {
        contract: params.contract.clone(),
        digest: contract.digest.as_str().to_owned(),
        verdict,
        tally,
        failed,
        unproven,
        left_out,
        reconciliation,
        schedules,
        seed: params.seed,
        drills: rows,
        not_applicable,
        clauses,
        trace: trace.map(|t| if call.face.budget() == usize::MAX { t } else { text::truncate(&t, 5_000) }),
        next,
    };
    Ok((answer, data))
}

/// The rows as far as they fit, those that did not pass before all others: of these first the timelines go, then all failures
/// but one, then what a drill shows.
fn shortened(mut rows: Vec<DrillOut>, budget: usize) -> Vec<DrillOut> {
    let size = |row: &DrillOut| serde_json::to_string(row).map_or(0, |s| s.chars().count() + 1);
    let passed = |row: &DrillOut| row.verdict == Verdict::Pass;
    let cuts: [fn(&mut DrillOut); 3] = [
        |row| row.failures.iter_mut().for_each(|f| f.timeline = None),
        |row| {
            row.failures.truncate(1);
            row.caveats.truncate(1);
            row.failures.iter_mut().for_each(|f| f.because = text::truncate(&f.because, 120));
        },
        |row| {
            row.hypothesis.clear();
            row.caveats.clear();
            row.failures.clear();
        },
    ];
    let open = |rows: &[DrillOut]| rows.iter().filter(|r| !passed(r)).map(size).sum::<usize>();
    for cut in cuts {
        // The first failure is what the next call is about: it is cut last.
        for skip in [1, 0] {
            if open(&rows) > budget {
                rows.iter_mut().filter(|r| !passed(r)).skip(skip).for_each(cut);
            }
        }
    }
    let mut left = budget;
    rows.retain(|row| {
        let fits = size(row) <= left;
        left = left.saturating_sub(size(row));
        fits
    });
    rows
}

/// How many rows are not shown, and where they are; nothing where all are.
fn left_out(params: &Params, rows: &[DrillOut], all: usize, open: u64) -> Option<String> {
    let gone = all - rows.len();
    if gone == 0 {
        return None;
    }
    let flow = params.flow.as_ref().map(|f| format!(" --flow {f}")).unwrap_or_default();
    let shown = rows.iter().filter(|r| r.verdict != Verdict::Pass).count() as u64;
    let what = if shown == open { "rows, all of them PASS," } else { "rows" };
    Some(format!(
        "{gone} of {all} {what} are not in this answer; whole: platform-integration drill {}{flow} --schedules {} --seed {} --format json",
        params.contract, params.schedules, params.seed
    ))
}

/// Where a clause stands below its flow; nothing where it is not written.
fn line_of(flow: &yaml::Node, clause: &str) -> Option<u32> {
    let mut at = flow;
    let mut line = flow.at.line;
    for name in clause.split('/') {
        let entry = at.entries()?.iter().rev().find(|e| e.key == name)?;
        line = entry.key_at.line;
        at = &entry.value;
    }
    Some(line)
}

fn next(params: &Params, subject: &dyn Drilled, verdict: Verdict, rows: &[DrillOut]) -> String {
    if let Some(row) = rows.iter().find(|r| r.verdict == Verdict::Fail)
        && let Some(f) = row.failures.first()
    {
        let (_, mend) = subject.again();
        return format!("replay it: {}; then mend the {mend}", f.replay);
    }
    if rows.is_empty() {
        return format!(
            "run_drills {{\"contract\": \"{}\"}}: nothing was drilled, and what does not apply says why; without `only` those run that do",
            params.contract
        );
    }
    if subject.program().is_some() {
        return match verdict {
            Verdict::Pass => {
                format!("more schedules show more: --schedules {}", params.schedules.saturating_mul(2).max(5))
            }
            _ => "docs/black-box.md says what each drill needs to come about; add --seed 2".to_owned(),
        };
    }
    match (&params.session, verdict) {
        (Some(s), Verdict::Pass) => format!("assess_readiness {{\"session\": \"{s}\"}}"),
        (Some(s), _) => format!(
            "run_drills {{\"session\": \"{s}\", \"contract\": \"{}\", \"schedules\": {}}}: some faults never fired",
            params.contract,
            params.schedules * 5
        ),
        (None, _) => format!(
            "open_session, then run_drills with its \"session\" if this is to count as evidence; platform-integration run {} --dry-run shows what a run would write",
            params.contract
        ),
    }
}
