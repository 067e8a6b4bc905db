//! `--samples`: real records of the source through the mapping. What is kept of them are counts, shapes and the digest of
//! the file; no value is in the answer, the findings or the evidence.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::subject::Compiled;
use super::super::{App, No, Refusal};
use super::SamplesOut;
use crate::base::digest::Digest;
use crate::base::fs;
use crate::base::text::quoted;
use crate::checks;
use crate::finding::{Finding, Location, tidy};
use crate::mapping;
use crate::workflow::record::SamplesChecked;

/// Largest file of samples.
const LARGEST: u64 = 64 << 20;
/// Most records that are tried.
const MOST: usize = 100_000;

/// Tries the records of a file in a flow of the contract; findings are added to the others.
///
/// # Errors
/// A refusal where the file cannot be read or no flow can be told.
pub(super) fn tried(
    app: &App,
    compiled: &mut Compiled,
    file: &str,
    flow: Option<&str>,
) -> Result<(SamplesOut, SamplesChecked), No> {
    let path = app.path(file);
    app.allow(&path, file)?;
    let bytes = fs::read_bytes(&path, LARGEST).map_err(|e| Refusal::unreadable(&e))?;
    let digest = Digest::of_bytes(&bytes).as_str().to_owned();
    let again = |next: String| {
        Refusal::new("bad-argument", "the samples cannot be tried: the contract does not compile so far", next)
    };
    let Some(contract) = &compiled.contract else {
        return Err(again("mend the structure of the contract, then check again".to_owned()).into());
    };
    let names: Vec<&str> = contract.flows.keys().map(String::as_str).collect();
    let name = match (flow, names.as_slice()) {
        (Some(name), _) if names.contains(&name) => name,
        (None, [only]) => only,
        (given, _) => {
            let because = given.map_or_else(
                || "the contract has several flows".to_owned(),
                |g| format!("the contract has no flow \"{}\"", quoted(g, 60)),
            );
            let next = format!("name the flow of the samples as flow: one of {}", names.join(", "));
            return Err(Refusal::new("bad-argument", because, next).into());
        }
    };
    let (Some(flow), Some(map)) = (contract.flows.get(name), compiled.mappings.get(name)) else {
        return Err(again("mend the flow, then check again".to_owned()).into());
    };
    let systems = compiled.systems.iter().map(|(n, s)| (n.clone(), s.as_ref())).collect();
    let subject = checks::Subject {
        contract,
        systems: &systems,
        mappings: &compiled.mappings,
        confirmed: None,
        text: &compiled.text,
    };
    let Some((source, target)) = subject.sides(flow) else {
        return Err(again(
            "mend the operations of the flow, so that both schemas are known, then check again".to_owned(),
        )
        .into());
    };
    let mut found: Vec<Finding> = Vec::new();
    let (mut records, mut shapes) = (Vec::new(), BTreeSet::new());
    let text = String::from_utf8_lossy(&bytes);
    for (i, line) in text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty()) {
        if records.len() == MOST {
            let message = format!("the samples have more than {MOST} records; the rest was not tried");
            found.push(
                Finding::note("samples-cut", Location::at(file, line_at(i)), message)
                    .fix("try the rest from a file of its own"),
            );
            break;
        }
        match serde_json::from_str::<Value>(line) {
            Ok(value) => {
                shapes.insert(Digest::of_bytes(mapping::shape(&value).as_bytes()).as_str().to_owned());
                records.push((i + 1, value));
            }
            Err(e) => {
                let message = format!("the line is no JSON, from column {} on", e.column());
                found.push(
                    Finding::error("bad-sample", Location::at(file, line_at(i)), message)
                        .fix("write one JSON record a line"),
                );
            }
        }
    }
    found.truncate(20);
    let tried = records.iter().map(|(line, value)| (*line, value));
    let trial = mapping::trial(map, source, target, tried, file, &contract.file, flow.map_at);
    let out = SamplesOut {
        flow: name.to_owned(),
        digest: digest.clone(),
        records: trial.records,
        fit: trial.fit,
        rejected: trial.rejected,
        refused: trial.refused,
        undescribed: trial.undescribed,
        shapes: shapes.len(),
    };
    let kept = SamplesChecked {
        flow: name.to_owned(),
        digest,
        records: trial.records as u64,
        fit: trial.fit as u64,
        rejected: trial.rejected as u64,
        refused: trial.refused as u64,
        shapes: shapes.into_iter().take(50).collect(),
    };
    let mut shown = trial.findings;
    let risks = checks::accept(&subject, &mut shown);
    compiled.risks.extend(risks);
    compiled.findings.extend(found);
    compiled.findings.extend(shown);
    tidy(&mut compiled.findings);
    Ok((out, kept))
}

fn line_at(index: usize) -> crate::base::yaml::Span {
    crate::base::yaml::Span { line: u32::try_from(index + 1).unwrap_or(u32::MAX), column: 1 }
}
