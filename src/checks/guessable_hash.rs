//! A plain hash in the place of what is about a person: whoever tries all e-mail addresses finds the one it was made of.

use super::between::plain;
use super::sensitive::incoming;
use super::told::{Field, leaf, says};
use super::used::{Role, Used};
use super::{Check, Subject};
use crate::base::text::{quoted, words};
use crate::finding::{Finding, Severity};
use crate::mapping::Rule;
use crate::mapping::rule::{Source, Step};

pub(super) static CHECK: Check = Check {
    code: "guessable-hash",
    summary: "A plain hash of an e-mail address, phone or account number, date of birth, name or the like: there are so few of them that whoever \
              hashes them all finds which it was.",
    severity: Severity::Warning,
    run,
};

/// Words of names of what there are few enough of to be tried.
const FEW: [&str; 36] = [
    "email",
    "emails",
    "mail",
    "phone",
    "phones",
    "mobile",
    "telephone",
    "tel",
    "fax",
    "msisdn",
    "ssn",
    "sin",
    "nino",
    "passport",
    "iban",
    "bban",
    "pan",
    "card",
    "account",
    "birth",
    "birthday",
    "birthdate",
    "dob",
    "born",
    "ip",
    "zip",
    "postcode",
    "postal",
    "name",
    "surname",
    "forename",
    "firstname",
    "lastname",
    "fullname",
    "license",
    "licence",
];
/// The same by pairs: `tax_id`, `national number`.
const FEW_PAIRS: [(&str, &str); 5] =
    [("tax", "id"), ("tax", "number"), ("national", "id"), ("national", "number"), ("social", "security")];
/// Formats of which there are few enough.
const FORMATS: [&str; 7] = ["email", "idn-email", "phone", "e164", "date", "ipv4", "ipv6"];
/// A target that says so compares with hashes that others have made in the same way.
const WANTS_IT: [&str; 4] = ["sha-256", "sha256", "sha 256", "sha2"];

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for flow in subject.contract.flows.values() {
        let Some(mapping) = subject.mappings.get(&flow.name) else { continue };
        let hashed: Vec<(&Rule, &Step)> = mapping.rules().iter().flat_map(branches).filter_map(hashes).collect();
        if hashed.is_empty() {
            continue;
        }
        let sensitive = incoming(subject, flow);
        let used = subject.used_by(flow);
        let writes: Vec<&Used<'_>> =
            used.iter().filter(|u| matches!(u.role, Role::Create | Role::Update | Role::Put | Role::Bulk)).collect();
        for (rule, step) in hashed {
            let few = rule.reads().map(plain).find_map(|path| {
                let (path, kind) = sensitive.get_key_value(&path)?;
                let fields = subject.source_fields(flow, path);
                let formats = fields.iter().filter_map(|f| f.kind.format.as_deref());
                let few = is_few(path) || formats.into_iter().any(|f| FORMATS.contains(&f));
                (few && *kind != "secret").then(|| (path.as_str(), fields.first().map(Field::pointer)))
            });
            let Some((path, pointer)) = few else { continue };
            if writes.iter().any(|w| wants_it(w, rule)) {
                continue;
            }
            let (from, target) = (quoted(path, 80), quoted(&rule.target.to_string(), 80));
            let message = format!(
                "{target} holds a plain hash of {from}: whoever tries all that {from} could be finds which it was"
            );
            let fix = "write {pseudonym: {key: env:NAME}} in its place, or accept it where the target compares with hashes of its own";
            let finding = subject.warning(&CHECK, step.at, message).sure(0.8).fix(fix);
            out.push(match pointer.filter(|p| !p.is_empty()) {
                Some(pointer) => finding.because_of(pointer),
                None => finding,
            });
        }
    }
}

/// The rule, or those of its cases.
fn branches(rule: &Rule) -> Vec<&Rule> {
    match &rule.source {
        Source::When(when) => when.rules().collect(),
        _ => vec![rule],
    }
}

/// The step that hashes a single field. What is put together of several may have a secret among them.
fn hashes(rule: &Rule) -> Option<(&Rule, &Step)> {
    let single = matches!(&rule.source, Source::Path(_) | Source::FirstOf(_) | Source::Each(_));
    let step = rule.steps.iter().find(|s| s.transform.name == "sha256").filter(|_| single)?;
    // A hash of a pseudonym tells no more than the pseudonym does.
    (!rule.has_step("pseudonym")).then_some((rule, step))
}

fn is_few(path: &str) -> bool {
    let name = words(leaf(path));
    let has = |word: &str| name.iter().any(|w| w == word);
    FEW.iter().any(|word| has(word)) || FEW_PAIRS.iter().any(|(a, b)| has(a) && has(b))
}

fn wants_it(write: &Used<'_>, rule: &Rule) -> bool {
    let name = rule.target.leaf().to_lowercase();
    let field = write.body().and_then(|body| Field::of(write.system, body, &rule.target.to_string()));
    says(&name, &WANTS_IT) || field.is_some_and(|f| says(f.description(), &WANTS_IT))
}
