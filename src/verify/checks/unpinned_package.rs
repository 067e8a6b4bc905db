//! A package that is fetched and run by name alone is whatever its owner publishes next.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use crate::base::text::quoted;
use crate::finding::{Finding, Severity};
use crate::skill::Skill;
use crate::verify::{Check, Profile, Rule, Subject, texts};

/// `npx -y name`, `npx @scope/name`, `uvx name`, `pipx run name`: the name in the first group.
static RUNS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?:^|[\s;&|(`"'])(?:npx\s+(?:-y|--yes)\s+|npx\s+(?:--?[a-z-]+\s+)*(?:@[a-z0-9-]+/)|bunx\s+|pnpm\s+dlx\s+|uvx\s+(?:--from\s+)?|uv\s+tool\s+run\s+|pipx\s+run\s+)["']?([^\s"'`;&|)]*)"#)
        .expect("a constant pattern")
});
/// A version behind a name.
static PINNED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:.@v?\d|==|~=|>=|@git\+|^git\+|^\.|/\.|\.whl|\.tgz|@[0-9a-f]{7,})").expect("a constant pattern")
});

const RULE: Rule = Rule {
    code: "package-unpinned",
    id: "PI052",
    severity: Severity::Warning,
    finds: "A command fetches and runs a package without a version.",
    source: "OWASP, software supply chain: what a name leads to changes without notice",
};

pub(super) const CHECK: Check = Check { rules: &[RULE], profile: Profile::Sync, run };

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    subject.skills().flat_map(|skill| of(skill, subject)).collect()
}

fn of(skill: &Skill, subject: &Subject<'_>) -> Vec<Finding> {
    let mut out = Vec::new();
    let mut said = BTreeSet::new();
    for document in &skill.documents {
        for (code, at) in document.code() {
            for name in names(code) {
                if said.insert(name.clone()) {
                    out.push(say(RULE.in_document(document, at, message(&name)), &name));
                }
            }
        }
    }
    for (path, text) in texts::of(skill, subject).filter(|(path, _)| texts::is_script(path)) {
        for (start, line) in texts::lines(text).filter(|(_, l)| !l.trim_start().starts_with(['#', '/', '*'])) {
            for name in names(line) {
                if said.insert(name.clone()) {
                    out.push(say(RULE.at(subject.place(path, start), message(&name)), &name));
                }
            }
        }
    }
    out
}

fn names(line: &str) -> Vec<String> {
    let line = line.trim_start_matches(['$', ' ']);
    RUNS.captures_iter(line)
        .filter_map(|c| {
            let all = c.get(0)?.as_str();
            let name = c.get(1)?.as_str();
            // The scope of a package stands before the group.
            let scope = all
                .find('@')
                .filter(|at| all.get(..*at).is_some_and(|before| before.ends_with([' ', '"', '\''])))
                .and_then(|at| all.get(at..))
                .filter(|s| s.contains('/'));
            let name = scope.map_or_else(|| name.to_owned(), str::to_owned);
            let fine = name.is_empty()
                || name.starts_with(['-', '<', '{', '$', '[', '.'])
                || name.contains(['<', '{', '$', '…']);
            (!fine && !is_word(&name) && !PINNED.is_match(&name)).then_some(name)
        })
        .collect()
}

/// Words that follow the name of a program in a sentence.
fn is_word(name: &str) -> bool {
    let name = name.trim_end_matches([',', '.', ':']);
    [
        "not", "is", "and", "or", "to", "for", "was", "will", "can", "must", "command", "found", "with", "the", "in",
        "from",
    ]
    .contains(&name)
}

fn message(name: &str) -> String {
    format!("{} is fetched and run in whatever version is newest", quoted(name, 80))
}

fn say(finding: Finding, name: &str) -> Finding {
    let bare = name.strip_suffix("@latest").unwrap_or(name);
    finding.fix(format!("name a version, e.g. {}@1.2.3", quoted(bare, 80)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_fetched_by_name_alone_is_named() {
        for (line, want) in [
            ("npx -y some-server --port 1", vec!["some-server"]),
            ("npx @scope/tool", vec!["@scope/tool"]),
            ("npx -y @scope/tool@latest", vec!["@scope/tool@latest"]),
            ("npx @scope/tool@latest", vec!["@scope/tool@latest"]),
            ("message: uvx not found; install it", vec![]),
            ("uvx ruff check", vec!["ruff"]),
            ("npx -y some-server@1.2.3", vec![]),
            ("npx -y @scope/tool@1.2", vec![]),
            ("uvx ruff==0.6.0", vec![]),
            ("uvx ruff@0.6.0", vec![]),
            ("npx tsc --noEmit", vec![]),
            ("npx -y <package>", vec![]),
            ("pip install requests", vec![]),
        ] {
            assert_eq!(names(line), want, "{line}");
        }
    }
}
