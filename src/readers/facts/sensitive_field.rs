//! `sensitive_field`: fields of entities whose names tell of people, secrets or money. No description says so by
//! itself, hence always inferred.

use serde_json::json;

use super::{Detector, Hints};
use crate::base::text::words;
use crate::model::{Fact, SchemaId, System, TypeSet};

/// The detector of this file.
pub(super) const DETECTOR: Detector = Detector { fact: "sensitive_field", run };

/// Most fields told of one system.
const MOST: usize = 200;

fn run(system: &mut System, _: &Hints<'_>) {
    let mut facts = Vec::new();
    for entity in system.entities.values() {
        let Some(schema) = entity.schema else { continue };
        for (name, field) in system.schemas.properties(schema) {
            look(system, &entity.name, name.to_owned(), name, field, &mut facts);
            let kind = system.schemas.get(field);
            if kind.types.has(TypeSet::OBJECT) {
                for (below, inner) in system.schemas.properties(field) {
                    look(system, &entity.name, format!("{name}.{below}"), below, inner, &mut facts);
                }
            }
        }
        if facts.len() >= MOST {
            facts.truncate(MOST);
            break;
        }
    }
    system.facts.extend(facts);
}

fn look(system: &System, entity: &str, path: String, name: &str, field: SchemaId, facts: &mut Vec<Fact>) {
    let schema = system.schemas.get(field);
    let scalar = schema.types.is_any() || schema.types.has(TypeSet::STRING) || schema.types.has(TypeSet::INTEGER);
    let format = schema.format.as_deref().unwrap_or("");
    if let Some(kind) = kind(name, format).filter(|_| scalar && !schema.types.has(TypeSet::BOOLEAN)) {
        let value = json!({"entity": entity, "field": path, "kind": kind});
        facts.push(Fact::inferred(
            "sensitive_field",
            value,
            "sensitive-field-name",
            vec![schema.pointer.clone()],
            0.60,
        ));
    }
}

/// What the name tells; nothing for most.
fn kind(name: &str, format: &str) -> Option<&'static str> {
    if format == "email" {
        return Some("contact");
    }
    if format == "password" {
        return Some("credential");
    }
    let parts = words(name);
    let has = |set: &[&str]| parts.iter().any(|w| set.contains(&w.as_str()));
    let joined = parts.concat();
    if parts
        .last()
        .is_some_and(|w| matches!(w.as_str(), "id" | "type" | "count" | "url" | "verified" | "status" | "at"))
    {
        return None;
    }
    if has(&["password", "secret", "passphrase", "pin"])
        || matches!(joined.as_str(), "apikey" | "accesstoken" | "refreshtoken" | "privatekey")
    {
        Some("credential")
    } else if has(&["iban", "cvc", "cvv", "bic", "swift"])
        || matches!(joined.as_str(), "accountnumber" | "routingnumber" | "cardnumber" | "sortcode")
    {
        Some("financial")
    } else if has(&["ssn", "passport"])
        || matches!(joined.as_str(), "taxid" | "nationalid" | "socialsecuritynumber" | "vatnumber")
    {
        Some("identity")
    } else if has(&["birthday", "birthdate", "dob", "gender"]) || matches!(joined.as_str(), "dateofbirth") {
        Some("personal")
    } else if has(&["email", "phone", "mobile", "fax"]) {
        Some("contact")
    } else if matches!(
        joined.as_str(),
        "firstname" | "lastname" | "fullname" | "surname" | "familyname" | "givenname" | "middlename"
    ) {
        Some("name")
    } else if matches!(
        joined.as_str(),
        "street"
            | "address1"
            | "address2"
            | "line1"
            | "line2"
            | "streetaddress"
            | "postalcode"
            | "zipcode"
            | "zip"
            | "postcode"
    ) {
        Some("address")
    } else if matches!(joined.as_str(), "ip" | "ipaddress" | "latitude" | "longitude") {
        Some("location")
    } else {
        None
    }
}
