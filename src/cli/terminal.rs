//! A person at a terminal. What is shown and what is typed goes through the terminal itself, not through stdin, stdout
//! or stderr, which an agent may hold. An agent that drives a terminal of its own can still answer: this is friction
//! and a record, not proof. Where proof is needed, the contract asks for a signature.

use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, IsTerminal as _, Write as _};

use crate::app::approve::{Petition, changed, petition};
use crate::app::{App, Asked, Channel, HumanDecision, HumanInput, HumanQuestion, No, Refusal};
use crate::base::phrase;
use crate::render::Text as _;
use crate::render::page::Page;

/// The terminal this program was started from.
pub(super) struct Terminal {
    reader: BufReader<File>,
    writer: File,
}

#[cfg(not(windows))]
const PLACES: (&str, &str) = ("/dev/tty", "/dev/tty");
#[cfg(windows)]
const PLACES: (&str, &str) = ("CONIN$", "CONOUT$");

impl Terminal {
    /// Opens it. A command whose input or messages go elsewhere was not started by a person who sits there.
    pub(super) fn open() -> Result<Self, String> {
        if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
            return Err("this was not started at a terminal, so no person can be asked".to_owned());
        }
        let file = |path: &str| {
            OpenOptions::new()
                .read(true)
                .write(true)
                .open(path)
                .map_err(|e| format!("no terminal to ask a person at: {path}: {e}"))
        };
        Ok(Self { reader: BufReader::new(file(PLACES.0)?), writer: file(PLACES.1)? })
    }

    /// Shows text; a terminal that went away is noticed when it is read.
    fn say(&mut self, text: &str) {
        let _ = self.writer.write_all(text.as_bytes());
        let _ = self.writer.flush();
    }

    /// A line as typed; nothing at the end of input.
    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        match self.reader.read_line(&mut line) {
            Ok(0) | Err(_) => None,
            Ok(_) => Some(line.trim_end_matches(['\n', '\r']).to_owned()),
        }
    }

    fn ask(&mut self, question: &str) -> Option<String> {
        self.say(question);
        self.line()
    }

    /// Shows the phrase of a text and reads it back; whether it was typed.
    fn phrase(&mut self, key: &[u8; 32], text: &str, verb: &str) -> Result<String, No> {
        let phrase = phrase::of(key, text);
        self.say(&format!("\n  Type these words to {verb}, anything else to leave it:\n\n      {phrase}\n\n"));
        let typed = self.ask("  > ").unwrap_or_default();
        self.say("\n");
        if phrase::same(&phrase, &typed) {
            return Ok(typed);
        }
        Err(Refusal::new(
            "phrase-not-typed",
            "the words shown at the terminal were not typed; nothing is recorded",
            "start again: each attempt has words of its own",
        )
        .into())
    }

    /// Puts a petition before the person and waits for the phrase. What changes meanwhile has another phrase.
    pub(super) fn approve(&mut self, app: &App, asked: &Petition) -> Result<Petition, No> {
        let mut page = Page::new(super::output::width());
        asked.text(&mut page);
        self.say(&format!("\n{}", plain(&page.into_text())));
        let key: [u8; 32] = rand::random();
        let typed = self.phrase(&key, &asked.statement.to_string(), "approve exactly this")?;
        let now = petition(app, &asked.request)?;
        if !phrase::same(&phrase::of(&key, &now.statement.to_string()), &typed) {
            return Err(changed(&asked.request.contract).into());
        }
        Ok(now)
    }

    /// Asks for each constraint, then for the phrase over all answers.
    pub(super) fn confirm(&mut self, question: &HumanQuestion, by: &str) -> Result<HumanInput, No> {
        self.say(&format!("\n{}\n", question.message));
        let mut decisions = Vec::new();
        let mut summary = String::new();
        for item in &question.items {
            let Some(decision) = self.one(item) else {
                let because = "the terminal was closed before everything was answered".to_owned();
                return Ok(HumanInput::Unreachable { because });
            };
            let note = decision.note.as_ref().map(|n| format!(": {n}")).unwrap_or_default();
            summary.push_str(&format!("  {:<8} {}{note}\n", decision.word, decision.id));
            decisions.push(decision);
        }
        self.say(&format!("\n{summary}"));
        let key: [u8; 32] = rand::random();
        self.phrase(&key, &format!("{}\n{summary}", question.digest().as_str()), "record these answers")?;
        Ok(HumanInput::Answered { channel: Channel::Terminal, by: by.to_owned(), decisions })
    }

    fn one(&mut self, Asked { id, says, digest }: &Asked) -> Option<HumanDecision> {
        self.say(&format!("\n{id}\n  {says}\n"));
        let word = loop {
            match self.ask("  [c]onfirm, [r]eject or [d]efer? ")?.trim().to_lowercase().as_str() {
                "c" | "confirm" => break "confirm",
                "r" | "reject" => break "reject",
                "d" | "defer" => break "defer",
                _ => {}
            }
        };
        let note = match word {
            "reject" => Some(self.ask("  What holds instead? (may stay empty) ")?),
            "defer" => Some(self.ask("  Which risk is that, and who takes it? ")?),
            _ => None,
        };
        let note = note.map(|n| n.trim().to_owned()).filter(|n| !n.is_empty());
        Some(HumanDecision { id: id.clone(), word: word.to_owned(), note, digest: digest.clone() })
    }
}

/// Without styles: what a person approves is plain text, and an escape sequence is none.
fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}
