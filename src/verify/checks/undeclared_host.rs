//! What a script fetches or sends, the documents say.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use crate::finding::{Finding, Severity};
use crate::skill::Skill;
use crate::verify::{Check, Profile, Rule, Subject, texts};

static HOST: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\b(?:https?|wss?|ftp)://(?:[^\s/@:]+@)?([A-Za-z0-9][A-Za-z0-9.-]*\.[A-Za-z]{2,})")
        .expect("a constant pattern")
});
/// What makes of an address one that is called.
static CALLS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\b(?:requests|urllib|urllib3|httpx|aiohttp|http\.client|fetch\(|axios|got\(|https?\.(?:get|request)|XMLHttpRequest|WebSocket|curl|wget|Net::HTTP|Invoke-(?:WebRequest|RestMethod)|socket\.)")
        .expect("a constant pattern")
});
/// Hosts that name formats or nothing.
const NO_HOST: [&str; 12] = [
    "example.com",
    "example.org",
    "example.net",
    "localhost",
    "w3.org",
    "json-schema.org",
    "schemas.openxmlformats.org",
    "schemas.microsoft.com",
    "purl.org",
    "apache.org",
    "opensource.org",
    "schema.org",
];

const RULE: Rule = Rule {
    code: "host-undeclared",
    id: "PI052",
    severity: Severity::Warning,
    finds: "A script calls a host that no document names.",
    source: "who installs a skill reads its documents to know where data goes",
};

pub(super) const CHECK: Check = Check { rules: &[RULE], profile: Profile::Sync, run };

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    subject.skills().flat_map(|skill| of(skill, subject)).collect()
}

fn of(skill: &Skill, subject: &Subject<'_>) -> Vec<Finding> {
    let mut out = Vec::new();
    for (path, text) in texts::of(skill, subject)
        .filter(|(path, text)| texts::is_script(path) && !texts::is_test(path) && CALLS.is_match(text))
    {
        let mut said = BTreeSet::new();
        for (start, line) in texts::lines(text) {
            let trimmed = line.trim_start();
            if trimmed.starts_with(['#', '*']) || trimmed.starts_with("//") || trimmed.starts_with("/*") {
                continue;
            }
            for found in HOST.captures_iter(line).filter_map(|c| c.get(1)) {
                let host = found.as_str().to_ascii_lowercase();
                let none = NO_HOST.iter().any(|n| host == *n || host.ends_with(&format!(".{n}")));
                let named = skill.documents.iter().any(|d| d.text.to_ascii_lowercase().contains(&host));
                if none || named || !said.insert(host.clone()) {
                    continue;
                }
                let finding = RULE.at(
                    subject.place(path, start + found.start()),
                    format!("{host} is called here, and no document names it"),
                );
                out.push(finding.fix(format!("say in SKILL.md what is sent to {host}, or take the call out")));
            }
        }
    }
    out
}
