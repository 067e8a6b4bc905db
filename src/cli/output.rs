//! Prints answers, refusals and faults in the format asked for.

use std::io::{ErrorKind, Write as _};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;
use serde_json::json;

use super::args::Format;
use super::{exit, typed};
use crate::app::No;
use crate::base::text;
use crate::render::{Text, page::Page};

/// Something that was to be printed was not.
static LOST: AtomicBool = AtomicBool::new(false);

/// The store that commands which are advised have to name.
static STORE: OnceLock<String> = OnceLock::new();

/// What is advised from now on names this store.
pub(super) fn names_store(path: Option<&std::path::Path>) {
    if let Some(path) = path {
        // The first one stays: a process has one command line.
        let _ = STORE.set(text::shell_word(&path.display().to_string()));
    }
}

/// The store that is to be named, as it is typed.
pub(super) fn store() -> Option<&'static str> {
    STORE.get().map(String::as_str)
}

/// Writes to stdout; a reader that went away is no fault of ours, a disk that is full is told.
pub(super) fn out(text: &str) {
    let mut stdout = anstream::stdout().lock();
    let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    if let Err(error) = written
        && error.kind() != ErrorKind::BrokenPipe
        && !LOST.swap(true, Ordering::Relaxed)
    {
        err(&format!("failed: the result cannot be written to standard output: {error}\n"));
    }
}

/// Whether a result could not be written: whoever waits for it must not take its absence for success.
pub(super) fn lost() -> bool {
    LOST.load(Ordering::Relaxed)
}

/// Writes to stderr.
pub(super) fn err(text: &str) {
    let mut stderr = anstream::stderr().lock();
    let _ = stderr.write_all(text.as_bytes());
    let _ = stderr.flush();
}

/// Columns of the terminal, within reason.
pub(super) fn width() -> u16 {
    // COLUMNS is what shells and CI set; without it a page that fits most terminals.
    super::compose::columns().clamp(72, 160)
}

/// Prints an answer as text or JSON; other formats are for commands that have findings.
pub(super) fn answer<A: Serialize + Text>(format: Format, answer: &A) -> u8 {
    match format {
        Format::Text => {
            let mut page = Page::new(width());
            answer.text(&mut page);
            out(&typed::on_page(&page.into_text()));
            exit::FINE
        }
        Format::Json => json_line(answer),
        Format::Sarif | Format::Junit | Format::Github | Format::InToto => unsupported(format),
    }
}

/// Prints a value as JSON.
pub(super) fn json_line<A: Serialize>(answer: &A) -> u8 {
    let value = serde_json::to_value(answer).map(|mut value| {
        typed::in_value(&mut value);
        value
    });
    match value.and_then(|value| serde_json::to_string_pretty(&value)) {
        Ok(text) => {
            out(&text);
            out("\n");
            exit::FINE
        }
        Err(e) => {
            err(&format!("failed: internal: {e}\n"));
            exit::FAULT
        }
    }
}

/// A format that this command has not.
pub(super) fn unsupported(format: Format) -> u8 {
    let name = match format {
        Format::Text => "text",
        Format::Json => "json",
        Format::Sarif => "sarif",
        Format::Junit => "junit",
        Format::Github => "github",
        Format::InToto => "in-toto",
    };
    err(&format!(
        "refused: bad-use: this command has no {name} output\nnext: use --format text or --format json (sarif: check, verify; junit: check, drill, verify; github, in-toto: verify)\n"
    ));
    exit::REFUSED
}

/// Prints a refusal or fault: words to stderr, and for programs the same as JSON to stdout.
pub(super) fn no(format: Format, no: &No) -> u8 {
    let (text, value, code) = match no {
        No::Refusal(r) => (
            r.to_string(),
            json!({"refused": {"code": r.code, "because": r.because, "evidence": r.evidence, "next": r.next}}),
            exit::REFUSED,
        ),
        No::Fault(f) => (f.to_string(), json!({"failed": {"because": f.because, "next": f.next}}), exit::FAULT),
        No::NeedsHuman(q) => (
            format!("refused: needs-a-human: {}", q.message),
            json!({"refused": {"code": "needs-a-human", "because": q.message}}),
            exit::REFUSED,
        ),
    };
    err(&typed::on_page(&text));
    err("\n");
    if format == Format::Json {
        json_line(&value);
    }
    code
}
