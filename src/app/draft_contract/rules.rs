//! The rules of a draft: the matcher's suggestions with what the check made of them.

use std::collections::{BTreeMap, BTreeSet};

use super::writing::Draft;
use super::yaml::key;
use crate::base::{text, yaml};
use crate::mapping::{self, Suggestion};

/// What the check of a draft made of its rules, by target path.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Settled {
    /// The target needs the value, and the source may lack it: such records are rejected, until a person says otherwise.
    pub(super) required: BTreeSet<String>,
    /// The target takes no null and needs no value: null is left out.
    pub(super) without_null: BTreeSet<String>,
    /// Cut, the value would mean nothing.
    pub(super) uncut: BTreeSet<String>,
    /// The target serves fewer requests at once than a flow sends by itself.
    pub(super) one_at_a_time: bool,
    /// The rule does not fit, and why.
    pub(super) dropped: BTreeMap<String, String>,
}

impl Draft<'_, '_> {
    /// The suggestions that are written: not those that do not fit, nor any that would fill a credential by a guess.
    pub(super) fn kept(&self) -> impl Iterator<Item = &Suggestion> {
        self.suggestions.iter().filter(|s| !self.settled.dropped.contains_key(&s.target) && !is_credential(&s.target))
    }

    /// The rule as written, with what the check made of it.
    pub(super) fn rule(&self, s: &Suggestion, doubt: &mut String, questions: &mut Vec<String>) -> String {
        let source = text::quoted(&s.source, 80);
        // A key that is cut is another's key, and an address is none.
        let whole = self.matched() == Some(&s.target) || self.settled.uncut.contains(&s.target);
        let yaml = if whole { uncut(&s.rule_yaml) } else { s.rule_yaml.clone() };
        let mut say =
            |words: String| doubt.push_str(&format!("{} {words}", if doubt.is_empty() { "   # ?" } else { ";" }));
        if self.settled.required.contains(&s.target) {
            say(format!("a record without {source} is rejected"));
            questions.push(format!(
                "map.{}: required by {}, but {source} may be missing in {}: reject such records, as drafted, or which default or other \
                 field?",
                s.target, self.params.target, self.params.source
            ));
            return match yaml.strip_suffix('}').filter(|_| yaml.starts_with('{')) {
                Some(open) => format!("{open}, required: true}}"),
                None => format!("{{from: {}, required: true}}", yaml),
            };
        }
        if self.settled.without_null.contains(&s.target) {
            say(format!("null is left out, {} does not take it", self.params.target));
            return match yaml.strip_prefix("{from: ").and_then(|rest| rest.split_once([',', '}'])) {
                Some((from, "")) => format!("{{first_of: [{from}]}}"),
                Some((from, rest)) => format!("{{first_of: [{from}],{rest}"),
                None => format!("{{first_of: [{}]}}", yaml),
            };
        }
        yaml
    }

    /// Which target's rule stands at which line, counted from one.
    pub(super) fn lines_of_rules(&self, text: &str) -> BTreeMap<u32, String> {
        let rules: BTreeMap<String, &str> =
            self.kept().map(|s| (format!("      {}: ", key(&s.target)), s.target.as_str())).collect();
        let target = |line: &str| {
            let (head, _) = line.split_once(": ")?;
            rules.get(&format!("{head}: ")).map(|t| (*t).to_owned())
        };
        text.lines().zip(1..).filter_map(|(line, at)| Some((at, target(line)?))).collect()
    }
}

/// Whether a path names something that lets somebody in.
fn is_credential(path: &str) -> bool {
    const NAMES: [&str; 9] = ["password", "passwd", "passphrase", "secret", "token", "pin", "cvc", "cvv", "otp"];
    text::words(path).last().is_some_and(|last| NAMES.contains(&last.as_str()))
}

/// Another source this near to the one chosen is named beside it.
const NEAR: f64 = 0.5;

/// Other sources that may be meant as well, for a comment below the rule.
pub(super) fn others(s: &Suggestion) -> Option<String> {
    let near = s.alternatives.iter().filter(|(_, score, _)| *score >= s.score * NEAR);
    let named: Vec<String> = near
        .take(2)
        .map(|(path, score, why)| format!("{} ({score:.2}: {})", text::quoted(path, 80), text::quoted(why, 60)))
        .collect();
    (!named.is_empty()).then(|| named.join(", or "))
}

/// The fields of the record that a suggested rule reads, by their first name.
pub(super) fn reads(s: &Suggestion) -> Vec<String> {
    let Ok(node) = yaml::parse(&format!("it: {}\n", s.rule_yaml), yaml::Limits::default()) else { return Vec::new() };
    let (mapping, _) = mapping::compile(node.entries().unwrap_or_default(), "");
    mapping
        .rules()
        .iter()
        .flat_map(|rule| rule.reads().map(|path| path.root().to_owned()).collect::<Vec<_>>())
        .collect()
}

/// A rule without the step that cuts.
fn uncut(yaml: &str) -> String {
    let Some(from) = yaml.find("{truncate: ") else { return yaml.to_owned() };
    let Some(to) = yaml.get(from..).and_then(|rest| rest.find('}')).map(|n| from + n + 1) else {
        return yaml.to_owned();
    };
    let (before, after) = (yaml.get(..from).unwrap_or_default(), yaml.get(to..).unwrap_or_default());
    let before = before.strip_suffix(", ").unwrap_or(before);
    format!("{before}{after}").replace(", with: []", "")
}

#[cfg(test)]
mod tests {
    use super::uncut;

    #[test]
    fn a_key_is_not_cut_and_all_else_of_its_rule_stays() {
        for (rule, want) in [
            ("{from: email, with: [trim, lower, {truncate: 50}]}", "{from: email, with: [trim, lower]}"),
            ("{from: code, with: [{truncate: 50}]}", "{from: code}"),
            ("email", "email"),
        ] {
            assert_eq!(uncut(rule), want);
        }
    }
}
