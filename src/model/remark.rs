//! What a description says at length: texts that the model has no field for, kept to be searched.

use super::{Event, Operation, System};

/// A text of the description, as written but for its end where it is long: untrusted, to be searched, and shown only through
/// [`crate::base::text::quoted`].
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Remark {
    /// What it is about.
    pub about: RemarkOf,
    /// At most [`Remark::MOST`] bytes.
    pub text: String,
    /// Where it was read.
    pub pointer: String,
}

/// Whether a text says that what it is about counts from zero, as pages of some systems do.
#[must_use]
pub fn counts_from_zero(text: &str) -> bool {
    const SAYS: [&str; 12] = [
        "zero-based",
        "0-based",
        "zero based",
        "starts at 0",
        "starting at 0",
        "starts from 0",
        "starting from 0",
        "starting with 0",
        "0-indexed",
        "zero-indexed",
        "first page is 0",
        "the first is 0",
    ];
    let text = text.to_lowercase();
    SAYS.iter().any(|s| text.contains(s))
}

/// What a text is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub enum RemarkOf {
    /// The whole system.
    System,
    /// The operation at this place in [`System::operations`].
    Operation(u32),
    /// The event of this name.
    Event(String),
}

impl Remark {
    /// Most bytes of one text; what is said later is not searched.
    pub const MOST: usize = 4_000;

    /// A text, cut where it is too long.
    #[must_use]
    pub fn new(about: RemarkOf, text: &str, pointer: String) -> Self {
        let mut end = text.len().min(Self::MOST);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        Self { about, text: text.get(..end).unwrap_or_default().to_owned(), pointer }
    }

    /// Its sentences. A line break ends one only where a list or a paragraph does: YAML folds lines.
    pub fn sentences(&self) -> impl Iterator<Item = &str> {
        let mut rest = self.text.as_str();
        let all = std::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            let (sentence, after) = rest.split_at(end(rest));
            rest = after;
            Some(sentence.trim().trim_start_matches(['-', '*', '#', ' ']))
        });
        all.filter(|sentence| !sentence.is_empty())
    }
}

/// Bytes of the first sentence, with what ends it.
fn end(text: &str) -> usize {
    let bytes = text.as_bytes();
    let ends = |pair: &[u8]| {
        matches!(pair, [b'.', b' ' | b'\n'] | [b'!' | b'?', b' '] | [b'\n', b'\n' | b'-' | b'*' | b'#'] | [b'|', _])
    };
    let at = bytes.windows(2).position(ends);
    // A bar and a line break stand alone; a mark of the next point belongs to that.
    at.map_or(text.len(), |at| if matches!(bytes.get(at), Some(b'|' | b'\n')) { at + 1 } else { at + 2 })
}

impl System {
    /// What is said of the system as a whole.
    #[must_use]
    pub fn remarks_of_all(&self) -> &[Remark] {
        self.remarks_about(&RemarkOf::System)
    }

    /// What is said of an operation of this system and of its answers.
    #[must_use]
    pub fn remarks_of(&self, operation: &Operation) -> &[Remark] {
        let at = self.operations.iter().position(|o| std::ptr::eq(o, operation)).and_then(|i| u32::try_from(i).ok());
        at.map_or(&[], |at| self.remarks_about(&RemarkOf::Operation(at)))
    }

    /// What is said of an event.
    #[must_use]
    pub fn remarks_of_event(&self, event: &Event) -> &[Remark] {
        self.remarks_about(&RemarkOf::Event(event.name.clone()))
    }

    fn remarks_about(&self, subject: &RemarkOf) -> &[Remark] {
        let from = self.remarks.partition_point(|r| r.about < *subject);
        let to = self.remarks.partition_point(|r| r.about <= *subject);
        self.remarks.get(from..to).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_sentence_by_sentence() {
        let of = |text: &str| {
            let remark = Remark::new(RemarkOf::System, text, String::new());
            remark.sentences().map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(of("One. Two\nlines.\n\n- A point\n- another"), ["One.", "Two\nlines.", "A point", "another"]);
        assert_eq!(of("a|ä|b! Ü? c"), ["a|", "ä|", "b!", "Ü?", "c"]);
        assert_eq!(of(" \n\n "), Vec::<String>::new());
    }

    #[test]
    fn a_long_text_is_cut_between_letters() {
        let remark = Remark::new(RemarkOf::System, &"ä".repeat(3_000), String::new());
        assert_eq!(remark.text.len(), Remark::MOST);
        let odd = Remark::new(RemarkOf::System, &format!("x{}", "ä".repeat(3_000)), String::new());
        assert_eq!(odd.text.len(), Remark::MOST - 1);
    }
}
