//! What words of field names mean: `words.txt`, read once.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::alike::alike;
use crate::base::text::{singular, words};

/// The vocabulary: words with the meanings they share.
#[derive(Debug, Default)]
pub(super) struct Vocabulary {
    words: BTreeMap<String, Entry>,
    /// What a short or joined word stands for.
    stands: BTreeMap<String, Vec<String>>,
    /// The word that stands for a meaning: the first of its line.
    firsts: BTreeMap<u16, String>,
}

/// What is known of one word. Meanings are numbers of lines of the file.
#[derive(Debug, Default, Clone)]
pub(super) struct Entry {
    pub(super) same: Vec<u16>,
    /// Lines with `~` that have the word on the left, or on the right: near is who stands on the other side.
    pub(super) left: Vec<u16>,
    pub(super) right: Vec<u16>,
    /// Sets of words that exclude each other, with the place in the set.
    pub(super) excludes: Vec<(u16, u8)>,
    pub(super) wrapper: bool,
    /// Says that there is another one before it: `secondary`, `other`.
    pub(super) secondary: bool,
}

/// Longest word that is taken apart by known words, or looked at letter by letter.
pub(super) const LONGEST: usize = 40;

impl Vocabulary {
    /// The one that is built in.
    pub(super) fn get() -> &'static Self {
        static ONE: OnceLock<Vocabulary> = OnceLock::new();
        ONE.get_or_init(|| Self::read(include_str!("words.txt")))
    }

    fn read(text: &str) -> Self {
        let mut out = Self::default();
        for (line, n) in text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')).zip(0_u16..) {
            if let Some((short, long)) = line.split_once('=') {
                let long: Vec<String> = long.split_whitespace().map(singular).collect();
                for word in &long {
                    out.words.entry(word.clone()).or_default();
                }
                out.stands.insert(short.trim().to_owned(), long);
            } else if let Some((left, right)) = line.split_once('~') {
                left.split_whitespace().for_each(|w| out.words.entry(singular(w)).or_default().left.push(n));
                right.split_whitespace().for_each(|w| out.words.entry(singular(w)).or_default().right.push(n));
            } else {
                let (mark, rest) = match line.split_once(' ') {
                    Some((mark @ ("!" | "." | "?" | "-"), rest)) => (mark, rest),
                    _ => ("", line),
                };
                for (place, word) in (0_u8..).zip(rest.split_whitespace()) {
                    let entry = out.words.entry(singular(word)).or_default();
                    match mark {
                        "!" => entry.excludes.push((n, place)),
                        "." => entry.wrapper = true,
                        "-" => entry.secondary = true,
                        "?" => {}
                        _ => {
                            entry.same.push(n);
                            out.firsts.entry(n).or_insert_with(|| singular(word));
                        }
                    }
                }
            }
        }
        out.spread();
        out
    }

    /// What excludes a word excludes the words of the same meaning too, unless the set names them itself.
    fn spread(&mut self) {
        let mut of_line: BTreeMap<u16, Vec<(u16, u8)>> = BTreeMap::new();
        for entry in self.words.values() {
            for line in &entry.same {
                of_line.entry(*line).or_default().extend(&entry.excludes);
            }
        }
        for entry in self.words.values_mut() {
            let named: Vec<u16> = entry.excludes.iter().map(|e| e.0).collect();
            for line in &entry.same {
                for new in of_line.get(line).into_iter().flatten() {
                    if !named.contains(&new.0) && !entry.excludes.contains(new) {
                        entry.excludes.push(*new);
                    }
                }
            }
        }
    }

    pub(super) fn entry(&self, word: &str) -> Option<&Entry> {
        self.words.get(word)
    }

    /// The words of a name, lower-case and singular, joined and short ones taken apart: `createdate` is created and date.
    pub(super) fn words_of(&self, name: &str) -> Vec<String> {
        let mut out = Vec::new();
        for word in words(name) {
            // `line1` is line and 1; `3rd` stays.
            let digits = word.len() - word.trim_end_matches(|c: char| c.is_ascii_digit()).len();
            let (head, number) = word.split_at(word.len() - digits);
            if !head.is_empty() {
                self.take_apart(head, &mut out);
            }
            if !number.is_empty() {
                out.push(number.trim_start_matches('0').to_owned());
            }
        }
        out.retain(|w| !w.is_empty());
        out
    }

    /// The words of a name, each replaced by the one that stands for its meaning; none twice.
    pub(super) fn meaning(&self, name: &str) -> Vec<String> {
        let mut out: Vec<String> = Vec::new();
        for word in self.words_of(name) {
            let first = self.entry(&word).and_then(|e| e.same.first()).and_then(|line| self.firsts.get(line));
            let word = first.cloned().unwrap_or(word);
            if !out.contains(&word) {
                out.push(word);
            }
        }
        out
    }

    /// Whether two words are alike enough to name as the reason of a match.
    pub(super) fn akin(&self, a: &str, b: &str) -> bool {
        self.likeness(a, b) >= 0.5
    }

    /// How alike two words are, 0 to 1.
    pub(super) fn likeness(&self, a: &str, b: &str) -> f32 {
        if a == b { 1.0 } else { alike((a, self.entry(a)), (b, self.entry(b))) }
    }

    fn take_apart(&self, word: &str, out: &mut Vec<String>) {
        let one = singular(word);
        for form in [word, one.as_str()] {
            if let Some(long) = self.stands.get(form) {
                out.extend(long.iter().cloned());
                return;
            }
        }
        if self.known(word) || self.known(&one) || !(6..=LONGEST).contains(&word.len()) || !word.is_ascii() {
            out.push(one);
            return;
        }
        match self.segments(word) {
            Some(parts) => {
                for part in parts {
                    match self.stands.get(part) {
                        Some(long) => out.extend(long.iter().cloned()),
                        None => out.push(singular(part)),
                    }
                }
            }
            None => out.push(one),
        }
    }

    fn known(&self, word: &str) -> bool {
        self.words.contains_key(word) || self.stands.contains_key(word)
    }

    /// Known words that make up the whole of `word`, the fewest; at most four, and none of one letter.
    fn segments<'w>(&self, word: &'w str) -> Option<Vec<&'w str>> {
        // For each end: how many words lead there, and where the last of them starts.
        let mut best: Vec<Option<(usize, usize)>> = vec![None; word.len() + 1];
        if let Some(first) = best.first_mut() {
            *first = Some((0, 0));
        }
        for end in 2..=word.len() {
            for start in 0..end - 1 {
                let Some(Some((count, _))) = best.get(start).copied() else { continue };
                let Some(part) = word.get(start..end) else { continue };
                let short =
                    part.len() == 2 && !["id", "at", "by", "on", "to", "is", "no", "in", "of", "or"].contains(&part);
                if short || !(self.known(part) || part.len() > 4 && self.known(&singular(part))) {
                    continue;
                }
                if let Some(slot) = best.get_mut(end)
                    && slot.is_none_or(|(c, _)| count + 1 < c)
                {
                    *slot = Some((count + 1, start));
                }
            }
        }
        let (count, _) = (*best.last()?)?;
        if !(2..=4).contains(&count) {
            return None;
        }
        let (mut parts, mut end) = (Vec::new(), word.len());
        while end > 0 {
            let (_, start) = (*best.get(end)?)?;
            parts.push(word.get(start..end)?);
            end = start;
        }
        parts.reverse();
        Some(parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joined_and_short_names_are_taken_apart() {
        let of = |name: &str| Vocabulary::get().words_of(name).join(" ");
        assert_eq!(of("createdate"), "created date");
        assert_eq!(of("hs_lastmodifieddate"), "hs last modified date");
        assert_eq!(of("mobilephone"), "mobile phone");
        assert_eq!(of("dob"), "birth date");
        assert_eq!(of("address1"), "address 1");
        assert_eq!(of("line_items"), "line item");
        assert_eq!(of("photograph"), "photograph");
    }

    #[test]
    fn no_word_is_taken_apart_into_itself() {
        let v = Vocabulary::get();
        for (short, long) in &v.stands {
            assert!(!long.contains(short), "{short}");
        }
    }
}
