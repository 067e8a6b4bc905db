//! What a description says at length of an operation, an event or the whole system, sentence by sentence.

use crate::model::{Event, Operation, Remark, System};

/// One sentence of a description, as written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told<'a> {
    /// Untrusted: it is shown through [`crate::base::text::quoted`] alone.
    pub(super) text: &'a str,
    pub(super) pointer: &'a str,
}

impl Told<'_> {
    /// Whether it has one of the phrases, which are in lower case with single spaces.
    pub(super) fn says(&self, phrases: &[&str]) -> bool {
        let text = plain(self.text);
        phrases.iter().any(|p| text.contains(p))
    }
}

/// In lower case, with single spaces; what is not ASCII stays, since phrases are.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_whitespace() {
            if !out.is_empty() && !out.ends_with(' ') {
                out.push(' ');
            }
        } else {
            out.push(c.to_ascii_lowercase());
        }
    }
    out
}

/// What is said of an operation: its description, those of its answers, its summary.
pub(super) fn of_operation<'a>(system: &'a System, operation: &'a Operation) -> Vec<Told<'a>> {
    let summary = Told { text: &operation.summary, pointer: &operation.pointer };
    of(system.remarks_of(operation)).chain((!operation.summary.is_empty()).then_some(summary)).collect()
}

/// What is said of the system as a whole.
pub(super) fn of_system(system: &System) -> Vec<Told<'_>> {
    of(system.remarks_of_all()).collect()
}

/// What is said of an event and of the headers that come with it.
pub(super) fn of_event<'a>(system: &'a System, event: &'a Event) -> Vec<Told<'a>> {
    let summary = Told { text: &event.summary, pointer: &event.pointer };
    let headers = event.headers.iter().map(|h| Told { text: &h.description, pointer: &h.pointer });
    of(system.remarks_of_event(event)).chain([summary]).chain(headers).filter(|t| !t.text.is_empty()).collect()
}

fn of(remarks: &[Remark]) -> impl Iterator<Item = Told<'_>> {
    remarks.iter().flat_map(|r| r.sentences().map(move |text| Told { text, pointer: &r.pointer }))
}

#[cfg(test)]
mod tests {
    use super::Told;

    #[test]
    fn a_phrase_is_found_over_lines_and_in_any_case() {
        let told = |text| Told { text, pointer: "" };
        assert!(told("Fields that are\n  Left   OUT are cleared.").says(&["left out are cleared"]));
        assert!(!told("Nothing is left.").says(&["left out"]));
        assert!(!told("").says(&["left out"]));
    }
}
