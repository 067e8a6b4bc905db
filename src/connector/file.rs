//! Files as sources: JSON Lines (`.jsonl`, `.ndjson`) and CSV, for backfills and tests. A file is served as if it were a list with
//! cursors, so that everything that holds for lists holds for it: pages, checkpoints, counts. A cursor is the place of the
//! next line; it leads nowhere when the file is another one. A file that is replaced while it is read is read on as it was. A line
//! that cannot be read becomes a text in the place of its record, with its number, and so a dead letter.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use serde::de::IgnoredAny;
use serde_json::{Map, Value, json};

use super::run::lock;
use super::{Plan, Request, Response, SourcePlan, Takes, Transport, TransportError};
use crate::base::clock::{Clock as _, SystemClock};
use crate::base::csv;
use crate::base::digest::Digest;
use crate::base::text::{plural, quoted};
use crate::model::{Basis, CursorFrom, Method, PageStyle, Pagination, TypeSet};

/// Records on a page.
const PAGE: u64 = 500;
/// Bytes of a page, beyond which it ends early; and of a line, beyond which it is none.
const MOST_BYTES: u64 = 4 << 20;
/// Bytes at the beginning, and before a cursor, by which a file is known again.
const KNOWN: u64 = 4096;
/// A file that was written to so lately may be in the middle of its last line.
const FRESH_MS: i64 = 5_000;
/// Arrays and objects within each other, more of which no reader of JSON here takes with the page around them.
const DEEPEST: usize = 120;

/// The byte order mark of UTF-8, which spreadsheets put before the first field.
const BOM: &[u8] = b"\xef\xbb\xbf";

/// A file that is read instead of calling a list.
#[derive(Debug, Clone)]
pub struct FilePlan {
    /// Where it is.
    pub path: PathBuf,
    /// What a record is, where its description says so: CSV has texts alone, and they are read as that has them.
    pub record: Option<Takes>,
}

impl SourcePlan {
    /// Reads the file of the contract instead of calling the list, where it names one.
    #[must_use]
    pub fn from_file(self, flow: &str) -> Self {
        let Some(file) = &self.file else { return self };
        let call = super::Call {
            id: format!("read {}", file.path.display()),
            method: Method::Get,
            path: format!("/.file/{}", super::address::encode(flow)),
            content_type: "application/json".to_owned(),
            params: Vec::new(),
            query: None,
            search: None,
            answers_later: false,
            answers_json: true,
        };
        Self {
            // No request leaves this machine, and none leaves this process.
            base_url: "http://127.0.0.1".to_owned(),
            auth: super::AuthPlan::None,
            list: Some(call),
            items: vec!["records".to_owned()],
            inside: Vec::new(),
            pagination: Some(Pagination {
                style: PageStyle::Cursor,
                param: Some("after".to_owned()),
                limit_param: None,
                limit_max: None,
                next: Some(CursorFrom::Body(vec!["next".to_owned()])),
                more: None,
                total: None,
                first_page: 1,
                basis: Basis::Stated { pointer: "#".to_owned() },
            }),
            limit: None,
            rate: None,
            ..self
        }
    }
}

/// Answers for files, and hands everything else on.
pub struct Files {
    others: Arc<dyn Transport>,
    /// By system and path.
    files: BTreeMap<(String, String), FilePlan>,
    /// Those of which a page is still to come, by system and path.
    open: Mutex<BTreeMap<(String, String), File>>,
}

impl Files {
    /// The files of these plans; requests to systems go through `others`.
    #[must_use]
    pub fn of(plans: &[Plan], others: Arc<dyn Transport>) -> Arc<dyn Transport> {
        let mut files = BTreeMap::new();
        for source in plans.iter().map(|plan| &plan.source) {
            if let (Some(file), Some(list)) = (&source.file, &source.list) {
                files.insert((source.system.clone(), list.path.clone()), file.clone());
            }
        }
        if files.is_empty() { others } else { Arc::new(Self { others, files, open: Mutex::default() }) }
    }
}

#[async_trait::async_trait]
impl Transport for Files {
    async fn send(&self, system: &str, request: Request) -> Result<Response, TransportError> {
        let Ok(url) = url::Url::parse(&request.url) else { return self.others.send(system, request).await };
        let place = (system.to_owned(), url.path().to_owned());
        let Some(file) = self.files.get(&place) else { return self.others.send(system, request).await };
        let after = url.query_pairs().find(|(name, _)| name == "after").map(|(_, value)| value.into_owned());
        Ok(match self.page(&place, file, after.as_deref()) {
            Ok(Some(page)) if page.torn => {
                let told = format!("{} was written to just now, and its last line is not ended", file.path.display());
                let wait = ("retry-after".to_owned(), (FRESH_MS / 1000).to_string());
                let mut busy = answer(503, json!({"title": quoted(&told, 200)}).to_string());
                busy.headers.push(wait);
                busy
            }
            Ok(Some(page)) => answer(200, page.body),
            Ok(None) => answer(410, json!({"title": "the file is another one than the cursor is of"}).to_string()),
            Err(error) => {
                let told = format!("{}: {error}", file.path.display());
                answer(404, json!({"title": "the file cannot be read", "detail": quoted(&told, 280)}).to_string())
            }
        })
    }
}

impl Files {
    /// The next page; nothing where the cursor is of another file.
    fn page(&self, place: &(String, String), plan: &FilePlan, after: Option<&str>) -> std::io::Result<Option<Page>> {
        // What is read on stays the same file, whatever takes its name meanwhile.
        let kept = lock(&self.open).remove(place).filter(|_| after.is_some());
        for file in kept.into_iter().map(Ok).chain(std::iter::once_with(|| File::open(&plan.path))) {
            let file = file?;
            if let Some(page) = page(plan, &file, after)? {
                if page.more || page.torn {
                    lock(&self.open).insert(place.clone(), file);
                }
                return Ok(Some(page));
            }
        }
        Ok(None)
    }
}

/// A page of a file.
struct Page {
    /// As JSON.
    body: String,
    /// Another one follows.
    more: bool,
    /// Its last line is not ended, and may go on: the file was written to just now.
    torn: bool,
}

fn answer(status: u16, body: String) -> Response {
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    Response { status, headers, body: Bytes::from(body) }
}

/// Where a page begins: after so many bytes and lines, of the file that begins like this.
struct Place {
    offset: u64,
    line: u64,
    tag: String,
}

impl Place {
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '.');
        let (offset, line, tag) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Self { offset: offset.parse().ok()?, line: line.parse().ok()?, tag: tag.to_owned() })
    }
}

/// One page; nothing where the cursor is of another file.
fn page(plan: &FilePlan, file: &File, after: Option<&str>) -> std::io::Result<Option<Page>> {
    let mut file = file.try_clone()?;
    file.seek(SeekFrom::Start(0))?;
    let length = file.metadata()?.len();
    let place = match after {
        None => Place { offset: 0, line: 0, tag: String::new() },
        Some(text) => match Place::parse(text) {
            // Appended to, it is the same file; cut off or written anew, it is not.
            Some(place) if place.offset <= length && place.tag == tag(&mut file, place.offset)? => place,
            _ => return Ok(None),
        },
    };
    let name = plan.path.file_name().map(|n| quoted(&n.to_string_lossy(), 80)).unwrap_or_default();
    let by_comma = plan.path.extension().is_some_and(|e| e.eq_ignore_ascii_case("csv"));
    let mut lines = Lines { at: 0, line: 0, ended: true, input: BufReader::new(file) };
    let header = if by_comma { header(&mut lines, plan)? } else { None };
    if place.offset > lines.at {
        lines.input.seek(SeekFrom::Start(place.offset))?;
        (lines.at, lines.line) = (place.offset, place.line);
    }
    let mut body = String::from("{\"records\":[");
    let (mut count, mut more, mut torn) = (0, false, by_comma && !lines.ended);
    while let Some((line, text)) = lines.next(by_comma)? {
        // An object has an end of its own; where a row of CSV ends, only a line break tells.
        torn = !lines.ended && (by_comma || text.as_ref().map_or(true, |text| object(text).is_err()));
        let record = match &text {
            Err(because) => bad(&name, line, because),
            Ok(text) if text.trim().is_empty() => continue,
            Ok(text) => match &header {
                Some(columns) => {
                    row(columns, text).map_or_else(|because| bad(&name, line, &because), |r| r.to_string())
                }
                None if by_comma => bad(&name, line, "there is no header"),
                None => object(text).map_or_else(|because| bad(&name, line, &because), |()| text.trim().to_owned()),
            },
        };
        if count > 0 {
            body.push(',');
        }
        body.push_str(&record);
        count += 1;
        if count >= PAGE || body.len() as u64 >= MOST_BYTES {
            more = lines.at < length;
            break;
        }
    }
    body.push_str("],\"next\":");
    let next = if more {
        let tag = tag(lines.input.get_mut(), lines.at)?;
        json!(format!("{}.{}.{tag}", lines.at, lines.line))
    } else {
        Value::Null
    };
    body.push_str(&next.to_string());
    body.push('}');
    let torn = torn && is_fresh(lines.input.get_ref());
    Ok(Some(Page { body, more, torn }))
}

/// Whether the file was written to a moment ago; where no time is kept, it was not.
fn is_fresh(file: &File) -> bool {
    let modified = file.metadata().and_then(|m| m.modified()).ok();
    let since = modified.and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
    let ms = since.and_then(|since| i64::try_from(since.as_millis()).ok());
    ms.is_some_and(|ms| (0..FRESH_MS).contains(&(SystemClock.now().0 - ms)))
}

/// Which file it is, whatever it is called; nothing where the system does not tell.
#[cfg(unix)]
fn identity(file: &File) -> std::io::Result<u64> {
    use std::os::unix::fs::MetadataExt as _;
    Ok(file.metadata()?.ino())
}

#[cfg(not(unix))]
fn identity(_: &File) -> std::io::Result<u64> {
    Ok(0)
}

/// By what the file is known again: which it is, its first bytes, and the last before the cursor.
fn tag(file: &mut File, read: u64) -> std::io::Result<String> {
    let mut known = identity(file)?.to_be_bytes().to_vec();
    for from in [0, read.saturating_sub(KNOWN)] {
        file.seek(SeekFrom::Start(from))?;
        file.by_ref().take((read - from).min(KNOWN)).read_to_end(&mut known)?;
    }
    let hash = Digest::of_bytes(&known);
    file.seek(SeekFrom::Start(0))?;
    Ok(hash.as_str().trim_start_matches("sha256:").chars().take(16).collect())
}

/// A line that is no record, in the place of one: `customers.csv:5: it has 2 fields, the header 3`.
fn bad(file: &str, line: u64, because: &str) -> String {
    Value::String(format!("{file}:{line}: {because}")).to_string()
}

/// Whether a line is one object of JSON.
fn object(text: &str) -> Result<(), String> {
    if !text.trim_start().starts_with('{') {
        return Err("it is no object of JSON".to_owned());
    }
    // The position alone: the words of the parser may repeat what stands there.
    serde_json::from_str::<IgnoredAny>(text).map_err(|e| format!("it is no JSON at column {}", e.column()))?;
    // Only who opens so many could be so deep.
    let openers = text.bytes().filter(|b| matches!(b, b'[' | b'{')).count();
    if openers > DEEPEST && depth(text) > DEEPEST {
        return Err(format!("it is nested deeper than {DEEPEST}"));
    }
    Ok(())
}

/// How deep valid JSON is nested.
fn depth(text: &str) -> usize {
    let (mut now, mut most, mut quoted, mut escaped) = (0_usize, 0, false, false);
    for byte in text.bytes() {
        match (quoted, byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (_, b'"') => quoted = !quoted,
            (false, b'[' | b'{') => {
                now += 1;
                most = most.max(now);
            }
            (false, b']' | b'}') => now = now.saturating_sub(1),
            _ => {}
        }
    }
    most
}

/// Reads lines, each bounded.
struct Lines {
    at: u64,
    line: u64,
    /// The line that was read last came to its end before the file did.
    ended: bool,
    input: BufReader<File>,
}

impl Lines {
    /// The next line with its number, or why it is none; `by_comma`: with those after it that a field in quotes goes on in.
    fn next(&mut self, by_comma: bool) -> std::io::Result<Option<(u64, Result<String, String>)>> {
        let mut whole = Vec::new();
        let mut quotes = Quotes::Start;
        let first = self.line + 1;
        loop {
            let before = whole.len();
            let ended = if by_comma { self.until_row_end(&mut whole)? } else { self.until_newline(&mut whole)? };
            if whole.len() == before && !ended {
                break;
            }
            self.line += 1;
            self.ended = ended;
            if whole.len() as u64 >= MOST_BYTES && !ended {
                self.skip(by_comma)?;
                return Ok(Some((first, Err(format!("it is longer than {} MiB", MOST_BYTES >> 20)))));
            }
            let read = whole.get(before..).unwrap_or_default();
            let read = read.strip_prefix(BOM).filter(|_| first == 1 && before == 0).unwrap_or(read);
            quotes = read.iter().fold(quotes, |quotes, b| quotes.after(*b));
            let open = by_comma && quotes == Quotes::Open;
            if !open || whole.len() as u64 >= MOST_BYTES || !ended {
                break;
            }
        }
        if whole.is_empty() {
            return Ok(None);
        }
        while matches!(whole.last(), Some(b'\n' | b'\r')) {
            whole.pop();
        }
        let text = String::from_utf8(whole).map_err(|_| "it is not UTF-8".to_owned());
        Ok(Some((first, text.map(|t| t.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(t)))))
    }

    /// Reads on to a line feed; whether one came.
    fn until_newline(&mut self, whole: &mut Vec<u8>) -> std::io::Result<bool> {
        let read = (&mut self.input).take(MOST_BYTES).read_until(b'\n', whole)?;
        self.at += read as u64;
        Ok(whole.last() == Some(&b'\n') && read > 0)
    }

    /// Reads on to the end of a row: a line feed, or a carriage return alone, as old spreadsheets end their rows; whether one came.
    fn until_row_end(&mut self, whole: &mut Vec<u8>) -> std::io::Result<bool> {
        let mut left = usize::try_from(MOST_BYTES).unwrap_or(usize::MAX);
        while left > 0 {
            let buffer = self.input.fill_buf()?;
            if buffer.is_empty() {
                return Ok(false);
            }
            let shown = buffer.get(..left).unwrap_or(buffer);
            let end = shown.iter().position(|b| matches!(b, b'\n' | b'\r'));
            let used = end.map_or(shown.len(), |end| end + 1);
            let last = end.and_then(|end| shown.get(end).copied());
            whole.extend_from_slice(shown.get(..used).unwrap_or_default());
            self.input.consume(used);
            self.at += used as u64;
            left -= used;
            match last {
                Some(b'\r') => {
                    // With the line feed that may follow it is one end.
                    if self.input.fill_buf()?.first() == Some(&b'\n') {
                        whole.push(b'\n');
                        self.input.consume(1);
                        self.at += 1;
                    }
                    return Ok(true);
                }
                Some(_) => return Ok(true),
                None => {}
            }
        }
        Ok(false)
    }

    /// To the end of a line that is too long.
    fn skip(&mut self, by_comma: bool) -> std::io::Result<()> {
        loop {
            let buffer = self.input.fill_buf()?;
            if buffer.is_empty() {
                return Ok(());
            }
            let end = buffer.iter().position(|b| *b == b'\n' || (by_comma && *b == b'\r'));
            let used = end.map_or(buffer.len(), |end| end + 1);
            self.input.consume(used);
            self.at += used as u64;
            if end.is_some() {
                return Ok(());
            }
        }
    }
}

/// Where in a row of RFC 4180 a reader is. A quote opens a field only at its beginning: a stray one elsewhere spoils its own row,
/// and not the rows behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quotes {
    /// At the beginning of a field.
    Start,
    /// In a field without quotes.
    Bare,
    /// In a field in quotes.
    Open,
    /// Behind a quote in it: the end of the field, or the first of two.
    Closed,
}

impl Quotes {
    const fn after(self, byte: u8) -> Self {
        match (self, byte) {
            (Self::Open, b'"') => Self::Closed,
            (Self::Open, _) | (Self::Start | Self::Closed, b'"') => Self::Open,
            (_, b',') => Self::Start,
            _ => Self::Bare,
        }
    }
}

/// What the text of a column is read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum As {
    Text,
    Number,
    Flag,
}

struct Column {
    path: Vec<String>,
    reads: As,
}

/// The columns of the first line; nothing where it is none.
fn header(lines: &mut Lines, plan: &FilePlan) -> std::io::Result<Option<Vec<Column>>> {
    let Some((_, Ok(text))) = lines.next(true)? else { return Ok(None) };
    let Ok(table) = csv::parse(&text, 0) else { return Ok(None) };
    if let Some((one, other)) = colliding(&table.header) {
        return Err(std::io::Error::other(format!(
            "the columns {} and {} of its header would be one field; rename one",
            quoted(one, 40),
            quoted(other, 40)
        )));
    }
    let column = |name: &String| {
        let path: Vec<String> = name.trim().split('.').map(str::to_owned).collect();
        let types = plan.record.as_ref().and_then(|takes| {
            let schemas = &takes.system.schemas;
            let leaf = path.iter().try_fold(takes.schema, |at, name| schemas.property(at, name).map(|p| p.0))?;
            Some(schemas.get(leaf).types)
        });
        let is = |kind| types.is_some_and(|t| t.has(kind));
        let reads = if is(TypeSet::STRING) {
            As::Text
        } else if is(TypeSet::INTEGER) || is(TypeSet::NUMBER) {
            As::Number
        } else if is(TypeSet::BOOLEAN) {
            As::Flag
        } else {
            As::Text
        };
        Column { path, reads }
    };
    Ok(Some(table.header.iter().map(column).collect()))
}

/// Two columns of which one would overwrite the other: of one name, or one within the other.
fn colliding(header: &[String]) -> Option<(&str, &str)> {
    let mut names: Vec<&str> = header.iter().map(|name| name.trim()).filter(|name| !name.is_empty()).collect();
    names.sort_unstable();
    let within = |outer: &str, inner: &str| {
        inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    // Sorted, `a` stands before `a.b`, and what may stand between them begins with `a` too.
    names.iter().enumerate().find_map(|(at, one)| {
        let more = names.get(at + 1..)?.iter().take_while(|other| other.starts_with(one));
        more.copied().find(|other| within(one, other)).map(|other| (*one, other))
    })
}

/// A row as a record; a field that is empty is not there.
fn row(columns: &[Column], text: &str) -> Result<Value, String> {
    let fields = csv::parse(text, 0).map_err(|e| quoted(&e.because, 100))?.header;
    if fields.len() != columns.len() {
        return Err(format!("it has {}, the header {}", plural(fields.len() as u64, "field"), columns.len()));
    }
    let mut record = Map::new();
    for (column, text) in columns.iter().zip(fields).filter(|(_, text)| !text.is_empty()) {
        let value = match column.reads {
            // As it stands, to the last digit; what is no number stays a text, and does not fit.
            As::Number => serde_json::from_str::<serde_json::Number>(text.trim()).ok().map(Value::Number),
            As::Flag => text.trim().to_lowercase().parse().ok().map(Value::Bool),
            As::Text => None,
        };
        set(&mut record, &column.path, value.unwrap_or(Value::String(text)));
    }
    Ok(Value::Object(record))
}

fn set(into: &mut Map<String, Value>, path: &[String], value: Value) {
    let Some((name, rest)) = path.split_first() else { return };
    if rest.is_empty() {
        into.insert(name.clone(), value);
    } else if let Value::Object(inner) = into.entry(name.clone()).or_insert_with(|| Value::Object(Map::new())) {
        set(inner, rest, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Nobody;

    #[async_trait::async_trait]
    impl Transport for Nobody {
        async fn send(&self, system: &str, _: Request) -> Result<Response, TransportError> {
            Err(TransportError::Connect(format!("there is no {system}")))
        }
    }

    /// A page of the file as it is now.
    fn of(plan: &FilePlan, after: Option<&str>) -> Option<Value> {
        let file = File::open(&plan.path).unwrap();
        Some(serde_json::from_str(&page(plan, &file, after).unwrap()?.body).unwrap())
    }

    fn read(name: &str, content: &[u8]) -> (Vec<Value>, usize) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(name);
        crate::base::fs::write_atomic(&path, content).unwrap();
        let plan = FilePlan { path, record: None };
        let (mut all, mut pages, mut after) = (Vec::new(), 0, None);
        loop {
            let body = of(&plan, after.as_deref()).unwrap();
            all.extend(body["records"].as_array().unwrap().clone());
            pages += 1;
            match body["next"].as_str() {
                Some(next) => after = Some(next.to_owned()),
                None => return (all, pages),
            }
        }
    }

    #[test]
    fn every_line_is_a_record_or_says_why_not() {
        let text = b"\xef\xbb\xbf{\"id\": 9007199254740993, \"n\": 0.10}\r\n\n[1]\n{\"id\": \n{\"id\": \"\xff\"}\n{\"id\": \"last\"}";
        let (all, _) = read("a.jsonl", text);
        assert_eq!(
            serde_json::to_string(&all).unwrap(),
            r#"[{"id":9007199254740993,"n":0.10},"a.jsonl:3: it is no object of JSON","a.jsonl:4: it is no JSON at column 7","a.jsonl:5: it is not UTF-8",{"id":"last"}]"#
        );
    }

    #[test]
    fn rows_have_the_fields_of_the_header() {
        let text = b"id,address.city,note\n1,K\xc3\xb6ln,\"says \"\"hi\"\",\nand more\"\n2,,\n3,x\n4,\"open\n";
        let (all, _) = read("a.CSV", text);
        assert_eq!(
            serde_json::to_string(&all).unwrap(),
            r#"[{"id":"1","address":{"city":"Köln"},"note":"says \"hi\",\nand more"},{"id":"2"},"a.CSV:5: it has 2 fields, the header 3","a.CSV:6: a quote is not closed"]"#
        );
        let (stray, _) = read("stray.csv", b"\xef\xbb\xbf\"id\",note\n1,a \"b\n2,\"c\" d\n3,\"e\"\"\nf\"\n\"\",\"\"\n");
        assert_eq!(
            serde_json::to_string(&stray).unwrap(),
            r#"["stray.csv:2: there is a quote in a field that is not in quotes","stray.csv:3: there is more behind a field in quotes",{"id":"3","note":"e\"\nf"},{}]"#
        );
        // Rows that end in a carriage return alone; one in quotes is the field's.
        let (old, _) = read("old.csv", b"\xef\xbb\xbfid,note\r1,a\r2,\"b\rc\"\r3\r4,d\r\n5,e");
        assert_eq!(
            serde_json::to_string(&old).unwrap(),
            r#"[{"id":"1","note":"a"},{"id":"2","note":"b\rc"},"old.csv:5: it has 1 field, the header 2",{"id":"4","note":"d"},{"id":"5","note":"e"}]"#
        );
        assert_eq!(read("empty.csv", b"").0, Vec::<Value>::new());
        assert_eq!(read("empty.jsonl", b"").0, Vec::<Value>::new());
    }

    #[test]
    fn a_large_file_comes_in_pages_and_a_line_without_end_is_one_bad_line() {
        let mut text: Vec<u8> = (0..1200).flat_map(|n| format!("{{\"id\": {n}}}\n").into_bytes()).collect();
        assert_eq!(read("a.ndjson", &text).1, 3);
        text.extend(vec![b'x'; 9 << 20]);
        text.extend(b"\n{\"id\": 1200}\n");
        let (all, _) = read("a.ndjson", &text);
        assert_eq!(all.len(), 1202);
        assert_eq!(all[1200], json!("a.ndjson:1201: it is longer than 4 MiB"));
        assert_eq!(all[1201]["id"], 1200);
    }

    #[test]
    fn a_cursor_of_another_file_leads_nowhere() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.jsonl");
        let lines = |from: usize, to: usize, name: &str| {
            (from..to).map(|i| format!("{{\"{name}\": {i}}}\n")).collect::<String>()
        };
        crate::base::fs::write_atomic(&path, lines(0, 600, "id").as_bytes()).unwrap();
        let plan = FilePlan { path: path.clone(), record: None };
        let next = of(&plan, None).unwrap()["next"].as_str().unwrap().to_owned();
        let mut appended = File::options().append(true).open(&path).unwrap();
        std::io::Write::write_all(&mut appended, lines(600, 700, "id").as_bytes()).unwrap();
        let more = of(&plan, Some(&next)).unwrap();
        assert_eq!((more["records"].as_array().unwrap().len(), &more["records"][0]), (200, &json!({"id": 500})));
        // Written anew under its name: of other records, shorter, or the same as far as anybody can tell.
        for other in [lines(0, 700, "key"), lines(0, 3, "id"), lines(0, 700, "id")] {
            crate::base::fs::write_atomic(&path, other.as_bytes()).unwrap();
            assert_eq!(of(&plan, Some(&next)), None);
        }
        assert_eq!(of(&plan, Some("junk")), None);
        // Written anew in its place, with another line in the middle that is as long.
        crate::base::fs::write_atomic(&path, lines(0, 600, "id").as_bytes()).unwrap();
        let next = of(&plan, None).unwrap()["next"].as_str().unwrap().to_owned();
        let mut within = File::options().write(true).open(&path).unwrap();
        let whole = lines(0, 600, "id").replace("{\"id\": 480}", "{\"id\": 999}");
        std::io::Write::write_all(&mut within, whole.as_bytes()).unwrap();
        assert_eq!(of(&plan, Some(&next)), None);
    }

    #[tokio::test]
    async fn a_file_that_is_replaced_while_it_is_read_is_read_on_as_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.csv");
        let rows = |to: usize, name: &str| {
            format!("id,name\n{}", (0..to).map(|i| format!("{i},{name}\n")).collect::<String>())
        };
        crate::base::fs::write_atomic(&path, rows(1200, "old").as_bytes()).unwrap();
        let place = ("s".to_owned(), "/.file/f".to_owned());
        let plan = FilePlan { path: path.clone(), record: None };
        let files = Files { others: Arc::new(Nobody), files: BTreeMap::from([(place, plan)]), open: Mutex::default() };
        let get = async |after: Option<String>| {
            let after = after.map_or_else(String::new, |after| format!("?after={after}"));
            let request = Request {
                method: Method::Get,
                url: format!("http://127.0.0.1/.file/f{after}"),
                headers: Vec::new(),
                body: Bytes::new(),
            };
            serde_json::from_slice::<Value>(&files.send("s", request).await.unwrap().body).unwrap()
        };
        let (mut read, mut after) = (Vec::new(), None);
        loop {
            let page = get(after).await;
            read.extend(page["records"].as_array().unwrap().clone());
            after = page["next"].as_str().map(str::to_owned);
            if after.is_none() {
                break;
            }
            crate::base::fs::write_atomic(&path, rows(1300, "new").as_bytes()).unwrap();
        }
        assert_eq!((read.len(), read.iter().all(|r| r["name"] == "old")), (1200, true));
        assert_eq!(get(None).await["records"][0]["name"], "new");
    }

    #[test]
    fn a_last_line_without_end_is_waited_for_where_the_file_is_being_written() {
        let dir = tempfile::tempdir().unwrap();
        for (name, text, torn) in [
            ("a.csv", "id,amount\n1,5\n2,12", true),
            ("h.csv", "id,amo", true),
            ("b.csv", "id,amount\n1,5\n2,12\n", false),
            ("a.jsonl", "{\"id\": 1}\n{\"id\": 2, \"na", true),
            ("b.jsonl", "{\"id\": 1}\n{\"id\": 2}", false),
        ] {
            let path = dir.path().join(name);
            crate::base::fs::write_atomic(&path, text.as_bytes()).unwrap();
            let plan = FilePlan { path: path.clone(), record: None };
            let file = File::options().read(true).write(true).open(&path).unwrap();
            assert_eq!(page(&plan, &file, None).unwrap().unwrap().torn, torn, "{name}");
            file.set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000)).unwrap();
            assert!(!page(&plan, &file, None).unwrap().unwrap().torn, "{name} was left alone since");
        }
    }

    #[test]
    fn a_header_of_which_one_column_would_overwrite_another_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        for (header, fine) in [
            ("id,name,amount,name", false),
            ("name,name.x", false),
            ("a, a", false),
            ("a,a1,a.b", false),
            ("a,ab,a-b,b.a,,", true),
        ] {
            let path = dir.path().join("h.csv");
            crate::base::fs::write_atomic(&path, format!("{header}\n").as_bytes()).unwrap();
            let plan = FilePlan { path: path.clone(), record: None };
            let told = page(&plan, &File::open(&path).unwrap(), None).map(|_| ()).map_err(|e| e.to_string());
            assert_eq!(told.is_ok(), fine, "{header}: {told:?}");
        }
    }

    #[test]
    fn one_line_that_cannot_be_read_takes_no_other_with_it() {
        let deep = format!("{{\"id\": \"deep\", \"a\": {}{}}}", "[".repeat(140), "]".repeat(140));
        let half = r#"{"id": "half", "name": "cut \ud83d"}"#;
        let many = format!("{{\"id\": \"many\", \"a\": [{}]}}", vec!["[]"; 200].join(","));
        let text = format!("{{\"id\": 1}}\n{half}\n{deep}\n{many}\n");
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.jsonl");
        crate::base::fs::write_atomic(&path, text.as_bytes()).unwrap();
        let plan = FilePlan { path: path.clone(), record: None };
        let body = page(&plan, &File::open(&path).unwrap(), None).unwrap().unwrap().body;
        let read = super::super::body::json(body.as_bytes()).unwrap();
        assert_eq!((&read["records"][0]["id"], &read["records"][3]["id"]), (&json!(1), &json!("many")));
        assert!(super::super::body::has_broken_text(&read["records"][1]));
        assert_eq!(read["records"][2], json!("a.jsonl:3: it is nested deeper than 120"));
    }
}
