//! What to do next, as it is typed here. The use cases name the calls of an agent, `check_contract {"contract": "x.yaml"}`;
//! who sits at a terminal has commands.

use std::sync::LazyLock;

use clap::{Arg, ArgAction, Command};
use regex::{Captures, Regex};
use serde_json::{Map, Value};

use crate::app::{self, UseCase};
use crate::base::text;

/// Every tool with its command.
const TOOLS: [(&str, &str); 13] = [
    tool::<app::OpenSession>(),
    tool::<app::MapSystem>(),
    tool::<app::InspectSystem>(),
    tool::<app::RecordConstraint>(),
    tool::<app::ConfirmConstraints>(),
    tool::<app::DraftContract>(),
    tool::<app::CheckContract>(),
    tool::<app::ScaffoldConnector>(),
    tool::<app::RunDrills>(),
    tool::<app::CheckDrift>(),
    tool::<app::AssessReadiness>(),
    tool::<app::ExportDossier>(),
    tool::<app::QueryEvidence>(),
];

const fn tool<U: UseCase>() -> (&'static str, &'static str) {
    (U::NAME, U::COMMAND)
}

/// The text with calls of tools as commands, and the names of tools as those of commands. What no command can do stays as
/// it is.
pub(super) fn commands(text: &str) -> String {
    if !TOOLS.iter().any(|(tool, _)| text.contains(tool)) {
        return text.to_owned();
    }
    let program = super::command();
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((at, tool, command)) = first(rest) {
        out.push_str(&rest[..at]);
        rest = &rest[at + tool.len()..];
        let clap = program.find_subcommand(command);
        match called(rest).and_then(|(input, read)| Some((line(clap?, command, &input)?, read))) {
            Some((line, read)) => {
                rest = &rest[read..];
                // Within a sentence it must be seen where the command ends.
                let within = rest.trim_start().starts_with(char::is_alphabetic);
                out.push_str(&if within { format!("`{line}`") } else { line });
            }
            None => out.push_str(&format!("`{command}`")),
        }
    }
    out.push_str(rest);
    // What is left of a call that is no command is not torn apart.
    if out.contains("{\"") { out } else { switches(&out) }
}

/// `"operations": true` beside a call is `--operations` beside a command.
fn switches(text: &str) -> String {
    static ALONE: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r#""([a-z_]+)": (true|[0-9]+|"[^"]*")"#).expect("it is one"));
    let typed = |found: &Captures<'_>| match &found[2] {
        "true" => format!("--{}", &found[1]),
        value => format!("--{} {}", &found[1], value.trim_matches('"')),
    };
    ALONE.replace_all(text, typed).into_owned()
}

/// The first tool that the text names, with its place; not within a longer word.
fn first(text: &str) -> Option<(usize, &'static str, &'static str)> {
    let of_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let stands =
        |at: usize, tool: &str| !text[..at].ends_with(of_word) && !text[at + tool.len()..].starts_with(of_word);
    TOOLS
        .iter()
        .flat_map(|(tool, command)| text.match_indices(tool).map(move |(at, _)| (at, *tool, *command)))
        .filter(|(at, tool, _)| stands(*at, tool))
        .min_by_key(|found| found.0)
}

/// The arguments that follow the name of a tool, and how many bytes they take.
fn called(text: &str) -> Option<(Map<String, Value>, usize)> {
    let body = text.strip_prefix(' ').filter(|b| b.starts_with('{'))?;
    let mut values = serde_json::Deserializer::from_str(body).into_iter::<Map<String, Value>>();
    let input = values.next()?.ok()?;
    Some((input, 1 + values.byte_offset()))
}

/// The command line of a call; nothing where the command has no such argument.
fn line(clap: &Command, command: &str, input: &Map<String, Value>) -> Option<String> {
    let mut words = vec!["platform-integration".to_owned(), command.to_owned()];
    let mut input = input.clone();
    // Three things that the tool does are commands below `evidence`.
    if command == app::QueryEvidence::COMMAND {
        let session = |input: &mut Map<String, Value>| Some(word(&input.remove("session")?));
        if let Some(show) = input.remove("show") {
            words.extend(["show".to_owned(), word(&show)]);
        } else if let Some(diff) = input.remove("diff") {
            words.extend(["diff".to_owned(), session(&mut input)?, word(&diff)]);
        } else if let Some(trace) = input.remove("trace") {
            words.extend(["trace".to_owned(), word(&trace), "--session".to_owned(), session(&mut input)?]);
        }
    }
    let arg = |name: &str| clap.get_arguments().find(|a| a.get_id() == name);
    let mut flags = Vec::new();
    for place in clap.get_positionals() {
        if let Some(value) = input.remove(place.get_id().as_str()) {
            words.push(word(&value));
        }
    }
    for (name, value) in &input {
        flags.extend(flag(arg(name)?, value)?);
    }
    words.extend(flags);
    Some(words.join(" "))
}

/// `--name value`, once for each item of a list; a switch alone.
fn flag(arg: &Arg, value: &Value) -> Option<Vec<String>> {
    let long = format!("--{}", arg.get_long()?);
    if matches!(arg.get_action(), ArgAction::SetTrue) {
        return Some(if *value == Value::Bool(true) { vec![long] } else { Vec::new() });
    }
    let values = match value {
        Value::Array(items) => items.iter().map(word).collect(),
        Value::Object(_) => return None,
        one => vec![word(one)],
    };
    Some(values.into_iter().flat_map(|value| [long.clone(), value]).collect())
}

/// The commands of a text with the store that the one before was told to use; a command without a store is left as it is.
fn at_store(text: &str, store: Option<&str>) -> String {
    static COMMAND: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"\bplatform-integration ([a-z]+(?:-[a-z]+)*)\b").expect("it is one"));
    let Some(store) = store else { return text.to_owned() };
    let program = super::command();
    let named = |found: &Captures<'_>| match &found[1] {
        "mock" | "completions" | "man" => found[0].to_owned(),
        command if program.find_subcommand(command).is_some() => {
            format!("platform-integration --store {store} {command}")
        }
        _ => found[0].to_owned(),
    };
    COMMAND.replace_all(text, named).into_owned()
}

/// A value as one word of a shell.
fn word(value: &Value) -> String {
    text::shell_word(&value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}

/// The same in every `next` and every `replay` of a value.
pub(super) fn in_value(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for (name, value) in map.iter_mut() {
                match value {
                    Value::String(text) if name == "next" || name == "replay" => {
                        *text = at_store(&commands(text), super::output::store())
                    }
                    other => in_value(other),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(in_value),
        _ => {}
    }
}

/// The same in every line of a page that says what is next, or what plays it again.
pub(super) fn on_page(text: &str) -> String {
    text.split_inclusive('\n')
        .map(|line| {
            if line.contains("next:") || line.contains("replay:") {
                at_store(&commands(line), super::output::store())
            } else {
                line.to_owned()
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_typed_as_a_command() {
        for (call, typed) in [
            (
                r#"check_contract {"session": "s-1", "contract": "a b.yaml"} again"#,
                "`platform-integration check 'a b.yaml' --session s-1` again",
            ),
            (
                r#"inspect_system {"session": "s-1", "name": "crm", "operations": true}"#,
                "platform-integration inspect --session s-1 --name crm --operations",
            ),
            (
                r#"map_system {"session": "s-1", "name": "billing", "api": "PATH of it's"}"#,
                r"platform-integration map 'PATH of it'\''s' --session s-1 --name billing",
            ),
            (r#"query_evidence {"show": 12} shows a record"#, "`platform-integration evidence show 12` shows a record"),
            (r#"query_evidence {"session": "s-1"}"#, "platform-integration evidence s-1"),
            (r#"query_evidence {"session": "a", "diff": "b"}"#, "platform-integration evidence diff a b"),
            (
                r#"query_evidence {"session": "a", "trace": "crm-rate"}"#,
                "platform-integration evidence trace crm-rate --session a",
            ),
            ("query_evidence {} lists the sessions", "`platform-integration evidence` lists the sessions"),
            ("record_constraint for what must hold; then", "`constrain` for what must hold; then"),
            (r#"run_drills with "schedules": 20"#, "`drill` with --schedules 20"),
            (r#"check_contract {"no_such": 1}"#, r#"`check` {"no_such": 1}"#),
            ("check_contract {\"contract\": ", "`check` {\"contract\": "),
            ("my_check_contract and check_contracts", "my_check_contract and check_contracts"),
        ] {
            assert_eq!(commands(call), typed);
        }
    }

    #[test]
    fn every_tool_has_a_command_here() {
        let program = super::super::command();
        for (tool, command) in TOOLS {
            assert!(program.find_subcommand(command).is_some(), "{tool}");
        }
    }

    #[test]
    fn a_command_that_is_advised_names_the_store_that_was_named() {
        let next = "platform-integration status shows it; `platform-integration run a.yaml --flow f` goes on; the platform-integration project";
        assert_eq!(at_store(next, None), next);
        assert_eq!(
            at_store(next, Some("'my dir/e.db'")),
            "platform-integration --store 'my dir/e.db' status shows it; `platform-integration --store 'my dir/e.db' run a.yaml \
             --flow f` goes on; the platform-integration project"
        );
        assert_eq!(at_store("platform-integration mock api.yaml", Some("e.db")), "platform-integration mock api.yaml");
    }

    #[test]
    fn only_what_is_next_is_changed() {
        let mut value = serde_json::json!({"next": "run_drills {}", "why": "run_drills {}", "rows": [{"next": "x"}]});
        in_value(&mut value);
        let expected =
            serde_json::json!({"next": "platform-integration drill", "why": "run_drills {}", "rows": [{"next": "x"}]});
        assert_eq!(value, expected);
        assert_eq!(on_page("run_drills\nnext: run_drills {}\n"), "run_drills\nnext: platform-integration drill\n");
    }
}
