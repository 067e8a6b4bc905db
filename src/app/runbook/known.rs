//! What a command line says of this program, held against its commands and flags.

use crate::base::text::{did_you_mean, quoted};
use crate::verify::facts::Program;

/// The command that these words name, by its whole path, or what of them does not exist.
pub(super) fn known(program: &Program, words: &[String]) -> Result<String, String> {
    let mut path = String::new();
    let mut command = false;
    let rest = words.get(1..).unwrap_or_default();
    let mut at = rest.iter();
    while let Some(word) = at.next() {
        if let Some(flag) = word.strip_prefix("--") {
            let flag = flag.split_once('=').map_or(flag, |(name, _)| name);
            let flags = program.flags.get(&path).map(Vec::as_slice).unwrap_or_default();
            if !flag.is_empty() && !matches!(flag, "help" | "version") && !flags.iter().any(|f| f == flag) {
                let of = if path.is_empty() { program.name.clone() } else { path };
                let hint = did_you_mean(flag, flags.iter().map(String::as_str));
                return Err(format!("{of} has no flag --{}{hint}", quoted(flag, 40)));
            }
            // The value of a flag before the command is no command.
            if !command && matches!(flag, "format" | "store") && !word.contains('=') {
                at.next();
            }
            continue;
        }
        if !command {
            if !program.commands.iter().any(|c| c == word) {
                let hint = did_you_mean(word, program.commands.iter().map(String::as_str));
                return Err(format!("there is no command {}{hint}", quoted(word, 40)));
            }
            command = true;
            path.clone_from(word);
        } else {
            let below = format!("{path} {word}");
            if program.flags.contains_key(&below) {
                path = below;
            }
        }
    }
    if command { Ok(path) } else { Err("it names no command".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_exist_is_named() {
        let flags = |path: &str, all: &[&str]| (path.to_owned(), all.iter().map(|f| (*f).to_owned()).collect());
        let program = Program {
            name: "platform-integration".to_owned(),
            commands: vec!["run".to_owned(), "evidence".to_owned()],
            flags: [
                flags("", &["format"]),
                flags("run", &["watch", "format"]),
                flags("evidence", &[]),
                flags("evidence verify", &["seal"]),
            ]
            .into(),
        };
        let say = |line: &str| known(&program, &line.split(' ').map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(say("p run x.yaml --watch"), Ok("run".to_owned()));
        assert_eq!(say("p --format json run x.yaml"), Ok("run".to_owned()));
        assert_eq!(say("p evidence verify --seal f"), Ok("evidence verify".to_owned()));
        assert_eq!(say("p ruN x.yaml"), Err("there is no command ruN; did you mean \"run\"?".to_owned()));
        assert!(say("p run x.yaml --wach").is_err_and(|e| e.starts_with("run has no flag --wach")));
        assert!(say("p evidence --seal f").is_err());
        assert!(say("p").is_err());
    }
}
