//! Ways past an approval: older than the contract, forged in the store, of a key that came along.

use platform_integration::base::clock::Timestamp;
use platform_integration::base::digest::Digest;
use platform_integration::evidence::{Blob, EventKind, NewEvent, Outcome, Phase, Provenance, Recorded, Store as _};
use platform_integration::store::SqliteStore;
use serde_json::{Value, json};

use super::*;
use crate::cli::{run, stderr, stdout, workspace};

#[cfg(unix)]
#[tokio::test]
async fn an_approval_does_not_outlive_the_contract_or_its_policy() {
    let (dir, session) = crate::approvals::settled();
    let (page, code) = crate::approvals::approve(dir.path(), &["live-run", "--session", &session], || {});
    assert_eq!(code, 0, "{page}");
    let refused = |what: &str| {
        let output = run(dir.path(), &["run", CONTRACT]);
        assert!(stderr(&output).contains("live-run-not-approved"), "{what}: {}", stderr(&output));
    };
    let path = dir.path().join(CONTRACT);
    let text = std::fs::read_to_string(&path).unwrap();
    for (what, edited) in [
        (
            "another address",
            text.replace(
                "api: apis/crm.openapi.json",
                "api: apis/crm.openapi.json\n    base_url: https://evil.example",
            ),
        ),
        ("a weaker policy", text.replace("\nflows:\n", "\napprovals: {inferred_constraints: any}\n\nflows:\n")),
        ("only a comment", format!("{text}# harmless\n")),
    ] {
        assert_ne!(edited, text, "{what}");
        std::fs::write(&path, edited).unwrap();
        refused(what);
    }
    std::fs::write(&path, text.replace("\nflows:\n", "\napprovals: {live_run: any}\n\nflows:\n")).unwrap();
    let weakest = run(dir.path(), &["run", CONTRACT]);
    assert!(stderr(&weakest).contains("approval-too-weak"), "{}", stderr(&weakest));
}

#[cfg(unix)]
#[tokio::test]
async fn what_is_assumed_after_the_approval_stops_the_live_run() {
    let (dir, session) = crate::approvals::settled();
    let (page, code) = crate::approvals::approve(dir.path(), &["live-run", "--session", &session], || {});
    assert_eq!(code, 0, "{page}");
    let more = run(
        dir.path(),
        &["constrain", "more", "--session", &session, "--kind", "inferred", "--says", "one more thing"],
    );
    assert_eq!(more.status.code(), Some(0), "{}", stderr(&more));
    let output = run(dir.path(), &["run", CONTRACT]);
    assert!(stderr(&output).contains("inferred-unsettled"), "{}", stderr(&output));
}

/// Whoever can write the store file can append what looks like an approval, hashes and all.
fn forge(dir: &std::path::Path, session: Option<&str>, kind: EventKind, data: &Value) {
    let event = NewEvent {
        session: session.map(str::to_owned),
        at: Timestamp(1_790_000_000_000),
        phase: Phase::Connect,
        kind,
        tool: "approve".to_owned(),
        client: "cli".to_owned(),
        outcome: Outcome::Ok,
        input: Digest::of_bytes(b"null"),
        output: Digest::of_bytes(b"null"),
        summary: "mira approved".to_owned(),
        data: data.clone(),
        provenance: Provenance::default(),
    };
    let store = SqliteStore::open(&dir.join(".platform-integration/evidence.db")).unwrap();
    store.append(vec![Recorded::new(event, Blob::of(&Value::Null), Blob::of(&Value::Null))]).unwrap();
}

/// The data of an approval by signature, over the statement that is printed for this.
fn approval(dir: &std::path::Path, what: &[&str], signature: Option<&str>) -> Value {
    let mut args = vec!["approve", CONTRACT];
    args.extend(what);
    args.push("--print-statement");
    let printed = run(dir, &args);
    assert_eq!(printed.status.code(), Some(0), "{}", stderr(&printed));
    let statement = stdout(&printed);
    let told = |key: &str| statement.lines().find_map(|l| l.strip_prefix(key)).unwrap().to_owned();
    let systems: serde_json::Map<String, Value> = statement
        .lines()
        .filter_map(|l| l.strip_prefix("description: ")?.split_once(' '))
        .map(|(name, digest)| (name.to_owned(), json!(digest)))
        .collect();
    let mut data = json!({
        "what": told("approve: "), "name": told("integration: "), "file": dir.join(CONTRACT).display().to_string(),
        "digest": told("contract: "), "systems": systems, "statement": Digest::of_bytes(statement.as_bytes()).as_str(),
        "by": "mira@example.com", "channel": "signature", "key": "SHA256:made-up",
    });
    if let Some(risk) = statement.lines().find_map(|l| l.strip_prefix("risk: ")) {
        data["risk"] = json!(risk.split(' ').next());
    }
    if let Some(signature) = signature {
        data["signature"] = json!(signature);
    }
    data
}

#[cfg(unix)]
#[test]
fn a_record_that_says_signature_and_has_none_approves_nothing() {
    let team = crate::approvals::Team::new();
    let dir = team.dir.path();
    for signature in [None, Some("-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n")] {
        forge(dir, None, EventKind::Approved, &approval(dir, &["live-run"], signature));
        let verified = run(dir, &["evidence", "verify"]);
        assert_eq!(verified.status.code(), Some(0), "the chain itself is whole: {}", stdout(&verified));
        let output = run(dir, &["run", CONTRACT]);
        assert!(stderr(&output).contains("live-run-not-approved"), "{signature:?}: {}", stderr(&output));
    }
    let output = run(dir, &["run", CONTRACT]);
    assert!(stderr(&output).contains("no signature is kept with it"), "{}", stderr(&output));
}

/// Reads like this machine, leads to another: nothing of it runs without an approval.
#[test]
fn an_address_that_only_looks_like_this_machine_needs_an_approval() {
    let here = |from: &str, to: &str| {
        let dir = workspace("billing-to-crm");
        let local = [("billing", "127.0.0.1:9"), ("crm", "127.0.0.1:9")];
        let path = dir.path().join(CONTRACT);
        let mut text = std::fs::read_to_string(&path).unwrap();
        for ((_, address), api) in local.iter().zip(["billing.openapi.yaml", "crm.openapi.json"]) {
            let line = format!("api: apis/{api}");
            text = text.replace(&line, &format!("base_url: \"http://{address}\"\n    {line}"));
        }
        std::fs::write(&path, text).unwrap();
        let mut changed = false;
        for file in [
            CONTRACT,
            "examples/billing-to-crm/apis/billing.openapi.yaml",
            "examples/billing-to-crm/apis/crm.openapi.json",
        ] {
            let path = dir.path().join(file);
            let text = std::fs::read_to_string(&path).unwrap();
            changed |= text.contains(from);
            std::fs::write(path, text.replace(from, to)).unwrap();
        }
        assert!(changed, "{from}");
        stderr(&run(dir.path(), &["run", CONTRACT]))
    };
    for path in ["@192.0.2.2:18080/v2/{contact_id}", ".evil.example/v2/{contact_id}"] {
        let said = here("\"/v2/contacts/{contact_id}\":", &format!("\"{path}\":"));
        assert!(said.contains("flow-cannot-run") && said.contains("does not start with a slash"), "{said}");
    }
    let said = here("\"http://127.0.0.1:9\"", "\"http://127.0.0.1@192.0.2.2:18080\"");
    assert!(said.contains("secret-as-value"), "{said}");
    let said = here("https://api.crm.example/oauth2/token", "http:192.0.2.2:18080/token?x=://localhost/");
    // Tokens come from where the requests go: on this machine nothing leads to what only looks like it.
    assert!(said.contains("secret-missing") && !said.contains("192.0.2.2"), "{said}");
}

#[cfg(unix)]
#[test]
fn a_key_that_comes_with_the_contract_approves_nothing() {
    // Whoever edits the contract names a list, puts a key of their own on it, and signs.
    let team = crate::approvals::Team::with("{signers: allowed_signers}");
    let dir = team.dir.path();
    team.key("eve");
    team.bring("eve");
    team.sign("eve", &team.statement(), "approvals/live-run.sig");
    let said = |args: &[&str]| stderr(&run(dir, args));
    let refused = said(&["run", CONTRACT]);
    assert!(refused.contains("live-run-not-approved") && refused.contains("no line of allowed_signers"), "{refused}");
    std::fs::remove_file(team.pinned()).unwrap();
    let refused = said(&["run", CONTRACT]);
    assert!(refused.contains("live-run-not-approved"), "{refused}");
    assert!(refused.contains("no list of allowed signers is pinned on this machine"), "{refused}");
    let sig = "examples/billing-to-crm/approvals/live-run.sig";
    let refused = said(&["approve", CONTRACT, "live-run", "--signature", sig]);
    insta::assert_snapshot!(crate::cli::steady(&refused, dir));
    // Where only a signature counts, the run says so at once.
    edit_in(dir, "{signers: allowed_signers}", "{live_run: signature, signers: allowed_signers}");
    let refused = said(&["run", CONTRACT]);
    assert!(refused.contains("signers-not-pinned"), "{refused}");
    // A person who names the list answers for it: this is how CI does it.
    team.sign("eve", &team.statement(), "approvals/live-run.sig");
    let named = said(&["run", CONTRACT, "--signers", "examples/billing-to-crm/allowed_signers"]);
    assert!(named.contains("secret-missing"), "{named}");
}

#[cfg(unix)]
fn edit_in(dir: &std::path::Path, from: &str, to: &str) {
    let path = dir.join(CONTRACT);
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{from}");
    std::fs::write(path, text.replace(from, to)).unwrap();
}

#[cfg(unix)]
#[test]
fn what_a_signature_settled_is_open_again_when_the_key_is_taken_out() {
    let team = crate::approvals::Team::with("{inferred_constraints: signature, signers: allowed_signers}");
    let dir = team.dir.path();
    let session = crate::approvals::checked(dir);
    let inbox = stdout(&run(dir, &["inbox"]));
    assert!(inbox.contains("integration.yaml inferred-constraints --print-statement"), "{inbox}");
    let scaffold = ["scaffold", CONTRACT, "--out", "deploy", "--session", &session];
    let printed = run(dir, &["approve", CONTRACT, "inferred-constraints", "--session", &session, "--print-statement"]);
    team.sign("mira", &stdout(&printed), "mira.sig");
    let sig = "examples/billing-to-crm/mira.sig";
    let approve = ["approve", CONTRACT, "inferred-constraints", "--session", &session, "--signature", sig];
    let given = run(dir, &approve);
    assert_eq!(given.status.code(), Some(0), "{}", stderr(&given));
    let open = run(dir, &scaffold);
    assert_eq!(open.status.code(), Some(0), "{}", stderr(&open));
    team.key("eve");
    team.allow("eve");
    let refused = stderr(&run(dir, &scaffold));
    assert!(refused.contains("inferred-settled"), "{refused}");
    team.allow("mira");
    assert_eq!(run(dir, &scaffold).status.code(), Some(0), "the same key, the same approval");
}

#[cfg(unix)]
#[test]
fn a_forged_record_of_a_signed_risk_or_settlement_opens_nothing() {
    let policy = "{inferred_constraints: signature, accept_risk: signature, signers: allowed_signers}";
    let team = crate::approvals::Team::with(policy);
    let dir = team.dir.path();
    let session = crate::approvals::checked(dir);
    let scaffold = ["scaffold", CONTRACT, "--out", "deploy", "--session", &session];
    let waits = |what: &str| {
        let refused = stderr(&run(dir, &scaffold));
        assert!(refused.contains("inferred-settled"), "{what}: {refused}");
    };
    let digests = constraint_digests(dir, &session);
    let decided = |decision: &str, channel: &str| {
        let decisions: Vec<Value> = digests
            .iter()
            .map(|(id, digest)| json!({"id": id, "decision": decision, "channel": channel, "by": "mira", "digest": digest, "risk": "a duplicate"}))
            .collect();
        json!({"decisions": decisions, "pending": []})
    };
    forge(dir, Some(&session), EventKind::Approved, &approval(dir, &["inferred-constraints"], None));
    forge(dir, Some(&session), EventKind::ConstraintsConfirmed, &decided("confirmed", "signature"));
    waits("settled by a signature that is none");
    forge(dir, Some(&session), EventKind::ConstraintsConfirmed, &decided("deferred", "terminal"));
    for (id, _) in &digests {
        let what = ["accept-risk", id.as_str(), "--session", session.as_str()];
        for channel in ["signature", "terminal"] {
            let mut data = approval(dir, &what, None);
            data["channel"] = json!(channel);
            forge(dir, Some(&session), EventKind::Approved, &data);
        }
    }
    waits("risks taken by nobody");
}

/// What a decision on each inferred constraint of the session is bound to.
#[cfg(unix)]
fn constraint_digests(dir: &std::path::Path, session: &str) -> Vec<(String, String)> {
    let store = SqliteStore::open(&dir.join(".platform-integration/evidence.db")).unwrap();
    let found = store.session(session).unwrap();
    let facts = platform_integration::workflow::Facts::fold(Some(&found), &store.events_of(session).unwrap());
    facts.waiting().map(|c| (c.id.clone(), c.digest())).collect()
}
