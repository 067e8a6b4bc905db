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

/// What makes of an address one that is shown, compared or sent along, and not called.
static MENTIONS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:console\.\w+|print(?:f|ln)?|echo|log(?:ger)?\.\w+|Write-(?:Host|Output)|throw|raise|help|usage|epilog|description|refer(?:r)?er|user-?agent|startswith|starts_with|startsWith|endswith|endsWith|includes)\b|[!=]==?")
        .expect("a constant pattern")
});

/// Whether what stands before an address on its line only speaks of it.
fn is_mentioned(line: &str, at: usize) -> bool {
    line.get(..at).is_some_and(|before| MENTIONS.is_match(before)) && !CALLS.is_match(line)
}

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
    let mut documents: Option<Vec<String>> = None;
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
                if none || is_mentioned(line, found.start()) {
                    continue;
                }
                let lower = || skill.documents.iter().map(|d| d.text.to_ascii_lowercase()).collect();
                let named = documents.get_or_insert_with(lower).iter().any(|d| d.contains(&host));
                if named || !said.insert(host.clone()) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_is_shown_or_compared_is_not_called() {
        let mentioned = |line: &str| is_mentioned(line, HOST.captures(line).unwrap().get(1).unwrap().start());
        for line in [
            "    console.log('usage: grab https://shop.dev/page');",
            "    \"HTTP-Referer\": \"https://mine.dev/tool\",",
            "    if entry.startswith(\"https://registry.dev/\"):",
            "    if base == \"https://registry.dev\":",
            "echo \"see https://docs.dev/install\"",
        ] {
            assert!(mentioned(line), "{line}");
        }
        for line in [
            "requests.get('https://collect.dev/x')",
            "ENDPOINT=\"https://collect.dev/api\"",
            "url = f\"https://collect.dev/{name}\"",
            "echo $(curl -s https://collect.dev/x)",
            "print(requests.get('https://collect.dev/x').text)",
        ] {
            assert!(!mentioned(line), "{line}");
        }
    }
}
