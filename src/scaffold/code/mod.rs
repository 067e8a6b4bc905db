//! Connectors as code: one description of the plan ([`Connector`]), printed in several languages around a runtime of each that is written by hand.
//! What a language cannot say exactly is refused by name.

mod ir;
mod print;
mod python;
mod rules;
mod typescript;

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Value, json};

pub use ir::{
    Auth, Breaker, Call, Connector, Delivery, Expr, Flow, Paging, Param, Rate, Secret, Signing, Source, System, Target,
    Tell, Webhook, Write, identifier,
};
pub use print::Language;
pub use rules::Unfit;

use super::{File, Project, TemplateError};
use crate::base::secret::SecretRef;
use crate::mapping::transforms;

/// Why no code is made.
#[derive(Debug, thiserror::Error)]
pub enum CodeError {
    /// Something cannot be said in the language.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// A template that does not render.
    #[error(transparent)]
    Template(#[from] TemplateError),
}

/// The files of a connector in a language; contract, descriptions and samples are not among them.
///
/// # Errors
/// What the language cannot say; a template that does not render, which a test of every template rules out.
pub fn code(language: Language, connector: &Connector, project: &Project) -> Result<Vec<File>, CodeError> {
    match language {
        Language::Python => python::files(connector, project),
        Language::Typescript => typescript::files(connector, project),
    }
}

/// A reference to a secret, as an expression.
fn secret(reference: &SecretRef) -> Expr {
    let (kind, name) = match reference {
        SecretRef::Env(name) => ("env", name.clone()),
        SecretRef::File(path) => ("file", path.display().to_string()),
    };
    Expr::of(&json!({"$type": "Secret", "kind": kind, "name": name}))
}

/// Serialised, as an expression.
fn expr<T: Serialize>(value: &T) -> Expr {
    Expr::of(&serde_json::to_value(value).unwrap_or(Value::Null))
}

/// The sections of a runtime's transforms that are used, and what they share. Sections begin with a line of `mark` and a name.
fn sections(text: &str, mark: &str, used: &BTreeSet<&'static str>) -> String {
    let arithmetic = ["multiply", "divide", "negate", "absolute"].iter().any(|n| used.contains(n));
    let mut out = String::new();
    let mut wanted = true;
    for line in text.lines() {
        if let Some(name) = line.strip_prefix(mark) {
            wanted = name == "base" || used.contains(name) || name == "arithmetic" && arithmetic;
            continue;
        }
        if wanted {
            out.push_str(line);
            out.push('\n');
        }
    }
    let mut out = out.trim_end().to_owned();
    out.push('\n');
    out
}

/// The examples of the transforms that are used, as a language says them: transform, input, currency of the record, and what comes out (JSON,
/// `missing`, or the code of the refusal).
fn examples(language: Language, used: &BTreeSet<&'static str>) -> Vec<Expr> {
    let mut out = Vec::new();
    for transform in used.iter().filter_map(|name| transforms::named(name)) {
        for example in transform.examples {
            let text = format!("t: {{from: value, with: [{}]}}\n", example.step);
            let node = crate::base::yaml::parse(&text, crate::base::yaml::Limits::default()).ok();
            let steps = node.as_ref().and_then(|n| n.get("t")?.get("with")?.items()?.first().map(|i| i.to_value()));
            let argument = steps.as_ref().and_then(|s| s.get(transform.name));
            if let Ok(step) = rules::step_expr(language, transform.name, argument) {
                let texts = [example.input, example.currency, example.output].map(Expr::text);
                out.push(Expr::List(std::iter::once(step).chain(texts).collect()));
            }
        }
    }
    out
}
