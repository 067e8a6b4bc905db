//! Steps at work: in a copy of the project, by this program and a few commands more, and by nothing that a shell could do.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use super::known::known;
use super::steps::{Act, Step, Typed, words};
use super::{Options, StepOut};
use crate::base::fs;
use crate::base::redact;
use crate::base::secret::SecretRef;
use crate::base::text::truncate;
use crate::evidence::Verdict;
use crate::lab::standing::Standing;
use crate::sandbox::{Ended, Own, Room, Start};

/// The directory of the store, below the copy.
const MEMORY: &str = "memory";
/// Files that are copied at most, and their bytes in all.
const MOST_FILES: usize = 5_000;
const MOST_BYTES: u64 = 64 << 20;
/// What is no part of a project, or is somebody's secret.
const LEFT_OUT: [&str; 8] =
    [".git", "target", "node_modules", ".venv", ".platform-integration", ".env", "secrets.env", "platform-integration"];
/// Lines of what a command said that are shown, and their length.
const SAID: usize = 8;
const WIDE: usize = 400;
/// Milliseconds that a background command is given to begin.
const BEGIN: u64 = 30_000;

/// What a command came to: an exit code, or why there is none.
enum Came {
    Exit(i32, Ended),
    Wrong(String, Option<Ended>),
    /// Nothing here executes it.
    Not(String),
}

/// Who plays the steps.
pub(super) struct Player<'o> {
    options: &'o Options,
    room: Room,
    standing: Standing,
    /// Background commands by name.
    running: BTreeMap<String, Own>,
}

impl<'o> Player<'o> {
    /// With a copy of the project in `dir`.
    pub(super) fn new(options: &'o Options, dir: &Path, standing: Standing) -> std::io::Result<Self> {
        let room = Room::new()?;
        copy(dir, &room)?;
        std::fs::create_dir_all(room.work().join(MEMORY))?;
        let player = Self { options, room, standing, running: BTreeMap::new() };
        player.plant()?;
        Ok(player)
    }

    /// Puts the secrets that stand in files where the contract looks for them.
    fn plant(&self) -> std::io::Result<()> {
        for (reference, value) in self.standing.secrets() {
            if let SecretRef::File(path) = reference {
                self.room.put(&path.display().to_string(), value.as_bytes(), false)?;
            }
        }
        Ok(())
    }

    /// Plays a step; one that is not wanted changes the systems and executes nothing.
    pub(super) async fn play(&mut self, step: &Step, wanted: bool) -> Option<StepOut> {
        let out = |verdict, because: String, said| {
            Some(StepOut { step: step.name.clone(), line: step.line, verdict, because, said })
        };
        for act in &step.lab {
            if let Err((verdict, because)) = self.act(act).await {
                return if wanted { out(verdict, because, Vec::new()) } else { None };
            }
        }
        if !wanted {
            return None;
        }
        if let Some(name) = &step.background {
            return match self.background(name, step.commands.first()?).await {
                Ok(because) => out(Verdict::Pass, because, Vec::new()),
                Err((because, ended)) => out(Verdict::Fail, because, self.said(ended.as_ref())),
            };
        }
        let last = step.commands.len().saturating_sub(1);
        let mut shown = String::new();
        for (at, typed) in step.commands.iter().enumerate() {
            let exits: &[i32] = if at == last { &step.expect.exits } else { &[0] };
            match self.execute(typed).await {
                Came::Exit(code, ended) if exits.contains(&code) => {
                    shown = format!("{}\n{}", ended.stdout, ended.stderr);
                    let missing = step.expect.says.iter().find(|s| at == last && !shown.contains(s.as_str()));
                    if let Some(text) = missing {
                        let because = format!("exit code {code}, but it does not say \"{text}\"");
                        return out(Verdict::Fail, because, self.said(Some(&ended)));
                    }
                    if at == last {
                        shown = format!("exit code {code}");
                    }
                }
                Came::Exit(code, ended) => {
                    let wanted = exits.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ");
                    let because = format!("line {}: exit code {code}, not {wanted}", typed.line);
                    return out(Verdict::Fail, because, self.said(Some(&ended)));
                }
                Came::Wrong(because, ended) => {
                    let because = format!("line {}: {because}", typed.line);
                    return out(Verdict::Fail, because, self.said(ended.as_ref()));
                }
                Came::Not(because) => {
                    return out(Verdict::Unproven, format!("line {}: {because}", typed.line), Vec::new());
                }
            }
        }
        if step.expect.delivered {
            let missing = self.standing.undelivered();
            if let Some(key) = missing.first() {
                let because = format!("{shown}, but {} records are in no target, {key} among them", missing.len());
                return out(Verdict::Fail, because, Vec::new());
            }
            shown.push_str("; every record is in its target");
        }
        out(Verdict::Pass, shown, Vec::new())
    }

    async fn act(&mut self, act: &Act) -> Result<(), (Verdict, String)> {
        let system = match act {
            Act::Down(s) | Act::Up(s) | Act::Revoke(s) | Act::Renew(s) | Act::Change(s) | Act::Poison(s) => s,
            Act::LoseStore => {
                let gone = std::fs::remove_dir_all(self.room.work().join(MEMORY));
                return gone.map_err(|e| (Verdict::Unproven, format!("the store cannot be taken away: {e}")));
            }
        };
        if !self.standing.names().any(|name| name == system) {
            let names = self.standing.names().collect::<Vec<_>>().join(", ");
            return Err((Verdict::Fail, format!("lab= names {system}, which is no system of the contract ({names})")));
        }
        match act {
            Act::Down(_) => self.standing.take_down(system).await,
            Act::Up(_) => self.standing.bring_up(system).await.map_err(|e| (Verdict::Unproven, e))?,
            Act::Revoke(_) => self.standing.revoke(system),
            Act::Renew(_) => {
                self.standing.renew(system);
                self.plant().map_err(|e| (Verdict::Unproven, format!("a secret cannot be planted: {e}")))?;
            }
            Act::Change(_) => self.standing.add(system),
            Act::Poison(_) if self.standing.poison(system) => {}
            Act::Poison(_) => {
                let because = format!("no record of {system} could be made that the mapping rejects");
                return Err((Verdict::Unproven, because));
            }
            Act::LoseStore => {}
        }
        Ok(())
    }

    /// The words with what stands for their names put in.
    fn filled(typed: &Typed) -> Vec<String> {
        let value = |name: &str| (name == "MEMORY").then(|| MEMORY.to_owned());
        let fill = |w: &String| words(&format!("\"{}\"", w.replace('\\', "\\\\").replace('"', "\\\"")), &value);
        typed.words.iter().map(|w| fill(w).ok().and_then(|mut all| all.pop()).unwrap_or_else(|| w.clone())).collect()
    }

    async fn execute(&mut self, typed: &Typed) -> Came {
        let words = Self::filled(typed);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match words.as_slice() {
            [program, ..] if *program == self.options.program.name => match self.start(typed) {
                Err(because) => Came::Wrong(because, None),
                Ok(own) => self.ended(own).await,
            },
            ["kill", "-TERM", name] if name.starts_with('$') => {
                let Some(mut own) = self.running.remove(&name[1..]) else {
                    return Came::Wrong(format!("no step started {} in the background", &name[1..]), None);
                };
                own.terminate();
                self.ended(own).await
            }
            ["cp", "-a", from, to] => match self.copy_within(from, to) {
                Ok(()) => Came::Exit(0, Ended { exit: Some(0), stdout: String::new(), stderr: String::new() }),
                Err(because) => Came::Wrong(because, None),
            },
            [program, ..] => Came::Not(format!("the lab does not execute {program}")),
            [] => Came::Not("the line is empty".to_owned()),
        }
    }

    fn start(&self, typed: &Typed) -> Result<Own, String> {
        let command = known(&self.options.program, &typed.words)?;
        let mut args: Vec<String> = Self::filled(typed).into_iter().skip(1).collect();
        let takes = |flag: &str| self.options.program.flags.get(&command).is_some_and(|f| f.iter().any(|x| x == flag));
        if takes("base-url") {
            for (system, url) in self.standing.base_urls() {
                args.extend(["--base-url".to_owned(), format!("{system}={url}")]);
            }
        }
        let work = self.room.work();
        let env = |name: &str, value: &Path| (name.to_owned(), value.display().to_string());
        let mut all = vec![
            env("HOME", &work.join("../home")),
            env("TMPDIR", &work.join("../tmp")),
            env("PLATFORM_INTEGRATION_STORE", &work.join(MEMORY).join("evidence.db")),
            ("NO_COLOR".to_owned(), "1".to_owned()),
        ];
        for (reference, value) in self.standing.secrets() {
            if let SecretRef::Env(name) = reference {
                all.push((name, value));
            }
        }
        let start = Start { exe: self.options.exe.clone(), args, dir: work, env: all };
        Own::start(&start).map_err(|e| format!("this program cannot be started: {e}"))
    }

    async fn ended(&self, own: Own) -> Came {
        let millis = self.options.seconds.saturating_mul(1_000);
        let waited = tokio::task::spawn_blocking(move || own.wait(millis)).await;
        match waited {
            Ok(ended) => match ended.exit {
                Some(code) => Came::Exit(code, ended),
                None => Came::Wrong(format!("it had not ended after {} s", self.options.seconds), Some(ended)),
            },
            Err(e) => Came::Wrong(format!("nobody waited for it: {e}"), None),
        }
    }

    /// Starts a command that goes on. It has begun when a system has answered it, or when it has tried for a while.
    async fn background(&mut self, name: &str, typed: &Typed) -> Result<String, (String, Option<Ended>)> {
        if typed.words.first().is_none_or(|w| *w != self.options.program.name) {
            return Err((format!("line {}: only {} goes on in the lab", typed.line, self.options.program.name), None));
        }
        let systems: Vec<String> = self.standing.names().map(str::to_owned).collect();
        let answered = |standing: &Standing| systems.iter().map(|s| standing.answered(s)).sum::<usize>();
        let before = answered(&self.standing);
        let mut own = self.start(typed).map_err(|because| (because, None))?;
        let mut spent = 0;
        while own.is_running() && answered(&self.standing) == before && spent < BEGIN {
            tokio::time::sleep(Duration::from_millis(50)).await;
            spent += 50;
        }
        // Long enough to fall over what it met first.
        tokio::time::sleep(Duration::from_millis(500)).await;
        if own.is_running() {
            self.running.insert(name.to_owned(), own);
            let calls = answered(&self.standing) - before;
            return Ok(if calls > 0 { "running, and calling".to_owned() } else { "running".to_owned() });
        }
        let ended = own.wait(0);
        let code = ended.exit.map_or_else(|| "no exit code".to_owned(), |c| format!("exit code {c}"));
        Err((format!("line {}: it ended at once, {code}", typed.line), Some(ended)))
    }

    fn copy_within(&self, from: &str, to: &str) -> Result<(), String> {
        let place = |path: &str| -> Result<PathBuf, String> {
            let below = Path::new(path).components().all(|c| matches!(c, Component::Normal(_) | Component::CurDir));
            if below { Ok(self.room.work().join(path)) } else { Err(format!("{path} leads out of the copy")) }
        };
        let (from, to) = (place(from)?, place(to)?);
        if to.exists() {
            return Err(format!("{} is there already", to.display()));
        }
        for entry in walkdir::WalkDir::new(&from).sort_by_file_name() {
            let entry = entry.map_err(|e| e.to_string())?;
            let relative = entry.path().strip_prefix(&from).map_err(|e| e.to_string())?;
            if entry.file_type().is_dir() {
                std::fs::create_dir_all(to.join(relative)).map_err(|e| e.to_string())?;
            } else {
                let place = if relative.as_os_str().is_empty() { to.clone() } else { to.join(relative) };
                std::fs::copy(entry.path(), place).map_err(|e| e.to_string())?;
            }
        }
        Ok(())
    }

    /// The last lines that a command said, without what was planted.
    fn said(&self, ended: Option<&Ended>) -> Vec<String> {
        let Some(ended) = ended else { return Vec::new() };
        let mut text = format!("{}\n{}", ended.stdout, ended.stderr);
        for (_, value) in self.standing.secrets() {
            text = text.replace(&value, "[redacted]");
        }
        let lines: Vec<String> = redact::text(&text)
            .lines()
            .filter(|l| !l.trim().is_empty())
            .map(|l| truncate(l.trim_end(), WIDE).clone())
            .collect();
        lines.get(lines.len().saturating_sub(SAID)..).unwrap_or_default().to_vec()
    }

    /// Ends what still runs, and the systems.
    pub(super) async fn end(self) {
        drop(self.running);
        self.standing.fall().await;
    }
}

/// Copies a project, without what is no part of it; links are not followed.
fn copy(dir: &Path, room: &Room) -> std::io::Result<()> {
    let (mut files, mut bytes) = (0, 0);
    let wanted =
        |e: &walkdir::DirEntry| e.depth() == 0 || e.file_name().to_str().is_none_or(|n| !LEFT_OUT.contains(&n));
    for entry in walkdir::WalkDir::new(dir).sort_by_file_name().into_iter().filter_entry(wanted) {
        let entry = entry.map_err(std::io::Error::other)?;
        let size = entry.metadata().map_or(0, |m| m.len());
        if !entry.file_type().is_file() || files >= MOST_FILES || bytes + size > MOST_BYTES {
            continue;
        }
        let relative = entry.path().strip_prefix(dir).map_err(std::io::Error::other)?;
        if let (Some(path), Ok(content)) = (relative.to_str(), fs::read_bytes(entry.path(), MOST_BYTES)) {
            room.put(path, &content, false)?;
            files += 1;
            bytes += size;
        }
    }
    Ok(())
}
