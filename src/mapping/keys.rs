//! The secret keys that transforms work with. A compiled mapping holds references to them and works with a test key; a run
//! puts the real ones in before its first record.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Mapping;
use super::rule::{Rule, Source, Step};
use crate::base::secret::{Secret, SecretRef};

/// Why a mapping cannot be given its keys.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// There is no such key.
    #[error("{because}")]
    Missing {
        /// What the contract names.
        reference: SecretRef,
        /// Why it cannot be read.
        because: String,
    },
    /// The key is not fit for its transform.
    #[error("{reference} {because}")]
    Unfit {
        /// What the contract names.
        reference: SecretRef,
        /// What is wrong with it, without it.
        because: String,
    },
}

impl Mapping {
    /// The references to keys that transforms name, each once, sorted.
    #[must_use]
    pub fn key_refs(&self) -> Vec<SecretRef> {
        let mut all: Vec<SecretRef> = Vec::new();
        self.each_step(&mut |step| all.extend(step.op.key().cloned()));
        all.sort_by_key(ToString::to_string);
        all.dedup();
        all
    }

    /// The same mapping with its keys; `resolve` is asked once for each.
    ///
    /// # Errors
    /// The first key that cannot be read, or is not fit for its transform.
    pub fn keyed(&self, mut resolve: impl FnMut(&SecretRef) -> Result<Secret, String>) -> Result<Self, KeyError> {
        let mut keys = BTreeMap::new();
        for reference in self.key_refs() {
            let missing = |because| KeyError::Missing { reference: reference.clone(), because };
            keys.insert(reference.to_string(), resolve(&reference).map_err(missing)?);
        }
        let mut keyed = self.clone();
        keyed.put_in(&keys)?;
        Ok(keyed)
    }

    fn each_step(&self, see: &mut dyn FnMut(&Step)) {
        self.rules.iter().for_each(|rule| rule.each_step(see));
    }

    fn put_in(&mut self, keys: &BTreeMap<String, Secret>) -> Result<(), KeyError> {
        self.rules.iter_mut().try_for_each(|rule| rule.put_in(keys))
    }
}

impl Rule {
    fn each_step(&self, see: &mut dyn FnMut(&Step)) {
        self.steps.iter().for_each(&mut *see);
        match &self.source {
            Source::When(when) => when.rules().for_each(|rule| rule.each_step(see)),
            Source::Each(each) => {
                each.then.iter().for_each(&mut *see);
                if let Some(map) = &each.map {
                    map.each_step(see);
                }
            }
            _ => {}
        }
    }

    fn put_in(&mut self, keys: &BTreeMap<String, Secret>) -> Result<(), KeyError> {
        self.steps.iter_mut().try_for_each(|step| step.put_in(keys))?;
        match &mut self.source {
            Source::When(when) => {
                when.cases.iter_mut().try_for_each(|case| case.then.put_in(keys))?;
                when.otherwise.iter_mut().try_for_each(|rule| rule.put_in(keys))
            }
            Source::Each(each) => {
                each.then.iter_mut().try_for_each(|step| step.put_in(keys))?;
                each.map.iter_mut().try_for_each(|map| map.put_in(keys))
            }
            _ => Ok(()),
        }
    }
}

impl Step {
    fn put_in(&mut self, keys: &BTreeMap<String, Secret>) -> Result<(), KeyError> {
        let Some(reference) = self.op.key() else { return Ok(()) };
        let Some(key) = keys.get(&reference.to_string()) else { return Ok(()) };
        let unfit = |because| KeyError::Unfit { reference: reference.clone(), because };
        if let Some(op) = self.op.keyed(key).map_err(unfit)? {
            self.op = Arc::clone(&op);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::yaml::{Limits, parse};
    use crate::mapping::compile;
    use serde_json::json;

    #[test]
    fn every_place_of_a_key_gets_it() {
        let step = |name: &str| format!("{{pseudonym: {{key: env:{name}, length: 20}}}}");
        let (a, b) = (step("A"), step("B"));
        let yaml = format!(
            "t: {{from: v, with: [{a}]}}\nw: {{when: [{{if: v, present: true, then: {{from: v, with: [{a}]}}}}], \
             otherwise: {{from: v, with: [{b}]}}}}\ne: {{each: l, map: {{x: {{from: v, with: [{a}]}}}}}}\n\
             o: {{each: s, with: [{b}]}}\n"
        );
        let node = parse(&yaml, Limits::default()).expect("yaml");
        let (mapping, findings) = compile(node.entries().expect("entries"), "x");
        assert_eq!(findings, []);
        let names: Vec<String> = mapping.key_refs().iter().map(ToString::to_string).collect();
        assert_eq!(names, ["env:A", "env:B"]);
        let record = json!({"v": "ada", "l": [{"v": "ada"}], "s": ["ada"]});
        let test = mapping.apply(&record).expect("mapped");
        let resolve = |r: &SecretRef| Ok(Secret::new(r.to_string().repeat(8)));
        let real = mapping.keyed(resolve).expect("keys").apply(&record).expect("mapped");
        for place in ["/t", "/w", "/e/0/x", "/o/0"] {
            assert!(test.pointer(place).is_some() && test.pointer(place) != real.pointer(place), "{place}");
        }
        assert_eq!(real.pointer("/t"), real.pointer("/e/0/x"), "one key, one pseudonym");
        assert_ne!(real.pointer("/t"), real.pointer("/o/0"), "two keys, two pseudonyms");
        let lacking = mapping.keyed(|r| Err(format!("{r} is not set"))).map(|_| ());
        let reference = SecretRef::Env("A".to_owned());
        assert_eq!(lacking, Err(KeyError::Missing { reference, because: "env:A is not set".to_owned() }));
        assert!(mapping.keyed(|_| Ok(Secret::new("short".to_owned()))).is_err());
    }
}
