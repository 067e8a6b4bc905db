//! The evidence commands as a person meets them: seal, prove, export, import, thin out, show, compare.

use std::path::Path;

use rusqlite::Connection;

use crate::cli::{json, run, stderr, stdout, steady, workspace};

const AT: &str = "examples/billing-to-crm";

/// A workspace with one session of a few steps, and the session's id.
fn worked() -> (tempfile::TempDir, String) {
    let dir = workspace("billing-to-crm");
    let session = session(dir.path(), &["billing", "crm"]);
    (dir, session)
}

fn session(dir: &Path, systems: &[&str]) -> String {
    let opened = json(&run(dir, &["open", "billing-to-crm", "--goal", "keep contacts in step", "--format", "json"]));
    let id = opened["session"].as_str().unwrap().to_owned();
    for name in systems {
        let file = if *name == "crm" { "crm.openapi.json" } else { "billing.openapi.yaml" };
        let mapped = run(dir, &["map", "--session", &id, "--name", name, &format!("{AT}/apis/{file}")]);
        assert!(mapped.status.success(), "{}", stderr(&mapped));
    }
    id
}

/// What was said, with its exit code, without what changes from run to run.
fn said(dir: &Path, args: &[&str]) -> String {
    let output = run(dir, args);
    let code = output.status.code().unwrap();
    let text = steady(&format!("{}{}exit {code}\n", stdout(&output), stderr(&output)), dir);
    let text = regex::Regex::new(r"bundle [0-9a-f]{12}").unwrap().replace_all(&text, "bundle @@SHORT@@").into_owned();
    regex::Regex::new(r"(bytes +)[\d,]+").unwrap().replace_all(&text, "$1@@BYTES@@").into_owned()
}

fn alter(dir: &Path, sql: &str) {
    let raw = Connection::open(dir.join(".platform-integration/evidence.db")).unwrap();
    let guard: String =
        raw.query_row("SELECT sql FROM sqlite_schema WHERE name = 'events_are_not_changed'", [], |r| r.get(0)).unwrap();
    raw.execute_batch(&format!("DROP TRIGGER events_are_not_changed; {sql}; {guard};")).unwrap();
}

#[test]
fn a_log_is_proven_and_the_first_altered_record_is_named() {
    let (dir, _) = worked();
    let dir = dir.path();
    insta::assert_snapshot!("verified", said(dir, &["evidence", "verify"]));
    alter(dir, "UPDATE events SET summary = 'nothing to see here' WHERE seq = 2");
    let broken = said(dir, &["evidence", "verify"]);
    assert!(broken.contains("record 2: altered") && broken.ends_with("exit 1\n"), "{broken}");
    insta::assert_snapshot!("verified_broken", broken);
    let refused = said(dir, &["evidence", "seal"]);
    assert!(refused.contains("log-does-not-prove"), "a broken log is not vouched for: {refused}");
    let refused = said(dir, &["evidence", "compact", "--keep", "0d"]);
    assert!(refused.contains("log-does-not-prove"), "nor thinned out: {refused}");
}

#[test]
fn a_seal_notices_a_log_that_was_rewritten_cut_or_replaced() {
    let (dir, _) = worked();
    let dir = dir.path();
    insta::assert_snapshot!("sealed", said(dir, &["evidence", "seal", "--out", "seal.json"]));
    let statement = std::fs::read_to_string(dir.join("seal.json")).unwrap();
    let value: serde_json::Value = serde_json::from_str(&statement).unwrap();
    let hex = value["subject"][0]["digest"]["sha256"].as_str().unwrap();
    assert_eq!(value["predicate"]["hash"], format!("sha256:{hex}"));
    insta::assert_snapshot!("sealed_statement", steady(&statement, dir).replace(hex, "@@HEX@@"));
    let stands = said(dir, &["evidence", "verify", "--seal", "seal.json"]);
    assert!(stands.contains("stands as it was sealed") && stands.ends_with("exit 0\n"), "{stands}");
    let store = dir.join(".platform-integration/evidence.db");
    let kept = std::fs::read(&store).unwrap();

    // Wholesale: another log in its place, whole in itself.
    std::fs::remove_file(&store).unwrap();
    session(dir, &["billing", "crm"]);
    assert!(said(dir, &["evidence", "verify"]).ends_with("exit 0\n"), "by itself it proves");
    let rewritten = said(dir, &["evidence", "verify", "--seal", "seal.json"]);
    assert!(rewritten.contains("another log, or was rewritten") && rewritten.ends_with("exit 1\n"), "{rewritten}");

    // Cut off: the same log from before the seal.
    std::fs::write(&store, &kept).unwrap();
    let raw = Connection::open(&store).unwrap();
    raw.execute_batch(
        "DROP TRIGGER events_are_not_removed; DELETE FROM events WHERE seq > 2; UPDATE sqlite_sequence SET seq = 2 WHERE name = 'events'",
    )
    .unwrap();
    drop(raw);
    let cut = said(dir, &["evidence", "verify", "--seal", "seal.json"]);
    assert!(cut.contains("its end was cut off") && cut.ends_with("exit 1\n"), "{cut}");

    // Forked: it goes on from there in another way, past the sealed number.
    let fork = json(&run(dir, &["evidence", "verify", "--format", "json"]));
    assert!(fork["records"].as_u64().unwrap() >= 3);
    for _ in 0..3 {
        run(dir, &["evidence"]);
    }
    let forked = said(dir, &["evidence", "verify", "--seal", "seal.json"]);
    assert!(forked.contains("rewritten or forked before it") && forked.ends_with("exit 1\n"), "{forked}");
}

#[test]
fn a_seal_can_be_signed_and_the_signature_is_checked() {
    let (dir, _) = worked();
    let dir = dir.path();
    // A key made for this test alone, from a fixed seed.
    let key = ssh_key::PrivateKey::from(ssh_key::private::Ed25519Keypair::from_seed(&[9; 32]));
    std::fs::write(dir.join("key"), key.to_openssh(ssh_key::LineEnding::LF).unwrap().as_bytes()).unwrap();
    let line = format!("mira@example.com {}\n", key.public_key().to_openssh().unwrap());
    std::fs::write(dir.join("signers"), line).unwrap();
    let sealed = said(dir, &["evidence", "seal", "--out", "seal.json", "--sign", "key"]);
    assert!(sealed.contains("seal.json.sig"), "{sealed}");
    let check = ["evidence", "verify", "--seal", "seal.json", "--signers", "signers"];
    let good = said(dir, &check);
    assert!(good.contains("signed by mira@example.com (SHA256:") && good.ends_with("exit 0\n"), "{good}");
    let text = std::fs::read_to_string(dir.join("seal.json")).unwrap();
    std::fs::write(dir.join("seal.json"), text.replace("\"seq\": 3", "\"seq\":  3")).unwrap();
    let bad = said(dir, &check);
    assert!(bad.contains("the signature of the seal") && bad.ends_with("exit 1\n"), "{bad}");
    let none = said(dir, &["evidence", "seal", "--out", "other.json", "--sign", "signers"]);
    assert!(none.contains("refused: cannot-sign"), "{none}");
    assert!(!dir.join("other.json").exists(), "no seal is left without the signature that was asked for");
}

#[test]
fn a_bundle_proves_without_the_store_and_is_taken_in_beside_the_log() {
    let (dir, first) = worked();
    let dir = dir.path();
    session(dir, &["billing"]);
    insta::assert_snapshot!("exported", said(dir, &["evidence", "export", "--out", "one.jsonl", "--session", &first]));
    run(dir, &["evidence", "export", "--out", "all.jsonl.gz"]);
    assert!(std::fs::read(dir.join("all.jsonl.gz")).unwrap().starts_with(&[0x1f, 0x8b]), "gzip");

    let elsewhere = tempfile::tempdir().unwrap();
    let there = elsewhere.path();
    for file in ["one.jsonl", "all.jsonl.gz"] {
        std::fs::copy(dir.join(file), there.join(file)).unwrap();
    }
    insta::assert_snapshot!("bundle_verified", said(there, &["evidence", "verify", "--bundle", "one.jsonl"]));
    insta::assert_snapshot!("bundle_taken_in", said(there, &["evidence", "import", "all.jsonl.gz"]));
    let again = said(there, &["evidence", "import", "all.jsonl.gz"]);
    assert!(again.starts_with("known already"), "{again}");
    let shorter = said(there, &["evidence", "import", "one.jsonl"]);
    assert!(shorter.starts_with("taken in"), "an earlier part of the same log agrees with it: {shorter}");
    let own = said(dir, &["evidence", "import", "one.jsonl"]);
    assert!(own.starts_with("of this very log"), "{own}");
    assert!(said(there, &["evidence", "verify"]).ends_with("exit 0\n"));

    // The imported log is queried under its own name, and the own log knows nothing of its sessions.
    let bundle = json(&run(there, &["evidence", "--kind", "evidence-imported", "--format", "json"]));
    let origin = bundle["events"][0]["data"]["origin"].as_str().unwrap().to_owned();
    let sessions = json(&run(there, &["evidence", "--bundle", &origin, "--format", "json"]));
    assert_eq!(sessions["sessions"].as_array().unwrap().len(), 2);
    let events = json(&run(there, &["evidence", &first, "--bundle", &origin[..20], "--format", "json"]));
    assert_eq!(events["events"].as_array().unwrap().len(), 4, "{events:#}");
    assert_eq!(json(&run(there, &["evidence", "--format", "json"]))["sessions"].as_array().unwrap().len(), 0);

    // Another store that went on from a copy of this one tells another story.
    let fork = tempfile::tempdir().unwrap();
    std::fs::create_dir(fork.path().join(".platform-integration")).unwrap();
    let db = ".platform-integration/evidence.db";
    std::fs::copy(dir.join(db), fork.path().join(db)).unwrap();
    for place in [dir, fork.path()] {
        run(place, &["evidence"]);
        run(place, &["evidence", "export", "--out", "later.jsonl"]);
    }
    std::fs::copy(dir.join("later.jsonl"), there.join("ours.jsonl")).unwrap();
    std::fs::copy(fork.path().join("later.jsonl"), there.join("theirs.jsonl")).unwrap();
    assert!(said(there, &["evidence", "import", "ours.jsonl"]).starts_with("taken in"));
    insta::assert_snapshot!("bundle_forked", said(there, &["evidence", "import", "theirs.jsonl"]));
}

#[test]
fn a_bundle_with_one_line_altered_left_out_or_swapped_does_not_prove() {
    let (dir, first) = worked();
    let dir = dir.path();
    run(dir, &["evidence"]);
    run(dir, &["evidence", "export", "--out", "one.jsonl", "--session", &first]);
    let whole = std::fs::read_to_string(dir.join("one.jsonl")).unwrap();
    let lines: Vec<&str> = whole.lines().collect();
    assert!(lines.iter().any(|l| l.starts_with("{\"skipped\"")), "{whole}");
    let mut tried = 0;
    for at in 0..lines.len() {
        let mut removed = lines.clone();
        removed.remove(at);
        let mut swapped = lines.clone();
        if at + 1 < lines.len() {
            swapped.swap(at, at + 1);
        }
        let altered: Vec<String> = lines
            .iter()
            .enumerate()
            .map(|(i, l)| if i == at { l.replacen(['3', '1', 'e'], "7", 1) } else { (*l).to_owned() })
            .collect();
        for (what, text) in
            [("removed", removed.join("\n")), ("altered", altered.join("\n")), ("swapped", swapped.join("\n"))]
        {
            // Two blobs in another order, or a blob further ahead, are the same bundle.
            let harmless = what == "swapped"
                && (text == whole.trim_end()
                    || lines[at].starts_with("{\"blob\"")
                    || lines.get(at + 1).is_none_or(|l| l.starts_with("{\"blob\"")));
            if harmless {
                continue;
            }
            std::fs::write(dir.join("bad.jsonl"), text + "\n").unwrap();
            let said = run(dir, &["evidence", "verify", "--bundle", "bad.jsonl"]);
            assert_eq!(said.status.code(), Some(1), "line {} {what}: {}", at + 1, stdout(&said));
            tried += 1;
        }
    }
    assert!(tried > 20, "{tried}");
    let refused = said(dir, &["evidence", "import", "bad.jsonl"]);
    assert!(refused.contains("refused: bundle-does-not-prove") && refused.ends_with("exit 2\n"), "{refused}");
}

#[test]
fn what_is_thinned_out_is_said_and_still_proves() {
    let (dir, first) = worked();
    let dir = dir.path();
    run(dir, &["evidence", &first]);
    let compacted = said(dir, &["evidence", "compact", "--keep", "0d"]);
    insta::assert_snapshot!("compacted", compacted);
    let verified = said(dir, &["evidence", "verify"]);
    assert!(verified.contains("thinned out") && verified.ends_with("exit 0\n"), "{verified}");
    let shown = said(dir, &["evidence", "show", "2"]);
    assert!(shown.contains("dropped by the rule of retention") && shown.contains("(fits, form 2)"), "{shown}");
    // A session on its own takes along what accounts for the gaps.
    run(dir, &["evidence", "export", "--out", "thin.jsonl", "--session", &first]);
    assert!(said(dir, &["evidence", "verify", "--bundle", "thin.jsonl"]).ends_with("exit 0\n"));
    for (args, code) in [
        (vec!["evidence", "compact"], "exit 2\n"),
        (vec!["evidence", "compact", "--keep", "90"], "exit 2\n"),
        (vec!["evidence", "compact", "--before", "2999-01-01"], "exit 2\n"),
        (vec!["evidence", "compact", "--before", "soon"], "exit 2\n"),
    ] {
        let refused = said(dir, &args);
        assert!(refused.ends_with(code), "{args:?}: {refused}");
    }
}

#[test]
fn a_record_is_shown_whole_and_two_sessions_side_by_side() {
    let (dir, first) = worked();
    let dir = dir.path();
    insta::assert_snapshot!("shown", said(dir, &["evidence", "show", "1"]));
    let second = session(dir, &["billing"]);
    let constrained = run(
        dir,
        &[
            "constrain",
            "--session",
            &second,
            "names-latin",
            "--kind",
            "inferred",
            "--says",
            "names are in Latin script",
        ],
    );
    assert!(constrained.status.success(), "{}", stderr(&constrained));
    insta::assert_snapshot!("compared", said(dir, &["evidence", "diff", &first, &second]));
    insta::assert_snapshot!("shown_unknown", said(dir, &["evidence", "show", "99"]));
    insta::assert_snapshot!("compared_unknown", said(dir, &["evidence", "diff", &first, "s-20200101-aaaaaa"]));
    let short = said(dir, &["evidence", "--text", "cr"]);
    assert!(short.contains("refused: bad-argument: text \"cr\" is shorter than 3 characters"), "{short}");
    let found = json(&run(dir, &["evidence", "--text", "BILLING", "--kind", "system-mapped", "--format", "json"]));
    assert!(found["events"].as_array().unwrap().len() >= 2, "in any case of letters: {found:#}");
    let who = json(&run(dir, &["evidence", "--who", "operations-platform-integration-adhoc", "--format", "json"]));
    assert!(!who["events"].as_array().unwrap().is_empty(), "calls outside any session have a tag of their own");
}

#[test]
fn sessions_opened_within_one_millisecond_are_paged_without_loss() {
    use platform_integration::base::clock::Timestamp;
    use platform_integration::base::digest::Digest;
    use platform_integration::evidence::{Blob, EventKind, NewEvent, Outcome, Phase, Provenance, Recorded, Store};
    let dir = tempfile::tempdir().unwrap();
    let store =
        platform_integration::store::SqliteStore::open(&dir.path().join(".platform-integration/evidence.db")).unwrap();
    for i in 0..25 {
        let event = NewEvent {
            session: Some(format!("s-{i:02}")),
            at: Timestamp(1_795_434_360_123),
            phase: Phase::Map,
            kind: EventKind::SessionOpened,
            tool: "open_session".to_owned(),
            client: "cli".to_owned(),
            outcome: Outcome::Ok,
            input: Digest::of_bytes(b""),
            output: Digest::of_bytes(b""),
            summary: "opened".to_owned(),
            data: serde_json::json!({"name": "a", "goal": ""}),
            provenance: Provenance::default(),
        };
        let blob = Blob::of(&serde_json::json!(1));
        store.append(vec![Recorded::new(event, blob.clone(), blob)]).unwrap();
    }
    let (mut seen, mut cursor): (Vec<String>, Option<String>) = (Vec::new(), None);
    loop {
        let mut args = vec!["evidence", "--limit", "4", "--format", "json"];
        if let Some(cursor) = &cursor {
            args.extend(["--cursor", cursor]);
        }
        let page = json(&run(dir.path(), &args));
        seen.extend(page["sessions"].as_array().unwrap().iter().map(|s| s["session"].as_str().unwrap().to_owned()));
        cursor = page["cursor"].as_str().map(str::to_owned);
        if cursor.is_none() {
            break;
        }
    }
    let expected: Vec<String> = (0..25).rev().map(|i| format!("s-{i:02}")).collect();
    assert_eq!(seen, expected);
}
