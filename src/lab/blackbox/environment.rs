//! What a program is told when it is started: variables, and placeholders in its own command line for programs that know none
//! of them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::base::secret::SecretRef;
use crate::base::text::did_you_mean;
use crate::lab::bench::Bench;
use crate::lab::mock::url::path_of;

/// A program as it was named on the command line.
#[derive(Debug, Clone)]
pub struct Program {
    /// Its command line as given.
    pub line: String,
    /// The same, taken apart as a shell does.
    pub words: Vec<String>,
    /// Variables of systems that a flow does not touch: nothing of theirs may lead to the true ones.
    pub beside: Vec<(String, String)>,
    /// Further variables, as templates.
    pub variables: Vec<(String, String)>,
    /// Where it runs.
    pub directory: PathBuf,
    /// Path of the contract.
    pub contract: PathBuf,
    /// It stays up until it is told to end.
    pub service: bool,
    /// Its time runs so many times as fast as ours.
    pub scale: u32,
    /// Real seconds that a run may take.
    pub deadline_s: u64,
    /// It knows of the file that switches it off.
    pub knows_switch: bool,
    /// It takes a lock that another process can see.
    pub knows_lock: bool,
}

/// A program ready to be started.
#[derive(Debug, Clone)]
pub(super) struct Started {
    pub(super) program: String,
    pub(super) arguments: Vec<String>,
    pub(super) variables: BTreeMap<String, String>,
    pub(super) directory: PathBuf,
}

/// The zone of the machine, as a program is told: no clock of a contract is likely to have it, and its offset is no whole hour.
const ZONE: &str = "Asia/Kathmandu";

/// Where things lie for one schedule.
#[derive(Debug, Clone)]
pub(super) struct Places {
    /// By system: where it listens.
    pub(super) doors: BTreeMap<String, SocketAddr>,
    /// Kept over crash and restart.
    pub(super) state: PathBuf,
    /// While it exists no further call may go out.
    pub(super) disable: PathBuf,
    /// One JSON object a dead letter.
    pub(super) letters: PathBuf,
    /// Where the program listens for webhooks.
    pub(super) port: u16,
}

/// Environment variables, name and value.
pub(super) type Variables = Vec<(String, String)>;

impl Program {
    /// Takes a command line apart.
    ///
    /// # Errors
    /// A quote that is not closed, nothing to start, or a placeholder that no system of the contract has.
    pub fn parse(line: &str, variables: &[String], systems: &[&str]) -> Result<(Vec<String>, Variables), String> {
        let words = shlex::split(line).ok_or("a quote is not closed")?;
        if words.is_empty() {
            return Err("there is nothing to start in it".to_owned());
        }
        let mut out = Vec::new();
        for variable in variables {
            match variable.split_once('=') {
                Some((name, template)) if !name.is_empty() => out.push((name.to_owned(), template.to_owned())),
                _ => return Err(format!("--env {variable:?} is not NAME=TEMPLATE")),
            }
        }
        let known = names(systems);
        for text in words.iter().chain(out.iter().map(|(_, t)| t)) {
            for (name, _) in placeholders(text) {
                let hint = did_you_mean(name, known.iter().map(String::as_str));
                // Braces that are like none of ours belong to the program.
                if !known.iter().any(|k| k == name) && !hint.is_empty() {
                    return Err(format!("there is no placeholder {{{name}}}{hint}; there are {}", known.join(", ")));
                }
            }
        }
        Ok((words, out))
    }

    /// The program as it is started in these places.
    pub(super) fn started(&self, bench: &Bench, places: &Places, planted: &BTreeMap<String, String>) -> Started {
        let values = values(bench, places, &self.contract);
        let fill = |text: &String| filled(text, &values);
        let mut variables: BTreeMap<String, String> = self.beside.iter().cloned().collect();
        let shown = |path: &Path| path.display().to_string();
        for (system, door) in &places.doors {
            let name = variable(system);
            variables.insert(format!("{name}_BASE_URL"), base_url(bench, system, *door));
            if let Some(token) = token_url(bench, system, *door) {
                variables.insert(format!("{name}_TOKEN_URL"), token);
            }
        }
        for (reference, value) in planted {
            if let Some(SecretRef::Env(name)) = SecretRef::parse(reference) {
                variables.insert(name, value.clone());
            }
        }
        variables.insert("STATE_DIR".to_owned(), shown(&places.state));
        variables.insert("DISABLE_FILE".to_owned(), shown(&places.disable));
        variables.insert("DEAD_LETTER_FILE".to_owned(), shown(&places.letters));
        variables.insert("CONTRACT".to_owned(), shown(&self.contract));
        variables.insert("PORT".to_owned(), places.port.to_string());
        variables.insert("TIME_SCALE".to_owned(), self.scale.to_string());
        variables.insert("RUN_MODE".to_owned(), if self.service { "service" } else { "job" }.to_owned());
        variables.insert("FLOW".to_owned(), bench.plan.flow.clone());
        variables.insert("PAGE_SIZE".to_owned(), bench.page.to_string());
        // Machines run in many zones, those of CI in UTC, where a local time that is taken for one of the contract is right by chance.
        variables.insert("TZ".to_owned(), ZONE.to_owned());
        // A proxy of whoever starts the drill must not stand between a program and loopback.
        for name in ["NO_PROXY", "no_proxy"] {
            variables.insert(name.to_owned(), "127.0.0.1,localhost".to_owned());
        }
        variables.extend(self.variables.iter().map(|(name, template)| (name.clone(), fill(template))));
        let mut words = self.words.iter().map(fill);
        Started {
            program: words.next().unwrap_or_default(),
            arguments: words.collect(),
            variables,
            directory: self.directory.clone(),
        }
    }
}

/// What a program is told of a system, and of the secrets that the contract names for it, where no flow under drill touches
/// it: an address at which nobody listens, and values that open nothing.
#[must_use]
pub fn beside(system: &str, references: &[&str]) -> Vec<(String, String)> {
    let name = variable(system);
    // Port 1 of loopback: nobody listens there.
    let nowhere = ["BASE_URL", "TOKEN_URL"].map(|what| (format!("{name}_{what}"), "http://127.0.0.1:1".to_owned()));
    let secrets = references.iter().filter_map(|text| match SecretRef::parse(text) {
        Some(SecretRef::Env(variable)) => Some((variable, "opens-nothing".to_owned())),
        _ => None,
    });
    nowhere.into_iter().chain(secrets).collect()
}

/// `billing-eu` -> `BILLING_EU`.
fn variable(system: &str) -> String {
    system.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect()
}

/// The base URL of a system behind a door: its path is kept.
fn base_url(bench: &Bench, system: &str, door: SocketAddr) -> String {
    let plan = &bench.plan;
    let base = if system == plan.source.system { &plan.source.base_url } else { &plan.target.base_url };
    format!("http://{door}{}", path_of(base).trim_end_matches('/'))
}

/// The token endpoint of a system, as the contract's plan has it.
pub(super) fn token_path<'b>(bench: &'b Bench, system: &str) -> Option<&'b str> {
    let plan = &bench.plan;
    let own = [(&plan.source.system, &plan.source.auth), (&plan.target.system, &plan.target.auth)];
    own.into_iter().filter(|(name, _)| name.as_str() == system).find_map(|(_, auth)| auth.token_url())
}

fn token_url(bench: &Bench, system: &str, door: SocketAddr) -> Option<String> {
    Some(format!("http://{door}{}", path_of(token_path(bench, system)?)))
}

/// Every placeholder there is.
fn names(systems: &[&str]) -> Vec<String> {
    let mut out: Vec<String> =
        systems.iter().flat_map(|s| [format!("{s}.base_url"), format!("{s}.token_url")]).collect();
    out.extend(["state_dir", "disable_file", "dead_letter_file", "port", "contract"].map(str::to_owned));
    out
}

fn values(bench: &Bench, places: &Places, contract: &Path) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    for (system, door) in &places.doors {
        out.insert(format!("{system}.base_url"), base_url(bench, system, *door));
        out.insert(format!("{system}.token_url"), token_url(bench, system, *door).unwrap_or_default());
    }
    out.insert("state_dir".to_owned(), places.state.display().to_string());
    out.insert("disable_file".to_owned(), places.disable.display().to_string());
    out.insert("dead_letter_file".to_owned(), places.letters.display().to_string());
    out.insert("port".to_owned(), places.port.to_string());
    out.insert("contract".to_owned(), contract.display().to_string());
    out
}

/// What looks like a placeholder: a name in braces, of letters, digits, `_`, `-` and `.`. Other braces belong to the program.
fn placeholders(text: &str) -> Vec<(&str, std::ops::Range<usize>)> {
    let mut out = Vec::new();
    let mut from = 0;
    while let Some(open) = text[from..].find('{').map(|at| from + at) {
        let Some(close) = text[open..].find('}').map(|at| open + at) else { break };
        let name = &text[open + 1..close];
        let named = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-' | '.');
        let ours = name.contains(['.', '_']) || name == "port" || name == "contract";
        // `${name}` is a shell's own.
        if ours && name.chars().all(named) && !text[..open].ends_with('$') {
            out.push((name, open..close + 1));
            from = close + 1;
        } else {
            from = open + 1;
        }
    }
    out
}

fn filled(text: &str, values: &BTreeMap<String, String>) -> String {
    let mut out = String::new();
    let mut from = 0;
    for (name, range) in placeholders(text) {
        out.push_str(&text[from..range.start]);
        out.push_str(values.get(name).map_or(&text[range.clone()], String::as_str));
        from = range.end;
    }
    out.push_str(&text[from..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_line_is_taken_apart_as_a_shell_does() {
        let (words, variables) = Program::parse(
            "sh -c 'node \"my connector.js\" --url {crm.base_url} ${HOME} {\"a\": 1}'",
            &["STATE={state_dir}/x=y".to_owned()],
            &["crm"],
        )
        .unwrap();
        assert_eq!(words, ["sh", "-c", "node \"my connector.js\" --url {crm.base_url} ${HOME} {\"a\": 1}"]);
        assert_eq!(variables, [("STATE".to_owned(), "{state_dir}/x=y".to_owned())]);
        let values = BTreeMap::from([("crm.base_url".to_owned(), "http://127.0.0.1:1/v2".to_owned())]);
        assert_eq!(
            filled(&words[2], &values),
            "node \"my connector.js\" --url http://127.0.0.1:1/v2 ${HOME} {\"a\": 1}"
        );
    }

    #[test]
    fn what_cannot_be_started_is_said_before_anything_runs() {
        for (line, because) in [
            ("node 'x", "a quote is not closed"),
            ("  ", "there is nothing to start in it"),
            ("node x {crn.base_url}", "there is no placeholder {crn.base_url}"),
        ] {
            let said = Program::parse(line, &[], &["crm"]).unwrap_err();
            assert!(said.starts_with(because), "{said}");
        }
        assert!(Program::parse("node x", &["=1".to_owned()], &[]).is_err());
    }

    #[test]
    fn a_system_gives_its_variables_their_name() {
        assert_eq!(variable("billing-eu"), "BILLING_EU");
    }
}
