//! Files that are no store, or a damaged one.

use std::path::Path;

use platform_integration::evidence::StoreError;

use super::*;

fn refusal(path: &Path) -> String {
    let text = SqliteStore::open(path).expect_err("a refusal").to_string();
    text.replace(&path.display().to_string(), "@@STORE@@")
}

#[test]
fn each_unusable_store_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let text = dir.path().join("text.db");
    std::fs::write(&text, "this is no database, and long enough to be taken for one. ".repeat(40)).unwrap();
    let foreign = dir.path().join("foreign.db");
    Connection::open(&foreign).unwrap().execute_batch("CREATE TABLE theirs (a)").unwrap();
    let under_file = text.join("evidence.db");
    insta::assert_snapshot!(refusal(dir.path()), @"the evidence store @@STORE@@ cannot be opened: it is a directory");
    insta::assert_snapshot!(refusal(&text), @"the evidence store @@STORE@@ cannot be opened: the file is not an SQLite database");
    insta::assert_snapshot!(refusal(&foreign), @"the evidence store @@STORE@@ cannot be opened: it is a database of another program");
    let said = refusal(&under_file).replace(&text.display().to_string(), "@@TEXT@@");
    insta::assert_snapshot!(said, @"the evidence store @@STORE@@ cannot be opened: @@TEXT@@ is a file, not a directory");
    let theirs: i64 =
        Connection::open(&foreign).unwrap().query_row("SELECT count(*) FROM sqlite_schema", [], |r| r.get(0)).unwrap();
    assert_eq!(theirs, 1, "nothing was written into another program's database");
}

#[test]
fn a_damaged_store_is_refused_or_reported() {
    let place = Place::new();
    let store = place.open();
    for i in 1..=200 {
        append(&store, event(i, "an event that fills pages"));
    }
    drop(store);
    let mut bytes = std::fs::read(&place.path).unwrap();
    let middle = bytes.len() / 2;
    bytes[4096..middle].fill(0xa5);
    std::fs::write(&place.path, bytes).unwrap();
    let said = match SqliteStore::open(&place.path) {
        Err(e) => e.to_string(),
        Ok(store) => store.verify().unwrap().beside.remove(0),
    };
    assert!(said.ends_with("the database file is damaged"), "{said}");
}

#[test]
fn a_store_of_a_newer_version_is_left_alone() {
    let place = Place::new();
    append(&place.open(), event(1, "one"));
    place.raw().pragma_update(None, "user_version", 99).unwrap();
    let Err(StoreError::Newer { found, known, .. }) = SqliteStore::open(&place.path) else {
        panic!("opened a newer store")
    };
    assert_eq!(found, 99);
    assert!(known < 99, "{known}");
}

#[cfg(unix)]
#[test]
fn a_directory_that_cannot_be_written_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let closed = dir.path().join("closed");
    std::fs::create_dir(&closed).unwrap();
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o500)).unwrap();
    // Nobody, not even the superuser, makes a directory here.
    #[cfg(target_os = "linux")]
    insta::assert_snapshot!(refusal(Path::new("/proc/none/evidence.db")), @"the evidence store @@STORE@@ cannot be opened: no such file or directory");
    if std::fs::write(closed.join("probe"), "").is_ok() {
        return; // The superuser writes everywhere else.
    }
    let path = closed.join(".platform-integration/evidence.db");
    insta::assert_snapshot!(refusal(&path), @"the evidence store @@STORE@@ cannot be opened: permission denied");
}

#[test]
fn a_new_store_hides_from_git_and_from_other_users() {
    let place = Place::new();
    place.open();
    let dir = place.path.parent().unwrap();
    assert_eq!(std::fs::read_to_string(dir.join(".gitignore")).unwrap(), "*\n");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(dir).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(std::fs::metadata(&place.path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let beside = tempfile::tempdir().unwrap();
    SqliteStore::open(&beside.path().join("mine.db")).unwrap();
    assert!(!beside.path().join(".gitignore").exists(), "somebody's sources are not hidden");
}

#[test]
fn a_store_that_was_removed_while_in_use_is_not_written_into_nowhere() {
    let place = Place::new();
    let store = place.open();
    std::fs::remove_file(&place.path).unwrap();
    let record = Recorded::new(event(1, "one"), Blob::of(&json!(1)), Blob::of(&json!(2)));
    let said = store.append(vec![record]).unwrap_err().to_string();
    assert!(said.contains("removed while it was in use"), "{said}");
}
