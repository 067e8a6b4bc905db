//! Scripts as a grammar reads them: what they import from beside themselves, and whether the grammar can read them at all.
//! Nothing is run. A grammar's no is a suspicion; the interpreter's is proof.

use std::ops::ControlFlow;

use tree_sitter::{Node, ParseOptions, Parser, Tree as Syntax};

use super::template;
use crate::base::yaml::Span;
use crate::skill::{File, Project};

/// Languages whose scripts are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Language {
    /// Python 3.
    Python,
    /// JavaScript, modules and JSX included.
    JavaScript,
    /// TypeScript: only its imports are read, line by line.
    TypeScript,
    /// POSIX shell and Bash.
    Shell,
}

impl Language {
    /// By ending, else by the first line; nothing where neither tells.
    #[must_use]
    pub fn of(path: &str, text: &str) -> Option<Self> {
        let name = path.rsplit('/').next().unwrap_or(path);
        if let Some((stem, ending)) = name.rsplit_once('.')
            && !stem.is_empty()
        {
            return match ending {
                "py" => Some(Self::Python),
                "js" | "mjs" | "cjs" | "jsx" => Some(Self::JavaScript),
                "ts" | "mts" | "cts" | "tsx" => Some(Self::TypeScript),
                "sh" | "bash" => Some(Self::Shell),
                _ => None,
            }
            .filter(|l| *l != Self::Shell || !first_line(text).contains("zsh") && !first_line(text).contains("fish"));
        }
        let first = first_line(text).strip_prefix("#!")?;
        let program = first.split(['/', ' ']).rfind(|w| !w.is_empty() && !w.starts_with('-'))?;
        match program {
            "sh" | "bash" | "dash" => Some(Self::Shell),
            "node" => Some(Self::JavaScript),
            p if p.starts_with("python") && p != "python2" => Some(Self::Python),
            _ => None,
        }
    }

    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Python => "Python",
            Self::JavaScript => "JavaScript",
            Self::TypeScript => "TypeScript",
            Self::Shell => "shell",
        }
    }
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// A script that its grammar cannot read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspect {
    /// The file, below the root.
    pub path: String,
    /// What it is written in.
    pub language: Language,
    /// Where the grammar gives up.
    pub at: Span,
}

/// The scripts of the skills that their grammars cannot read: for the interpreter to confirm.
#[must_use]
pub fn suspects(project: &Project) -> Vec<Suspect> {
    let mut out = Vec::new();
    for (path, file) in project.skills.iter().flat_map(|s| s.files(&project.tree)) {
        let Some((text, language)) = script(path, file) else { continue };
        let Some(syntax) = parse(language, text) else { continue };
        if let Some(node) = first_error(syntax.root_node()) {
            out.push(Suspect { path: path.to_owned(), language, at: place(node) });
        }
    }
    out.sort_by(|a, b| a.path.cmp(&b.path));
    out.dedup();
    out
}

/// The text of a file that is a script of a known language, and no template of one.
pub(super) fn script<'f>(path: &str, file: &'f File) -> Option<(&'f str, Language)> {
    let text = file.text().filter(|t| t.len() <= MAX)?;
    let language = Language::of(path, text)?;
    // ExtendScript of Adobe's programs has a preprocessor, and shares its ending with React.
    if language == Language::JavaScript && text.lines().any(|l| l.starts_with("#target") || l.starts_with("#include")) {
        return None;
    }
    let named = template::kind(path) == template::Kind::Named;
    (!named && !template::has_statements(text) && !super::checks::is_deliberate(path)).then_some((text, language))
}

/// Longer ones are data, or a bundle.
const MAX: usize = 512 * 1024;
/// How often a grammar may ask whether to go on; it asks every hundred steps.
const PATIENCE: usize = 100_000;

/// The syntax tree; nothing for TypeScript, and for what takes its grammar too long.
pub(super) fn parse(language: Language, text: &str) -> Option<Syntax> {
    let grammar: tree_sitter::Language = match language {
        Language::Python => tree_sitter_python::LANGUAGE.into(),
        Language::JavaScript => tree_sitter_javascript::LANGUAGE.into(),
        Language::Shell => tree_sitter_bash::LANGUAGE.into(),
        Language::TypeScript => return None,
    };
    let mut parser = Parser::new();
    parser.set_language(&grammar).ok()?;
    let bytes = text.as_bytes();
    let mut asked = 0;
    let mut go_on = |_: &_| {
        asked += 1;
        if asked > PATIENCE { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    parser.parse_with_options(
        &mut |offset, _| bytes.get(offset..).unwrap_or_default(),
        None,
        Some(ParseOptions::new().progress_callback(&mut go_on)),
    )
}

/// Where a node begins.
pub(super) fn place(node: Node<'_>) -> Span {
    let point = node.start_position();
    let number = |n: usize| u32::try_from(n.saturating_add(1)).unwrap_or(u32::MAX);
    Span { line: number(point.row), column: number(point.column) }
}

fn first_error(root: Node<'_>) -> Option<Node<'_>> {
    if !root.has_error() {
        return None;
    }
    let mut node = root;
    loop {
        if node.is_error() || node.is_missing() {
            return Some(node);
        }
        let mut cursor = node.walk();
        match node.children(&mut cursor).find(|c| c.has_error() || c.is_missing()) {
            Some(child) => node = child,
            None => return Some(node),
        }
    }
}

/// What one script asks for from beside itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Import {
    pub(super) what: What,
    pub(super) at: Span,
    /// The script goes on without it: it is asked for in a `try`, or under a condition.
    pub(super) guarded: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    /// `./x`, `../x` of JavaScript.
    Relative(String),
    /// `from ..a.b import c, d`: dots, module, names.
    Package(usize, String, Vec<String>),
    /// `import a.b`, `from a.b import c`: module, names.
    Module(String, Vec<String>),
    /// A file named from the script's own directory.
    Beside(String),
    /// A file named from the working directory.
    Here(String),
}

/// The imports of a script.
pub(super) fn imports(language: Language, text: &str) -> Vec<Import> {
    if language == Language::TypeScript {
        return typescript(text);
    }
    let Some(syntax) = parse(language, text) else { return Vec::new() };
    let mut out = Vec::new();
    let mut cursor = syntax.walk();
    // Down first, then on; no recursion, however deep it nests.
    loop {
        let node = cursor.node();
        match language {
            Language::Python => python(node, text, &mut out),
            Language::JavaScript => javascript(node, text, &mut out),
            Language::Shell => shell(node, text, &mut out),
            Language::TypeScript => {}
        }
        if cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return out;
            }
        }
    }
}

fn text_of<'t>(node: Node<'_>, text: &'t str) -> &'t str {
    text.get(node.byte_range()).unwrap_or_default()
}

fn guarded(node: Node<'_>, by: &[&str]) -> bool {
    std::iter::successors(node.parent(), |n| n.parent()).any(|n| by.contains(&n.kind()))
}

fn python(node: Node<'_>, text: &str, out: &mut Vec<Import>) {
    let guards = ["try_statement", "if_statement", "function_definition"];
    match node.kind() {
        "import_statement" => {
            let mut cursor = node.walk();
            for name in node.children_by_field_name("name", &mut cursor) {
                let dotted =
                    if name.kind() == "aliased_import" { name.child_by_field_name("name") } else { Some(name) };
                let Some(dotted) = dotted else { continue };
                let what = What::Module(text_of(dotted, text).to_owned(), Vec::new());
                out.push(Import { what, at: place(node), guarded: guarded(node, &guards) });
            }
        }
        "import_from_statement" => {
            let Some(module) = node.child_by_field_name("module_name") else { return };
            let mut cursor = node.walk();
            let names = node
                .children_by_field_name("name", &mut cursor)
                .filter_map(|n| if n.kind() == "aliased_import" { n.child_by_field_name("name") } else { Some(n) })
                .map(|n| text_of(n, text).to_owned())
                .collect();
            let written = text_of(module, text);
            let dots = written.chars().take_while(|c| *c == '.').count();
            let path = written.trim_start_matches('.').trim().to_owned();
            let what = if dots > 0 { What::Package(dots, path, names) } else { What::Module(path, names) };
            out.push(Import { what, at: place(node), guarded: guarded(node, &guards) });
        }
        _ => {}
    }
}

fn javascript(node: Node<'_>, text: &str, out: &mut Vec<Import>) {
    let string =
        |node: Node<'_>| (node.kind() == "string").then(|| text_of(node, text).trim_matches(['"', '\'']).to_owned());
    let target = match node.kind() {
        "import_statement" | "export_statement" => node.child_by_field_name("source").and_then(string),
        "call_expression" => {
            let called = node.child_by_field_name("function").map(|f| text_of(f, text));
            let asks = matches!(
                called,
                Some("require" | "import" | "require.resolve" | "jest.mock" | "jest.requireActual" | "vi.mock")
            );
            let argument = node.child_by_field_name("arguments").and_then(|a| a.named_child(0));
            argument.filter(|_| asks).and_then(string)
        }
        _ => None,
    };
    let Some(target) = target.filter(|t| t.starts_with("./") || t.starts_with("../") || t == "." || t == "..") else {
        return;
    };
    out.push(Import { what: What::Relative(target), at: place(node), guarded: guarded(node, &["try_statement"]) });
}

fn typescript(text: &str) -> Vec<Import> {
    let mut out = Vec::new();
    let mut comment = false;
    for (number, line) in text.lines().enumerate() {
        let trimmed = line.trim_start();
        let was = comment;
        if trimmed.starts_with("/*") {
            comment = true;
        }
        if trimmed.contains("*/") {
            comment = false;
        }
        if was || comment || trimmed.starts_with("//") {
            continue;
        }
        let begins =
            ["import ", "import{", "export ", "} from", "import'", "import\""].iter().any(|b| trimmed.starts_with(b));
        let tail = if !begins {
            None
        } else {
            trimmed
                .rsplit_once(" from ")
                .map(|(_, t)| t)
                .or_else(|| trimmed.strip_prefix("import "))
                .map(str::trim_start)
        };
        let Some(tail) = tail else { continue };
        let Some(quote) = tail.chars().next().filter(|c| matches!(c, '"' | '\'')) else { continue };
        let Some((target, after)) = tail.get(1..).and_then(|t| t.split_once(quote)) else { continue };
        let whole = after.trim_start().is_empty() || after.trim_start().starts_with([';', '/']);
        if whole && (target.starts_with("./") || target.starts_with("../")) {
            let number = u32::try_from(number + 1).unwrap_or(u32::MAX);
            let at = Span { line: number, column: 1 };
            out.push(Import { what: What::Relative(target.to_owned()), at, guarded: false });
        }
    }
    out
}

/// Interpreters whose first argument is a script.
const RUNNERS: [&str; 9] = ["bash", "sh", "python", "python3", "node", "source", ".", "exec", "tsx"];

fn shell(node: Node<'_>, text: &str, out: &mut Vec<Import>) {
    if node.kind() != "command" {
        return;
    }
    let Some(name) = node.child_by_field_name("name") else { return };
    let called = text_of(name, text);
    let mut cursor = node.walk();
    let mut arguments: Vec<Node<'_>> = node.children_by_field_name("argument", &mut cursor).collect();
    if RUNNERS.contains(&called) {
        let words: Vec<&str> = arguments.iter().map(|a| text_of(*a, text)).collect();
        if let ["-m", module, ..] = words.as_slice()
            && called.starts_with("python")
        {
            let what = What::Module((*module).to_owned(), Vec::new());
            out.push(Import { what, at: place(node), guarded: true });
            return;
        }
        if words.first().is_some_and(|w| w.starts_with('-')) {
            return;
        }
    } else {
        arguments = vec![name];
    }
    let Some(target) = arguments.first().map(|a| text_of(*a, text).trim_matches(['"', '\''])) else { return };
    if !["sh", "bash", "py", "js", "mjs", "cjs"].iter().any(|e| target.rsplit_once('.').is_some_and(|(_, t)| t == *e)) {
        return;
    }
    // Whoever asks whether it is there does without it.
    let asks = |t: &str| {
        ["-f ", "-e ", "-x ", "-r ", "-s "]
            .iter()
            .any(|flag| text.contains(&format!("{flag}\"{t}\"")) || text.contains(&format!("{flag}{t}")))
    };
    let sure = !asks(target) && !guarded(node, &["if_statement", "heredoc_body", "function_definition", "list"]);
    let own = own_directory(text, target);
    let what = match own {
        Some(rest) => What::Beside(rest),
        None if target.contains(['$', '`', '*', '~', '<', '{']) || target.starts_with('/') => return,
        None if matches!(called, "source" | ".") || target.starts_with("./") || target.starts_with("../") => {
            What::Here(target.to_owned())
        }
        None => return,
    };
    out.push(Import { what, at: place(node), guarded: !sure });
}

/// What follows the script's own directory in a path: `$(dirname "$0")/x`, or a variable that was set to it.
fn own_directory(text: &str, target: &str) -> Option<String> {
    for own in
        ["$(dirname \"$0\")/", "$(dirname $0)/", "$(dirname \"${BASH_SOURCE[0]}\")/", "${BASH_SOURCE%/*}/", "${0%/*}/"]
    {
        if let Some(rest) = target.strip_prefix(own) {
            return plain(rest);
        }
    }
    let (variable, rest) = target.strip_prefix('$')?.split_once('/')?;
    let variable = variable.trim_matches(['{', '}', '"']);
    let set =
        text.lines().map(str::trim_start).map(|l| l.trim_start_matches("readonly ").trim_start_matches("local ")).any(
            |line| {
                line.strip_prefix(variable).and_then(|l| l.strip_prefix('=')).is_some_and(|value| {
                    let value = value.trim().trim_matches('"');
                    // Only the directory itself, not one beside or above it.
                    (value.starts_with("$(cd ") || value.starts_with("$(dirname "))
                        && (value.contains("dirname \"$0\"")
                            || value.contains("dirname \"${BASH_SOURCE[0]}\"")
                            || value.contains("dirname $0")
                            || value.contains("dirname \"${BASH_SOURCE}\""))
                        && !value.contains("..")
                        && value.matches("dirname").count() == 1
                })
            },
        );
    if set { plain(rest) } else { None }
}

fn plain(rest: &str) -> Option<String> {
    (!rest.contains(['$', '`', '*', '{'])).then(|| rest.trim_matches('"').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(language: Language, text: &str) -> Vec<(What, bool)> {
        imports(language, text).into_iter().map(|i| (i.what, i.guarded)).collect()
    }

    #[test]
    fn what_a_script_asks_for_is_read_from_its_syntax() {
        assert_eq!(
            asked(
                Language::Python,
                "import os, a.b as c\nfrom . import x\nfrom ..y.z import (p, q as r)\ntry:\n    import fast\nexcept ImportError:\n    pass\n# import no\n\"\"\"\nimport no\n\"\"\"\n"
            ),
            [
                (What::Module("os".to_owned(), vec![]), false),
                (What::Module("a.b".to_owned(), vec![]), false),
                (What::Package(1, String::new(), vec!["x".to_owned()]), false),
                (What::Package(2, "y.z".to_owned(), vec!["p".to_owned(), "q".to_owned()]), false),
                (What::Module("fast".to_owned(), vec![]), true),
            ]
        );
        assert_eq!(
            asked(
                Language::JavaScript,
                "import a from './a.js';\nconst b = require('../b');\nimport 'react';\n// require('./no')\nconst s = \"require('./no')\";\nexport * from './c';\n"
            ),
            [
                (What::Relative("./a.js".to_owned()), false),
                (What::Relative("../b".to_owned()), false),
                (What::Relative("./c".to_owned()), false),
            ]
        );
        assert_eq!(
            asked(
                Language::TypeScript,
                "import {\n  a,\n} from './a';\nexport type { B } from \"../b\";\n// import './no';\nconst x = 'from ./no';\nimport './c';\n"
            ),
            [
                (What::Relative("./a".to_owned()), false),
                (What::Relative("../b".to_owned()), false),
                (What::Relative("./c".to_owned()), false),
            ]
        );
        assert_eq!(
            asked(
                Language::Shell,
                "HERE=$(cd \"$(dirname \"$0\")\" && pwd)\nsource ./lib.sh\n. \"$HERE/more.sh\"\nbash \"$(dirname \"$0\")/x.sh\" --a\nsource .env\nsource \"$OTHER/y.sh\"\npython3 -m tests.run\necho ./no.sh\n"
            ),
            [
                (What::Here("./lib.sh".to_owned()), false),
                (What::Beside("more.sh".to_owned()), false),
                (What::Beside("x.sh".to_owned()), false),
                (What::Module("tests.run".to_owned(), vec![]), true),
            ]
        );
    }

    #[test]
    fn a_script_is_known_by_its_ending_or_its_first_line() {
        for (path, text, language) in [
            ("a/run", "#!/bin/sh\n", Some(Language::Shell)),
            ("a/run", "#!/usr/bin/env -S python3 -u\n", Some(Language::Python)),
            ("a/run", "echo", None),
            ("a/x.sh", "#!/bin/zsh\n", None),
            ("a/x.tsx", "", Some(Language::TypeScript)),
            (".bash", "", None),
        ] {
            assert_eq!(Language::of(path, text), language, "{path} {text:?}");
        }
    }

    #[test]
    fn no_text_takes_a_grammar_too_long() {
        for language in [Language::Python, Language::JavaScript, Language::Shell] {
            for text in ["(".repeat(20_000), "\u{0}\u{ffff}".to_owned(), "if ".repeat(5_000), "`\"'${".repeat(2_000)] {
                let _ = parse(language, &text).and_then(|t| first_error(t.root_node()).map(place));
            }
        }
    }
}
