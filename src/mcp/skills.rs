//! Our own skill, served (SEP-2640): its entry, its files, its directories. What is served was built into the program, so
//! it is there without a checkout and is the same as long as the program runs. It is nobody's secret: every principal
//! reads it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use base64::Engine as _;
use rmcp::ErrorData;
use rmcp::model::{
    CacheScope, DIRECTORY_MIME_TYPE, GetSkillResult, ListSkillsResult, ReadResourceDirectoryResult, ReadResourceResult,
    Resource, ResourceContents, Skill, SkillFrontmatter, SkillResource, SkillResources,
};
use serde_json::json;

use super::server::LIST_TTL_MS;
use crate::base::text;
use crate::skill::{MAIN, SHIPPED, parse_front_matter};

/// What the addresses of skills begin with.
pub(super) const SCHEME: &str = "skill://";
const NAME: &str = "platform-integration";
const MARKDOWN: &str = "text/markdown";

struct Served {
    skill: Skill,
    /// `SKILL.md` as `resources/list` shows it.
    listed: Resource,
    /// By address.
    files: BTreeMap<String, &'static [u8]>,
    /// What lies directly in each directory, by its address.
    directories: BTreeMap<String, Vec<Resource>>,
}

/// Nothing where the skill could not be read, which a test rules out: a server without it is still a server.
static SERVED: LazyLock<Option<Served>> = LazyLock::new(|| served(SHIPPED));

fn served(shipped: &'static [(&'static str, &'static [u8])]) -> Option<Served> {
    let (_, main) = shipped.iter().find(|(path, _)| *path == MAIN)?;
    let front = parse_front_matter(std::str::from_utf8(main).ok()?).ok()?.node.into_value();
    let frontmatter: SkillFrontmatter = serde_json::from_value(front).ok()?;
    let files: BTreeMap<String, &'static [u8]> =
        shipped.iter().map(|(path, bytes)| (format!("{SCHEME}{NAME}/{path}"), *bytes)).collect();
    let uri = format!("{SCHEME}{NAME}/{MAIN}");
    let listed = Resource::new(&uri, &frontmatter.name)
        .with_description(&frontmatter.description)
        .with_mime_type(MARKDOWN)
        .with_size(main.len() as u64);
    let resources = files.iter().map(|(uri, bytes)| SkillResource::from_bytes(uri, bytes)).collect();
    let skill = Skill::new(uri, frontmatter, SkillResources::Files(resources));
    skill.validate().ok()?;
    Some(Served { skill, listed, directories: directories(&files), files })
}

/// What is wrong with a request of a method that is served here, when its parameters cannot be read.
pub(super) fn unreadable(method: &str) -> Option<ErrorData> {
    let wanted = match method {
        "skills/get" => format!("uri is required, a string: the address of a skill, e.g. {SCHEME}{NAME}/{MAIN}"),
        "resources/directory/read" => {
            format!("uri is required, a string: the address of a directory, e.g. {SCHEME}{NAME}")
        }
        "skills/list" => "cursor, where it is given, is a string".to_owned(),
        _ => return None,
    };
    Some(ErrorData::invalid_params(format!("{method}: {wanted}"), None))
}

fn directories(files: &BTreeMap<String, &'static [u8]>) -> BTreeMap<String, Vec<Resource>> {
    let root = format!("{SCHEME}{NAME}");
    let mut inside: BTreeMap<String, BTreeMap<String, Resource>> = BTreeMap::new();
    for (uri, bytes) in files {
        let mut child = Resource::new(uri, last(uri)).with_size(bytes.len() as u64);
        child.mime_type = mime_type(uri).map(str::to_owned);
        let mut at = uri.as_str();
        // Each directory above it holds what is below; above the skill there is nothing.
        while at != root
            && let Some((above, _)) = at.rsplit_once('/')
        {
            inside.entry(above.to_owned()).or_default().insert(at.to_owned(), child);
            child = Resource::new(above, last(above)).with_mime_type(DIRECTORY_MIME_TYPE);
            at = above;
        }
    }
    inside.into_iter().map(|(dir, children)| (dir, children.into_values().collect())).collect()
}

fn last(uri: &str) -> &str {
    uri.rsplit('/').next().unwrap_or(uri)
}

/// Nothing for a name that does not tell.
fn mime_type(uri: &str) -> Option<&'static str> {
    Some(match last(uri).rsplit_once('.')?.1 {
        "md" => MARKDOWN,
        "json" => "application/json",
        "yaml" | "yml" => "application/yaml",
        "toml" => "application/toml",
        "txt" => "text/plain",
        "xml" => "application/xml",
        "csv" => "text/csv",
        "html" => "text/html",
        "sh" => "application/x-sh",
        "py" => "text/x-python",
        "js" | "mjs" => "text/javascript",
        _ => return None,
    })
}

/// `skills/list`: the one skill.
pub(super) fn list() -> ListSkillsResult {
    let all = SERVED.iter().map(|s| s.skill.clone()).collect();
    ListSkillsResult::with_all_items(all).with_ttl_ms(LIST_TTL_MS).with_cache_scope(CacheScope::Public)
}

/// `skills/get`.
pub(super) fn get(uri: &str) -> Result<GetSkillResult, ErrorData> {
    let found = SERVED.as_ref().filter(|s| s.skill.uri == uri);
    let found = found.map(|s| GetSkillResult::new(s.skill.clone()));
    found.map(|r| r.with_ttl_ms(LIST_TTL_MS).with_cache_scope(CacheScope::Public)).ok_or_else(|| {
        ErrorData::invalid_params(
            format!("no skill \"{}\"; there is: {SCHEME}{NAME}/{MAIN}", text::quoted(uri, 200)),
            None,
        )
    })
}

/// `SKILL.md`, for `resources/list`.
pub(super) fn listed() -> Option<Resource> {
    SERVED.as_ref().map(|s| s.listed.clone())
}

/// A file of the skill.
pub(super) fn read(uri: &str) -> Result<ReadResourceResult, ErrorData> {
    let bytes = SERVED.as_ref().and_then(|s| s.files.get(uri)).ok_or_else(|| nowhere(uri))?;
    let mime = mime_type(uri);
    let contents = match std::str::from_utf8(bytes) {
        Ok(text) if mime.is_some() => ResourceContents::text(text, uri),
        _ => ResourceContents::blob(base64::engine::general_purpose::STANDARD.encode(bytes), uri),
    };
    let contents = mime.map_or_else(|| contents.clone(), |mime| contents.clone().with_mime_type(mime));
    Ok(ReadResourceResult::new(vec![contents]).with_ttl_ms(LIST_TTL_MS).with_cache_scope(CacheScope::Public))
}

/// `resources/directory/read`: what lies directly in a directory of the skill.
pub(super) fn directory(uri: &str) -> Result<ReadResourceDirectoryResult, ErrorData> {
    let found = SERVED.as_ref().and_then(|s| s.directories.get(uri.strip_suffix('/').unwrap_or(uri)));
    let children = found.cloned().ok_or_else(|| {
        let near = near(uri, |s| s.directories.keys().map(String::as_str).collect());
        ErrorData::invalid_params(format!("no directory \"{}\"{near}", text::quoted(uri, 200)), None)
    })?;
    Ok(ReadResourceDirectoryResult::with_all_items(children)
        .with_ttl_ms(LIST_TTL_MS)
        .with_cache_scope(CacheScope::Public))
}

fn nowhere(uri: &str) -> ErrorData {
    let near = near(uri, |s| s.files.keys().map(String::as_str).collect());
    ErrorData::resource_not_found(
        format!("no file \"{}\" of the skill{near}; skills/list names them all", text::quoted(uri, 200)),
        Some(json!({"uri": text::quoted(uri, 400)})),
    )
}

fn near(uri: &str, of: impl Fn(&'static Served) -> Vec<&'static str>) -> String {
    SERVED.as_ref().map(|s| text::did_you_mean(uri, of(s))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_skill_that_was_built_in_can_be_served() {
        let served = SERVED.as_ref().expect("it reads");
        assert_eq!(served.skill.name(), NAME);
        assert_eq!(served.files.len(), SHIPPED.len());
        let root = &served.directories[&format!("{SCHEME}{NAME}")];
        let names: Vec<&str> = root.iter().map(|r| r.name.as_str()).collect();
        assert!(names.contains(&MAIN) && names.contains(&"references"), "{names:?}");
    }

    #[test]
    fn a_skill_that_does_not_read_is_not_served() {
        assert!(served(&[("SKILL.md", b"# no front matter")]).is_none());
        assert!(served(&[("other.md", b"")]).is_none());
    }
}
