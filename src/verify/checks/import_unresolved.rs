//! What a script imports from beside itself must be there: one that is not ends it at its first line.

use std::collections::BTreeSet;

use crate::base::text::{nearest, quoted};
use crate::finding::{Finding, Location, Severity};
use crate::skill::{Skill, Tree};
use crate::verify::paths::{dir_of, resolve};
use crate::verify::python_names::{is_common, is_standard};
use crate::verify::scripts::{self, Import, Language, What};
use crate::verify::template::{self, Kind};
use crate::verify::{Check, Profile, Rule, Subject, formats, texts};

const RULE: Rule = Rule {
    code: "import-unresolved",
    id: "PI014",
    severity: Severity::Error,
    finds: "A script imports, sources or starts a file of the skill that is not there.",
    source: "a script whose import is not there ends at its first line, wherever the skill is installed",
};
const ENTRY: Rule = Rule {
    code: "package-entry-missing",
    id: "PI014",
    severity: Severity::Error,
    finds: "package.json names a file as main, bin or in a script that is not there.",
    source: "npm, package.json: main, bin, scripts",
};

pub(super) const CHECK: Check = Check { rules: &[RULE, ENTRY], profile: Profile::Sync, run };

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    subject.skills().flat_map(|skill| of(skill, subject)).collect()
}

fn of(skill: &Skill, subject: &Subject<'_>) -> Vec<Finding> {
    let tree = &subject.project.tree;
    let mut out = Vec::new();
    let mut words: Option<BTreeSet<String>> = None;
    for (path, file) in skill.files(tree) {
        if path.rsplit('/').next() == Some("package.json")
            && let Some(text) = file.text()
        {
            out.extend(entries(subject, path, text));
        }
        let Some((text, language)) = scripts::script(path, file) else { continue };
        for import in scripts::imports(language, text) {
            let missing = match &import.what {
                What::Relative(target) => relative(subject, path, target),
                What::Beside(target) | What::Here(target) => {
                    let from_here = matches!(import.what, What::Here(_));
                    started(skill, subject, path, target, from_here)
                }
                What::Package(dots, module, names) => package(subject, path, *dots, module, names),
                What::Module(module, names) if language == Language::Python || import.guarded => {
                    let known = || spoken_of(skill, tree);
                    self::module(skill, subject, path, module, names, || words.get_or_insert_with(known).clone())
                }
                What::Module(..) => None,
            };
            // Who asks whether it is there does without it; only a slip of the pen is worth a word.
            if let Some(missing) = missing.filter(|m| !import.guarded || m.near.is_some()) {
                out.push(finding(subject, path, &import, missing));
            }
        }
    }
    out
}

/// Something that is not there.
struct Missing {
    because: String,
    near: Option<String>,
    /// It may come from elsewhere.
    unsure: bool,
}

impl Missing {
    fn new(because: String, near: Option<&str>) -> Self {
        Self { because, near: near.map(str::to_owned), unsure: false }
    }
}

fn finding(subject: &Subject<'_>, path: &str, import: &Import, missing: Missing) -> Finding {
    let fix = match &missing.near {
        Some(near) => format!("write {near}, or add what is missing"),
        None => "add what is missing, or take the import out".to_owned(),
    };
    let found = RULE.at(Location::at(subject.project.show(path), import.at), missing.because);
    let found = found.fix(fix).near(missing.near.as_deref());
    // What is copied elsewhere before it runs may find there what it has not here.
    let copied = template::kind(path) == Kind::Placed || path.split('/').any(|d| d == "assets");
    if missing.unsure || import.guarded || copied { Finding { severity: Severity::Warning, ..found } } else { found }
}

/// Directories that a build makes.
fn is_built(path: &str) -> bool {
    path.split('/').any(|p| {
        matches!(p, "dist" | "build" | "out" | "generated" | "__generated__" | ".next" | "node_modules" | "target")
    })
}

fn relative(subject: &Subject<'_>, path: &str, target: &str) -> Option<Missing> {
    let plain = target.split(['?', '#']).next().unwrap_or(target);
    let wanted = resolve(dir_of(path), plain)?;
    let tree = &subject.project.tree;
    if is_built(plain) || resolves(tree, &wanted) || !subject.project.covers(&wanted) {
        return None;
    }
    let near = near_file(tree, &wanted);
    Some(Missing::new(
        format!("{} resolves to no file: {wanted} is not there, with no ending of a module either", quoted(target, 80)),
        near,
    ))
}

/// As bundlers and Node resolve a path to a module.
fn resolves(tree: &Tree, wanted: &str) -> bool {
    const ENDINGS: [&str; 12] = ["js", "mjs", "cjs", "jsx", "ts", "tsx", "mts", "cts", "d.ts", "json", "node", "vue"];
    if wanted.is_empty() || tree.has(wanted) || ENDINGS.iter().any(|e| tree.has(&format!("{wanted}.{e}"))) {
        return true;
    }
    if ENDINGS.iter().any(|e| tree.has(&format!("{wanted}/index.{e}"))) || tree.has(&format!("{wanted}/package.json")) {
        return true;
    }
    // TypeScript names the file that will be.
    wanted.rsplit_once('.').is_some_and(|(stem, ending)| {
        matches!(ending, "js" | "mjs" | "cjs" | "jsx")
            && ["ts", "tsx", "mts", "cts", "d.ts"].iter().any(|e| tree.has(&format!("{stem}.{e}")))
    })
}

/// Whether a file can be imported by its ending.
fn is_code(path: &str) -> bool {
    texts::is_script(path) || matches!(texts::ending(path).as_str(), "pyi" | "jsx" | "tsx" | "json")
}

/// A file in the same directory whose name is like it, else one of the same name elsewhere.
fn near_file<'t>(tree: &'t Tree, wanted: &str) -> Option<&'t str> {
    let dir = dir_of(wanted);
    let name = wanted.rsplit('/').next().unwrap_or(wanted);
    let stem = |p: &str| p.rsplit('/').next().unwrap_or(p).split('.').next().unwrap_or_default().to_owned();
    let beside: Vec<&str> = tree.below(dir).map(|(p, _)| p).filter(|p| dir_of(p) == dir).collect();
    let names: Vec<String> = beside.iter().map(|p| stem(p)).collect();
    let near = nearest(&stem(name), names.iter().map(String::as_str));
    near.and_then(|near| beside.iter().find(|p| stem(p) == near).copied())
        .or_else(|| tree.iter().map(|(p, _)| p).find(|p| is_code(p) && stem(p) == stem(name) && *p != wanted))
}

fn started(skill: &Skill, subject: &Subject<'_>, path: &str, target: &str, from_here: bool) -> Option<Missing> {
    let tree = &subject.project.tree;
    let beside = resolve(dir_of(path), target)?;
    // From where people start it: beside itself, at the skill, at the project.
    let mut wanted = vec![beside.clone()];
    if from_here {
        wanted.extend([resolve(&skill.base, target), resolve("", target)].into_iter().flatten());
    }
    if is_built(target) || wanted.iter().any(|w| tree.has(w) || !subject.project.covers(w)) {
        return None;
    }
    let mut missing = Missing::new(format!("{} is not there", quoted(target, 80)), near_file(tree, &beside));
    missing.unsure = from_here;
    Some(missing)
}

/// Whether a dotted module is a file or a package below a directory.
fn has_module(tree: &Tree, at: &str) -> bool {
    tree.has(&format!("{at}.py")) || tree.has(&format!("{at}.pyi")) || tree.has_dir(at)
}

fn package(subject: &Subject<'_>, path: &str, dots: usize, module: &str, names: &[String]) -> Option<Missing> {
    let tree = &subject.project.tree;
    let mut dir = dir_of(path);
    for _ in 1..dots {
        if dir.is_empty() {
            return None;
        }
        dir = dir_of(dir);
    }
    let at = resolve(dir, &module.replace('.', "/"))?;
    let shown = format!("{}{module}", ".".repeat(dots));
    if !subject.project.covers(&format!("{at}/x")) {
        return None;
    }
    if module.is_empty() {
        // Without an __init__.py only a module can be meant.
        if tree.has(&if at.is_empty() { "__init__.py".to_owned() } else { format!("{at}/__init__.py") }) {
            return None;
        }
        let name = names.iter().find(|n| !has_module(tree, &resolve(&at, n).unwrap_or_default()))?;
        let near = near_file(tree, &resolve(&at, name)?);
        return Some(Missing::new(
            format!("from {shown} import {name}: there is no module {name} in that package"),
            near,
        ));
    }
    if has_module(tree, &at) {
        return None;
    }
    Some(Missing::new(format!("{shown} resolves to no file: {at}.py is not there"), near_file(tree, &at)))
}

/// Whether modules lie in or below a directory.
fn holds_python(tree: &Tree, dir: &str) -> bool {
    tree.below(dir).any(|(p, _)| p.ends_with(".py"))
}

fn module(
    skill: &Skill,
    subject: &Subject<'_>,
    path: &str,
    module: &str,
    names: &[String],
    words: impl FnOnce() -> BTreeSet<String>,
) -> Option<Missing> {
    let tree = &subject.project.tree;
    let first = module.split('.').next().unwrap_or(module);
    if first.is_empty() || is_standard(first) {
        return None;
    }
    // Where an interpreter, a test runner or a path that scripts add may look: beside it, above it up to the skill, and in
    // the directories of scripts.
    let own = dir_of(path);
    let mut roots: Vec<String> = vec![own.to_owned()];
    roots.extend(Tree::above(own).map(str::to_owned));
    roots.extend(["", "scripts", "src", "lib", "tests", "resources", "resources/scripts"].map(|d| skill.path(d)));
    roots.push(String::new());
    let at = |root: &str, module: &str| if root.is_empty() { module.to_owned() } else { format!("{root}/{module}") };
    let rest = module.replace('.', "/");
    // A skill is often named after the library that it teaches: its directory is a package where it says so, and no sooner.
    if names_a_skill(skill, subject, &roots, first) {
        return None;
    }
    if roots.iter().any(|r| has_module(tree, &at(r.trim_end_matches('/'), &rest))) {
        return deeper(skill, tree, &roots, module, names);
    }
    let home = roots.iter().find(|r| {
        let dir = at(r.trim_end_matches('/'), first);
        holds_python(tree, &dir) && (skill.owns(&format!("{dir}/x")) || own == r.as_str())
    });
    if let Some(home) = home {
        // Its first part is a directory of ours with modules in it; another package of that name would be known.
        if is_common(first) {
            return None;
        }
        let wanted = at(home.trim_end_matches('/'), &rest);
        if !subject.project.covers(&wanted) {
            return None;
        }
        return Some(Missing::new(
            format!("module {} resolves to no file: {wanted}.py is not there", quoted(module, 80)),
            near_file(tree, &wanted),
        ));
    }
    if module.contains('.') || is_common(first) || tree.cut.is_some() {
        return None;
    }
    // Anywhere in the skill: some path will lead there.
    let file = format!("{first}.py");
    let modules: Vec<&str> =
        skill.files(tree).map(|(p, _)| p).filter(|p| p.ends_with(".py")).filter_map(|p| p.rsplit('/').next()).collect();
    if modules.contains(&file.as_str()) || skill.files(tree).any(|(p, _)| p.split('/').any(|d| d == first)) {
        return None;
    }
    // The documents, the lock or another script name it as a file of the skill: it was there.
    if let Some(named) = named_as_file(skill, tree, first) {
        let because = format!("module {first} is no file of the skill, and {named} names {first}.py");
        let stems = || modules.iter().filter_map(|m| m.strip_suffix(".py"));
        return Some(Missing::new(because, nearest(first, stems())));
    }
    if words().contains(&first.to_lowercase().replace('_', "-")) {
        return None;
    }
    let stems: Vec<&str> = modules.iter().filter_map(|m| m.strip_suffix(".py")).collect();
    let near = nearest(first, stems.iter().copied()).filter(|n| strsim::jaro_winkler(first, n) > 0.9);
    let mut missing = match near.filter(|n| n.replace('-', "_") == first) {
        // A hyphen is a minus: such a file cannot be imported by any name.
        Some(near) => Missing {
            because: format!("module {first} is no file of the skill; {near}.py cannot be imported, for its hyphen"),
            near: Some(format!("{first}.py for {near}.py")),
            unsure: false,
        },
        None => Missing::new(
            format!("module {first} is no file of the skill, and nothing in the skill says where it comes from"),
            near,
        ),
    };
    let test = path.split('/').any(|d| d == "tests" || d == "test");
    missing.unsure = near.is_none() && !test;
    Some(missing)
}

/// Whether what a module begins with is the directory of a skill, seen from one of these roots, and no package: without
/// `__init__.py`, and with no module of that name beside it.
fn names_a_skill(skill: &Skill, subject: &Subject<'_>, roots: &[String], first: &str) -> bool {
    let tree = &subject.project.tree;
    let at = |root: &str| resolve(root.trim_end_matches('/'), first).unwrap_or_default();
    let dirs: Vec<String> = roots.iter().map(|r| at(r)).filter(|d| has_module(tree, d)).collect();
    let of_skill = |dir: &String| *dir == skill.base || subject.project.skills.iter().any(|s| s.base == *dir);
    !dirs.is_empty() && dirs.iter().all(|d| of_skill(d) && !tree.has(&format!("{d}/__init__.py")))
}

/// `from a import b` of a directory without `__init__.py`: only a module can be meant.
fn deeper(skill: &Skill, tree: &Tree, roots: &[String], module: &str, names: &[String]) -> Option<Missing> {
    let rest = module.replace('.', "/");
    let at = |root: &str| if root.is_empty() { rest.clone() } else { format!("{root}/{rest}") };
    if roots.iter().any(|r| {
        let at = at(r);
        tree.has(&format!("{at}.py")) || tree.has(&format!("{at}.pyi")) || tree.has(&format!("{at}/__init__.py"))
    }) {
        return None;
    }
    let dir = roots.iter().map(|r| at(r)).find(|d| holds_python(tree, d) && skill.owns(&format!("{d}/x")))?;
    if is_common(module.split('.').next().unwrap_or(module)) {
        return None;
    }
    let name = names.iter().find(|n| !has_module(tree, &format!("{dir}/{n}")))?;
    let near = near_file(tree, &format!("{dir}/{name}"));
    Some(Missing::new(format!("from {module} import {name}: there is no module {name} in {dir}"), near))
}

/// Whether a module that an interpreter did not find is one that the skill brings or ought to bring along, and none that is to
/// be installed.
pub(crate) fn is_own(subject: &Subject<'_>, module: &str) -> bool {
    let first = module.split('.').next().unwrap_or(module);
    if first.is_empty() || is_standard(first) || is_common(first) {
        return false;
    }
    let tree = &subject.project.tree;
    let known = || first.to_lowercase().replace('_', "-");
    subject.skills().any(|skill| {
        let there = skill.files(tree).any(|(p, _)| {
            p.rsplit('/').next() == Some(&format!("{first}.py"))
                || p.split('/').rev().skip(1).any(|d| d == first) && p.ends_with(".py")
        });
        let imported = skill.files(tree).any(|(path, file)| {
            scripts::script(path, file).filter(|(_, l)| *l == Language::Python).is_some_and(|(text, language)| {
                scripts::imports(language, text)
                    .iter()
                    .any(|i| matches!(&i.what, What::Module(m, _) if m.split('.').next() == Some(first)))
            })
        });
        imported && (there || named_as_file(skill, tree, first).is_some() || !spoken_of(skill, tree).contains(&known()))
    })
}

/// The file in which a module is named as a file: `scripts/rules.py` in a document, in the lock, in another script.
fn named_as_file(skill: &Skill, tree: &Tree, module: &str) -> Option<String> {
    let name = format!("{module}.py");
    let part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    let names = |text: &str| {
        text.match_indices(&name).any(|(i, _)| {
            let before = text.get(..i).and_then(|t| t.chars().next_back());
            let after = text.get(i + name.len()..).and_then(|t| t.chars().next());
            !before.is_some_and(part) && !after.is_some_and(|c| c.is_alphanumeric() || c == '_')
        })
    };
    let mut files =
        skill.files(tree).filter(|(p, _)| p.ends_with(".md") || p.ends_with("skill.lock.json") || p.ends_with(".yaml"));
    files.find_map(|(p, file)| file.text().filter(|t| names(t)).map(|_| p.to_owned()))
}

/// Words by which prose speaks of what has to be installed.
const INSTALLS: [&str; 10] =
    ["install", "package", "librar", "requir", "depend", "import", "pip", "module", "sdk", "framework"];

/// The words of requirements and manifests, of the code in documents, and of their sentences on what has to be installed: a
/// module that is spoken of there is installed by somebody. With `-` for `_`, in lower case.
fn spoken_of(skill: &Skill, tree: &Tree) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    let mut add = |text: &str| {
        let words = text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_')));
        out.extend(words.filter(|w| w.len() > 1).map(|w| w.to_lowercase().replace('_', "-")));
    };
    for document in &skill.documents {
        for (code, _) in document.code() {
            add(code);
        }
        for line in document.prose.lines().chain(document.text.get(..document.body).unwrap_or_default().lines()) {
            let lower = line.to_lowercase();
            if INSTALLS.iter().any(|w| lower.contains(w)) {
                add(line);
            }
        }
    }
    for (path, file) in skill.files(tree) {
        let name = path.rsplit('/').next().unwrap_or(path);
        let tells = name.ends_with(".toml")
            || name.ends_with(".sh")
            || name.ends_with(".cfg")
            || name.contains("requirements")
            || matches!(name, "setup.py" | "Pipfile" | "environment.yml" | "environment.yaml" | "Dockerfile");
        if let Some(text) = file.text().filter(|_| tells) {
            add(text);
        } else if let Some(text) = file.text().filter(|_| name.ends_with(".py")) {
            // What a script says of itself: inline metadata, "pip install x".
            for line in text.lines().filter(|l| l.contains("pip install") || l.contains("uv ") || l.starts_with('#')) {
                add(line);
            }
        }
    }
    out
}

fn entries(subject: &Subject<'_>, path: &str, text: &str) -> Vec<Finding> {
    let Ok(documents) = formats::yaml(text) else { return Vec::new() };
    let Some(root) = documents.first() else { return Vec::new() };
    let tree = &subject.project.tree;
    let dir = dir_of(path);
    let mut out = Vec::new();
    let has_build = root
        .get("scripts")
        .and_then(|s| s.get("build").or_else(|| s.get("prepare")).or_else(|| s.get("prepack")))
        .is_some();
    let mut named: Vec<(String, crate::base::yaml::Span, String)> = Vec::new();
    if let Some(main) = root.get("main")
        && let Some(file) = main.as_str().filter(|_| !has_build)
    {
        named.push(("main".to_owned(), main.at, file.to_owned()));
    }
    match root.get("bin") {
        Some(bin) if bin.as_str().is_some() && !has_build => {
            named.push(("bin".to_owned(), bin.at, bin.as_str().unwrap_or_default().to_owned()));
        }
        Some(bin) if !has_build => {
            for entry in bin.entries().unwrap_or_default() {
                named.push((
                    format!("bin {}", entry.key),
                    entry.value.at,
                    entry.value.as_str().unwrap_or_default().to_owned(),
                ));
            }
        }
        _ => {}
    }
    for entry in root.get("scripts").and_then(|s| s.entries()).unwrap_or_default() {
        let Some(line) = entry.value.as_str() else { continue };
        if let Some(file) = first_script(line) {
            named.push((format!("script {}", entry.key), entry.value.at, file.to_owned()));
        }
    }
    for (what, at, file) in named {
        let Some(wanted) = resolve(dir, &file) else { continue };
        if file.is_empty() || is_built(&file) || resolves(tree, &wanted) || !subject.project.covers(&wanted) {
            continue;
        }
        let near = near_file(tree, &wanted);
        let fix = near.map_or_else(|| format!("add {wanted}, or take {what} out"), |n| format!("write {n}"));
        let found = ENTRY
            .at(
                Location::at(subject.project.show(path), at),
                format!("{what} names {}, which is not there", quoted(&file, 80)),
            )
            .fix(fix)
            .near(near);
        let copied = template::kind(path) != Kind::Not || path.split('/').any(|d| d == "assets");
        out.push(if copied { Finding { severity: Severity::Warning, ..found } } else { found });
    }
    out
}

/// The script that a command line starts first: `node a.js`, `python b.py`, `bash c.sh`, `./d.sh`.
fn first_script(line: &str) -> Option<&str> {
    let mut words = line.split_whitespace();
    let first = words.next()?;
    let file = match first {
        "node" | "python" | "python3" | "bash" | "sh" | "tsx" | "ts-node" | "deno" => {
            words.next().filter(|w| !w.starts_with('-'))?
        }
        w if w.starts_with("./") => w,
        _ => return None,
    };
    let ending = file.rsplit_once('.').map(|(_, e)| e)?;
    let plain = !file.contains(['$', '*', '{', '"', '\'', '`']);
    (plain && matches!(ending, "js" | "mjs" | "cjs" | "ts" | "py" | "sh")).then_some(file)
}
