//! How documents and matrix rows call the scripts of the skill: one that is called by its path must be executable, and knows
//! the flags and commands that it is given.

use std::sync::LazyLock;

use regex::Regex;

use super::command_missing::files;
use crate::base::text::{nearest, quoted};
use crate::base::yaml::Span;
use crate::finding::{Finding, Location, Severity};
use crate::skill::{Document, Mark, Skill, Tree, resolve};
use crate::verify::matrix;
use crate::verify::paths::{dir_of, near};
use crate::verify::scripts::{Language, What, imports};
use crate::verify::{Check, Profile, Rule, Subject};

const MODE: Rule = Rule {
    code: "script-not-executable",
    id: "PI014",
    severity: Severity::Error,
    finds: "A script is called by its path, and its mode does not let it be run.",
    source: "POSIX, execve: EACCES; the mode is lost when a file is written anew or sent as an archive",
};
const FLAG: Rule = Rule {
    code: "script-argument-unknown",
    id: "PI020",
    severity: Severity::Error,
    finds: "A script of the skill is called with a flag or a command that it does not know.",
    source: "an agent calls a script as the document says, and stops where the script does",
};

pub(super) const CHECK: Check = Check { rules: &[MODE, FLAG], profile: Profile::Sync, run };

/// What a script does with flags that it does not name itself.
static PASSES_ON: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"REMAINDER|parse_known_args|\btyper\b|\bfire\b|docopt|\bclick\b|plac\b|\bhydra\b|absl|tyro|simple_parsing|"\$@"|\$\*|passthrough|allowUnknown|allow_unknown|unknownOptions|strict:\s*false|rest\b.*=>|\.{3}process\.argv"#)
        .expect("a constant pattern")
});
/// What shows that it reads flags at all.
static READS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"add_argument\(|getopt|parseArgs\(|process\.argv|sys\.argv|\$1|\$\{1|\bcase\b|optparse|commander|yargs|minimist"#)
        .expect("a constant pattern")
});
static NAMED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"--([A-Za-z][A-Za-z0-9_-]*)").expect("a constant pattern"));
static COMMAND: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"\.add_parser\(\s*["']([^"']+)["']"#).expect("a constant pattern"));
static CHOICE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"aliases\s*=|add_parser\(\s*[^"'\s]"#).expect("a constant pattern"));

/// One call of a script.
struct Call<'t> {
    /// The script, below the root.
    path: String,
    /// The program before it, where there is one.
    by: Option<&'t str>,
    /// The words after it.
    words: Vec<&'t str>,
    /// As it was named.
    named: &'t str,
}

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    subject.skills().flat_map(|skill| of(skill, subject)).collect()
}

fn of(skill: &Skill, subject: &Subject<'_>) -> Vec<Finding> {
    let tree = &subject.project.tree;
    // Where no file may be run, modes were not kept: an archive, or a system without them.
    let modes = tree.iter().any(|(_, file)| file.executable);
    let told = skill
        .documents
        .iter()
        .any(|d| d.text.contains("chmod +x") || d.text.contains("chmod 755") || d.text.contains("chmod a+x"));
    let judge = Judge { skill, subject, modes: modes && !told };
    let mut out = Vec::new();
    for document in &skill.documents {
        for block in
            document.blocks.iter().filter(|b| is_shell(&b.language) && !matches!(b.mark, Some(Mark::Skip { .. })))
        {
            for (i, line) in joined(&block.text) {
                let at = Span { line: block.at.line.saturating_add(i), column: 1 };
                judge.line(&line, dir_of(&document.path), &document.file, at, true, &mut out);
            }
        }
        for span in document.spans.iter().filter(|s| s.text.contains(' ')) {
            judge.line(&span.text, dir_of(&document.path), &document.file, span.at, false, &mut out);
        }
        judge.prose(document, &mut out);
    }
    for path in super::matrix::files(skill, subject) {
        let rows = tree.text(&path).map(|t| matrix::parse(t).rows).unwrap_or_default();
        let shown = subject.project.show(&path);
        for row in &rows {
            out.extend(judge.gone(row, &shown));
            for line in row.run.iter().flat_map(|r| r.lines()).filter(|_| row.exit == 0) {
                judge.line(line, "", &shown, row.at, true, &mut out);
            }
        }
    }
    out
}

fn is_shell(language: &str) -> bool {
    matches!(language, "sh" | "bash" | "shell" | "zsh" | "console")
}

/// Lines with those that go on in the next one joined, and the number of each.
fn joined(text: &str) -> Vec<(u32, String)> {
    let mut out: Vec<(u32, String)> = Vec::new();
    let mut open = false;
    for (i, line) in text.lines().enumerate() {
        let (kept, more) = line.trim_end().strip_suffix('\\').map_or((line, false), |l| (l, true));
        match out.last_mut().filter(|_| open) {
            Some((_, whole)) => {
                whole.push(' ');
                whole.push_str(kept);
            }
            None => out.push((u32::try_from(i).unwrap_or(u32::MAX), kept.to_owned())),
        }
        open = more;
    }
    out
}

struct Judge<'a> {
    skill: &'a Skill,
    subject: &'a Subject<'a>,
    /// Whether a mode says something.
    modes: bool,
}

impl Judge<'_> {
    fn line(&self, line: &str, dir: &str, file: &str, at: Span, block: bool, out: &mut Vec<Finding>) {
        let line = line.trim_start().trim_start_matches("$ ");
        if line.starts_with('#') {
            return;
        }
        let line = line.split(" #").next().unwrap_or(line);
        for part in line.split(['|', ';', '&']) {
            let Some(call) = self.call(part, dir) else { continue };
            if block && call.by.is_none() {
                out.extend(self.mode(&call, file, at));
            }
            out.extend(self.arguments(&call, file, at));
        }
    }

    /// The script that a command starts.
    fn call<'t>(&self, part: &'t str, dir: &str) -> Option<Call<'t>> {
        let mut words = part.split_whitespace().map(|w| w.trim_matches(['"', '\'', '`', '(', ')']));
        let mut first = words.next()?;
        while first.contains('=') && !first.contains('/') || matches!(first, "time" | "exec" | "env" | "sudo") {
            first = words.next()?;
        }
        let runner = ["python3", "python", "node", "bash", "sh", "uv", "deno", "bun", "tsx"].contains(&first);
        let mut by = None;
        let mut named = first;
        if runner {
            by = Some(first);
            named = words.next()?;
            if named == "run" {
                named = words.next()?;
            }
            if named.starts_with('-') {
                return None;
            }
        }
        if !runner && !named.contains('/') {
            return None;
        }
        let own = ["${CLAUDE_SKILL_DIR}/", "$CLAUDE_SKILL_DIR/", "${SKILL_DIR}/", "$SKILL_DIR/", "{baseDir}/"];
        let plain = own.iter().find_map(|o| named.strip_prefix(o)).unwrap_or(named);
        if plain.contains(['$', '<', '{', '*', '~']) || plain.starts_with('/') {
            return None;
        }
        let tree = &self.subject.project.tree;
        let places = [resolve(&self.skill.base, plain), resolve(dir, plain), resolve("", plain)];
        let path = places.into_iter().flatten().find(|p| tree.has(p) && self.skill.owns(p))?;
        let words = words.take_while(|w| !w.starts_with(['>', '<'])).collect();
        Some(Call { path, by, words, named })
    }

    fn mode(&self, call: &Call<'_>, file: &str, at: Span) -> Option<Finding> {
        let script = self.subject.project.tree.get(&call.path)?;
        let begins = script.text().is_some_and(|t| t.starts_with("#!"));
        if !begins || script.executable || !self.modes {
            return None;
        }
        let because = format!("{} is called by its path, and is not executable", quoted(call.named, 100));
        Some(
            MODE.at(Location::at(file, at), because)
                .fix(format!("chmod +x {}, or call it by its interpreter", call.path)),
        )
    }

    fn arguments(&self, call: &Call<'_>, file: &str, at: Span) -> Vec<Finding> {
        let tree = &self.subject.project.tree;
        let Some(known) = Known::of(tree, &call.path) else { return Vec::new() };
        let mut out = Vec::new();
        let mut first = true;
        for word in call.words.iter().take_while(|w| **w != "--") {
            if let Some(flag) = word.strip_prefix("--") {
                let flag = flag.split('=').next().unwrap_or(flag).trim_end_matches([',', '.', ']', ')', ':']);
                out.extend(self.flag(&known, call.named, flag, file, at));
            } else if first && !word.starts_with('-') {
                first = false;
                let plain = word.chars().all(|c| c.is_ascii_lowercase() || c == '-' || c == '_');
                if plain && !known.commands.is_empty() && !known.commands.iter().any(|c| c == word) {
                    let near = nearest(word, known.commands.iter().map(String::as_str));
                    let because = format!("{} has no command {}", quoted(call.named, 80), quoted(word, 40));
                    let fix = near
                        .map_or_else(|| format!("use one of {}", known.commands.join(", ")), |n| format!("write {n}"));
                    out.push(FLAG.at(Location::at(file, at), because).fix(fix).near(near));
                }
            }
        }
        out
    }

    fn flag(&self, known: &Known, named: &str, flag: &str, file: &str, at: Span) -> Option<Finding> {
        let plain = flag.len() > 1 && flag.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
        if !plain || known.has(flag) {
            return None;
        }
        let near = nearest(flag, known.flags.iter().map(String::as_str));
        let because = format!("{} does not know --{}", quoted(named, 80), quoted(flag, 40));
        let fix = near.map_or_else(|| "leave it out, or let the script read it".to_owned(), |n| format!("write --{n}"));
        let found = FLAG.at(Location::at(file, at), because).fix(fix).near(near);
        Some(if known.sure { found } else { Finding { severity: Severity::Warning, ..found } })
    }

    /// A script that a row starts and that is not there: the row may expect to fail, and does so for the wrong reason.
    fn gone(&self, row: &matrix::Row, file: &str) -> Option<Finding> {
        let tree = &self.subject.project.tree;
        let script = |p: &str| p.rsplit_once('.').is_some_and(|(_, e)| matches!(e, "py" | "sh" | "js" | "mjs" | "cjs"));
        let (named, _) = files(row.run.as_deref()?).into_iter().find(|(f, _)| script(f))?;
        let places: Vec<String> =
            [resolve("", named), resolve(&self.skill.base, named)].into_iter().flatten().collect();
        let dir = |p: &String| !dir_of(p).is_empty() && tree.has_dir(dir_of(p)) && self.subject.project.covers(p);
        if places.iter().any(|p| tree.has(p)) || !places.iter().any(dir) {
            return None;
        }
        let near = near(self.skill, tree, places.iter().find(|p| dir(p))?).map(|n| n.path);
        let because = format!("row {} starts {}, which is not there", quoted(&row.id, 60), quoted(named, 100));
        let fix = near.as_ref().map_or_else(|| "name a script that is there".to_owned(), |n| format!("write {n}"));
        Some(super::path_missing::RULE.at(Location::at(file, row.at), because).fix(fix).near(near.as_deref()))
    }

    /// A flag in a sentence that names one script, and no other program.
    fn prose(&self, document: &Document, out: &mut Vec<Finding>) {
        let tree = &self.subject.project.tree;
        for span in document.spans.iter().filter(|s| s.text.starts_with("--")) {
            let flag = span.text.trim_start_matches("--").split([' ', '=']).next().unwrap_or_default();
            let beside: Vec<&str> =
                document.spans.iter().filter(|s| s.at.line == span.at.line).map(|s| s.text.as_str()).collect();
            let scripts: Vec<(String, &str)> = beside
                .iter()
                .filter(|t| !t.starts_with('-') && !t.contains(' ') && t.contains('.'))
                .filter_map(|t| {
                    let places = [resolve(&self.skill.base, t), resolve(dir_of(&document.path), t)];
                    let path = places.into_iter().flatten().find(|p| tree.has(p) && self.skill.owns(p))?;
                    Language::of(&path, tree.text(&path)?).map(|_| (path, *t))
                })
                .collect();
            let [(path, named)] = scripts.as_slice() else { continue };
            // Another program in code on the line may be the one that has it.
            if beside.iter().any(|t| !t.starts_with('-') && *t != *named) {
                continue;
            }
            let Some(known) = Known::of(tree, path) else { continue };
            out.extend(self.flag(&known, named, flag, &document.file, span.at));
        }
    }
}

/// What a script reads of its command line.
struct Known {
    flags: Vec<String>,
    commands: Vec<String>,
    /// Whether a parser refuses all else.
    sure: bool,
}

impl Known {
    /// Nothing where it takes whatever comes, or hands it on.
    fn of(tree: &Tree, path: &str) -> Option<Self> {
        let text = tree.text(path)?;
        let language = Language::of(path, text)?;
        // What it imports from beside itself may read for it.
        let mut whole = text.to_owned();
        for import in imports(language, text) {
            let beside = match import.what {
                What::Relative(target) | What::Beside(target) => resolve(dir_of(path), &target),
                What::Package(_, module, _) | What::Module(module, _) => {
                    resolve(dir_of(path), &format!("{}.py", module.replace('.', "/")))
                }
                What::Here(_) => None,
            };
            if let Some(more) = beside.and_then(|p| tree.text(&p)) {
                whole.push_str(more);
            }
        }
        if PASSES_ON.is_match(&whole) || !READS.is_match(&whole) {
            return None;
        }
        let flags: Vec<String> =
            NAMED.captures_iter(&whole).filter_map(|c| c.get(1)).map(|f| f.as_str().to_owned()).collect();
        let parser = whole.contains("argparse") || whole.contains("parseArgs(") || whole.contains("getopt");
        let commands = if CHOICE.is_match(&whole) {
            Vec::new()
        } else {
            COMMAND.captures_iter(&whole).filter_map(|c| c.get(1)).map(|c| c.as_str().to_owned()).collect()
        };
        Some(Self { flags, commands, sure: parser })
    }

    fn has(&self, flag: &str) -> bool {
        let same = |a: &str, b: &str| a.replace('_', "-") == b.replace('_', "-");
        let bare = flag.strip_prefix("no-").unwrap_or(flag);
        matches!(flag, "help" | "version")
            // A parser takes a beginning for the whole, and `--no-x` for `--x`.
            || self.flags.iter().any(|f| same(f, flag) || same(f, bare) || flag.len() >= 3 && f.starts_with(flag))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(text: &str) -> Option<Known> {
        Known::of(&Tree::of_texts(&[("a.py", text)]), "a.py")
    }

    #[test]
    fn what_a_script_knows_is_in_its_text_unless_it_takes_anything() {
        let script = "import argparse\np.add_argument('--dry-run')\np.add_argument('--limit', type=int)\nsub.add_parser('load')\n";
        let one = known(script).expect("it reads flags");
        for flag in ["dry-run", "dry_run", "limit", "lim", "help", "no-limit"] {
            assert!(one.has(flag), "{flag}");
        }
        assert!(!one.has("fast") && one.sure && one.commands == ["load"]);
        assert!(known(&format!("{script}args, rest = p.parse_known_args()\n")).is_none());
        assert!(known("print('no arguments at all')\n").is_none());
        assert!(known("import sys\nmain(sys.argv)\n").is_some_and(|k| !k.sure && k.flags.is_empty()));
    }

    #[test]
    fn a_line_that_goes_on_is_one_line() {
        assert_eq!(joined("a \\\n  b\nc\n"), [(0, "a    b".to_owned()), (2, "c".to_owned())]);
    }
}
