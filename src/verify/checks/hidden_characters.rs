//! Characters that people do not see and agents obey.

use crate::base::text::is_hidden;
use crate::finding::{Finding, Severity};
use crate::skill::Skill;
use crate::verify::{Check, Profile, Rule, Subject, texts};

const RULE: Rule = Rule {
    code: "hidden-characters",
    id: "PI052",
    severity: Severity::Error,
    finds: "A file holds characters that are not shown, or letters of another script within a word.",
    source: "Unicode Technical Standard 39; hidden text is read by models and not by reviewers",
};

pub(super) const CHECK: Check = Check { rules: &[RULE], profile: Profile::Sync, run };

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    subject.skills().flat_map(|skill| of(skill, subject)).collect()
}

fn of(skill: &Skill, subject: &Subject<'_>) -> Vec<Finding> {
    let mut out = Vec::new();
    for (path, text) in texts::of(skill, subject) {
        // The mark at the very top has its own rule in SKILL.md, and is no text elsewhere.
        let skipped = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        for (start, line) in texts::lines(text.get(skipped..).unwrap_or_default()) {
            if line.is_ascii() && !line.bytes().any(|b| b.is_ascii_control() && b != b'\t') {
                continue;
            }
            let mut from = 0;
            for word in line.split(|c: char| !(c.is_alphanumeric() || c == '_')) {
                // A line of confidence has a rule of its own for this.
                if let Some((at, c)) = foreign(word).filter(|_| !line.contains("(ceiling")) {
                    let because = format!(
                        "U+{:04X} looks like a Latin letter and is none, in a word of Latin letters",
                        u32::from(c)
                    );
                    let place = subject.place(path, skipped + start + from + at);
                    out.push(RULE.at(place, because).fix("write the Latin letter"));
                    break;
                }
                let rest = line.get(from + word.len()..).and_then(|r| r.chars().next());
                from += word.len() + rest.map_or(0, char::len_utf8);
            }
            let Some((at, c)) = bad(line) else { continue };
            let because = format!("character U+{:04X} is not shown to people", u32::from(c));
            let mut finding = RULE.at(subject.place(path, skipped + start + at), because);
            // Escapes of a terminal are careless in a script, and rarely more; a mark before a fence keeps it from opening
            // a block, in a text that shows one.
            if c.is_control() || before_fence(line, at, c) {
                finding.severity = Severity::Warning;
            }
            out.push(finding.fix("remove it; write what it hides in plain sight, or not at all"));
        }
    }
    out
}

/// Whether a line is a fence but for one character before it.
fn before_fence(line: &str, at: usize, c: char) -> bool {
    let before = line.get(..at).unwrap_or_default();
    let after = line.get(at + c.len_utf8()..).unwrap_or_default();
    before.trim_start_matches(['>', ' ', '\t']).is_empty()
        && (after.starts_with("```") || after.starts_with("~~~"))
        && bad(after).is_none()
}

/// A letter of another script that looks like a Latin one, within a word of Latin letters: a name that is not the one it seems.
fn foreign(word: &str) -> Option<(usize, char)> {
    let latin = word.chars().filter(char::is_ascii_alphabetic).count();
    let others = word.chars().filter(|c| c.is_alphabetic() && !c.is_ascii() && !LOOKALIKE.contains(*c)).count();
    let found = word.char_indices().find(|(_, c)| LOOKALIKE.contains(*c))?;
    (latin >= 3 && others == 0).then_some(found)
}

/// Letters of Cyrillic and Greek that are drawn like Latin ones.
const LOOKALIKE: &str = "\u{430}\u{435}\u{43e}\u{440}\u{441}\u{443}\u{445}\u{456}\u{458}\u{455}\u{501}\u{3bf}\u{410}\u{412}\u{415}\u{41a}\u{41c}\u{41d}\u{41e}\u{420}\u{421}\u{422}\u{425}\u{391}\u{392}\u{395}\u{399}\u{39a}\u{39c}\u{39d}\u{39f}\u{3a1}\u{3a4}\u{3a7}";

/// The first character of a line that hides something, with its byte.
fn bad(line: &str) -> Option<(usize, char)> {
    let right_to_left =
        line.chars().any(|c| matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}'));
    let chars: Vec<(usize, char)> = line.char_indices().collect();
    for (i, (at, c)) in chars.iter().enumerate() {
        let before = i.checked_sub(1).and_then(|j| chars.get(j)).map(|(_, c)| *c);
        let after = chars.get(i + 1).map(|(_, c)| *c);
        let fine = match *c {
            '\t' | '\r' | '\u{c}' => true,
            // Emoji are joined by it, and letters of scripts that join.
            '\u{200c}' | '\u{200d}' => before.is_some_and(joins) && after.is_some_and(joins),
            '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{2066}'..='\u{2069}' | '\u{202a}'..='\u{202c}' => right_to_left,
            // Hosts of documentation leave it as the text of the link beside a heading.
            '\u{200b}' => before == Some('[') && after == Some(']'),
            // A word joiner or a mark between letters of one word hides nothing only where there are none.
            '\u{e0020}'..='\u{e007f}' => line
                .get(..*at)
                .is_some_and(|t| t.trim_end_matches(|c| matches!(c, '\u{e0020}'..='\u{e007f}')).ends_with('\u{1f3f4}')),
            // Selectors of variants: one after a character chooses its form, several carry data.
            '\u{fe00}'..='\u{fe0f}' => before.is_none_or(|b| !is_selector(b)),
            '\u{e0100}'..='\u{e01ef}' => before.is_some_and(|b| b > '\u{2e80}' && !is_selector(b)),
            c => !(is_hidden(c) || c.is_control()),
        };
        if !fine {
            return Some((*at, *c));
        }
    }
    None
}

const fn is_selector(c: char) -> bool {
    matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

/// Characters between which a joiner has a meaning.
const fn joins(c: char) -> bool {
    matches!(c, '\u{600}'..='\u{8ff}' | '\u{900}'..='\u{109f}' | '\u{1780}'..='\u{18af}' | '\u{200d}' | '\u{2190}'..='\u{2bff}'
        | '\u{fe0f}' | '\u{fb50}'..='\u{fdff}' | '\u{1f000}'..='\u{1faff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_before_a_fence_hides_nothing_that_counts() {
        let fence = |line: &str| bad(line).map(|(at, c)| before_fence(line, at, c));
        assert_eq!(fence("\u{200b}```sh"), Some(true));
        assert_eq!(fence("  \u{200e}```"), Some(true));
        assert_eq!(fence("\u{200b}\u{200b}```"), Some(false));
        assert_eq!(fence("\u{200b}text"), Some(false));
        assert_eq!(fence("```sh \u{200b}"), Some(false));
    }

    #[test]
    fn what_scripts_and_emoji_need_hides_nothing() {
        for line in [
            "plain",
            "family \u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}",
            "heart \u{2764}\u{fe0f}\u{200d}\u{1f525}",
            "\u{0645}\u{06cc}\u{200c}\u{062e}\u{0648}\u{0627}\u{0647}\u{0645}",
            "\u{5e9}\u{5dc}\u{5d5}\u{5dd}\u{200f}!",
            "flag \u{1f3f4}\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
            "## Title[\u{200b}](#title)",
        ] {
            assert_eq!(bad(line), None, "{line:?}");
        }
        for line in [
            "plain\u{200b}text",
            "a\u{200d}b",
            "a\u{202e}b",
            "a\u{2066}b",
            "a\u{e0041}",
            "a\u{2060}b",
            "a\u{feff}b",
            "a\u{fe00}\u{fe01}",
            "a\u{e0100}",
            "a\u{7}b",
        ] {
            assert!(bad(line).is_some(), "{line:?}");
        }
    }
}
