//! Files that become other files: which they are, what is to be filled in, and what is left when it is taken for filled in.

use std::sync::LazyLock;

use regex::Regex;

use super::formats::{Format, at};
use crate::base::yaml::Span;
use crate::skill::Tree;

/// Endings of template engines.
const ENDINGS: [&str; 15] = [
    "j2",
    "jinja",
    "jinja2",
    "tmpl",
    "gotmpl",
    "tpl",
    "template",
    "hbs",
    "handlebars",
    "mustache",
    "ejs",
    "erb",
    "liquid",
    "njk",
    "eta",
];

/// Directories whose files are filled in before they are used.
const PLACES: [&str; 10] = [
    "templates",
    "template",
    "_templates",
    "boilerplate",
    "boilerplates",
    "scaffold",
    "scaffolds",
    "skeleton",
    "skeletons",
    "cookiecutter",
];

/// How a file says that it is a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// By its own name: `x.j2`, `x.template.json`.
    Named,
    /// By the directory that it lies in.
    Placed,
    /// Not at all.
    Not,
}

pub(super) fn kind(path: &str) -> Kind {
    let (dir, name) = path.rsplit_once('/').unwrap_or(("", path));
    let lower = name.to_ascii_lowercase();
    if path.contains("{{") || lower.split('.').skip(1).any(|part| ENDINGS.contains(&part)) {
        return Kind::Named;
    }
    let placed = dir.split('/').any(|part| PLACES.contains(&part.to_ascii_lowercase().as_str()));
    let told = || lower.rsplit_once('.').is_some_and(|(stem, ext)| ext == "md" && stem.contains("template"));
    if placed || told() { Kind::Placed } else { Kind::Not }
}

/// The format of what a template becomes, or of a plain file: `x.json.j2` and `x.template.json` are JSON.
pub(super) fn format(path: &str) -> Option<Format> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let mut parts: Vec<&str> = name.split('.').collect();
    while parts.last().is_some_and(|p| ENDINGS.contains(&p.to_ascii_lowercase().as_str())) {
        parts.pop();
    }
    if parts.len() < 2 { None } else { Format::of_extension(parts.last()?) }
}

/// The charts of Helm hold templates that only Helm reads.
pub(super) fn is_chart(tree: &Tree, path: &str) -> bool {
    Tree::above(path).any(|dir| tree.has(&format!("{dir}/Chart.yaml")))
}

static STATEMENT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\{%|<%|\{\{[-~]?\s*(?:[#/^>!&]|if\b|else\b|end\b|range\b|with\b|include\b|template\b|define\b|block\b)|\{\{-|-\}\}")
        .expect("a constant pattern")
});

/// Whether it has statements, so that only its engine knows what becomes of it.
pub(super) fn has_statements(text: &str) -> bool {
    STATEMENT.is_match(text)
}

static HOLE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?s)\{\{[^{}]{0,200}?(?:\{[^{}]*\}[^{}]*)?\}\}\}?|\$\{[^{}\n]{0,120}\}|\$\([A-Za-z_][A-Za-z0-9_.]*\)|<[A-Za-z_][A-Za-z0-9_ .:|-]{0,60}>")
        .expect("a constant pattern")
});

/// The text with everything that is to be filled in taken for filled in; each byte keeps its place. And how many of those
/// places stood in quotes, and how many did not.
pub(super) fn filled(format: Format, text: &str) -> (String, usize, usize) {
    let mut out = String::with_capacity(text.len());
    let (mut quoted, mut bare) = (0, 0);
    let mut done = 0;
    let mut in_text = false;
    for hole in HOLE.find_iter(text) {
        let before = text.get(done..hole.start()).unwrap_or_default();
        in_text = match format {
            Format::Json | Format::JsonLines => json_text(before, in_text),
            // In YAML and TOML a quote opens and closes on one line, as people write it.
            _ => {
                let line = text.get(..hole.start()).unwrap_or_default().rsplit('\n').next().unwrap_or_default();
                line.matches('"').count() % 2 == 1 || line.matches('\'').count() % 2 == 1
            }
        };
        out.push_str(before);
        let length = hole.as_str().len();
        let word: String = hole.as_str().bytes().map(|b| if b == b'\n' { '\n' } else { 'x' }).collect();
        if in_text {
            quoted += 1;
            out.push_str(&word.replace('\n', "x"));
        } else {
            bare += usize::from(hole.as_str().starts_with("{{"));
            if matches!(format, Format::Json | Format::JsonLines | Format::Toml) && length > 2 {
                out.push('"');
                out.push_str(&"x".repeat(length - 2));
                out.push('"');
            } else {
                out.push_str(&word);
            }
        }
        done = hole.end();
    }
    out.push_str(text.get(done..).unwrap_or_default());
    (out, quoted, bare)
}

/// Whether a JSON text is inside a string after `piece`.
fn json_text(piece: &str, mut inside: bool) -> bool {
    let mut bytes = piece.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' if inside => {
                bytes.next();
            }
            b'"' => inside = !inside,
            b'\n' => inside = false,
            _ => {}
        }
    }
    inside
}

/// A name to be filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Placeholder<'t> {
    pub(super) name: &'t str,
    pub(super) at: Span,
}

static NAME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\{\{[-~]?\s*([A-Za-z_][A-Za-z0-9_-]*)((?:\.[A-Za-z0-9_]+|\[[^\]]*\])*)\s*(\|[^{}]*)?[-~]?\}\}")
        .expect("a constant pattern")
});
static LOCAL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"\{%-?\s*(?:for\s+([A-Za-z_][A-Za-z0-9_, ]*?)\s+in|set\s+([A-Za-z_][A-Za-z0-9_]*)|macro\s+\w+\(([^)]*)\))",
    )
    .expect("a constant pattern")
});

/// Words of the engines.
const WORDS: [&str; 14] = [
    "else", "end", "loop", "this", "self", "super", "true", "false", "none", "null", "now", "yield", "content", "block",
];

/// The names that `{{…}}` asks for, each at its first place; none that the template makes itself.
pub(super) fn placeholders(text: &str) -> Vec<Placeholder<'_>> {
    // Inside a section of Mustache a name may come from anywhere.
    if text.contains("{{#") || text.contains("{{ #") {
        return Vec::new();
    }
    let locals: Vec<&str> = LOCAL
        .captures_iter(text)
        .flat_map(|c| [c.get(1), c.get(2), c.get(3)].into_iter().flatten().map(|m| m.as_str()).collect::<Vec<_>>())
        .flat_map(|names| names.split(','))
        .map(|name| name.split('=').next().unwrap_or(name).trim())
        .collect();
    let mut out: Vec<Placeholder<'_>> = Vec::new();
    for found in NAME.captures_iter(text) {
        let (Some(whole), Some(name)) = (found.get(0), found.get(1)) else { continue };
        let escaped = text.get(..whole.start()).is_some_and(|b| b.ends_with(['$', '\\', '{']));
        let name = name.as_str().trim_end_matches('-');
        if escaped || WORDS.contains(&name) || locals.contains(&name) || out.iter().any(|p| p.name == name) {
            continue;
        }
        out.push(Placeholder { name, at: at(text, whole.start()) });
    }
    out
}

static TORN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?m)\{\{[-~]?[ \t]*[A-Za-z_][A-Za-z0-9_.\-]*[ \t]*(?:\}(?:[^}]|$)|\r?$)").expect("a constant pattern")
});

/// The first `{{name` that is not closed as it must be: `{{name}`, or the line ends.
pub(super) fn torn(text: &str) -> Option<(Span, &str)> {
    // Something must say that this is a template at all: another place that is whole.
    let found = TORN.find(text)?;
    let rest = text.get(found.start()..).unwrap_or_default();
    let line = rest.lines().next().unwrap_or_default();
    // `{{` at the end of a line may be closed on the next.
    let next_lines = rest.get(2..).and_then(|r| r.find("}}").map(|close| (close, r.find("{{"))));
    if !found.as_str().contains('}')
        && next_lines.is_some_and(|(close, open)| open.is_none_or(|open| close < open) && close < 200)
    {
        return None;
    }
    Some((at(text, found.start()), line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_one_by_name_or_by_place() {
        for (path, kind_of, format_of) in [
            ("resources/a.json.j2", Kind::Named, Some(Format::Json)),
            ("resources/a.template.yaml", Kind::Named, Some(Format::Yaml)),
            ("resources/templates/a.yaml", Kind::Placed, Some(Format::Yaml)),
            ("resources/runbook-template.md", Kind::Placed, None),
            ("resources/a.yaml", Kind::Not, Some(Format::Yaml)),
            ("template", Kind::Not, None),
        ] {
            assert_eq!((kind(path), format(path)), (kind_of, format_of), "{path}");
        }
    }

    #[test]
    fn what_is_to_be_filled_in_is_taken_for_filled_in() {
        let text = "{\"a\": \"{{ x | d(\"y\") }}\", \"b\": {{y}}, \"c\": ${Z}}";
        let (strict, quoted, bare) = filled(Format::Json, text);
        assert_eq!((strict.len(), quoted, bare), (text.len(), 1, 1));
        assert!(super::super::formats::json(&strict).is_ok(), "{strict}");
        assert!(super::super::formats::yaml(&filled(Format::Yaml, "a: {{b}}/{{c}}\n").0).is_ok());
    }

    #[test]
    fn names_that_the_template_makes_itself_are_not_asked_for() {
        let names = |text| placeholders(text).iter().map(|p| p.name.to_owned()).collect::<Vec<_>>();
        assert_eq!(names("{{ a }} {{b.c|upper}} ${{ secrets.X }} {{a}} {{ f(x) }}"), ["a", "b"]);
        assert_eq!(names("{% for i, j in xs %}{{i}}{{ j }}{{k}}{% endfor %}{% set z = 1 %}{{z}}"), ["k"]);
        assert_eq!(names("{{#each xs}}{{name}}{{/each}}"), [""; 0]);
    }

    #[test]
    fn a_torn_place_is_seen_and_a_long_one_is_not() {
        assert_eq!(torn("x\n{{ name }\n").map(|(at, line)| (at.line, line)), Some((2, "{{ name }")));
        assert_eq!(torn("{{name\n").map(|(_, line)| line), Some("{{name"));
        for whole in ["{{ name }}", "{{\n a\n}}", "{{a}} }", "{{ a\n | b }}", "style={{ a: 1 }}"] {
            assert_eq!(torn(whole), None, "{whole}");
        }
    }
}
