//! Each answer as a page for people.

use super::matrix::counted_over;
use super::operate;
use super::page::{BOLD, DIM, Page, styled, verdict_style};
use super::{drawn, matrix};
use crate::app::{
    FactOut, assess_readiness, check_contract, confirm_constraints, dead_letters, demo, draft_contract, export_dossier,
    inspect_system, map_system, open_session, probe_system, record_constraint, run_connector, run_drills, runbook,
    scaffold_connector, trace_constraint, wire::counts_line,
};
use crate::base::text;
use crate::evidence::Verdict;

/// Writes itself for people.
pub trait Text {
    /// Onto a page.
    fn text(&self, page: &mut Page);
}

impl Text for open_session::Answer {
    fn text(&self, page: &mut Page) {
        page.line(format!("session {}", styled(BOLD, &self.session)));
        page.pair("WHO", &self.who);
        page.pair("WHY", &self.why);
        page.pair("evidence", &self.store);
        page.next(&self.next);
    }
}

/// A fact on one line: what, its value without JSON's noise, its ground.
fn fact_row(f: &FactOut) -> Vec<String> {
    if let Some(source) = &f.source {
        return vec![
            f.fact.clone(),
            text::truncate(&plain(&f.value), 120),
            format!("{:.2}", f.confidence),
            source.clone(),
        ];
    }
    let ground = match (&f.rule, &f.pointer) {
        (Some(rule), _) => format!("inferred ({rule})"),
        (None, Some(pointer)) => pointer.clone(),
        (None, None) => f.basis.clone(),
    };
    vec![
        f.fact.clone(),
        text::truncate(&plain(&f.value), 120),
        format!("{:.2}", f.confidence),
        text::truncate(&ground, 44),
    ]
}

/// A value without quotes and braces where it reads well without.
fn plain(value: &serde_json::Value) -> String {
    use serde_json::Value;
    match value {
        Value::String(s) => s.clone(),
        Value::Object(o) => o
            .iter()
            .filter(|(_, v)| !v.is_null() && v.as_str() != Some(""))
            .map(|(k, v)| if k == "type" || k == "style" { plain(v) } else { format!("{k} {}", plain(v)) })
            .collect::<Vec<_>>()
            .join(", "),
        Value::Array(a) => a.iter().map(plain).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

impl Text for map_system::Answer {
    fn text(&self, page: &mut Page) {
        let title = if self.title.is_empty() { String::new() } else { format!("  {}", self.title) };
        page.line(format!(
            "{}{DIM}{title}  ({} {}, API version {}){DIM:#}",
            styled(BOLD, &self.system),
            self.format,
            self.version,
            self.api_version
        ));
        page.pair(
            "description",
            format!("{} {DIM}{}{DIM:#}", self.origin, self.digest.get(..19).unwrap_or(&self.digest)),
        );
        page.pair(
            "size",
            format!(
                "{}, {}",
                text::plural(self.operations as u64, "operation"),
                text::plural(self.entities_total as u64, "entity")
            ),
        );
        page.pair("made by", &self.described);
        page.gap();
        // One row a fact of one name, unless few: a page is for orientation, the JSON holds all.
        let mut rows: Vec<Vec<String>> = Vec::new();
        for fact in &self.facts {
            let of_name = rows.iter().filter(|r| r.first() == Some(&fact.fact)).count();
            if of_name < if fact.fact == "sensitive_field" { 0 } else { 2 }
                && rows.len() < 24
                && fact.fact != "description_origin"
            {
                rows.push(fact_row(fact));
            }
        }
        page.table(&["fact", "value", "sure", "read at"], &rows);
        if self.facts_total > rows.len() {
            page.line(format!("  {DIM}and {} more; --format json lists all{DIM:#}", self.facts_total - rows.len()));
        }
        if !self.not_stated.is_empty() {
            page.pair("not stated", self.not_stated.join(", "));
        }
        page.gap();
        let shown = 12;
        let rows: Vec<Vec<String>> = self
            .entities
            .iter()
            .take(shown)
            .map(|e| vec![e.entity.clone(), e.key.clone().unwrap_or_else(|| "?".to_owned()), e.actions.clone()])
            .collect();
        page.table(&["entity", "key", "can"], &rows);
        if self.entities_total > rows.len() {
            page.line(format!("  {DIM}and {} more; --format json lists all{DIM:#}", self.entities_total - rows.len()));
        }
        if !self.findings.is_empty() {
            page.gap();
            let most = 8;
            page.line(drawn(&self.findings[..self.findings.len().min(most)], &|_| None).trim_end());
            if self.findings_total > most {
                page.line(format!(
                    "  {DIM}and {} more findings; --format json lists all{DIM:#}",
                    self.findings_total - most
                ));
            }
        }
        page.next(&self.next);
    }
}

impl Text for inspect_system::Answer {
    fn text(&self, page: &mut Page) {
        if let Some(operations) = &self.operations {
            let rows: Vec<Vec<String>> = operations
                .iter()
                .map(|o| {
                    let pages = o
                        .pagination
                        .as_ref()
                        .map(|p| format!("{} {}", p.style, p.param.as_deref().unwrap_or("")))
                        .unwrap_or_default();
                    vec![
                        o.operation_id.clone(),
                        o.method.clone(),
                        o.path.clone(),
                        o.action.as_str().to_owned(),
                        o.entity.clone().unwrap_or_default(),
                        pages,
                        o.auth.join(" | "),
                    ]
                })
                .collect();
            page.table(&["operation", "method", "path", "action", "entity", "pages", "auth"], &rows);
        }
        if let Some(about) = &self.about {
            page.line(styled(BOLD, about));
        }
        for line in &self.call {
            page.line(format!("  {line}"));
        }
        if let Some(matches) = &self.matches {
            let rows: Vec<Vec<String>> =
                matches.iter().map(|m| vec![m.kind.clone(), m.name.clone(), m.is.clone()]).collect();
            page.table(&["found", "name", "is"], &rows);
            if matches.is_empty() {
                page.line("nothing in the description answers to these words");
            }
        }
        for (head, fields) in
            [("parameters", &self.parameters), ("request body", &self.request), ("fields", &self.fields)]
        {
            if fields.is_empty() {
                continue;
            }
            page.heading(head);
            let rows: Vec<Vec<String>> = fields
                .iter()
                .map(|f| {
                    vec![
                        f.path.clone(),
                        f.r#type.clone(),
                        if f.required { "required".to_owned() } else { String::new() },
                        f.rules.clone(),
                    ]
                })
                .collect();
            page.table(&["field", "type", "", "rules"], &rows);
        }
        page.next(&self.next);
    }
}

impl Text for record_constraint::Answer {
    fn text(&self, page: &mut Page) {
        page.line(format!(
            "{} constraint {}; {} in this session",
            self.kind.as_str(),
            styled(BOLD, &self.id),
            text::plural(self.constraints as u64, "constraint")
        ));
        if !self.open.is_empty() {
            page.pair("waits", self.open.join(", "));
        }
        page.next(&self.next);
    }
}

impl Text for confirm_constraints::Answer {
    fn text(&self, page: &mut Page) {
        let rows: Vec<Vec<String>> = self
            .decided
            .iter()
            .map(|d| vec![d.id.clone(), d.decision.as_str().to_owned(), d.channel.as_str().to_owned()])
            .collect();
        page.table(&["constraint", "decision", "channel"], &rows);
        if let Some(because) = &self.parked {
            page.line(format!("nothing was decided: {because}"));
        }
        for p in &self.pending {
            page.line(format!("  {DIM}waits:{DIM:#} {}  {DIM}{}{DIM:#}", p.id, p.says));
        }
        if self.decided.is_empty() && self.pending.is_empty() {
            page.line("no inferred constraint waits for a decision");
        }
        page.next(&self.next);
    }
}

impl Text for draft_contract::Answer {
    fn text(&self, page: &mut Page) {
        page.line(format!("wrote {}", styled(BOLD, &self.path)));
        page.pair("reads", &self.source_operation);
        page.pair("writes", &self.write);
        page.gap();
        let rows: Vec<Vec<String>> = self
            .mapping
            .iter()
            .map(|m| vec![m.target.clone(), m.rule.clone(), format!("{:.2}", m.score), m.because.clone()])
            .collect();
        page.table(&["target", "rule", "alike", "because"], &rows);
        if !self.open_questions.is_empty() {
            page.heading("open questions");
            for q in &self.open_questions {
                page.line(format!("  ? {q}"));
            }
        }
        page.next(&self.next);
    }
}

impl Text for check_contract::Answer {
    fn text(&self, page: &mut Page) {
        let text = drawn(&self.findings, &|file| (file == self.contract).then(|| self.source.clone()));
        if !text.is_empty() {
            page.line(text.trim_end());
            page.gap();
        }
        if let Some(fixed) = self.fixed {
            page.line(format!("fixed: {}", text::plural(fixed as u64, "place")));
        }
        if let Some(s) = &self.samples {
            let of = text::plural(s.records as u64, "record");
            page.line(format!(
                "samples of {}: {} of {of} fit, {} rejected by the mapping, {} refused by the target, {} not as described; {}",
                s.flow,
                s.fit,
                s.rejected,
                s.refused,
                s.undescribed,
                text::plural(s.shapes as u64, "shape"),
            ));
        }
        for (flow, within) in &self.dead_letter_within {
            page.line(format!("{flow}: a record that keeps failing is a dead letter after {within} at most"));
        }
        let verdict = if self.compiles { "compiles" } else { "does not compile" };
        page.line(format!("{} {verdict}: {}", styled(BOLD, &self.contract), self.counts));
        if let Some(digest) = &self.digest {
            page.line(format!("{DIM}{digest}{DIM:#}"));
        }
        page.next(&self.next);
    }
}

/// The mapping table of a contract.
pub(super) fn mapping_table(page: &mut Page, rows: &[check_contract::MappingOut]) {
    let rows: Vec<Vec<String>> = rows.iter().map(|m| vec![m.target.clone(), m.from.clone(), m.how.clone()]).collect();
    page.table(&["target field", "from", "how"], &rows);
}

impl Text for scaffold_connector::Answer {
    fn text(&self, page: &mut Page) {
        use scaffold_connector::State;
        let changed = self.files.iter().filter(|f| matches!(f.state, State::New | State::Updated | State::Merged));
        let verb = if self.dry_run { "would write" } else { "wrote" };
        let count = text::plural(changed.count() as u64, "file");
        page.line(format!("{verb} {count} to {}", styled(BOLD, &self.out)));
        for f in &self.files {
            let note = match (f.state, &f.conflict) {
                (State::New, _) => String::new(),
                (State::Updated, _) => "  (updated)".to_owned(),
                (State::Unchanged, _) => "  (unchanged)".to_owned(),
                (State::Kept, _) => "  (changed by you, kept)".to_owned(),
                (State::Merged, _) => "  (changed by you, merged)".to_owned(),
                (State::Conflict, c) => {
                    let c = c.as_ref().map(|c| format!(": {}", c.first)).unwrap_or_default();
                    format!("  (changed by you, kept; the new text lies beside it{c})")
                }
                (State::Deleted, _) => "  (deleted by you; --restore brings it back)".to_owned(),
                (State::Obsolete, _) => "  (no longer part of the project; delete it)".to_owned(),
            };
            page.line(format!("  {}{note}", f.path));
        }
        if !self.diff.is_empty() {
            page.gap();
            page.line(self.diff.trim_end());
        }
        page.next(&self.next);
    }
}

impl Text for runbook::Answer {
    fn text(&self, page: &mut Page) {
        for step in &self.steps {
            let verdict = format!("{:<8}", step.verdict.as_str());
            let place = format!("{}:{}", self.runbook, step.line);
            page.line(format!("{} {}  {place}", styled(verdict_style(step.verdict), &verdict), step.step));
            page.line(format!("         {}", step.because));
            for line in &step.said {
                page.line(format!("         | {line}"));
            }
        }
        page.gap();
        let of = |v: Verdict| self.steps.iter().filter(|s| s.verdict == v).count();
        page.line(format!(
            "{} {} of {} passed, {} failed, {} unproven; {} shown and not executed",
            styled(verdict_style(self.verdict), self.verdict.as_str()),
            of(Verdict::Pass),
            text::plural(self.steps.len() as u64, "step"),
            of(Verdict::Fail),
            of(Verdict::Unproven),
            text::plural(self.shown as u64, "command"),
        ));
        page.next(&self.next);
    }
}

impl Text for run_drills::Answer {
    fn text(&self, page: &mut Page) {
        if let Some(trace) = &self.trace {
            page.line(trace.trim_end());
            page.gap();
        }
        matrix(page, self);
        page.gap();
        let t = &self.tally;
        let partial = match t.run.saturating_sub(t.passed + t.failed + t.unproven) {
            0 => String::new(),
            partial => format!(", {partial} partial"),
        };
        page.line(format!(
            "{} {} of {} passed, {} failed{partial}, {} unproven; {} from seed {}",
            styled(verdict_style(self.verdict), self.verdict.as_str()),
            self.tally.passed,
            text::plural(self.tally.run, "drill"),
            self.tally.failed,
            self.tally.unproven,
            text::plural(self.schedules, "schedule"),
            self.seed
        ));
        if let Some(over) = counted_over(self) {
            page.line(format!("{DIM}{over}: {}{DIM:#}", counts_line(&self.reconciliation)));
        }
        page.next(&self.next);
    }
}

impl Text for assess_readiness::Answer {
    fn text(&self, page: &mut Page) {
        readiness(page, self);
        page.next(&self.next);
    }
}

/// Checklist, risks and confidence line.
pub(super) fn readiness(page: &mut Page, a: &assess_readiness::Answer) {
    let rows: Vec<Vec<String>> =
        a.checklist.iter().map(|i| vec![i.item.clone(), i.state.as_str().to_owned(), i.because.clone()]).collect();
    page.table(&["must be so", "state", "what the evidence says"], &rows);
    page.gap();
    let links: Vec<Vec<String>> = a
        .chain
        .iter()
        .map(|l| {
            let event = l.event.map_or_else(String::new, |seq| seq.to_string());
            vec![l.link.clone(), event, l.state.as_str().to_owned(), l.because.clone()]
        })
        .collect();
    page.table(&["chain of evidence", "event", "state", "because"], &links);
    if !a.risks.is_empty() {
        page.heading("open risks");
        for r in &a.risks {
            page.line(format!("  - {r}"));
        }
    }
    if !a.lost.is_empty() {
        page.heading("where confidence is lost");
        for l in &a.lost {
            page.line(format!("  {:.2}  {}: {}", l.points, l.claim, l.because));
            page.line(format!("        {DIM}regain: {}{DIM:#}", l.regain));
        }
    }
    if !a.raise.is_empty() {
        page.heading("what would raise the confidence");
        for r in &a.raise {
            page.line(format!("  - {r}"));
        }
    }
    page.gap();
    page.line(format!("readiness {}", styled(verdict_style(a.verdict), a.verdict.as_str())));
    page.line(styled(BOLD, &a.confidence.line));
}

impl Text for trace_constraint::Answer {
    fn text(&self, page: &mut Page) {
        traced(page, self);
        page.next(&self.next);
    }
}

/// Where a constraint leads.
pub(super) fn traced(page: &mut Page, a: &trace_constraint::Answer) {
    page.line(format!("{} {DIM}({}){DIM:#}  {}", styled(BOLD, &a.constraint), a.kind, a.says));
    page.pair("origin", a.origin.as_deref().unwrap_or("none given"));
    page.pair("owner", &a.owner);
    page.pair("binds", &a.binds);
    page.pair("state", &a.state);
    for event in &a.events {
        page.pair("evidence", event);
    }
    page.gap();
    let rows: Vec<Vec<String>> =
        a.clauses.iter().map(|c| vec![c.place.clone(), c.path.clone(), c.line.clone()]).collect();
    page.table(&["honoured at", "clause", "as written"], &rows);
    let rows: Vec<Vec<String>> =
        a.drills.iter().map(|d| vec![d.drill.clone(), d.verdict.as_str().to_owned()]).collect();
    page.table(&["tested by drill", "verdict"], &rows);
    let rows: Vec<Vec<String>> =
        a.watches.iter().map(|w| vec![w.seen.clone(), w.place.clone().unwrap_or_default()]).collect();
    page.table(&["watched as", "in the runbook"], &rows);
    if !a.lacking.is_empty() {
        page.heading("lacking");
        for l in &a.lacking {
            page.line(format!("  - {l}"));
        }
    }
}

impl Text for export_dossier::Answer {
    fn text(&self, page: &mut Page) {
        page.line(format!("wrote {} to {}", text::plural(self.files.len() as u64, "file"), styled(BOLD, &self.out)));
        for f in &self.files {
            page.line(format!("  {f}"));
        }
        page.next(&self.next);
    }
}

impl Text for probe_system::Answer {
    fn text(&self, page: &mut Page) {
        let Self { contract: _, requests, observed, unasked, next } = self;
        let mut system = "";
        for o in observed {
            if system != o.system {
                page.line(styled(BOLD, &o.system));
                system = &o.system;
            }
            let word = match o.agrees {
                None if o.unanswered => "no answer",
                Some(true) => "as described",
                Some(false) => "NOT as described",
                None => "seen",
            };
            page.line(format!("  {word:<16}  {:<15} {}", o.fact, o.says));
        }
        page.gap();
        page.line(format!("{DIM}{}{DIM:#}", text::plural(*requests, "request")));
        for question in unasked {
            page.line(format!("{DIM}not asked: {question}{DIM:#}"));
        }
        page.next(next);
    }
}

impl Text for run_connector::Answer {
    fn text(&self, page: &mut Page) {
        for f in &self.flows {
            page.line(format!("{} {}", styled(verdict_style(f.verdict), f.verdict.as_str()), styled(BOLD, &f.flow)));
            page.line(format!("  {}", counts_line(&f.reconciliation)));
            page.line(format!(
                "  {DIM}{}{}, {}{DIM:#}",
                if f.run.is_empty() { String::new() } else { format!("run {}: ", f.run) },
                text::plural(f.requests, "request"),
                if f.retries == 1 { "1 of them a retry".to_owned() } else { format!("{} of them retries", f.retries) }
            ));
            if let Some(because) = &f.stopped {
                page.line(operate::stopped(because));
            }
            if f.earlier_mapping > 0 {
                let records = text::plural(f.earlier_mapping, "record");
                page.line(format!("  {records} delivered by an earlier mapping of the contract"));
            }
            if let Some(verified) = &f.verified {
                operate::verified(page, verified);
            }
        }
        page.next(&self.next);
    }
}

impl Text for demo::Answer {
    fn text(&self, page: &mut Page) {
        for map in &self.maps {
            page.heading(&format!("System map: {}", map.system));
            page.pair("API", format!("{} {DIM}({} {}, {}){DIM:#}", map.title, map.format, map.version, map.origin));
            let rows: Vec<Vec<String>> = map.facts.iter().take(9).map(fact_row).collect();
            page.table(&["fact", "value", "sure", "read at"], &rows);
            let rows: Vec<Vec<String>> = map
                .entities
                .iter()
                .take(4)
                .map(|e| vec![e.entity.clone(), e.key.clone().unwrap_or_default(), e.actions.clone()])
                .collect();
            page.table(&["entity", "key", "can"], &rows);
        }
        page.heading("Mapping");
        mapping_table(page, &self.check.mapping);
        page.gap();
        page.line(format!("  {} compiles: {}", self.check.contract, self.check.counts));
        page.heading("Test matrix");
        matrix(page, &self.matrix);
        page.heading("Reconciliation");
        let r = &self.reconciliation;
        let cell = |n: u64| text::thousands(n);
        page.table(
            &["expected", "read", "unique", "written", "unchanged", "rejected", "dead-lettered"],
            &[vec![
                r.expected.map_or_else(|| "unstated".to_owned(), cell),
                cell(r.read),
                cell(r.unique),
                cell(r.written),
                cell(r.unchanged),
                cell(r.rejected),
                cell(r.dead_lettered),
            ]],
        );
        page.line(format!(
            "  {DIM}records of the happy path over its schedules, counted in the simulated systems{DIM:#}"
        ));
        page.heading("Readiness");
        readiness(page, &self.readiness);
        page.gap();
        page.line(format!(
            "{DIM}evidence:{DIM:#} {}  {DIM}session{DIM:#} {}  {DIM}head{DIM:#} {}",
            self.store,
            self.session,
            self.head.get(..19).unwrap_or(&self.head)
        ));
        page.next(&self.next);
    }
}

impl Text for dead_letters::DeadLettersAnswer {
    fn text(&self, page: &mut Page) {
        let rows: Vec<Vec<String>> = self
            .dead_letters
            .iter()
            .map(|l| {
                vec![
                    l.id.to_string(),
                    l.flow.clone(),
                    l.key.clone(),
                    format!("{:?}", l.state).to_lowercase(),
                    l.code.clone(),
                    l.attempts.to_string(),
                    l.because.clone(),
                ]
            })
            .collect();
        page.table(&["#", "flow", "key", "state", "code", "attempts", "because"], &rows);
        if rows.is_empty() {
            page.line("no dead letters");
        }
        page.next(&self.next);
    }
}
