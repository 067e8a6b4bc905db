//! Locks a skill: writes down what it is now, so that what is changed later is seen.

use std::path::PathBuf;

use serde::Serialize;
use serde_json::json;

use super::verify::{self, Options};
use super::{App, Fault, No, Note, Refusal, note};
use crate::base::fs;
use crate::evidence::{EventKind, Phase};
use crate::sandbox::Means;
use crate::verify::Profile;
use crate::verify::facts::Program;
use crate::verify::lock::{FILE, Lock};

/// What to lock.
#[derive(Debug, Clone)]
pub struct Params {
    /// The directory of a skill, or one that holds skills.
    pub dir: String,
    /// The command of the server whose tools are locked, instead of the declared ones.
    pub server: Option<String>,
    /// This program, to be started as its own server.
    pub program: Program,
    /// Where this program lies.
    pub exe: Option<PathBuf>,
    /// What a sandbox is made from: servers that are not this program are asked in one.
    pub means: Means,
}

/// One lock.
#[derive(Debug, Serialize)]
pub struct LockOut {
    /// The file, as shown.
    pub file: String,
    /// The skill's name.
    pub skill: String,
    /// Its version; empty where it says none.
    pub version: String,
    /// Files that are locked.
    pub files: usize,
    /// Tools that are locked.
    pub tools: usize,
    /// Whether it was written; one that would say the same is left as it is.
    pub written: bool,
}

/// What was locked.
#[derive(Debug, Serialize)]
pub struct Answer {
    /// The locks, by skill.
    pub locks: Vec<LockOut>,
    /// What was not locked, and why.
    pub not_locked: Vec<String>,
    /// What to do next.
    pub next: String,
}

/// Locks. Only what the directory names is locked; a project with other skills is left as it is.
///
/// # Errors
/// Refused when there is no skill; a fault when a lock or the store cannot be written. A lock is written whole or not at
/// all; those before it stay.
pub fn run(app: &App, params: &Params) -> Result<Answer, No> {
    let options = Options {
        dir: params.dir.clone(),
        profile: Profile::Sync,
        fix: false,
        server: params.server.clone(),
        collections: Vec::new(),
        program: params.program.clone(),
        exe: params.exe.clone(),
        means: params.means.clone(),
        accept: false,
        base: None,
    };
    let project = verify::load(app, &options)?;
    let (servers, mut not_locked) = verify::ask(app, &project, &options);
    if params.means.stop.is_set() {
        let because = format!("lock {} was stopped while the servers were asked; nothing was written", params.dir);
        return Err(Refusal::new("stopped", because, "start it again").into());
    }
    for server in &servers {
        if let Err(no) = &server.answered {
            not_locked.push(format!("tools of {}: {no}", server.key));
        }
    }
    not_locked.sort();
    not_locked.dedup();
    if let Some(cut) = &project.tree.cut {
        not_locked.push(format!("files beyond {cut}"));
    }
    let mut locks = Vec::new();
    for skill in &project.skills {
        let lock = Lock::of(&project, skill, servers.iter().filter_map(|s| s.answered.as_ref().ok()));
        let path = skill.path(FILE);
        let text = lock.text();
        let full = project.root.join(&path);
        let written = project.tree.text(&path) != Some(text.as_str());
        // A lock that is a symbolic link would be written where it leads.
        if written && fs::lies_in(&project.root, &full) {
            let mended = "see that the directory may be written, then lock again";
            fs::write_atomic(&full, text.as_bytes()).map_err(|e| No::from(Fault::new(e.to_string(), mended)))?;
        } else if written {
            not_locked.push(format!("{}: it leads out of the project", project.show(&path)));
            continue;
        }
        locks.push(LockOut {
            file: project.show(&path),
            skill: lock.skill,
            version: lock.version,
            files: lock.files.len(),
            tools: lock.tools.len(),
            written,
        });
    }
    let files: Vec<&str> = locks.iter().filter(|l| l.written).map(|l| l.file.as_str()).collect();
    note(
        app,
        Note {
            session: None,
            phase: Phase::Validate,
            kind: EventKind::SkillVerified,
            tool: "lock",
            input: json!({"dir": params.dir}),
            summary: format!("locked {}", params.dir),
            data: json!({"dir": params.dir, "written": files}),
        },
    )?;
    let next = format!("commit the lock; platform-integration verify {} holds the skill against it", params.dir);
    Ok(Answer { locks, not_locked, next })
}
