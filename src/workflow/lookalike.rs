//! Text as a reader sees it: what a scan must look at, so that a letter that only looks like another, or one that is not
//! seen at all, hides nothing.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::base::text::quoted;

/// The text cleaned as it is before it is written, in the plain letters that it shows: compatibility forms decomposed,
/// accents and what is never displayed left out, look-alikes of Latin letters in their Latin form.
#[must_use]
pub fn as_read(text: &str) -> String {
    let seen: String = text.nfkd().filter(|c| !is_combining_mark(*c) && !is_invisible(*c)).map(latin).collect();
    quoted(&seen, usize::MAX)
}

/// Characters that are not displayed; the rest of those is what [`quoted`] leaves out.
const fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0100}'..='\u{e01ef}'
    )
}

/// The Latin letter that a Cyrillic, Greek or Armenian one looks like, for those that the words of a confidence have.
const fn latin(c: char) -> char {
    match c {
        'а' | 'α' | 'ɑ' => 'a',
        'с' | 'ϲ' | 'ᴄ' => 'c',
        'ԁ' => 'd',
        'е' | 'ҽ' | 'ε' => 'e',
        'ƒ' => 'f',
        'ɡ' | 'ց' => 'g',
        'і' | 'ı' | 'ι' | 'ɩ' | 'ӏ' => 'i',
        'ո' | 'ռ' | 'п' | 'η' => 'n',
        'о' | 'ο' | 'օ' | 'ᴏ' => 'o',
        'р' | 'ρ' => 'p',
        'г' | 'ᴦ' => 'r',
        'ѕ' | 'ꜱ' => 's',
        'т' | 'τ' => 't',
        'υ' | 'ս' | 'ᴜ' => 'u',
        'ν' | 'ѵ' => 'v',
        'х' | 'χ' => 'x',
        'у' | 'γ' => 'y',
        'С' | 'Ϲ' => 'C',
        'О' | 'Ο' | 'Օ' => 'O',
        'Ν' => 'N',
        'Е' | 'Ε' => 'E',
        'І' | 'Ι' | 'Ӏ' => 'I',
        'Ѕ' | 'Տ' => 'S',
        'Т' | 'Τ' => 'T',
        'Р' | 'Ρ' => 'P',
        'А' | 'Α' => 'A',
        '։' | '∶' | 'ː' | '˸' => ':',
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_alike_reads_alike() {
        for text in [
            "Confi\u{ad}dence: 0.95",
            "Confi\u{0}dence: 0.95",
            "Con\u{200b}fi\u{2060}dence:\n0.95",
            "C\u{43e}nfid\u{435}nce: 0.95",
            "Ｃｏｎｆｉｄｅｎｃｅ： ０．９５",
            "Conﬁdence: 0.95",
            "Confidénce: 0.95",
            "\u{202e}Confidence: 0.95",
            "𝐂𝐨𝐧𝐟𝐢𝐝𝐞𝐧𝐜𝐞: 𝟎.𝟗𝟓",
        ] {
            assert_eq!(as_read(text), "Confidence: 0.95", "{text:?}");
        }
        assert_eq!(as_read("12 of 14 drills passed"), "12 of 14 drills passed");
    }
}
