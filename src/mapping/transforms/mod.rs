//! The closed set of typed transforms: one file each, one line in [`ALL`]. A transform says what it takes and gives,
//! whether it can fail on a value of the right type, and carries examples that are run as tests.
//!
//! Transforms never see null or a missing value: see the module on applying.

mod absolute;
mod affix;
mod arithmetic;
mod collapse_spaces;
mod compact;
mod count;
mod currency;
mod date_only;
mod date_to_datetime;
mod datetime_to_epoch;
mod digits;
mod divide;
mod drop_empty;
mod e164;
mod epoch_to_datetime;
mod extract;
mod first;
mod format_date;
mod format_decimal;
mod join_items;
mod language_tag;
mod last;
mod list_op;
mod local_to_utc;
mod lower;
mod major_to_minor;
mod markdown;
mod mask;
mod minor_to_major;
mod multiply;
mod negate;
mod nfc;
mod not;
mod number;
mod pad_start;
mod parse_date;
mod parse_decimal;
mod prefix;
mod pseudonym;
mod replace;
mod round;
mod sha256;
mod sort;
mod split;
mod strip_html;
mod suffix;
mod take;
mod text_op;
mod to_boolean;
mod to_integer;
mod to_json;
mod to_number;
mod to_string;
mod to_utc;
mod trim;
mod truncate;
mod unique;
mod upper;
mod wrap;

use std::sync::Arc;

use serde_json::Value;

pub use currency::exponent;
pub use markdown::markdown;
pub use pseudonym::{SHORTEST_KEY, TEST_KEY};

use super::kind::Kind;
use super::path::Path;
use crate::base::secret::{Secret, SecretRef};
use crate::base::yaml::Node;
use crate::model::TypeSet;

/// All transforms, by name.
pub static ALL: [&Transform; 52] = [
    &trim::TRANSFORM,
    &lower::TRANSFORM,
    &upper::TRANSFORM,
    &split::TRANSFORM,
    &first::TRANSFORM,
    &last::TRANSFORM,
    &replace::TRANSFORM,
    &truncate::TRANSFORM,
    &to_string::TRANSFORM,
    &to_integer::TRANSFORM,
    &to_number::TRANSFORM,
    &to_boolean::TRANSFORM,
    &minor_to_major::TRANSFORM,
    &major_to_minor::TRANSFORM,
    &epoch_to_datetime::TRANSFORM,
    &datetime_to_epoch::TRANSFORM,
    &local_to_utc::TRANSFORM,
    &date_only::TRANSFORM,
    &round::TRANSFORM,
    &not::TRANSFORM,
    &sha256::TRANSFORM,
    &pseudonym::TRANSFORM,
    &collapse_spaces::TRANSFORM,
    &digits::TRANSFORM,
    &prefix::TRANSFORM,
    &suffix::TRANSFORM,
    &pad_start::TRANSFORM,
    &nfc::TRANSFORM,
    &strip_html::TRANSFORM,
    &extract::TRANSFORM,
    &drop_empty::TRANSFORM,
    &mask::TRANSFORM,
    &language_tag::TRANSFORM,
    &e164::TRANSFORM,
    &multiply::TRANSFORM,
    &divide::TRANSFORM,
    &negate::TRANSFORM,
    &absolute::TRANSFORM,
    &format_decimal::TRANSFORM,
    &parse_decimal::TRANSFORM,
    &parse_date::TRANSFORM,
    &format_date::TRANSFORM,
    &date_to_datetime::TRANSFORM,
    &to_utc::TRANSFORM,
    &unique::TRANSFORM,
    &compact::TRANSFORM,
    &sort::TRANSFORM,
    &take::TRANSFORM,
    &join_items::TRANSFORM,
    &count::TRANSFORM,
    &wrap::TRANSFORM,
    &to_json::TRANSFORM,
];

/// The transform of this name.
#[must_use]
pub fn named(name: &str) -> Option<&'static Transform> {
    ALL.iter().copied().find(|t| t.name == name)
}

/// One transform, without its argument.
#[derive(Debug)]
pub struct Transform {
    /// As written in `with`.
    pub name: &'static str,
    /// How it is written, argument included.
    pub usage: &'static str,
    /// What it does, in one sentence.
    pub summary: &'static str,
    /// Types it takes.
    pub takes: TypeSet,
    /// Types it gives.
    pub gives: TypeSet,
    /// It can reject a value of a type that it takes.
    pub fallible: bool,
    /// Run as tests and printed in the reference.
    pub examples: &'static [Example],
    /// Reads the argument.
    pub compile: Compile,
}

/// Reads the argument of a transform; an error is a fragment that goes on after its name.
pub type Compile = fn(Option<&Node>) -> Result<Arc<dyn Op>, String>;

/// One example of a transform.
#[derive(Debug)]
pub struct Example {
    /// The transform as written, in YAML.
    pub step: &'static str,
    /// Input, JSON. The whole record is `{"value": input, "currency": ...}` with the currency named here, if any.
    pub input: &'static str,
    /// Currency of the record, for transforms that read it; empty for none.
    pub currency: &'static str,
    /// Output, JSON; or `missing`; or the code of the rejection.
    pub output: &'static str,
}

/// An example without a currency.
const fn example(step: &'static str, input: &'static str, output: &'static str) -> Example {
    Example { step, input, currency: "", output }
}

/// A transform with its argument, ready to work.
pub trait Op: std::fmt::Debug + Send + Sync {
    /// The result for one value; nothing where there is none (`first` of an empty list).
    ///
    /// # Errors
    /// Why the value cannot be transformed.
    fn apply(&self, input: &Value, record: &Value) -> Result<Option<Value>, Fault>;

    /// What is known of the result, from what is known of the input. Nullability and presence of the input are
    /// carried over by the caller.
    fn flow(&self, input: &Kind) -> Kind;

    /// A source path that it reads beside its input.
    fn reads(&self) -> Option<&Path> {
        None
    }

    /// The secret key that it works with.
    fn key(&self) -> Option<&SecretRef> {
        None
    }

    /// The same with its key in the place of the test key; nothing where it takes none.
    ///
    /// # Errors
    /// What is wrong with the key, without the key: a fragment that goes on after its reference.
    fn keyed(&self, _key: &Secret) -> Result<Option<Arc<dyn Op>>, String> {
        Ok(None)
    }
}

/// Why a value cannot be transformed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Kebab-case.
    pub code: &'static str,
    /// A fragment, without the value.
    pub because: String,
}

impl Fault {
    /// A fault.
    pub fn new(code: &'static str, because: impl Into<String>) -> Self {
        Self { code, because: because.into() }
    }
}

/// The kind after a step. Where all values of the input are known, those of the result are too.
#[must_use]
pub fn flow(op: &dyn Op, input: &Kind) -> Kind {
    let mut out = op.flow(input);
    // What a key makes of a value is another with each key.
    if op.reads().is_none()
        && op.key().is_none()
        && let Some(values) = &input.values
    {
        // Replacements can multiply: of a text that grew long, nothing is followed further.
        let long = values.iter().any(|v| v.as_str().is_some_and(|s| s.len() > 10_000));
        if long {
            out.schema = None;
            return input.around(out);
        }
        let mut results: Vec<Value> = values.iter().filter_map(|v| op.apply(v, &Value::Null).ok().flatten()).collect();
        results.dedup();
        out.values = Some(results);
        out.measure();
    }
    out.schema = None;
    input.around(out)
}

fn text<'v>(name: &str, input: &'v Value) -> Result<&'v str, Fault> {
    input.as_str().ok_or_else(|| cannot_take(name, input))
}

fn cannot_take(name: &str, input: &Value) -> Fault {
    Fault::new("not-convertible", format!("{name} cannot take {}", TypeSet::of(input)))
}

fn no_argument(argument: Option<&Node>) -> Result<(), String> {
    argument.map_or(Ok(()), |_| Err("takes no argument".to_owned()))
}

fn text_argument(argument: Option<&Node>) -> Result<&str, String> {
    argument.and_then(Node::as_str).ok_or_else(|| "needs a text as argument".to_owned())
}

fn path_argument(argument: Option<&Node>) -> Result<Path, String> {
    let text = text_argument(argument).map_err(|_| "needs the path of the currency field".to_owned())?;
    Path::parse(text).map_err(|because| format!("needs a path, but \"{text}\" {because}"))
}

fn count_argument(argument: Option<&Node>, low: u64, high: u64) -> Result<u64, String> {
    argument
        .and_then(|n| n.to_value().as_u64())
        .filter(|n| (low..=high).contains(n))
        .ok_or_else(|| format!("needs a whole number from {low} to {high}"))
}

/// Text of a text, number or flag; nothing for null, lists and objects. Numbers without exponent, digits as written.
pub(super) fn scalar_text(value: &Value) -> Option<String> {
    match value {
        Value::String(s) => Some(s.clone()),
        Value::Bool(b) => Some(b.to_string()),
        Value::Number(n) => Some(number::plain(n).unwrap_or_else(|| n.to_string())),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::yaml::{Limits, parse};
    use crate::mapping::compile;
    use serde_json::json;

    fn run(example: &Example) -> Result<Option<Value>, Fault> {
        let yaml = format!("t: {{from: value, with: [{}]}}\n", example.step);
        let node = parse(&yaml, Limits::default()).expect("yaml");
        let (mapping, findings) = compile(node.entries().expect("a mapping"), "x");
        assert_eq!(findings, [], "{example:?}");
        let mut record = json!({"value": serde_json::from_str::<Value>(example.input).expect(example.input)});
        if !example.currency.is_empty() {
            record["currency"] = json!(example.currency);
        }
        mapping.rules()[0].value(&record)
    }

    #[test]
    fn every_example_holds() {
        for transform in ALL {
            assert!(transform.examples.len() >= 2, "{} needs examples", transform.name);
            for example in transform.examples {
                assert!(example.step.contains(transform.name), "{example:?}");
                let got = match run(example) {
                    Ok(Some(v)) => v.to_string(),
                    Ok(None) => "missing".to_owned(),
                    Err(fault) => fault.code.to_owned(),
                };
                assert_eq!(got, example.output, "{example:?}");
            }
        }
    }

    #[test]
    fn what_cannot_fail_has_no_failing_example_and_what_can_has_one() {
        for transform in ALL {
            let fails = transform.examples.iter().any(|e| run(e).is_err());
            assert_eq!(fails, transform.fallible, "{}", transform.name);
        }
    }

    #[test]
    fn results_are_of_the_kind_that_was_promised() {
        for transform in ALL {
            for example in transform.examples {
                if let Ok(Some(v)) = run(example) {
                    assert!(transform.gives.allows(TypeSet::of(&v)), "{example:?}");
                }
            }
        }
    }

    #[test]
    fn a_type_it_does_not_take_is_rejected_not_guessed() {
        for transform in ALL {
            let Some(example) = transform.examples.first() else { continue };
            for (kind, input) in [
                (TypeSet::OBJECT, "{}"),
                (TypeSet::ARRAY, "[[]]"),
                (TypeSet::BOOLEAN, "true"),
                (TypeSet::STRING, "\"x\""),
                (TypeSet::NUMBER, "1.5"),
            ] {
                if transform.takes.is_any() || transform.takes.has(kind) {
                    continue;
                }
                let probe = Example { input, ..Example { ..*example } };
                assert_eq!(run(&probe).map_err(|f| f.code), Err("not-convertible"), "{probe:?}");
            }
        }
    }

    #[test]
    fn the_index_is_sorted_out() {
        let mut names: Vec<&str> = ALL.iter().map(|t| t.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ALL.len());
    }
}
