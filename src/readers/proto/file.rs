//! A `.proto` file as it was parsed. Texts are slices of the file, as written.

use std::borrow::Cow;

/// One file.
#[derive(Debug, Default)]
pub(super) struct File<'d> {
    /// `proto3`, `2023`; empty where the file says nothing, which means proto2.
    pub(super) syntax: Cow<'d, str>,
    pub(super) package: &'d str,
    pub(super) imports: Vec<Import<'d>>,
    /// Nested ones too, each after the one around it.
    pub(super) types: Vec<Type<'d>>,
    pub(super) services: Vec<Service<'d>>,
    pub(super) options: Options<'d>,
    /// What could not be read: the byte, and why.
    pub(super) faults: Vec<(usize, &'static str)>,
}

#[derive(Debug)]
pub(super) struct Import<'d> {
    pub(super) path: Cow<'d, str>,
    pub(super) at: usize,
}

/// A message or an enumeration.
#[derive(Debug)]
pub(super) struct Type<'d> {
    /// Within its package: `Book`, `Book.Chapter`.
    pub(super) name: String,
    pub(super) comment: &'d str,
    pub(super) options: Options<'d>,
    pub(super) body: Body<'d>,
}

#[derive(Debug)]
pub(super) enum Body<'d> {
    Message(Vec<Field<'d>>),
    Enum(Vec<&'d str>),
}

/// How often a field may occur, or what it is a part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Label<'d> {
    /// None is written.
    Plain,
    Optional,
    Required,
    Repeated,
    /// A map with keys of this type.
    Map(&'d str),
    /// One of a group of which one at most is set; its name.
    OneOf(&'d str),
}

#[derive(Debug)]
pub(super) struct Field<'d> {
    pub(super) name: &'d str,
    pub(super) label: Label<'d>,
    /// As written: `string`, `Chapter`, `.library.v1.Book`.
    pub(super) of: &'d str,
    pub(super) comment: &'d str,
    pub(super) options: Options<'d>,
}

#[derive(Debug)]
pub(super) struct Service<'d> {
    pub(super) name: &'d str,
    pub(super) comment: &'d str,
    pub(super) options: Options<'d>,
    pub(super) rpcs: Vec<Rpc<'d>>,
}

#[derive(Debug)]
pub(super) struct Rpc<'d> {
    pub(super) name: &'d str,
    pub(super) input: &'d str,
    pub(super) output: &'d str,
    /// Requests, or answers, come one after another.
    pub(super) streams: bool,
    pub(super) comment: &'d str,
    pub(super) options: Options<'d>,
}

/// One option: `(google.api.http).get = "/v1/books"`.
#[derive(Debug)]
pub(super) struct Assigned<'d> {
    /// `google.api.http`; of an option without parentheses its first word.
    pub(super) name: &'d str,
    /// `get`; empty where the whole option is set.
    pub(super) inside: &'d str,
    pub(super) value: Value<'d>,
}

/// Options as written, in order.
#[derive(Debug, Default)]
pub(super) struct Options<'d>(pub(super) Vec<Assigned<'d>>);

/// The value of an option.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value<'d> {
    /// A name or a number, as written.
    Bare(&'d str),
    Text(Cow<'d, str>),
    /// Text format: names may occur more than once.
    Message(Vec<(&'d str, Self)>),
    List(Vec<Self>),
}

impl<'d> Value<'d> {
    /// A scalar as text.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Bare(text) => Some(text),
            Self::Text(text) => Some(text),
            Self::Message(_) | Self::List(_) => None,
        }
    }

    /// All values under a name; those of a list one by one.
    pub(super) fn all<'v>(&'v self, name: &'v str) -> impl Iterator<Item = &'v Self> {
        let fields = if let Self::Message(fields) = self { fields.as_slice() } else { &[] };
        fields.iter().filter(move |(n, _)| *n == name).flat_map(|(_, v)| v.each())
    }

    /// The items of a list, or the value itself.
    pub(super) fn each(&self) -> std::slice::Iter<'_, Self> {
        if let Self::List(items) = self { items.iter() } else { std::slice::from_ref(self).iter() }
    }
}

impl<'d> Options<'d> {
    /// All values of an option, those of a list one by one: `google.api.field_behavior`.
    pub(super) fn all<'o>(&'o self, name: &'o str) -> impl Iterator<Item = &'o Value<'d>> {
        self.0.iter().filter(move |o| o.name == name && o.inside.is_empty()).flat_map(|o| o.value.each())
    }

    /// The scalar of an option.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().filter(|o| o.name == name && o.inside.is_empty()).find_map(|o| o.value.text())
    }

    /// Whether an option is switched on.
    pub(super) fn on(&self, name: &str) -> bool {
        self.text(name) == Some("true")
    }

    /// An option that is a message as one value, whether it is written whole or field by field; nothing where it is not set.
    pub(super) fn message(&self, name: &str) -> Option<Value<'d>> {
        let mut fields: Option<Vec<(&'d str, Value<'d>)>> = None;
        for option in self.0.iter().filter(|o| o.name == name) {
            let fields = fields.get_or_insert_default();
            match &option.value {
                Value::Message(own) if option.inside.is_empty() => fields.extend(own.iter().cloned()),
                other if !option.inside.is_empty() => fields.push((option.inside, other.clone())),
                _ => {}
            }
        }
        fields.map(Value::Message)
    }
}
