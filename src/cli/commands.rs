//! One arm a command.

use super::args::{
    Check, Cli, Command, Demo, Drift, DriftBar, Drill, Format, Lock, Mock, Package, Probe, ProfileArg, Run,
    RunbookCommand, Verify,
};
use super::telemetry::{self, Telemetry};
use super::{approvals, compose, evidence, exit, live, logs, operate, output, runner, serve, stop};
use crate::app::{
    self, App, AssessReadiness, CheckContract, CheckDrift, DraftContract, ExportDossier, Face, HumanInput,
    InspectSystem, MapSystem, OpenSession, RecordConstraint, RunDrills, ScaffoldConnector, UseCase, execute,
};
use crate::evidence::Verdict;
use crate::finding::Severity;
use crate::render::{
    Text, github, github_findings, in_toto, junit_drift, junit_drills, junit_findings, sarif, sarif_with,
};
use crate::sandbox::Means;
use crate::verify::Profile;
use crate::verify::facts::Program;

/// Runs a command, `name` as it was typed, and tells its exit code.
/// `typed_store`: the store was named on the command line, so that the commands that are advised have to name it too.
pub(super) fn run(cli: Cli, name: &str, typed_store: bool) -> u8 {
    logs::start(matches!(cli.command, Command::Run(_)));
    if let Command::Completions { shell } = cli.command {
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut super::command(), "platform-integration", &mut script);
        output::out(&String::from_utf8_lossy(&script));
        return exit::FINE;
    }
    if let Command::Man { out } = cli.command {
        return manual(&out);
    }
    let format = cli.format;
    // Before any work: a command that cannot print what was asked for must not do half of it first.
    let takes = Format::of(name).contains(&format);
    if !takes {
        return output::unsupported(format);
    }
    if typed_store {
        output::names_store(cli.store.as_deref());
    }
    let mut app = match compose::app(cli.store.as_deref(), cli.command.wants()) {
        Ok(app) => app,
        Err(no) => return output::no(format, &no),
    };
    app.knowledge = compose::knowledge();
    app.signers = compose::signers(&app.cwd, cli.command.signers());
    app.fetch = cli.command.fetch();
    if matches!(cli.command, Command::Map(_) | Command::Inspect(_)) {
        *app.stdin.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(Box::new(std::io::stdin()));
    }
    let telemetry = compose::telemetry();
    app.tracer = telemetry.as_ref().map(Telemetry::tracer);
    // What serves answers calls of many traces, and may do so for weeks: it is in none itself.
    let span = match cli.command {
        Command::Serve(_) | Command::Mock(_) => None,
        _ => {
            app.trace = compose::trace();
            telemetry.as_ref().map(|t| t.command(name, app.trace))
        }
    };
    if let Some(span) = &span {
        app.trace = Some(span.context());
    }
    let code = dispatch(app, format, cli.command);
    if let Some(span) = span {
        telemetry::exited(span, code);
    }
    if let Some(telemetry) = telemetry {
        telemetry.stop();
    }
    code
}

fn dispatch(app: App, format: Format, command: Command) -> u8 {
    match command {
        Command::Completions { .. } | Command::Man { .. } => exit::FINE,
        Command::Demo(args) => demo(&app, format, &args),
        Command::Open(p) => simple::<OpenSession>(&app, format, p),
        Command::Map(mut look) => {
            look.params.api = app::description_name(&look.params.api, look.overlay.iter().map(String::as_str));
            simple::<MapSystem>(&app, format, look.params)
        }
        Command::Inspect(mut look) => {
            if let Some(api) = &mut look.params.api {
                *api = app::description_name(api, look.overlay.iter().map(String::as_str));
            }
            simple::<InspectSystem>(&app, format, look.params)
        }
        Command::Constrain(p) => simple::<RecordConstraint>(&app, format, p),
        Command::Confirm(args) => approvals::confirm(&app, format, args),
        Command::Approve(args) => approvals::approve(&app, format, args),
        Command::Approvals(args) => approvals::approvals(&app, format, &args),
        Command::Inbox => approvals::inbox(&app, format),
        Command::Draft(p) => simple::<DraftContract>(&app, format, p),
        Command::Check(args) => check(&app, format, args),
        Command::Drift(args) => drift(&app, format, args),
        Command::Scaffold(p) => scaffold(&app, format, p),
        Command::Drill(args) => drill(&app, format, *args),
        Command::Assess(p) => simple::<AssessReadiness>(&app, format, p),
        Command::Export(p) => simple::<ExportDossier>(&app, format, p),
        Command::Evidence(args) => evidence::run(&app, format, *args),
        Command::Run(args) => run_connector(&app, format, args),
        Command::Probe(args) => probe(&app, format, args),
        Command::Mock(args) => mock(&app, format, args),
        Command::DeadLetters(args) => operate::dead_letters(&app, format, args),
        Command::Rollback(args) => operate::rollback(&app, format, args),
        Command::Pause(args) => operate::pause(&app, format, &args),
        Command::Resume(args) => operate::resume(&app, format, &args),
        Command::Status => operate::status(&app, format),
        Command::Runs(args) => operate::runs(&app, format, &args),
        Command::Runbook { command } => runbook(&app, format, command),
        Command::Verify(args) => verify(&app, format, args),
        Command::Lock(args) => lock(&app, format, args),
        Command::Package(args) => package(&app, format, args),
        Command::Serve(args) => serve::run(app, format, args),
    }
}

fn simple<U: UseCase>(app: &App, format: Format, params: U::Params) -> u8
where
    U::Answer: Text,
{
    match execute::<U>(app, &Face::Cli, HumanInput::NotAsked, params) {
        Ok(answered) => output::answer(format, &answered.answer),
        Err(no) => output::no(format, &no),
    }
}

pub(super) fn verdict_code(verdict: Verdict) -> u8 {
    if verdict == Verdict::Pass { exit::FINE } else { exit::FINDINGS }
}

fn demo(app: &App, format: Format, args: &Demo) -> u8 {
    let mut step = 0;
    let mut progress = |line: &str| {
        step += 1;
        output::err(&format!("{step}. {line}\n"));
    };
    match app::demo::run(app, args.schedules, args.seed, &mut progress) {
        Ok(answer) => {
            if format == Format::Text {
                output::err("\n");
            }
            output::answer(format, &answer).max(verdict_code(answer.verdict))
        }
        Err(no) => output::no(format, &no),
    }
}

fn check(app: &App, format: Format, args: Check) -> u8 {
    let bar = Severity::from(args.fail_on);
    let fixed = match args.fix.then(|| app::check_contract::mend(app, &args.params.contract)).transpose() {
        Ok(fixed) => fixed,
        Err(no) => return output::no(format, &no),
    };
    let (samples, flow) = (args.params.samples.clone(), args.params.flow.clone());
    match execute::<CheckContract>(app, &Face::Cli, HumanInput::NotAsked, args.params) {
        Ok(answered) => {
            let mut a = app::check_contract::Answer { fixed, ..answered.answer };
            if let (Some(expected), Some(samples)) = (&args.expect, &samples) {
                match app::check_contract::hold_expected(app, &mut a, samples, flow.as_deref(), expected) {
                    Ok(()) => {}
                    Err(no) => return output::no(format, &no),
                }
            }
            let printed = match format {
                Format::Sarif => output::json_line(&sarif(&a.findings, &[])),
                Format::Junit => {
                    output::out(&junit_findings(&a.contract, &a.findings, &[]));
                    exit::FINE
                }
                Format::Text | Format::Json | Format::Github | Format::InToto => output::answer(format, &a),
            };
            let failed = a.findings.iter().any(|f| f.severity >= bar);
            printed.max(if failed { exit::FINDINGS } else { exit::FINE })
        }
        Err(no) => output::no(format, &no),
    }
}

fn drift(app: &App, format: Format, args: Drift) -> u8 {
    match execute::<CheckDrift>(app, &Face::Cli, HumanInput::NotAsked, args.params) {
        Ok(answered) => {
            let a = answered.answer;
            let printed = match format {
                Format::Sarif => output::json_line(&sarif_with(&a.findings, &a.unread, &a.fingerprints())),
                Format::Junit => {
                    output::out(&junit_drift(&a));
                    exit::FINE
                }
                Format::Github => {
                    output::out(&github_findings(&a.findings, &a.counts()));
                    exit::FINE
                }
                Format::Text | Format::Json | Format::InToto => output::answer(format, &a),
            };
            let failed = a.breaking > 0
                || a.changes.iter().any(|c| match args.fail_on {
                    DriftBar::Breaking => false,
                    DriftBar::Warning => c.severity >= Severity::Warning,
                    DriftBar::Change => true,
                });
            printed.max(if failed { exit::FINDINGS } else { exit::FINE })
        }
        Err(no) => output::no(format, &no),
    }
}

fn scaffold(app: &App, format: Format, params: app::scaffold_connector::Params) -> u8 {
    match execute::<ScaffoldConnector>(app, &Face::Cli, HumanInput::NotAsked, params) {
        Ok(answered) => {
            let code = if answered.answer.has_conflicts() { exit::FINDINGS } else { exit::FINE };
            output::answer(format, &answered.answer).max(code)
        }
        Err(no) => output::no(format, &no),
    }
}

fn drill(app: &App, format: Format, args: Drill) -> u8 {
    let Some(command) = args.program else {
        let answered = execute::<RunDrills>(app, &Face::Cli, HumanInput::NotAsked, args.params);
        return drilled(format, answered.map(|answered| answered.answer));
    };
    let (watch, stop) = stop::Watch::begin("the drills");
    let options = app::drill_program::Options {
        params: args.params,
        command,
        service: args.service,
        env: args.env,
        except: args.except,
        scale: args.time_scale,
        deadline_s: args.deadline,
        jobs: usize::try_from(args.jobs).unwrap_or(1),
        stop,
    };
    let tell = |line: &str| output::err(&format!("{line}\n"));
    let answer = app::drill_program::run(app, &options, &tell);
    watch.code(drilled(format, answer))
}

fn drilled(format: Format, answer: Result<app::run_drills::Answer, app::No>) -> u8 {
    match answer {
        Ok(a) => {
            let printed = if format == Format::Junit {
                output::out(&junit_drills(&a));
                exit::FINE
            } else {
                output::answer(format, &a)
            };
            printed.max(verdict_code(a.verdict))
        }
        Err(no) => output::no(format, &no),
    }
}

fn verify(app: &App, format: Format, args: Verify) -> u8 {
    let bar = Severity::from(args.fail_on);
    let (watch, stop) = stop::Watch::begin("verify");
    let options = app::verify::Options {
        dir: args.dir.unwrap_or_else(|| app::verify::nearest(app)),
        profile: match args.profile {
            ProfileArg::Spec => Profile::Spec,
            ProfileArg::Sync => Profile::Sync,
            ProfileArg::Full => Profile::Full,
        },
        fix: args.fix,
        accept: args.accept,
        server: args.server,
        collections: args.collection,
        program: program(),
        exe: super::compose::exe(),
        means: Means { stop, ..super::compose::means() },
        base: args.base,
    };
    match app::verify::run(app, &options) {
        Ok(a) => {
            let findings: Vec<app::FindingOut> = a.findings.iter().map(|f| f.finding.clone()).collect();
            let printed = match format {
                Format::Sarif => output::json_line(&sarif(&findings, &a.not_verified)),
                Format::Junit => {
                    output::out(&junit_findings(&a.skill, &findings, &a.not_verified));
                    exit::FINE
                }
                Format::Github => {
                    output::out(&github(&a));
                    exit::FINE
                }
                Format::InToto => output::json_line(&in_toto(&a)),
                Format::Text | Format::Json => output::answer(format, &a),
            };
            printed.max(if findings.iter().any(|f| f.severity >= bar) { exit::FINDINGS } else { exit::FINE })
        }
        Err(no) => watch.code(output::no(format, &no)),
    }
}

fn runbook(app: &App, format: Format, command: RunbookCommand) -> u8 {
    let RunbookCommand::Verify { file, contract, only, patience } = command;
    let (watch, stop) = stop::Watch::begin("the runbook");
    let options = app::runbook::Options {
        file,
        contract,
        only,
        seconds: patience,
        program: program(),
        exe: super::compose::exe().unwrap_or_default(),
        stop,
    };
    let tell = |step: &app::runbook::StepOut| {
        output::err(&format!("{:<8} {}: {}\n", step.verdict.as_str(), step.step, step.because));
    };
    match runner::runbook(app, &options, &tell) {
        Ok(a) => watch.code(output::answer(format, &a).max(verdict_code(a.verdict))),
        Err(no) => watch.code(output::no(format, &no)),
    }
}

fn lock(app: &App, format: Format, args: Lock) -> u8 {
    let (watch, stop) = stop::Watch::begin("lock");
    let params = app::lock::Params {
        dir: args.dir.unwrap_or_else(|| app::verify::nearest(app)),
        server: args.server,
        program: program(),
        exe: super::compose::exe(),
        means: Means { stop, ..super::compose::means() },
    };
    match app::lock::run(app, &params) {
        Ok(a) => output::answer(format, &a),
        Err(no) => watch.code(output::no(format, &no)),
    }
}

fn package(app: &App, format: Format, args: Package) -> u8 {
    let what = if args.write {
        app::package::Do::Write
    } else if args.check {
        app::package::Do::Check
    } else {
        app::package::Do::Build { out: args.out }
    };
    let platform = match std::env::consts::OS {
        "macos" => "darwin",
        "windows" => "win32",
        other => other,
    };
    let options = app::package::Options {
        dir: args.dir,
        own: args.own,
        what,
        binary: args.binary.or_else(super::compose::exe),
        platform: platform.to_owned(),
        arch: std::env::consts::ARCH.to_owned(),
    };
    match app::package::run(app, &options) {
        Ok(answer) => {
            let code = if answer.stale.is_empty() { exit::FINE } else { exit::FINDINGS };
            output::answer(format, &answer).max(code)
        }
        Err(no) => output::no(format, &no),
    }
}

/// One page a command, `platform-integration-evidence-verify.1`, and one for all.
fn manual(out: &std::path::Path) -> u8 {
    let mut command = super::command();
    command.build();
    let mut pages = Vec::new();
    pages_of(&command, &mut pages);
    for (name, page) in &pages {
        if let Err(e) = crate::base::fs::write_atomic(&out.join(name), page) {
            output::err(&format!("failed: {e}\nnext: pass a directory that may be written with --out\n"));
            return exit::FAULT;
        }
    }
    output::out(&format!("{} man pages written to {}\n", pages.len(), out.display()));
    exit::FINE
}

fn pages_of(command: &clap::Command, pages: &mut Vec<(String, Vec<u8>)>) {
    let man = clap_mangen::Man::new(command.clone());
    let mut page = Vec::new();
    if man.render(&mut page).is_ok() {
        pages.push((man.get_filename(), page));
    }
    for sub in command.get_subcommands().filter(|c| c.get_name() != "help") {
        pages_of(sub, pages);
    }
}

/// This program's commands and their long flags, as clap knows them.
pub(super) fn program() -> Program {
    let mut command = super::command();
    // Flags that hold everywhere are handed down.
    command.build();
    let mut program = Program { name: env!("CARGO_PKG_NAME").to_owned(), ..Program::default() };
    program.commands = command.get_subcommands().map(|c| c.get_name().to_owned()).collect();
    flags(&command, "", &mut program);
    program
}

fn flags(command: &clap::Command, path: &str, program: &mut Program) {
    let names =
        command.get_arguments().flat_map(|a| a.get_long().into_iter().chain(a.get_all_aliases().unwrap_or_default()));
    program.flags.insert(path.to_owned(), names.map(str::to_owned).collect());
    for below in command.get_subcommands() {
        let name = below.get_name();
        let below_path = if path.is_empty() { name.to_owned() } else { format!("{path} {name}") };
        flags(below, &below_path, program);
    }
}

fn run_connector(app: &App, format: Format, args: Run) -> u8 {
    let options = app::run_connector::Options {
        contract: args.contract,
        flow: args.flow,
        base_urls: args.base_url.into_iter().collect(),
        watch: args.watch,
        listen: args.listen,
        session: args.session,
        verify: args.verify,
        metrics: args.metrics,
        full_refresh: args.full_refresh,
    };
    if args.dry_run {
        return match runner::dry_run(app, &options) {
            Ok(answer) => {
                output::answer(format, &answer).max(if answer.is_clean() { exit::FINE } else { exit::FINDINGS })
            }
            Err(no) => output::no(format, &no),
        };
    }
    let shown = if args.quiet {
        runner::Shown::Nothing
    } else if args.plain || format != Format::Text || !live::possible() {
        runner::Shown::Lines
    } else {
        runner::Shown::View
    };
    match runner::run(app, &options, shown) {
        Ok(answer) => {
            let code = if answer.drained { exit::FINE } else { verdict_code(answer.verdict) };
            output::answer(format, &answer).max(code)
        }
        Err(no) => output::no(format, &no),
    }
}

fn probe(app: &App, format: Format, args: Probe) -> u8 {
    let Probe { contract, flow, base_url, requests, session, signers: _ } = args;
    let base_urls = base_url.into_iter().collect();
    let options = app::probe_system::Options { contract, flow, base_urls, requests, session };
    match runner::probe(app, &options) {
        Ok(answer) => output::answer(format, &answer).max(if answer.agrees() { exit::FINE } else { exit::FINDINGS }),
        Err(no) => output::no(format, &no),
    }
}

fn mock(app: &App, format: Format, args: Mock) -> u8 {
    let Mock { api, listen, records, seed, faults, page, limits, lag } = args;
    let options = app::serve_mock::Options { api, listen, records, seed, faults, page, limits, lag_ms: lag };
    match runner::mock(app, &options, format) {
        Ok(()) => exit::FINE,
        Err(no) => output::no(format, &no),
    }
}
