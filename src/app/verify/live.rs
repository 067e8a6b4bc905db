//! Starts the servers that a skill speaks of, and asks them what they are. What the user named is started as it is; this
//! program as itself, with a store that is thrown away; all others only where they can do no harm.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{LazyLock, OnceLock};

use regex::Regex;

use super::Options;
use super::declared::{self, Declared, expanded, words};
use crate::app::App;
use crate::base::stop::Stop;
use crate::base::text::quoted;
use crate::base::{fs, redact};
use crate::probe::{Limits, NoServer, Session};
use crate::sandbox::{self, Job, Room, Sandbox};
use crate::skill::{self, Content, Project};
use crate::verify::facts::Server;

/// Servers that are started for one project.
const MOST: usize = 8;
/// What is copied of a project for a foreign server.
const COPIED_FILES: usize = 4_000;
const COPIED_BYTES: u64 = 48 * 1024 * 1024;
/// The variable that names this program's store.
const STORE: &str = "PLATFORM_INTEGRATION_STORE";

/// Programs that fetch what they run, or that talk to a daemon which does.
const FETCHERS: [&str; 12] =
    ["npx", "bunx", "pnpx", "uvx", "pipx", "docker", "podman", "nerdctl", "uv", "pnpm", "yarn", "mcp-remote"];
/// Programs that build what they start: minutes, and mostly the network.
const BUILDERS: [&str; 8] = ["cargo", "make", "go", "dotnet", "mvn", "gradle", "gradlew", "bazel"];
/// Programs that run a script; where they are missing, the machine lacks something and not the skill.
const INTERPRETERS: [&str; 12] =
    ["node", "python", "python3", "bun", "deno", "ruby", "java", "php", "perl", "npm", "bash", "tsx"];

static LACKING: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"ModuleNotFoundError: No module named '([A-Za-z0-9_]+)|Cannot find (?:package|module) '([^'./][^']*)'|ImportError: ")
        .expect("a constant pattern")
});

/// How to start the servers of one project.
pub(super) struct Live<'a> {
    app: &'a App,
    project: &'a Project,
    options: &'a Options,
    /// The servers, as declared or named.
    pub(super) declared: Vec<Declared>,
    /// Declared, and passed over for the one that the user named.
    others: Vec<Declared>,
    /// Made when the first foreign server is met.
    sandbox: OnceLock<Result<Sandbox, sandbox::Unavailable>>,
}

/// A server that can be started, and started anew; its directory is gone when this is dropped.
pub(super) enum Ready {
    /// As it is.
    Plain {
        /// Where its store is, and the copy of the project.
        dir: tempfile::TempDir,
        /// Program and arguments.
        argv: Vec<String>,
        /// Its directory.
        cwd: PathBuf,
    },
    /// Where it can do no harm.
    Confined {
        /// What holds it.
        sandbox: Sandbox,
        /// Where it may write.
        room: Room,
        /// What is run.
        job: Box<Job>,
    },
}

impl Ready {
    fn command(&self) -> Result<Command, NoServer> {
        match self {
            Self::Plain { dir, argv, cwd } => {
                let mut command = Command::new(argv.first().map_or("", String::as_str));
                command.args(argv.iter().skip(1)).current_dir(cwd);
                command.env(STORE, dir.path().join("evidence.db")).env("OTEL_SDK_DISABLED", "true");
                Ok(command)
            }
            Self::Confined { sandbox, room, job } => {
                sandbox.command(room, job).map_err(|e| NoServer::NotTried { because: e.to_string() })
            }
        }
    }

    /// The directory that it works in.
    pub(super) fn root(&self) -> String {
        match self {
            Self::Plain { cwd, .. } => cwd.display().to_string(),
            Self::Confined { room, .. } => room.work().display().to_string(),
        }
    }

    /// Starts it.
    pub(super) fn open(&self, stop: &Stop) -> Result<Session, NoServer> {
        Session::open(|| self.command(), &Limits { stop: stop.clone(), ..Limits::default() })
    }
}

/// What came of asking.
pub(super) struct Asked {
    /// Each declaration, and what it answered.
    pub(super) servers: Vec<Server>,
    /// What was not asked, and why.
    pub(super) not_verified: Vec<String>,
}

impl<'a> Live<'a> {
    /// The servers of a project: the one that the user named, else the declared ones.
    pub(super) fn of(app: &'a App, project: &'a Project, options: &'a Options) -> Self {
        let mut declared = declared::all(project);
        let mut others = Vec::new();
        if let Some(line) = &options.server {
            let command = words(line);
            // Documents name it by the key under which it is declared.
            let key = declared
                .iter()
                .find(|d| d.command.first().map(|c| base(c)) == command.first().map(|c| base(c)))
                .or_else(|| declared.first().filter(|first| declared.iter().all(|d| d.key == first.key)))
                .map_or_else(String::new, |d| d.key.clone());
            let at = crate::base::yaml::Span::default();
            // The others are not asked, and may have what this one has not.
            others = declared.into_iter().filter(|d| d.key != key).collect();
            declared = vec![Declared { manifest: None, at, key, command, env: Vec::new(), cwd: None, url: None }];
        }
        Self { app, project, options, declared, others, sandbox: OnceLock::new() }
    }

    /// Asks them all, each command once, side by side.
    pub(super) fn ask(&self) -> Asked {
        let mut distinct: Vec<&Declared> = Vec::new();
        for d in &self.declared {
            if !distinct.iter().any(|o| self.same(o, d)) {
                distinct.push(d);
            }
        }
        let answers: Vec<Result<crate::probe::Surface, NoServer>> = std::thread::scope(|scope| {
            let asked: Vec<_> = distinct
                .iter()
                .enumerate()
                .map(|(i, d)| scope.spawn(move || if i < MOST { self.surface(d) } else { Err(too_many()) }))
                .collect();
            let failed = || Err(NoServer::NotTried { because: "the question itself failed".to_owned() });
            asked.into_iter().map(|handle| handle.join().unwrap_or_else(|_| failed())).collect()
        });
        let mut asked = Asked { servers: Vec::new(), not_verified: Vec::new() };
        for d in &self.declared {
            let Some(answered) = distinct.iter().position(|o| self.same(o, d)).and_then(|i| answers.get(i)) else {
                continue;
            };
            if let Err(NoServer::NotTried { because }) = answered {
                let place = d.manifest.as_ref().map_or_else(String::new, |m| format!(" of {}", self.project.show(m)));
                asked.not_verified.push(format!("server {}{place}: {because}", quoted(&d.key, 64)));
            }
            asked.servers.push(Server {
                declared_in: d.manifest.clone(),
                at: d.at,
                key: d.key.clone(),
                command: d.command.clone(),
                answered: answered.clone(),
            });
        }
        for d in &self.others {
            let answered = Err(NoServer::NotTried { because: "--server names the one that is asked".to_owned() });
            let (declared_in, key, command) = (d.manifest.clone(), d.key.clone(), d.command.clone());
            asked.servers.push(Server { declared_in, at: d.at, key, command, answered });
        }
        // Said as a finding, that it does not answer; and here, once, what is therefore not known.
        let mut dead: Vec<String> = Vec::new();
        for server in &asked.servers {
            if let Err(no) = &server.answered
                && !matches!(no, NoServer::NotTried { .. })
                && !dead.contains(&server.key)
            {
                dead.push(server.key.clone());
            }
        }
        if !dead.is_empty() {
            let keys = dead.iter().map(|k| quoted(k, 64)).collect::<Vec<_>>().join(", ");
            let of = if keys.is_empty() { String::new() } else { format!(" of {keys}") };
            asked.not_verified.push(format!("tools, calls and traces{of}: the server does not answer"));
        }
        if self.declared.is_empty() {
            asked
                .not_verified
                .push("tools, calls and traces: no manifest declares a server, and --server names none".to_owned());
        }
        asked
    }

    /// Set once nobody waits for the answers any more.
    pub(super) const fn stop(&self) -> &Stop {
        &self.options.means.stop
    }

    /// Whether two declarations start the same: roots are written differently by each client.
    fn same(&self, a: &Declared, b: &Declared) -> bool {
        let plain = |d: &Declared| {
            let mut unknown = Vec::new();
            let mut fill = |t: &String| {
                let text = expanded(t, &self.project.root, Path::new("/data"), &mut unknown);
                let root = format!("{}/", self.project.root.display());
                text.strip_prefix(&root).unwrap_or(&text).trim_start_matches("./").to_owned()
            };
            (d.command.iter().map(&mut fill).collect::<Vec<_>>(), d.url.clone())
        };
        // What is set for it does not make it another server; where it keeps its data differs by client.
        plain(a) == plain(b)
    }

    fn surface(&self, d: &Declared) -> Result<crate::probe::Surface, NoServer> {
        let ready = self.ready(d, false)?;
        let answered = ready.open(self.stop()).and_then(|mut session| session.surface());
        answered.map_err(|e| self.excused(d, e))
    }

    /// A server that lacks what this machine lacks is not wrong for it.
    fn excused(&self, d: &Declared, e: NoServer) -> NoServer {
        if d.manifest.is_none() {
            return e;
        }
        let NoServer::Ended { said, .. } = &e else { return e };
        if let Some(lacks) = LACKING.captures(said) {
            let module = lacks.get(1).or_else(|| lacks.get(2)).map_or("", |m| m.as_str());
            let own = !module.is_empty()
                && self
                    .project
                    .tree
                    .iter()
                    .any(|(path, _)| path.rsplit('/').next().is_some_and(|n| n.starts_with(module)));
            if !own {
                let because = format!("it was started and lacks what is not installed here{said}");
                return NoServer::NotTried { because };
            }
        }
        let mut unknown = Vec::new();
        for (_, value) in &d.env {
            let _ = expanded(value, Path::new("/"), Path::new("/"), &mut unknown);
        }
        if !unknown.is_empty() {
            let because = format!("it ended without the real value of {}", quoted(&unknown.join(", "), 100));
            return NoServer::NotTried { because };
        }
        e
    }

    /// What starts a server; `copy` puts a copy of the project around it, for calls that write.
    pub(super) fn ready(&self, d: &Declared, copy: bool) -> Result<Ready, NoServer> {
        let not = |because: String| NoServer::NotTried { because };
        if let Some(url) = &d.url
            && d.command.is_empty()
        {
            return Err(not(format!("it is reached at {}, over the network", redact::bounded(url, 80))));
        }
        let Some(program) = d.command.first() else { return Err(not("it names no command".to_owned())) };
        let dir = tempfile::tempdir().map_err(|e| not(format!("no temporary directory: {e}")))?;
        let own = base(program) == self.options.program.name && !program.contains(['/', '\\']);
        if d.manifest.is_none() {
            let mut argv = d.command.clone();
            if own && let Some(exe) = &self.options.exe {
                argv[0] = exe.display().to_string();
            }
            let cwd = if copy { self.copied(dir.path())? } else { self.app.cwd.clone() };
            return Ok(Ready::Plain { dir, argv, cwd });
        }
        if own {
            return self.itself(d.command.get(1..).unwrap_or_default(), dir, copy);
        }
        // From a checkout of ours, cargo builds and starts what is running here already.
        if let Some(arguments) = self.cargo_run(d) {
            return self.itself(arguments, dir, copy);
        }
        self.confined(d, copy)
    }

    /// The arguments after `--`, where a declaration is `cargo run` of this very program.
    fn cargo_run<'d>(&self, d: &'d Declared) -> Option<&'d [String]> {
        let mut words = d.command.iter();
        let run = words.next().is_some_and(|w| base(w) == "cargo") && words.next().is_some_and(|w| w == "run");
        let manifest = self.project.tree.text("Cargo.toml").filter(|_| run)?.parse::<toml::Table>().ok()?;
        let name = manifest.get("package")?.get("name")?.as_str()?;
        let after = d.command.iter().position(|w| w == "--")?;
        (name == self.options.program.name).then(|| d.command.get(after + 1..).unwrap_or_default())
    }

    /// This program, wherever it lies: the one that verifies is the one that is asked.
    fn itself(&self, arguments: &[String], dir: tempfile::TempDir, copy: bool) -> Result<Ready, NoServer> {
        let name = &self.options.program.name;
        let Some(exe) = &self.options.exe else {
            return Err(NoServer::NotTried { because: "this program does not know where it lies".to_owned() });
        };
        let first = arguments.first().map(String::as_str);
        if arguments.iter().any(|a| a.starts_with("--http")) {
            return Err(NoServer::NotTried { because: "it serves over HTTP".to_owned() });
        }
        // Outside the sandbox, so nothing but exactly this is done because a manifest says so: any other command or option
        // of ours may write files or start programs.
        if first != Some("serve") {
            let because = format!(
                "its first argument is {}, and `serve` makes it a server",
                quoted(first.unwrap_or("nothing"), 40)
            );
            return Err(NoServer::Unstartable { program: name.clone(), because });
        }
        if arguments.len() > 1 {
            let because =
                "a manifest may say `serve` to this program and no more; pass --server to start it so".to_owned();
            return Err(NoServer::NotTried { because });
        }
        let argv = std::iter::once(exe.display().to_string()).chain(arguments.iter().cloned()).collect();
        let cwd = if copy { self.copied(dir.path())? } else { dir.path().to_owned() };
        Ok(Ready::Plain { dir, argv, cwd })
    }

    /// Somebody else's program.
    fn confined(&self, d: &Declared, copy: bool) -> Result<Ready, NoServer> {
        let program = d.command.first().map_or("", String::as_str);
        let fetches = |word: &str| FETCHERS.contains(&base(word));
        if fetches(program)
            || INTERPRETERS.contains(&base(program))
                && d.command.iter().skip(1).take(3).any(|w| w.split(' ').any(fetches))
        {
            let because = format!("{} needs the network to start it", quoted(base(program), 40));
            return Err(NoServer::NotTried { because });
        }
        if BUILDERS.contains(&base(program)) {
            let because = format!("{} builds it before it starts it", quoted(base(program), 40));
            return Err(NoServer::NotTried { because });
        }
        let sandbox = self.sandbox.get_or_init(|| Sandbox::new(self.options.means.clone()));
        let sandbox = sandbox.as_ref().map_err(|e| NoServer::NotTried { because: e.to_string() })?;
        let not = |e: std::io::Error| NoServer::NotTried { because: format!("no room for it: {e}") };
        if skill::looks_like_home(&self.project.root) {
            let because = "its directory is somebody's home, which is not shown to a program".to_owned();
            return Err(NoServer::NotTried { because });
        }
        let room = Room::new().map_err(not)?;
        // What is small is copied, so that it may write beside itself; what is not is read where it lies.
        let whole = self.fill(&room).map_err(not)?;
        if copy && !whole {
            let because = "the project is too large to be copied, or holds links".to_owned();
            return Err(NoServer::NotTried { because });
        }
        let root = if whole { room.work() } else { self.project.root.clone() };
        let data = room.work().with_file_name("home");
        let mut fill = |text: &String| expanded(text, &root, &data, &mut Vec::new());
        let argv: Vec<String> = d.command.iter().map(&mut fill).collect();
        let env = d.env.iter().map(|(name, value)| (name.clone(), fill(value))).collect();
        self.present(&argv, &root)?;
        let program = argv.first().map_or("", String::as_str);
        if !program.contains('/') && !sandbox.has(program) {
            return Err(if INTERPRETERS.contains(&base(program)) {
                NoServer::NotTried { because: format!("{} is not installed here", quoted(program, 40)) }
            } else {
                NoServer::NoProgram { program: quoted(program, 120) }
            });
        }
        let cwd = d.cwd.as_ref().map_or_else(|| root.clone(), |cwd| root.join(fill(cwd)));
        let limits = sandbox::Limits { millis: 60_000, ..sandbox::Limits::default() };
        let read = if whole { Vec::new() } else { vec![self.project.root.clone()] };
        let job = Box::new(Job { argv, cwd, env, read, limits, ..Job::default() });
        Ok(Ready::Confined { sandbox: sandbox.clone(), room, job })
    }

    /// Copies the project into a room; whether it was whole and small enough.
    fn fill(&self, room: &Room) -> std::io::Result<bool> {
        let (mut files, mut bytes) = (0_usize, 0_u64);
        let skipped = |e: &walkdir::DirEntry| {
            e.depth() > 0 && e.file_type().is_dir() && [".git", "target"].contains(&&*e.file_name().to_string_lossy())
        };
        let walk = walkdir::WalkDir::new(&self.project.root).sort_by_file_name().into_iter();
        for entry in walk.filter_entry(|e| !skipped(e)) {
            let Ok(entry) = entry else { return Ok(false) };
            if entry.file_type().is_dir() {
                continue;
            }
            let Ok(meta) = entry.metadata() else { return Ok(false) };
            files += 1;
            bytes += meta.len();
            if !meta.is_file() || files > COPIED_FILES || bytes > COPIED_BYTES {
                return Ok(false);
            }
            let Ok(path) = entry.path().strip_prefix(&self.project.root) else { continue };
            let Ok(content) = fs::read_bytes(entry.path(), COPIED_BYTES) else { return Ok(false) };
            #[cfg(unix)]
            let executable = std::os::unix::fs::PermissionsExt::mode(&meta.permissions()) & 0o111 != 0;
            #[cfg(not(unix))]
            let executable = false;
            room.put(&path.to_string_lossy(), &content, executable)?;
        }
        Ok(true)
    }

    /// Whether what the command names is there: the program, and the script that it is to run.
    fn present(&self, argv: &[String], root: &Path) -> Result<(), NoServer> {
        let Some(program) = argv.first() else { return Ok(()) };
        // As it was declared, not as it lies in a room.
        let missing = |path: &str| {
            let below =
                Path::new(path).strip_prefix(root).map_or_else(|_| path.to_owned(), |p| p.display().to_string());
            NoServer::NoProgram { program: quoted(&below, 120) }
        };
        let there = |path: &str| root.join(path).exists();
        if program.contains('/') && !there(program) {
            return Err(missing(program));
        }
        if INTERPRETERS.contains(&base(program)) {
            let script = argv.iter().skip(1).find(|a| !a.starts_with('-'));
            let is_path = |a: &&String| {
                a.rsplit_once('.').is_some_and(|(_, ext)| {
                    ["py", "js", "mjs", "cjs", "ts", "rb", "sh", "jar", "php", "pl"].contains(&ext)
                })
            };
            if let Some(script) = script.filter(is_path)
                && !there(script)
            {
                return Err(missing(script));
            }
        }
        Ok(())
    }

    /// A copy of what was read of the project; the directory.
    fn copied(&self, dir: &Path) -> Result<PathBuf, NoServer> {
        let to = dir.join("project");
        let failed = |e: std::io::Error| NoServer::NotTried { because: format!("the project cannot be copied: {e}") };
        std::fs::create_dir_all(&to).map_err(failed)?;
        for (path, file) in self.project.tree.iter() {
            let (Content::Text(_) | Content::Binary(_)) = &file.content else { continue };
            let target = to.join(path);
            if let Some(parent) = target.parent() {
                std::fs::create_dir_all(parent).map_err(failed)?;
            }
            // Not synced to the disk: it is thrown away.
            let mut made = std::fs::File::create(&target).map_err(failed)?;
            std::io::Write::write_all(&mut made, file.bytes().unwrap_or_default()).map_err(failed)?;
        }
        Ok(to)
    }
}

fn too_many() -> NoServer {
    NoServer::NotTried { because: format!("only {MOST} servers of a project are started") }
}

fn base(command: &str) -> &str {
    let name = command.rsplit(['/', '\\']).next().unwrap_or(command);
    name.strip_suffix(".exe").or_else(|| name.strip_suffix(".cmd")).unwrap_or(name)
}
