//! Marks of a fence: what is to become of the code in it. `run`, `run exit=1`, `static`, `skip=because-of-this`, after the
//! language.

/// What a fence says is to be done with its code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mark {
    /// It is run, and must end with this code.
    Run {
        /// The code; 0 unless `exit=N` says otherwise.
        exit: i32,
    },
    /// It is parsed, not run.
    Static,
    /// It is left alone.
    Skip {
        /// Why, as a kebab-case word.
        because: String,
    },
    /// It begins like a mark, and is none.
    Malformed {
        /// What is wrong, as a fragment.
        because: String,
    },
}

impl Mark {
    /// The mark in the words of an info string after the language; nothing where there is none. Other words stand for
    /// whatever their readers take them for.
    #[must_use]
    pub fn of(words: &str) -> Option<Self> {
        let mut found: Option<Self> = None;
        let mut exit = None;
        for word in words.split_whitespace() {
            let next = match word {
                "run" => Self::Run { exit: 0 },
                "static" => Self::Static,
                "skip" => malformed("skip says no reason; write skip=the-reason"),
                _ if word.starts_with("skip=") => skip(&word["skip=".len()..]),
                _ if word.starts_with("exit=") => {
                    exit = Some(word);
                    continue;
                }
                _ => continue,
            };
            if found.is_some() {
                return Some(malformed("run, static and skip are given together; write one of them"));
            }
            found = Some(next);
        }
        match (found, exit) {
            (Some(Self::Run { .. }), Some(word)) => {
                let code = word["exit=".len()..].parse::<u8>();
                Some(code.map_or_else(
                    |_| malformed(&format!("{word} is no exit code from 0 to 255")),
                    |code| Self::Run { exit: i32::from(code) },
                ))
            }
            (found, _) => found,
        }
    }
}

fn malformed(because: &str) -> Mark {
    Mark::Malformed { because: because.to_owned() }
}

fn skip(reason: &str) -> Mark {
    let kebab = !reason.is_empty()
        && reason.split('-').all(|w| !w.is_empty() && w.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()));
    if kebab {
        return Mark::Skip { because: reason.to_owned() };
    }
    malformed("the reason of skip= is no kebab-case word")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_read_and_other_words_are_left_alone() {
        let run = |exit| Some(Mark::Run { exit });
        for (words, want) in [
            ("", None),
            ("title=\"x\" {1,3} linenums", None),
            ("run", run(0)),
            ("run exit=1", run(1)),
            ("exit=3 run", run(3)),
            ("exit=3", None),
            ("runs running", None),
            ("static title=a", Some(Mark::Static)),
            ("skip=needs-network", Some(Mark::Skip { because: "needs-network".to_owned() })),
        ] {
            assert_eq!(Mark::of(words), want, "{words}");
        }
        for words in ["skip", "skip=", "skip=Because", "run static", "run exit=x", "run exit=300", "run run"] {
            assert!(matches!(Mark::of(words), Some(Mark::Malformed { .. })), "{words}");
        }
    }
}
