//! What a field tells of itself: data about people, payments and health, and secrets, by format, by name and by
//! description. No description marks them (of hundreds of public ones, none); names alone mislead (`email_type`,
//! `phone_number_sid`), so a name counts by how it ends, and doubtful ones by what stands beside them.

use std::cell::OnceCell;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder};

use super::entity_fields::says;
use crate::base::text::{singular, words};
use crate::model::{Fields, Schema, SchemaId, Schemas, TypeSet};

/// What kind of data it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// About a person: Regulation (EU) 2016/679 article 4(1).
    Personal,
    /// Cards and bank accounts.
    Payment,
    /// Health: Regulation (EU) 2016/679 article 9, 45 CFR 160.103.
    Health,
    /// What opens something.
    Secret,
}

impl Kind {
    /// `personal`, `payment`, `health`, `secret`.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Personal => "personal",
            Self::Payment => "payment",
            Self::Health => "health",
            Self::Secret => "secret",
        }
    }
}

/// What a field is, and what told it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sensitive {
    /// The kind.
    pub(crate) kind: Kind,
    /// More exactly: `email`, `card` …
    pub(crate) of: &'static str,
    /// `format`, `name` or `description`.
    pub(super) by: &'static str,
}

/// A record whose fields are judged: what a doubtful field is depends on its neighbours.
pub(crate) struct Around<'s> {
    schemas: &'s Schemas,
    /// The entity or field that it is the record of, in words.
    of: Vec<String>,
    fields: Fields<'s>,
    person: OnceCell<bool>,
    address: OnceCell<bool>,
}

/// What people are called in APIs.
const PEOPLE: [&str; 22] = [
    "person",
    "people",
    "contact",
    "user",
    "employee",
    "patient",
    "candidate",
    "applicant",
    "attendee",
    "participant",
    "guest",
    "teammate",
    "cardholder",
    "subscriber",
    "passenger",
    "driver",
    "student",
    "recipient",
    "assignee",
    "author",
    "owner",
    "visitor",
];

/// A name that ends so tells about the thing, it does not hold it.
const ABOUT_IT: [&str; 66] = [
    "id",
    "sid",
    "uuid",
    "guid",
    "type",
    "kind",
    "count",
    "total",
    "url",
    "uri",
    "link",
    "href",
    "verified",
    "status",
    "state",
    "at",
    "on",
    "date",
    "time",
    "timestamp",
    "enabled",
    "disabled",
    "required",
    "optional",
    "allowed",
    "template",
    "subject",
    "description",
    "label",
    "key",
    "code",
    "network",
    "domain",
    "client",
    "format",
    "pattern",
    "regex",
    "score",
    "quality",
    "check",
    "result",
    "hint",
    "policy",
    "expiry",
    "expiration",
    "age",
    "length",
    "limit",
    "notification",
    "setting",
    "preference",
    "consent",
    "tracking",
    "tracked",
    "action",
    "event",
    "provider",
    "category",
    "source",
    "method",
    "mode",
    "level",
    "version",
    "verification",
    "confirmed",
    "changed",
];

/// Pieces of names that a look at the words can be worth for; nearly all names have none of them.
static WORTH: LazyLock<AhoCorasick> = LazyLock::new(|| {
    let pieces = [
        "mail",
        "phone",
        "mobile",
        "fax",
        "msisdn",
        "name",
        "forename",
        "birth",
        "dob",
        "gender",
        "sex",
        "ethnic",
        "religio",
        "national",
        "marital",
        "ssn",
        "social",
        "passport",
        "tax",
        "licen",
        "number",
        "street",
        "address",
        "line1",
        "line2",
        "postal",
        "zip",
        "postcode",
        "ip",
        "latitude",
        "longitude",
        "pan",
        "cvc",
        "cvv",
        "security",
        "iban",
        "sort",
        "bsb",
        "aba",
        "pass",
        "secret",
        "key",
        "token",
        "diagnos",
        "allerg",
        "medic",
        "prescri",
        "symptom",
        "immuni",
        "icd",
        "blood",
        "disab",
        "pregnan",
        "vaccin",
        "insured",
    ];
    AhoCorasickBuilder::new().ascii_case_insensitive(true).build(pieces).expect("the pieces are few and constant")
});

/// Names by their last words, the longest first where one ends the other.
const NAMES: &[(&[&str], Kind, &str)] = &[
    (&["email", "emailaddress", "mailaddress", "workemail", "useremail"], Kind::Personal, "email"),
    (
        &[
            "phone",
            "telephone",
            "fax",
            "msisdn",
            "phonenumber",
            "mobilenumber",
            "faxnumber",
            "telephonenumber",
            "cellphone",
            "mobilephone",
            "phoneno",
            "mobileno",
        ],
        Kind::Personal,
        "phone",
    ),
    (
        &[
            "firstname",
            "lastname",
            "surname",
            "familyname",
            "givenname",
            "middlename",
            "maidenname",
            "forename",
            "cardholdername",
            "accountholdername",
        ],
        Kind::Personal,
        "name",
    ),
    (
        &["birthday", "birthdate", "dob", "dateofbirth", "birthyear", "yearofbirth", "placeofbirth"],
        Kind::Personal,
        "birth",
    ),
    (
        &["gender", "ethnicity", "ethnicgroup", "religion", "maritalstatus", "sexualorientation"],
        Kind::Personal,
        "trait",
    ),
    (
        &[
            "ssn",
            "socialsecuritynumber",
            "passport",
            "passportnumber",
            "nationalid",
            "nationalidnumber",
            "taxid",
            "taxidentificationnumber",
            "taxfilenumber",
            "taxpayerid",
            "driverlicense",
            "driverlicensenumber",
            "driverslicensenumber",
            "nationality",
            "nationalinsurancenumber",
        ],
        Kind::Personal,
        "identity",
    ),
    (&["streetaddress"], Kind::Personal, "address"),
    (
        &[
            "remoteip",
            "clientip",
            "userip",
            "customerip",
            "visitorip",
            "shopperip",
            "buyerip",
            "clientipaddress",
            "useripaddress",
            "remoteipaddress",
            "customeripaddress",
        ],
        Kind::Personal,
        "location",
    ),
    (
        &["cardnumber", "creditcardnumber", "cvc", "cvv", "cvv2", "cvc2", "cardverificationvalue", "cardsecuritycode"],
        Kind::Payment,
        "card",
    ),
    (&["iban", "bankaccountnumber", "routingnumber", "sortcode", "bsbnumber"], Kind::Payment, "bank"),
    (
        &[
            "password",
            "passwd",
            "passphrase",
            "secret",
            "secretkey",
            "apikey",
            "apisecret",
            "accesstoken",
            "refreshtoken",
            "authtoken",
            "bearertoken",
            "sessiontoken",
            "privatekey",
            "signingkey",
            "encryptionkey",
            "secretaccesskey",
        ],
        Kind::Secret,
        "secret",
    ),
];

/// Words about health, wherever in a name.
const HEALTH: [&str; 19] = [
    "diagnosis",
    "diagnoses",
    "allergy",
    "allergies",
    "medication",
    "medications",
    "medical",
    "prescription",
    "prescriptions",
    "patient",
    "symptom",
    "symptoms",
    "immunization",
    "immunisation",
    "icd10",
    "bloodtype",
    "disability",
    "pregnant",
    "vaccination",
];

/// What a description may say instead of a name.
const SAID: [(&str, Kind, &str); 9] = [
    ("social security number", Kind::Personal, "identity"),
    ("passport number", Kind::Personal, "identity"),
    ("date of birth", Kind::Personal, "birth"),
    ("personally identifiable", Kind::Personal, "person"),
    ("email address of the", Kind::Personal, "email"),
    ("phone number of the", Kind::Personal, "phone"),
    ("credit card number", Kind::Payment, "card"),
    ("bank account number", Kind::Payment, "bank"),
    ("medical record", Kind::Health, "health"),
];

static SAYS: LazyLock<AhoCorasick> = LazyLock::new(|| {
    AhoCorasickBuilder::new()
        .ascii_case_insensitive(true)
        .build(SAID.map(|(phrase, ..)| phrase))
        .expect("the phrases are few and constant")
});

impl<'s> Around<'s> {
    /// The record of an entity, or of a field of that name.
    pub(crate) fn new(schemas: &'s Schemas, of: &str, record: SchemaId) -> Self {
        let fields = schemas.properties(record);
        Self { schemas, of: words(of), fields, person: OnceCell::new(), address: OnceCell::new() }
    }

    /// Its fields.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&'s str, SchemaId)> + '_ {
        self.fields.iter()
    }

    /// What this field of it is; nothing for most.
    pub(crate) fn judge(&self, name: &str, field: SchemaId) -> Option<Sensitive> {
        let schema = self.schemas.get(field);
        let schema = schema.items.map_or(schema, |items| self.schemas.get(items));
        let types = schema.types;
        let scalar = types.is_any() || types.has(TypeSet::STRING) || types.has(TypeSet::INTEGER);
        if !scalar || types.has(TypeSet::BOOLEAN) || types.has(TypeSet::OBJECT) || !schema.properties.is_empty() {
            return None;
        }
        let told = |kind, of, by| Some(Sensitive { kind, of, by });
        match schema.format.as_deref().unwrap_or("") {
            "email" | "idn-email" => return told(Kind::Personal, "email", "format"),
            "phone" | "tel" => return told(Kind::Personal, "phone", "format"),
            "password" => return told(Kind::Secret, "secret", "format"),
            "credit-card" => return told(Kind::Payment, "card", "format"),
            "iban" => return told(Kind::Payment, "bank", "format"),
            "uri" | "url" | "uri-reference" | "uuid" | "byte" | "binary" => return None,
            _ => {}
        }
        if WORTH.is_match(name)
            && let Some((kind, of)) = self.by_name(name, schema)
        {
            return told(kind, of, "name");
        }
        let textual = types.is_any() || types.has(TypeSet::STRING);
        let said = textual && schema.values.is_none() && !schema.description.is_empty() && !is_about_it(name);
        let found = said.then(|| SAYS.find(&schema.description)).flatten()?;
        // "The last four digits of the credit card number" are shown to everybody.
        let partly = ["last four", "last 4", "first six", "first 6", "masked", "truncated"]
            .iter()
            .any(|w| says(&schema.description, w));
        let (_, kind, of) = SAID.get(found.pattern().as_usize()).filter(|_| !partly)?;
        told(*kind, of, "description")
    }

    fn by_name(&self, name: &str, schema: &Schema) -> Option<(Kind, &'static str)> {
        let mut parts = words(name);
        if let Some(last) = parts.last_mut() {
            *last = singular(last);
        }
        let joined = |n: usize| parts.get(parts.len().checked_sub(n)?..).map(<[String]>::concat);
        let tails: Vec<String> = (1..=4).filter_map(joined).collect();
        let ends = |name: &str| tails.iter().any(|t| t == name);
        let named = NAMES.iter().find(|(names, ..)| names.iter().any(|n| ends(n)));
        if let Some((_, kind, of)) = named {
            // One of a few words is no address and no number; a gender is.
            let public = *kind == Kind::Secret && parts.iter().any(|w| w == "public" || w == "publishable");
            let fits = (schema.values.is_none() || *of == "trait") && !public;
            return fits.then_some((*kind, *of));
        }
        let last = parts.last()?;
        let dated = schema.format.as_deref().is_some_and(|f| f.starts_with("date"));
        if schema.values.is_some() || dated || schema.types.has(TypeSet::INTEGER) && last != "number" {
            return None;
        }
        if parts.iter().any(|w| HEALTH.contains(&w.as_str())) && !ABOUT_IT.contains(&last.as_str()) {
            return Some((Kind::Health, "health"));
        }
        let whole = parts.concat();
        let first = parts.first().map_or("", String::as_str);
        match last.as_str() {
            "to" | "from" | "cc" | "bcc" if first == "email" => Some((Kind::Personal, "email")),
            "mobile" if self.is_person() => Some((Kind::Personal, "phone")),
            "name" if whole == "name" && self.is_somebody() => Some((Kind::Personal, "name")),
            "fullname" | "holdername" if self.is_person() => Some((Kind::Personal, "name")),
            "name" if ends("fullname") && self.is_person() => Some((Kind::Personal, "name")),
            "sex" | "idnumber" if self.is_person() => Some((Kind::Personal, "identity")),
            "street" | "street1" | "street2" | "address1" | "address2" | "line1" | "line2" | "addressline1"
            | "addressline2" | "zip" | "zipcode" | "postcode" | "postalcode"
                if self.is_address() =>
            {
                Some((Kind::Personal, "address"))
            }
            "code" if (ends("postalcode") || ends("zipcode")) && self.is_address() => Some((Kind::Personal, "address")),
            "1" | "2" if matches!(first, "address" | "street" | "line") && self.is_address() => {
                Some((Kind::Personal, "address"))
            }
            "ip" | "ipaddress" | "latitude" | "longitude" if self.is_person() => Some((Kind::Personal, "location")),
            "address" if ends("ipaddress") && self.is_person() => Some((Kind::Personal, "location")),
            "number" if whole == "number" && self.is_of(&["card"]) => Some((Kind::Payment, "card")),
            "number" | "accountnumber" if ends("accountnumber") && self.is_of(&["bank", "ach", "iban", "payout"]) => {
                Some((Kind::Payment, "bank"))
            }
            "pan" if self.is_of(&["card"]) => Some((Kind::Payment, "card")),
            _ => None,
        }
    }

    fn is_of(&self, of: &[&str]) -> bool {
        self.of.iter().any(|w| of.contains(&w.as_str()))
    }

    /// It is called like a person.
    fn is_somebody(&self) -> bool {
        self.of.last().is_some_and(|w| PEOPLE.contains(&singular(w).as_str()))
    }

    /// It is called like a person, or has what only people have.
    fn is_person(&self) -> bool {
        *self.person.get_or_init(|| {
            self.is_somebody()
                || self.fields.iter().any(|(name, id)| {
                    const OWN: [&str; 7] =
                        ["email", "first_name", "firstname", "last_name", "lastname", "given_name", "givenname"];
                    // "email: true" is a switch.
                    OWN.iter().any(|own| name.eq_ignore_ascii_case(own))
                        && !self.schemas.get(id).types.has(TypeSet::BOOLEAN)
                })
        })
    }

    /// At least two fields of it are parts of a postal address.
    fn is_address(&self) -> bool {
        const PARTS: [&str; 16] = [
            "city",
            "street",
            "line1",
            "address1",
            "addressline1",
            "country",
            "postalcode",
            "zip",
            "zipcode",
            "postcode",
            "state",
            "region",
            "countrycode",
            "province",
            "streetaddress",
            "town",
        ];
        *self.address.get_or_init(|| {
            let part = |name: &&str| PARTS.contains(&super::path::norm(name).as_str());
            self.fields.keys().filter(|name| part(name)).take(2).count() == 2
        })
    }
}

fn is_about_it(name: &str) -> bool {
    words(name).last().is_some_and(|w| ABOUT_IT.contains(&singular(w).as_str()))
}

#[cfg(test)]
mod tests {
    use super::super::system_of;
    use super::*;

    /// What the fields of an entity are, each with what told it.
    fn told(entity: &str, fields: &str) -> Vec<String> {
        let text = format!(
            "openapi: 3.1.0\ninfo: {{title: T, version: '1'}}\npaths: {{'/rs/{{id}}': {{get: {{responses: {{'200': {{description: ok, content: \
             {{application/json: {{schema: {{$ref: '#/components/schemas/R'}}}}}}}}}}}}}}}}\ncomponents: {{schemas: {{R: {{type: object, properties: {{{fields}}}}}}}}}\n"
        );
        let system = system_of(&text);
        let id = system.operations[0].record.expect("the record");
        let around = Around::new(&system.schemas, entity, id);
        let judge =
            |(name, id)| around.judge(name, id).map(|s| format!("{name}: {} {} {}", s.kind.as_str(), s.of, s.by));
        around.fields().filter_map(judge).collect()
    }

    #[test]
    fn a_format_a_name_or_a_description_tells() {
        let told = told(
            "customer",
            "a: {type: string, format: email}, work_email: {type: string}, lastName: {type: string}, \
             taxId: {type: string}, mobile_phone: {type: string}, api_key: {type: string}, iban: {type: string}, \
             icd10: {type: string}, number: {type: string, description: The social security number.}",
        );
        let expected = [
            "a: personal email format",
            "work_email: personal email name",
            "lastName: personal name name",
            "taxId: personal identity name",
            "mobile_phone: personal phone name",
            "api_key: secret secret name",
            "iban: payment bank name",
            "icd10: health health name",
            "number: personal identity description",
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn what_only_tells_about_it_is_none() {
        let none = told(
            "channel",
            "email_type: {type: string}, phone_number_sid: {type: string}, last_pin_timestamp: {type: string}, \
             mobile_network_code: {type: string}, email: {type: boolean}, invoiceEmailTemplateSubject: {type: string}, \
             secret_expires_at: {type: string}, publicApiKey: {type: string}, full_name: {type: string}, cvc_check: {type: string}, \
             email_frequency: {type: string}, password: {type: string, enum: [a, b]}, zip: {type: string}, \
             ip: {type: string}, account_number: {type: string}, name: {type: string}, idempotency_key: {type: string}, \
             last4: {type: string, description: The last four digits of the credit card number.}",
        );
        assert_eq!(none, Vec::<String>::new());
    }

    #[test]
    fn neighbours_decide_what_a_name_leaves_open() {
        assert_eq!(told("user", "name: {type: string}, ip: {type: string}").len(), 2);
        assert_eq!(told("place", "zip: {type: string}, city: {type: string}"), ["zip: personal address name"]);
        assert_eq!(told("credit_card", "number: {type: string}"), ["number: payment card name"]);
        assert_eq!(told("bank_account", "account_number: {type: string}"), ["account_number: payment bank name"]);
    }
}
