//! Writes the file of a draft, line by line; every doubt is an open question.

use std::collections::BTreeMap;

use super::super::scaffold_connector::duration;
use super::super::{Call, description};
use super::Params;
use super::choose::Chosen;
use super::rules::{Settled, others};
use super::systems::base_url;
use super::yaml::{binds, key, scalar};
use crate::base::text;
use crate::checks::assumptions::{Assumption, assumptions};
use crate::contract;
use crate::contract::ConstraintKind;
use crate::mapping::{OpenTable, Suggestion};
use crate::model::{Basis, Operation, RateLimit, System};
use crate::workflow::ConstraintFact;
use crate::workflow::record::Binds;

/// A draft in the making.
pub(super) struct Draft<'d, 'c> {
    pub(super) call: &'d Call<'c>,
    pub(super) params: &'d Params,
    pub(super) source: &'d System,
    pub(super) target: &'d System,
    pub(super) source_api: &'d str,
    pub(super) target_api: &'d str,
    pub(super) list: &'d Operation,
    pub(super) write: &'d Chosen<'d>,
    pub(super) suggestions: &'d [Suggestion],
    /// Tables of values that a person has to fill.
    pub(super) tables: &'d [OpenTable],
    /// What became of suggestions when the draft was checked.
    pub(super) settled: Settled,
}

/// A draft as text.
pub(super) struct Written {
    /// The file.
    pub(super) text: String,
    /// What a person has to decide.
    pub(super) questions: Vec<String>,
    /// The line that each target's rule stands at, counted from one.
    pub(super) rules: BTreeMap<u32, String>,
}

impl Draft<'_, '_> {
    /// The file, and its open questions.
    pub(super) fn write(&self) -> Written {
        let mut questions = Vec::new();
        let mut y = String::new();
        let session = self.call.session.as_ref();
        let name = session.map_or("integration", |s| s.name.as_str());
        let goal = session
            .map(|s| s.goal.clone())
            .filter(|g| !g.is_empty())
            .unwrap_or_else(|| format!("Move {} data to {}", self.params.source, self.params.target));
        let flow = self.list.entity.clone().unwrap_or_else(|| "records".to_owned());
        let mut line = |s: String| {
            y.push_str(&s);
            y.push('\n');
        };
        line("# Drafted by platform-integration; every line is a proposal. Lines marked ? need a decision.".to_owned());
        line("apiVersion: platform-integration/v1".to_owned());
        line(format!("name: {name}"));
        line(format!("why: {}", scalar(&goal)));
        line("owner: unassigned                # ? who is paged".to_owned());
        questions.push("owner: who is paged when the flow stops?".to_owned());
        line("\nsystems:".to_owned());
        for (label, system, api) in
            [(&self.params.source, self.source, self.source_api), (&self.params.target, self.target, self.target_api)]
        {
            line(format!("  {label}:"));
            let parts = description::parts(&self.call.app.path(api));
            let mut parts = parts.iter().map(|part| scalar(&self.relative(&part.display().to_string())));
            line(format!("    api: {}", parts.next().unwrap_or_default()));
            for (i, overlay) in parts.enumerate() {
                if i == 0 {
                    line("    overlays:".to_owned());
                }
                line(format!("      - {overlay}"));
            }
            for l in base_url(label, system, &mut questions) {
                line(l);
            }
            for l in self.auth(label, system, &mut questions) {
                line(l);
            }
        }
        line(CONSTRAINTS.to_owned());
        line("\nflows:".to_owned());
        line(format!("  {flow}:"));
        for l in self.source_lines(&mut questions) {
            line(l);
        }
        for l in self.target_lines(&mut questions) {
            line(l);
        }
        line("    map:".to_owned());
        for s in self.kept() {
            let mut doubt = if s.score < DOUBTFUL {
                format!("   # ? {:.2}: {}", s.score, text::quoted(&s.because, 80))
            } else {
                String::new()
            };
            let rule = self.rule(s, &mut doubt, &mut questions);
            line(format!("      {}: {rule}{doubt}", key(&s.target)));
            if let Some(others) = others(s) {
                line(format!("      # or {others}"));
            }
            if s.score < DOUBTFUL {
                questions.push(format!("map.{}: {} ({:.2})", s.target, s.because, s.score));
            }
        }
        for s in self.suggestions {
            let Some(because) = self.settled.dropped.get(&s.target) else { continue };
            let because = text::quoted(because, 200);
            line(format!("      # {}: {}   # does not fit: {because}", key(&s.target), s.rule_yaml));
        }
        for table in self.tables {
            let takes: Vec<String> = table.takes.iter().take(12).map(ToString::to_string).collect();
            let takes = text::quoted(&takes.join(", "), 200);
            line(format!(
                "      # {}: {}   # ? fill in what {} takes: {takes}",
                key(&table.target),
                table.skeleton(),
                self.params.target
            ));
            questions.push(format!(
                "map.{}: which value of {} is which of {}'s? A table is begun at its line; {}",
                table.target,
                text::quoted(&table.source, 80),
                self.params.target,
                table.because
            ));
        }
        for (field, kind) in self.unfed() {
            let to = &self.params.target;
            let because = match self.settled.dropped.get(&field) {
                _ if self.tables.iter().any(|t| t.target == field) => "a table of values is to be filled",
                Some(_) => "what looks like it in the source does not fit",
                None => "nothing in the source looks like it",
            };
            line(format!("      # {field}: ?                     required by {to}, {kind}; {because}"));
            questions.push(format!("map.{field}: required by {to}, and {because}"));
        }
        if self.kept().next().is_none() {
            line("      {}   # ? nothing was found that fits: are these the right operations?".to_owned());
            questions.push(format!(
                "map: no field of {} looks like one of {}: choose other operations (source_operation, target_operation), or write the \
                 rules",
                self.list.id,
                self.write.main().id
            ));
        }
        let unmapped = self.unmapped();
        if !unmapped.is_empty() {
            line(format!(
                "    unmapped: [{}]   # ? left out: is that right?",
                unmapped.iter().map(|f| scalar(f)).collect::<Vec<_>>().join(", ")
            ));
        }
        line("    delivery:".to_owned());
        line(match self.settled.one_at_a_time {
            true => format!(
                "      order: total                   # one at a time: {} serves few at once",
                self.params.target
            ),
            false => "      order: per-key".to_owned(),
        });
        let attempts = if self.unprotected() { 1 } else { 8 };
        line(format!(
            "      retry: {{attempts: {attempts}, base: 500ms, cap: 60s, jitter: full, honor_retry_after: true}}"
        ));
        if self.unprotected() {
            questions.push(self.repeat_question());
        }
        line("      timeout: 10s".to_owned());
        line(self.rate_line(&mut questions));
        line("      breaker: {open_after: 5, probe_every: 30s}".to_owned());
        line("      dead_letter: {alert_at: 1}".to_owned());
        line("    drift: quarantine".to_owned());
        line("    fallback: hold".to_owned());
        let constraints = self.constraints(&y, &mut questions);
        let block = if constraints.is_empty() {
            String::new()
        } else {
            format!("\nconstraints:\n{}\n", constraints.join("\n"))
        };
        let text = y.replacen(&format!("{CONSTRAINTS}\n"), &block, 1);
        let rules = self.lines_of_rules(&text);
        Written { text, questions, rules }
    }

    fn relative(&self, api: &str) -> String {
        let contract_dir =
            self.call.app.path(&self.params.path).parent().map(std::path::Path::to_owned).unwrap_or_default();
        let api = self.call.app.path(api);
        let mut up = String::new();
        let mut base = contract_dir.as_path();
        // `..` as far as the two share a directory; absolute where they share none.
        for _ in 0..8 {
            if let Ok(rest) = api.strip_prefix(base)
                && base.parent().is_some()
            {
                return format!("{up}{}", rest.display());
            }
            let Some(parent) = base.parent() else { break };
            base = parent;
            up.push_str("../");
        }
        api.display().to_string()
    }

    /// What was recorded, then what the description states, then what the flow just drafted relies on.
    fn constraints(&self, drafted: &str, questions: &mut Vec<String>) -> Vec<String> {
        // What an earlier draft only assumed, and nobody has settled, may not be assumed by this one: it is derived anew.
        let stale = |c: &ConstraintFact| {
            c.kind == ConstraintKind::Inferred && c.in_contract && !c.recorded && c.decided.is_none()
        };
        let known = &self.call.facts.constraints;
        let mut out: Vec<String> = known
            .iter()
            .filter(|(_, c)| !stale(c))
            .map(|(id, c)| {
                let origin = c.origin.as_ref().map(|o| format!(", origin: {}", scalar(o))).unwrap_or_default();
                let owner = c.owner.as_ref().map(|o| format!(", owner: {}", scalar(o))).unwrap_or_default();
                let says = scalar(&c.says);
                format!("  - {{id: {id}, kind: {}, says: {says}{origin}{owner}{}}}", c.kind.as_str(), binds(&c.binds))
            })
            .collect();
        let to = &self.params.target;
        if let Some(RateLimit { requests, window_ms, basis: Basis::Stated { pointer } }) = &self.write.main().rate_limit
            && !known.keys().any(|k| k.contains("rate"))
        {
            out.push(format!(
                "  - {{id: {}-rate, kind: hard, says: \"at most {requests} requests per {}\", origin: {}, binds: {{systems: [{}]}}}}",
                to.to_lowercase().replace('_', "-"),
                duration(*window_ms),
                scalar(&format!("{to}{pointer}")),
                scalar(to)
            ));
        }
        for a in self.assumptions(drafted, &out) {
            questions.push(format!("{}: {}", a.id, a.says));
            let reach = Binds { systems: vec![a.system.clone()], flows: a.flows.clone(), fields: a.fields.clone() };
            let from = if a.from.is_empty() { String::new() } else { format!("; from {}", a.from.join(", ")) };
            out.push(format!("  # ? if wrong: {}{}", text::quoted(&a.if_wrong, 160), text::quoted(&from, 200)));
            out.push(format!("  - {{id: {}, kind: inferred, says: {}{}}}", a.id, scalar(&a.says), binds(&reach)));
        }
        out
    }

    /// What the draft relies on and no constraint of it says yet.
    fn assumptions(&self, drafted: &str, stated: &[String]) -> Vec<Assumption> {
        let block = if stated.is_empty() { String::new() } else { format!("constraints:\n{}", stated.join("\n")) };
        let (contract, _) = contract::parse(&drafted.replacen(CONSTRAINTS, &block, 1), &self.params.path);
        let systems = [(&self.params.source, self.source), (&self.params.target, self.target)];
        let systems = systems.into_iter().map(|(name, system)| (name.clone(), system)).collect();
        contract.map_or_else(Vec::new, |contract| assumptions(&contract, &systems))
    }
}

/// A rule that is likely to be right less often than four times in five is asked about.
const DOUBTFUL: f64 = 0.45;
/// Stands for the constraints until the rest is written: what a flow relies on is read off the flow.
const CONSTRAINTS: &str = "# constraints";
