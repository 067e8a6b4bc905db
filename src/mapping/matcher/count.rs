//! Numbers for words, and how rare they are.

use std::collections::BTreeMap;

use super::words::Vocabulary;

/// Numbers for words, values and meanings that both sides share.
#[derive(Default)]
pub(super) struct Shared(BTreeMap<String, u32>);

impl Shared {
    pub(super) fn number(&mut self, text: &str) -> u32 {
        let next = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        if let Some(n) = self.0.get(text) { *n } else { *self.0.entry(text.to_owned()).or_insert(next) }
    }

    /// The number of a word's meaning.
    pub(super) fn meaning(&mut self, word: &str) -> u32 {
        match Vocabulary::get().entry(word).and_then(|e| e.same.first()) {
            Some(line) => self.number(&format!("\u{1}{line}")),
            None => self.number(word),
        }
    }

    /// A word's meanings, and the lines that tell what is near it; words near each other share some of them.
    pub(super) fn spread(&mut self, word: &str, weight: f32, out: &mut Vec<(u32, f32)>) {
        let Some(entry) = Vocabulary::get().entry(word) else {
            // The same stem, where nobody knows the word: pathology, pathologic.
            let stem = word.char_indices().nth(7).map_or(word, |(i, _)| word.get(..i).unwrap_or(word));
            out.push((self.number(&format!("\u{4}{stem}")), weight));
            return;
        };
        if entry.same.is_empty() {
            out.push((self.number(word), weight));
        }
        for line in &entry.same {
            out.push((self.number(&format!("\u{1}{line}")), weight));
        }
        for line in entry.left.iter().chain(&entry.right) {
            out.push((self.number(&format!("\u{3}{line}")), weight * 0.5));
        }
    }
}

#[derive(Default)]
pub(super) struct Words {
    numbers: BTreeMap<String, u32>,
    pub(super) list: Vec<String>,
    pub(super) fields: Vec<u32>,
}

impl Words {
    pub(super) fn number(&mut self, word: &str) -> u32 {
        if let Some(n) = self.numbers.get(word) {
            return *n;
        }
        let next = u32::try_from(self.list.len()).unwrap_or(u32::MAX);
        self.numbers.insert(word.to_owned(), next);
        self.list.push(word.to_owned());
        self.fields.push(0);
        next
    }

    pub(super) fn all(&mut self, words: &[String]) -> Vec<u32> {
        let mut out = Vec::with_capacity(words.len());
        for word in words {
            let n = self.number(word);
            if !out.contains(&n) {
                out.push(n);
            }
        }
        out
    }

    pub(super) fn rarity(&self, fields: usize) -> Vec<f32> {
        const WEAK: [&str; 8] = ["the", "of", "a", "an", "is", "has", "by", "in"];
        let n = fields.max(1) as f32;
        let top = (1.0 + n).ln();
        let of = |(word, count): (&String, &u32)| {
            let rare = (1.0 + n / (*count).max(1) as f32).ln() / top;
            let wrapper = Vocabulary::get().entry(word).is_some_and(|e| e.wrapper);
            if WEAK.contains(&word.as_str()) {
                0.15 * rare
            } else if wrapper {
                0.4 * rare
            } else {
                rare
            }
        };
        self.list.iter().zip(&self.fields).map(of).collect()
    }
}
