//! Lists of codes: a country as a name ends where ISO 3166 is wanted, a language tag with an underscore where BCP 47 is.

use super::said::Field;
use super::{Doubt, Pair};

/// What is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Country,
    Language,
    Currency,
}

/// In which list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Alpha2,
    Alpha3,
    Numeric,
    /// In words.
    Name,
    /// `en-GB`
    Tag,
    /// `en_GB`
    Posix,
    Symbol,
    Upper,
    Lower,
}

impl Form {
    const fn told(self, what: What) -> &'static str {
        match (what, self) {
            (What::Country, Self::Alpha2) => "codes of two letters (ISO 3166-1 alpha-2)",
            (What::Country, Self::Alpha3) => "codes of three letters (ISO 3166-1 alpha-3)",
            (What::Language, Self::Alpha2) => "codes of two letters (ISO 639-1)",
            (What::Language, Self::Alpha3) => "codes of three letters (ISO 639-2)",
            (What::Currency, Self::Alpha2 | Self::Alpha3 | Self::Upper) => "codes in upper case (ISO 4217)",
            (_, Self::Lower) => "codes in lower case",
            (_, Self::Upper) => "codes in upper case",
            (_, Self::Numeric) => "numeric codes",
            (_, Self::Name) => "names",
            (_, Self::Tag) => "tags with a hyphen (BCP 47)",
            (_, Self::Posix) => "locales with an underscore",
            (_, Self::Symbol) => "symbols",
        }
    }
}

/// Values of one list end where another is wanted.
pub(super) fn list_mismatch(pair: &Pair<'_>) -> Option<Doubt> {
    if !pair.keeps_meaning() || !pair.from.is_text() || !pair.to.is_text() {
        return None;
    }
    let what = what(&pair.from)?;
    if self::what(&pair.to)? != what {
        return None;
    }
    let (mut from, to) = (form(what, &pair.from)?, form(what, &pair.to)?);
    for step in pair.steps {
        from = match (step.transform.name, from) {
            ("upper", Form::Lower) => Form::Upper,
            ("lower", Form::Upper) => Form::Lower,
            (_, from) => from,
        };
    }
    // A code of two letters is a tag too, where the length lets it through.
    let fits = from == to
        || (what == What::Language && from == Form::Alpha2 && to == Form::Tag && pair.to.kind.min_length <= 2);
    if fits {
        return None;
    }
    let message = format!("source {{from}} holds {}, target {{to}} takes {}", from.told(what), to.told(what));
    let fix = match (from, to) {
        (Form::Lower, Form::Upper) => "add upper".to_owned(),
        (Form::Upper, Form::Lower) => "add lower".to_owned(),
        (Form::Posix, Form::Tag) => "add language_tag".to_owned(),
        (Form::Tag, Form::Posix) => "add {replace: {\"-\": \"_\"}}".to_owned(),
        (Form::Tag, Form::Alpha2) => "add {split: \"-\"} and first".to_owned(),
        _ => "map them in a values table, or map a field that holds the other form".to_owned(),
    };
    Some(Doubt::new("code-list-mismatch", 0.7, message, fix))
}

fn what(field: &Field<'_>) -> Option<What> {
    if field.named(&["country", "nation", "nationality", "countries"]) || field.says(&["iso 3166-1", "iso-3166-1"]) {
        return Some(What::Country);
    }
    if field.named(&["currency", "currencies"]) || field.says(&["iso 4217", "iso-4217"]) {
        return Some(What::Currency);
    }
    let language =
        field.named(&["language", "locale", "lang", "languages"]) || field.says(&["bcp 47", "bcp47", "iso 639"]);
    language.then_some(What::Language)
}

fn form(what: What, field: &Field<'_>) -> Option<Form> {
    let two = field.says(&[
        "alpha-2",
        "alpha2",
        "two-letter",
        "two letter",
        "2-letter",
        "2 letter",
        "iso 639-1",
        "two letters",
    ]);
    let three = field.says(&[
        "alpha-3",
        "alpha3",
        "three-letter",
        "three letter",
        "3-letter",
        "3 letter",
        "iso 639-2",
        "iso 639-3",
    ]);
    let named = field.ends_in(&["name"])
        || field.says(&[
            "country name",
            "name of the country",
            "full name",
            "written out",
            "in words",
            "language name",
        ])
        || field.says(&[
            "name of the language",
            "currency name",
            "name of the currency",
            "in english",
            "in full",
            "display name",
        ]);
    let numeric = field.says(&["numeric code", "three-digit", "3-digit", "digit code"]) || field.named(&["numeric"]);
    let tag = field.says(&["bcp 47", "bcp47", "bcp-47", "rfc 5646", "ietf"]);
    let symbol = field.named(&["symbol"]) || field.says(&["currency symbol", "symbol of the currency"]);
    let lower = field.says(&["lower case", "lowercase", "lower-case"]);
    let code = field.says(&["iso 4217", "iso-4217"]) || field.named(&["code"]);
    let mut hits: Vec<Form> = Vec::new();
    for (hit, form) in [
        (numeric, Form::Numeric),
        (two && what != What::Currency, Form::Alpha2),
        (three && what != What::Currency && !numeric, Form::Alpha3),
        (named, Form::Name),
        (tag && what == What::Language, Form::Tag),
        (symbol && what == What::Currency, Form::Symbol),
        (lower && what == What::Currency, Form::Lower),
    ] {
        if hit {
            hits.push(form);
        }
    }
    match hits.as_slice() {
        [one] => return Some(*one),
        [] => {}
        _ => return None, // it speaks of several
    }
    let format = field.format().replace(['-', '_'], "");
    if format.contains("alpha2") || format == "countrycode" {
        return Some(Form::Alpha2);
    }
    if format.contains("alpha3") {
        return Some(Form::Alpha3);
    }
    if let Some(shown) = quoted_locale(&field.schema.description).filter(|_| what == What::Language) {
        return Some(shown);
    }
    let seen: Option<Vec<Form>> = field.samples().iter().map(|s| of_sample(what, s)).collect();
    if let Some(seen) = seen.filter(|s| !s.is_empty()) {
        // One name among codes makes no list of names.
        let first = *seen.first()?;
        return seen.iter().all(|f| *f == first).then_some(first);
    }
    let lengths = (field.kind.min_length, field.kind.max_length);
    let pattern = field.schema.pattern.as_deref().unwrap_or("");
    match (what, lengths) {
        (What::Currency, (3, Some(3))) if pattern.contains("a-z") && !pattern.contains("A-Z") => Some(Form::Lower),
        (What::Currency, (3, Some(3))) if pattern.contains("A-Z") && !pattern.contains("a-z") => Some(Form::Upper),
        (What::Currency, _) => code.then_some(Form::Upper),
        (_, (_, Some(2))) => Some(Form::Alpha2),
        (_, (3, Some(3))) => Some(Form::Alpha3),
        (What::Language, _) if pattern.contains('_') => Some(Form::Posix),
        (What::Language, _) if pattern.contains("}-") || pattern.contains("]-") => Some(Form::Tag),
        _ => None,
    }
}

/// The form of the locales that a description shows: `en_US`, `en-US`.
fn quoted_locale(text: &str) -> Option<Form> {
    let shown: Vec<Form> = text
        .split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-')))
        .filter(|w| {
            let b = w.as_bytes();
            b.len() == 5 && b.iter().take(2).all(u8::is_ascii_lowercase) && b.iter().skip(3).all(u8::is_ascii_uppercase)
        })
        .filter_map(|w| of_sample(What::Language, w))
        .collect();
    let first = *shown.first()?;
    shown.iter().all(|f| *f == first).then_some(first)
}

fn of_sample(what: What, text: &str) -> Option<Form> {
    let upper = text.bytes().all(|b| b.is_ascii_uppercase());
    let letters = text.bytes().all(|b| b.is_ascii_alphabetic());
    match (what, text.len()) {
        (What::Currency, 3) if upper => Some(Form::Upper),
        (What::Currency, 3) if text.bytes().all(|b| b.is_ascii_lowercase()) => Some(Form::Lower),
        (What::Currency, _) if text.chars().all(|c| !c.is_alphanumeric()) => Some(Form::Symbol),
        (_, 3) if text.bytes().all(|b| b.is_ascii_digit()) => Some(Form::Numeric),
        (What::Country | What::Language, 2) if letters => Some(Form::Alpha2),
        (What::Country, 3) if upper => Some(Form::Alpha3),
        (What::Language, 3) if letters => Some(Form::Alpha3),
        (What::Language, 5..) if text.as_bytes().get(2) == Some(&b'_') => Some(Form::Posix),
        (What::Language, 5..) if text.as_bytes().get(2) == Some(&b'-') => Some(Form::Tag),
        (_, 4..) if text.chars().all(|c| c.is_alphabetic() || matches!(c, ' ' | '\'' | '(' | ')')) => Some(Form::Name),
        _ => None,
    }
}
