//! `with` and `then`: transforms, each by its name and argument.

use super::Compiler;
use crate::base::text::{nearest, quoted};
use crate::base::yaml::{Kind, Node};
use crate::mapping::rule::Step;
use crate::mapping::transforms;

impl Compiler<'_> {
    pub(super) fn steps(&mut self, name: &str, node: &Node, key: &str) -> Option<Vec<Step>> {
        let Some(with) = node.get(key) else { return Some(Vec::new()) };
        let Some(items) = with.items() else {
            self.wrong_type(name, with, key, "a list of transforms, like [trim, {truncate: 100}]");
            return None;
        };
        // Each one is tried, so that every bad transform of the list is said.
        let steps: Vec<Option<Step>> = items.iter().map(|item| self.step(name, item)).collect();
        steps.into_iter().collect()
    }

    fn step(&mut self, rule: &str, item: &Node) -> Option<Step> {
        let (name, argument) = match &item.kind {
            Kind::String(name) => (name.as_str(), None),
            Kind::Map(entries) if entries.len() == 1 => {
                let e = entries.first()?;
                (e.key.as_str(), Some(&e.value))
            }
            _ => {
                self.wrong_type(rule, item, "a transform", "a name, or {name: argument}");
                return None;
            }
        };
        let Some(transform) = transforms::named(name) else {
            let near = nearest(name, transforms::ALL.iter().map(|t| t.name));
            let near = near.map_or_else(String::new, |n| format!("did you mean \"{n}\"? "));
            let fix = format!("{near}references/transforms.md of the skill lists all {}", transforms::ALL.len());
            self.error("unknown-transform", item.at, format!("there is no transform \"{}\"", quoted(name, 60)), fix);
            self.meant(name, transforms::ALL.iter().map(|t| t.name));
            return None;
        };
        match (transform.compile)(argument) {
            Ok(op) => {
                let shown = argument.map_or_else(
                    || transform.name.to_owned(),
                    |a| format!("{} {}", transform.name, crate::base::text::truncate(&a.to_value().to_string(), 40)),
                );
                Some(Step { transform, op, at: item.at, shown, argument: argument.map(Node::to_value) })
            }
            Err(because) => {
                let at = argument.map_or(item.at, |a| a.at);
                self.error(
                    "bad-transform",
                    at,
                    format!("{} {because}", transform.name),
                    format!("write {}", transform.usage),
                );
                None
            }
        }
    }
}
