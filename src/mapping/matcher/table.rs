//! Values of one field beside those of another.

use serde_json::Value;

use super::leaves::Leaf;
use super::propose::{quoted, scalar};
use super::words::Vocabulary;

/// A table that a person has to fill: the two fields are likely the same, and the names of their values do not tell which is
/// which.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenTable {
    /// Target path.
    pub target: String,
    /// Source path.
    pub source: String,
    /// How likely the two fields are the same, as in a suggestion.
    pub score: f64,
    /// Each value of the source; with the target's, where its name tells.
    pub rows: Vec<(Value, Option<Value>)>,
    /// The values that the target takes.
    pub takes: Vec<Value>,
    /// Why, and what is open.
    pub because: String,
}

/// What stands in a skeleton where a person has to say it.
const OPEN: &str = "CHANGE-ME";

impl OpenTable {
    /// The rule as it would be written after `target: `, with `CHANGE-ME` for each value that is open. The compiler does not take it
    /// before it is filled: that is no value of the target.
    #[must_use]
    pub fn skeleton(&self) -> String {
        let row = |(from, to): &(Value, Option<Value>)| {
            format!("{}: {}", scalar(from), to.as_ref().map_or_else(|| OPEN.to_owned(), scalar))
        };
        let rows: Vec<String> = self.rows.iter().map(row).collect();
        let path = crate::mapping::path::Path::parse(&self.source).map_or_else(|_| self.source.clone(), |p| quoted(&p));
        format!("{{from: {path}, values: {{{}}}, else: reject}}", rows.join(", "))
    }
}

/// More values than a person fills in.
const MOST_ROWS: usize = 60;

/// The table between two fields of which most values have no counterpart by name.
pub(super) fn open_table(s: &Leaf, t: &Leaf, score: f64, why: &str) -> Option<OpenTable> {
    let (given, taken) = (s.kind.values.as_ref()?, t.kind.values.as_ref()?);
    let known = table(given, taken);
    if given.len() > MOST_ROWS || taken.is_empty() || !unclear(&known, given) {
        return None;
    }
    let counterpart = |v: &Value| known.iter().find(|(from, _)| from == v).map(|(_, to)| to.clone());
    let open = given.len() - known.len();
    Some(OpenTable {
        target: t.path.to_string(),
        source: s.path.to_string(),
        score,
        rows: given.iter().map(|v| (v.clone(), counterpart(v))).collect(),
        takes: taken.clone(),
        because: format!("{why}; open: {open} of {} values have no counterpart by name", given.len()),
    })
}

/// Whether most values have no counterpart.
pub(super) fn unclear(known: &[(Value, Value)], given: &[Value]) -> bool {
    known.len() * 2 < given.len()
}

/// Source values with the target value of the most alike name.
pub(super) fn table(given: &[Value], taken: &[Value]) -> Vec<(Value, Value)> {
    let plain = |v: &Value| {
        v.as_str().map(|s| s.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase())
    };
    let vocabulary = Vocabulary::get();
    given
        .iter()
        .filter_map(|g| {
            let (text, words) = (plain(g)?, vocabulary.meaning(g.as_str()?));
            let near = |t: &Value| -> f64 {
                let Some(other) = plain(t) else { return 0.0 };
                if other == text {
                    return 1.0;
                }
                let others = vocabulary.meaning(t.as_str().unwrap_or_default());
                // Spellings, like canceled and cancelled; not beginnings: a charge is no chargeback.
                if words == others { 0.95 } else { strsim::normalized_damerau_levenshtein(&text, &other) }
            };
            let best = taken.iter().map(|t| (near(t), t)).max_by(|a, b| a.0.total_cmp(&b.0))?;
            (best.0 >= 0.85).then(|| (g.clone(), best.1.clone()))
        })
        .collect()
}
