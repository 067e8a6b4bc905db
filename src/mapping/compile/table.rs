//! `values` and `else`.

use super::Compiler;
use crate::base::text::quoted;
use crate::base::yaml::{Kind, Node, Spanned};
use crate::mapping::rule::{Else, ValueTable};

/// A table whose rows are in a file. Whoever reads the contract puts the rows in its place; where it still stands here, it
/// could not be read, and that has been said.
pub(super) fn is_in_a_file(node: &Node) -> bool {
    let values = node.get("values");
    let text = |key: &str| values.and_then(|v| v.get(key)).and_then(Node::as_str);
    text("file").is_some_and(|name| name.to_ascii_lowercase().ends_with(".csv"))
        || (text("file").is_some() && (text("sha256").is_some() || (text("from").is_some() && text("to").is_some())))
}

impl Compiler<'_> {
    pub(super) fn values(&mut self, name: &str, node: &Node) -> Option<ValueTable> {
        let otherwise = node.get("else").and_then(|n| self.otherwise(name, n));
        let Some(values) = node.get("values") else {
            if let Some(n) = node.get("else") {
                let message = format!("the rule of {} has else without values", quoted(name, 80));
                self.error("bad-rule", n.at, message, "add values, or use default for what is missing");
            }
            return None;
        };
        let Some(entries) = values.entries().filter(|e| !e.is_empty()) else {
            self.wrong_type(name, values, "values", "a mapping of at least one source value to a target value");
            return None;
        };
        let entries = entries.iter().map(|e| (Spanned::new(e.key.clone(), e.key_at), e.value.to_value())).collect();
        Some(ValueTable::of(values.at, entries, otherwise))
    }

    fn otherwise(&mut self, name: &str, node: &Node) -> Option<Else> {
        match &node.kind {
            Kind::String(s) if s == "reject" => return Some(Else::Reject),
            Kind::String(s) if s == "keep" => return Some(Else::Keep),
            Kind::Map(entries) if entries.len() == 1 => {
                if let Some(n) = node.get("default") {
                    return Some(Else::Default(Spanned::new(n.to_value(), n.at)));
                }
            }
            _ => {}
        }
        let message = format!("else of {} is none of reject, keep, {{default: value}}", quoted(name, 80));
        self.error("bad-rule", node.at, message, "write reject, keep or {default: value}");
        None
    }
}
