//! Where a description comes from: a file, standard input, an address; with the files it refers to and its overlays.
//!
//! A description is named by one text throughout: `apis/billing.yaml`, `-`, `https://host/openapi.json`; overlays follow
//! after ` + `: `apis/billing.yaml + fixes.overlay.yaml`.

use std::collections::{HashSet, VecDeque};
use std::io::Read;
use std::path::{Path, PathBuf};

use url::Url;

use super::App;
use super::no::Refusal;
use crate::base::fs::{self, FileError, MAX_CONTRACT, MAX_DESCRIPTION, Stamp};
use crate::base::text::quoted;
use crate::connector::{DownloadError, Reach, download};
use crate::readers::{self, Input, Lacking, Part, is_url};

/// Between a description and its overlays.
const AND: &str = " + ";
/// Most files that one description may consist of.
const MOST_FILES: usize = 1_000;

/// What may be fetched over the network.
#[derive(Debug, Clone, Copy, Default)]
pub struct Fetch {
    /// A description that the caller names by its address, and what it refers to on the same host.
    pub named: bool,
    /// What a description refers to at any address.
    pub referred: bool,
    /// Beyond public hosts over TLS.
    pub reach: Reach,
}

impl Fetch {
    /// Nothing at all.
    pub const NOTHING: Self = Self { named: false, referred: false, reach: Reach { private: false, http: false } };
}

/// Where descriptions come from that are no files: standard input, read once.
pub(super) type Stdin = Box<dyn Read + Send>;

/// The files that were looked at, with what they were; nothing where there was none.
pub(super) type Seen = Vec<(PathBuf, Option<Stamp>)>;

/// A description and its overlays as one text.
#[must_use]
pub fn name<'n>(api: &str, overlays: impl IntoIterator<Item = &'n str>) -> String {
    overlays.into_iter().fold(api.to_owned(), |name, overlay| name + AND + overlay)
}

/// `named` as it is meant by somebody in `dir`; each part, where there are overlays.
pub(super) fn below(dir: &Path, named: &str) -> PathBuf {
    let one = |part: &str| if is_url(part) { PathBuf::from(part) } else { dir.join(part) };
    let plain = one(named);
    if !named.contains(AND) || plain.exists() {
        return plain;
    }
    let parts: Vec<String> = named.split(AND).map(|part| one(part).display().to_string()).collect();
    PathBuf::from(parts.join(AND))
}

/// The parts of what [`below`] made; the description first.
pub(super) fn parts(path: &Path) -> Vec<PathBuf> {
    match path.to_str().filter(|text| text.contains(AND)) {
        Some(text) if !path.exists() => text.split(AND).map(PathBuf::from).collect(),
        _ => vec![path.to_owned()],
    }
}

/// Whether a description can be read again as it was: one from standard input or from an address cannot.
pub(super) fn keeps(named: &str) -> bool {
    let first = named.split(AND).next().unwrap_or(named);
    first != "-" && !is_url(first)
}

/// Reads all that a description consists of; `named` is how the caller named it.
///
/// # Errors
/// Where the description itself or an overlay cannot be had. What is wrong with a file that is referred to is said
/// where it is referred to.
pub(super) fn gather(app: &App, path: &Path, named: &str) -> Result<(Input, Seen), Refusal> {
    let paths = parts(path);
    let mut names = named.split(AND);
    let first = if paths.len() == 1 { named } else { names.next().unwrap_or(named) };
    let main = paths.first().cloned().unwrap_or_default();
    let mut seen = Seen::new();
    let mut work = Work { app, dir: None, origin: None, left: MAX_DESCRIPTION, seen: &mut seen };
    let input = if first == "-" {
        Input::of_bytes("-", standard_input(app)?)
    } else if let Some(url) = main.to_str().filter(|text| is_url(text)) {
        work.origin = Url::parse(url).ok();
        Input::of_bytes(url, fetched(app, url)?)
    } else {
        work.dir = Some(main.parent().map(Path::to_owned).unwrap_or_default());
        let bytes = work.file(&main).map_err(|e| Refusal::unreadable(&e))?;
        let name = main.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        Input::of_bytes(&name, bytes)
    };
    work.left = work.left.saturating_sub(input.main.bytes.as_ref().map_or(0, |b| b.len() as u64));
    let others = work.others(&input.main);
    let mut overlays = Vec::new();
    for (i, overlay) in paths.iter().enumerate().skip(1) {
        let bytes = fs::read_bytes(overlay, MAX_CONTRACT).map_err(|e| Refusal::unreadable(&e))?;
        seen.push((overlay.clone(), fs::stamp(overlay, app.clock.now().0)));
        let name = named.split(AND).nth(i).map_or_else(|| overlay.display().to_string(), str::to_owned);
        overlays.push(Part { name, bytes: Ok(bytes) });
    }
    Ok((Input { others, overlays, ..input }, seen))
}

fn standard_input(app: &App) -> Result<Vec<u8>, Refusal> {
    let stdin = app.stdin.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
    let Some(stdin) = stdin else {
        let because = "a description cannot be read from standard input here";
        return Err(Refusal::new("no-standard-input", because, "save it to a file and pass its path"));
    };
    let mut bytes = Vec::new();
    let read = stdin.take(MAX_DESCRIPTION + 1).read_to_end(&mut bytes);
    let failed = |because: String| Refusal::new("unreadable-file", because, "pass the path of a file");
    read.map_err(|e| failed(format!("standard input cannot be read: {e}")))?;
    if bytes.len() as u64 > MAX_DESCRIPTION {
        return Err(failed(format!("standard input has more than the limit of {MAX_DESCRIPTION} bytes")));
    }
    Ok(bytes)
}

fn fetched(app: &App, url: &str) -> Result<Vec<u8>, Refusal> {
    if !app.fetch.named {
        return Err(Refusal::new(
            "url-not-allowed",
            format!("{} is an address, and nothing is fetched over the network here", quoted(url, 160)),
            "save the description to a file and pass its path, or let the server fetch: serve --allow-url",
        ));
    }
    download(url, app.fetch.reach, MAX_DESCRIPTION).map_err(|e| {
        let next = match &e {
            DownloadError::Private { .. } => "platform-integration map URL --allow-private, if this host is meant",
            DownloadError::Plain { .. } => "use its https address, or map URL --allow-http",
            DownloadError::NoUrl { .. } => "give an absolute https address without user name and password",
            DownloadError::TooLarge { .. } => "save the description, cut it down to what is needed and pass the file",
            DownloadError::Redirects | DownloadError::Status { .. } | DownloadError::Failed(_) => {
                "open the address in a browser, save the description to a file and pass its path"
            }
        };
        Refusal::new("download-failed", format!("the description cannot be fetched: {e}"), next)
    })
}

struct Work<'a> {
    app: &'a App,
    /// Where the description lies, if it is a file.
    dir: Option<PathBuf>,
    /// Where it comes from, if it was fetched.
    origin: Option<Url>,
    /// Bytes that may still be read.
    left: u64,
    seen: &'a mut Seen,
}

impl Work<'_> {
    fn file(&mut self, path: &Path) -> Result<Vec<u8>, FileError> {
        // Before it is read: one written meanwhile is seen as changed.
        self.seen.push((path.to_owned(), fs::stamp(path, self.app.clock.now().0)));
        fs::read_bytes(path, self.left)
    }

    /// The files that `main` refers to, and those that they refer to.
    fn others(&mut self, main: &Part) -> Vec<Part> {
        let mut out: Vec<Part> = Vec::new();
        let mut known: HashSet<String> = HashSet::from([main.name.clone()]);
        let mut queue: VecDeque<(String, Vec<String>)> = VecDeque::new();
        let of = |part: &Part| {
            let references = part.bytes.as_deref().map(readers::references).unwrap_or_default();
            (part.name.clone(), references)
        };
        queue.push_back(of(main));
        while let Some((base, references)) = queue.pop_front() {
            for reference in references {
                // What leads nowhere is told by whoever follows it.
                let Ok(name) = readers::target(&base, &reference) else { continue };
                if !known.insert(name.clone()) {
                    continue;
                }
                if out.len() >= MOST_FILES {
                    return out;
                }
                let bytes = self.read(&name);
                let part = Part { name, bytes };
                queue.push_back(of(&part));
                out.push(part);
            }
        }
        out
    }

    fn read(&mut self, name: &str) -> Result<Vec<u8>, Lacking> {
        let bytes = if is_url(name) {
            let Fetch { named, referred, reach } = self.app.fetch;
            let same = self.origin.as_ref().is_some_and(|o| Url::parse(name).is_ok_and(|u| u.origin() == o.origin()));
            if !(referred || named && same) {
                return Err(Lacking::Url);
            }
            download(name, reach, self.left).map_err(|e| Lacking::Unreadable(e.to_string()))?
        } else {
            let Some(dir) = self.dir.clone() else {
                return Err(Lacking::Unreadable("a description from standard input lies in no directory".to_owned()));
            };
            let path = dir.join(name);
            let here = if dir.as_os_str().is_empty() { Path::new(".") } else { &dir };
            if !fs::lies_in(here, &path) || self.app.allow(&path, name).is_err() {
                return Err(Lacking::Outside);
            }
            self.file(&path).map_err(|e| match e {
                FileError::Missing { .. } => Lacking::Missing,
                FileError::TooLarge { .. } => Lacking::TooMuch,
                FileError::NotAFile { .. } => Lacking::Unreadable("it is no regular file".to_owned()),
                FileError::Binary { .. } => Lacking::Unreadable("it is no text".to_owned()),
                FileError::Io { source, .. } => Lacking::Unreadable(source.to_string()),
            })?
        };
        self.left = self.left.saturating_sub(bytes.len() as u64);
        Ok(bytes)
    }
}
