//! Drawings in the page: systems with the flows between them, and the rules of a mapping. Each says in its description
//! what it shows, and each stands beside a table that says the same.

use std::fmt::Write as _;

use super::escaped;
use crate::base::text;

/// Width of a character of the drawings' monospaced type, in units.
const CHAR: usize = 8;
/// Height of a line of a mapping.
const ROW: usize = 30;
/// The longest name drawn, in characters; the whole one is in the title and in the table.
const NAME: usize = 36;
/// The longest transform drawn.
const HOW: usize = 46;

/// A system to be drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node<'a> {
    /// Its name in the contract.
    pub name: &'a str,
    /// What its description calls it.
    pub title: &'a str,
    /// A line below.
    pub line: String,
}

/// A flow to be drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edge<'a> {
    /// The system it reads.
    pub from: &'a str,
    /// The system it writes.
    pub to: &'a str,
    /// Its name.
    pub name: &'a str,
    /// A line below.
    pub line: String,
}

/// A rule of a mapping to be drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule<'a> {
    /// Where the value goes.
    pub target: &'a str,
    /// The fields it comes from; none for a constant.
    pub sources: Vec<&'a str>,
    /// What happens on the way; empty for a plain copy.
    pub how: &'a str,
}

/// Systems as boxes, sources on the left, flows as arrows between them. `id` is unique on the page.
#[must_use]
pub fn systems(id: &str, nodes: &[Node<'_>], edges: &[Edge<'_>]) -> String {
    const BOX: (usize, usize) = (230, 88);
    const GAP: usize = 28;
    const WIDTH: usize = 820;
    let reads = |name: &str| edges.iter().any(|e| e.from == name);
    let (left, right): (Vec<&Node<'_>>, Vec<&Node<'_>>) = nodes.iter().partition(|n| reads(n.name));
    let tall = |n: usize, each: usize| n * each + n.saturating_sub(1) * GAP;
    let lines = edges.len().max(1) * 52;
    let height = tall(left.len(), BOX.1).max(tall(right.len(), BOX.1)).max(lines) + 24;
    let place = |column: &[&Node<'_>], name: &str| {
        let at = column.iter().position(|n| n.name == name)?;
        Some((height - tall(column.len(), BOX.1)) / 2 + at * (BOX.1 + GAP))
    };
    let said: Vec<String> =
        edges.iter().map(|e| format!("{} from {} to {}, {}", e.name, e.from, e.to, e.line)).collect();
    let said = if said.is_empty() { "no flow".to_owned() } else { said.join("; ") };
    let named: Vec<&str> = nodes.iter().map(|n| n.name).collect();
    let desc = format!("Systems: {}. Flows: {said}.", named.join(", "));
    let mut out = open(id, WIDTH, height, "Systems and flows", &desc);
    for (column, x) in [(&left, 4), (&right, WIDTH - BOX.0 - 4)] {
        for node in column.iter() {
            let y = place(column, node.name).unwrap_or(0);
            let _ = write!(
                out,
                "<g><title>{}</title><rect class=\"box\" x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"{}\" rx=\"6\"/>\
                 <text class=\"strong\" x=\"{tx}\" y=\"{}\">{}</text><text x=\"{tx}\" y=\"{}\">{}</text>\
                 <text class=\"quiet\" x=\"{tx}\" y=\"{}\">{}</text></g>",
                escaped(&format!("{}: {}", node.name, node.title)),
                BOX.0,
                BOX.1,
                y + 28,
                cut(node.name, 24),
                y + 50,
                cut(node.title, 26),
                y + 71,
                cut(&node.line, 26),
                tx = x + 16,
            );
        }
    }
    let step = height / (edges.len() + 1);
    for (i, edge) in edges.iter().enumerate() {
        let middle = step * (i + 1);
        let port = |column: &[&Node<'_>], name: &str| place(column, name).map(|y| y + BOX.1 / 2);
        let from = port(&left, edge.from).unwrap_or(middle);
        let to_right = port(&right, edge.to);
        let (x1, mid) = (BOX.0 + 8, WIDTH / 2);
        let (x2, to) = match to_right {
            Some(y) => (WIDTH - BOX.0 - 14, y),
            // Both read: the arrow comes back to the left.
            None => (BOX.0 + 14, port(&left, edge.to).unwrap_or(middle)),
        };
        let _ = write!(
            out,
            "<g class=\"flow\"><title>{}</title><path class=\"wire\" d=\"M{x1} {from} C{c1} {from} {c1} {middle} {mid} {middle} \
             S{c2} {to} {x2} {to}\"/><path class=\"tip\" d=\"M{x2} {} l9 5 l-9 5z\"{}/>\
             <text class=\"strong mid halo\" x=\"{mid}\" y=\"{}\">{}</text>\
             <text class=\"quiet mid halo\" x=\"{mid}\" y=\"{}\">{}</text></g>",
            escaped(&format!("{}: {} to {}", edge.name, edge.from, edge.to)),
            to - 5,
            if to_right.is_none() { format!(" transform=\"rotate(180 {x2} {to})\"") } else { String::new() },
            middle.saturating_sub(9),
            cut(edge.name, 26),
            middle + 20,
            cut(&edge.line, 34),
            c1 = (x1 + mid) / 2,
            c2 = (mid + x2) / 2,
        );
    }
    out.push_str("</svg>");
    out
}

/// The same for a narrow screen: one flow below the other, each from its source down to its target; systems without a flow
/// last. No wider than a phone. `id` is unique on the page.
#[must_use]
pub fn systems_tall(id: &str, nodes: &[Node<'_>], edges: &[Edge<'_>]) -> String {
    const WIDTH: usize = 310;
    const BOX: usize = 88;
    const WIRE: usize = 84;
    const GAP: usize = 30;
    let idle: Vec<&Node<'_>> =
        nodes.iter().filter(|n| edges.iter().all(|e| e.from != n.name && e.to != n.name)).collect();
    let height = (edges.len() * (2 * BOX + WIRE + GAP) + idle.len() * (BOX + GAP)).max(GAP) - GAP + 8;
    let said: Vec<String> = edges.iter().map(|e| format!("{} from {} to {}", e.name, e.from, e.to)).collect();
    let said = if said.is_empty() { "no flow".to_owned() } else { said.join("; ") };
    let mut out = open(id, WIDTH, height, "Systems and flows, one below the other", &format!("Flows: {said}."));
    let mut boxed = |y: usize, name: &str| {
        let node = nodes.iter().find(|n| n.name == name);
        let (title, line) = node.map_or(("", ""), |n| (n.title, n.line.as_str()));
        let _ = write!(
            out,
            "<g><title>{}</title><rect class=\"box\" x=\"4\" y=\"{y}\" width=\"{}\" height=\"{BOX}\" rx=\"6\"/>\
             <text class=\"strong\" x=\"20\" y=\"{}\">{}</text><text x=\"20\" y=\"{}\">{}</text>\
             <text class=\"quiet\" x=\"20\" y=\"{}\">{}</text></g>",
            escaped(&format!("{name}: {title}")),
            WIDTH - 8,
            y + 28,
            cut(name, 30),
            y + 50,
            cut(title, 34),
            y + 71,
            cut(line, 34),
        );
    };
    let mut arrows = String::new();
    let mut y = 4;
    for edge in edges {
        boxed(y, edge.from);
        boxed(y + BOX + WIRE, edge.to);
        let (top, end) = (y + BOX, y + BOX + WIRE);
        let _ = write!(
            arrows,
            "<g class=\"flow\"><title>{}</title><path class=\"wire\" d=\"M40 {} V{}\"/><path class=\"tip\" d=\"M35 {} l5 9 l5 -9z\"/>\
             <text class=\"strong\" x=\"60\" y=\"{}\">{}</text><text class=\"quiet\" x=\"60\" y=\"{}\">{}</text></g>",
            escaped(&format!("{}: {} to {}", edge.name, edge.from, edge.to)),
            top + 6,
            end - 12,
            end - 12,
            top + 38,
            cut(edge.name, 28),
            top + 58,
            cut(&edge.line, 32),
        );
        y = end + BOX + GAP;
    }
    for node in idle {
        boxed(y, node.name);
        y += BOX + GAP;
    }
    out.push_str(&arrows);
    out.push_str("</svg>");
    out
}

/// The rules of one flow: source fields on the left, target fields on the right, a curve for each field that a rule
/// reads, the transform before the target. `id` is unique on the page.
#[must_use]
pub fn mapping(id: &str, flow: &str, from: &str, to: &str, rules: &[Rule<'_>]) -> String {
    let mut sources: Vec<&str> = Vec::new();
    for source in rules.iter().flat_map(|r| &r.sources) {
        if !sources.contains(source) {
            sources.push(source);
        }
    }
    let wide = |longest: Option<usize>, most: usize| longest.unwrap_or(0).min(most).max(6) * CHAR;
    let names = wide(sources.iter().chain(&[from]).map(|s| s.chars().count()).max(), NAME);
    let targets = wide(rules.iter().map(|r| r.target).chain([to]).map(|t| t.chars().count()).max(), NAME);
    let hows = wide(rules.iter().map(|r| r.how.chars().count()).max(), HOW);
    let x1 = names + 16;
    let x2 = x1 + 150;
    let x3 = x2 + hows + 44;
    let width = x3 + targets + 20;
    let lines = sources.len().max(rules.len()).max(1);
    let height = 44 + lines * ROW + 6;
    let y = |at: usize, of: usize| 44 + (lines - of.min(lines)) * ROW / 2 + at * ROW + ROW / 2;
    let said: Vec<String> = rules
        .iter()
        .map(|r| {
            let from = if r.sources.is_empty() { "a constant".to_owned() } else { r.sources.join(" and ") };
            let how = if r.how.is_empty() { "copied".to_owned() } else { r.how.to_owned() };
            format!("{} from {from}: {how}", r.target)
        })
        .collect();
    let desc = format!("{}. {}.", text::plural(rules.len() as u64, "rule"), text::truncate(&said.join("; "), 1_500));
    let mut out = open(id, width, height, &format!("Mapping of {flow}: {from} to {to}"), &desc);
    let _ = write!(
        out,
        "<text class=\"head end\" x=\"{}\" y=\"24\">{}</text><text class=\"head\" x=\"{}\" y=\"24\">{}</text>",
        x1 - 14,
        cut(from, NAME),
        x3 + 14,
        cut(to, NAME)
    );
    for (i, source) in sources.iter().enumerate() {
        let y = y(i, sources.len());
        let _ = write!(
            out,
            "<g><title>{}</title><text class=\"end\" x=\"{}\" y=\"{}\">{}</text><circle class=\"dot\" cx=\"{x1}\" cy=\"{y}\" r=\"3\"/></g>",
            escaped(source),
            x1 - 14,
            y + 4,
            cut(source, NAME)
        );
    }
    for (i, rule) in rules.iter().enumerate() {
        let to = y(i, rules.len());
        let told = said.get(i).map(String::as_str).unwrap_or_default();
        let _ = write!(out, "<g class=\"flow\"><title>{}</title>", escaped(told));
        for source in &rule.sources {
            let from = y(sources.iter().position(|s| s == source).unwrap_or(0), sources.len());
            let (a, b) = (x1 + 60, x2 - 60);
            let _ = write!(out, "<path class=\"wire\" d=\"M{} {from} C{a} {from} {b} {to} {x2} {to}\"/>", x1 + 5);
        }
        if rule.sources.is_empty() {
            let _ = write!(out, "<path class=\"dot\" d=\"M{} {to} l5 -5 l5 5 l-5 5z\"/>", x2 - 10);
        }
        if rule.how.is_empty() {
            let _ = write!(out, "<path class=\"wire\" d=\"M{x2} {to} H{}\"/>", x3 - 8);
        } else {
            let long = rule.how.chars().count().min(HOW) * CHAR + 16;
            let _ = write!(
                out,
                "<path class=\"wire\" d=\"M{} {to} H{}\"/><rect class=\"pill\" x=\"{x2}\" y=\"{}\" width=\"{long}\" height=\"22\" rx=\"11\"/>\
                 <text class=\"small\" x=\"{}\" y=\"{}\" textLength=\"{}\" lengthAdjust=\"spacingAndGlyphs\">{}</text>",
                x2 + long,
                x3 - 8,
                to - 11,
                x2 + 10,
                to + 4,
                long - 20,
                cut(rule.how, HOW)
            );
        }
        let _ = write!(
            out,
            "<path class=\"tip\" d=\"M{} {} l9 5 l-9 5z\"/><text x=\"{}\" y=\"{}\">{}</text></g>",
            x3 - 8,
            to - 5,
            x3 + 14,
            to + 4,
            cut(rule.target, NAME)
        );
    }
    out.push_str("</svg>");
    out
}

/// A bar from 0 to 1 with its value filled and a mark at `ceiling`.
#[must_use]
pub fn level(id: &str, value: f64, ceiling: f64, said: &str) -> String {
    let at = |v: f64| (v.clamp(0.0, 1.0) * 400.0).round();
    let mut out = open(id, 400, 16, said, "The filled part is the confidence, the upright line its ceiling.");
    let _ = write!(
        out,
        "<rect class=\"track\" x=\"0\" y=\"5\" width=\"400\" height=\"6\" rx=\"3\"/>\
         <rect class=\"fill\" x=\"0\" y=\"5\" width=\"{}\" height=\"6\" rx=\"3\"/>\
         <path class=\"mark\" d=\"M{c} 1 V15\"/></svg>",
        at(value),
        c = at(ceiling).clamp(1.0, 399.0)
    );
    out
}

fn open(id: &str, width: usize, height: usize, title: &str, desc: &str) -> String {
    let (id, title, desc) = (escaped(id), escaped(title), escaped(desc));
    format!(
        "<svg viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\" aria-labelledby=\"{id}-t {id}-d\">\
         <title id=\"{id}-t\">{title}</title><desc id=\"{id}-d\">{desc}</desc>"
    )
}

/// Cleaned, folded, cut, escaped.
fn cut(raw: &str, most: usize) -> String {
    escaped(&text::quoted(raw, most))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_stay_text() {
        let hostile = "</title></svg><script>alert(\"1\")</script>\u{202e}'";
        let rules = [Rule { target: hostile, sources: vec![hostile], how: hostile }];
        let nodes = [Node { name: hostile, title: hostile, line: hostile.to_owned() }];
        let edges = [Edge { from: hostile, to: hostile, name: hostile, line: hostile.to_owned() }];
        let all = [
            mapping("m", hostile, hostile, hostile, &rules),
            systems("s", &nodes, &edges),
            systems_tall("t", &nodes, &edges),
        ];
        for drawn in all {
            assert_eq!(drawn.matches("</svg>").count(), 1, "{drawn}");
            assert!(!drawn.contains("<script") && !drawn.contains('\u{202e}') && !drawn.contains("\"1\""), "{drawn}");
        }
    }

    #[test]
    fn on_a_narrow_screen_every_flow_goes_down_and_nothing_is_wider_than_a_phone() {
        let node = |name| Node { name, title: "A title that is rather long for such a box", line: String::new() };
        let nodes = [node("billing"), node("crm"), node("spare")];
        let edge = |name| Edge { from: "billing", to: "crm", name, line: "every 60s".to_owned() };
        let drawn = systems_tall("t", &nodes, &[edge("contacts"), edge("invoices")]);
        assert!(drawn.starts_with("<svg viewBox=\"0 0 310 "), "{drawn}");
        assert_eq!((drawn.matches("class=\"box\"").count(), drawn.matches("class=\"wire\"").count()), (5, 2));
        assert!(systems_tall("t", &[], &[]).ends_with("</svg>"));
    }

    #[test]
    fn a_constant_has_no_wire_and_a_join_has_one_for_each_field() {
        let rules = [
            Rule { target: "kind", sources: vec![], how: "\"customer\"" },
            Rule { target: "name", sources: vec!["first", "last"], how: "joined by \" \"" },
        ];
        let drawn = mapping("m", "contacts", "billing", "crm", &rules);
        assert_eq!(drawn.matches("<circle").count(), 2);
        assert_eq!(drawn.matches("class=\"wire\" d=\"M").count(), 2 + 2, "{drawn}");
        assert!(drawn.contains("kind from a constant"));
    }
}
