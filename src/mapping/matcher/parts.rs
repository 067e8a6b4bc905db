//! One field into several, and several into one: where the fields beside them show what each part is.

use super::leaves::Leaf;
use super::propose::{Proposal, Schema, fits, quoted};
use crate::model::TypeSet;

/// Both sides' schemas and their fields.
pub(super) struct Both<'a> {
    pub(super) source: Schema<'a>,
    pub(super) target: Schema<'a>,
    pub(super) from: &'a [Leaf],
    pub(super) to: &'a [Leaf],
}

/// The first source of a rule for `t`, and the rule, where `t` is a part or a whole of what the source has.
pub(super) fn composed<'l>(both: &Both<'l>, t: &Leaf) -> Option<(&'l Leaf, Proposal)> {
    part_of_name(both, t).or_else(|| line(both, t)).or_else(|| place(both, t)).or_else(|| whole_address(both, t))
}

/// First and last name from one name, or one name from both.
pub(super) fn part_of_name<'l>(both: &Both<'l>, t: &Leaf) -> Option<(&'l Leaf, Proposal)> {
    let text = |l: &&Leaf| l.kind.types == TypeSet::STRING && l.depth == t.depth;
    if called(t, "first") || called(t, "last") {
        let whole = both.from.iter().filter(text).find(|l| l.name == ["name"] || l.name == ["full", "name"])?;
        let beside = |part: &str| both.to.iter().find(|l| l.above == t.above && called(l, part));
        let required = |part: &str| beside(part).is_some_and(|l| l.required);
        let (steps, because) = match (called(t, "first"), required("first"), required("last")) {
            // A name of one word goes where one must be; else it is the first name. Nobody is told apart by an empty name.
            (true, false, true) if beside("last").is_some() => (
                r"{extract: '^(.+?)\s+\S+$'}",
                "the words of the name before the last; a name of one word is the last name",
            ),
            (false, false, true) => (r"{extract: '\S+$'}", "the last word of the name, or its only one"),
            (true, ..) => ("{split: \" \"}, first", "the first word of the name; open: names of three words"),
            (false, true, true) => (
                "{split: \" \"}, last",
                "the last word of the name; open: a name of one word goes into both; names of three words",
            ),
            (false, ..) if beside("first").is_none() => {
                (r"{extract: '\S+$'}", "the last word of the name, or its only one")
            }
            (false, ..) => (r"{extract: '\s+(.+)$'}", "the name without its first word; a name of one word has none"),
        };
        let yaml = format!("{{from: {}, with: [trim, {steps}{}]}}", quoted(&whole.path), cut(t));
        return proposal(both, t, whole, yaml, because);
    }
    if t.name == ["name"] || t.name == ["full", "name"] {
        let first = both.from.iter().filter(text).find(|l| called(l, "first"))?;
        let last = both.from.iter().filter(text).find(|l| called(l, "last"))?;
        return joined(both, t, &[first, last], "", "first and last name joined");
    }
    None
}

fn called(leaf: &Leaf, part: &str) -> bool {
    leaf.name == [part, "name"] || leaf.name == [part]
}

/// `first`, `last`, `middle` where the field is that part of a person's name.
fn part(leaf: &Leaf) -> Option<&str> {
    const PARTS: [&str; 3] = ["first", "last", "middle"];
    let only = |w: &String| PARTS.contains(&w.as_str()) || w == "name";
    let part = leaf.name.iter().find(|w| PARTS.contains(&w.as_str()))?;
    leaf.name.iter().all(only).then_some(part.as_str())
}

/// A part of a name and the whole, or another part; an email's address and a street's: no copy of one into the other is right.
pub(super) fn other_part(s: &Leaf, t: &Leaf) -> bool {
    let email = |l: &Leaf| l.name.iter().chain(&l.above).any(|w| w == "email");
    let place = |l: &Leaf| !email(l) && l.name.iter().any(|w| w == "street" || w == "address");
    part(s) != part(t) || email(s) && place(t) || place(s) && email(t)
}

/// The number of an address's line; 0 where the field is the whole of the street.
fn street(leaf: &Leaf) -> Option<u8> {
    const WORDS: [&str; 4] = ["street", "address", "line", "1"];
    let text = leaf.kind.types == TypeSet::STRING && !leaf.name.is_empty();
    let number = if leaf.name.iter().any(|w| w == "2") { 2 } else { u8::from(leaf.name.iter().any(|w| w == "1")) };
    let own = |w: &String| WORDS.contains(&w.as_str()) || w == "2";
    let telling = leaf.name.iter().any(|w| w == "street" || w == "address" || w == "line" && number > 0);
    (text && telling && leaf.name.iter().all(own)).then_some(number)
}

/// The lines of a street from one text, and one text from its lines.
fn line<'l>(both: &Both<'l>, t: &Leaf) -> Option<(&'l Leaf, Proposal)> {
    let wanted = street(t)?;
    let beside = |list: &'l [Leaf], of: &Leaf, n: u8| list.iter().find(|l| l.above == of.above && street(l) == Some(n));
    let has = |list: &[Leaf], above: &[String], n: u8| list.iter().any(|l| l.above == above && street(l) == Some(n));
    match wanted {
        0 if !has(both.to, &t.above, 2) => {
            let first = both.from.iter().find(|l| street(l) == Some(1) && akin(l, t))?;
            let second = beside(both.from, first, 2)?;
            joined(both, t, &[first, second], "trim", "both lines of the street joined")
        }
        1 | 2 if has(both.to, &t.above, 3 - wanted) => {
            let whole = both.from.iter().find(|l| street(l) == Some(0) && akin(l, t))?;
            if has(both.from, &whole.above, 2) {
                return None;
            }
            let (steps, because) = if wanted == 1 {
                (r"{extract: '^[^\r\n]+'}, trim", "the first line of the street")
            } else {
                (
                    r"{extract: '(?s)\n(.+)$'}, collapse_spaces",
                    "what follows the first line of the street, where it has more than one",
                )
            };
            let yaml = format!("{{from: {}, with: [trim, {steps}{}]}}", quoted(&whole.path), cut(t));
            proposal(both, t, whole, yaml, because)
        }
        _ => None,
    }
}

/// Whether two fields stand in places that may be the same: below words of which they share one, or both at the top or below a
/// word of an address. The address of an email is none.
fn akin(s: &Leaf, t: &Leaf) -> bool {
    const PLACES: [&str; 8] = ["address", "shipping", "billing", "mailing", "home", "work", "geo", "coordinate"];
    let placed = |l: &Leaf| {
        l.above.iter().all(|w| w != "email")
            && (l.above.is_empty() || l.above.iter().any(|w| PLACES.contains(&w.as_str())))
    };
    s.above.iter().any(|w| t.above.contains(w)) || placed(s) && placed(t)
}

/// Latitude and longitude from one text that is named for both, and such a text from both.
fn place<'l>(both: &Both<'l>, t: &Leaf) -> Option<(&'l Leaf, Proposal)> {
    let is = |l: &Leaf, word: &str| l.name.iter().any(|w| w == word);
    let pair = |l: &Leaf| is(l, "latitude") && is(l, "longitude") && l.kind.types == TypeSet::STRING;
    let number = |l: &Leaf| [TypeSet::NUMBER, TypeSet::INTEGER, TypeSet::STRING].contains(&l.kind.types);
    if pair(t) {
        let find = |word: &str| both.from.iter().find(|l| l.name == [word] && number(l) && akin(l, t));
        let (latitude, longitude) = (find("latitude")?, find("longitude")?);
        if latitude.above != longitude.above {
            return None;
        }
        let yaml = format!("{{join: [{}, {}], separator: \",\"}}", quoted(&latitude.path), quoted(&longitude.path));
        return proposal(both, t, latitude, yaml, "latitude and longitude joined; open: which of them comes first");
    }
    let latitude = t.name == ["latitude"];
    if !(latitude || t.name == ["longitude"]) || !number(t) {
        return None;
    }
    let whole = both.from.iter().find(|l| pair(l) && akin(l, t))?;
    let names = whole.name.iter().position(|w| w == "latitude") < whole.name.iter().position(|w| w == "longitude");
    let which = if latitude == names { "first" } else { "last" };
    let number = if t.kind.types == TypeSet::STRING { "" } else { ", to_number" };
    let yaml = format!("{{from: {}, with: [{{split: \",\"}}, {which}, trim{number}]}}", quoted(&whole.path));
    proposal(both, t, whole, yaml, "one of the two numbers, in the order of the name")
}

/// An address in one text from its parts.
fn whole_address<'l>(both: &Both<'l>, t: &Leaf) -> Option<(&'l Leaf, Proposal)> {
    const WHOLE: [&str; 6] = ["address", "full", "formatted", "complete", "text", "location"];
    let is = |l: &Leaf, word: &str| l.name == [word] || l.name == ["address", word];
    let whole = t.kind.types == TypeSet::STRING
        && t.kind.format.is_none()
        && t.name.iter().any(|w| w == "address")
        && t.name.iter().all(|w| WHOLE.contains(&w.as_str()))
        && !both.to.iter().any(|l| l.above == t.above && is(l, "city"));
    if !whole {
        return None;
    }
    let city = both.from.iter().find(|l| is(l, "city") && akin(l, t))?;
    let beside = |ok: &dyn Fn(&Leaf) -> bool| {
        both.from.iter().find(|l| l.above == city.above && l.kind.types == TypeSet::STRING && ok(l))
    };
    let first = beside(&|l| matches!(street(l), Some(0 | 1)))?;
    let rest = [
        beside(&|l| street(l) == Some(2)),
        beside(&|l| l.name.iter().any(|w| w == "postal")),
        Some(city),
        beside(&|l| is(l, "state") || is(l, "region")),
        beside(&|l| is(l, "country")),
    ];
    let parts: Vec<&Leaf> = std::iter::once(first).chain(rest.into_iter().flatten()).collect();
    joined(both, t, &parts, "collapse_spaces", "the parts of the address joined; open: in the order of one country")
}

fn joined<'l>(
    both: &Both<'l>,
    t: &Leaf,
    parts: &[&'l Leaf],
    step: &str,
    because: &str,
) -> Option<(&'l Leaf, Proposal)> {
    let paths: Vec<String> = parts.iter().map(|l| quoted(&l.path)).collect();
    let steps = format!("{step}{}", cut(t));
    let steps = steps.trim_start_matches(", ");
    let with = if steps.is_empty() { String::new() } else { format!(", with: [{steps}]") };
    proposal(both, t, parts.first()?, format!("{{join: [{}]{with}}}", paths.join(", ")), because)
}

/// The step that keeps a text within the target's length.
fn cut(t: &Leaf) -> String {
    t.kind.max_length.map_or_else(String::new, |most| format!(", {{truncate: {most}}}"))
}

fn proposal<'l>(both: &Both<'l>, t: &Leaf, s: &'l Leaf, yaml: String, because: &str) -> Option<(&'l Leaf, Proposal)> {
    fits(both.source, both.target, t, &yaml).then(|| (s, Proposal { yaml, because: because.to_owned() }))
}
