//! The one source of all manifests: `integ.toml`, and what the project's own package file says already.

use indexmap::IndexMap;
use serde::Deserialize;

use crate::base::yaml::Span;
use crate::skill::Tree;

/// The file, at the project's root.
pub const FILE: &str = "integ.toml";

/// Who made it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Author {
    /// Name of the person or group.
    pub name: String,
    /// Their page.
    pub url: Option<String>,
}

/// A registry of packages that clients install from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Registry {
    /// `Cargo.toml`.
    Cargo,
    /// `pyproject.toml`.
    Pypi,
    /// `package.json`.
    Npm,
}

impl Registry {
    /// As the MCP registry names it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cargo => "cargo",
            Self::Pypi => "pypi",
            Self::Npm => "npm",
        }
    }
}

/// What the project's own package file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Home {
    /// The file.
    pub file: String,
    /// Where packages of its kind are published.
    pub registry: Option<Registry>,
    /// Its name there.
    pub name: Option<String>,
    /// Version.
    pub version: Option<String>,
    /// Where the version stands.
    pub version_at: Span,
    /// Licence, as SPDX names it.
    pub license: Option<String>,
    /// Where the source lies.
    pub repository: Option<String>,
    /// Its page.
    pub homepage: Option<String>,
    /// What it is.
    pub description: Option<String>,
    /// Words to find it by.
    pub keywords: Vec<String>,
}

/// Everything that manifests are made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// The project's package file.
    pub home: Home,
    /// Name of the plugin.
    pub plugin: String,
    /// Name of the marketplace that lists it.
    pub marketplace: String,
    /// Name for people.
    pub display_name: String,
    /// What it is, in one or two sentences.
    pub description: String,
    /// What it is, in at most 100 characters: the registry takes no more.
    pub short: String,
    /// Name in the MCP registry, e.g. `io.github.owner/name`.
    pub registry_name: Option<String>,
    /// Version.
    pub version: String,
    /// Licence, as SPDX names it.
    pub license: Option<String>,
    /// Where the source lies.
    pub repository: Option<String>,
    /// Its page.
    pub homepage: Option<String>,
    /// Who made it.
    pub author: Author,
    /// Words to find it by.
    pub keywords: Vec<String>,
    /// Kind of tool, for catalogues.
    pub category: String,
    /// Key of the MCP server.
    pub server_key: String,
    /// Program and arguments that start it; the program is on the PATH.
    pub command: Vec<String>,
    /// The skill's directory, below the root.
    pub skill: String,
    /// Files and directories that the skill is shipped with, below the root.
    pub artifacts: Vec<String>,
    /// Clients that are served.
    pub clients: Vec<String>,
    /// Environment of the server, by client; references only.
    pub env: IndexMap<String, IndexMap<String, String>>,
    /// What the user is asked for when the bundle is installed.
    pub user_config: serde_json::Value,
}

/// Why there is no source.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{because}")]
pub struct SourceError {
    /// The file that is wrong.
    pub file: String,
    /// Where.
    pub at: Span,
    /// Why, as a fragment.
    pub because: String,
}

/// `integ.toml` as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    display_name: String,
    description: Option<String>,
    registry_description: Option<String>,
    registry_name: Option<String>,
    plugin: Option<String>,
    marketplace: Option<String>,
    server_key: String,
    command: Vec<String>,
    skill: String,
    #[serde(default)]
    artifacts: Vec<String>,
    author: Author,
    category: Option<String>,
    keywords: Option<Vec<String>>,
    clients: Option<Vec<String>>,
    version: Option<String>,
    license: Option<String>,
    repository: Option<String>,
    homepage: Option<String>,
    #[serde(default)]
    env: IndexMap<String, IndexMap<String, String>>,
    user_config: Option<serde_json::Value>,
}

impl Source {
    /// Reads the source of a project; nothing where it has none.
    ///
    /// # Errors
    /// A file that does not parse, a key that is unknown, missing or unfit.
    pub fn read(tree: &Tree) -> Result<Option<Self>, SourceError> {
        let Some(text) = tree.text(FILE) else { return Ok(None) };
        let wrong = |at: Span, because: String| SourceError { file: FILE.to_owned(), at, because };
        let written: Written = toml::from_str(text).map_err(|e| {
            let at = e.span().map_or_else(|| place(text, 0), |s| place(text, s.start));
            wrong(at, e.message().to_owned())
        })?;
        let home = home(tree)?;
        let top = Span { line: 1, column: 1 };
        let need = |what: Option<String>, key: &str| {
            what.ok_or_else(|| wrong(top, format!("{key} is stated neither here nor in the project's package file")))
        };
        let line = |key: &str| key_line(text, key);
        if written.command.is_empty() {
            return Err(wrong(line("command"), "command names no program".to_owned()));
        }
        let clients = written.clients.unwrap_or_else(|| super::ALL.iter().map(|m| m.client.to_owned()).collect());
        if let Some(unknown) =
            clients.iter().chain(written.env.keys()).find(|c| super::ALL.iter().all(|m| m.client != **c))
        {
            let mut known: Vec<&str> = super::ALL.iter().map(|m| m.client).collect();
            known.dedup();
            return Err(wrong(
                line("clients"),
                format!("no client is called {unknown}; there are {}", known.join(", ")),
            ));
        }
        for path in written.artifacts.iter().chain([&written.skill]) {
            let climbs = path.split('/').any(|p| p == ".." || p.is_empty()) || path.contains('\\');
            if climbs {
                return Err(wrong(line("skill"), format!("{path} is no path below this file's directory")));
            }
        }
        let description = need(written.description.or_else(|| home.description.clone()), "description")?;
        let short = written.registry_description.unwrap_or_else(|| description.clone());
        let plugin = need(written.plugin.or_else(|| home.name.clone()), "plugin")?;
        Ok(Some(Self {
            marketplace: written.marketplace.unwrap_or_else(|| plugin.clone()),
            display_name: written.display_name,
            description,
            short,
            registry_name: written.registry_name,
            version: need(written.version.or_else(|| home.version.clone()), "version")?,
            license: written.license.or_else(|| home.license.clone()),
            repository: written.repository.or_else(|| home.repository.clone()),
            homepage: written.homepage.or_else(|| home.homepage.clone()),
            author: written.author,
            keywords: written.keywords.unwrap_or_else(|| home.keywords.clone()),
            category: written.category.unwrap_or_else(|| "development".to_owned()),
            server_key: written.server_key,
            command: written.command,
            skill: written.skill.trim_end_matches('/').to_owned(),
            artifacts: written.artifacts.iter().map(|a| a.trim_end_matches('/').to_owned()).collect(),
            clients,
            env: written.env,
            user_config: written.user_config.unwrap_or(serde_json::Value::Null),
            plugin,
            home,
        }))
    }

    /// The name of the skill's directory.
    #[must_use]
    pub fn skill_name(&self) -> &str {
        self.skill.rsplit('/').next().unwrap_or(&self.skill)
    }

    /// The environment of the server for one client.
    #[must_use]
    pub fn env_of(&self, client: &str) -> Option<&IndexMap<String, String>> {
        self.env.get(client).filter(|e| !e.is_empty())
    }
}

/// The project's own package file: the first that states a name or a version.
fn home(tree: &Tree) -> Result<Home, SourceError> {
    let mut all = Vec::new();
    for (file, read) in [
        ("Cargo.toml", cargo as fn(&str) -> Result<Home, SourceError>),
        ("pyproject.toml", pyproject),
        ("package.json", npm),
    ] {
        if let Some(text) = tree.text(file) {
            all.push(read(text)?);
        }
    }
    Ok(all.into_iter().find(|h| h.name.is_some()).unwrap_or_default())
}

impl Home {
    /// The package files of a project that parse, each with what it says.
    #[must_use]
    pub fn all(tree: &Tree) -> Vec<Self> {
        let read = |file: &str, f: fn(&str) -> Result<Self, SourceError>| tree.text(file).and_then(|t| f(t).ok());
        [read("Cargo.toml", cargo), read("pyproject.toml", pyproject), read("package.json", npm)]
            .into_iter()
            .flatten()
            .collect()
    }
}

fn toml_of(file: &str, text: &str) -> Result<toml::Table, SourceError> {
    toml::from_str(text).map_err(|e| SourceError {
        file: file.to_owned(),
        at: e.span().map_or_else(|| place(text, 0), |s| place(text, s.start)),
        because: e.message().to_owned(),
    })
}

fn word(value: Option<&toml::Value>) -> Option<String> {
    value?.as_str().map(str::to_owned)
}

fn words(value: Option<&toml::Value>) -> Vec<String> {
    value.and_then(toml::Value::as_array).into_iter().flatten().filter_map(|v| word(Some(v))).collect()
}

/// Keys may be inherited from a workspace: <https://doc.rust-lang.org/cargo/reference/workspaces.html>
fn cargo(text: &str) -> Result<Home, SourceError> {
    let table = toml_of("Cargo.toml", text)?;
    let package = table.get("package").and_then(toml::Value::as_table);
    let shared = table.get("workspace").and_then(|w| w.get("package")).and_then(toml::Value::as_table);
    let get = |key: &str| {
        let own = package.and_then(|p| p.get(key));
        match own {
            Some(toml::Value::Table(_)) => shared.and_then(|s| s.get(key)),
            None if package.is_none() => shared.and_then(|s| s.get(key)),
            own => own,
        }
    };
    Ok(Home {
        file: "Cargo.toml".to_owned(),
        registry: Some(Registry::Cargo),
        name: word(get("name")),
        version: word(get("version")),
        version_at: key_line(text, "version"),
        license: word(get("license")),
        repository: word(get("repository")),
        homepage: word(get("homepage")),
        description: word(get("description")),
        keywords: words(get("keywords")),
    })
}

fn pyproject(text: &str) -> Result<Home, SourceError> {
    let table = toml_of("pyproject.toml", text)?;
    let project = table.get("project").and_then(toml::Value::as_table);
    let get = |key: &str| project.and_then(|p| p.get(key));
    let urls = get("urls").and_then(toml::Value::as_table);
    let url = |names: [&str; 2]| names.into_iter().find_map(|n| word(urls.and_then(|u| u.get(n))));
    Ok(Home {
        file: "pyproject.toml".to_owned(),
        registry: Some(Registry::Pypi),
        name: word(get("name")),
        version: word(get("version")),
        version_at: key_line(text, "version"),
        license: word(get("license")),
        repository: url(["Repository", "repository"]),
        homepage: url(["Homepage", "homepage"]),
        description: word(get("description")),
        keywords: words(get("keywords")),
    })
}

fn npm(text: &str) -> Result<Home, SourceError> {
    let value: serde_json::Value = serde_json::from_str(text).map_err(|e| SourceError {
        file: "package.json".to_owned(),
        at: Span {
            line: u32::try_from(e.line()).unwrap_or(u32::MAX).max(1),
            column: u32::try_from(e.column()).unwrap_or(u32::MAX).max(1),
        },
        because: "this is not JSON".to_owned(),
    })?;
    let get = |key: &str| value.get(key).and_then(serde_json::Value::as_str).map(str::to_owned);
    let repository = value.pointer("/repository/url").and_then(serde_json::Value::as_str).map(str::to_owned);
    let repository = repository.or_else(|| get("repository"));
    // A package that is never published has a version only because some tools want one.
    let private = value.get("private").and_then(serde_json::Value::as_bool).unwrap_or(false);
    let node = crate::base::yaml::parse(text, crate::base::yaml::Limits::default()).ok();
    Ok(Home {
        file: "package.json".to_owned(),
        registry: (!private).then_some(Registry::Npm),
        name: get("name"),
        version: if private { None } else { get("version") },
        version_at: node.map_or(Span { line: 1, column: 1 }, |n| n.locate("/version")),
        license: get("license"),
        repository: repository.map(|r| r.trim_start_matches("git+").trim_end_matches(".git").to_owned()),
        homepage: get("homepage"),
        description: get("description"),
        keywords: value
            .get("keywords")
            .and_then(serde_json::Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|k| k.as_str().map(str::to_owned))
            .collect(),
    })
}

/// Where the first line `key = …` stands.
fn key_line(text: &str, key: &str) -> Span {
    let found = (1..).zip(text.lines()).find(|(_, line)| {
        line.trim_start().strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with(['=', '.']))
    });
    found.map_or(Span { line: 1, column: 1 }, |(line, text)| Span {
        line,
        column: u32::try_from(text.len() - text.trim_start().len() + 1).unwrap_or(1),
    })
}

/// Line and column of a byte.
fn place(text: &str, byte: usize) -> Span {
    let before = text.get(..byte).unwrap_or_default();
    let line = u32::try_from(before.matches('\n').count() + 1).unwrap_or(u32::MAX);
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    Span { line, column: u32::try_from(column).unwrap_or(u32::MAX) }
}
