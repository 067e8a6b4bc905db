//! Asks interpreters about scripts that their grammars cannot read. They only parse, and do so in the sandbox.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::base::yaml::Span;
use crate::sandbox::{Job, Outcome, Room, Sandbox};
use crate::skill::Project;
use crate::verify::facts::{Facts, Syntax};
use crate::verify::scripts::{Language, Suspect};

/// How many scripts are asked about: each costs a process.
const MOST: usize = 40;

/// Parses Python, and says as JSON where it cannot.
const PYTHON: &str = "\
import ast, json, sys
try:
    ast.parse(open(sys.argv[1], 'rb').read())
    print('[]')
except SyntaxError as e:
    print(json.dumps([e.lineno or 0, e.offset or 0, e.msg]))
";

/// Has suspects judged, as far as there is a sandbox and an interpreter.
pub(super) fn judge(facts: &mut Facts, found: Vec<Suspect>, project: &Project, sandbox: Option<&Sandbox>) {
    if let Some(sandbox) = sandbox {
        facts.syntax = verdicts(&found, project, sandbox).unwrap_or_default();
    }
    facts.suspects = Some(found);
}

fn verdicts(found: &[Suspect], project: &Project, sandbox: &Sandbox) -> std::io::Result<BTreeMap<String, Syntax>> {
    let mut out = BTreeMap::new();
    let room = if found.is_empty() { return Ok(out) } else { Room::new()? };
    for (number, suspect) in found.iter().take(MOST).enumerate() {
        let Some(text) = project.tree.text(&suspect.path) else { continue };
        let words = |argv: &[&str]| argv.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
        let (program, name, argv) = match suspect.language {
            Language::Python => {
                let name = format!("{number}.py");
                ("python3", name.clone(), words(&["python3", "-I", "-S", "-c", PYTHON, &name]))
            }
            // Only a bundler reads JSX.
            Language::JavaScript if suspect.path.ends_with(".jsx") => continue,
            Language::JavaScript => {
                let module = text.lines().any(|l| l.starts_with("import ") || l.starts_with("export "));
                let name = format!("{number}.{}", if module { "mjs" } else { "cjs" });
                ("node", name.clone(), words(&["node", "--check", &name]))
            }
            Language::Shell => {
                let name = format!("{number}.sh");
                ("bash", name.clone(), words(&["bash", "-n", &name]))
            }
            Language::TypeScript => continue,
        };
        if !sandbox.has(program) {
            continue;
        }
        room.put(&name, text.as_bytes(), false)?;
        let Ok(outcome) = sandbox.run(&room, &Job { argv, ..Job::default() }) else { continue };
        if let Some(syntax) = read(suspect.language, &outcome) {
            out.insert(suspect.path.clone(), syntax);
        }
    }
    Ok(out)
}

/// What an interpreter said; nothing where it said nothing about the syntax.
fn read(language: Language, outcome: &Outcome) -> Option<Syntax> {
    let exit = outcome.exit?;
    match language {
        Language::Python => {
            let said: Value = serde_json::from_str(outcome.stdout.trim()).ok()?;
            let number =
                |i: usize| said.get(i).and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok()).unwrap_or(0);
            match said.get(2).and_then(Value::as_str) {
                None => Some(Syntax::Fine),
                Some(because) => {
                    let at = Span { line: number(0), column: number(1).max(1) };
                    Some(Syntax::Wrong { at, because: because.to_owned() })
                }
            }
        }
        Language::JavaScript | Language::TypeScript => {
            if exit == 0 {
                return Some(Syntax::Fine);
            }
            let because = outcome.stderr.lines().find_map(|l| l.strip_prefix("SyntaxError: "))?;
            let line =
                outcome.stderr.lines().next().and_then(|l| l.rsplit_once(':')).and_then(|(_, n)| n.trim().parse().ok());
            let at = Span { line: line.unwrap_or(0), column: 1 };
            Some(Syntax::Wrong { at, because: because.to_owned() })
        }
        Language::Shell => {
            if exit == 0 {
                return Some(Syntax::Fine);
            }
            let line = outcome.stderr.lines().find(|l| l.contains(": line "))?;
            let (number, because) = line.split_once(": line ")?.1.split_once(": ")?;
            let at = Span { line: number.trim().parse().unwrap_or(0), column: 1 };
            Some(Syntax::Wrong { at, because: because.to_owned() })
        }
    }
}
