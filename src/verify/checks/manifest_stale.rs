//! Manifests that are made from one source, and are no longer what it gives.

use crate::finding::{Change, Finding, Location, Severity};
use crate::package::{self, Kind, Place, Source};
use crate::verify::{Check, Profile, Rule, Subject};

const RULE: Rule = Rule {
    code: "manifest-stale",
    id: "PI050",
    severity: Severity::Error,
    finds: "A generated manifest is not what integ.toml and the package file give.",
    source: "one source for every client's manifest: what is edited in one place drifts",
};
const PROOF: Rule = Rule {
    code: "registry-proof-missing",
    id: "PI050",
    severity: Severity::Warning,
    finds: "The README does not name the server's entry in the MCP registry, which is how the registry knows its owner.",
    source: "MCP registry, package types: `mcp-name: NAME` in the README, as visible text for cargo",
};

pub(super) const CHECK: Check = Check { rules: &[RULE, PROOF], profile: Profile::Sync, run };

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    let tree = &subject.project.tree;
    let reads = package::read(tree);
    let mut out = Vec::new();
    if let Ok(Some(source)) = Source::read(tree) {
        for manifest in package::wanted(&source) {
            let want = (manifest.make)(&source, &Place::Repository);
            let whole = Change::Whole { text: package::text(&want) };
            let found = match reads.iter().find(|r| r.path == manifest.path).map(|r| &r.node) {
                Some(Ok(node)) => package::difference(node, &want)
                    .map(|(at, because)| (Location::at(subject.project.show(manifest.path), at), because)),
                // It does not parse, which is another finding.
                Some(Err(_)) => None,
                None if tree.has(manifest.path) => {
                    Some((subject.top(manifest.path), "it is of another format than its name says".to_owned()))
                }
                None => Some((
                    subject.top(package::SOURCE),
                    format!("{} is made from this file, and is not there", manifest.path),
                )),
            };
            if let Some((at, because)) = found {
                out.push(
                    RULE.at(at, because)
                        .fix("run platform-integration package --write, or verify --fix")
                        .edit(manifest.path, whole),
                );
            }
        }
    }
    for read in reads.iter().filter(|r| r.kind == Kind::Registry) {
        let Some((name, at)) = read.text("name") else { continue };
        let packages = read.node.as_ref().ok().and_then(|n| n.get("packages")).and_then(|p| p.items());
        let proven_so = packages.into_iter().flatten().any(|p| {
            p.get("registryType").and_then(|t| t.as_str()).is_some_and(|t| ["cargo", "pypi", "nuget"].contains(&t))
        });
        let readme = tree.text("README.md").unwrap_or_default();
        if proven_so && !readme.contains(&format!("mcp-name: {name}")) {
            out.push(
                PROOF
                    .at(
                        Location::at(subject.project.show(&read.path), at),
                        format!("README.md does not say mcp-name: {name}"),
                    )
                    .fix(format!("write \"mcp-name: {name}\" into README.md, as visible text")),
            );
        }
    }
    out
}
