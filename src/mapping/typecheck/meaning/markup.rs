//! Markup that ends where plain text is shown: readers see the tags.

use super::said::Field;
use super::{Doubt, Pair};

/// The markup that a field holds by its own words; nothing where it speaks of plain text too.
fn markup(field: &Field<'_>) -> Option<&'static str> {
    if plain(field) {
        return None;
    }
    let is = |names: &[&str]| field.named(names) || names.contains(&field.format()) || field.says_word(names);
    if is(&["html", "xhtml"]) || field.format() == "text/html" || field.says(&["rich text", "rich-text"]) {
        Some("HTML")
    } else if is(&["markdown", "md"]) {
        Some("Markdown")
    } else {
        None
    }
}

/// It says of itself that it holds HTML.
pub(super) fn is_html(field: &Field<'_>) -> bool {
    markup(field) == Some("HTML")
}

fn plain(field: &Field<'_>) -> bool {
    field.says(&[
        "plain text",
        "plain-text",
        "plaintext",
        "no html",
        "no markup",
        "without markup",
        "without html",
        "text only",
    ]) || field.named(&["plain", "plaintext"])
        || field.says(&["tags are shown", "html is stripped", "stripped of html"])
        || field.format() == "text/plain"
}

/// HTML or Markdown in a field that does not take it.
pub(super) fn into_plain_text(pair: &Pair<'_>) -> Option<Doubt> {
    if !pair.keeps_meaning() || !pair.from.is_text() || !pair.to.is_text() || pair.to.kind.values.is_some() {
        return None;
    }
    let held = markup(&pair.from)?;
    if markup(&pair.to).is_some() {
        return None;
    }
    let stated = plain(&pair.to);
    // Markdown reads well enough where nothing is said.
    if !stated && held == "Markdown" {
        return None;
    }
    let message = if stated {
        format!("source {{from}} holds {held}, target {{to}} takes plain text")
    } else {
        format!("source {{from}} holds {held}, and target {{to}} says nothing of it")
    };
    let fix = if held == "HTML" { "add strip_html, or map to" } else { "map a field that holds plain text, or map to" };
    let fix = format!("{fix} a field of the target that takes the markup");
    let doubt = Doubt::new("markup-into-plain-text", if stated { 0.7 } else { 0.6 }, message, fix);
    Some(if stated { doubt } else { doubt.note() })
}
