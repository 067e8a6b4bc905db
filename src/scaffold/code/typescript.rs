//! The TypeScript target: a connector on what Node brings (fetch, SQLite), tests that need no network.

use std::collections::BTreeSet;

use super::print::print;
use super::rules::Rules;
use super::{CodeError, Connector, Expr, File, Language, Project, examples, expr, identifier, sections};
use crate::scaffold::template;

const TS: Language = Language::Typescript;

macro_rules! template {
    ($($path:literal),* $(,)?) => {
        [$(($path, include_str!(concat!("../../../resources/templates/code/typescript/", $path)))),*]
    };
}

/// The files end with `.in`, so that nothing takes them for scripts of this project.
macro_rules! runtime {
    ($($path:literal),* $(,)?) => {
        [$(($path, include_str!(concat!("../../../resources/templates/code/typescript/", $path, ".in")))),*]
    };
}

/// Written as they are.
const RUNTIME: [(&str, &str); 19] = runtime![
    "src/compare.ts",
    "src/deliver.ts",
    "src/hook.ts",
    "src/http.ts",
    "src/json.ts",
    "src/log.ts",
    "src/main.ts",
    "src/mapper.ts",
    "src/model.ts",
    "src/outcome.ts",
    "src/pages.ts",
    "src/retry.ts",
    "src/run.ts",
    "src/settings.ts",
    "src/state.ts",
    "test/hook.test.ts",
    "test/mapping.test.ts",
    "test/policies.test.ts",
    "tsconfig.json",
];

/// Filled.
const TEMPLATES: [(&str, &str); 5] =
    template!["README.md.j2", "package.json.j2", "Dockerfile.j2", "gitignore.j2", "workflow.yaml.j2"];

const TRANSFORMS: &str = include_str!("../../../resources/templates/code/typescript/src/transforms.ts.in");
const ENVIRONMENT: &str = include_str!("../../../resources/templates/scaffold/env.example.j2");

/// The files.
pub(super) fn files(connector: &Connector, project: &Project) -> Result<Vec<File>, CodeError> {
    let mut used = BTreeSet::new();
    let mapping = mapping(connector, &mut used)?;
    let file = |path: &str, content: String| File { path: path.to_owned(), content };
    let mut out = vec![
        file("src/plan.ts", plan(connector, project)),
        file("src/mapping.ts", mapping),
        file("src/transforms.ts", sections(TRANSFORMS, "//: ", &used)),
        file("test/transforms.test.ts", tests(&used)),
        template::file(".env.example", ENVIRONMENT, project)?,
    ];
    out.extend(RUNTIME.iter().map(|(path, text)| file(path, (*text).to_owned())));
    for (path, text) in TEMPLATES {
        let path = match path.trim_end_matches(".j2") {
            "gitignore" => ".gitignore",
            "workflow.yaml" => ".github/workflows/connector.yaml",
            path => path,
        };
        out.push(template::file(path, text, project)?);
    }
    Ok(out)
}

fn plan(connector: &Connector, project: &Project) -> String {
    let name = Expr::text(&project.name);
    let mut out = format!(
        "/** What flows from where to where, and how: made from integration.yaml. Change the contract and scaffold again. */\n\n\
         import type {{ Flow, System }} from \"./model.js\";\n\nexport const INTEGRATION = {};\n\n",
        print(TS, &name, 0, 28)
    );
    for system in &connector.systems {
        let name = identifier(&system.name).to_uppercase();
        out.push_str(&format!("const {name}: System = {};\n\n", print(TS, &expr(system), 0, name.len() + 18)));
    }
    let flows = Expr::List(connector.flows.iter().map(|(flow, _)| expr(flow)).collect());
    out.push_str(&format!("export const FLOWS: readonly Flow[] = {};\n", print(TS, &flows, 0, 38)));
    out
}

fn mapping(connector: &Connector, used: &mut BTreeSet<&'static str>) -> Result<String, CodeError> {
    let mut body = String::new();
    for (flow, mapping) in &connector.flows {
        let place = format!("flows.{}", flow.name);
        let rules = Rules::new(TS, &place, used).mapping(mapping)?;
        body.push_str(&format!(
            "\nexport const {} = {};\n",
            flow.mapping,
            print(TS, &rules, 0, flow.mapping.len() + 17)
        ));
    }
    let names = [
        "KEEP", "Mapping", "Rule", "above", "below", "constant", "each", "field", "firstOf", "isIn", "isNotIn", "join",
        "present", "template", "when",
    ];
    let needed = |n: &&&str| body.contains(&format!("{n}(")) || **n == "KEEP" && body.contains(": KEEP");
    let names: Vec<&str> = names.iter().filter(needed).copied().collect();
    let mut out = String::from(
        "/** How a record of the source becomes one of the target: made from integration.yaml. Change the contract and scaffold again. */\n\n",
    );
    out.push_str(&format!("import {{ {} }} from \"./mapper.js\";\n", names.join(", ")));
    if body.contains("num(") {
        out.push_str("import { num } from \"./model.js\";\n");
    }
    if body.contains("t.") {
        out.push_str("import * as t from \"./transforms.js\";\n");
    }
    Ok(out + &body)
}

fn tests(used: &BTreeSet<&'static str>) -> String {
    let cases = Expr::List(examples(TS, used));
    format!(
        "/** Each transform that the mapping uses, with the examples of its reference: step, input, currency, output. */\n\n\
         import assert from \"node:assert/strict\";\nimport {{ test }} from \"node:test\";\n\n\
         import * as json from \"../src/json.js\";\nimport {{ Fault, type Found, MISSING, type Step }} from \"../src/mapper.js\";\n\
         import * as t from \"../src/transforms.js\";\n\n\
         const CASES: readonly (readonly [Step, string, string, string])[] = {};\n\n\
         CASES.forEach(([step, given, currency, wanted], i) => {{\n  test(`example ${{i}}: ${{given}} becomes ${{wanted}}`, () => {{\n    \
         let made: Found;\n    try {{\n      made = step(json.parse(given), currency ? {{ currency }} : {{}});\n    }} catch (e) {{\n      \
         if (!(e instanceof Fault)) throw e;\n      assert.equal(e.code, wanted);\n      return;\n    }}\n    \
         assert.equal(made === MISSING ? \"missing\" : json.text(made), wanted);\n  }});\n}});\n",
        print(TS, &cases, 0, 67)
    )
}
