//! One-time phrases: a few words that a person reads and types, bound to a text by a keyed hash. Whoever knows the
//! words knows them for this text alone: for any other text, the same key gives other words.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// 128 short words, all different in sound and spelling: 7 bits each.
const WORDS: [&str; 128] = [
    "acorn", "amber", "anchor", "apple", "arrow", "aspen", "badge", "bamboo", "banjo", "barley", "basil", "beacon",
    "berry", "birch", "bison", "blanket", "bottle", "bramble", "breeze", "bridge", "bronze", "bucket", "button",
    "cactus", "camel", "candle", "canyon", "carrot", "cedar", "cherry", "cider", "cinder", "citrus", "clover",
    "cobalt", "comet", "copper", "coral", "cotton", "cradle", "cricket", "crystal", "dagger", "daisy", "desert",
    "dolphin", "donkey", "dragon", "drum", "eagle", "ember", "falcon", "feather", "fennel", "ferry", "fiddle", "flint",
    "forest", "fountain", "fox", "garden", "garlic", "ginger", "glacier", "goblet", "granite", "grape", "hammer",
    "harbor", "hazel", "heron", "honey", "island", "ivory", "jacket", "jasmine", "jungle", "kettle", "kitten",
    "ladder", "lantern", "lemon", "lily", "lizard", "lobster", "magnet", "mango", "maple", "marble", "meadow", "melon",
    "mirror", "monkey", "mountain", "mushroom", "needle", "nutmeg", "oasis", "olive", "onion", "orchid", "otter",
    "oyster", "paddle", "panther", "paper", "parrot", "pebble", "pepper", "pillow", "pine", "planet", "plum", "pocket",
    "prairie", "pumpkin", "quartz", "rabbit", "raven", "river", "saddle", "salmon", "shadow", "silver", "spruce",
    "thunder", "turtle", "velvet",
];

/// The phrase of a text under a key: four words, 28 bits, for one attempt.
#[must_use]
pub fn of(key: &[u8; 32], text: &str) -> String {
    // HMAC takes a key of any length.
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes any key");
    mac.update(text.as_bytes());
    let hash = mac.finalize().into_bytes();
    let words: Vec<&str> =
        hash.iter().take(4).filter_map(|byte| WORDS.get(usize::from(*byte) % WORDS.len()).copied()).collect();
    words.join(" ")
}

/// Whether what was typed is this phrase: case and spaces do not matter.
#[must_use]
pub fn same(phrase: &str, typed: &str) -> bool {
    let plain = |t: &str| t.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>();
    !typed.trim().is_empty() && plain(phrase) == plain(typed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phrase_is_of_one_text_and_one_key() {
        let phrase = of(&[1; 32], "contract: sha256:aa");
        assert_eq!(phrase, of(&[1; 32], "contract: sha256:aa"));
        assert_ne!(phrase, of(&[1; 32], "contract: sha256:ab"));
        assert_ne!(phrase, of(&[2; 32], "contract: sha256:aa"));
        assert_eq!(phrase.split(' ').count(), 4);
    }

    #[test]
    fn every_word_can_be_told_from_every_other() {
        let different: std::collections::BTreeSet<&str> = WORDS.into_iter().collect();
        assert_eq!(different.len(), WORDS.len());
        assert!(WORDS.iter().all(|w| w.bytes().all(|b| b.is_ascii_lowercase())));
    }

    #[test]
    fn what_was_typed_counts_word_for_word() {
        assert!(same("amber fox plum river", "  Amber fox  PLUM river\n"));
        assert!(!same("amber fox plum river", "amber fox plum"));
        assert!(!same("amber fox plum river", "") && !same("", ""));
    }
}
