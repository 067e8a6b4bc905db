//! The file that says who may call: a line for each token, with a name and where the token lies. The file holds no
//! token itself; what it refers to is read once, at the start, and kept as a digest.

use std::path::Path;

use super::{compose, output};
use crate::app::Refusal;
use crate::base::digest::Digest;
use crate::base::secret::SecretRef;
use crate::base::{fs, text};
use crate::connector::SecretSource as _;
use crate::mcp::Principals;

/// The largest file of tokens, in bytes.
const MOST: u64 = 1024 * 1024;
/// The shortest token, in characters: what is guessed at over a network has to be long.
const SHORTEST: usize = 24;

const NEXT: &str = "write a line as NAME env:VARIABLE, NAME file:PATH or NAME sha256:DIGEST";

/// Reads the file and what it refers to.
///
/// # Errors
/// `unreadable-tokens`, `tokens-open-to-others`, `bad-token-line`, `short-token`, `token-of-two`.
pub(super) fn read(cwd: &Path, file: &Path) -> Result<Principals, Refusal> {
    let path = cwd.join(file);
    let content = fs::read_text(&path, MOST)
        .map_err(|e| Refusal::new("unreadable-tokens", e.to_string(), "give the path of the file: --tokens FILE"))?;
    if is_writable_by_others(&path) {
        return Err(Refusal::new(
            "tokens-open-to-others",
            format!("other users of this machine may write {}, and so let themselves in", file.display()),
            format!("chmod 600 {}", file.display()),
        ));
    }
    warn_if_readable_by_others(&path, "the file of tokens");
    let secrets = compose::Secrets::new(path.parent().unwrap_or(cwd).to_owned());
    let mut all = Principals::default();
    let mut seen: Vec<(Digest, String)> = Vec::new();
    for (number, line) in (1..).zip(content.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let bad = |because: String| {
            Refusal::new("bad-token-line", format!("{}, line {number}: {because}", file.display()), NEXT)
        };
        let mut words = line.split_whitespace();
        let (Some(name), Some(reference), None) = (words.next(), words.next(), words.next()) else {
            return Err(bad("a line has two words, a name and a reference".to_owned()));
        };
        if !is_name(name) {
            return Err(bad(format!(
                "\"{}\" is no name of a principal (letters, digits and . _ @ -, at most 64)",
                text::quoted(name, 70)
            )));
        }
        let digest = digest(&secrets, reference).map_err(|no| match no {
            // Never quoted: it may be the token itself, put into the wrong place.
            Bad::NoReference => bad(format!("what stands beside {name} is no reference")),
            Bad::Unresolved(because) => bad(because),
            Bad::Short(length) => Refusal::new(
                "short-token",
                format!(
                    "{}, line {number}: the token of {name} has {length} characters, fewer than {SHORTEST}",
                    file.display()
                ),
                "make a longer one: openssl rand -hex 32",
            ),
        })?;
        if let Some((_, other)) = seen.iter().find(|(d, other)| *d == digest && other != name) {
            return Err(Refusal::new(
                "token-of-two",
                format!("{}, line {number}: {name} and {other} have the same token", file.display()),
                "give each principal a token of its own: openssl rand -hex 32",
            ));
        }
        all.add(name, &digest);
        seen.push((digest, name.to_owned()));
    }
    Ok(all)
}

enum Bad {
    NoReference,
    Unresolved(String),
    Short(usize),
}

fn digest(secrets: &compose::Secrets, reference: &str) -> Result<Digest, Bad> {
    if let Some(hex) = reference.strip_prefix("sha256:") {
        return Digest::parse(&format!("sha256:{}", hex.to_ascii_lowercase())).ok_or(Bad::NoReference);
    }
    let reference = SecretRef::parse(reference).ok_or(Bad::NoReference)?;
    if let SecretRef::File(path) = &reference {
        warn_if_readable_by_others(&secrets.cwd.join(path), "the token");
    }
    let secret = secrets.resolve(&reference).map_err(Bad::Unresolved)?;
    let token = secret.expose().trim();
    match token.chars().count() {
        length if length < SHORTEST => Err(Bad::Short(length)),
        _ => Ok(Digest::of_bytes(token.as_bytes())),
    }
}

fn is_name(name: &str) -> bool {
    name.len() <= 64
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._@-".contains(&b))
}

/// Says so on stderr when other users of the machine can read a file that ought to be private.
pub(super) fn warn_if_readable_by_others(path: &Path, what: &str) {
    if mode(path) & 0o004 != 0 {
        let path = path.display();
        output::err(&format!("warning: every user of this machine may read {what}, {path}\nnext: chmod 600 {path}\n"));
    }
}

fn is_writable_by_others(path: &Path) -> bool {
    mode(path) & 0o002 != 0
}

/// The permission bits; none where the system has none.
#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).map_or(0, |m| m.permissions().mode())
}

#[cfg(not(unix))]
fn mode(_path: &Path) -> u32 {
    0
}
