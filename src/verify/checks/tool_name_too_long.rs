//! A tool's name must fit the clients: they put the server's key before it, and cut or refuse what is too long.

use crate::base::text::quoted;
use crate::base::yaml::Span;
use crate::finding::{Finding, Location, Severity};
use crate::verify::{Check, Profile, Rule, Subject};

/// What the model APIs take for the name of a function.
const API: usize = 64;
/// What Cursor takes for server and tool together.
const TOGETHER: usize = 60;

const LONG: Rule = Rule {
    code: "tool-name-too-long",
    id: "PI026",
    severity: Severity::Error,
    finds: "A tool's full name is longer than clients take.",
    source: "64 characters under mcp__plugin_<plugin>_<key>__ (anthropics/claude-code #23149), 60 for server and tool in Cursor (awslabs/mcp #1283)",
};
const UNPORTABLE: Rule = Rule {
    code: "tool-name-unportable",
    id: "PI026",
    severity: Severity::Error,
    finds: "A tool's name holds a character that model APIs refuse.",
    source: "function names of model APIs: [a-zA-Z0-9_-]{1,64}; SEP-986 allows more, clients do not",
};

pub(super) const CHECK: Check = Check { rules: &[LONG, UNPORTABLE], profile: Profile::Sync, run };

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    let tree = &subject.project.tree;
    let plugin = [".claude-plugin/plugin.json", "plugin.json"]
        .iter()
        .find_map(|path| serde_json::from_str::<serde_json::Value>(tree.text(path)?).ok())
        .and_then(|manifest| Some(manifest.get("name")?.as_str()?.to_owned()));
    let mut out = Vec::new();
    for (server, surface) in subject.facts.answered() {
        let at = || match &server.declared_in {
            Some(manifest) => Location::at(subject.project.show(manifest), server.at),
            None => {
                let main = subject.skills().next().map(|s| s.main().file.clone());
                Location::at(main.unwrap_or_default(), Span { line: 1, column: 1 })
            }
        };
        let key = if server.key.is_empty() { surface.name.as_str() } else { server.key.as_str() };
        // A plugin brings its manifests with it; without one, the key alone stands before the tool.
        let prefix = match &plugin {
            Some(plugin) if server.declared_in.is_some() => format!("mcp__plugin_{plugin}_{key}__"),
            _ => format!("mcp__{key}__"),
        };
        let before = prefix.chars().count();
        for tool in &surface.tools {
            let name = quoted(&tool.name, 80);
            let long = tool.name.chars().count();
            let (full, together) = (before + long, key.chars().count() + long);
            if full > API {
                let shown = quoted(&prefix, 80);
                let message = format!("tool {name} is {full} characters long as {shown}{name}, and {API} are taken");
                let room = API.saturating_sub(before);
                let fix = format!("shorten the tool's name to {room} characters, or the server's key");
                out.push(LONG.at(at(), message).fix(fix));
            } else if together > TOGETHER {
                let message = format!(
                    "tool {name} and its server's key have {together} characters together, Cursor takes {TOGETHER}"
                );
                out.push(LONG.at(at(), message).fix("shorten the tool's name, or the server's key"));
            }
            if !tool.name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-')) {
                let message = format!("the name of tool {name} holds a character outside [A-Za-z0-9_-]");
                out.push(UNPORTABLE.at(at(), message).fix("name it in letters, digits, _ and - alone"));
            }
        }
    }
    out
}
