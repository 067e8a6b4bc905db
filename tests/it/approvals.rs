//! What only a person decides: at a real terminal, by a real signature, and what stands of it afterwards.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::cli::{binary, json, run, stderr, stdout, steady, workspace};

const CONTRACT: &str = "examples/billing-to-crm/integration.yaml";
const CRM: &str = "examples/billing-to-crm/apis/crm.openapi.json";

/// A session in which the contract was checked; its inferred constraints wait.
pub(crate) fn checked(dir: &Path) -> String {
    let opened = json(&run(dir, &["open", "billing-to-crm", "--format", "json"]));
    let session = opened["session"].as_str().unwrap().to_owned();
    let check = run(dir, &["check", CONTRACT, "--session", &session]);
    assert_eq!(check.status.code(), Some(0), "{}{}", stdout(&check), stderr(&check));
    session
}

fn edit(dir: &Path, file: &str, from: &str, to: &str) {
    let text = std::fs::read_to_string(dir.join(file)).unwrap();
    assert!(text.contains(from), "{from} is not in {file}");
    std::fs::write(dir.join(file), text.replace(from, to)).unwrap();
}

fn with_policy(dir: &Path, clause: &str) {
    edit(dir, CONTRACT, "\nflows:\n", &format!("\napprovals: {clause}\n\nflows:\n"));
}

fn events(dir: &Path, kind: &str) -> Vec<serde_json::Value> {
    let found = json(&run(dir, &["evidence", "--kind", kind, "--format", "json"]));
    found["events"].as_array().unwrap().clone()
}

#[cfg(unix)]
mod terminal {
    use std::path::Path;
    use std::process::Command;
    use std::time::{Duration, Instant};

    use rexpect::process::WaitStatus;
    use rexpect::session::{PtySession, spawn_command};

    use super::{CONTRACT, CRM, checked, edit, events};
    use crate::cli::{binary, json, run, stderr, steady, workspace};

    /// The program at a terminal of its own.
    pub(crate) fn at(dir: &Path, args: &[&str]) -> PtySession {
        let mut command = Command::new(binary());
        command
            .args(args)
            .current_dir(dir)
            .env_remove("PLATFORM_INTEGRATION_STORE")
            .env_remove("PLATFORM_INTEGRATION_SIGNERS")
            .env("XDG_CONFIG_HOME", dir.join("config"))
            .env_remove("RUST_LOG")
            .env("USER", "ops")
            .env("COLUMNS", "110")
            .env("NO_COLOR", "1");
        spawn_command(command, Some(60_000)).unwrap()
    }

    /// The words shown last.
    pub(crate) fn phrase(shown: &str) -> String {
        let after = shown.rsplit("anything else to leave it:").next().unwrap();
        after.trim().to_owned()
    }

    /// What it shows until it has ended, and its exit code. Its end is waited for, not that of its terminal: a process that
    /// another test starts at the same moment may hold that open.
    pub(crate) fn end(mut session: PtySession) -> (String, i32) {
        let mut rest = String::new();
        let until = Instant::now() + Duration::from_secs(60);
        let status = loop {
            rest.extend(std::iter::from_fn(|| session.try_read()));
            match session.process().status() {
                Some(WaitStatus::StillAlive) | None => {}
                Some(status) => break status,
            }
            assert!(Instant::now() < until, "it does not end; so far: {rest}");
            std::thread::sleep(Duration::from_millis(10));
        };
        // What it wrote last is still on its way through the terminal.
        let mut quiet = 0;
        while quiet < 10 {
            let before = rest.len();
            std::thread::sleep(Duration::from_millis(20));
            rest.extend(std::iter::from_fn(|| session.try_read()));
            quiet = if rest.len() == before { quiet + 1 } else { 0 };
        }
        match status {
            WaitStatus::Exited(_, code) => (rest, code),
            other => (rest, format!("{other:?}").len() as i32 + 1_000),
        }
    }

    /// Answers every question with a letter and types the phrase.
    pub(crate) fn confirm(dir: &Path, session: &str, answers: &[(&str, Option<&str>)]) -> (String, i32) {
        let mut tty = at(dir, &["confirm", "--session", session, "--as", "Mira"]);
        let mut page = String::new();
        for (letter, note) in answers {
            page.push_str(&format!("{}[d]efer? ", tty.exp_string("[d]efer? ").unwrap()));
            tty.send_line(letter).unwrap();
            if let Some(note) = note {
                let needle = if *letter == "r" { "empty) " } else { "it? " };
                page.push_str(&format!("{}{needle}", tty.exp_string(needle).unwrap()));
                tty.send_line(note).unwrap();
            }
        }
        let shown = tty.exp_string("  > ").unwrap();
        page.push_str(&shown);
        tty.send_line(&phrase(&shown)).unwrap();
        let (rest, code) = end(tty);
        (format!("{page}{rest}"), code)
    }

    /// Types the phrase of an approval; `before` runs while the person reads.
    pub(crate) fn approve(dir: &Path, args: &[&str], before: impl FnOnce()) -> (String, i32) {
        let mut all = vec!["approve", CONTRACT];
        all.extend(args);
        let mut tty = at(dir, &all);
        let shown = tty.exp_string("  > ").unwrap();
        before();
        tty.send_line(&phrase(&shown)).unwrap();
        let (rest, code) = end(tty);
        (format!("{shown}{rest}"), code)
    }

    /// A workspace whose contract a person has settled.
    pub(crate) fn settled() -> (tempfile::TempDir, String) {
        let dir = workspace("billing-to-crm");
        let session = checked(dir.path());
        let (page, code) = confirm(dir.path(), &session, &[("c", None), ("c", None)]);
        assert_eq!(code, 0, "{page}");
        (dir, session)
    }

    fn refusal(dir: &Path, args: &[&str]) -> String {
        let output = run(dir, args);
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
        stderr(&output)
    }

    fn undated(text: &str, dir: &Path) -> String {
        regex::Regex::new(r"on \d{4}-\d\d-\d\d").unwrap().replace_all(&steady(text, dir), "on @@DAY@@").into_owned()
    }

    fn shown(page: &str, dir: &Path) -> String {
        let words = regex::Regex::new(r"(?m)^      [a-z]+ [a-z]+ [a-z]+ [a-z]+\s*$").unwrap();
        let echoed = regex::Regex::new(r"(?m)^[a-z]+ [a-z]+ [a-z]+ [a-z]+$").unwrap();
        let page = words.replace_all(page, "      @@PHRASE@@").replace('\r', "");
        steady(&echoed.replace_all(&page, "@@PHRASE@@"), dir)
    }

    #[test]
    fn a_person_at_a_terminal_sees_what_is_approved_and_types_the_phrase() {
        let (dir, session) = settled();
        let before = refusal(dir.path(), &["run", CONTRACT]);
        assert!(before.contains("live-run-not-approved"), "{before}");
        let (page, code) = approve(dir.path(), &["live-run", "--session", &session, "--as", "Mira"], || {});
        assert_eq!(code, 0, "{page}");
        insta::assert_snapshot!(shown(&page, dir.path()));
        let approved = events(dir.path(), "approved");
        assert_eq!(approved.len(), 1);
        // The gate is open: what stops the run now is that there is no secret to call with.
        let after = refusal(dir.path(), &["run", CONTRACT]);
        assert!(after.contains("secret-missing"), "{after}");
        let listed = run(dir.path(), &["approvals", CONTRACT, "--require", "live-run"]);
        assert_eq!(listed.status.code(), Some(0));
    }

    #[test]
    fn every_question_is_answered_before_the_phrase_and_a_correction_or_a_risk_is_kept() {
        let dir = workspace("billing-to-crm");
        let session = checked(dir.path());
        let answers =
            [("r", Some("ids are reused after a year")), ("d", Some("two contacts until March; Mira takes it"))];
        let (page, code) = confirm(dir.path(), &session, &answers);
        assert_eq!(code, 0, "{page}");
        insta::assert_snapshot!(shown(&page, dir.path()));
        let store = rusqlite_text(dir.path());
        assert!(store.contains("ids are reused after a year") && store.contains("Mira takes it"), "{store}");
        assert!(store.contains("Mira (user ops)"), "{store}");
    }

    /// The data of the decisions, as stored.
    fn rusqlite_text(dir: &Path) -> String {
        use platform_integration::evidence::{EventKind, Query, Store as _};
        let store =
            platform_integration::store::SqliteStore::open(&dir.join(".platform-integration/evidence.db")).unwrap();
        let query = Query { kind: Some(EventKind::ConstraintsConfirmed), limit: 10, ..Query::default() };
        store.query(&query).unwrap().events.iter().map(|e| e.event.data.to_string()).collect()
    }

    #[test]
    fn wrong_words_the_end_of_input_and_an_interrupt_approve_nothing() {
        let (dir, session) = settled();
        let args = ["approve", CONTRACT, "live-run", "--session", &session];
        let mut tty = at(dir.path(), &args);
        tty.exp_string("  > ").unwrap();
        tty.send_line("amber amber amber amber").unwrap();
        let (rest, code) = end(tty);
        assert_eq!(code, 2);
        assert!(rest.contains("phrase-not-typed"), "{rest}");
        let mut tty = at(dir.path(), &args);
        tty.exp_string("  > ").unwrap();
        tty.send_control('d').unwrap();
        assert_eq!(end(tty).1, 2);
        let mut tty = at(dir.path(), &args);
        tty.exp_string("  > ").unwrap();
        tty.send_control('c').unwrap();
        assert_ne!(end(tty).1, 0);
        assert!(events(dir.path(), "approved").is_empty());
        assert!(refusal(dir.path(), &["run", CONTRACT]).contains("live-run-not-approved"));
    }

    #[test]
    fn words_shown_for_one_attempt_do_not_serve_another() {
        let (dir, session) = settled();
        let args = ["approve", CONTRACT, "live-run", "--session", &session];
        let mut first = at(dir.path(), &args);
        let words = phrase(&first.exp_string("  > ").unwrap());
        first.send_control('d').unwrap();
        end(first);
        let mut second = at(dir.path(), &args);
        second.exp_string("  > ").unwrap();
        second.send_line(&words).unwrap();
        assert_eq!(end(second).1, 2);
        assert!(events(dir.path(), "approved").is_empty());
    }

    #[test]
    fn a_contract_that_changes_while_the_person_reads_is_not_approved() {
        let (dir, session) = settled();
        let path = dir.path().to_owned();
        let (page, code) = approve(dir.path(), &["live-run", "--session", &session], || {
            edit(&path, CONTRACT, "every: 60s", "every: 1s");
        });
        assert_eq!(code, 2, "{page}");
        assert!(page.contains("changed-while-asked"), "{page}");
        assert!(events(dir.path(), "approved").is_empty());
    }

    #[test]
    fn an_approval_is_void_when_the_contract_or_a_description_changes() {
        let (dir, session) = settled();
        let (page, code) = approve(dir.path(), &["live-run", "--session", &session, "--as", "Mira"], || {});
        assert_eq!(code, 0, "{page}");
        edit(dir.path(), CRM, "\"title\": \"", "\"title\": \"The ");
        let drifted = refusal(dir.path(), &["run", CONTRACT]);
        insta::assert_snapshot!(undated(&drifted, dir.path()));
        edit(dir.path(), CRM, "\"title\": \"The ", "\"title\": \"");
        assert!(
            refusal(dir.path(), &["run", CONTRACT]).contains("secret-missing"),
            "the same bytes, the same approval"
        );
        edit(dir.path(), CONTRACT, "every: 60s", "every: 1s");
        let edited = refusal(dir.path(), &["run", CONTRACT, "--session", &session]);
        insta::assert_snapshot!(undated(&edited, dir.path()));
        let listed = run(dir.path(), &["approvals", CONTRACT, "--require", "live-run"]);
        assert_eq!(listed.status.code(), Some(1));
    }

    #[test]
    fn a_risk_is_taken_on_what_was_deferred_and_opens_the_gate_for_that_contract() {
        let dir = workspace("billing-to-crm");
        let session = checked(dir.path());
        let (page, code) =
            confirm(dir.path(), &session, &[("c", None), ("d", Some("a duplicate contact; Mira takes it"))]);
        assert_eq!(code, 0, "{page}");
        let scaffold = ["scaffold", CONTRACT, "--out", "deploy", "--session", &session];
        assert!(refusal(dir.path(), &scaffold).contains("inferred-settled"));
        let early =
            refusal(dir.path(), &["approve", CONTRACT, "accept-risk", "billing-ids-stable", "--session", &session]);
        assert!(early.contains("risk-not-deferred"), "{early}");
        let (page, code) = approve(dir.path(), &["accept-risk", "billing-email-stable", "--session", &session], || {});
        assert_eq!(code, 0, "{page}");
        assert!(page.contains("a duplicate contact; Mira takes it"), "{page}");
        let open = run(dir.path(), &scaffold);
        assert_eq!(open.status.code(), Some(0), "{}", stderr(&open));
        // The next state of the contract is another risk.
        edit(dir.path(), CONTRACT, "every: 60s", "every: 30s");
        run(dir.path(), &["check", CONTRACT, "--session", &session]);
        assert!(refusal(dir.path(), &scaffold).contains("inferred-settled"));
    }

    #[test]
    fn what_is_assumed_is_settled_before_a_live_run_is_approved() {
        let dir = workspace("billing-to-crm");
        let session = checked(dir.path());
        let early = refusal(dir.path(), &["approve", CONTRACT, "live-run", "--session", &session]);
        insta::assert_snapshot!(steady(&early, dir.path()));
    }

    #[test]
    fn the_inbox_lists_what_waits_and_is_empty_when_nothing_does() {
        let dir = workspace("billing-to-crm");
        let empty = run(dir.path(), &["inbox"]);
        assert_eq!(
            (empty.status.code(), crate::cli::stdout(&empty).as_str()),
            (Some(0), "nothing waits for a person\n")
        );
        let session = checked(dir.path());
        run(
            dir.path(),
            &["confirm", "--session", &session, "--decision", "billing-ids-stable=confirm:they never change"],
        );
        run(dir.path(), &["run", CONTRACT, "--session", &session]);
        let page = run(dir.path(), &["inbox"]);
        assert_eq!(page.status.code(), Some(0));
        insta::assert_snapshot!(steady(&crate::cli::stdout(&page), dir.path()));
        let all = json(&run(dir.path(), &["inbox", "--format", "json"]));
        assert_eq!(all["waiting"].as_array().unwrap().len(), 3, "{all:#}");
        let (page, code) = confirm(dir.path(), &session, &[("c", None), ("c", None)]);
        assert_eq!(code, 0, "{page}");
        let (page, code) = approve(dir.path(), &["live-run", "--session", &session], || {});
        assert_eq!(code, 0, "{page}");
        let none = json(&run(dir.path(), &["inbox", "--format", "json"]));
        assert_eq!(none["waiting"], serde_json::json!([]), "{none:#}");
    }
}
#[cfg(unix)]
pub(crate) use terminal::{approve, settled};

/// A key pair and an `allowed_signers` that names it: beside the contract, and pinned in the configuration of the user.
#[cfg(unix)]
pub(crate) struct Team {
    pub(crate) dir: tempfile::TempDir,
}

#[cfg(unix)]
impl Team {
    pub(crate) fn new() -> Self {
        Self::with("{live_run: signature, accept_risk: signature, signers: allowed_signers}")
    }

    pub(crate) fn with(policy: &str) -> Self {
        let dir = workspace("billing-to-crm");
        let team = Self { dir };
        team.key("mira");
        team.allow("mira");
        with_policy(team.dir.path(), policy);
        team
    }

    fn beside(&self) -> std::path::PathBuf {
        self.dir.path().join("examples/billing-to-crm")
    }

    pub(crate) fn key(&self, name: &str) {
        use ssh_key::{LineEnding, PrivateKey, private::Ed25519Keypair};
        let seed: [u8; 32] = std::array::from_fn(|i| name.as_bytes()[i % name.len()]);
        let key = PrivateKey::from(Ed25519Keypair::from_seed(&seed));
        let path = self.dir.path().join(name);
        std::fs::write(&path, key.to_openssh(LineEnding::LF).unwrap().as_bytes()).unwrap();
        std::fs::write(self.dir.path().join(format!("{name}.pub")), key.public_key().to_openssh().unwrap()).unwrap();
    }

    /// The list that somebody pinned.
    pub(crate) fn pinned(&self) -> std::path::PathBuf {
        self.dir.path().join("config/platform-integration/allowed_signers")
    }

    /// Names this key and no other, in both lists.
    pub(crate) fn allow(&self, name: &str) {
        self.bring(name);
        std::fs::create_dir_all(self.pinned().parent().unwrap()).unwrap();
        std::fs::copy(self.beside().join("allowed_signers"), self.pinned()).unwrap();
    }

    /// Names it in the contract's list, which whoever edits the contract may edit too.
    pub(crate) fn bring(&self, name: &str) {
        let public = std::fs::read_to_string(self.dir.path().join(format!("{name}.pub"))).unwrap();
        let line = format!("{name}@example.com namespaces=\"platform-integration\" {public}\n");
        std::fs::write(self.beside().join("allowed_signers"), line).unwrap();
    }

    /// Signs as `ssh-keygen -Y sign` does: the same format, by the crate that `ssh` in Rust uses.
    pub(crate) fn sign(&self, name: &str, statement: &str, to: &str) {
        let key = ssh_key::PrivateKey::read_openssh_file(&self.dir.path().join(name)).unwrap();
        let sig = key.sign("platform-integration", ssh_key::HashAlg::Sha512, statement.as_bytes()).unwrap();
        let to = self.beside().join(to);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::write(to, sig.to_pem(ssh_key::LineEnding::LF).unwrap()).unwrap();
    }

    fn run(&self, args: &[&str]) -> std::process::Output {
        run(self.dir.path(), args)
    }

    pub(crate) fn statement(&self) -> String {
        let printed = self.run(&["approve", CONTRACT, "live-run", "--print-statement"]);
        assert_eq!(printed.status.code(), Some(0), "{}", stderr(&printed));
        stdout(&printed)
    }
}

#[test]
#[cfg(unix)]
fn a_signature_beside_the_contract_approves_on_a_machine_that_knows_nothing_else() {
    let team = Team::new();
    let path = team.dir.path();
    let printed = team.run(&["approve", CONTRACT, "live-run", "--print-statement"]);
    insta::assert_snapshot!(steady(&format!("{}{}", stdout(&printed), stderr(&printed)), path));
    let require = ["approvals", CONTRACT, "--require", "live-run", "--store", "fresh.db"];
    let before = team.run(&require);
    assert_eq!(before.status.code(), Some(1));
    insta::assert_snapshot!(steady(&stdout(&before), path));
    team.sign("mira", &team.statement(), "approvals/live-run.sig");
    let after = team.run(&require);
    assert_eq!(after.status.code(), Some(0), "{}", stdout(&after));
    insta::assert_snapshot!(steady(&stdout(&after), path));
    assert!(stderr(&team.run(&["run", CONTRACT])).contains("secret-missing"), "the gate is open");
    // An edit voids it, and so does taking the key out of the file.
    team.key("eve");
    team.allow("eve");
    let unknown = team.run(&require);
    assert_eq!(unknown.status.code(), Some(1));
    insta::assert_snapshot!(steady(&stdout(&unknown), path));
    team.allow("mira");
    edit(path, CONTRACT, "every: 60s", "every: 1s");
    let edited = team.run(&require);
    assert_eq!(edited.status.code(), Some(1));
    assert!(stdout(&edited).contains("not over this statement"), "{}", stdout(&edited));
}

#[test]
#[cfg(unix)]
fn ssh_keygen_signs_what_is_verified_here() {
    let team = Team::new();
    let path = team.dir.path();
    let keygen = |args: &[&str]| Command::new("ssh-keygen").args(args).current_dir(path).stdout(Stdio::null()).output();
    if keygen(&["-q", "-t", "ed25519", "-N", "", "-f", "own"]).is_err() {
        println!("skipped: no ssh-keygen on this machine; the format is tested with keys of our own above");
        return;
    }
    team.allow("own");
    std::fs::write(path.join("statement"), team.statement()).unwrap();
    let signed = keygen(&["-Y", "sign", "-f", "own", "-n", "platform-integration", "statement"]).unwrap();
    assert!(signed.status.success(), "{}", stderr(&signed));
    let given = team.run(&["approve", CONTRACT, "live-run", "--signature", "statement.sig"]);
    assert_eq!(given.status.code(), Some(0), "{}", stderr(&given));
    assert!(stdout(&given).contains("own@example.com through signature"), "{}", stdout(&given));
    assert!(stderr(&team.run(&["run", CONTRACT])).contains("secret-missing"), "the gate is open");
    // What is stored is verified again: a key that was taken out approves nothing any more.
    team.allow("mira");
    let refused = stderr(&team.run(&["run", CONTRACT]));
    assert!(refused.contains("live-run-not-approved") && refused.contains("no line of allowed_signers"), "{refused}");
}

#[test]
#[cfg(unix)]
fn a_signature_of_something_else_is_refused_with_the_reason() {
    let team = Team::new();
    team.sign("mira", &team.statement().replace("live-run", "accept-risk"), "other.sig");
    let other = "examples/billing-to-crm/other.sig";
    let refused = team.run(&["approve", CONTRACT, "live-run", "--signature", other]);
    assert_eq!(refused.status.code(), Some(2));
    insta::assert_snapshot!(steady(&stderr(&refused), team.dir.path()));
    // A terminal is less than this contract asks for, and that is said before anybody types anything.
    let weak = team.run(&["approve", CONTRACT, "live-run"]);
    insta::assert_snapshot!(steady(&stderr(&weak), team.dir.path()));
    assert!(events(team.dir.path(), "approved").is_empty());
}

#[test]
fn an_approval_piped_in_is_no_approval() {
    let dir = workspace("billing-to-crm");
    let mut child = Command::new(binary())
        .args(["approve", CONTRACT, "live-run"])
        .current_dir(dir.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    use std::io::Write as _;
    let _ = child.stdin.take().unwrap().write_all(b"yes\nyes\nyes\n");
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    insta::assert_snapshot!(steady(&stderr(&output), dir.path()));
}
