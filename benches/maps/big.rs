//! A description as large as the largest public ones: OData-like, with long prose, deep references and many paths.

use std::fmt::Write as _;

const FIELDS: [(&str, &str); 10] = [
    ("id", r#"{"type":"string","readOnly":true,"description":"The unique identifier of the record."}"#),
    (
        "displayName",
        r#"{"type":"string","nullable":true,"maxLength":256,"description":"The name shown to people. Supports $filter and $orderby."}"#,
    ),
    (
        "createdDateTime",
        r#"{"type":"string","format":"date-time","nullable":true,"description":"Date and time when it was created, in UTC. Read-only."}"#,
    ),
    (
        "lastModifiedDateTime",
        r#"{"type":"string","format":"date-time","nullable":true,"description":"Date and time of the last change, in UTC."}"#,
    ),
    ("emailAddress", r#"{"type":"string","format":"email","nullable":true}"#),
    ("status", r#"{"type":"string","enum":["draft","active","suspended","archived","unknownFutureValue"]}"#),
    ("amount", r#"{"type":"number","format":"double","nullable":true,"minimum":0}"#),
    ("isDefault", r#"{"type":"boolean","default":false}"#),
    ("tags", r#"{"type":"array","items":{"type":"string"},"description":"Words by which it is found."}"#),
    ("priority", r#"{"type":"integer","format":"int32","minimum":-2147483648,"maximum":2147483647}"#),
];

/// JSON with this many operations, some 1.8 kB each.
pub(crate) fn description(operations: usize) -> Vec<u8> {
    let entities = operations / 5;
    let mut out = String::with_capacity(operations * 1900);
    out.push_str(
        r#"{"openapi":"3.0.3","info":{"title":"Large","version":"v1","description":"Everything at once."},"servers":[{"url":"https://api.large.example/v1"}],"security":[{"oauth":[]}],"paths":{"#,
    );
    for i in 0..entities {
        let separator = if i == 0 { "" } else { "," };
        write!(out, r#"{separator}"/areas/{{area-id}}/things{i}":{{"description":"Things of kind {i} that belong to an area.","get":{{"tags":["area.thing{i}"],"summary":"List things{i}","description":"Get a list of the thing{i} objects and their properties. {PROSE}","operationId":"listThings{i}","parameters":[{AREA},{{"$ref":"\#/components/parameters/top"}},{{"$ref":"\#/components/parameters/skip"}},{{"name":"$orderby","in":"query","description":"Order items by property values","style":"form","explode":false,"schema":{{"uniqueItems":true,"type":"array","items":{{"enum":["id","id desc","displayName","displayName desc","createdDateTime","createdDateTime desc"],"type":"string"}}}}}},{{"name":"$select","in":"query","description":"Select properties to be returned","style":"form","explode":false,"schema":{{"uniqueItems":true,"type":"array","items":{{"enum":["id","displayName","createdDateTime","status","amount","tags"],"type":"string"}}}}}}],"responses":{{"200":{{"description":"Retrieved collection","content":{{"application/json":{{"schema":{{"title":"Collection of thing{i}","type":"object","properties":{{"value":{{"type":"array","items":{{"$ref":"\#/components/schemas/large.thing{i}"}}}},"@odata.nextLink":{{"type":"string","nullable":true}}}}}}}}}}}},{ERROR}}}}},"post":{{"tags":["area.thing{i}"],"summary":"Create thing{i}","description":"Create a new thing{i}. {PROSE}","operationId":"createThing{i}","parameters":[{AREA}],"requestBody":{{"description":"New thing","content":{{"application/json":{{"schema":{{"$ref":"\#/components/schemas/large.thing{i}"}}}}}},"required":true}},"responses":{{"201":{{"description":"Created","content":{{"application/json":{{"schema":{{"$ref":"\#/components/schemas/large.thing{i}"}}}}}}}},{ERROR}}}}}}}"#).expect("a string takes it");
        write!(out, r#","/areas/{{area-id}}/things{i}/{{thing-id}}":{{"get":{{"tags":["area.thing{i}"],"summary":"Get thing{i}","description":"Read the properties of one thing{i}. {PROSE}","operationId":"getThing{i}","parameters":[{AREA},{THING}],"responses":{{"200":{{"description":"Retrieved","content":{{"application/json":{{"schema":{{"$ref":"\#/components/schemas/large.thing{i}"}}}}}}}},{ERROR}}}}},"patch":{{"tags":["area.thing{i}"],"summary":"Update thing{i}","operationId":"updateThing{i}","parameters":[{AREA},{THING}],"requestBody":{{"description":"New values","content":{{"application/json":{{"schema":{{"$ref":"\#/components/schemas/large.thing{i}"}}}}}},"required":true}},"responses":{{"200":{{"description":"Success","content":{{"application/json":{{"schema":{{"$ref":"\#/components/schemas/large.thing{i}"}}}}}}}},{ERROR}}}}},"delete":{{"tags":["area.thing{i}"],"summary":"Delete thing{i}","operationId":"deleteThing{i}","parameters":[{AREA},{THING},{{"name":"If-Match","in":"header","description":"ETag","schema":{{"type":"string"}}}}],"responses":{{"204":{{"description":"Success"}},{ERROR}}}}}}}"#).expect("a string takes it");
    }
    out.push_str(r#"},"components":{"securitySchemes":{"oauth":{"type":"oauth2","flows":{"authorizationCode":{"authorizationUrl":"https://login.large.example/authorize","tokenUrl":"https://login.large.example/token","scopes":{"things.read":"Read","things.write":"Write"}}}}},"parameters":{"top":{"name":"$top","in":"query","description":"Show only the first n items","schema":{"minimum":0,"type":"integer"}},"skip":{"name":"$skip","in":"query","description":"Skip the first n items","schema":{"minimum":0,"type":"integer"}}},"responses":{"error":{"description":"error","content":{"application/json":{"schema":{"$ref":"\#/components/schemas/large.error"}}}}},"schemas":{"large.entity":{"title":"entity","type":"object","properties":{"id":{"type":"string"}}},"large.error":{"type":"object","required":["error"],"properties":{"error":{"type":"object","required":["code","message"],"properties":{"code":{"type":"string"},"message":{"type":"string"}}}}}"#.replace("\\#", "#").as_str());
    for i in 0..entities {
        write!(out, r#","large.thing{i}":{{"allOf":[{{"$ref":"\#/components/schemas/large.entity"}},{{"title":"thing{i}","type":"object","properties":{{"#).expect("a string takes it");
        for (at, (name, schema)) in FIELDS.iter().enumerate() {
            let separator = if at == 0 { "" } else { "," };
            write!(out, r#"{separator}"{name}":{schema}"#).expect("a string takes it");
        }
        write!(out, r#","parent":{{"anyOf":[{{"$ref":"\#/components/schemas/large.thing{}"}},{{"type":"object","nullable":true}}]}}}}}}],"x-ms-discriminator-value":"\#large.thing{i}"}}"#, i / 2).expect("a string takes it");
    }
    out.push_str("}}}");
    out.replace("\\#", "#").into_bytes()
}

const AREA: &str = r#"{"name":"area-id","in":"path","description":"The unique identifier of area","required":true,"schema":{"type":"string"},"x-ms-docs-key-type":"area"}"#;
const THING: &str = r#"{"name":"thing-id","in":"path","description":"The unique identifier of thing","required":true,"schema":{"type":"string"},"x-ms-docs-key-type":"thing"}"#;
const ERROR: &str = r#""4XX":{"$ref":"\#/components/responses/error"},"5XX":{"$ref":"\#/components/responses/error"}"#;
const PROSE: &str = "The answer holds at most 100 of them at a time; what is not asked for by name is left out. This works for people and for applications that were given leave to read areas, in all national clouds. Some of the values are kept elsewhere and cost a second look; ask for them only where they are needed. Fields that are marked as preview may change.";
