//! What is built: the self-contained skill, its archive, a directory for each client, the bundle, the registry's entry.

use super::archive::{Entry, zip};
use super::skill::{NotShipped, ships};
use super::{Place, Source, text, wanted};
use crate::base::digest::Digest;
use crate::skill::Tree;

/// The program that goes into the bundle.
#[derive(Debug, Clone)]
pub struct Binary {
    /// The program.
    pub bytes: Vec<u8>,
    /// Its platform, as bundles name it: `linux`, `darwin`, `win32`.
    pub platform: String,
    /// Its processor, for the name of the bundle.
    pub arch: String,
}

/// What was built, by path.
#[derive(Debug, Clone, Default)]
pub struct Built {
    /// The files.
    pub files: Vec<Entry>,
    /// Those that are handed out as they are: archives and the registry's entry.
    pub archives: Vec<String>,
}

/// Why nothing was built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotBuilt {
    /// The skill cannot be shipped.
    #[error(transparent)]
    Skill(#[from] NotShipped),
    /// An archive cannot hold it.
    #[error("{0}")]
    Archive(String),
}

/// Builds everything that the source asks for; the bundle only where there is a program for it.
///
/// # Errors
/// [`NotBuilt`]
pub fn dist(source: &Source, tree: &Tree, binary: Option<&Binary>) -> Result<Built, NotBuilt> {
    let skill = ships(source, tree)?;
    let name = source.skill_name();
    let mut built = Built::default();
    let within = |dir: &str| -> Vec<Entry> {
        skill.iter().map(|e| Entry { path: format!("{dir}{}", e.path), ..e.clone() }).collect()
    };
    built.files.extend(within(&format!("skills/{name}/")));
    let archive = zip(&within(&format!("{name}/"))).map_err(NotBuilt::Archive)?;
    for extension in ["skill", "zip"] {
        built.archive(format!("{name}-{}.{extension}", source.version), archive.clone());
    }
    let platform = binary.map_or_else(|| "linux".to_owned(), |b| b.platform.clone());
    let mut place = Place::Built { platform: platform.clone(), bundle: None };
    if source.clients.iter().any(|c| c == "mcpb")
        && let Some(binary) = binary
    {
        let (file, bytes) = bundle(source, tree, &place, binary).map_err(NotBuilt::Archive)?;
        let digest = Digest::of_bytes(&bytes).as_str().trim_start_matches("sha256:").to_owned();
        place = Place::Built { platform, bundle: Some((file.clone(), digest)) };
        built.archive(file, bytes);
    }
    for manifest in wanted(source) {
        let value = (manifest.make)(source, &place);
        let bytes = text(&value).into_bytes();
        let at = |path: String| Entry { path, bytes: bytes.clone(), executable: false };
        match (manifest.client, manifest.path) {
            ("mcpb", _) => {}
            ("registry", path) => {
                built.archives.push(path.to_owned());
                built.files.push(at(path.to_owned()));
            }
            ("codex", path) if path.ends_with("marketplace.json") => built.files.push(at(format!("codex/{path}"))),
            ("codex", path) => built.files.push(at(format!("codex/plugins/{}/{path}", source.plugin))),
            (client, path) => built.files.push(at(format!("{client}/{path}"))),
        }
    }
    let server = super::ALL.iter().find(|m| m.path == ".mcp.json");
    for client in ["claude", "agent-plugins", "codex", "cursor", "gemini"] {
        if !source.clients.iter().any(|c| c == client) {
            continue;
        }
        let root = if client == "codex" { format!("codex/plugins/{}/", source.plugin) } else { format!("{client}/") };
        built.files.extend(within(&format!("{root}skills/{name}/")));
        for (path, file) in ["README.md", "LICENSE"].iter().filter_map(|p| Some((*p, tree.get(p)?))) {
            if let Some(bytes) = file.bytes() {
                built.files.push(Entry { path: format!("{root}{path}"), bytes: bytes.to_vec(), executable: false });
            }
        }
        // Their plugin manifests point to it.
        if let (true, Some(server)) = (client == "codex" || client == "cursor", server) {
            let bytes = text(&(server.make)(source, &place)).into_bytes();
            built.files.push(Entry { path: format!("{root}.mcp.json"), bytes, executable: false });
        }
    }
    built.files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(built)
}

impl Built {
    fn archive(&mut self, path: String, bytes: Vec<u8>) {
        self.archives.push(path.clone());
        self.files.push(Entry { path, bytes, executable: false });
    }
}

/// The bundle's name and bytes: manifest, program, licence.
fn bundle(source: &Source, tree: &Tree, place: &Place, binary: &Binary) -> Result<(String, Vec<u8>), String> {
    let Some(manifest) = super::ALL.iter().find(|m| m.client == "mcpb") else {
        return Err("there is no manifest for a bundle".to_owned());
    };
    let value = (manifest.make)(source, place);
    let entry = value.pointer("/server/entry_point").and_then(serde_json::Value::as_str).unwrap_or("server/server");
    let mut entries = vec![
        Entry { path: "manifest.json".to_owned(), bytes: text(&value).into_bytes(), executable: false },
        Entry { path: entry.to_owned(), bytes: binary.bytes.clone(), executable: true },
    ];
    if let Some(bytes) = tree.get("LICENSE").and_then(crate::skill::File::bytes) {
        entries.push(Entry { path: "LICENSE".to_owned(), bytes: bytes.to_vec(), executable: false });
    }
    let file = format!("{}-{}-{}-{}.mcpb", source.plugin, source.version, binary.platform, binary.arch);
    Ok((file, zip(&entries)?))
}
