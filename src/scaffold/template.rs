//! Rendering: strict about what is missing, and careful about what came from outside.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value};
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::Serialize;

use super::File;

/// A template that does not render.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// Of a file.
    #[error("template of {path}: {source}")]
    File {
        /// The file.
        path: String,
        /// What is wrong.
        #[source]
        source: minijinja::Error,
    },
    /// Of a page.
    #[error(transparent)]
    Page(#[from] crate::html::PageError),
}

/// Fills one template.
pub(super) fn file<S: Serialize>(path: &str, template: &str, input: &S) -> Result<File, TemplateError> {
    render(template, input)
        .map(|content| File { path: path.to_owned(), content })
        .map_err(|source| TemplateError::File { path: path.to_owned(), source })
}

fn render<S: Serialize>(template: &str, input: &S) -> Result<String, minijinja::Error> {
    let mut environment = Environment::new();
    // A name that the input does not have is a fault of the template, not an empty place in a document.
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    let mut syntax = SyntaxConfig::builder();
    syntax.trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true);
    environment.set_syntax(syntax.build()?);
    environment.add_filter("cell", cell);
    environment.add_filter("line", line);
    environment.add_filter("yaml", yaml);
    environment.add_filter("word", word);
    environment.add_filter("tag", tag);
    environment.add_filter("label", label);
    environment.render_str(template, Value::from(Serde(input)))
}

/// One line of plain text, in which Markdown and HTML mean nothing.
fn line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in crate::base::text::quoted(text, 2_000).chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '`' | '*' | '[' | ']' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

/// As [`line`], in a cell of a table.
fn cell(text: &str) -> String {
    line(text).replace('|', "\\|")
}

/// A YAML scalar in double quotes, which JSON's text also is.
fn yaml(text: &str) -> String {
    serde_json::Value::String(crate::base::text::quoted(text, 500)).to_string()
}

/// Letters, digits, `.`, `_`, `-`, `/` only: safe as a word in a unit file, a shell or an image name.
fn word(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '/')).collect()
}

/// At most 63 letters, digits, `.`, `_`, `-`: a tag of an image, a label's value, a uid.
fn tag(text: &str) -> String {
    let kept = text.chars().map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_') { c } else { '-' });
    kept.take(63).collect::<String>().trim_matches(['-', '.', '_']).to_owned()
}

/// A label's value in a PromQL selector, quoted; safe inside a plain YAML scalar too.
fn label(text: &str) -> String {
    format!("\"{}\"", word(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_an_error() {
        assert!(render("{{ name }}", &serde_json::json!({})).is_err());
    }

    #[test]
    fn text_from_outside_stays_text() {
        let input = serde_json::json!({"t": "a|b\n<script> [x](y) `c`\u{202e}"});
        assert_eq!(render("{{ t|cell }}", &input).expect("rendered"), "a\\|b &lt;script&gt; \\[x\\](y) \\`c\\`");
        assert_eq!(render("{{ t|yaml }}", &input).expect("rendered"), r#""a|b <script> [x](y) `c`""#);
        assert_eq!(render("{{ t|word }}", &input).expect("rendered"), "abscriptxyc");
    }
}
