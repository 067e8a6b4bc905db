//! A contract with everything it names: both descriptions read, mappings compiled, findings gathered. Check, draft,
//! scaffold, drill, run and dossier all start here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{App, Call, Refusal, description, origin};
use crate::base::fs::{self, MAX_CONTRACT};
use crate::base::ssh::Signers;
use crate::base::text as words;
use crate::checks::{self, Risk};
use crate::connector::{self, Plan};
use crate::contract::{self, Contract};
use crate::finding::{self, Finding, Location, Severity};
use crate::mapping::{self, Mapping};
use crate::model::System;
use crate::workflow::ConstraintState;

/// Constraints of the contract that were rejected in this session, in these words.
fn rejected(call: &Call<'_>, contract: Option<&Contract>, path: &str) -> Vec<Finding> {
    let listed = contract.into_iter().flat_map(|c| &c.constraints);
    listed
        .filter_map(|c| {
            let fact = call.facts.constraints.get(&c.id.value).filter(|f| f.says == c.says)?;
            let decided = fact.decided.as_ref().filter(|_| fact.state == ConstraintState::Rejected)?;
            let instead = decided.record.correction.as_deref();
            let instead = instead.map_or_else(String::new, |i| format!("; instead: {}", words::quoted(i, 200)));
            let message = format!(
                "constraint {} was rejected by {} (event {}){instead}",
                c.id.value,
                words::quoted(&decided.record.by, 60),
                decided.seq
            );
            Some(
                Finding::error("constraint-rejected", Location::at(path, c.at), message)
                    .fix("take it out, and change the clauses that rest on it"),
            )
        })
        .collect()
}

/// Risks of the contract that a person did not take, in these words.
fn not_taken(call: &Call<'_>, risks: &[Risk], path: &str) -> Vec<Finding> {
    let decided = |risk: &Risk| {
        let fact = call.facts.constraints.get(&risk.waits_as()?).filter(|f| f.says == risk.says())?;
        let decided = fact.decided.as_ref().filter(|_| fact.state == ConstraintState::Rejected)?;
        let by = words::quoted(&decided.record.by, 60);
        let message = format!("{} at {} is not acceptable, says {by} (event {})", risk.code, risk.place, decided.seq);
        let fix = "take the entry of accepted out, and mend what it covers";
        Some(Finding::error("constraint-rejected", Location::at(path, risk.at), message).fix(fix))
    };
    risks.iter().filter_map(decided).collect()
}

/// A contract that could be read, and all that was found.
pub(super) struct Compiled {
    /// The contract; nothing where its structure is broken.
    pub contract: Option<Contract>,
    /// The systems by their name in the contract; absent where a description cannot be read.
    pub systems: BTreeMap<String, Arc<System>>,
    /// The mappings by flow.
    pub mappings: BTreeMap<String, Mapping>,
    /// The constraints whose origin was looked up in a description and is there.
    pub found: BTreeSet<String>,
    /// Everything found, tidy.
    pub findings: Vec<Finding>,
    /// What `accepted` takes of it; among the findings each is a note.
    pub risks: Vec<Risk>,
    /// The text, for drawing source lines.
    pub text: String,
}

impl Compiled {
    /// Reads and compiles a contract.
    ///
    /// # Errors
    /// A refusal when the file cannot be read; what is wrong inside it is a finding.
    pub(super) fn load(call: &Call<'_>, path: &str) -> Result<Self, Refusal> {
        let session = call.session.is_some();
        let confirmed = |id: &str| call.facts.constraints.get(id).is_some_and(|c| !c.waits_for_a_person());
        let mut compiled = Self::load_with(call.app, path, session.then_some(&confirmed as &dyn Fn(&str) -> bool))?;
        compiled.findings.extend(rejected(call, compiled.contract.as_ref(), path));
        compiled.findings.extend(not_taken(call, &compiled.risks, path));
        finding::tidy(&mut compiled.findings);
        Ok(compiled)
    }

    /// As [`Compiled::load`], with the constraints that count as confirmed; nothing outside a session.
    ///
    /// # Errors
    /// As [`Compiled::load`].
    pub(super) fn load_with(app: &App, path: &str, confirmed: Option<&dyn Fn(&str) -> bool>) -> Result<Self, Refusal> {
        let text = fs::read_text(&app.path(path), MAX_CONTRACT).map_err(|e| Refusal::unreadable(&e))?;
        Ok(Self::of_text(app, path, text, confirmed))
    }

    /// Compiles a text as if it stood in the file at `path`, which need not exist.
    pub(super) fn of_text(app: &App, path: &str, text: String, confirmed: Option<&dyn Fn(&str) -> bool>) -> Self {
        let full = app.path(path);
        let (mut contract, mut findings) = contract::parse(&text, path);
        if let Some(contract) = &mut contract {
            let dir = full.parent().map(std::path::Path::to_owned).unwrap_or_default();
            findings.extend(contract::tables::fill(contract, &mut |name| {
                let file = dir.join(name);
                if !fs::lies_in(&dir, &file) {
                    return Err("it does not lie below the contract, or a link leads out of there".to_owned());
                }
                app.allow(&file, name).map_err(|refusal| refusal.because)?;
                fs::read_bytes(&file, contract::tables::MOST_BYTES).map_err(|e| e.to_string())
            }));
        }
        let mut systems = BTreeMap::new();
        let mut mappings = BTreeMap::new();
        let mut found = BTreeSet::new();
        let mut risks = Vec::new();
        if let Some(contract) = &contract {
            // The parser knows the file by its name; paths inside are relative to where it lies.
            let dir = full.parent().map(std::path::Path::to_owned).unwrap_or_default();
            for (name, used) in &contract.systems {
                let place = Location::at(path, used.api.at);
                if used.api.starts_with("http://") || used.api.starts_with("https://") {
                    findings.push(
                        Finding::error(
                            "not-in-this-release",
                            place,
                            format!("system {name}: descriptions are not fetched over the network"),
                        )
                        .fix("download the description, commit it beside the contract and give its path"),
                    );
                    continue;
                }
                let named = used.description();
                match app.read_description(&description::below(&dir, &named), &named) {
                    Err(refusal) => findings.push(
                        Finding::error("unreadable-description", place, format!("system {name}: {}", refusal.because))
                            .fix(refusal.next),
                    ),
                    Ok(read) => {
                        findings.extend(read.findings.iter().filter(|f| f.severity == Severity::Error).cloned());
                        match &read.system {
                            Some(system) => {
                                systems.insert(name.clone(), contract::declared(system, used));
                            }
                            None if !read.findings.iter().any(|f| f.severity == Severity::Error) => {
                                findings.push(Finding::error(
                                    "unreadable-description",
                                    place,
                                    format!("system {name}: nothing could be read"),
                                ));
                            }
                            None => {}
                        }
                    }
                }
            }
            if let Some(signers) = &contract.approvals.signers {
                let list = dir.join(signers.as_str());
                let read = match app.allow(&list, signers) {
                    Ok(()) => fs::read_text(&list, MAX_CONTRACT).map_err(|e| e.to_string()),
                    Err(refusal) => Err(refusal.because),
                };
                let read = read.and_then(|text| Signers::parse(&text).map_err(|e| e.to_string()));
                if let Err(because) = read {
                    let message = format!("approvals.signers: {because}");
                    findings.push(
                        Finding::error("unreadable-signers", Location::at(path, signers.at), message)
                            .fix("write one line a key: NAME namespaces=\"platform-integration\" ssh-ed25519 AAAA..."),
                    );
                }
            }
            for constraint in &contract.constraints {
                let Some(origin) = &constraint.origin else { continue };
                // Of a description that was not read, nothing is looked up.
                let description = |system: &str| {
                    let used = contract.systems.get(system).filter(|_| systems.contains_key(system))?;
                    Some(description::below(&dir, &used.description()))
                };
                match origin::found(app, &description, origin) {
                    Some(true) => _ = found.insert(constraint.id.value.clone()),
                    Some(false) => findings.push(
                        Finding::error(
                            "origin-not-found",
                            Location::at(path, origin.at),
                            format!(
                                "constraint {}: the description has nothing at {}",
                                constraint.id.value,
                                words::quoted(origin, 160)
                            ),
                        )
                        .fix("give the place that states it, or make it inferred and let a person confirm it"),
                    ),
                    None => {}
                }
            }
            for (name, flow) in &contract.flows {
                let (mapping, complaints) = mapping::compile(&flow.map, path);
                findings.extend(complaints);
                mappings.insert(name.clone(), mapping);
            }
            let by_name = systems.iter().map(|(n, s)| (n.clone(), s.as_ref())).collect();
            let subject = checks::Subject { contract, systems: &by_name, mappings: &mappings, confirmed, text: &text };
            risks = checks::run_over(&subject, &mut findings);
            // What cannot be planned cannot be drilled or run either, and is said where it can be mended.
            let sound = !findings.iter().any(|f| f.severity == Severity::Error);
            for (name, flow) in contract.flows.iter().filter(|_| sound) {
                let mapping = mappings.get(name).cloned().unwrap_or_default();
                if let Err(e) = connector::plan(contract, name, &systems, mapping, &BTreeMap::new()) {
                    let finding = Finding::error("flow-cannot-run", Location::at(path, flow.at), e.to_string());
                    findings.push(
                        finding.fix(
                            "change the operation or clause that it names: drills and run refuse the flow as it is",
                        ),
                    );
                }
            }
        }
        finding::tidy(&mut findings);
        Self { contract, systems, mappings, found, findings, risks, text }
    }

    /// Path of each description that was read, by the system's name.
    #[must_use]
    pub(super) fn api_paths(&self, app: &App, path: &str, contract: &Contract) -> BTreeMap<String, String> {
        let dir = app.path(path).parent().map(std::path::Path::to_owned).unwrap_or_default();
        let read = contract.systems.iter().filter(|(name, _)| self.systems.contains_key(*name));
        read.map(|(name, used)| (name.clone(), description::below(&dir, &used.description()).display().to_string()))
            .collect()
    }

    /// How many errors there are.
    #[must_use]
    pub(super) fn errors(&self) -> usize {
        self.findings.iter().filter(|f| f.severity == Severity::Error).count()
    }

    /// The contract, or a refusal when it does not compile.
    ///
    /// # Errors
    /// `contract-does-not-compile`, naming the first error.
    pub(super) fn sound(&self, path: &str) -> Result<&Contract, Refusal> {
        let worst = self.findings.iter().find(|f| f.severity == Severity::Error);
        match (&self.contract, worst) {
            (Some(contract), None) => Ok(contract),
            (contract, Some(first)) => Err(Refusal::new(
                "contract-does-not-compile",
                format!(
                    "{} in {path}; the first: {}: {} ({})",
                    crate::base::text::plural(self.errors() as u64, "error"),
                    first.location,
                    first.message,
                    first.code
                ),
                format!("check_contract {{\"contract\": \"{path}\"}} shows all of them with their fixes"),
            )
            .saw(match contract {
                Some(c) => format!("{path} {}", crate::workflow::short(c.digest.as_str())),
                None => path.to_owned(),
            })),
            (None, None) => Err(Refusal::new(
                "contract-does-not-compile",
                format!("{path} holds no contract"),
                format!("check_contract {{\"contract\": \"{path}\"}}"),
            )
            .saw(path)),
        }
    }

    /// The plans of all flows, or of the one named.
    ///
    /// # Errors
    /// `unknown-flow`, and `flow-cannot-run` with what is missing.
    pub(super) fn plans(
        &self,
        contract: &Contract,
        only: Option<&str>,
        base_urls: &BTreeMap<String, String>,
    ) -> Result<Vec<Plan>, Refusal> {
        if let Some(name) = only
            && !contract.flows.contains_key(name)
        {
            let known: Vec<&str> = contract.flows.keys().map(String::as_str).collect();
            return Err(Refusal::new(
                "unknown-flow",
                format!("{} has no flow \"{name}\"", contract.file),
                format!("choose one of: {}", known.join(", ")),
            ));
        }
        contract
            .flows
            .keys()
            .filter(|name| only.is_none_or(|o| o == name.as_str()))
            .map(|name| {
                let mapping = self.mappings.get(name).cloned().unwrap_or_default();
                connector::plan(contract, name, &self.systems, mapping, base_urls).map_err(|e| {
                    Refusal::new(
                        "flow-cannot-run",
                        format!("flow {name}: {e}"),
                        format!("platform-integration check {}", contract.file),
                    )
                })
            })
            .collect()
    }
}
