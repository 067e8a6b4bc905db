//! The format of `integration.yaml` as tables: the parser checks against them, the JSON Schema is made from them.
//! What the format has but this release does not run is in the tables too, so that it is said and not swallowed.

/// What a value must look like.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape {
    /// Any text.
    Text,
    /// The one `apiVersion`.
    Version,
    /// Lower-case words joined by hyphens.
    Kebab,
    /// Name of a header: a token, RFC 9110 section 5.6.2.
    Header,
    /// A secret's place: `env:NAME` or `file:PATH`. The parser takes any text; law 8 is a check of its own.
    Reference,
    /// `500ms`, `10s`, `5m`, `1h`.
    Duration,
    /// A duration, or a mapping.
    DurationOr(&'static Table),
    /// `100/10s`.
    Rate,
    /// A whole number within bounds.
    Count(u64, u64),
    /// 0 to 100.
    Percent,
    /// `true` or `false`.
    Flag,
    /// One of the words; the second list is not in this release, each with what to use instead.
    Word(&'static [&'static str], &'static [(&'static str, &'static str)]),
    /// A list of texts.
    Texts,
    /// Name to text, number or flag.
    Scalars,
    /// Target path to rule; the mapping room reads it.
    Rules,
    /// A mapping with these keys.
    Table(&'static Table),
    /// One text, which stands for the operation, or a mapping.
    TextOr(&'static Table),
    /// A mapping with these keys, or a list of such.
    TableOrList(&'static Table),
    /// One of the words, or a mapping.
    WordOr(&'static [&'static str], &'static Table),
    /// Name to mapping.
    Named(&'static Table),
    /// A list of mappings.
    List(&'static Table),
    /// Not in this release: what to use instead.
    Later(&'static str),
}

/// One key of a mapping.
#[derive(Debug)]
pub(super) struct Key {
    /// As written.
    pub(super) name: &'static str,
    /// What stands under it.
    pub(super) shape: Shape,
    /// Must be there.
    pub(super) required: bool,
    /// One line for editors.
    pub(super) doc: &'static str,
}

/// The keys of one mapping.
#[derive(Debug)]
pub(super) struct Table {
    /// The keys, in the order in which people write them.
    pub(super) keys: &'static [Key],
    /// Exactly one of these must be there.
    pub(super) one_of: &'static [&'static str],
    /// At least one of these must be there.
    pub(super) any_of: &'static [&'static str],
}

impl Table {
    /// The key of this name.
    pub(super) fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|k| k.name == name)
    }

    /// The names of all keys that this release takes.
    pub(super) fn accepted(&self) -> impl Iterator<Item = &'static str> {
        self.keys.iter().filter(|k| !matches!(k.shape, Shape::Later(_))).map(|k| k.name)
    }
}

const fn must(name: &'static str, shape: Shape, doc: &'static str) -> Key {
    Key { name, shape, required: true, doc }
}

const fn may(name: &'static str, shape: Shape, doc: &'static str) -> Key {
    Key { name, shape, required: false, doc }
}

const fn table(keys: &'static [Key]) -> Table {
    Table { keys, one_of: &[], any_of: &[] }
}

/// Approvals are of the contract as a whole.
const NO_APPROVALS: Key =
    may("approvals", Shape::Later("move it to the top of the file: approvals are of the whole contract"), "");

const BARS: Shape = Shape::Word(&["any", "elicitation", "terminal", "signature"], &[]);

pub(super) static APPROVALS: Table = table(&[
    may("inferred_constraints", BARS, "Weakest channel that settles an inferred constraint; any where left out."),
    may("live_run", BARS, "Weakest channel that allows a live run: terminal (the default) or signature."),
    may("accept_risk", BARS, "Weakest channel that takes a risk: terminal (the default) or signature."),
    may(
        "signers",
        Shape::Text,
        "The team's allowed_signers file (OpenSSH), relative to this file. It counts where it is pinned from outside.",
    ),
]);

pub(super) static ROOT: Table = table(&[
    must("apiVersion", Shape::Version, "Version of this format."),
    must("name", Shape::Kebab, "Name of the integration, kebab-case."),
    must("why", Shape::Text, "What the integration is for, in one sentence."),
    must("owner", Shape::Text, "Who is paged."),
    must("systems", Shape::Named(&SYSTEM), "The systems, by the names that this file uses."),
    may("constraints", Shape::List(&CONSTRAINT), "What must hold, with its origin."),
    must("flows", Shape::Named(&FLOW), "The flows of records, by name."),
    may("approvals", Shape::Table(&APPROVALS), "Through which channel a person must decide what."),
    may("accepted", Shape::List(&ACCEPTED), "Findings that somebody takes as they are, each with a reason."),
]);

pub(super) static ACCEPTED: Table = table(&[
    must("code", Shape::Kebab, "Code of the finding."),
    must("at", Shape::Text, "Place in this file: flows.contacts.map.balance, or the name of a flow or system."),
    must("because", Shape::Text, "Why it is acceptable."),
    must("by", Shape::Text, "The person who accepts it."),
]);

pub(super) static SYSTEM: Table = table(&[
    must("api", Shape::Text, "API description: a path relative to this file; nothing is fetched over the network."),
    may(
        "overlays",
        Shape::Texts,
        "OpenAPI Overlay documents applied to the description, in order; paths relative to this file.",
    ),
    may("base_url", Shape::Text, "Base URL; the description's first server where it is left out."),
    may("auth", Shape::TableOrList(&AUTH), "How to authenticate; a list of schemes is sent together."),
    may(
        "ca",
        Shape::Reference,
        "Authority that the system's certificate must come from (PEM); this machine's where left out.",
    ),
]);

pub(super) static AUTH: Table = table(&[
    must(
        "scheme",
        Shape::Text,
        "Name of a security scheme of the description; where it declares none: bearer, basic, api_key or oauth2.",
    ),
    may("secret", Shape::Reference, "Token or key."),
    may("username", Shape::Reference, "User name of basic authentication."),
    may("password", Shape::Reference, "Password of basic authentication."),
    may("client_id", Shape::Reference, "OAuth 2 client id."),
    may("client_secret", Shape::Reference, "OAuth 2 client secret."),
    may(
        "refresh_token",
        Shape::Reference,
        "OAuth 2 refresh token, from a person's consent. file:PATH is rewritten when the server hands out a newer one.",
    ),
    may("scopes", Shape::Texts, "OAuth 2 scopes to ask for."),
    may("certificate", Shape::Reference, "Mutual TLS: the client's certificate, with those above it (PEM)."),
    may("key", Shape::Reference, "Mutual TLS: the private key of the certificate (PEM)."),
    may(
        "header",
        Shape::Header,
        "Header of the key, where the description declares no scheme and this one is api_key.",
    ),
    may("token_url", Shape::Text, "Token URL, where the description declares no scheme and this one is oauth2."),
]);

pub(super) static CONSTRAINT: Table = table(&[
    must("id", Shape::Kebab, "Handle, kebab-case."),
    must("kind", Shape::Word(&["hard", "soft", "inferred"], &[]), "How binding it is."),
    must("says", Shape::Text, "What must hold, in words."),
    may("origin", Shape::Text, "Where it comes from: system#/json/pointer, a document, a person."),
    may("owner", Shape::Text, "Who answers for it: a person or a team."),
    may("binds", Shape::Table(&BINDS), "What it is about; everything where it is left out."),
]);

pub(super) static BINDS: Table = table(&[
    may("systems", Shape::Texts, "Names under systems."),
    may("flows", Shape::Texts, "Names under flows."),
    may("fields", Shape::Texts, "Fields as system.path: billing.email."),
]);

pub(super) static FLOW: Table = table(&[
    must("source", Shape::Table(&SOURCE), "Where records come from."),
    must("target", Shape::Table(&TARGET), "Where records go."),
    must("map", Shape::Rules, "Target path to source path, or to a rule."),
    may("unmapped", Shape::Texts, "Source fields that are left out on purpose."),
    may("delivery", Shape::Table(&DELIVERY), "Order, retries, timeout, rate, breaker, dead letters."),
    may(
        "drift",
        Shape::Word(
            &["quarantine", "freeze"],
            &[(
                "ignore",
                "leave drift out, or write quarantine: new fields at the source are ignored either way, since no rule names them, and never reach the target; what else could be ignored is a record that no longer fits the mapping, and that would be lost without a word. quarantine keeps it as a dead letter, freeze stops the flow at it",
            )],
        ),
        "What happens when a record no longer fits: it is set aside, or the flow stops at it.",
    ),
    may(
        "fallback",
        Shape::Word(&["hold", "spool", "skip"], &[]),
        "What happens while the target is down: reading stops, goes on with records kept for later, or with records set aside.",
    ),
    may("slo", Shape::Table(&SLO), "What is promised."),
    NO_APPROVALS,
]);

pub(super) static SOURCE: Table = Table { keys: SOURCE_KEYS, one_of: &[], any_of: &["operation", "webhook"] };

const SOURCE_KEYS: &[Key] = &[
    must("system", Shape::Text, "A name under systems."),
    may("operation", Shape::Text, "operationId or \"METHOD /path\" of a list or search."),
    may(
        "file",
        Shape::Text,
        "Read this file (.jsonl, .ndjson or .csv) instead of calling the operation, which says what a record is; relative to this file.",
    ),
    may("every", Shape::Duration, "Time between polls; left out: run once."),
    must("key", Shape::Text, "Field of the record that identifies it."),
    may("paginate", Shape::WordOr(&["auto"], &PAGINATE), "How it is paged; auto: as the description says."),
    may("incremental", Shape::Table(&INCREMENTAL), "How only changes are read, by a field of the record."),
    may("feed", Shape::Table(&FEED), "How changes are followed, by a token that the last page of the list gives."),
    may(
        "deletes",
        Shape::WordOr(&["ignore", "tombstone", "sweep"], &DELETES),
        "What happens to records that are deleted at the source; tombstone: it marks them, sweep: they are listed no more.",
    ),
    may("params", Shape::Scalars, "Fixed values of parameters, by name."),
    may(
        "webhook",
        Shape::Table(&WEBHOOK),
        "The source sends events; with operation and every, a sweep finds what it never sent.",
    ),
];

pub(super) static DELETES: Table = table(&[
    must("by", Shape::Word(&["tombstone", "sweep"], &[]), "How it is known that a record is deleted."),
    may("field", Shape::Text, "tombstone: field that marks it; the description's own flag where left out."),
    may("is", Shape::Text, "tombstone: the value that marks it; any but false and none where left out."),
    may(
        "max_share",
        Shape::Percent,
        "sweep, and tombstone where the token of a feed was lost: most records that one pass deletes, in percent; 10 where left out.",
    ),
]);

pub(super) static DELETE: Table = table(&[
    must("operation", Shape::Text, "The operation; its last path parameter takes the target's key."),
    may("set", Shape::Scalars, "Fields to set instead of deleting: {archived: true}."),
]);

pub(super) static WEBHOOK: Table = table(&[
    must("event", Shape::Text, "Name of a webhook or callback of the description."),
    must("path", Shape::Text, "Path at which the connector receives it: /hooks/tills."),
    may("verify", Shape::Table(&VERIFY), "How an event is known to be the sender's."),
    may(
        "id",
        Shape::TextOr(&EVENT_ID),
        "Field of the payload that tells one event from another; known for most schemes.",
    ),
    may("record", Shape::Text, "Path of the record in the payload; the payload itself where left out."),
    may("version", Shape::Text, "Field of the record that orders its changes: events come in any order."),
]);

pub(super) static EVENT_ID: Table =
    table(&[must("header", Shape::Header, "Header that tells one event from another.")]);

pub(super) static VERIFY: Table = table(&[
    must("scheme", Shape::Word(&["standard-webhooks", "stripe", "github", "hmac"], &[]), "How events are signed."),
    must("secret", Shape::Reference, "Secret of the signature."),
    may("previous", Shape::Reference, "The secret before, while it is being replaced."),
    may("header", Shape::Header, "Header that carries the signature; known but for hmac."),
    may("encoding", Shape::Word(&["hex", "base64"], &[]), "Of an hmac signature; hex where left out."),
    may("prefix", Shape::Text, "What stands before an hmac signature: v0=."),
    may(
        "timestamp",
        Shape::Header,
        "Header with the time of signing, in seconds or milliseconds, where the sender of an hmac signs one.",
    ),
    may("signed", Shape::Text, "What an hmac with a timestamp is of; {timestamp}.{body} where left out."),
    may("tolerance", Shape::Duration, "How far the time of signing may lie from now, where the scheme has one."),
]);

pub(super) static PAGINATE: Table = table(&[
    must(
        "style",
        Shape::Word(&["cursor", "page", "offset", "link", "link_header", "link_body"], &[]),
        "How pages follow each other; link is link_header.",
    ),
    may(
        "param",
        Shape::Text,
        "Parameter that carries cursor, page number or offset; of a search that is a POST, the dotted path of a field of its body.",
    ),
    may("limit_param", Shape::Text, "Parameter that carries the page size, likewise."),
    may("limit", Shape::Count(1, 100_000), "Page size to ask for."),
    may("next", Shape::Text, "Dotted path of the next cursor or link in the answer."),
    may("items", Shape::Text, "Dotted path of the records in the answer."),
]);

pub(super) static INCREMENTAL: Table = table(&[
    must("field", Shape::Text, "Field of the record that orders changes."),
    must("param", Shape::Text, "Query parameter that takes the lower bound."),
    may(
        "overlap",
        Shape::Duration,
        "How far before the checkpoint each pass begins, e.g. 10m: for records that are committed late.",
    ),
]);

pub(super) static FEED: Table = table(&[
    must("token", Shape::Text, "Where the answer gives the token, from its root: nextSyncToken, @odata.deltaLink."),
    may("param", Shape::Text, "Query parameter that takes it; left out: the token is a URL, and is followed."),
]);

pub(super) static TARGET: Table = Table {
    keys: &[
        must("system", Shape::Text, "A name under systems."),
        may("upsert", Shape::Table(&UPSERT), "Find by natural key, then update or create."),
        may("put", Shape::TextOr(&PUT), "PUT to a key that the client chooses."),
        may("bulk", Shape::Table(&BULK), "Many records in one request, each updated or created by its natural key."),
        may("create", Shape::TextOr(&CREATE), "Create once."),
        may("delete", Shape::TextOr(&DELETE), "What deletes a record, where source.deletes carries deletions over."),
        may("params", Shape::Scalars, "Fixed values of parameters, by name."),
    ],
    one_of: &["upsert", "put", "bulk", "create"],
    any_of: &[],
};

pub(super) static UPSERT: Table = table(&[
    must("match", Shape::Text, "Target field that is the natural key; it must be mapped."),
    must("find", Shape::Text, "Search or list operation that takes it as a parameter."),
    must("create", Shape::Text, "Operation that creates."),
    must("update", Shape::Text, "Operation that updates."),
    may("idempotency", Shape::Table(&IDEMPOTENCY), "Idempotency key of the create operation."),
]);

pub(super) static PUT: Table = table(&[
    must("operation", Shape::Text, "The operation."),
    may("key", Shape::Text, "Target field that fills the last path parameter; the source key where left out."),
]);

pub(super) static BULK: Table = table(&[
    must("operation", Shape::Text, "An operation that takes a list of records and answers with one result for each."),
    must("key", Shape::Text, "Target field that is the natural key; it must be mapped."),
    may("size", Shape::Count(1, 10_000), "Most records in one request; 100 where left out."),
]);

pub(super) static CREATE: Table = table(&[
    must("operation", Shape::Text, "The operation."),
    may("idempotency", Shape::Table(&IDEMPOTENCY), "Idempotency key that the target honours."),
    may("accept_duplicates", Shape::Table(&ACCEPT), "Who accepts duplicates, where nothing else protects."),
]);

pub(super) static IDEMPOTENCY: Table = table(&[must("header", Shape::Header, "Header that carries the key.")]);

pub(super) static ACCEPT: Table = table(&[
    must("by", Shape::Text, "The person who accepts them."),
    must("because", Shape::Text, "Why they are acceptable."),
]);

pub(super) static DELIVERY: Table = table(&[
    may("order", Shape::Word(&["none", "per-key", "total"], &[]), "Which records keep their order."),
    may("retry", Shape::Table(&RETRY), "When and how often a request is sent again."),
    may("timeout", Shape::DurationOr(&TIMEOUT), "For one request as a whole; or for its parts."),
    may("rate", Shape::Rate, "The most requests to the target: 100/10s."),
    may("breaker", Shape::WordOr(&["off"], &BREAKER), "When to leave the target alone."),
    may("dead_letter", Shape::Table(&DEAD_LETTER), "When dead letters raise an alert."),
]);

pub(super) static TIMEOUT: Table = table(&[
    may("connect", Shape::Duration, "Until there is a connection; 5s where left out."),
    may("first_byte", Shape::Duration, "Until the answer begins; as the whole where left out."),
    must("whole", Shape::Duration, "Until the answer has ended."),
]);

pub(super) static RETRY: Table = table(&[
    may("attempts", Shape::Count(1, 100), "Attempts in all, the first included."),
    may("base", Shape::Duration, "First wait."),
    may("cap", Shape::Duration, "Longest wait of our own."),
    may("jitter", Shape::Word(&["full", "none"], &[]), "Whether waits are drawn at random up to their bound."),
    may("honor_retry_after", Shape::Flag, "Wait as long as the server says."),
]);

pub(super) static BREAKER: Table = table(&[
    may("open_after", Shape::Count(1, 1000), "Failures in a row that open it."),
    may("probe_every", Shape::Duration, "Time between probes while it is open."),
]);

pub(super) static DEAD_LETTER: Table =
    table(&[may("alert_at", Shape::Count(1, 1_000_000), "Dead letters that raise an alert.")]);

pub(super) static SLO: Table = table(&[
    may("freshness", Shape::Duration, "A change is in the target within this time."),
    may("success", Shape::Percent, "Percent of records delivered."),
]);
