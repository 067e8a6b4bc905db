//! Care for words: plurals, lengths, nearest names, and text that came from outside.

/// `1 record`, `2 records`; `noun` is the singular.
#[must_use]
pub fn plural(count: u64, noun: &str) -> String {
    if count == 1 {
        return format!("1 {noun}");
    }
    let many = match noun {
        n if n.ends_with('y') && !n.ends_with("ay") && !n.ends_with("ey") && !n.ends_with("oy") => {
            format!("{}ies", &n[..n.len() - 1])
        }
        n if n.ends_with('s') || n.ends_with('x') || n.ends_with("ch") || n.ends_with("sh") => format!("{n}es"),
        n => format!("{n}s"),
    };
    format!("{} {many}", thousands(count))
}

/// A noun with the article that it takes by its sound: `an email`, `a uuid`, `an hour`.
#[must_use]
pub fn article(noun: &str) -> String {
    let low = noun.to_lowercase();
    let starts = |any: &[&str]| any.iter().any(|p| low.starts_with(p));
    let vowel = starts(&["a", "e", "i", "o", "u", "hour", "honest", "heir", "x-", "sms", "html", "http", "mp3", "rfc"]);
    let consonant = starts(&["eu", "one", "once", "uni", "use", "uu", "ur", "usa", "ut", "ubi"]);
    format!("{} {noun}", if vowel && !consonant { "an" } else { "a" })
}

/// `1234567` as `1,234,567`.
#[must_use]
pub fn thousands(count: u64) -> String {
    let digits = count.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// Text from an API description or any other outside source, made safe to show (law 13): control and
/// direction characters out, white space folded, at most `max` characters with `…` where it was cut.
#[must_use]
pub fn quoted(text: &str, max: usize) -> String {
    // Most texts are short and clean.
    if text.len() <= max && is_plain(text) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len().min(max));
    let (mut space, mut left) = (false, max);
    for c in text.chars() {
        if !c.is_ascii_graphic() {
            if c.is_whitespace() {
                space = !out.is_empty();
                continue;
            }
            if c.is_control() || is_hidden(c) {
                continue;
            }
        }
        let wanted = if space { 2 } else { 1 };
        if left < wanted {
            // One more than fits: what follows cannot matter, and it may be megabytes.
            while out.chars().count() >= max.max(1) {
                out.pop();
            }
            out.push('…');
            return out;
        }
        if space {
            out.push(' ');
            space = false;
        }
        out.push(c);
        left -= wanted;
    }
    out
}

/// ASCII without control characters, without white space at an end or twice in a row.
fn is_plain(text: &str) -> bool {
    let mut before = b' ';
    for byte in text.bytes() {
        if !matches!(byte, b' '..=b'~') || (byte == b' ' && before == b' ') {
            return false;
        }
        before = byte;
    }
    before != b' ' || text.is_empty()
}

/// Zero-width, direction and tag characters, used to hide text from people.
#[must_use]
pub const fn is_hidden(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// A text as one word of a POSIX shell: as it is where nothing in it means something there, else in single quotes.
#[must_use]
pub fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./:=,@%+".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// At most `max` characters, the last one `…` where the text was cut.
#[must_use]
pub fn truncate(text: &str, max: usize) -> String {
    if text.chars().count() <= max {
        return text.to_owned();
    }
    let mut out: String = text.chars().take(max.saturating_sub(1)).collect();
    out.push('…');
    out
}

/// The candidate most like `name`, where one is near enough to be a slip of the pen.
#[must_use]
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if name.len() > LONGEST_NAME {
        return None; // nobody's slip, and comparing takes the product of both lengths
    }
    let lower = name.to_lowercase();
    let letters = Letters::of(&lower);
    candidates
        .into_iter()
        .filter(|c| c.len() <= LONGEST_NAME && letters.may_be_near(c))
        .map(|c| (strsim::jaro_winkler(&lower, &c.to_lowercase()), c))
        .filter(|(score, _)| *score >= 0.78)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, c)| c)
}

/// Longest name, in bytes, that is compared with others.
const LONGEST_NAME: usize = 256;

/// How often each letter is in a name, to tell at a glance that another has too little in common with it.
struct Letters {
    count: [u16; 128],
    length: usize,
}

impl Letters {
    /// Of a name in lower case; of one beyond ASCII nothing is told.
    fn of(name: &str) -> Option<Self> {
        let mut count = [0; 128];
        for byte in name.bytes() {
            *count.get_mut(usize::from(byte))? += 1;
        }
        Some(Self { count, length: name.len() })
    }
}

/// For [`Letters::of`].
trait Near {
    /// False where the similarity of Jaro and Winkler cannot reach what [`nearest`] asks for: with m letters in common it is
    /// at most (m/a + m/b + 1) / 3, and its bonus for a common beginning needs more than 0.7.
    fn may_be_near(&self, other: &str) -> bool;
}

impl Near for Option<Letters> {
    fn may_be_near(&self, other: &str) -> bool {
        let Some(letters) = self.as_ref().filter(|_| other.is_ascii()) else { return true };
        let mut left = letters.count;
        let mut common = 0_u32;
        for byte in other.bytes() {
            if let Some(n) = left.get_mut(usize::from(byte.to_ascii_lowercase())).filter(|n| **n > 0) {
                *n -= 1;
                common += 1;
            }
        }
        if letters.length == 0 || other.is_empty() {
            return letters.length == other.len();
        }
        let m = f64::from(common);
        (m / letters.length as f64 + m / other.len() as f64 + 1.0) / 3.0 > 0.699
    }
}

/// Guesses what was meant as long as it may: each candidate takes one of so many looks, so that thousands of slips among
/// thousands of names end.
#[derive(Debug)]
pub struct Guesses(std::cell::Cell<usize>);

impl Guesses {
    /// So many looks.
    #[must_use]
    pub const fn new(looks: usize) -> Self {
        Self(std::cell::Cell::new(looks))
    }

    /// The candidates, where there are looks left for all of them; else none.
    pub fn among<T>(&self, candidates: impl ExactSizeIterator<Item = T>) -> impl Iterator<Item = T> {
        let left = self.0.get().checked_sub(candidates.len());
        let most = if left.is_some() { candidates.len() } else { 0 };
        self.0.set(left.unwrap_or_else(|| self.0.get()));
        candidates.take(most)
    }
}

/// Whether one name was surely meant for the other: the same but for case and separators, or one slip apart in a word of
/// four letters and more.
#[must_use]
pub fn surely(name: &str, meant: &str) -> bool {
    if name.len().max(meant.len()) > LONGEST_NAME {
        return false;
    }
    let bare = |s: &str| s.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>();
    let (a, b) = (bare(name), bare(meant));
    let close = a.len().abs_diff(b.len()) <= 4; // one character is at most so many bytes
    !a.is_empty() && (a == b || (a.len() >= 4 && close && strsim::damerau_levenshtein(&a, &b) == 1))
}

/// `; did you mean "x"?` or nothing.
#[must_use]
pub fn did_you_mean<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    nearest(name, candidates).map_or_else(String::new, |n| format!("; did you mean \"{n}\"?"))
}

/// The estimate all budgets use: four characters to a token.
#[must_use]
pub fn tokens(text: &str) -> usize {
    text.chars().count().div_ceil(4)
}

/// Splits an identifier into lower-case words: `updatedAt_UTC` into `updated`, `at`, `utc`.
#[must_use]
pub fn words(name: &str) -> Vec<String> {
    if name.is_ascii() {
        return ascii_words(name.as_bytes());
    }
    let chars: Vec<char> = name.chars().collect();
    let mut out: Vec<String> = Vec::new();
    let mut word = String::new();
    for (i, c) in chars.iter().enumerate() {
        if !c.is_alphanumeric() {
            if !word.is_empty() {
                out.push(std::mem::take(&mut word));
            }
            continue;
        }
        let before = i.checked_sub(1).and_then(|j| chars.get(j));
        let after = chars.get(i + 1);
        let starts = c.is_uppercase()
            && (before.is_some_and(|b| b.is_lowercase() || b.is_ascii_digit())
                || (before.is_some_and(|b| b.is_uppercase()) && after.is_some_and(|a| a.is_lowercase())));
        if starts && !word.is_empty() {
            out.push(std::mem::take(&mut word));
        }
        word.extend(c.to_lowercase());
    }
    if !word.is_empty() {
        out.push(word);
    }
    out
}

fn ascii_words(name: &[u8]) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut word = String::new();
    for (i, b) in name.iter().enumerate() {
        if !b.is_ascii_alphanumeric() {
            if !word.is_empty() {
                out.push(std::mem::take(&mut word));
            }
            continue;
        }
        let before = i.checked_sub(1).and_then(|j| name.get(j));
        let starts = b.is_ascii_uppercase()
            && before.is_some_and(|before| {
                before.is_ascii_lowercase()
                    || before.is_ascii_digit()
                    || (before.is_ascii_uppercase() && name.get(i + 1).is_some_and(u8::is_ascii_lowercase))
            });
        if starts && !word.is_empty() {
            out.push(std::mem::take(&mut word));
        }
        if word.is_empty() {
            word.reserve(name.len() - i);
        }
        word.push(char::from(b.to_ascii_lowercase()));
    }
    if !word.is_empty() {
        out.push(word);
    }
    out
}
/// Plurals that no rule gives, and words that only look like plurals.
const IRREGULAR: [(&str, &str); 41] = [
    ("people", "person"),
    ("children", "child"),
    ("men", "man"),
    ("women", "woman"),
    ("indices", "index"),
    ("matrices", "matrix"),
    ("vertices", "vertex"),
    ("appendices", "appendix"),
    ("analyses", "analysis"),
    ("diagnoses", "diagnosis"),
    ("hypotheses", "hypothesis"),
    ("criteria", "criterion"),
    ("shelves", "shelf"),
    ("halves", "half"),
    ("quizzes", "quiz"),
    ("buses", "bus"),
    ("aliases", "alias"),
    ("canvases", "canvas"),
    ("biases", "bias"),
    ("atlases", "atlas"),
    ("movies", "movie"),
    ("cookies", "cookie"),
    ("calories", "calorie"),
    ("selfies", "selfie"),
    ("menus", "menu"),
    ("submenus", "submenu"),
    ("skus", "sku"),
    ("cpus", "cpu"),
    ("gpus", "gpu"),
    ("vcpus", "vcpu"),
    ("excuses", "excuse"),
    ("alias", "alias"),
    ("canvas", "canvas"),
    ("atlas", "atlas"),
    ("bias", "bias"),
    ("lens", "lens"),
    ("news", "news"),
    ("series", "series"),
    ("species", "species"),
    ("chaos", "chaos"),
    ("kudos", "kudos"),
];
/// Fields of knowledge, and initials that end in an S of their own.
const UNCOUNTED: [&str; 22] = [
    "analytics",
    "logistics",
    "diagnostics",
    "economics",
    "aws",
    "cms",
    "cors",
    "css",
    "dns",
    "gps",
    "https",
    "ios",
    "kms",
    "mms",
    "os",
    "pos",
    "paas",
    "saas",
    "sas",
    "sms",
    "tls",
    "dtls",
];

/// The singular of an English noun, as far as API names need it.
#[must_use]
pub fn singular(noun: &str) -> String {
    let n = noun;
    if !n.ends_with('s') && !n.ends_with('n') && !n.ends_with('e') && !n.ends_with('a') || UNCOUNTED.contains(&n) {
        return n.to_owned();
    }
    if let Some((_, one)) = IRREGULAR.iter().find(|(many, _)| *many == n) {
        return (*one).to_owned();
    }
    let without = |count: usize| n.get(..n.len() - count).unwrap_or(n).to_owned();
    if n.len() > 4 && n.ends_with("ies") {
        return format!("{}y", without(3));
    }
    // Warehouses and causes, but statuses and campuses.
    let us = n.ends_with("uses") && !n.ends_with("ouses") && !n.ends_with("auses");
    // Batches and coaches, but caches.
    let ch = n.ends_with("ches") && (!n.ends_with("aches") || n.ends_with("oaches") || n.ends_with("eaches"));
    if n.len() > 4 && (n.ends_with("sses") || ch || n.ends_with("shes") || n.ends_with("xes") || us) {
        return without(2);
    }
    if n.len() > 2 && n.ends_with('s') && !n.ends_with("ss") && !n.ends_with("us") && !n.ends_with("is") {
        return without(1);
    }
    n.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is passed over at a glance is never what a full look would have found.
    #[test]
    fn the_nearest_name_is_the_same_with_and_without_a_glance_at_its_letters() {
        let mut rng = crate::base::rng::Rng::seeded(11);
        let mut word = |most: u64| -> String {
            let length = rng.between(0, most);
            (0..length).filter_map(|_| char::from_u32(97 + u32::try_from(rng.below(7)).unwrap_or(0))).collect()
        };
        for _ in 0..400 {
            let name = word(8);
            let all: Vec<String> = (0..12).map(|_| word(9)).collect();
            let full = all
                .iter()
                .map(|c| (strsim::jaro_winkler(&name, c), c.as_str()))
                .filter(|(score, _)| *score >= 0.78)
                .max_by(|a, b| a.0.total_cmp(&b.0));
            assert_eq!(nearest(&name, all.iter().map(String::as_str)), full.map(|(_, c)| c), "{name} of {all:?}");
        }
        assert_eq!(nearest("Größe", ["grösse", "größe", "laenge"]), Some("größe"));
    }

    #[test]
    fn guesses_end() {
        let guesses = Guesses::new(5);
        assert_eq!(guesses.among([1, 2, 3].into_iter()).count(), 3);
        assert_eq!(guesses.among([1, 2, 3].into_iter()).count(), 0, "two looks are not enough for three");
        assert_eq!(guesses.among([1, 2].into_iter()).count(), 2);
        let long = "a".repeat(300);
        assert_eq!((nearest(&long, [long.as_str()]), surely(&long, &long)), (None, false));
    }

    #[test]
    fn an_article_goes_by_the_sound() {
        for (noun, want) in [
            ("email", "an email"),
            ("uuid", "a uuid"),
            ("uri", "a uri"),
            ("date", "a date"),
            ("ipv4", "an ipv4"),
            ("unit", "a unit"),
            ("user", "a user"),
            ("unpaid bill", "an unpaid bill"),
            ("hour", "an hour"),
            ("hostname", "a hostname"),
        ] {
            assert_eq!(article(noun), want);
        }
    }

    #[test]
    fn words_of_identifiers() {
        assert_eq!(words("updatedAt_UTC"), ["updated", "at", "utc"]);
        assert_eq!(words("HTTPServer2Name"), ["http", "server2", "name"]);
        assert_eq!(words("created[gte]"), ["created", "gte"]);
        assert_eq!(words(""), Vec::<String>::new());
    }

    #[test]
    fn nouns() {
        for (many, one) in [
            ("companies", "company"),
            ("warehouses", "warehouse"),
            ("clauses", "clause"),
            ("statuses", "status"),
            ("addresses", "address"),
            ("customers", "customer"),
            ("status", "status"),
            ("boxes", "box"),
            ("analysis", "analysis"),
            ("warehouses", "warehouse"),
            ("clauses", "clause"),
            ("caches", "cache"),
            ("batches", "batch"),
            ("people", "person"),
            ("aliases", "alias"),
            ("alias", "alias"),
            ("skus", "sku"),
            ("sms", "sms"),
            ("série", "série"),
        ] {
            assert_eq!(singular(many), one);
        }
        assert_eq!(plural(1, "entry"), "1 entry");
        assert_eq!(plural(2, "entry"), "2 entries");
        assert_eq!(plural(1200, "search"), "1,200 searches");
        assert_eq!(plural(0, "day"), "0 days");
    }

    #[test]
    fn outside_text_is_folded_and_bounded() {
        assert_eq!(quoted("a\n\tb\u{202e}c\u{7}", 10), "a bc");
        assert_eq!(quoted("abcdef", 4), "abc…");
    }

    #[test]
    fn slips_are_recognised_and_strangers_are_not() {
        assert_eq!(nearest("emial", ["email", "name"]), Some("email"));
        assert_eq!(nearest("zzz", ["email", "name"]), None);
    }
}
