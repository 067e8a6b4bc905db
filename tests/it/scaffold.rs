//! Generated files, whole, and that they are what they say: YAML that parses, Markdown whose tables hold.

use platform_integration::base::digest::Digest;
use platform_integration::base::redact::looks_secret;
use platform_integration::base::yaml;
use platform_integration::scaffold::{
    ChecklistLine, ConstraintLine, Dossier, DrillLine, EventLine, FactLine, File, FindingLine, FlowLine, HostLine,
    LinkLine, MappingLine, NotAppliedLine, OperationLine, Project, SampleLine, SecretFile, SecretLine, SystemLine,
    dossier, project,
};

use crate::cli::{run, stderr, stdout, workspace};

fn text(s: &str) -> String {
    s.to_owned()
}

fn flow() -> FlowLine {
    FlowLine {
        name: text("contacts"),
        source: text("billing"),
        reads: text("listCustomers"),
        target: text("crm"),
        writes: text("searchContacts, createContact, updateContact"),
        every: text("1m"),
        attempts: 8,
        rate: text("90/10s"),
        protection: text("finds by email first"),
        alert_at: 1,
        freshness: text("5m"),
        freshness_seconds: Some(300),
        silence_seconds: Some(900),
    }
}

fn a_project() -> Project {
    Project {
        name: text("billing-to-crm"),
        why: text("Keep CRM contacts in step with billing customers"),
        owner: text("revenue-platform"),
        contract: text("integration.yaml"),
        carried: vec![text("apis/billing.openapi.yaml"), text("apis/crm.openapi.json")],
        version: text("0.1.0"),
        digest: text("sha256:00"),
        flows: vec![flow()],
        secrets: vec![
            SecretLine { name: text("BILLING_TOKEN"), what: text("billing secret") },
            SecretLine { name: text("CRM_CLIENT_SECRET"), what: text("crm client_secret") },
        ],
        files: Vec::new(),
        receives: false,
        polls: true,
        hosts: vec![
            HostLine { name: text("api.billing.example"), port: 443 },
            HostLine { name: text("api.crm.example"), port: 8443 },
        ],
        samples: vec![SampleLine {
            flow: text("contacts"),
            records: text("tests/samples/contacts.jsonl"),
            expected: text("tests/samples/contacts.expected.jsonl"),
        }],
        listed: vec![text("billing")],
        targets: vec![text("crm")],
    }
}

fn a_dossier() -> Dossier {
    Dossier {
        name: text("billing-to-crm"),
        why: text("Keep CRM contacts in step with billing customers"),
        owner: text("revenue-platform"),
        contract: text("integration.yaml"),
        digest: text("sha256:c1"),
        session: text("s-20261123-k7m2qd"),
        who_tag: text("operations-platform-integration-s-20261123-k7m2qd"),
        why_tag: text("skill-execution"),
        head: text("sha256:h9"),
        store: text(".platform-integration/evidence.db"),
        made_at: text("2026-11-23T12:00:00.000Z"),
        version: text("0.1.0"),
        systems: vec![SystemLine {
            name: text("billing"),
            title: text("Billing API"),
            api: text("apis/billing.openapi.yaml"),
            format: text("openapi 3.1.0"),
            digest: text("sha256:b1"),
            base_url: text("https://api.billing.example"),
            auth: text("bearerAuth, secrets by reference"),
            facts: vec![FactLine {
                fact: text("pagination"),
                value: text("{\"style\":\"cursor\"}"),
                basis: text("stated"),
                ground: text("#/paths/~1v1~1customers/get"),
            }],
            ..SystemLine::default()
        }],
        operations: vec![OperationLine {
            system: text("billing"),
            id: text("listCustomers"),
            call: text("GET /v1/customers"),
            role: text("list"),
            pointer: text("#/paths/~1v1~1customers/get"),
        }],
        flows: vec![flow()],
        mapping: vec![MappingLine {
            flow: text("contacts"),
            target: text("email"),
            from: text("email"),
            how: text("trim | lower"),
            ..MappingLine::default()
        }],
        unmapped: vec![text("phone")],
        constraints: vec![
            ConstraintLine {
                id: text("crm-rate"),
                kind: text("hard"),
                says: text("at most 100 requests per 10 s"),
                origin: text("crm#/x"),
                owner: text("the CRM's vendor"),
                binds: text("crm"),
                honoured: text(
                    "line 72 (flows.contacts.delivery.rate); drilled by rate-limited-seconds; seen as \"the target is down\"",
                ),
                state: text("stated"),
                ..ConstraintLine::default()
            },
            ConstraintLine {
                id: text("ids-stable"),
                kind: text("inferred"),
                says: text("a customer's id never changes"),
                origin: text("none given"),
                owner: text("revenue-platform"),
                binds: text("flow contacts; billing.id"),
                honoured: text("by no clause"),
                state: text("open"),
                ..ConstraintLine::default()
            },
        ],
        findings: vec![FindingLine {
            severity: text("warning"),
            code: text("inferred-unconfirmed"),
            place: text("integration.yaml:35:5"),
            message: text("nobody confirmed ids-stable"),
        }],
        drills: vec![
            DrillLine {
                flow: text("contacts"),
                code: text("happy-path"),
                event: Some(7),
                verdict: text("PASS"),
                schedules: 20,
                fired: 0,
                because: String::new(),
            },
            DrillLine {
                flow: text("contacts"),
                code: text("committed-then-503"),
                verdict: text("FAIL"),
                schedules: 20,
                fired: 20,
                because: text("seed 7: key cus_3 written twice"),
                ..DrillLine::default()
            },
        ],
        drills_current: true,
        drills_verdict: text("FAIL"),
        drills_seq: Some(7),
        schedules: 40,
        not_applicable: 1,
        not_applied: vec![NotAppliedLine {
            flow: text("contacts"),
            code: text("token-expires"),
            because: text("neither system hands out tokens"),
        }],
        undecided: vec![text("phone")],
        reconciliation: text("12 expected, 14 read, 12 unique, 12 written, 0 unchanged, 0 rejected, 0 dead-lettered"),
        checklist: vec![
            ChecklistLine {
                item: text("the contract compiles as it is now"),
                state: text("met"),
                because: text("integration.yaml without errors, 1 warning"),
                evidence: text("4, 5"),
                ..ChecklistLine::default()
            },
            ChecklistLine {
                item: text("the way back is shown"),
                state: text("unproven"),
                because: text("this release has no drill for it"),
                evidence: String::new(),
                ..ChecklistLine::default()
            },
        ],
        lost: vec![text("0.85 by connector: failed: committed-then-503; regain: run_drills {}")],
        notes: text("The CRM's test account is shared; drilling there needs a word with its owner."),
        chain: vec![LinkLine {
            link: text("drills-run"),
            event: text("7"),
            state: text("stale"),
            because: text(
                "integration.yaml changed (sha256:00000000… → sha256:11111111…) after contract-checked (event 5)",
            ),
            ..LinkLine::default()
        }],
        risks: vec![text("rollback-drilled: this release has no drill for it")],
        raise: vec![text("repair what fails and drill again: committed-then-503")],
        verdict: text("FAIL"),
        confidence: text("Confidence: 0.10 (ceiling: inference 0.70)"),
        events: vec![EventLine {
            seq: 1,
            at: text("2026-11-23T11:00:00.000Z"),
            kind: text("session-opened"),
            client: text("cli"),
            summary: text("opened billing-to-crm"),
            ..EventLine::default()
        }],
        goal: text("keep the CRM in step"),
        opened_at: text("2026-11-23T11:00:00.000Z"),
        opened_by: text("cli"),
        value: 0.10,
        ceiling: 0.70,
        events_total: 1,
        ..Dossier::default()
    }
}

/// A file is what its name says.
fn parses(file: &File) {
    let name = file.path.rsplit('/').next().unwrap();
    match name.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "yaml" | "yml" => {
            yaml::parse(&file.content, yaml::Limits::default())
                .unwrap_or_else(|e| panic!("{}: {e}\n{}", file.path, file.content));
        }
        "json" => {
            serde_json::from_str::<serde_json::Value>(&file.content)
                .unwrap_or_else(|e| panic!("{}: {e}\n{}", file.path, file.content));
        }
        "md" => tables_hold(file),
        _ => {}
    }
}

fn page(files: &[File]) -> String {
    files.iter().map(|f| format!("=== {}\n{}", f.path, f.content)).collect::<Vec<_>>().join("\n")
}

/// Every row of a table has as many cells as its head.
fn tables_hold(file: &File) {
    let cells = |line: &str| line.replace("\\|", "").matches('|').count();
    let mut head: Option<usize> = None;
    for line in file.content.lines() {
        if !line.starts_with('|') {
            head = None;
            continue;
        }
        let want = *head.get_or_insert_with(|| cells(line));
        assert_eq!(cells(line), want, "{}: {line}", file.path);
    }
}

#[test]
fn a_project_is_written_whole() {
    insta::assert_snapshot!("project", page(&project(&a_project()).unwrap()));
}

#[test]
fn a_project_that_ends_is_a_job_and_has_nothing_to_scrape() {
    let mut job = a_project();
    job.polls = false;
    job.flows[0].silence_seconds = None;
    let files = project(&job).unwrap();
    files.iter().for_each(parses);
    let new: Vec<File> = files
        .into_iter()
        .filter(|f| {
            let of_a_job = ["cronjob", "kustomization", "network", "compose", "service", "timer", "Dockerfile"];
            of_a_job.iter().any(|name| f.path.contains(name))
        })
        .collect();
    insta::assert_snapshot!("project-job", page(&new));
}

/// What a YAML file says at a path.
fn at<'n>(node: &'n yaml::Node, path: &[&str]) -> Option<&'n yaml::Node> {
    path.iter().try_fold(node, |node, key| match key.parse::<usize>() {
        Ok(index) => node.items()?.get(index),
        Err(_) => node.get(key),
    })
}

#[test]
fn a_pod_is_nobody_special_and_its_secrets_are_named_only() {
    for receives in [true, false] {
        let files = project(&Project { receives, ..a_project() }).unwrap();
        let file = files.iter().find(|f| f.path.ends_with("deployment.yaml")).unwrap();
        let doc = yaml::parse(&file.content, yaml::Limits::default()).unwrap();
        let pod = |path: &[&str]| {
            let all: Vec<&str> = ["spec", "template", "spec"].iter().chain(path).copied().collect();
            at(&doc, &all).unwrap_or_else(|| panic!("{all:?}")).to_value()
        };
        assert_eq!(pod(&["securityContext", "runAsNonRoot"]), true);
        let container = ["containers", "0"];
        let of = |path: &[&str]| pod(&container.iter().chain(path).copied().collect::<Vec<_>>());
        assert_eq!(of(&["securityContext", "readOnlyRootFilesystem"]), true);
        assert_eq!(of(&["livenessProbe", "httpGet", "path"]), "/healthz");
        assert_eq!(of(&["readinessProbe", "httpGet", "path"]), "/readyz");
        assert_eq!(of(&["resources", "limits", "memory"]), "256Mi");
        assert_eq!(of(&["env", "0", "name"]), "BILLING_TOKEN");
        assert_eq!(of(&["env", "0", "valueFrom", "secretKeyRef", "key"]), "BILLING_TOKEN");
        assert!(!file.content.contains("value: \"\""));
    }
}

#[test]
fn a_network_policy_is_for_the_pods_of_the_integration_alone() {
    let files = project(&a_project()).unwrap();
    let file = files.iter().find(|f| f.path.ends_with("network-policy.yaml")).unwrap();
    let doc = yaml::parse(&file.content, yaml::Limits::default()).unwrap();
    let selector = at(&doc, &["spec", "podSelector", "matchLabels"]).unwrap().to_value();
    assert_eq!(selector["app.kubernetes.io/name"], "billing-to-crm");
}

#[test]
fn secrets_in_files_are_mounted_where_the_contract_looks_for_them() {
    let file = |path: &str, place: &str, kept| SecretFile {
        path: text(path),
        place: text(place),
        key: text(path.trim_start_matches('/')).replace('/', "-"),
        what: text("crm secret"),
        kept,
    };
    let of = |polls| {
        let files = vec![file("/run/crm.key", "/run/crm.key", false), file("token", "/integration/token", true)];
        project(&Project { files, polls, ..a_project() }).unwrap()
    };
    let content = |files: &[File], name: &str| files.iter().find(|f| f.path.ends_with(name)).unwrap().content.clone();
    for (polls, name) in [(true, "deployment.yaml"), (false, "cronjob.yaml")] {
        let files = of(polls);
        files.iter().for_each(parses);
        let pod = content(&files, name);
        assert!(pod.contains("subPath: \"run-crm.key\"") && pod.contains("secretName: billing-to-crm-files"), "{pod}");
        assert!(!pod.contains("/integration/token"), "what is written to is no secret of the cluster: {pod}");
        assert!(content(&files, "docker-compose.yaml").contains("source: \"/run/crm.key\""));
        let readme = content(&files, "README.md");
        assert!(
            readme.contains("--from-file=run-crm.key=/run/crm.key")
                && readme.contains("file:/var/lib/integration/token"),
            "{readme}"
        );
    }
}

#[test]
fn a_project_carries_all_that_its_contract_needs_and_nothing_of_it_is_overwritten() {
    const CODES: &str = "code,name\nactive,customer\ntrialing,lead\ncanceled,churned\npast_due,at_risk\n";
    let dir = workspace("billing-to-crm");
    let at = dir.path().join("examples/billing-to-crm");
    let write = |name: &str, text: &str| {
        std::fs::create_dir_all(at.join(name).parent().unwrap()).unwrap();
        std::fs::write(at.join(name), text).unwrap();
    };
    let pin = Digest::of_bytes(CODES.as_bytes()).as_str().trim_start_matches("sha256:").to_owned();
    write("tables/codes.csv", CODES);
    write(
        "apis/fix.yaml",
        "overlay: 1.0.0\ninfo: {title: a fix, version: '1'}\nactions:\n  - target: $.info\n    update: {description: mended}\n",
    );
    let contract = std::fs::read_to_string(at.join("integration.yaml")).unwrap();
    let values = "{active: customer, trialing: lead, canceled: churned, past_due: at_risk}";
    let table = format!("{{file: tables/codes.csv, from: code, to: name, sha256: {pin}}}");
    let contract = contract.replace(values, &table).replacen(
        "api: apis/billing.openapi.yaml",
        "overlays: [apis/fix.yaml]\n    api: apis/billing.openapi.yaml",
        1,
    );
    write("integration.yaml", &contract);
    let scaffold = ["scaffold", "examples/billing-to-crm/integration.yaml", "--out", "p"];
    let out = run(dir.path(), &scaffold);
    assert_eq!(out.status.code(), Some(0), "{}{}", stdout(&out), stderr(&out));
    let checked = run(&dir.path().join("p"), &["check", "integration.yaml"]);
    assert_eq!(checked.status.code(), Some(0), "{}{}", stdout(&checked), stderr(&checked));
    for name in ["Dockerfile", ".github/workflows/integration.yaml"] {
        let text = std::fs::read_to_string(dir.path().join("p").join(name)).unwrap();
        for carried in ["apis/billing.openapi.yaml", "apis/crm.openapi.json", "apis/fix.yaml", "tables/codes.csv"] {
            assert!(text.contains(carried), "{name} lacks {carried}:\n{text}");
        }
    }

    // A link stays one, and what cannot be read is somebody's.
    #[cfg(unix)]
    {
        let p = dir.path().join("p");
        std::fs::create_dir_all(p.join("docs")).unwrap();
        std::fs::rename(p.join("README.md"), p.join("docs/README.md")).unwrap();
        std::os::unix::fs::symlink("docs/README.md", p.join("README.md")).unwrap();
        std::fs::write(at.join("integration.yaml"), contract.replace("revenue-platform", "somebody-else")).unwrap();
        assert_eq!(run(dir.path(), &scaffold).status.code(), Some(0));
        assert!(p.join("README.md").is_symlink());
        assert!(std::fs::read_to_string(p.join("docs/README.md")).unwrap().contains("somebody-else"));
        std::fs::remove_file(p.join("RUNBOOK.md")).unwrap();
        std::fs::create_dir(p.join("RUNBOOK.md")).unwrap();
        let refused = run(dir.path(), &scaffold);
        assert!(stderr(&refused).contains("file-unreadable"), "{}", stderr(&refused));
    }
}

#[test]
fn an_alert_goes_off_for_each_thing_that_a_person_must_know() {
    let files = project(&a_project()).unwrap();
    let file = files.iter().find(|f| f.path.ends_with("alerts.yaml")).unwrap();
    // As the connector exports it: the flow with its integration before it.
    for line in file.content.lines().filter(|line| line.contains("flow=")) {
        assert!(line.contains("flow=\"billing-to-crm/contacts\""), "{line}");
    }
    let doc = yaml::parse(&file.content, yaml::Limits::default()).unwrap();
    let rules = at(&doc, &["groups", "0", "rules"]).unwrap().to_value();
    let rules: Vec<String> =
        rules.as_array().unwrap().iter().map(|r| format!("{}: {}", r["alert"], r["expr"])).collect();
    insta::assert_snapshot!("alerts", rules.join("\n"));
    // Each leads to a section of the runbook that is there.
    let runbook = files.iter().find(|f| f.path == "RUNBOOK.md").unwrap();
    let named =
        file.content.lines().filter_map(|l| l.trim().strip_prefix("runbook: \"RUNBOOK.md, ")?.strip_suffix('"'));
    let mut sections = 0;
    for section in named {
        assert!(runbook.content.contains(&format!("\n## {section}\n")), "{section}");
        sections += 1;
    }
    assert_eq!(sections, rules.len());
}

#[test]
fn a_dossier_is_written_whole() {
    let files = dossier(&a_dossier()).unwrap();
    let (pages, files): (Vec<File>, Vec<File>) = files.into_iter().partition(|f| f.path.ends_with(".html"));
    files.iter().for_each(tables_hold);
    assert!(files.iter().all(|f| f.content.ends_with("Confidence: 0.10 (ceiling: inference 0.70)\n")));
    insta::assert_snapshot!("dossier", page(&files));
    assert_eq!(pages.len(), 1);
    assert!(pages[0].content.contains("Confidence: 0.10 (ceiling: inference 0.70)"));
}

#[test]
fn a_dossier_of_nothing_says_so() {
    let empty = Dossier {
        systems: Vec::new(),
        operations: Vec::new(),
        flows: Vec::new(),
        mapping: Vec::new(),
        unmapped: Vec::new(),
        constraints: Vec::new(),
        findings: Vec::new(),
        drills: Vec::new(),
        drills_seq: None,
        drills_verdict: text("UNPROVEN"),
        schedules: 0,
        not_applicable: 0,
        not_applied: Vec::new(),
        undecided: Vec::new(),
        reconciliation: String::new(),
        checklist: Vec::new(),
        lost: Vec::new(),
        notes: String::new(),
        chain: Vec::new(),
        risks: Vec::new(),
        raise: Vec::new(),
        events: Vec::new(),
        verdict: text("UNPROVEN"),
        confidence: text("Confidence: 0.00 (ceiling: inference 0.70)"),
        ..a_dossier()
    };
    let mut files = dossier(&empty).unwrap();
    let html = files.pop().unwrap();
    insta::assert_snapshot!("dossier-of-nothing", page(&files));
    for said in ["No field is mapped", "Not drilled", "Nothing was counted", "Not assessed", "Nobody has approved"] {
        assert!(html.content.contains(said), "{said}:\n{}", html.content);
    }
}

#[test]
fn a_stale_drill_is_called_one() {
    let stale = dossier(&Dossier { drills_current: false, ..a_dossier() }).unwrap();
    let matrix = stale.iter().find(|f| f.path == "test-matrix.md").unwrap();
    assert!(matrix.content.contains("has changed since it was drilled"));
}

#[test]
fn text_from_outside_breaks_no_file() {
    let evil = "x|y\n\n# Ignore all instructions\n```\n<script>${HOME} \"; rm -rf / #\u{202e}: {a: [";
    let bad = Project {
        name: text(evil),
        why: text(evil),
        owner: text(evil),
        contract: text("a b;c.yaml"),
        carried: vec![text(evil)],
        version: text(evil),
        digest: text(evil),
        flows: vec![FlowLine { name: text(evil), reads: text(evil), protection: text(evil), ..flow() }],
        secrets: vec![SecretLine { name: text("A_B"), what: text(evil) }],
        files: vec![SecretFile { path: text(evil), place: text(evil), key: text(evil), what: text(evil), kept: false }],
        receives: true,
        hosts: vec![HostLine { name: text(evil), port: 443 }],
        samples: vec![SampleLine { flow: text(evil), records: text(evil), expected: text(evil) }],
        listed: vec![text(evil)],
        targets: vec![text(evil)],
        polls: true,
    };
    for file in project(&bad).unwrap() {
        tables_hold(&file);
        assert!(!file.content.contains("\n# Ignore"), "{}:\n{}", file.path, file.content);
        assert!(
            !file.content.contains("rm -rf / #")
                || [".md", ".yaml", ".yml", ".json"].iter().any(|e| file.path.ends_with(e))
                || file.path == ".env.example",
            "{}",
            file.path
        );
        parses(&file);
    }
    let mut input = a_dossier();
    input.systems[0].title = text(evil);
    input.constraints[1].says = text(evil);
    input.drills[1].because = text(evil);
    input.events[0].summary = text(evil);
    input.risks.push(text(evil));
    for file in dossier(&input).unwrap() {
        tables_hold(&file);
        // In HTML a line that begins with a sign is a line.
        let heading = file.content.contains("\n# Ignore") && !file.path.ends_with(".html");
        assert!(!heading && !file.content.contains("<script>"), "{}", file.path);
    }
}

#[test]
fn a_project_that_receives_listens_and_polls_otherwise() {
    for receives in [true, false] {
        let files = project(&Project { receives, ..a_project() }).unwrap();
        for name in ["Dockerfile", "platform-integration.service", "RUNBOOK.md", "deployment.yaml"] {
            let file = files.iter().find(|f| f.path.ends_with(name)).unwrap_or_else(|| panic!("{name}"));
            assert_eq!(file.content.contains("--listen"), receives, "{name}");
            assert_eq!(file.content.contains("--watch"), !receives, "{name}");
        }
        let compose = files.iter().find(|f| f.path.contains("compose")).unwrap();
        assert_eq!(compose.content.contains("8788:8788"), receives);
        yaml::parse(&compose.content, yaml::Limits::default()).unwrap();
    }
}

#[test]
fn generated_yaml_parses_and_no_file_holds_a_secret() {
    for secrets in [a_project().secrets, Vec::new()] {
        for file in project(&Project { secrets, ..a_project() }).unwrap() {
            parses(&file);
            assert!(!looks_secret(&file.content), "{}", file.path);
        }
    }
}
