//! What was read comes back from its bytes the same in everything, and bytes that are not whole do no harm.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use platform_integration::base::rng::Rng;
use platform_integration::model::{Entity, SchemaId};
use platform_integration::readers::fuzz::BETWEEN;
use platform_integration::readers::{Input, Lacking, Part, Read, read, references, target, told_under};

/// Every description among the fixtures, the examples and the seeds of the fuzzers.
fn files() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = ["tests/fixtures/readers", "tests/fixtures/drift", "examples", "fuzz/seeds"];
    let entries = folders.iter().flat_map(|folder| walkdir::WalkDir::new(root.join(folder)).sort_by_file_name());
    let files: Vec<PathBuf> =
        entries.map(|e| e.unwrap()).filter(|e| e.file_type().is_file()).map(|e| e.path().to_owned()).collect();
    assert!(files.len() > 80, "the files were found");
    files
}

/// What stands in a file: a description with the files that it refers to, or one with its parts, as the fuzzers write them.
fn gathered(path: &Path) -> Input {
    let bytes = std::fs::read(path).unwrap();
    let folder = path.parent().and_then(Path::file_name).and_then(std::ffi::OsStr::to_str);
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let mut parts = text.split(BETWEEN);
    let main = parts.next().unwrap_or_default().as_bytes().to_vec();
    let named = |part: &str| {
        let (name, text) = part.split_once('\n').unwrap_or((part, ""));
        Part { name: name.trim().to_owned(), bytes: Ok(text.as_bytes().to_vec()) }
    };
    let overlay = |part: &str| Part { name: "o.yaml".to_owned(), bytes: Ok(part.as_bytes().to_vec()) };
    match folder {
        Some("files") => Input { others: parts.map(named).collect(), ..Input::of_bytes("x.yaml", main) },
        Some("overlay") => Input { overlays: parts.map(overlay).collect(), ..Input::of_bytes("x.yaml", main) },
        _ => {
            let missing = references(&bytes).iter().filter_map(|r| target("x", r).ok()).collect::<BTreeSet<_>>();
            let others = missing.into_iter().map(|name| Part { name, bytes: Err(Lacking::Missing) }).collect();
            let name = path.file_name().unwrap().to_str().unwrap();
            Input { others, ..Input::of_bytes(name, bytes) }
        }
    }
}

fn shown(read: &Read) -> String {
    // Not by equality: properties are equal in any order, and come back in theirs.
    format!("{:#?}\n{:#?}", read.system, read.findings)
}

#[test]
fn every_description_here_comes_back_the_same_in_everything() {
    let mut formats = BTreeSet::new();
    let mut several = 0;
    for path in files() {
        let input = gathered(&path);
        several += usize::from(input.others.iter().any(|part| part.bytes.is_ok()));
        let was = read(&input, &input.main.name);
        let back = was.to_bytes().and_then(|bytes| Read::from_bytes(&bytes)).expect("written and read back");
        same(&shown(&was), &shown(&back), &path);
        formats.extend(was.system.map(|system| system.format));
    }
    assert_eq!(formats.len(), 8, "{formats:?}");
    assert!(several > 1, "descriptions of several files are among them");
}

#[test]
fn what_is_read_under_the_name_of_the_file_is_told_under_any_way_to_it() {
    let mut elsewhere = 0;
    let pet = b"Pet: {type: object, properties: {owner: {$ref: 'owner.yaml#/Owner'}}}\n".to_vec();
    let pet = Part { name: "pets/pet.yaml".to_owned(), bytes: Ok(pet) };
    let owner = Part { name: "pets/owner.yaml".to_owned(), bytes: Err(Lacking::Missing) };
    let main = "openapi: 3.1.0\ninfo: {title: Pets, version: '1'}\npaths: {}\n\
                components: {schemas: {Pet: {$ref: 'pets/pet.yaml#/Pet'}}}\n";
    let two = Input { others: vec![pet, owner], ..Input::of_bytes("two.yaml", main.into()) };
    let all = files().into_iter().map(|path| (gathered(&path), path));
    for (input, path) in all.chain([(two, "two.yaml".into())]) {
        for way in ["", "./", "a/b/", "/x/"] {
            let origin = format!("{way}{}", input.main.name);
            let mut told = read(&input, input.plain_origin(&origin));
            if input.plain_origin(&origin) != origin {
                told.findings.iter_mut().for_each(|finding| told_under(finding, &origin));
                told.system.iter_mut().for_each(|system| system.origin.clone_from(&origin));
            }
            same(&shown(&read(&input, &origin)), &shown(&told), &path);
            elsewhere += told.findings.iter().filter(|f| f.location.file == format!("{way}pets/pet.yaml")).count();
        }
    }
    assert!(elsewhere >= 4, "in another file too, each way");
}

/// The first line that differs; the whole would be pages.
fn same(left: &str, right: &str, path: &Path) {
    for (a, b) in left.lines().zip(right.lines()) {
        assert_eq!(a, b, "{}", path.display());
    }
    assert_eq!(left.len(), right.len(), "{}", path.display());
}

#[test]
fn bytes_that_are_not_whole_are_refused_or_do_no_harm() {
    let mut rng = Rng::seeded(7);
    let (mut refused, mut taken) = (0, 0);
    for path in files() {
        let bytes = read(&gathered(&path), "x").to_bytes().expect("written");
        for _ in 0..12 {
            let at = usize::try_from(rng.below(bytes.len() as u64)).unwrap();
            assert!(Read::from_bytes(&bytes[..at]).is_none(), "cut at {at}: {}", path.display());
            let mut altered = bytes.clone();
            for _ in 0..=rng.below(3) {
                let at = usize::try_from(rng.below(bytes.len() as u64)).unwrap();
                altered[at] ^= u8::try_from(rng.between(1, 255)).unwrap();
            }
            match Read::from_bytes(&altered) {
                None => refused += 1,
                Some(read) => {
                    taken += 1;
                    used(&read);
                }
            }
        }
    }
    assert!(refused > 100 && taken > 100, "{refused} refused, {taken} taken");
    for noise in [&b""[..], &[0xff; 64], &[1; 300], &[0x80; 4096]] {
        assert!(Read::from_bytes(noise).is_none());
    }
}

/// Goes wherever a system leads.
fn used(read: &Read) {
    let mut out = String::new();
    let Some(system) = &read.system else { return };
    write!(out, "{system:?}{}", system.digest.short()).unwrap();
    for at in 0..system.schemas.len() {
        let id = SchemaId(u32::try_from(at).unwrap());
        write!(out, "{:?}{:?}", system.schemas.properties(id), system.schemas.property(id, "id")).unwrap();
    }
    for operation in &system.operations {
        let ids = operation.parameters.iter().filter_map(|p| p.schema).chain(operation.record);
        let ids = ids.chain(operation.responses.iter().filter_map(|r| r.schema));
        ids.for_each(|id| write!(out, "{}", system.schemas.get(id).types).unwrap());
        write!(out, "{:?}", operation.bulk(&system.schemas)).unwrap();
    }
    system.events.iter().for_each(|event| write!(out, "{:?}", event.tells(&system.schemas)).unwrap());
}

fn billing() -> Read {
    read(
        &gathered(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/billing-to-crm/apis/billing.openapi.yaml")),
        "x",
    )
}

#[test]
fn a_schema_that_is_not_there_leads_nowhere() {
    let mut read = billing();
    let system = read.system.as_mut().unwrap();
    let id = u32::try_from(system.schemas.len()).unwrap();
    let entity = |schema: u32| Entity {
        name: "ghost".to_owned(),
        schema: Some(SchemaId(schema)),
        key: None,
        operations: std::collections::BTreeMap::new(),
    };
    system.entities.insert("ghost".to_owned(), entity(id - 1));
    assert!(Read::from_bytes(&read.to_bytes().unwrap()).is_some());
    read.system.as_mut().unwrap().entities.insert("ghost".to_owned(), entity(id));
    assert!(Read::from_bytes(&read.to_bytes().unwrap()).is_none());
}

#[test]
fn a_digest_that_is_none_is_refused() {
    let mut read = billing();
    read.system.as_mut().unwrap().digest = serde_json::from_value(serde_json::json!("sha256:short")).unwrap();
    assert!(Read::from_bytes(&read.to_bytes().unwrap()).is_none());
}

#[test]
fn the_key_holds_all_that_reading_depends_on() {
    let alone = Input::of_bytes("api.yaml", b"x".to_vec());
    let part = |name: &str, bytes| Part { name: name.to_owned(), bytes };
    let with = |name: &str, bytes| Input { others: vec![part(name, bytes)], ..alone.clone() };
    let overlaid = |name: &str, text: &[u8]| Input { overlays: vec![part(name, Ok(text.to_vec()))], ..alone.clone() };
    let inputs = [
        alone.clone(),
        Input::of_bytes("other.yaml", b"x".to_vec()),
        Input::of_bytes("api.yaml", b"y".to_vec()),
        with("b.yaml", Ok(b"1".to_vec())),
        with("b.yaml", Ok(b"2".to_vec())),
        with("c.yaml", Ok(b"1".to_vec())),
        with("b.yaml", Err(Lacking::Missing)),
        with("b.yaml", Err(Lacking::Outside)),
        with("b.yaml", Err(Lacking::Url)),
        with("b.yaml", Err(Lacking::Unreadable("it is no text".to_owned()))),
        with("b.yaml", Err(Lacking::Unreadable("Missing".to_owned()))),
        overlaid("o.yaml", b"1"),
        overlaid("o.yaml", b"2"),
        overlaid("p.yaml", b"1"),
    ];
    let mut keys: Vec<String> = inputs.iter().map(|input| input.key("api.yaml", "1").to_string()).collect();
    keys.push(alone.key("a/api.yaml", "1").to_string());
    keys.push(alone.key("api.yaml", "2").to_string());
    let different: BTreeSet<&String> = keys.iter().collect();
    assert_eq!(different.len(), keys.len());
    assert_eq!(alone.key("api.yaml", "1"), Input::of_bytes("api.yaml", b"x".to_vec()).key("api.yaml", "1"));
}
