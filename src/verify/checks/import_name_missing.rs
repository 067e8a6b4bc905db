//! A name that one script takes from another must be there: a function that was renamed is found when it is called, which
//! may be in front of a user.

use crate::base::text::{nearest, quoted};
use crate::finding::{Finding, Location, Severity};
use crate::skill::{Skill, Tree, resolve};
use crate::verify::exports::{asked, offered};
use crate::verify::paths::dir_of;
use crate::verify::scripts::{self, Language};
use crate::verify::{Check, Profile, Rule, Subject};

const RULE: Rule = Rule {
    code: "import-name-missing",
    id: "PI014",
    severity: Severity::Error,
    finds: "A script imports a name that the file it imports from does not define or export.",
    source: "ECMAScript 2026, 16.2.1.6 (a link error); Python reference, \"The import statement\" (ImportError)",
};

pub(super) const CHECK: Check = Check { rules: &[RULE], profile: Profile::Sync, run };

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    subject.skills().flat_map(|skill| of(skill, subject)).collect()
}

fn of(skill: &Skill, subject: &Subject<'_>) -> Vec<Finding> {
    let tree = &subject.project.tree;
    let mut out = Vec::new();
    for (path, file) in skill.files(tree) {
        let Some((text, language)) = scripts::script(path, file) else { continue };
        if !matches!(language, Language::Python | Language::JavaScript) {
            continue;
        }
        for asked in asked(language, text) {
            let Some(target) = target(skill, tree, language, path, &asked.module) else { continue };
            let Some((other, of)) = tree.get(&target).and_then(|f| scripts::script(&target, f)) else { continue };
            let Some(has) = offered(of, other).filter(|_| of == language) else { continue };
            for name in asked.names.iter().filter(|n| !has.contains(*n) && n.as_str() != "*") {
                // `from package import module`
                let package = target.strip_suffix("/__init__.py");
                if package
                    .is_some_and(|dir| tree.has(&format!("{dir}/{name}.py")) || tree.has_dir(&format!("{dir}/{name}")))
                {
                    continue;
                }
                let near = nearest(name, has.iter().map(String::as_str));
                let because = if name == "default" {
                    format!("{} has no default export", quoted(&target, 100))
                } else {
                    format!("{} has no {}, which is imported here", quoted(&target, 100), quoted(name, 60))
                };
                let fix = near.map_or_else(
                    || format!("define it in {target}, or import what there is"),
                    |n| format!("write {n}, or define it in {target}"),
                );
                out.push(RULE.at(Location::at(subject.project.show(path), asked.at), because).fix(fix).near(near));
            }
        }
    }
    out
}

/// The file that is imported, where it is one of the skill and no other can be meant.
fn target(skill: &Skill, tree: &Tree, language: Language, path: &str, module: &str) -> Option<String> {
    let own = dir_of(path);
    if language == Language::JavaScript {
        if !module.starts_with("./") && !module.starts_with("../") {
            return None;
        }
        let wanted = resolve(own, module)?;
        let forms = [
            wanted.clone(),
            format!("{wanted}.js"),
            format!("{wanted}.mjs"),
            format!("{wanted}.cjs"),
            format!("{wanted}/index.js"),
        ];
        return forms.into_iter().find(|f| tree.has(f)).filter(|f| !f.ends_with(".json"));
    }
    let dots = module.chars().take_while(|c| *c == '.').count();
    let rest = module.trim_start_matches('.').replace('.', "/");
    let mut roots: Vec<String> = Vec::new();
    if dots > 0 {
        let mut dir = own;
        for _ in 1..dots {
            dir = dir_of(dir);
        }
        roots.push(dir.to_owned());
    } else {
        roots.push(own.to_owned());
        roots.extend(
            ["", "scripts", "src", "lib", "resources/scripts"].map(|d| skill.path(d).trim_end_matches('/').to_owned()),
        );
        roots.push(String::new());
    }
    let mut found: Vec<String> = Vec::new();
    for root in roots {
        let at = if root.is_empty() { rest.clone() } else { format!("{root}/{rest}") };
        let at = at.trim_end_matches('/');
        for form in [format!("{at}.py"), format!("{at}/__init__.py")] {
            if !at.is_empty() && tree.has(&form) && !found.contains(&form) {
                found.push(form);
            }
        }
    }
    // Of two that it may be, neither is judged.
    if found.len() == 1 { found.pop() } else { None }
}
