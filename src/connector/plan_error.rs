//! What can be missing when a flow is planned.

/// Why a flow cannot be planned. The checks say most of this earlier and with a place in the file; this is for the
/// caller who skipped them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// The contract has no such flow.
    #[error("the contract has no flow {flow}{hint}")]
    NoFlow {
        /// Asked for.
        flow: String,
        /// `; did you mean …?` or nothing.
        hint: String,
    },
    /// A flow names a system that is not declared or not read.
    #[error("flow {flow} names system {system}; declare it under systems, with an api that can be read")]
    NoSystem {
        /// The flow.
        flow: String,
        /// The system.
        system: String,
    },
    /// A system has no such operation.
    #[error("{system} has no operation {operation}{hint}")]
    NoOperation {
        /// The system.
        system: String,
        /// Asked for.
        operation: String,
        /// `; did you mean …?` or nothing.
        hint: String,
    },
    /// Nobody says where the system is.
    #[error("no base URL is known for {system}; set systems.{system}.base_url")]
    NoBaseUrl {
        /// The system.
        system: String,
    },
    /// A path that would be glued to the host: `@evil.example/x`, `.evil.example/x`.
    #[error(
        "{operation} of {system} has the path {path}, which does not start with a slash; mend it in the description"
    )]
    PathWithoutSlash {
        /// The system.
        system: String,
        /// The operation.
        operation: String,
        /// As the description has it.
        path: String,
    },
    /// A bulk write whose description does not say where records and results lie.
    #[error(
        "{operation} of {system} does not take one list of records and answer with one list of results; write record by record"
    )]
    NoBulk {
        /// The system.
        system: String,
        /// The operation.
        operation: String,
    },
    /// The base URL is none.
    #[error("the base URL of {system} is no absolute http or https URL without user, query and fragment: {url}")]
    BadBaseUrl {
        /// The system.
        system: String,
        /// As given.
        url: String,
    },
    /// The security scheme is not declared by the description.
    #[error("{system} has no security scheme {scheme}{hint}")]
    NoScheme {
        /// The system.
        system: String,
        /// Asked for.
        scheme: String,
        /// `; did you mean …?` or nothing.
        hint: String,
    },
    /// A field of `auth` is missing or holds a value.
    #[error("systems.{system}.auth.{field} {because}")]
    Auth {
        /// The system.
        system: String,
        /// The field.
        field: &'static str,
        /// `must be a reference such as env:NAME` …
        because: String,
    },
    /// A way to authenticate that the runtime does not have.
    #[error(
        "{system} authenticates by {kind}, which the connector cannot do; choose another scheme of the description"
    )]
    UnsupportedAuth {
        /// The system.
        system: String,
        /// The kind.
        kind: String,
    },
    /// The records of a list cannot be located.
    #[error(
        "{operation} of {system}: the description does not tell where a list of records lies in its answer; choose one that lists, or set source.paginate.items"
    )]
    NoItems {
        /// The system.
        system: String,
        /// The operation.
        operation: String,
    },
    /// Pagination lacks what its style needs.
    #[error("{operation} of {system} is paged by {style}, but {missing} is not known; set source.paginate.{missing}")]
    Pages {
        /// The system.
        system: String,
        /// The operation.
        operation: String,
        /// The style.
        style: &'static str,
        /// `param` or `next`.
        missing: &'static str,
    },
    /// What pages a list is no single value in the body of its request.
    #[error(
        "{operation} of {system} is asked for its pages by {name} of the request's body, which takes a list or an object; the connector sends one text or number there. Read a list whose cursor is one value"
    )]
    BodyField {
        /// The system.
        system: String,
        /// The operation.
        operation: String,
        /// The field, by its dotted path.
        name: String,
    },
    /// A placeholder in the path has no value.
    #[error("{operation} of {system} needs a value for {{{name}}} in its path; set it under params")]
    PathParam {
        /// The system.
        system: String,
        /// The operation.
        operation: String,
        /// The placeholder.
        name: String,
    },
    /// A fixed parameter that no operation of the flow's side knows.
    #[error("{system}: no operation that the flow uses has a parameter {name}{hint}")]
    NoParam {
        /// The system.
        system: String,
        /// The parameter.
        name: String,
        /// `; did you mean …?` or nothing.
        hint: String,
    },
    /// No parameter of the search takes the natural key.
    #[error("{operation} of {system} has no query parameter for {key}{hint}; choose a search that filters by it")]
    NoFindParam {
        /// The system.
        system: String,
        /// The search.
        operation: String,
        /// The natural key.
        key: String,
        /// What parameters there are.
        hint: String,
    },
    /// An operation on one record has no place for its key.
    #[error("{operation} of {system} has no placeholder in its path for the key of the record; choose one that has")]
    NoKeyInPath {
        /// The system.
        system: String,
        /// The operation.
        operation: String,
    },
    /// The webhook lacks something.
    #[error("the webhook of {system}: {because}")]
    Webhook {
        /// The system.
        system: String,
        /// What, and where to set it.
        because: String,
    },
    /// A body that the runtime cannot write.
    #[error("{operation} of {system} takes {content_type}; the connector writes JSON and forms")]
    MediaType {
        /// The system.
        system: String,
        /// The operation.
        operation: String,
        /// The media type.
        content_type: String,
    },
    /// A write by GraphQL.
    #[error("{operation} of {system} writes by GraphQL; this release reads from GraphQL and does not write to it")]
    GraphqlWrite {
        /// The system.
        system: String,
        /// The operation.
        operation: String,
    },
    /// Deletions are to be carried over, and something for it is not known.
    #[error("flow {flow} carries deletions over: {because}")]
    Deletes {
        /// The flow.
        flow: String,
        /// What is missing, and where to set it.
        because: String,
    },
    /// Changes are to be followed by a token where that cannot be done.
    #[error("flow {flow} follows changes by a token: {because}")]
    Feed {
        /// The flow.
        flow: String,
        /// Why not, and what to do.
        because: String,
    },
    /// A field that the flow needs and the GraphQL schema does not have there, an object without end that is mapped as a
    /// whole, or one field too many.
    #[error("{operation} of {system} cannot be asked for {path}; map single fields that the schema has")]
    NotAskable {
        /// The system.
        system: String,
        /// The operation.
        operation: String,
        /// The field.
        path: String,
    },
}
