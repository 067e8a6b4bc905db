//! The steps of a runbook: fenced blocks whose info string a machine can read.
//!
//! ```text
//! sh step=NAME [expect=exit:0|1,delivered,out:TEXT] [lab=ACTION:SYSTEM,…] [background=NAME]
//! ```
//!
//! Each line of a block is one command, without a shell: words, quotes, `$MEMORY` and the names of background commands. A block
//! without `step=` is not executed; what it says of this program is held against its commands and flags all the same.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::skill::Document;

/// A block that is executed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    /// Its name.
    pub(super) name: String,
    /// The line of its first command.
    pub(super) line: u32,
    /// What is typed.
    pub(super) commands: Vec<Typed>,
    /// What must come of the last command.
    pub(super) expect: Expect,
    /// What is done to the systems before.
    pub(super) lab: Vec<Act>,
    /// The command goes on, under this name.
    pub(super) background: Option<String>,
}

/// A command as typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Typed {
    /// Its words.
    pub(super) words: Vec<String>,
    /// Its line.
    pub(super) line: u32,
}

/// What must come of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Expect {
    /// One of these exit codes.
    pub(super) exits: Vec<i32>,
    /// Every record of the sources is in its target.
    pub(super) delivered: bool,
    /// It says this.
    pub(super) says: Vec<String>,
}

/// What is done to a system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Act {
    /// Nobody answers there.
    Down(String),
    /// It answers again.
    Up(String),
    /// It refuses the credentials.
    Revoke(String),
    /// It has new ones, and so has the connector.
    Renew(String),
    /// A record more.
    Change(String),
    /// A record that the mapping rejects.
    Poison(String),
    /// The store is gone.
    LoseStore,
}

/// A runbook as read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Runbook {
    /// What is executed, or what is wrong with it: name, line, reason.
    pub(super) steps: Vec<Result<Step, (String, u32, String)>>,
    /// Commands in blocks that are not executed.
    pub(super) shown: Vec<Typed>,
}

/// Reads the blocks of a runbook.
pub(super) fn read(name: &str, text: &str) -> Runbook {
    let mut out = Runbook::default();
    let mut named_at: BTreeMap<String, u32> = BTreeMap::new();
    let document = Document::parse(name, name, text);
    for block in document.blocks.iter().filter(|b| b.fenced) {
        if !matches!(block.language.as_str(), "sh" | "bash" | "shell" | "console") {
            continue;
        }
        let line = block.at.line;
        let marks = match words(&block.info, &|_| None) {
            Ok(marks) => marks,
            Err(because) => {
                out.steps.push(Err((format!("line {line}"), line, because)));
                continue;
            }
        };
        let named = marks.iter().find_map(|m| m.strip_prefix("step=")).map(str::to_owned);
        // Meant as a step and not said so: it would be taken for one that is only shown.
        let meant = marks.iter().find(|m| *m == "step" || is_mark(m));
        if let (None, Some(meant)) = (&named, meant) {
            let because = match meant.as_str() {
                "step" => "step needs a name: step=NAME".to_owned(),
                mark => format!("{mark} marks a step that has no name: step=NAME"),
            };
            out.steps.push(Err((format!("line {line}"), line, because)));
            continue;
        }
        let commands = commands(&block.text, line);
        match named {
            Some(name) if !is_name(&name) => {
                let because = "step= needs a name of letters, digits, -, _ and .".to_owned();
                out.steps.push(Err((format!("line {line}"), line, because)));
            }
            Some(name) => {
                let step = commands.and_then(|c| step(&name, line, c, &marks));
                let step = match named_at.entry(name.clone()) {
                    Entry::Occupied(first) => Err(format!("step {name} is named at line {} already", first.get())),
                    Entry::Vacant(free) => {
                        free.insert(line);
                        step
                    }
                };
                out.steps.push(step.map_err(|because| (name, line, because)));
            }
            // What is only shown may be anything; of it, what names this program is looked at.
            None => out.shown.extend(commands.unwrap_or_default()),
        }
    }
    out
}

/// What only a step has.
fn is_mark(mark: &str) -> bool {
    ["expect=", "lab=", "background="].iter().any(|key| mark.starts_with(key))
}

/// What `--only` and the names of background commands can mean.
fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "-_.".contains(c))
}

fn step(name: &str, line: u32, commands: Vec<Typed>, marks: &[String]) -> Result<Step, String> {
    let mut expect = Expect { exits: vec![0], delivered: false, says: Vec::new() };
    let (mut lab, mut background) = (Vec::new(), None);
    for mark in marks.iter().skip(1) {
        let (key, value) = mark.split_once('=').ok_or_else(|| format!("\"{mark}\" is no key=value"))?;
        match key {
            "step" => {}
            "expect" => {
                for part in value.split(',') {
                    match part.split_once(':') {
                        Some(("exit", codes)) => {
                            let codes = codes.split('|').map(str::parse::<i32>).collect::<Result<Vec<_>, _>>();
                            expect.exits = codes.map_err(|_| format!("expect={part} names no exit code"))?;
                        }
                        Some(("out", text)) if !text.is_empty() => expect.says.push(text.to_owned()),
                        None if part == "delivered" => expect.delivered = true,
                        _ => return Err(format!("expect={part} is none of exit:N, out:TEXT, delivered")),
                    }
                }
            }
            "lab" => lab = value.split(',').map(act).collect::<Result<_, _>>()?,
            "background" => background = Some(value.to_owned()),
            other => return Err(format!("\"{other}\" is none of step, expect, lab, background")),
        }
    }
    if commands.is_empty() {
        return Err("the block holds no command".to_owned());
    }
    if background.is_some() && commands.len() > 1 {
        return Err("a background step is one command".to_owned());
    }
    Ok(Step { name: name.to_owned(), line, commands, expect, lab, background })
}

fn act(text: &str) -> Result<Act, String> {
    let (what, system) = text.split_once(':').unwrap_or((text, ""));
    let make: fn(String) -> Act = match (what, system.is_empty()) {
        ("lose-store", true) => return Ok(Act::LoseStore),
        ("down", false) => Act::Down,
        ("up", false) => Act::Up,
        ("revoke", false) => Act::Revoke,
        ("renew", false) => Act::Renew,
        ("change", false) => Act::Change,
        ("poison", false) => Act::Poison,
        _ => {
            return Err(format!(
                "lab={text} is none of down, up, revoke, renew, change, poison with :SYSTEM, or lose-store"
            ));
        }
    };
    Ok(make(system.to_owned()))
}

/// The commands of a block; a line that ends with a backslash goes on in the next.
fn commands(text: &str, first: u32) -> Result<Vec<Typed>, String> {
    let mut out = Vec::new();
    let mut pending: Option<(u32, String)> = None;
    for (line, text) in (first..).zip(text.lines()) {
        let (at, mut whole) = pending.take().unwrap_or((line, String::new()));
        whole.push_str(text);
        if let Some(rest) = whole.strip_suffix('\\') {
            pending = Some((at, format!("{rest} ")));
            continue;
        }
        let plain = whole.trim();
        let plain = plain.strip_prefix("$ ").unwrap_or(plain);
        if plain.is_empty() || plain.starts_with('#') {
            continue;
        }
        out.push(Typed { words: words(plain, &|_| None)?, line: at });
    }
    Ok(out)
}

/// Splits a line into words as a shell does, without being one: quotes and backslashes; what only a shell could do is an
/// error. `value` says what stands for `$NAME`; nothing leaves it as it is.
pub(super) fn words(line: &str, value: &dyn Fn(&str) -> Option<String>) -> Result<Vec<String>, String> {
    let mut out = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = line.chars().peekable();
    let mut quote: Option<char> = None;
    while let Some(c) = chars.next() {
        match (quote, c) {
            (None, c) if c.is_whitespace() => out.extend(word.take()),
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (Some(q), c) if q == c => quote = None,
            (None | Some('"'), '\\') => {
                let next = chars.next().ok_or("the line ends with a backslash")?;
                word.get_or_insert_default().push(next);
            }
            (None | Some('"'), '$') => {
                let mut name = String::new();
                while let Some(c) = chars.next_if(|c| c.is_ascii_alphanumeric() || *c == '_') {
                    name.push(c);
                }
                if name.is_empty() {
                    return Err("it needs a shell ($)".to_owned());
                }
                let word = word.get_or_insert_default();
                word.push_str(&value(&name).unwrap_or_else(|| format!("${name}")));
            }
            // An info string may name alternatives: a bar inside of a word is a letter like any other.
            (None, '|') if word.is_some() && chars.peek().is_some_and(|c| !c.is_whitespace()) => {
                word.get_or_insert_default().push('|');
            }
            (None, '|' | ';' | '&' | '<' | '>' | '`' | '(' | ')' | '*' | '?' | '{' | '}') | (Some('"'), '`') => {
                return Err(format!("it needs a shell ({c}); write one command a line"));
            }
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    if quote.is_some() {
        return Err("a quote is never closed".to_owned());
    }
    out.extend(word);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(line: &str) -> Result<Vec<String>, String> {
        words(line, &|name| (name == "MEMORY").then(|| "memory".to_owned()))
    }

    #[test]
    fn words_are_split_as_a_shell_does_and_nothing_else_of_a_shell_is_there() {
        assert_eq!(
            split("a  'b c' \"d e\" f\\ g '' $MEMORY/x $other"),
            Ok(["a", "b c", "d e", "f g", "", "memory/x", "$other"].map(str::to_owned).to_vec())
        );
        for shell in ["a | b", "a; b", "a && b", "a > f", "a $(b)", "a `b`", "a *", "'a", "a \\"] {
            assert!(split(shell).is_err(), "{shell}");
        }
    }

    #[test]
    fn steps_are_blocks_that_say_so() {
        let text = "# R\n\n```sh step=one expect=exit:0|1,delivered,out:done lab=down:crm,change:billing\na b \\\n  c\n# no\nd\n```\n\n```sh\nplatform-integration nope\n```\n\n```yaml\nstep: no\n```\n";
        let read = read("R.md", text);
        let one = read.steps[0].as_ref().expect("a step");
        assert_eq!((one.name.as_str(), one.line, one.commands.len()), ("one", 4, 2));
        assert_eq!(one.commands[0].words, ["a", "b", "c"]);
        assert_eq!(one.commands[1].line, 7);
        assert_eq!(one.expect, Expect { exits: vec![0, 1], delivered: true, says: vec!["done".to_owned()] });
        assert_eq!(one.lab, [Act::Down("crm".to_owned()), Act::Change("billing".to_owned())]);
        assert_eq!(read.steps.len(), 1);
        assert_eq!(read.shown[0].words, ["platform-integration", "nope"]);
    }

    #[test]
    fn a_step_has_a_name_of_its_own() {
        let text = "```sh step=\na\n```\n\n```sh step=one\na\n```\n\n```sh step=one\nb\n```\n\n```sh step\nc\n```\n\n```sh expect=exit:1\nd\n```\n";
        let wrong: Vec<String> = read("R.md", text)
            .steps
            .into_iter()
            .filter_map(Result::err)
            .map(|(name, line, because)| format!("{name} {line}: {because}"))
            .collect();
        assert_eq!(
            wrong,
            [
                "line 2 2: step= needs a name of letters, digits, -, _ and .",
                "one 10: step one is named at line 6 already",
                "line 14 14: step needs a name: step=NAME",
                "line 18 18: expect=exit:1 marks a step that has no name: step=NAME",
            ]
        );
    }

    #[test]
    fn what_a_machine_cannot_read_is_said() {
        let because = |info: &str, body: &str| {
            let read = read("R.md", &format!("```sh step=s {info}\n{body}\n```\n"));
            read.steps.into_iter().next().expect("one").expect_err("wrong").2
        };
        assert_eq!(because("expect=fine", "a"), "expect=fine is none of exit:N, out:TEXT, delivered");
        assert_eq!(because("lab=down", "a").split(" is ").next(), Some("lab=down"));
        assert_eq!(because("within=3", "a"), "\"within\" is none of step, expect, lab, background");
        assert_eq!(because("", "a | b"), "it needs a shell (|); write one command a line");
        assert_eq!(because("", ""), "the block holds no command");
        assert_eq!(because("background=x", "a\nb"), "a background step is one command");
    }
}
