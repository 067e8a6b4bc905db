//! A data file must be what its ending says: an agent, a script or a tool will read it as that.

use crate::base::text::{nearest, plural, quoted};
use crate::base::yaml::{Kind as NodeKind, Node, Span};
use crate::finding::{Finding, Location, Severity};
use crate::skill::{Content, Skill, Tree};
use crate::verify::formats::{self, Format, Malformed};
use crate::verify::template::{self, Kind};
use crate::verify::{Check, Profile, Rule, Subject};

const RULE: Rule = Rule {
    code: "resource-malformed",
    id: "PI013",
    severity: Severity::Error,
    finds: "A JSON, YAML or TOML file does not parse.",
    source: "RFC 8259, YAML 1.2.2, TOML 1.0.0: what does not parse is read by nobody",
};
const LOOSE: Rule = Rule {
    code: "resource-not-strict",
    id: "PI013",
    severity: Severity::Warning,
    finds: "A JSON file holds comments, last commas or a byte order mark; a YAML file holds a key twice.",
    source: "RFC 8259, sections 2 and 8.1; YAML 1.2.2, section 3.2.1.1: readers differ",
};
const UNEVEN: Rule = Rule {
    code: "rows-uneven",
    id: "PI013",
    severity: Severity::Warning,
    finds: "A row of a CSV file has more or fewer fields than the first.",
    source: "RFC 4180, section 2.4",
};
const TORN: Rule = Rule {
    code: "template-malformed",
    id: "PI013",
    severity: Severity::Error,
    finds: "A placeholder of a template is not closed.",
    source: "the procedure: resources are templates that agents fill in",
};
const UNDECLARED: Rule = Rule {
    code: "placeholder-undeclared",
    id: "PI013",
    severity: Severity::Error,
    finds: "A template asks for a parameter that its list of parameters does not have.",
    source: "params.schema.json, *.params.*, or params: in the template's front matter",
};

pub(super) const CHECK: Check = Check { rules: &[RULE, LOOSE, UNEVEN, TORN, UNDECLARED], profile: Profile::Sync, run };

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    subject.skills().flat_map(|skill| of(skill, subject)).collect()
}

fn of(skill: &Skill, subject: &Subject<'_>) -> Vec<Finding> {
    let tree = &subject.project.tree;
    let mut out = Vec::new();
    for (path, file) in skill.files(tree) {
        if is_deliberate(path) {
            continue;
        }
        if matches!(file.content, Content::Binary(_)) && template::format(path).is_some() {
            let because = "it is no UTF-8 text, as its ending says it is";
            out.push(RULE.at(subject.top(path), because).fix("save it as UTF-8, or give it another ending"));
        }
        let Some(text) = file.text() else { continue };
        let kind = template::kind(path);
        if let Some(format) = template::format(path) {
            out.extend(data(subject, path, text, kind, format));
        }
        if kind != Kind::Not && !template::is_chart(tree, path) {
            out.extend(holes(skill, subject, path, text, kind));
        }
    }
    out
}

/// A file that is broken because something is tested with it.
pub(in crate::verify) fn is_deliberate(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    let words = [
        "invalid",
        "malformed",
        "broken",
        "corrupt",
        "bad-",
        "bad_",
        "/bad",
        "syntax-error",
        "syntax_error",
        "unparse",
    ];
    words.iter().any(|w| lower.contains(w))
}

/// Files that their readers take with comments.
fn takes_comments(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let begins =
        ["tsconfig", "jsconfig", ".eslintrc", ".babelrc", "devcontainer", "typedoc", "api-extractor", "turbo", "nx"];
    name.ends_with(".jsonc")
        || name.ends_with(".code-workspace")
        || path.contains(".vscode/")
        || path.contains(".devcontainer/")
        || name == "wrangler.json"
        || name == "language-configuration.json"
        || name == "deno.json"
        || begins.iter().any(|b| name.starts_with(b) && name.ends_with(".json"))
}

fn data(subject: &Subject<'_>, path: &str, text: &str, kind: Kind, format: Format) -> Option<Finding> {
    let file = || subject.project.show(path);
    if format == Format::Rows {
        // What an example or a test begins with is often what has to be mended.
        if path.split('/').any(|part| matches!(part, "examples" | "tests" | "fixtures")) {
            return None;
        }
        let (width, wrong) = formats::uneven(text, path.ends_with(".tsv"))?;
        let (line, fields) = *wrong.first()?;
        let more = if wrong.len() == 1 { String::new() } else { format!("; so have {} more", wrong.len() - 1) };
        let because = format!("the first row has {}, this one {fields}{more}", plural(width as u64, "field"));
        return Some(
            UNEVEN
                .at(Location::at(file(), Span { line, column: 1 }), because)
                .fix("give every row the fields of the first; quote a field that holds the separator"),
        );
    }
    if text.trim().is_empty() && format != Format::Json {
        return None;
    }
    let malformed = match formats::read(format, text) {
        Ok(()) => return loose(subject, path, text, format),
        Err(malformed) => malformed,
    };
    let at = |at: Span| Location::at(file(), at);
    let says = |m: &Malformed| format!("{} does not parse: {}", format.as_str(), quoted(&m.because, 160));
    if malformed.beyond_us {
        return None;
    }
    if format == Format::Json && formats::read(format, &formats::relaxed(formats::without_mark(text))).is_ok() {
        // A configuration of TypeScript's compiler, whatever it is called here.
        let compiler = text.contains("\"compilerOptions\"");
        return (!takes_comments(path) && !compiler && kind != Kind::Named).then(|| {
            LOOSE
                .at(
                    at(malformed.at),
                    "it holds comments or a comma before a closing bracket, which strict readers refuse",
                )
                .fix("take them out, or name the file .jsonc")
        });
    }
    if template::is_chart(&subject.project.tree, path) {
        return None;
    }
    if template::has_statements(text) {
        // Only its engine knows what becomes of it; whether it is meant for one is clear from where it lies.
        let finding = Finding::warning(RULE.code, at(malformed.at), says(&malformed))
            .fix("name it as a template, e.g. with the ending .j2, or make it parse");
        return (kind == Kind::Not).then_some(finding);
    }
    let (filled, quoted_holes, bare) = template::filled(format, text);
    let filled_reads = match formats::read(format, &filled) {
        Err(_) if format == Format::Json => formats::read(format, &formats::relaxed(&filled)),
        read => read,
    };
    match filled_reads {
        Ok(()) if kind == Kind::Named => None,
        Ok(()) => {
            // `{{a}}` alone is YAML, if a strange one: a place that the whole file keeps bare is meant to be filled in as
            // text. `{{a}}/{{b}}` is none, and breaks whatever opens the file before it is filled in.
            let torn = if format == Format::Yaml { formats::yaml_syntax(text) } else { None };
            let meant = bare > quoted_holes;
            if kind == Kind::Placed && torn.is_none() && (meant || quoted_holes == 0) {
                return None;
            }
            let found = torn.as_ref().unwrap_or(&malformed);
            let because = format!("{}, because a placeholder is not quoted", says(found));
            let finding = Finding::error(RULE.code, at(found.at), because)
                .fix("quote the placeholder, or name the file as a template, e.g. with the ending .j2");
            // Where most stand bare outside a place for templates, its ending is what is wrong.
            let unsure = meant && kind == Kind::Not;
            Some(if unsure { Finding { severity: Severity::Warning, ..finding } } else { finding })
        }
        Err(still) if still.beyond_us => None,
        Err(still) => {
            let found = if filled == text { malformed } else { still };
            let finding = Finding::error(RULE.code, at(found.at), says(&found)).fix(match format {
                Format::Json | Format::JsonLines => "mend it at that place; a reader of JSON stops there",
                _ => "mend it at that place; quote a text that holds : # { [ or a tab",
            });
            // What an engine makes of YAML, white space included, is not known from outside.
            let unsure = kind == Kind::Named && format != Format::Json;
            Some(if unsure { Finding { severity: Severity::Warning, ..finding } } else { finding })
        }
    }
}

/// What parses here and not everywhere.
fn loose(subject: &Subject<'_>, path: &str, text: &str, format: Format) -> Option<Finding> {
    let file = subject.project.show(path);
    if format == Format::Json && text.starts_with('\u{feff}') {
        let at = Location::at(file, Span { line: 1, column: 1 });
        return Some(
            LOOSE.at(at, "it begins with a byte order mark, which strict readers refuse").fix("save it without one"),
        );
    }
    if format != Format::Yaml {
        return None;
    }
    let documents = formats::yaml(text).ok()?;
    let (entry, first) = documents.iter().find_map(twice)?;
    let because = format!(
        "key {} is written twice, first in line {first}; most readers keep only the last",
        quoted(&entry.0, 60)
    );
    Some(LOOSE.at(Location::at(file, entry.1), because).fix("take one of the two out"))
}

/// The first key that a mapping has twice, and the line of its first writing.
fn twice(node: &Node) -> Option<((String, Span), u32)> {
    let mut nodes = vec![node];
    while let Some(node) = nodes.pop() {
        if let Some(entry) = node.duplicate_key().filter(|e| e.key != "<<") {
            let first = node.entries()?.iter().find(|e| e.key == entry.key)?;
            return Some(((entry.key.clone(), entry.key_at), first.key_at.line));
        }
        match &node.kind {
            NodeKind::Map(entries) => nodes.extend(entries.iter().map(|e| &e.value)),
            NodeKind::Seq(items) => nodes.extend(items),
            _ => {}
        }
    }
    None
}

fn holes(skill: &Skill, subject: &Subject<'_>, path: &str, text: &str, kind: Kind) -> Vec<Finding> {
    let mut out = Vec::new();
    let file = subject.project.show(path);
    // Code has braces of its own; what is named as a template, or is text or data, has not.
    let ending = path.rsplit_once('.').map_or("", |(_, e)| e);
    let plain =
        matches!(ending, "md" | "txt" | "json" | "yaml" | "yml" | "toml" | "html" | "xml" | "env" | "ini" | "conf");
    if !(plain || kind == Kind::Named) {
        return out;
    }
    if let Some((at, line)) = template::torn(text).filter(|_| !text.contains("{% raw %}")) {
        let because = format!("the placeholder in \"{}\" is not closed by }}}}", quoted(line, 60));
        out.push(TORN.at(Location::at(file.clone(), at), because).fix("write {{name}}"));
    }
    let Some((list, declared)) = declared(skill, &subject.project.tree, path, text) else { return out };
    for hole in template::placeholders(text) {
        if declared.iter().any(|d| d == hole.name) {
            continue;
        }
        let near = nearest(hole.name, declared.iter().map(String::as_str));
        let fix = match near {
            Some(near) => format!("write {{{{{near}}}}}, or declare {} in {list}", hole.name),
            None => format!("declare {} in {list}", hole.name),
        };
        let because = format!("{{{{{}}}}} is no parameter of {list}", hole.name);
        out.push(UNDECLARED.at(Location::at(file.clone(), hole.at), because).fix(fix).near(near));
    }
    out
}

/// The parameters that a template may ask for, and where they are listed: in its own front matter, in a neighbour
/// `NAME.params.*`, or in the `params.schema.json` of its directory or one above it.
fn declared(skill: &Skill, tree: &Tree, path: &str, text: &str) -> Option<(String, Vec<String>)> {
    if let Some(front) = text.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---")).map(|(front, _)| front)
        && let Ok(documents) = formats::yaml(front)
        && let Some(list) = documents.first().and_then(|d| d.get("params").or_else(|| d.get("parameters")))
    {
        return Some(("its front matter".to_owned(), names(list)));
    }
    let (dir, name) = path.rsplit_once('/').unwrap_or(("", path));
    let stem = name.split('.').next().unwrap_or(name);
    let neighbour = tree.below(dir).map(|(p, _)| p).find(|p| {
        let Some(rest) = p.strip_prefix(dir).map(|r| r.trim_start_matches('/')) else { return false };
        rest.strip_prefix(stem).is_some_and(|r| r.starts_with(".params.") && !r.contains('/'))
    });
    let shared = || {
        let dirs = [dir].into_iter().chain(Tree::above(dir)).take_while(|d| skill.owns(&format!("{d}/x")));
        dirs.map(|d| if d.is_empty() { "params.schema.json".to_owned() } else { format!("{d}/params.schema.json") })
            .find(|p| tree.has(p))
    };
    let list = neighbour.map(str::to_owned).or_else(shared)?;
    let documents = formats::yaml(tree.text(&list)?).ok()?;
    let first = documents.first()?;
    let names = names(first.get("properties").or_else(|| first.get("params")).unwrap_or(first));
    (!names.is_empty()).then(|| (skill.inner(&list).to_owned(), names))
}

/// The keys of a mapping; the texts of a list, or what its items call themselves.
fn names(node: &Node) -> Vec<String> {
    match &node.kind {
        NodeKind::Map(entries) => entries.iter().map(|e| e.key.clone()).filter(|k| !k.starts_with('$')).collect(),
        NodeKind::Seq(items) => {
            items.iter().filter_map(|i| i.as_str().or_else(|| i.get("name")?.as_str()).map(str::to_owned)).collect()
        }
        _ => Vec::new(),
    }
}
