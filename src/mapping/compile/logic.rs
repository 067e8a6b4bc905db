//! `when`: cases with a condition each.

use std::str::FromStr as _;

use rust_decimal::Decimal;

use super::Compiler;
use crate::base::text::quoted;
use crate::base::yaml::Node;
use crate::mapping::condition::{Condition, Test};
use crate::mapping::path::Path;
use crate::mapping::rule::{Case, Source, When};

const TESTS: [&str; 5] = ["is", "is_not", "present", "above", "below"];
const CASE_KEYS: [&str; 7] = ["if", "is", "is_not", "present", "above", "below", "then"];
const HOW: &str = "write {if: field, is: value, then: rule}; tests: is, is_not, present, above, below";

impl Compiler<'_> {
    pub(super) fn when(&mut self, name: &str, target: &Path, node: &Node, value: &Node) -> Option<Source> {
        let Some(items) = value.items().filter(|i| !i.is_empty()) else {
            self.wrong_type(name, value, "when", "a list of cases, like [{if: type, is: company, then: company_name}]");
            return None;
        };
        let cases: Vec<Option<Case>> = items.iter().map(|item| self.case(name, target, item)).collect();
        let otherwise = match node.get("otherwise") {
            None => None,
            Some(n) => Some(self.branch(name, Some(target), n.at, n)?),
        };
        let cases = cases.into_iter().collect::<Option<Vec<_>>>()?;
        Some(Source::When(Box::new(When { cases, otherwise })))
    }

    fn case(&mut self, name: &str, target: &Path, item: &Node) -> Option<Case> {
        if item.entries().is_none() {
            self.wrong_type(name, item, "a case", "a mapping, like {if: type, is: company, then: company_name}");
            return None;
        }
        self.keys(name, item, &CASE_KEYS);
        let field = match item.get("if").map(|n| (n, n.as_str())) {
            Some((n, Some(text))) => self.path(text, n.at),
            _ => {
                let message = format!("a case of {} does not say which field it tests", quoted(name, 80));
                self.error("bad-rule", item.at, message, HOW);
                None
            }
        };
        let test = self.test(name, item);
        let then = match item.get("then") {
            Some(n) => self.branch(name, Some(target), n.at, n),
            None => {
                let message = format!("a case of {} does not say what then", quoted(name, 80));
                self.error("bad-rule", item.at, message, HOW);
                None
            }
        };
        Some(Case { at: item.at, condition: Condition::new(field?, test?), then: then? })
    }

    fn test(&mut self, name: &str, item: &Node) -> Option<Test> {
        let found: Vec<&str> = TESTS.into_iter().filter(|k| item.get(k).is_some()).collect();
        let [kind] = found.as_slice() else {
            let message = if found.is_empty() {
                format!("a case of {} has no test", quoted(name, 80))
            } else {
                format!("a case of {} has {} together", quoted(name, 80), found.join(" and "))
            };
            self.error("bad-rule", item.at, message, HOW);
            return None;
        };
        let value = item.get(kind)?;
        let values =
            || value.items().map_or_else(|| vec![value.to_value()], |i| i.iter().map(Node::to_value).collect());
        match *kind {
            "is" => Some(Test::Is(values())),
            "is_not" => Some(Test::IsNot(values())),
            "present" => match value.to_value().as_bool() {
                Some(wanted) => Some(Test::Present(wanted)),
                None => {
                    self.wrong_type(name, value, "present", "true or false");
                    None
                }
            },
            _ => {
                let bound = value.to_value();
                let bound = bound.is_number().then(|| Decimal::from_str(&bound.to_string()).ok()).flatten();
                match bound {
                    Some(bound) if *kind == "above" => Some(Test::Above(bound)),
                    Some(bound) => Some(Test::Below(bound)),
                    None => {
                        self.wrong_type(name, value, kind, "a number");
                        None
                    }
                }
            }
        }
    }
}
