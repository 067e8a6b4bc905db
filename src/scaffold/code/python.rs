//! The Python target: an asynchronous connector on httpx, SQLite beside it, tests that need no network.

use std::collections::BTreeSet;

use super::print::print;
use super::rules::Rules;
use super::{CodeError, Connector, File, Language, Project, examples, expr, identifier, sections};
use crate::scaffold::template;

macro_rules! template {
    ($($path:literal),* $(,)?) => {
        [$(($path, include_str!(concat!("../../../resources/templates/code/python/", $path)))),*]
    };
}

/// The files end with `.in`, so that nothing takes them for scripts of this project.
macro_rules! runtime {
    ($($path:literal),* $(,)?) => {
        [$(($path, include_str!(concat!("../../../resources/templates/code/python/", $path, ".in")))),*]
    };
}

/// Written as they are.
const RUNTIME: [(&str, &str); 17] = runtime![
    "connector/__init__.py",
    "connector/__main__.py",
    "connector/compare.py",
    "connector/deliver.py",
    "connector/hook.py",
    "connector/http.py",
    "connector/log.py",
    "connector/mapper.py",
    "connector/model.py",
    "connector/outcome.py",
    "connector/pages.py",
    "connector/retry.py",
    "connector/run.py",
    "connector/settings.py",
    "connector/state.py",
    "tests/test_hook.py",
    "tests/test_policies.py",
];

/// Filled.
const TEMPLATES: [(&str, &str); 6] = template![
    "README.md.j2",
    "pyproject.toml.j2",
    "Dockerfile.j2",
    "gitignore.j2",
    "workflow.yaml.j2",
    "tests/test_mapping.py.j2",
];

const TRANSFORMS: &str = include_str!("../../../resources/templates/code/python/connector/transforms.py.in");
const ENVIRONMENT: &str = include_str!("../../../resources/templates/scaffold/env.example.j2");

/// The files.
pub(super) fn files(connector: &Connector, project: &Project) -> Result<Vec<File>, CodeError> {
    let mut used = BTreeSet::new();
    let mapping = mapping(connector, &mut used)?;
    let file = |path: &str, content: String| File { path: path.to_owned(), content };
    let mut out = vec![
        file("connector/plan.py", plan(connector, project)),
        file("connector/mapping.py", mapping),
        file("connector/transforms.py", sections(TRANSFORMS, "#: ", &used)),
        file("tests/test_transforms.py", tests(&used)),
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
    let mut out = String::from(
        "\"\"\"What flows from where to where, and how: made from integration.yaml. Change the contract and scaffold again.\"\"\"\n\n\
         from __future__ import annotations\n\nfrom .model import (\n    Auth,\n    Breaker,\n    Bulk,\n    Call,\n    Create,\n    Delivery,\n    Flow,\n    Paging,\n    Param,\n    Put,\n    Rate,\n    Secret,\n    Signing,\n    Source,\n    System,\n    Target,\n    Tell,\n    Upsert,\n    Webhook,\n)\n\n",
    );
    let body = {
        let mut body =
            format!("INTEGRATION = {}\n\n", print(Language::Python, &super::Expr::text(&project.name), 0, 14));
        for system in &connector.systems {
            let name = identifier(&system.name).to_uppercase();
            body.push_str(&format!("{name} = {}\n\n", print(Language::Python, &expr(system), 0, name.len() + 3)));
        }
        let flows = super::Expr::List(connector.flows.iter().map(|(flow, _)| expr(flow)).collect());
        body.push_str(&format!("FLOWS = {}\n", print(Language::Python, &flows, 0, 8)));
        body
    };
    // Names that this plan does not need are not brought in.
    out = out
        .lines()
        .filter(|l| {
            let name = l.trim().trim_end_matches(',');
            !l.starts_with("    ") || body.contains(&format!("{name}("))
        })
        .map(|l| format!("{l}\n"))
        .collect();
    out + &body
}

fn mapping(connector: &Connector, used: &mut BTreeSet<&'static str>) -> Result<String, CodeError> {
    let mut body = String::new();
    for (flow, mapping) in &connector.flows {
        let place = format!("flows.{}", flow.name);
        let rules = Rules::new(Language::Python, &place, used).mapping(mapping)?;
        body.push_str(&format!(
            "\n{} = {}\n",
            flow.mapping,
            print(Language::Python, &rules, 0, flow.mapping.len() + 3)
        ));
    }
    let mut out = String::from(
        "\"\"\"How a record of the source becomes one of the target: made from integration.yaml. Change the contract and scaffold again.\"\"\"\n\n\
         from __future__ import annotations\n\n",
    );
    if body.contains("Decimal(") {
        out.push_str("from decimal import Decimal\n\n");
    }
    if body.contains("t.") {
        out.push_str("from . import transforms as t\n");
    }
    let names = [
        "KEEP",
        "Mapping",
        "Rule",
        "above",
        "below",
        "const",
        "each",
        "field",
        "first_of",
        "is_in",
        "is_not_in",
        "join",
        "present",
        "template",
        "when",
    ];
    let needed = |n: &&&str| body.contains(&format!("{n}(")) || **n == "KEEP" && body.contains("=KEEP");
    let names: Vec<&str> = names.iter().filter(needed).copied().collect();
    out.push_str(&format!("from .mapper import {}\n", names.join(", ")));
    if body.contains("Secret(") {
        out.push_str("from .model import Secret\n");
    }
    Ok(out + &body)
}

fn tests(used: &BTreeSet<&'static str>) -> String {
    let cases = super::Expr::List(examples(Language::Python, used));
    let body = format!("CASES = {}\n", print(Language::Python, &cases, 0, 8));
    let secret = if body.contains("Secret(") { "from connector.model import Secret\n" } else { "" };
    format!(
        "\"\"\"Each transform that the mapping uses, with the examples of its reference: step, input, currency, output.\"\"\"\n\n\
         from __future__ import annotations\n\nimport pytest\nimport simplejson\n\nfrom connector import transforms as t\nfrom connector.mapper import MISSING, Fault\n{secret}\n{body}\n\n\
         @pytest.mark.parametrize(\"step, given, currency, wanted\", CASES)\n\
         def test_examples(step, given, currency, wanted):\n    record = {{\"currency\": currency}} if currency else {{}}\n    try:\n        \
         made = step(simplejson.loads(given, use_decimal=True), record)\n    except Fault as fault:\n        assert fault.code == wanted\n        \
         return\n    shown = \"missing\" if made is MISSING else simplejson.dumps(made, use_decimal=True, ensure_ascii=False, separators=(\",\", \":\"))\n    \
         assert shown == wanted\n"
    )
}
