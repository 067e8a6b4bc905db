//! `strip_html`

use std::sync::Arc;

use serde_json::Value;

use super::{Fault, Op, Transform, example, no_argument, text};
use crate::mapping::kind::Kind;
use crate::model::TypeSet;

pub(super) static TRANSFORM: Transform = Transform {
    name: "strip_html",
    usage: r#"strip_html"#,
    summary: "Markup out of a text: tags go, entities become letters, breaks and paragraphs become line ends, scripts and styles vanish.",
    takes: TypeSet::STRING,
    gives: TypeSet::STRING,
    fallible: false,
    examples: &[
        example(r#"strip_html"#, r#""<p>Tom &amp; <b>Ada</b></p><p>2 &lt; 3</p>""#, r#""Tom & Ada\n2 < 3""#),
        example(r#"strip_html"#, r#""a < b and no tag""#, r#""a < b and no tag""#),
        example(r#"strip_html"#, r#""<script>x()</script>hi<br>there""#, r#""hi\nthere""#),
    ],
    compile: |argument| {
        no_argument(argument)?;
        Ok(Arc::new(StripHtml))
    },
};

#[derive(Debug)]
struct StripHtml;

impl Op for StripHtml {
    fn apply(&self, input: &Value, _record: &Value) -> Result<Option<Value>, Fault> {
        Ok(Some(Value::String(plain(text("strip_html", input)?))))
    }

    fn flow(&self, input: &Kind) -> Kind {
        Kind { max_length: input.max_length, ..Kind::of(TypeSet::STRING) }
    }
}

/// Elements after which a line ends.
const LINES: [&str; 11] = ["br", "p", "div", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6"];

/// Not a reading of HTML as browsers do it: for texts that somebody typed into an editor. What does not look like a tag
/// stays, so that no text is lost.
fn plain(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = rest.find(['<', '&']) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let taken = if from.starts_with('<') { tag(from, &mut out) } else { entity(from, &mut out) };
        if taken == 0 {
            out.push_str(&from[..1]);
        }
        rest = &from[taken.max(1)..];
    }
    out.push_str(rest);
    out.trim().to_owned()
}

/// Bytes of the tag at the front, with what it hides; 0 where there is none.
fn tag(from: &str, out: &mut String) -> usize {
    let inside = &from[1..];
    if inside.starts_with("!--") {
        return inside.find("-->").map_or(0, |end| end + 4);
    }
    let name = inside.trim_start_matches('/');
    let name: String = name.chars().take_while(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    let Some(end) = inside.find('>').filter(|_| name.starts_with(|c: char| c.is_ascii_alphabetic())) else { return 0 };
    let end = end + 2;
    if (name == "script" || name == "style") && !inside.starts_with('/') {
        let lower = from.to_ascii_lowercase();
        let close = format!("</{name}");
        let closed = lower.get(end..).and_then(|r| r.find(&close)).and_then(|at| {
            let at = at + end;
            lower.get(at..).and_then(|r| r.find('>')).map(|gt| at + gt + 1)
        });
        return closed.unwrap_or(from.len());
    }
    let ends_line = LINES.contains(&name.as_str()) && (inside.starts_with('/') || name == "br");
    if ends_line && !out.is_empty() && !out.ends_with('\n') {
        out.push('\n');
    }
    end
}

/// Bytes of the entity at the front; 0 where there is none.
fn entity(from: &str, out: &mut String) -> usize {
    let Some(end) = from.char_indices().take(12).find(|(_, c)| *c == ';').map(|(i, _)| i) else { return 0 };
    let name = &from[1..end];
    let letter = match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some(' '),
        _ => name
            .strip_prefix('#')
            .and_then(|n| match n.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok(),
                None => n.parse().ok(),
            })
            .and_then(char::from_u32),
    };
    letter.map_or(0, |c| {
        out.push(c);
        end + 1
    })
}
