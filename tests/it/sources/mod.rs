//! Where descriptions come from: several files, packed ones, standard input, addresses, overlays; and what they cannot
//! reach.

mod files;
mod hostile;
mod overlays;
mod streams;

use std::path::Path;
use std::process::Output;

use serde_json::Value;

use crate::cli::{run, stdout};

pub(crate) const API: &str = r##"openapi: 3.0.3
info: {title: Shelter, version: "1"}
servers: [{url: https://shelter.example/v1}]
paths:
  /pets:
    get:
      operationId: listPets
      parameters:
        - $ref: parts/paging.yaml#/cursor
        - $ref: parts/paging.yaml#/limit
      responses:
        "200":
          description: ok
          content:
            application/json:
              schema:
                type: object
                properties:
                  data: {type: array, items: {$ref: "parts/pet.json"}}
                  next_cursor: {type: string}
"##;

/// A description in three files, two formats, with references among the parts and back.
pub(crate) fn shelter(dir: &Path) {
    std::fs::create_dir_all(dir.join("apis/parts")).unwrap();
    let write = |name: &str, text: &str| std::fs::write(dir.join("apis").join(name), text).unwrap();
    write("shelter.yaml", API);
    write(
        "parts/paging.yaml",
        "cursor: {name: cursor, in: query, schema: {type: string}}\nlimit: {name: limit, in: query, schema: {$ref: '#/size'}}\n\
         size: {type: integer, maximum: 100}\n",
    );
    write(
        "parts/pet.json",
        r#"{"type": "object", "properties": {"id": {"type": "string"}, "mother": {"$ref": "./pet.json"},
            "owner": {"$ref": "owner.yaml#/Owner"}}}"#,
    );
    write(
        "parts/owner.yaml",
        "Owner:\n  type: object\n  properties:\n    email: {type: string}\n    pets: {type: array, items: {$ref: pet.json}}\n",
    );
}

/// The answer of a command that worked, as JSON.
pub(crate) fn json(output: &Output) -> Value {
    assert_eq!(output.status.code(), Some(0), "{}{}", stdout(output), crate::cli::stderr(output));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Maps a description of a directory.
pub(crate) fn map(dir: &Path, args: &[&str]) -> Value {
    json(&run(dir, &[&["map", "--format", "json"], args].concat()))
}

/// Codes and places of the findings of a map.
pub(crate) fn findings(map: &Value) -> Vec<String> {
    let text = |f: &Value, key: &str| f[key].as_str().unwrap_or_default().to_owned();
    let shown = |f: &Value| format!("{} {}{}", text(f, "code"), text(f, "file"), text(f, "pointer"));
    map["findings"].as_array().unwrap().iter().map(shown).collect()
}
