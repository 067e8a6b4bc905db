//! A command that the skill names must be one that the program has, with the flags that it has.

use regex::Regex;

use crate::base::text::{nearest, quoted};
use crate::base::yaml::Span;
use crate::finding::{Finding, Location, Severity};
use crate::skill::{Document, Skill};
use crate::verify::facts::Program;
use crate::verify::tools::rewritten;
use crate::verify::{Check, Profile, Rule, Subject};

const RULE: Rule = Rule {
    code: "command-unknown",
    id: "PI020",
    severity: Severity::Error,
    finds: "A document names a subcommand, or a flag of one, that the program does not have.",
    source: "a command that does not exist stops the agent where it stands",
};

pub(super) const CHECK: Check = Check { rules: &[RULE], profile: Profile::Sync, run };

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    let Some(program) = &subject.facts.program else { return Vec::new() };
    let Ok(pattern) = Regex::new(&format!(r"(?:^|[\s$(;&|`/]){}[ \t]+", regex::escape(&program.name))) else {
        return Vec::new();
    };
    let of = |skill: &Skill| -> Vec<Finding> {
        let mut out = Vec::new();
        for document in &skill.documents {
            for (code, at) in document.code() {
                // A comment of the shell is prose.
                let code =
                    if code.trim_start().starts_with('#') { "" } else { code.split(" #").next().unwrap_or(code) };
                for found in pattern.find_iter(code) {
                    Line { subject, document, program, code, at }.judge(found.end(), &mut out);
                }
            }
        }
        out
    };
    subject.skills().flat_map(of).collect()
}

struct Line<'a> {
    subject: &'a Subject<'a>,
    document: &'a Document,
    program: &'a Program,
    code: &'a str,
    at: Span,
}

impl Line<'_> {
    /// Reads what follows the program's name.
    fn judge(&self, from: usize, out: &mut Vec<Finding>) {
        let rest = self.code.get(from..).unwrap_or_default();
        // Up to where the shell begins something else.
        let end = rest.find(['|', ';', '&', '>', '<', '`', ')']).unwrap_or(rest.len());
        let rest = rest.get(..end).unwrap_or_default();
        let mut path = String::new();
        let mut first = true;
        let mut at = from;
        for word in rest.split_inclusive([' ', '\t']) {
            let (start, token) = (at, word.trim());
            at += word.len();
            if token.is_empty() {
                continue;
            }
            if token == "--" {
                break;
            }
            if let Some(flag) = token.strip_prefix("--") {
                self.flag(&path, flag.split('=').next().unwrap_or_default(), start, out);
            } else if first {
                first = false;
                let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
                if !token.chars().all(plain) || token.starts_with('-') {
                    // A placeholder, an argument, a sentence.
                    break;
                }
                if !self.program.commands.iter().any(|c| c == token) && token != "help" {
                    self.command(token, start, out);
                    break;
                }
                path = token.to_owned();
            } else {
                let below = format!("{path} {token}");
                if self.program.flags.contains_key(&below) {
                    path = below;
                }
            }
        }
    }

    fn command(&self, name: &str, start: usize, out: &mut Vec<Finding>) {
        let program = &self.program.name;
        let near = nearest(name, self.program.commands.iter().map(String::as_str));
        let fix = near.map_or_else(|| format!("see {program} --help"), |n| format!("write {program} {n}"));
        let at = Location::at(&self.document.file, self.at);
        let found = RULE.at(at, format!("there is no command {program} {}", quoted(name, 40))).fix(fix).near(near);
        out.push(self.mended(found, name, near, start));
    }

    fn flag(&self, path: &str, flag: &str, start: usize, out: &mut Vec<Finding>) {
        let plain = !flag.is_empty() && flag.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        let Some(known) = self.program.flags.get(path).filter(|_| plain) else { return };
        if known.iter().any(|k| k == flag) || matches!(flag, "help" | "version") {
            return;
        }
        let near = nearest(flag, known.iter().map(String::as_str));
        let command = format!("{} {path}", self.program.name);
        let command = command.trim_end();
        let fix = near.map_or_else(|| format!("see {command} --help"), |n| format!("write --{n}"));
        let at = Location::at(&self.document.file, self.at);
        let found = RULE.at(at, format!("{command} has no flag --{}", quoted(flag, 40))).fix(fix).near(near);
        out.push(self.mended(found, flag, near, start + 2));
    }

    /// With the edit, where the slip is small.
    fn mended(&self, found: Finding, from: &str, near: Option<&str>, start: usize) -> Finding {
        let Some(near) = near.filter(|n| strsim::osa_distance(from, n) <= 2) else { return found };
        let before = self.code.get(..start).unwrap_or_default().chars().count();
        let column = self.at.column.saturating_add(u32::try_from(before).unwrap_or(u32::MAX));
        rewritten(found, self.subject, &self.document.path, Span { line: self.at.line, column }, from, near)
    }
}
