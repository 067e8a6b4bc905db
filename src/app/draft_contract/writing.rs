//! Writes the file of a draft, line by line; every doubt is an open question.

use super::super::scaffold_connector::duration;
use super::super::{Call, description};
use super::Params;
use super::choose::Chosen;
use super::yaml::{binds, key, scalar};
use crate::base::text;
use crate::checks::assumptions::{Assumption, assumptions};
use crate::contract;
use crate::mapping::Suggestion;
use crate::model::{Basis, Operation, RateLimit, SchemeKind, System};
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
}

impl Draft<'_, '_> {
    /// The file, and its open questions.
    pub(super) fn write(&self) -> (String, Vec<String>) {
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
            if system.servers.iter().all(|s| !s.url.starts_with("http")) {
                line(format!("    base_url: https://{label}.example   # ? the description names no server"));
                questions.push(format!("systems.{label}.base_url: the description names no server"));
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
        for s in self.suggestions {
            let mut doubt = if s.score < DOUBTFUL {
                format!("   # ? {:.2}: {}", s.score, text::quoted(&s.because, 80))
            } else {
                String::new()
            };
            if self.may_be_missing(s) {
                let source = text::quoted(&s.source, 80);
                doubt.push_str(&format!("{} {source} may be missing", if doubt.is_empty() { "   # ?" } else { ";" }));
                questions.push(format!(
                    "map.{}: required by {}, but {source} may be missing in {}: which default, or which other field?",
                    s.target, self.params.target, self.params.source
                ));
            }
            line(format!("      {}: {}{doubt}", key(&s.target), s.rule_yaml));
            if let Some(others) = others(s) {
                line(format!("      # or {others}"));
            }
            if s.score < DOUBTFUL {
                questions.push(format!("map.{}: {} ({:.2})", s.target, s.because, s.score));
            }
        }
        for (field, kind) in self.unfed() {
            line(format!(
                "      # {field}: ?                     required by {}, {kind}; nothing in the source looks like it",
                self.params.target
            ));
            questions.push(format!(
                "map.{field}: required by {}, and nothing in the source looks like it",
                self.params.target
            ));
        }
        if self.suggestions.is_empty() {
            line("      {}".to_owned());
        }
        let unmapped = self.unmapped();
        if !unmapped.is_empty() {
            line(format!(
                "    unmapped: [{}]   # ? left out: is that right?",
                unmapped.iter().map(|f| scalar(f)).collect::<Vec<_>>().join(", ")
            ));
        }
        line("    delivery:".to_owned());
        line("      order: per-key".to_owned());
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
        (y.replacen(&format!("{CONSTRAINTS}\n"), &block, 1), questions)
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

    fn auth(&self, label: &str, system: &System, questions: &mut Vec<String>) -> Vec<String> {
        let env = label.to_uppercase().replace('-', "_");
        let used = if label == self.params.source { self.list } else { self.write.main() };
        let wanted: Vec<&str> = used
            .security
            .iter()
            .filter(|alternative| alternative.len() == 1)
            .flatten()
            .map(|s| s.scheme.as_str())
            .collect();
        let supported = |name: &str| match system.schemes.get(name).map(|s| &s.kind) {
            Some(SchemeKind::Bearer | SchemeKind::Basic | SchemeKind::ApiKey { .. }) => true,
            Some(SchemeKind::Oauth2(flows)) => flows.iter().any(|f| f.kind == "clientCredentials"),
            _ => false,
        };
        let Some(name) = wanted.iter().copied().find(|n| supported(n)) else {
            if used.root_field.is_some() && system.schemes.is_empty() {
                questions.push(format!("systems.{label}.auth: a GraphQL schema does not say how to authenticate"));
                return vec![format!(
                    "    # auth: {{scheme: bearer, secret: env:{env}_TOKEN}}   # ? a GraphQL schema does not say how; or {}",
                    "basic, api_key with header, oauth2 with token_url"
                )];
            }
            if used.security.is_empty() {
                questions.extend(self.auth_question(label, system, used));
                return Vec::new();
            }
            questions.push(format!(
                "systems.{label}.auth: none of the schemes {} can be used by this release",
                wanted.join(", ")
            ));
            return vec![format!(
                "    # auth: ?                          none of the declared schemes can be used by this release"
            )];
        };
        let scheme = scalar(name);
        match system.schemes.get(name).map(|s| &s.kind) {
            Some(SchemeKind::Basic) => {
                vec![format!("    auth: {{scheme: {scheme}, username: env:{env}_USER, password: env:{env}_PASSWORD}}")]
            }
            Some(SchemeKind::Oauth2(_)) => {
                let mut scopes: Vec<String> = used
                    .security
                    .iter()
                    .flatten()
                    .filter(|s| s.scheme == name)
                    .flat_map(|s| s.scopes.clone())
                    .collect();
                if label == self.params.target
                    && let Chosen::Upsert { find, update, .. } = self.write
                {
                    scopes.extend(
                        [find, update]
                            .iter()
                            .flat_map(|o| o.security.iter().flatten())
                            .filter(|s| s.scheme == name)
                            .flat_map(|s| s.scopes.clone()),
                    );
                }
                scopes.sort();
                scopes.dedup();
                let scopes = scopes.iter().map(|s| scalar(s)).collect::<Vec<_>>().join(", ");
                vec![format!(
                    "    auth: {{scheme: {scheme}, client_id: env:{env}_CLIENT_ID, client_secret: env:{env}_CLIENT_SECRET, scopes: [{scopes}]}}"
                )]
            }
            _ => vec![format!("    auth: {{scheme: {scheme}, secret: env:{env}_TOKEN}}")],
        }
    }

    /// What was recorded, then what the description states, then what the flow just drafted relies on.
    fn constraints(&self, drafted: &str, questions: &mut Vec<String>) -> Vec<String> {
        let known = &self.call.facts.constraints;
        let mut out: Vec<String> = known
            .iter()
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
/// Another source this near to the one chosen is named beside it.
const NEAR: f64 = 0.5;

/// Other sources that may be meant as well, for a comment below the rule.
fn others(s: &Suggestion) -> Option<String> {
    let near = s.alternatives.iter().filter(|(_, score, _)| *score >= s.score * NEAR);
    let named: Vec<String> = near
        .take(2)
        .map(|(path, score, why)| format!("{} ({score:.2}: {})", text::quoted(path, 80), text::quoted(why, 60)))
        .collect();
    (!named.is_empty()).then(|| named.join(", or "))
}

/// Stands for the constraints until the rest is written: what a flow relies on is read off the flow.
const CONSTRAINTS: &str = "# constraints";
