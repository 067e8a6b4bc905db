//! What several manifests say of the same thing, and do not say alike.

use crate::base::text::quoted;
use crate::base::yaml::{Node, Span};
use crate::finding::{Finding, Location, Severity};
use crate::package::{self, Home, Kind, Read, Source};
use crate::verify::tools::is_own;
use crate::verify::{Check, Profile, Rule, Subject};

const VERSION: Rule = Rule {
    code: "manifest-version-differs",
    id: "PI050",
    severity: Severity::Error,
    finds: "Manifests, package file, skill and running server name different versions of the same plugin.",
    source: "clients decide by the version whether to update; two that differ are one too many",
};
const DIFFERS: Rule = Rule {
    code: "manifest-differs",
    id: "PI050",
    severity: Severity::Warning,
    finds: "Manifests of the same plugin give it different names, or name and start its server differently.",
    source: "tools are called by the server's key, and plugins by their names: what differs is found under one of them only",
};
/// Some authors word it for each client, and mean to: it is no more than worth knowing.
const WORDING: Rule = Rule {
    code: "manifest-wording-differs",
    id: "PI050",
    severity: Severity::Note,
    finds: "Manifests of the same plugin describe it differently.",
    source: "a description that is edited in one manifest is forgotten in the others",
};

pub(super) const CHECK: Check = Check { rules: &[VERSION, DIFFERS, WORDING], profile: Profile::Sync, run };

/// One manifest's word on something.
struct Said {
    file: String,
    at: Span,
    text: String,
    /// Counts more than the others: it is where the version is made.
    first: bool,
}

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    let tree = &subject.project.tree;
    let reads = package::read(tree);
    let source = Source::read(tree).ok().flatten();
    // What is made from a source is held against it, by `manifest-stale`.
    let generated = |read: &Read| source.as_ref().is_some_and(|s| package::wanted(s).any(|m| m.path == read.path));
    let mut out = Vec::new();
    versions(subject, &reads, source.as_ref(), &generated, &mut out);
    let plugins: Vec<&Read> = reads.iter().filter(|r| r.kind.is_plugin() && !generated(r)).collect();
    for (rule, key) in [(&DIFFERS, "name"), (&WORDING, "description")] {
        let said: Vec<Said> = plugins.iter().filter_map(|r| said(subject, r, key)).collect();
        compare(rule, key, said, &mut out);
    }
    servers(subject, &reads, &generated, &mut out);
    out
}

fn said(subject: &Subject<'_>, read: &Read, key: &str) -> Option<Said> {
    let (text, at) = read.text(key)?;
    Some(Said { file: subject.project.show(&read.path), at, text: text.to_owned(), first: false })
}

fn versions(
    subject: &Subject<'_>,
    reads: &[Read],
    source: Option<&Source>,
    generated: &dyn Fn(&Read) -> bool,
    out: &mut Vec<Finding>,
) {
    let project = subject.project;
    let mut all = Vec::new();
    // Names by which the plugin is known: a package file of another name has versions of its own.
    let mut names: Vec<&str> = reads
        .iter()
        .filter(|r| r.kind.is_plugin() || r.kind == Kind::Bundle)
        .filter_map(|r| r.text("name").map(|(name, _)| name))
        .collect();
    for read in reads.iter().filter(|r| r.kind == Kind::Registry) {
        let packages = read.node.as_ref().ok().and_then(|n| n.get("packages")).and_then(Node::items);
        names.extend(packages.into_iter().flatten().filter_map(|p| p.get("identifier")?.as_str()));
    }
    for home in Home::all(&project.tree) {
        if let (Some(name), Some(version)) = (home.name, home.version)
            && names.contains(&name.as_str())
        {
            let file = project.show(&home.file);
            all.push(Said { file, at: home.version_at, text: version, first: true });
        }
    }
    if let Some(source) = source {
        all.clear();
        let file = project.show(if source.home.version.is_some() { &source.home.file } else { package::SOURCE });
        all.push(Said { file, at: source.home.version_at, text: source.version.clone(), first: true });
    }
    let manifests: Vec<&Read> =
        reads.iter().filter(|r| r.kind.is_plugin() || matches!(r.kind, Kind::Registry | Kind::Bundle)).collect();
    all.extend(manifests.iter().filter(|r| !generated(r)).filter_map(|r| said(subject, r, "version")));
    // An entry of a marketplace for the plugin that lies at its root.
    for read in reads.iter().filter(|r| r.kind == Kind::ClaudeMarketplace && !generated(r)) {
        let plugins = read.node.as_ref().ok().and_then(|n| n.get("plugins")).and_then(Node::items);
        for plugin in plugins.into_iter().flatten() {
            let here = plugin.get("source").and_then(Node::as_str).is_some_and(|s| s == "./" || s == ".");
            let known = plugin.get("name").and_then(Node::as_str).is_some_and(|n| names.contains(&n));
            if let Some(version) = plugin.get("version").filter(|_| here && known)
                && let Some(text) = version.as_str()
            {
                let file = project.show(&read.path);
                all.push(Said { file, at: version.at, text: text.to_owned(), first: false });
            }
        }
    }
    // The plugin is the skill's package where there is one of each.
    if let [skill] = project.skills.as_slice()
        && project.names.len() == 1
        && manifests.iter().any(|r| r.kind.is_plugin())
        && let Ok(front) = &skill.front
        && let Some(version) = front.node.get("metadata").and_then(|m| m.get("version"))
        && let Some(text) = version.as_str()
    {
        let file = skill.main().file.clone();
        // Front matter begins on the second line of its file.
        all.push(Said { file, at: front_place(skill, version), text: text.to_owned(), first: false });
    }
    let known = names.iter().map(|n| (*n).to_owned()).chain(source.map(|s| s.home.name.clone().unwrap_or_default()));
    served(subject, &known.collect::<Vec<_>>(), &all, out);
    compare(&VERSION, "version", all, out);
}

/// What a server of the project says of its own version, against the file that counts. One that goes by another name has
/// versions of its own; so may the library that it is made with, which is why it is a warning unless the program is ours.
fn served(subject: &Subject<'_>, names: &[String], all: &[Said], out: &mut Vec<Finding>) {
    let plain = |name: &str| name.to_lowercase().replace(['_', ' '], "-");
    let count = |text: &str| all.iter().filter(|s| s.text == text).count();
    let Some(right) = all.iter().find(|s| s.first).or_else(|| all.iter().rev().max_by_key(|s| count(&s.text))) else {
        return;
    };
    let mut said: Vec<&str> = Vec::new();
    for (server, surface) in subject.facts.answered() {
        let own = subject.skills().any(|skill| is_own(subject, skill, server));
        let same = names.iter().any(|n| !n.is_empty() && plain(n) == plain(&surface.name));
        if !own
            || !same
            || surface.version.is_empty()
            || surface.version == right.text
            || said.contains(&&*surface.version)
        {
            continue;
        }
        said.push(&surface.version);
        let (have, want) = (quoted(&surface.version, 60), quoted(&right.text, 60));
        let at = match &server.declared_in {
            Some(manifest) => Location::at(subject.project.show(manifest), server.at),
            None => Location::at(&right.file, right.at),
        };
        let because = format!(
            "the server says that it is {} {have}, and the version is \"{want}\" in {}",
            quoted(&surface.name, 60),
            right.file
        );
        let ours = subject.facts.program.as_ref().is_some_and(|p| p.name == surface.name);
        let found = VERSION.at(at, because).near(Some(&want)).fix("let the server say the version of its package");
        out.push(if ours { found } else { Finding { severity: Severity::Warning, ..found } });
    }
}

/// Where a value of the front matter stands in its file.
fn front_place(skill: &crate::skill::Skill, version: &Node) -> Span {
    // Lines of the front matter are those of the file; a reader that counts from its first line is put right here.
    let line =
        |n: u32| skill.main().text.lines().nth(n.saturating_sub(1) as usize).unwrap_or_default().contains("version");
    if line(version.at.line) { version.at } else { Span { line: version.at.line + 1, ..version.at } }
}

/// Says of each that is not as most are, or as the one that counts is, that it differs.
fn compare(rule: &Rule, what: &str, all: Vec<Said>, out: &mut Vec<Finding>) {
    let count = |text: &str| all.iter().filter(|s| s.text == text).count();
    let Some(right) = all
        .iter()
        .find(|s| s.first)
        .or_else(|| all.iter().rev().max_by_key(|s| count(&s.text)))
        .map(|s| (s.text.clone(), s.file.clone()))
    else {
        return;
    };
    for said in all.iter().filter(|s| s.text != right.0) {
        let (have, want) = (quoted(&said.text, 60), quoted(&right.0, 60));
        out.push(
            rule.at(
                Location::at(&said.file, said.at),
                format!("{what} is \"{have}\" here, and \"{want}\" in {}", right.1),
            )
            .near(Some(&want))
            .fix("write it the same in both"),
        );
    }
}

/// The server's key and command, where each manifest has one server.
fn servers(subject: &Subject<'_>, reads: &[Read], generated: &dyn Fn(&Read) -> bool, out: &mut Vec<Finding>) {
    let mut keys = Vec::new();
    let mut commands = Vec::new();
    for read in reads.iter().filter(|r| matches!(r.kind, Kind::Mcp | Kind::AgentMcp | Kind::Gemini) && !generated(r)) {
        let servers = read.servers();
        let [server] = servers.as_slice() else { continue };
        let file = subject.project.show(&read.path);
        keys.push(Said { file: file.clone(), at: server.key_at, text: server.key.to_owned(), first: false });
        let command = server.command.iter().map(|w| portable(w)).collect::<Vec<_>>().join(" ");
        if !command.is_empty() {
            commands.push(Said { file, at: server.command_at, text: command, first: false });
        }
    }
    compare(&DIFFERS, "the server's key", keys, out);
    compare(&DIFFERS, "the server's command", commands, out);
}

/// A word of a command without its client's name for the plugin's root.
fn portable(word: &str) -> String {
    let mut word = word.replace("${/}", "/").replace(":-.}", "}");
    for root in ["${CLAUDE_PLUGIN_ROOT}", "${PLUGIN_ROOT}", "${CURSOR_PLUGIN_ROOT}", "${extensionPath}", "."] {
        if let Some(rest) = word.strip_prefix(root).and_then(|r| r.strip_prefix('/')) {
            word = rest.to_owned();
        }
    }
    word
}
