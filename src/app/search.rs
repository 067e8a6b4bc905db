//! Finds operations, entities and fields by words: BM25 over their names, paths and descriptions, with stems and a small
//! table of words that people use for one another. No model: the same question always finds the same things.

use std::collections::BTreeMap;

use bm25::{EmbedderBuilder, Scorer, Tokenizer};
use rust_stemmers::{Algorithm, Stemmer};

use super::search_words::{ALIKE, EMPTY, FORMS, PAIRS, PARTIES, VERBS};
use crate::base::text::words;
use crate::model::System;

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// An entity.
    Entity,
    /// An operation.
    Operation,
    /// A field of an entity.
    Field,
}

/// One thing that answers a question.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Hit {
    /// What it is.
    pub(super) kind: Kind,
    /// The entity, the operation's id, or the field.
    pub(super) name: String,
    /// The entity that a field belongs to.
    pub(super) of: Option<String>,
    /// Higher is better.
    pub(super) score: f32,
}

struct Stems(Stemmer);

impl Default for Stems {
    fn default() -> Self {
        Self(Stemmer::create(Algorithm::English))
    }
}

impl Stems {
    fn new() -> Self {
        Self::default()
    }

    fn of(&self, text: &str) -> Vec<String> {
        let mut all = words(text);
        all.retain(|w| !EMPTY.contains(&w.as_str()));
        all.into_iter().map(|w| self.0.stem(&w).into_owned()).collect()
    }
}

impl Tokenizer for Stems {
    fn tokenize(&self, text: &str) -> Vec<String> {
        self.of(text)
    }
}

/// A word, and its stem: a stem is not stemmed again, `employe` would become `employ`.
struct Word {
    word: String,
    stem: String,
}

impl Word {
    fn new(word: &str, stems: &Stems) -> Self {
        Self { word: word.to_owned(), stem: stems.0.stem(word).into_owned() }
    }
}

/// A question: for each word the word itself, and what may stand for it.
pub(super) struct Question {
    groups: Vec<(Word, Vec<Word>)>,
    /// It asks for somebody.
    who: bool,
    /// It asks to do something.
    verb: bool,
}

impl Question {
    /// Reads a question or a goal.
    pub(super) fn of(text: &str) -> Self {
        let stems = Stems::new();
        let lower = text.to_lowercase();
        let mut asked = words(text);
        for (two, one) in PAIRS.iter().filter(|(two, _)| lower.contains(two)) {
            asked.extend(words(one));
            asked.retain(|w| !two.split(' ').any(|half| half == w));
        }
        for word in &mut asked {
            if let Some((_, verb)) = FORMS.iter().find(|(form, _)| form == word) {
                *word = (*verb).to_owned();
            }
        }
        let is_who = |w: &String| matches!(w.as_str(), "who" | "whom" | "whose");
        let who = asked.iter().any(is_who);
        // "How do we send it" as well as "send it"; in "who sent it" the verb only tells of whom.
        let verb =
            !who && asked.iter().find(|w| !EMPTY.contains(&w.as_str())).is_some_and(|w| VERBS.contains(&w.as_str()));
        let mut groups: Vec<(Word, Vec<Word>)> = Vec::new();
        for word in asked.iter().filter(|w| !is_who(w) && !EMPTY.contains(&w.as_str())) {
            let word = Word::new(word, &stems);
            if groups.iter().any(|(known, _)| known.stem == word.stem) {
                continue;
            }
            let row = ALIKE.iter().find(|row| row.first().is_some_and(|w| stems.0.stem(w) == word.stem));
            let alike = row.iter().flat_map(|r| r.iter().skip(1)).map(|w| Word::new(w, &stems)).collect();
            groups.push((word, alike));
        }
        if who && groups.is_empty() {
            groups.push((Word::new("person", &stems), PARTIES.iter().map(|w| Word::new(w, &stems)).collect()));
        }
        Self { groups, who, verb }
    }

    /// How near an entity's name is: 2 where the question names it, 1 where it says it in other words, else 0.
    pub(super) fn names(&self, entity: &str) -> u8 {
        let stems = Stems::new().of(entity);
        let direct = self.groups.iter().any(|(word, _)| stems.contains(&word.stem));
        let alike = || self.groups.iter().any(|(_, alike)| alike.iter().any(|a| stems.contains(&a.stem)));
        if direct { 2 } else { u8::from(alike()) }
    }
}

impl Question {
    /// How much a name of only these words gains.
    fn covers(&self, name: &[String]) -> f32 {
        let direct = |w: &String| self.groups.iter().any(|(word, _)| word.stem == *w);
        let alike = |w: &String| self.groups.iter().any(|(_, alike)| alike.iter().any(|a| a.stem == *w));
        if name.iter().all(direct) {
            2.0
        } else if name.iter().all(|w| direct(w) || alike(w)) {
            1.5
        } else {
            1.0
        }
    }
}

/// What answers the question, best first.
pub(super) fn find(system: &System, question: &str) -> Vec<Hit> {
    let mut texts: Vec<String> = Vec::new();
    let mut hits: Vec<Hit> = Vec::new();
    let mut add = |kind, name: &str, of: Option<&str>, text: String| {
        hits.push(Hit { kind, name: name.to_owned(), of: of.map(str::to_owned), score: 0.0 });
        texts.push(text);
    };
    for entity in system.entities.values() {
        let schema = entity.schema.map(|s| system.schemas.get(s));
        let about = schema.map_or("", |s| s.description.as_str());
        let named = schema.and_then(|s| s.name.as_deref()).unwrap_or("");
        let name = &entity.name;
        add(Kind::Entity, name, None, format!("{name} {name} {named} {about}"));
        for (field, id) in entity.schema.map(|s| system.schemas.properties(s)).unwrap_or_default() {
            let about = &system.schemas.get(id).description;
            add(Kind::Field, field, Some(name), format!("{field} {field} {about}"));
        }
    }
    for o in &system.operations {
        let entity = o.entity.as_deref().unwrap_or("");
        let (_, path) = o.as_resource();
        let parameters: Vec<&str> = o.parameters.iter().map(|p| p.name.as_str()).collect();
        let text = format!("{} {path} {entity} {} {} {}", o.id, o.action.as_str(), o.summary, parameters.join(" "));
        add(Kind::Operation, &o.id, None, text);
    }
    let asked = Question::of(question);
    let corpus: Vec<&str> = texts.iter().map(String::as_str).collect();
    // The mean length is near enough for all: what matters is that long texts do not win by length.
    let mean = corpus.iter().take(500).map(|t| t.split_whitespace().count()).sum::<usize>() as f32;
    let mean = (mean / corpus.len().clamp(1, 500) as f32).max(1.0);
    let embedder = EmbedderBuilder::<u32, Stems>::with_avgdl(mean).tokenizer(Stems::new()).build();
    let mut scorer: Scorer<u32> = Scorer::new();
    for (i, text) in corpus.iter().enumerate() {
        scorer.upsert(&u32::try_from(i).unwrap_or(u32::MAX), embedder.embed(text));
    }
    let mut scores: BTreeMap<u32, f32> = BTreeMap::new();
    let is_field = |id: u32| hits.get(id as usize).is_some_and(|h| h.kind == Kind::Field);
    for (asked, alike) in &asked.groups {
        // Within one word's group the best counts: three other words for one thing are not three things.
        let mut best: BTreeMap<u32, f32> = BTreeMap::new();
        for (word, own) in std::iter::once((asked, true)).chain(alike.iter().map(|a| (a, false))) {
            for found in scorer.matches(&embedder.embed(&word.word)) {
                // Another word for a thing is seldom the name of one of its properties.
                let weight = if own {
                    1.0
                } else if is_field(found.id) {
                    0.25
                } else {
                    0.5
                };
                let score = best.entry(found.id).or_default();
                *score = score.max(found.score * weight);
            }
        }
        for (id, score) in best {
            *scores.entry(id).or_default() += score;
        }
    }
    let literal = question.trim().to_lowercase();
    let stems = Stems::new();
    let parties: Vec<String> = PARTIES.iter().map(|p| stems.0.stem(p).into_owned()).collect();
    for (i, hit) in hits.iter_mut().enumerate() {
        let score = scores.get(&u32::try_from(i).unwrap_or(u32::MAX)).copied().unwrap_or(0.0);
        let of_kind = match hit.kind {
            Kind::Entity => 1.3,
            Kind::Operation => {
                if asked.verb {
                    2.0
                } else {
                    1.0
                }
            }
            // Neither "who" nor "send it" asks for a property.
            Kind::Field => {
                if asked.who || asked.verb {
                    0.3
                } else {
                    0.8
                }
            }
        };
        // Called by nothing but what was asked for: the customer before the project's customer.
        let called = if hit.kind == Kind::Entity { asked.covers(&stems.of(&hit.name)) } else { 1.0 };
        // "Who" asks for somebody: an entity that is somebody, named as such.
        let party = asked.who
            && hit.kind == Kind::Entity
            && score > 0.0
            && stems.of(&hit.name).last().is_some_and(|s| parties.contains(s));
        let exact = hit.name.to_lowercase() == literal;
        let operation = (hit.kind == Kind::Operation).then(|| system.operation(&hit.name)).flatten();
        let by_path = literal.contains('/')
            && operation.is_some_and(|o| {
                let path = o.path.to_lowercase();
                path == literal
                    || format!("{} {path}", o.method.as_str().to_lowercase()) == literal
                    || path.contains(&literal)
            });
        hit.score = score * of_kind * called * if party { 3.0 } else { 1.0 }
            + if exact { 100.0 } else { 0.0 }
            + if by_path { 50.0 } else { 0.0 };
    }
    let mut found: Vec<Hit> = hits.into_iter().filter(|h| h.score > 0.0).collect();
    found.sort_by(|a, b| b.score.total_cmp(&a.score));
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::readers::read_bytes;

    fn shop() -> System {
        let text = r"
openapi: 3.1.0
info: {title: Shop, version: '1'}
paths:
  /customers:
    get:
      operationId: listCustomers
      summary: Everybody with an account
      responses: {'200': {description: ok, content: {application/json: {schema: {type: array, items: {$ref: '#/components/schemas/Customer'}}}}}}
  /invoices:
    get:
      operationId: listInvoices
      responses: {'200': {description: ok, content: {application/json: {schema: {type: array, items: {$ref: '#/components/schemas/Invoice'}}}}}}
    post: {operationId: createInvoice, responses: {'200': {description: ok}}}
  /warehouses/{id}/stock:
    get: {operationId: getStock, parameters: [{name: id, in: path, required: true, schema: {type: string}}], responses: {'200': {description: ok}}}
components:
  schemas:
    Customer: {type: object, properties: {id: {type: string}, email: {type: string}, mobile: {type: string}}}
    Invoice: {type: object, properties: {id: {type: string}, due_at: {type: string, format: date-time}}}
";
        read_bytes(text.as_bytes(), "shop.yaml").system.expect("a description")
    }

    fn first(question: &str) -> String {
        find(&shop(), question).first().map(|h| h.name.clone()).unwrap_or_default()
    }

    #[test]
    fn questions_find_what_they_mean() {
        for (question, expected) in [
            ("who do we bill?", "customer"),
            ("customers", "customer"),
            ("phone number", "mobile"),
            ("how much is in inventory", "stock"),
            ("/warehouses/{id}", "getStock"),
            ("createInvoice", "createInvoice"),
        ] {
            assert_eq!(first(question), expected, "{question}: {:?}", find(&shop(), question));
        }
        // Of what can be done with the thing, that which the verb means comes first.
        let operation = find(&shop(), "adding invoices").into_iter().find(|h| h.kind == Kind::Operation);
        assert_eq!(operation.map(|h| h.name), Some("createInvoice".to_owned()));
        assert_eq!(find(&shop(), "quasar"), Vec::new());
        assert_eq!(find(&shop(), ""), Vec::new());
    }

    #[test]
    fn a_goal_names_entities_directly_or_in_other_words() {
        let goal = Question::of("keep CRM contacts in step with billing clients");
        assert_eq!((goal.names("contact"), goal.names("customer"), goal.names("warehouse")), (2, 1, 0));
    }
}
