//! Proposes `integration.yaml` from two mapped systems: operations chosen, mapping suggested, policies safe, and every
//! doubt written down as an open question.

use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::context::system_of;
use super::inspect_system::find_operation;
use super::scaffold_connector::duration;
use super::{Call, Done, Hints, No, Refusal, UseCase, paging};
use crate::base::digest::Digest;
use crate::base::{fs, text};
use crate::checks::assumptions::{Assumption, assumptions};
use crate::contract;
use crate::evidence::{EventKind, Phase};
use crate::mapping::{self, Suggestion};
use crate::model::{Action, Basis, Operation, RateLimit, SchemeKind, System};
use crate::workflow::record::{self, Binds};

/// Arguments of `draft_contract`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, clap::Args)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// From open_session, with both systems mapped.
    #[arg(long)]
    pub session: String,
    /// Mapped system that records come from.
    #[arg(long)]
    pub source: String,
    /// Mapped system that records go to.
    #[arg(long)]
    pub target: String,
    /// List operation of the source. Default: the best candidate.
    #[arg(long)]
    pub source_operation: Option<String>,
    /// Create (or upsert) operation of the target. Default: the best candidate.
    #[arg(long)]
    pub target_operation: Option<String>,
    /// Where to write the draft.
    #[arg(long, default_value = "integration.yaml")]
    #[serde(default = "default_path")]
    pub path: String,
}

fn default_path() -> String {
    "integration.yaml".to_owned()
}

/// One suggested rule.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct SuggestionOut {
    /// Path in the target record.
    pub target: String,
    /// The rule as written into the file.
    pub rule: String,
    /// How alike, 0 to 1.
    pub score: f64,
    /// Why these two.
    pub because: String,
}

/// The draft.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Answer {
    /// The file written.
    pub path: String,
    /// Its digest.
    pub digest: String,
    /// The list operation chosen.
    pub source_operation: String,
    /// The write chosen, with its operations.
    pub write: String,
    /// The rules suggested; read each, names can mislead.
    pub mapping: Vec<SuggestionOut>,
    /// What you or the user must decide before it can run.
    pub open_questions: Vec<String>,
    /// What to do next.
    pub next: String,
}

/// Proposes a contract.
pub struct DraftContract;

impl UseCase for DraftContract {
    const NAME: &'static str = "draft_contract";
    const COMMAND: &'static str = "draft";
    const TITLE: &'static str = "Draft a contract";
    const SUMMARY: &'static str = "Write a first integration.yaml from two mapped systems: operations, mapping with scores, delivery \
        policies, open questions. Never overwrites a file. Read it, mend it, then check_contract.";
    const HINTS: Hints = Hints { read_only: false, destructive: false, idempotent: false };
    const KIND: EventKind = EventKind::ContractDrafted;
    const PHASE: Phase = Phase::Contract;
    type Params = Params;
    type Answer = Answer;

    fn session(params: &Params) -> Option<&str> {
        Some(&params.session)
    }

    fn paths(params: &Params) -> Vec<&str> {
        vec![&params.path]
    }

    fn run(call: &Call<'_>, params: Params) -> Result<Done<Answer>, No> {
        let path = call.app.path(&params.path);
        if path.exists() {
            return Err(Refusal::new(
                "file-exists",
                format!("{} exists, and a draft never overwrites", params.path),
                format!("check_contract {{\"session\": \"{}\", \"contract\": \"{}\"}}, or draft_contract with another \"path\"", params.session, params.path),
            )
            .into());
        }
        if params.source == params.target {
            return Err(Refusal::new(
                "bad-argument",
                "source and target are the same system",
                "map the other system and pass its name",
            )
            .into());
        }
        let (source_read, source_api) = call.mapped(&params.source)?;
        let (target_read, target_api) = call.mapped(&params.target)?;
        let (source, target) = (system_of(&source_read)?, system_of(&target_read)?);
        let list = match &params.source_operation {
            Some(name) => find_operation(source, name)?,
            None => best(source, &[Action::List, Action::Search])
                .ok_or_else(|| none(&params.source, "list", "source_operation"))?,
        };
        let write = choose_write(target, params.target_operation.as_deref(), list.entity.as_deref(), &params.target)?;
        let suggestions = match (list.record, write.main().body.as_ref().and_then(|b| b.schema)) {
            (Some(s), Some(t)) => mapping::suggest((&source.schemas, s), (&target.schemas, t)),
            _ => Vec::new(),
        };
        let draft = Draft {
            call,
            params: &params,
            source,
            target,
            source_api: &source_api,
            target_api: &target_api,
            list,
            write: &write,
            suggestions: &suggestions,
        };
        let (yaml, open_questions) = draft.write();
        fs::write_atomic(&path, yaml.as_bytes()).map_err(super::Fault::from)?;
        let digest = Digest::of_bytes(yaml.as_bytes());
        let data = record::ContractDrafted {
            file: path.display().to_string(),
            digest: digest.as_str().to_owned(),
            open_questions: open_questions.clone(),
        };
        let rules: Vec<SuggestionOut> = suggestions
            .iter()
            .map(|s| SuggestionOut {
                target: s.target.clone(),
                rule: s.rule_yaml.clone(),
                score: (s.score * 100.0).round() / 100.0,
                because: s.because.clone(),
            })
            .collect();
        let (rules, _) = paging::fit(rules, None, call.face.budget().min(5_000))?;
        let (open_out, _) = paging::fit(open_questions, None, call.face.budget().min(2_500))?;
        let answer = Answer {
            path: params.path.clone(),
            digest: digest.as_str().to_owned(),
            source_operation: list.id.clone(),
            write: write.says(),
            mapping: rules,
            open_questions: open_out,
            next: format!(
                "read {0}, settle the open questions, then check_contract {{\"session\": \"{1}\", \"contract\": \"{0}\"}}",
                params.path, params.session
            ),
        };
        Ok(Done::new(
            answer,
            format!("drafted {}: {}", params.path, text::plural(suggestions.len() as u64, "rule")),
            data.to_value(),
        ))
    }
}

fn none(system: &str, action: &str, argument: &str) -> Refusal {
    Refusal::new(
        "no-operation-found",
        format!("no {action} operation with a known record was recognised in {system}"),
        format!(
            "choose one with inspect_system {{\"name\": \"{system}\", \"operations\": true}} and pass it as {argument}"
        ),
    )
}

/// The operation of one of these actions whose entity can do most.
fn best<'s>(system: &'s System, actions: &[Action]) -> Option<&'s Operation> {
    let mut candidates: Vec<&Operation> = system
        .operations
        .iter()
        .filter(|o| actions.contains(&o.action) && o.record.is_some() && !o.deprecated)
        .collect();
    candidates.sort_by_key(|o| {
        let breadth = o.entity.as_ref().and_then(|e| system.entities.get(e)).map_or(0, |e| e.operations.len());
        (o.path_params().len(), usize::from(o.pagination.is_none()), std::cmp::Reverse(breadth), o.path.len())
    });
    candidates.first().copied()
}

enum Chosen<'s> {
    Upsert { matching: String, find: &'s Operation, create: &'s Operation, update: &'s Operation },
    Put { put: &'s Operation },
    Create { create: &'s Operation },
}

impl Chosen<'_> {
    const fn main(&self) -> &Operation {
        match self {
            Self::Upsert { create, .. } | Self::Create { create } => create,
            Self::Put { put } => put,
        }
    }

    fn says(&self) -> String {
        match self {
            Self::Upsert { matching, find, create, update } => {
                format!("upsert by {matching}: {}, {}, {}", find.id, create.id, update.id)
            }
            Self::Put { put } => format!("put: {}", put.id),
            Self::Create { create } => match &create.idempotency {
                Some(i) => format!("create: {} with {}", create.id, i.header),
                None => format!("create: {} without protection against duplicates", create.id),
            },
        }
    }
}

fn choose_write<'s>(
    system: &'s System,
    named: Option<&str>,
    like: Option<&str>,
    label: &str,
) -> Result<Chosen<'s>, Refusal> {
    let main = match named {
        Some(name) => find_operation(system, name)?,
        None => {
            let same = like
                .and_then(|e| system.entities.get(e))
                .and_then(|e| e.operations.get(&Action::Create))
                .and_then(|ids| system.operation(ids.first()?));
            match same {
                Some(op) => op,
                None => best(system, &[Action::Create, Action::Upsert])
                    .ok_or_else(|| none(label, "create", "target_operation"))?,
            }
        }
    };
    if main.method == crate::model::Method::Put {
        return Ok(Chosen::Put { put: main });
    }
    let entity = main.entity.as_ref().and_then(|e| system.entities.get(e));
    let of = |action: Action| {
        entity.and_then(|e| e.operations.get(&action)).and_then(|ids| ids.iter().find_map(|id| system.operation(id)))
    };
    let update = of(Action::Update).or_else(|| of(Action::Upsert));
    let searchable = entity
        .into_iter()
        .flat_map(|e| [Action::Search, Action::List].into_iter().filter_map(|a| e.operations.get(&a)).flatten())
        .filter_map(|id| system.operation(id));
    if let Some(update) = update {
        for find in searchable {
            if let Some(field) = natural_key(system, main, find) {
                return Ok(Chosen::Upsert { matching: field, find, create: main, update });
            }
        }
    }
    Ok(Chosen::Create { create: main })
}

/// A field of the body that a query parameter of the search is named after, identifiers of the outside world first.
fn natural_key(system: &System, create: &Operation, find: &Operation) -> Option<String> {
    let body = create.body.as_ref()?.schema?;
    let properties = system.schemas.properties(body);
    let mut hits: Vec<&str> = find
        .parameters
        .iter()
        .filter(|p| p.place == crate::model::ParamIn::Query)
        .filter_map(|p| properties.get_key_value(p.name.as_str()).map(|(k, _)| *k))
        .collect();
    let rank = |f: &str| {
        let words = text::words(f);
        let has = |w: &str| words.iter().any(|x| x == w);
        if has("email") {
            0
        } else if has("external") || has("reference") || has("code") || has("sku") || has("number") {
            1
        } else if has("id") || has("key") {
            2
        } else {
            9
        }
    };
    hits.sort_by_key(|f| rank(f));
    hits.first().filter(|f| rank(f) < 9).map(|f| (*f).to_owned())
}

struct Draft<'d, 'c> {
    call: &'d Call<'c>,
    params: &'d Params,
    source: &'d System,
    target: &'d System,
    source_api: &'d str,
    target_api: &'d str,
    list: &'d Operation,
    write: &'d Chosen<'d>,
    suggestions: &'d [Suggestion],
}

impl Draft<'_, '_> {
    fn write(&self) -> (String, Vec<String>) {
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
            line(format!("    api: {}", scalar(&self.relative(api))));
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
            let doubt = if s.score < 0.62 {
                format!("   # ? {:.2}: {}", s.score, text::quoted(&s.because, 80))
            } else {
                String::new()
            };
            line(format!("      {}: {}{doubt}", key(&s.target), s.rule_yaml));
            if s.score < 0.62 {
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
        let protected = !matches!(self.write, Chosen::Create { create } if create.idempotency.is_none());
        let attempts = if protected { 8 } else { 1 };
        line(format!(
            "      retry: {{attempts: {attempts}, base: 500ms, cap: 60s, jitter: full, honor_retry_after: true}}"
        ));
        if !protected {
            questions.push(format!("target.create: {} honours no idempotency key, so it is not retried; name a natural key to upsert by, or accept duplicates by name", self.write.main().id));
        }
        line("      timeout: 10s".to_owned());
        match &self.write.main().rate_limit {
            // A tenth is left for people and for other programs on the same token.
            Some(r) => line(format!(
                "      rate: {}/{1}                   # stated: {2}/{1}",
                (r.requests * 9 / 10).max(1),
                duration(r.window_ms),
                r.requests
            )),
            None => {
                line("      # rate: 100/10s                  # ? no limit is stated; ask the vendor".to_owned());
                questions.push("delivery.rate: the description states no limit".to_owned());
            }
        }
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

    fn source_lines(&self, questions: &mut Vec<String>) -> Vec<String> {
        let entity = self.list.entity.as_ref().and_then(|e| self.source.entities.get(e));
        let id_field = self.list.record.is_some_and(|r| self.source.schemas.property(r, "id").is_some());
        let key = entity.and_then(|e| e.key.clone()).or_else(|| id_field.then(|| "id".to_owned()));
        let mut out = vec![
            "    source:".to_owned(),
            format!("      system: {}", self.params.source),
            format!("      operation: {}", scalar(&self.list.id)),
            "      every: 60s".to_owned(),
            match &key {
                Some(k) => format!("      key: {}", scalar(k)),
                None => {
                    questions.push("source.key: which field identifies a record?".to_owned());
                    "      key: id                        # ? no key was recognised".to_owned()
                }
            },
            "      paginate: auto".to_owned(),
        ];
        if self.list.pagination.is_none() {
            questions
                .push("source.paginate: no pagination was recognised; is the list complete in one answer?".to_owned());
        }
        match &self.list.incremental {
            Some(i) if i.field.is_some() => out.push(format!(
                "      incremental: {{field: {}, param: {}}}",
                scalar(i.field.as_deref().unwrap_or("")),
                scalar(&i.param)
            )),
            _ => out.push(
                "      # incremental: {field: updated_at, param: updated_since}   # ? every pass reads everything"
                    .to_owned(),
            ),
        }
        out.extend(self.params_lines(&[self.list], questions, "source"));
        out.push("      deletes: ignore                # ? deletions in the source are not carried over".to_owned());
        out
    }

    fn target_lines(&self, questions: &mut Vec<String>) -> Vec<String> {
        let mut out = vec!["    target:".to_owned(), format!("      system: {}", self.params.target)];
        let ops: Vec<&Operation> = match self.write {
            Chosen::Upsert { matching, find, create, update } => {
                let key = create
                    .idempotency
                    .as_ref()
                    .map(|i| format!(", idempotency: {{header: {}}}", scalar(&i.header)))
                    .unwrap_or_default();
                out.push(format!(
                    "      upsert: {{match: {matching}, find: {}, create: {}, update: {}{key}}}",
                    scalar(&find.id),
                    scalar(&create.id),
                    scalar(&update.id)
                ));
                questions.push(format!("target.upsert.match: is {matching} unique in {}?", self.params.target));
                vec![find, create, update]
            }
            Chosen::Put { put } => {
                out.push(format!("      put: {}", scalar(&put.id)));
                vec![put]
            }
            Chosen::Create { create } => {
                let key = create
                    .idempotency
                    .as_ref()
                    .map(|i| format!(", idempotency: {{header: {}}}", scalar(&i.header)))
                    .unwrap_or_default();
                out.push(format!("      create: {{operation: {}{key}}}", scalar(&create.id)));
                vec![create]
            }
        };
        out.extend(self.params_lines(&ops, questions, "target"));
        out
    }

    /// Required parameters that neither record nor connector fills need a value from a person.
    fn params_lines(&self, ops: &[&Operation], questions: &mut Vec<String>, side: &str) -> Vec<String> {
        let mut names: Vec<&str> = Vec::new();
        for op in ops {
            let own_key = (matches!(op.action, Action::Update | Action::Upsert | Action::Get)
                || op.method == crate::model::Method::Put)
                .then(|| op.path_params().last().copied())
                .flatten();
            for p in op.parameters.iter().filter(|p| p.required) {
                let filled = Some(p.name.as_str()) == own_key
                    || op.pagination.as_ref().is_some_and(|g| {
                        g.param.as_deref() == Some(&p.name) || g.limit_param.as_deref() == Some(&p.name)
                    })
                    || op.idempotency.as_ref().is_some_and(|i| i.header.eq_ignore_ascii_case(&p.name))
                    || matches!(self.write, Chosen::Upsert { matching, .. } if *matching == p.name);
                if !filled && !names.contains(&p.name.as_str()) {
                    names.push(&p.name);
                }
            }
        }
        if names.is_empty() {
            return Vec::new();
        }
        questions.push(format!("{side}.params: {} must be given", names.join(", ")));
        let pairs: Vec<String> = names.iter().map(|n| format!("{}: CHANGE-ME", key(n))).collect();
        vec![format!("      params: {{{}}}   # ? required by the description", pairs.join(", "))]
    }

    fn unfed(&self) -> Vec<(String, String)> {
        let Some(body) = self.write.main().body.as_ref().and_then(|b| b.schema) else { return Vec::new() };
        let schema = self.target.schemas.get(body);
        schema
            .required
            .iter()
            .filter(|r| !self.suggestions.iter().any(|s| s.target == **r || s.target.starts_with(&format!("{r}."))))
            .filter_map(|r| schema.properties.get(r).map(|p| (r, self.target.schemas.get(*p))))
            .filter(|(_, p)| !p.read_only)
            .map(|(r, p)| (r.clone(), p.types.to_string()))
            .collect()
    }

    fn unmapped(&self) -> Vec<String> {
        let Some(record) = self.list.record else { return Vec::new() };
        let used = |field: &str| {
            self.suggestions.iter().any(|s| {
                s.source == field
                    || s.source.starts_with(&format!("{field}."))
                    || s.source.starts_with(&format!("{field}["))
            })
        };
        self.source.schemas.properties(record).keys().filter(|f| !used(f)).map(|f| (*f).to_owned()).collect()
    }
}

/// Stands for the constraints until the rest is written: what a flow relies on is read off the flow.
const CONSTRAINTS: &str = "# constraints";

/// `, binds: {...}`, or nothing where nothing is bound.
fn binds(binds: &Binds) -> String {
    let list = |name: &str, items: &[String]| {
        let items: Vec<String> = items.iter().map(|i| scalar(i)).collect();
        (!items.is_empty()).then(|| format!("{name}: [{}]", items.join(", ")))
    };
    let sides = [list("systems", &binds.systems), list("flows", &binds.flows), list("fields", &binds.fields)];
    let sides: Vec<String> = sides.into_iter().flatten().collect();
    if sides.is_empty() { String::new() } else { format!(", binds: {{{}}}", sides.join(", ")) }
}

/// A YAML scalar, quoted where plain text would mean something else.
fn scalar(s: &str) -> String {
    let plain = !s.is_empty()
        && s.chars().all(|c| c.is_ascii_alphanumeric() || "_-./ ".contains(c))
        && s.starts_with(|c: char| c.is_ascii_alphabetic())
        && !s.ends_with(' ')
        && !matches!(s.to_ascii_lowercase().as_str(), "true" | "false" | "null" | "yes" | "no" | "on" | "off");
    if plain {
        return s.to_owned();
    }
    let mut out = String::from("\"");
    for c in s.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c.is_control() => {
                write!(out, "\\u{:04x}", u32::from(c)).expect("writing to a string cannot fail");
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn key(s: &str) -> String {
    scalar(s)
}
