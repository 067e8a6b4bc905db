//! What a module offers to those who import it, and which names are asked of it. Nothing is said of a module that makes its
//! names while it runs.

use std::collections::BTreeSet;

use tree_sitter::Node;

use super::scripts::{Language, parse, place};
use crate::base::yaml::Span;

/// Names that are asked of a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    /// The module as written: `./a.mjs`, `.rules`, `lib.rules`.
    pub(super) module: String,
    /// The names as they must be offered.
    pub(super) names: Vec<String>,
    /// Where.
    pub(super) at: Span,
}

/// What a module offers; nothing where that is known only when it runs.
pub(super) fn offered(language: Language, text: &str) -> Option<BTreeSet<String>> {
    let syntax = parse(language, text)?;
    let root = syntax.root_node();
    if root.has_error() {
        return None;
    }
    match language {
        Language::Python => python(root, text),
        Language::JavaScript => javascript(root, text),
        Language::TypeScript | Language::Shell => None,
    }
}

/// The names that a script asks of other modules.
pub(super) fn asked(language: Language, text: &str) -> Vec<Asked> {
    let Some(syntax) = parse(language, text) else { return Vec::new() };
    let mut out = Vec::new();
    each(syntax.root_node(), &mut |node| {
        match language {
            Language::Python => out.extend(python_asks(node, text)),
            Language::JavaScript => out.extend(javascript_asks(node, text)),
            Language::TypeScript | Language::Shell => {}
        }
        true
    });
    out.iter_mut().for_each(|a| a.names.sort());
    out.sort_by_key(|a| (a.at.line, a.at.column));
    out
}

fn text_of<'t>(node: Node<'_>, text: &'t str) -> &'t str {
    text.get(node.byte_range()).unwrap_or_default()
}

/// Visits nodes from the top; what is below a node only where `visit` says so.
fn each<'t>(root: Node<'t>, visit: &mut impl FnMut(Node<'t>) -> bool) {
    let mut todo = vec![root];
    while let Some(node) = todo.pop() {
        if visit(node) {
            let mut cursor = node.walk();
            todo.extend(node.named_children(&mut cursor));
        }
    }
}

/// Every name that is bound outside functions and classes.
fn python(root: Node<'_>, text: &str) -> Option<BTreeSet<String>> {
    if ["globals()", "setattr(", "sys.modules", "__getattr__", "exec(", "vars()", "locals()", "import *"]
        .iter()
        .any(|made| text.contains(made))
    {
        return None;
    }
    let mut bound = BTreeSet::new();
    each(root, &mut |node| {
        let target = match node.kind() {
            "assignment" | "augmented_assignment" | "for_statement" | "for_in_clause" => {
                node.child_by_field_name("left")
            }
            "named_expression" => node.child_by_field_name("name"),
            "as_pattern" => node.child_by_field_name("alias"),
            "function_definition" | "class_definition" => {
                bound.extend(node.child_by_field_name("name").map(|n| text_of(n, text).to_owned()));
                each(node, &mut |inner| {
                    if inner.kind() == "global_statement" {
                        let mut cursor = inner.walk();
                        bound.extend(inner.named_children(&mut cursor).map(|n| text_of(n, text).to_owned()));
                    }
                    true
                });
                return false;
            }
            "import_statement" | "import_from_statement" => {
                let mut cursor = node.walk();
                for name in node.children_by_field_name("name", &mut cursor) {
                    let name = text_of(name.child_by_field_name("alias").unwrap_or(name), text);
                    bound.insert(name.split('.').next().unwrap_or(name).to_owned());
                }
                return false;
            }
            "match_statement" | "type_alias_statement" => Some(node),
            _ => None,
        };
        if let Some(target) = target {
            each(target, &mut |inner| {
                if inner.kind() == "identifier" {
                    bound.insert(text_of(inner, text).to_owned());
                }
                true
            });
        }
        true
    });
    Some(bound)
}

fn python_asks(node: Node<'_>, text: &str) -> Option<Asked> {
    if node.kind() != "import_from_statement" {
        return None;
    }
    // Who tries, or asks under a condition, goes on without it.
    let guards = ["try_statement", "if_statement"];
    if std::iter::successors(node.parent(), |n| n.parent()).any(|n| guards.contains(&n.kind())) {
        return None;
    }
    let module = node.child_by_field_name("module_name").map(|m| text_of(m, text).to_owned())?;
    let mut cursor = node.walk();
    let names = node
        .children_by_field_name("name", &mut cursor)
        .map(|n| text_of(n.child_by_field_name("name").unwrap_or(n), text).to_owned())
        .collect();
    Some(Asked { module, names, at: place(node) })
}

/// What a module of JavaScript exports, by `export` or by `module.exports`.
fn javascript(root: Node<'_>, text: &str) -> Option<BTreeSet<String>> {
    let esm = {
        let mut cursor = root.walk();
        root.named_children(&mut cursor).any(|n| n.kind() == "export_statement")
    };
    if esm { exported(root, text) } else { assigned(root, text) }
}

fn exported(root: Node<'_>, text: &str) -> Option<BTreeSet<String>> {
    let mut out = BTreeSet::new();
    let mut cursor = root.walk();
    for node in root.named_children(&mut cursor).filter(|n| n.kind() == "export_statement") {
        let whole = text_of(node, text);
        let after = whole.trim_start_matches("export").trim_start();
        if after.starts_with('*') {
            let rest = after.trim_start_matches('*').trim_start();
            // `export * from` hands on what another module has.
            let name = rest.strip_prefix("as ")?;
            out.insert(name.split_whitespace().next().unwrap_or_default().to_owned());
            continue;
        }
        if after.starts_with("default") {
            out.insert("default".to_owned());
            continue;
        }
        if let Some(declaration) = node.child_by_field_name("declaration") {
            match declaration.child_by_field_name("name") {
                Some(name) => {
                    out.insert(text_of(name, text).to_owned());
                }
                None => each(declaration, &mut |inner| {
                    if inner.kind() == "variable_declarator" {
                        if let Some(name) = inner.child_by_field_name("name") {
                            each(name, &mut |n| {
                                if matches!(n.kind(), "identifier" | "shorthand_property_identifier_pattern") {
                                    out.insert(text_of(n, text).to_owned());
                                }
                                true
                            });
                        }
                        return false;
                    }
                    true
                }),
            }
        }
        each(node, &mut |inner| {
            if inner.kind() == "export_specifier" {
                let name = inner.child_by_field_name("alias").or_else(|| inner.child_by_field_name("name"));
                out.extend(name.map(|n| text_of(n, text).trim_matches(['"', '\'']).to_owned()));
            }
            inner.kind() != "statement_block"
        });
    }
    Some(out)
}

/// `module.exports = { a, b: c }`, `exports.a = …`; nothing for any other way.
fn assigned(root: Node<'_>, text: &str) -> Option<BTreeSet<String>> {
    let mut out = BTreeSet::new();
    let (mut any, mut unknown) = (false, false);
    each(root, &mut |node| {
        if node.kind() == "assignment_expression"
            && let (Some(left), Some(right)) = (node.child_by_field_name("left"), node.child_by_field_name("right"))
        {
            let target = text_of(left, text);
            if target == "module.exports" || target == "exports" {
                any = true;
                if right.kind() == "object" {
                    let mut cursor = right.walk();
                    for entry in right.named_children(&mut cursor) {
                        match entry.kind() {
                            "shorthand_property_identifier" => {
                                out.insert(text_of(entry, text).to_owned());
                            }
                            "pair" => out.extend(
                                entry
                                    .child_by_field_name("key")
                                    .map(|k| text_of(k, text).trim_matches(['"', '\'']).to_owned()),
                            ),
                            "method_definition" => {
                                out.extend(entry.child_by_field_name("name").map(|k| text_of(k, text).to_owned()));
                            }
                            "comment" => {}
                            _ => unknown = true,
                        }
                    }
                } else {
                    unknown = true;
                }
            } else if let Some(name) =
                target.strip_prefix("module.exports.").or_else(|| target.strip_prefix("exports."))
            {
                any = true;
                out.insert(name.split(['.', '[']).next().unwrap_or(name).to_owned());
            }
        } else if node.kind() == "identifier" && text_of(node, text) == "exports" {
            // Handed to somebody, or written by a computed name.
            let parent = node.parent().map_or("", |p| p.kind());
            unknown |= matches!(parent, "arguments" | "subscript_expression" | "spread_element");
        } else if node.kind() == "member_expression" && text_of(node, text) == "module.exports" {
            let parent = node.parent().map_or("", |p| p.kind());
            unknown |= matches!(parent, "arguments" | "subscript_expression" | "spread_element");
        }
        true
    });
    (any && !unknown).then_some(out)
}

fn javascript_asks(node: Node<'_>, text: &str) -> Option<Asked> {
    let string =
        |node: Node<'_>| (node.kind() == "string").then(|| text_of(node, text).trim_matches(['"', '\'']).to_owned());
    let at = place(node);
    match node.kind() {
        "import_statement" => {
            let module = node.child_by_field_name("source").and_then(string)?;
            let mut names = Vec::new();
            let mut cursor = node.walk();
            for clause in node.named_children(&mut cursor).filter(|n| n.kind() == "import_clause") {
                let mut inside = clause.walk();
                for part in clause.named_children(&mut inside) {
                    match part.kind() {
                        "identifier" => names.push("default".to_owned()),
                        "named_imports" => each(part, &mut |n| {
                            if n.kind() == "import_specifier" {
                                names.extend(n.child_by_field_name("name").map(|n| text_of(n, text).to_owned()));
                            }
                            true
                        }),
                        _ => {}
                    }
                }
            }
            Some(Asked { module, names, at })
        }
        // `const { a, b: c } = require("./x")`
        "variable_declarator" => {
            let value = node.child_by_field_name("value").filter(|v| v.kind() == "call_expression")?;
            let callee = value.child_by_field_name("function").map(|f| text_of(f, text))?;
            if callee != "require" {
                return None;
            }
            let module = value.child_by_field_name("arguments").and_then(|a| a.named_child(0)).and_then(string)?;
            let pattern = node.child_by_field_name("name").filter(|n| n.kind() == "object_pattern")?;
            let mut names = Vec::new();
            let mut cursor = pattern.walk();
            for part in pattern.named_children(&mut cursor) {
                match part.kind() {
                    "shorthand_property_identifier_pattern" => names.push(text_of(part, text).to_owned()),
                    "pair_pattern" => {
                        names.extend(part.child_by_field_name("key").map(|k| text_of(k, text).to_owned()))
                    }
                    _ => {}
                }
            }
            Some(Asked { module, names, at })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(language: Language, text: &str) -> Option<Vec<String>> {
        offered(language, text).map(|set| set.into_iter().collect())
    }

    #[test]
    fn what_a_module_offers_is_read_from_its_syntax() {
        let own = |names: &[&str]| Some(names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>());
        assert_eq!(
            names(
                Language::Python,
                "import os.path\nfrom a import b as c\nX, (Y, Z) = 1, (2, 3)\nW: int = used(4)\nclass K:\n    inner = 1\ndef f():\n    global G\n    local = 1\nfor i in []: pass\nwith open('x') as h: pass\nif True:\n    T = 1\n"
            ),
            own(&["G", "K", "T", "W", "X", "Y", "Z", "c", "f", "h", "i", "os"])
        );
        assert_eq!(names(Language::Python, "from a import *\n"), None);
        assert_eq!(names(Language::Python, "def __getattr__(name): ...\n"), None);
        assert_eq!(
            names(
                Language::JavaScript,
                "export function f() {}\nexport const a = 1, { b, c: d } = x;\nexport class K {}\nexport { f as g };\nexport default 1;\nexport { h } from './h.mjs';\nfunction hidden() {}\n"
            ),
            own(&["K", "a", "b", "d", "default", "f", "g", "h"])
        );
        assert_eq!(names(Language::JavaScript, "export * from './all.mjs';\n"), None);
        assert_eq!(
            names(Language::JavaScript, "module.exports = { a, b: c, d() {} };\nexports.e = 1;\n"),
            own(&["a", "b", "d", "e"])
        );
        assert_eq!(names(Language::JavaScript, "module.exports = make();\n"), None);
        assert_eq!(names(Language::JavaScript, "module.exports = { ...other };\n"), None);
        assert_eq!(names(Language::JavaScript, "console.log(1);\n"), None);
    }

    #[test]
    fn what_is_asked_of_a_module_is_read_from_its_syntax() {
        let of = |language, text| -> Vec<(String, String)> {
            asked(language, text).into_iter().map(|a| (a.module, a.names.join(" "))).collect()
        };
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(
            of(
                Language::Python,
                "from .a import b, c as d\nfrom e import f\ntry:\n    from g import h\nexcept ImportError: pass\n"
            ),
            [pair(".a", "b c"), pair("e", "f")]
        );
        assert_eq!(
            of(
                Language::JavaScript,
                "import { a, b as c } from './x.mjs';\nimport d from './y.mjs';\nimport * as all from './z.mjs';\nconst { e, f: g } = require('./w');\nconst whole = require('./v');\n"
            ),
            [pair("./x.mjs", "a b"), pair("./y.mjs", "default"), pair("./z.mjs", ""), pair("./w", "e f")]
        );
    }
}
