//! Bytes of a text as lines and columns.

use std::cell::Cell;

use crate::base::yaml::Span as At;

/// Where the lines of a text begin, and where the last place was: asking in order costs one pass over the text.
#[derive(Debug)]
pub(super) struct Places<'t> {
    text: &'t str,
    starts: Vec<usize>,
    /// Line, byte and column of the last answer.
    last: Cell<(usize, usize, usize)>,
}

impl<'t> Places<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, starts: starts(text), last: Cell::new((0, 0, 0)) }
    }

    /// Line and column, from 1, of a byte; of the character it lies in.
    pub(super) fn at(&self, byte: usize) -> At {
        let byte = floor(self.text, byte);
        let line = self.starts.partition_point(|s| *s <= byte).saturating_sub(1);
        let (last_line, last_byte, last_column) = self.last.get();
        let (from, before) = if last_line == line && last_byte <= byte {
            (last_byte, last_column)
        } else {
            (self.starts.get(line).copied().unwrap_or_default(), 0)
        };
        let column = before + self.text.get(from..byte).map_or(0, |t| t.chars().count());
        self.last.set((line, byte, column));
        let number = |n: usize| u32::try_from(n + 1).unwrap_or(u32::MAX);
        At { line: number(line), column: number(column) }
    }
}

/// Where the lines of a text begin.
pub(super) fn starts(text: &str) -> Vec<usize> {
    std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect()
}

/// Line and column, from 1, of a byte of a text whose lines begin there.
pub(super) fn at(text: &str, starts: &[usize], byte: usize) -> At {
    let byte = floor(text, byte);
    let line = starts.partition_point(|s| *s <= byte).saturating_sub(1);
    let from = starts.get(line).copied().unwrap_or_default();
    let column = text.get(from..byte).map_or(0, |t| t.chars().count());
    let number = |n: usize| u32::try_from(n + 1).unwrap_or(u32::MAX);
    At { line: number(line), column: number(column) }
}

/// The byte, or the first of the character that it lies in; the end of the text where it lies behind.
pub(super) fn floor(text: &str, byte: usize) -> usize {
    let mut byte = byte.min(text.len());
    while !text.is_char_boundary(byte) {
        byte -= 1;
    }
    byte
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn places_are_what_counting_from_the_top_gives(
            text in "[aé\n\r😀]{0,40}", bytes in prop::collection::vec(0_usize..90, 1..8)
        ) {
            let places = Places::new(&text);
            for byte in bytes {
                let before = &text[..floor(&text, byte)];
                let line = before.matches('\n').count() + 1;
                let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
                let at = places.at(byte);
                prop_assert_eq!((at.line as usize, at.column as usize), (line, column));
                prop_assert_eq!(super::at(&text, &starts(&text), byte), at);
            }
        }
    }
}
