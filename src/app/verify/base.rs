//! What a skill was at another commit. Git only reads, and does so in the sandbox: a repository's configuration may name
//! programs.

use std::path::{Path, PathBuf};

use crate::base::text::quoted;
use crate::sandbox::{Job, Room, Sandbox};
use crate::skill::Project;
use crate::verify::facts::{Base, Facts};

/// Fills in what each skill was at a reference; says what could not be compared, and why.
pub(super) fn compare(
    facts: &mut Facts,
    project: &Project,
    reference: &str,
    sandbox: Option<&Sandbox>,
) -> Option<String> {
    let not = |because: &str| Some(format!("versions against {}: {because}", quoted(reference, 60)));
    if reference.is_empty() || reference.starts_with('-') {
        return not("that is no reference");
    }
    let Some(sandbox) = sandbox else { return not("git is only started in the sandbox, and there is none") };
    if !sandbox.has("git") {
        return not("there is no git");
    }
    let Some(read) = repository(&project.root) else { return not("there is no repository") };
    let Ok(room) = Room::new() else { return not("no temporary directory can be made") };
    let git = |arguments: &[&str]| -> Result<String, String> {
        let root = project.root.display().to_string();
        let first = ["git", "-c", "safe.directory=*", "-c", "core.fsmonitor=false", "-C", &root];
        let argv = first.iter().chain(arguments).map(|w| (*w).to_owned()).collect();
        let job = Job { argv, read: read.clone(), ..Job::default() };
        let outcome = sandbox.run(&room, &job).map_err(|e| e.because)?;
        if outcome.exited(0) { Ok(outcome.stdout) } else { Err(quoted(&outcome.stderr, 160)) }
    };
    for skill in &project.skills {
        let dirs: Vec<String> = std::iter::once(skill.base.clone()).chain(skill.artifacts.iter().cloned()).collect();
        let mut diff = vec![
            "diff",
            "--no-ext-diff",
            "--no-textconv",
            "--no-color",
            "--name-only",
            "-z",
            "--relative",
            reference,
            "--",
        ];
        diff.extend(dirs.iter().map(|d| if d.is_empty() { "." } else { d.as_str() }));
        let changed = match git(&diff) {
            Ok(changed) => changed,
            Err(because) => return not(&because),
        };
        // A skill that was not there has no version to be compared with.
        let Ok(main) = git(&["show", &format!("{reference}:./{}", skill.main().path)]) else { continue };
        let changed = changed.split('\0').filter(|p| !p.is_empty()).map(str::to_owned).collect();
        let base = Base { reference: reference.to_owned(), main, changed };
        facts.bases.insert(skill.base.clone(), base);
    }
    None
}

/// What git must read: the work tree, and where its objects lie.
fn repository(root: &Path) -> Option<Vec<PathBuf>> {
    let top = root.ancestors().find(|dir| dir.join(".git").exists())?;
    let mut read = vec![top.to_owned()];
    let pointer = top.join(".git");
    if pointer.is_file() {
        // A work tree of its own: its directory lies in .git/worktrees of the other.
        let text = crate::base::fs::read_text(&pointer, 4096).ok()?;
        let dir = PathBuf::from(text.trim().strip_prefix("gitdir:")?.trim());
        let common = dir.ancestors().find(|d| d.ends_with(".git")).map(Path::to_owned);
        read.push(dir);
        read.extend(common);
    }
    Some(read)
}
