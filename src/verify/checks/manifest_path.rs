//! Paths in manifests: of one machine, or to what is not there.

use crate::base::text::{nearest, quoted};
use crate::base::yaml::{Kind as NodeKind, Node};
use crate::finding::{Finding, Location, Severity};
use crate::package;
use crate::verify::{Check, Profile, Rule, Subject};

const ABSOLUTE: Rule = Rule {
    code: "manifest-path-absolute",
    id: "PI050",
    severity: Severity::Error,
    finds: "A manifest names a path of one user's machine.",
    source: "a path below somebody's home is there on no other machine",
};
const MISSING: Rule = Rule {
    code: "manifest-path-missing",
    id: "PI050",
    severity: Severity::Error,
    finds: "A manifest names a skill, a file or a plugin's source that is not there.",
    source: "Claude Code, Codex and Cursor references: a path that leads nowhere loads nothing, without a word",
};

pub(super) const CHECK: Check = Check { rules: &[ABSOLUTE, MISSING], profile: Profile::Sync, run };

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    let tree = &subject.project.tree;
    let mut out = Vec::new();
    for read in package::read(tree) {
        let Ok(node) = &read.node else { continue };
        let file = subject.project.show(&read.path);
        texts(node, &mut |text: &Node| {
            let Some(path) = text.as_str().filter(|t| of_one_machine(t)) else { return };
            out.push(
                ABSOLUTE
                    .at(Location::at(&file, text.at), format!("\"{}\" is a path of one machine", quoted(path, 80)))
                    .fix("write a path below the plugin, or a program on the PATH"),
            );
        });
        for (pointer, path) in read.names() {
            let on_disk = subject.facts.named_and_there.as_ref().is_some_and(|there| there.contains(&path));
            if path.is_empty() || on_disk || tree.has(&path) || tree.has_dir(&path) {
                continue;
            }
            let near = nearest(&path, dirs(tree).iter().map(String::as_str)).map(str::to_owned);
            out.push(
                MISSING
                    .at(Location::at(&file, node.locate(&pointer)), format!("{} is not there", quoted(&path, 80)))
                    .near(near.as_deref())
                    .fix("name a path that is there, relative to the root of the plugin"),
            );
        }
    }
    out
}

/// Directories of the tree and files at its root.
fn dirs(tree: &crate::skill::Tree) -> std::collections::BTreeSet<String> {
    let mut out = std::collections::BTreeSet::new();
    for (path, _) in tree.iter() {
        if !path.contains('/') {
            out.insert(path.to_owned());
        }
        for (at, _) in path.match_indices('/') {
            out.insert(path[..at].to_owned());
        }
    }
    out
}

fn texts(node: &Node, see: &mut dyn FnMut(&Node)) {
    match &node.kind {
        NodeKind::String(_) => see(node),
        NodeKind::Seq(items) => items.iter().for_each(|n| texts(n, see)),
        NodeKind::Map(entries) => {
            // What is said to people may tell of paths.
            for entry in entries.iter().filter(|e| !e.key.to_lowercase().contains("description") && e.key != "default")
            {
                texts(&entry.value, see);
            }
        }
        _ => {}
    }
}

/// `/home/ada/x`, `/Users/ada/x`, `C:\Users\ada\x`; not `/home/user`, as documentation has it.
fn of_one_machine(text: &str) -> bool {
    let text = text.rsplit_once('=').map_or(text, |(_, value)| value);
    let below = |prefix: &str| text.strip_prefix(prefix).and_then(|rest| rest.split(['/', '\\']).next());
    let user = ["/home/", "/Users/", "C:\\Users\\", "C:/Users/"].into_iter().find_map(below);
    let placeholder = |u: &str| {
        u.is_empty()
            || u.starts_with(['<', '$', '{', '['])
            || ["user", "you", "username", "me", "yourname"].contains(&u)
    };
    user.is_some_and(|u| !placeholder(&u.to_lowercase())) || text.starts_with("/root/")
}
