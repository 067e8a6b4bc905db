//! A test that holds nothing against anything passes whatever happens.

use tree_sitter::{Language, Node, Parser};

use crate::base::text::quoted;
use crate::base::yaml::Span;
use crate::finding::{Finding, Location, Severity};
use crate::verify::{Check, Profile, Rule, Subject, scripts};

const RULE: Rule = Rule {
    code: "tests-assert-nothing",
    id: "PI031",
    severity: Severity::Error,
    finds: "A test file or a test in it has no assertion, or only such as hold whatever happens.",
    source: "a test that cannot fail is no evidence: it passes whatever the skill does",
};

pub(super) const CHECK: Check = Check { rules: &[RULE], profile: Profile::Sync, run };

/// The most syntax nodes looked at in one file.
const NODES: usize = 200_000;

/// What a test is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tongue {
    Python,
    JavaScript,
    Shell,
}

/// The language of a test file, by its name; nothing for helpers, data and everything else.
pub(crate) fn test_file(path: &str) -> Option<Tongue> {
    let mut parts: Vec<&str> = path.split('/').collect();
    let name = parts.pop()?;
    let beside = ["fixtures", "fixture", "data", "helpers", "support", "__mocks__", "__fixtures__", "node_modules"];
    if parts.iter().any(|p| beside.contains(p)) {
        return None;
    }
    let (stem, ending) = name.rsplit_once('.')?;
    match ending {
        "py" => (stem.starts_with("test_") || stem.ends_with("_test")).then_some(Tongue::Python),
        "js" | "mjs" | "cjs" => (stem.ends_with(".test")
            || stem.ends_with(".spec")
            || stem.ends_with("_test")
            || stem.ends_with("-test")
            || stem.starts_with("test-")
            || stem.starts_with("test_"))
        .then_some(Tongue::JavaScript),
        "sh" | "bash" => (stem.starts_with("test_")
            || stem.starts_with("test-")
            || stem.ends_with("_test")
            || stem.ends_with("-test")
            || stem.ends_with(".test"))
        .then_some(Tongue::Shell),
        _ => None,
    }
}

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    let tree = &subject.project.tree;
    let mut out = Vec::new();
    for skill in subject.skills() {
        for (path, file) in skill.dirs(tree, "tests").iter().flat_map(|d| tree.below(d)) {
            let Some(text) = file.text() else { continue };
            let shell = || text.lines().next().is_some_and(|l| l.starts_with("#!") && l.trim_end().ends_with("sh"));
            let runner = || (path.ends_with("/run") && shell()).then_some(Tongue::Shell);
            let Some(tongue) = test_file(path).or_else(runner) else { continue };
            let fix = "assert what the test is named for, on a value that the code under test computed";
            if asserts(tongue, text) == Some(false) {
                out.push(RULE.at(subject.top(path), "nothing in this test can fail").fix(fix));
                continue;
            }
            out.extend(empty_cases(tongue, text).into_iter().map(|(at, name)| {
                let because = format!("nothing in {} can fail", quoted(&name, 80));
                RULE.at(Location::at(subject.project.show(path), at), because).fix(fix)
            }));
        }
    }
    out
}

/// Cases that do nothing, or hold only what is written out against what is written out: where, and their names.
fn empty_cases(tongue: Tongue, text: &str) -> Vec<(Span, String)> {
    let language = match tongue {
        Tongue::Python => scripts::Language::Python,
        Tongue::JavaScript => scripts::Language::JavaScript,
        Tongue::Shell => return Vec::new(),
    };
    let Some(tree) = scripts::parse(language, text) else { return Vec::new() };
    let root = tree.root_node();
    if root.has_error() {
        return Vec::new();
    }
    let mut out = Vec::new();
    let mut todo = vec![root];
    let mut seen = 0;
    while let Some(node) = todo.pop() {
        seen += 1;
        if seen > NODES {
            break;
        }
        let mut cursor = node.walk();
        todo.extend(node.named_children(&mut cursor));
        let case = match tongue {
            Tongue::Python => python_case(node, text),
            Tongue::JavaScript => javascript_case(node, text),
            Tongue::Shell => None,
        };
        if let Some((name, body)) = case
            && is_idle(body, text)
        {
            out.push((scripts::place(node), name));
        }
    }
    out.sort_by_key(|(at, _)| (at.line, at.column));
    out
}

/// The name and body of a test function.
fn python_case<'t>(node: Node<'t>, text: &str) -> Option<(String, Node<'t>)> {
    if node.kind() != "function_definition" {
        return None;
    }
    let name = node.child_by_field_name("name").map(|n| text_of(n, text)).filter(|n| n.starts_with("test"))?;
    // What is marked (skipped, expected to fail, parametrised by a plugin) is another matter.
    if node.parent().is_some_and(|p| p.kind() == "decorated_definition") {
        return None;
    }
    // Fixtures that it asks for may be what can fail.
    let arguments = node.child_by_field_name("parameters").map_or("", |p| text_of(p, text));
    if !matches!(arguments.trim_matches(['(', ')', ' ']), "" | "self" | "cls") {
        return None;
    }
    Some((name.to_owned(), node.child_by_field_name("body")?))
}

/// The name and body of `it("…", () => { … })`.
fn javascript_case<'t>(node: Node<'t>, text: &str) -> Option<(String, Node<'t>)> {
    if node.kind() != "call_expression" {
        return None;
    }
    let callee = node.child_by_field_name("function").map(|f| text_of(f, text))?;
    if !matches!(callee, "it" | "test" | "it.only" | "test.only") {
        return None;
    }
    let arguments = node.child_by_field_name("arguments")?;
    let mut cursor = arguments.walk();
    let given: Vec<Node<'t>> = arguments.named_children(&mut cursor).collect();
    let function = given.iter().find(|n| {
        matches!(n.kind(), "arrow_function" | "function_expression" | "function")
            && n.child_by_field_name("body").is_some_and(|b| b.kind() == "statement_block")
    })?;
    let name = given.first().map_or("", |n| text_of(*n, text)).trim_matches(['"', '\'', '`']);
    Some((name.to_owned(), function.child_by_field_name("body")?))
}

/// Whether every statement of a body does nothing.
fn is_idle(body: Node<'_>, text: &str) -> bool {
    let mut cursor = body.walk();
    body.named_children(&mut cursor).all(|statement| match statement.kind() {
        "comment" | "pass_statement" | "empty_statement" => true,
        "assert_statement" => statement.named_child(0).is_some_and(is_literal),
        "return_statement" => statement.named_child(0).is_none_or(is_literal),
        "expression_statement" => statement.named_child(0).is_none_or(|e| idle_expression(e, text)),
        _ => false,
    })
}

fn idle_expression(node: Node<'_>, text: &str) -> bool {
    match node.kind() {
        "string" | "ellipsis" | "template_string" => true,
        "call" | "call_expression" => {
            let Some(callee) = node.child_by_field_name("function") else { return false };
            // `expect(true).toBe(true)`
            let inner = callee.child_by_field_name("object").filter(|o| o.kind() == "call_expression");
            let literals = node.child_by_field_name("arguments").is_some_and(|a| {
                a.named_child_count() == 0 && inner.is_some() || is_literal(a) && a.named_child_count() > 0
            });
            let name = text_of(inner.and_then(|i| i.child_by_field_name("function")).unwrap_or(callee), text);
            let says = is_claim(name) && !name.contains("fail") || matches!(name, "print" | "console.log");
            literals && says && inner.is_none_or(|i| only_literals(i))
        }
        _ => is_literal(node),
    }
}

/// Whether something in a test can fail; nothing where the text does not tell.
fn asserts(tongue: Tongue, text: &str) -> Option<bool> {
    let language: Language = match tongue {
        Tongue::Python => tree_sitter_python::LANGUAGE.into(),
        Tongue::JavaScript => tree_sitter_javascript::LANGUAGE.into(),
        Tongue::Shell => tree_sitter_bash::LANGUAGE.into(),
    };
    let mut parser = Parser::new();
    parser.set_language(&language).ok()?;
    let tree = parser.parse(text, None)?;
    let root = tree.root_node();
    // What does not parse is another's finding.
    if root.has_error() {
        return None;
    }
    let mut calls = false;
    let mut todo = vec![root];
    let mut seen = 0;
    while let Some(node) = todo.pop() {
        seen += 1;
        if seen > NODES {
            return None;
        }
        let verdict = match tongue {
            Tongue::Python => python(node, text, &mut calls),
            Tongue::JavaScript => javascript(node, text, &mut calls),
            Tongue::Shell => shell(node, text, &mut calls),
        };
        if verdict {
            return Some(true);
        }
        let mut cursor = node.walk();
        todo.extend(node.named_children(&mut cursor));
    }
    // A file that does nothing at all is data under a misleading name.
    calls.then_some(false)
}

fn text_of<'t>(node: Node<'_>, text: &'t str) -> &'t str {
    text.get(node.byte_range()).unwrap_or_default()
}

/// A name by which tests say what must hold.
fn is_claim(callee: &str) -> bool {
    let mut parts = callee.rsplit(['.', ':']);
    let last = parts.next().unwrap_or(callee).to_ascii_lowercase();
    // `assert.deepEqual`: the object makes the claim, whatever its method is named.
    parts.any(|part| part == "assert")
        || ["assert", "expect", "should", "raises", "fail", "check", "verify", "ensure", "validate", "must", "throws"]
            .iter()
            .any(|word| last.contains(word))
}

fn is_literal(node: Node<'_>) -> bool {
    match node.kind() {
        "true" | "false" | "none" | "null" | "undefined" | "integer" | "float" | "number" | "string" => true,
        "comparison_operator"
        | "binary_expression"
        | "parenthesized_expression"
        | "not_operator"
        | "unary_expression"
        | "argument_list"
        | "arguments"
        | "list"
        | "array"
        | "tuple" => {
            let mut cursor = node.walk();
            node.named_children(&mut cursor).all(is_literal)
        }
        _ => false,
    }
}

/// Whether all that a call is given is written out.
fn only_literals(call: Node<'_>) -> bool {
    call.child_by_field_name("arguments").is_some_and(|a| a.named_child_count() > 0 && is_literal(a))
}

fn python(node: Node<'_>, text: &str, calls: &mut bool) -> bool {
    match node.kind() {
        "assert_statement" => {
            *calls = true;
            !node.named_child(0).is_some_and(is_literal)
        }
        "raise_statement" => true,
        "call" => {
            *calls = true;
            let callee = node.child_by_field_name("function").map_or("", |f| text_of(f, text));
            if matches!(callee, "sys.exit" | "exit" | "os._exit") {
                return !only_literals(node);
            }
            // check=True of subprocess.
            is_claim(callee) && !only_literals(node) || text_of(node, text).contains("check=True") || callee == "exec"
        }
        _ => false,
    }
}

fn javascript(node: Node<'_>, text: &str, calls: &mut bool) -> bool {
    match node.kind() {
        "throw_statement" => true,
        "call_expression" => {
            *calls = true;
            let callee = node.child_by_field_name("function").map_or("", |f| text_of(f, text));
            if callee == "process.exit" {
                return !only_literals(node) || text_of(node, text) != "process.exit(0)";
            }
            // `expect(true).toBe(true)`: the inner call is judged, the outer one says nothing more.
            if callee.starts_with("expect(") {
                return false;
            }
            let of_context = ["t.", "test.", "chai.", "sinon."].iter().any(|p| callee.starts_with(p))
                && !["t.test", "t.skip", "t.todo", "t.log", "t.diagnostic", "t.plan", "t.end"].contains(&callee)
                && !["test.skip", "test.todo", "test.describe", "test.only", "test.each", "test.before", "test.after"]
                    .contains(&callee);
            (is_claim(callee) || of_context) && !only_literals(node)
        }
        "member_expression" => node.child_by_field_name("property").is_some_and(|p| text_of(p, text) == "should"),
        _ => false,
    }
}

fn shell(node: Node<'_>, text: &str, calls: &mut bool) -> bool {
    match node.kind() {
        "test_command" | "list" | "if_statement" | "while_statement" | "case_statement" | "negated_command" => true,
        "command" => {
            *calls = true;
            let name = node.child_by_field_name("name").map_or("", |n| text_of(n, text));
            match name {
                // What can fail only where the shell itself does.
                "echo" | "printf" | "true" | ":" | "sleep" | "cd" | "export" | "source" | "." => false,
                "exit" | "return" => {
                    let command = text_of(node, text);
                    !matches!(command, "exit" | "exit 0" | "return" | "return 0")
                }
                "set" => false,
                // Any other program: its end is the test's where it is last, or with set -e.
                _ => true,
            }
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_fail_is_told_from_what_can() {
        for (tongue, text, can) in [
            (Tongue::Python, "def test_a():\n    assert True\n", Some(false)),
            (Tongue::Python, "def test_a():\n    assert 1 == 1\n    print('ok')\n", Some(false)),
            (Tongue::Python, "print('ok')\n", Some(false)),
            (
                Tongue::Python,
                "import unittest\nclass A(unittest.TestCase):\n  def test_a(self): self.assertTrue(True)\n",
                Some(false),
            ),
            (Tongue::Python, "ROWS = [1, 2]\n", None),
            (Tongue::Python, "def broken(:\n", None),
            (Tongue::Python, "def test_a():\n    assert f(1) == 1\n", Some(true)),
            (Tongue::Python, "def test_a(self):\n    self.assertEqual(1, f())\n", Some(true)),
            (Tongue::Python, "with pytest.raises(E):\n    f()\n", Some(true)),
            (Tongue::Python, "import sys\nsys.exit(main())\n", Some(true)),
            (Tongue::Python, "def test_a():\n    check_all(load())\n", Some(true)),
            (Tongue::JavaScript, "it('a', () => { expect(true).toBe(true); });", Some(false)),
            (Tongue::JavaScript, "console.log('ok'); process.exit(0)", Some(false)),
            (Tongue::JavaScript, "it('a', () => { assert.ok(true); });", Some(false)),
            (Tongue::JavaScript, "it('a', () => { expect(f()).toBe(true); });", Some(true)),
            (Tongue::JavaScript, "test('a', t => { t.is(f(), 1) })", Some(true)),
            (Tongue::JavaScript, "assert.deepEqual(a, b)", Some(true)),
            (Tongue::JavaScript, "if (x) { process.exit(1) }", Some(true)),
            (Tongue::Shell, "echo ok\nexit 0\n", Some(false)),
            (Tongue::Shell, "[ \"$x\" = 1 ] || exit 1\n", Some(true)),
            (Tongue::Shell, "python3 run.py | grep -q ok\n", Some(true)),
        ] {
            assert_eq!(asserts(tongue, text), can, "{text}");
        }
    }

    #[test]
    fn a_case_that_does_nothing_is_no_test() {
        for (tongue, text, want) in [
            (Tongue::Python, "def test_a():\n    pass\n\ndef test_b():\n    assert f()\n", vec!["test_a"]),
            (Tongue::Python, "def test_a():\n    \"\"\"Why.\"\"\"\n    assert True\n", vec!["test_a"]),
            (Tongue::Python, "class A(T):\n    def test_a(self):\n        self.assertTrue(True)\n", vec!["test_a"]),
            (Tongue::Python, "def test_a():\n    f()\n", vec![]),
            (Tongue::Python, "def test_a():\n    self.fail('later')\n", vec![]),
            (Tongue::Python, "def test_a(server):\n    pass\n", vec![]),
            (Tongue::Python, "@pytest.mark.skip\ndef test_a():\n    pass\n", vec![]),
            (Tongue::JavaScript, "test('a', () => { expect(true).toBe(true); });", vec!["a"]),
            (Tongue::JavaScript, "it('a', async () => {});\nit('b', () => { f(); });", vec!["a"]),
            (Tongue::JavaScript, "it.todo('a');\nit('b', done => done());", vec![]),
        ] {
            let names: Vec<String> = empty_cases(tongue, text).into_iter().map(|(_, n)| n).collect();
            assert_eq!(names, want, "{text}");
        }
    }

    #[test]
    fn helpers_and_data_are_no_tests() {
        for path in [
            "tests/conftest.py",
            "tests/helpers.py",
            "tests/fixtures/test_a.py",
            "tests/run",
            "tests/a.rs",
            "tests/x.json",
        ] {
            assert_eq!(test_file(path), None, "{path}");
        }
        assert_eq!(test_file("a/tests/api.test.js"), Some(Tongue::JavaScript));
        assert_eq!(test_file("tests/drift_test.sh"), Some(Tongue::Shell));
    }
}
