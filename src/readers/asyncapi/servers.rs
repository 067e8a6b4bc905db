//! Where messages come from: `url` in AsyncAPI 1 and 2, `host` and `pathname` in 3; the protocol goes before both.

use crate::base::text::quoted;
use crate::base::tree::Node;
use crate::model::Server;
use crate::readers::openapi::document::{At, Document};
use crate::readers::openapi::servers::with_defaults;

/// Most servers read.
const MOST_SERVERS: usize = 50;

/// All servers, in order; a warning for one without an address.
pub(super) fn read(doc: &mut Document<'_>) -> Vec<Server> {
    let Some(all) = doc.top().child("servers") else {
        let message = "no server is declared, so where messages come from is not known";
        doc.warn("no-server", "#/servers", message, "ask the vendor where to connect");
        return Vec::new();
    };
    let places: Vec<At<'_>> = match all.value {
        Node::List(_) => all.items().collect(), // AsyncAPI 1
        _ => all.children().map(|(_, at)| at).collect(),
    };
    let mut servers: Vec<Server> = Vec::new();
    for at in places.into_iter().take(MOST_SERVERS) {
        let Some(at) = doc.resolve(at) else { continue };
        let Some(address) = at.text("url").or_else(|| at.text("host")) else {
            doc.warn("no-server", &at.pointer(), "the server has no address", "add its host, in AsyncAPI 2 its url");
            continue;
        };
        let protocol = ["protocol", "scheme"].into_iter().map(|key| at.quoted(key, 20)).find(|s| !s.is_empty());
        let address = format!("{address}{}", at.text("pathname").unwrap_or(""));
        let whole = match protocol {
            Some(protocol) if !address.contains("://") => format!("{protocol}://{address}"),
            _ => address,
        };
        let url = with_defaults(&whole, &at).trim_end_matches('/').to_owned();
        if !servers.iter().any(|s| s.url == url) {
            servers.push(Server {
                url: quoted(&url, 500),
                description: at.quoted("description", 120),
                pointer: at.pointer(),
            });
        }
    }
    servers
}
