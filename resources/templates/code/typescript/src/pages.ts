/** Reads a list page by page. A short or empty page is no end while cursor, flag or total say that more follows; what is not a whole,
 * readable page is an error and never taken for an empty one. */

import { type Answer, type Client, sameOrigin, Trace, without } from "./http.js";
import * as json from "./json.js";
import { at, type Call, type Json, type Paging, type Path } from "./model.js";
import { Again, Stop } from "./outcome.js";

/** Empty pages in a row that are read on although a total says that more follows. */
const EMPTY_PAGES = 3;

/** The target of rel="next" in a Link header (RFC 8288 section 3). */
export function nextLink(value: string | null): string | undefined {
  for (const [, target, parameters] of (value ?? "").matchAll(/<([^>]*)>((?:[^,"]|"[^"]*")*)/g)) {
    for (const parameter of (parameters ?? "").split(";")) {
      const [name, given] = parameter.split("=", 2);
      const rel = (given ?? "").trim().replace(/^"|"$/g, "").toLowerCase().split(/\s+/);
      if (name?.trim().toLowerCase() === "rel" && rel.includes("next")) return target?.trim();
    }
  }
  return undefined;
}

const repeating = (because: string): Stop => new Stop("repeating-cursor", because);

/** The pages of a list, each a list of records. */
export async function* pages(
  client: Client,
  call: Call,
  items: Path,
  paging: Paging | undefined,
  query: readonly [string, string][],
  inside: Path = [],
  trace = new Trace(),
): AsyncGenerator<Json[]> {
  const been = new Set<string>();
  const limit = paging?.limitParam ? (client.settings.pageSize ?? paging.limit) : undefined;
  let records = 0;
  let empty = 0;
  let position: string | undefined;
  let number: number | undefined;
  let link: string | undefined;
  let lastPage: string | undefined;
  for (;;) {
    const asked: [string, string][] = [...query];
    if (paging?.limitParam && limit) asked.push([paging.limitParam, String(limit)]);
    const here = position ?? number?.toString();
    if (paging?.param && here !== undefined) asked.push([paging.param, here]);
    const url = link ?? client.url(call, {}, asked);
    const read = (answer: Answer): [Json[], Json, Answer] => {
      if (answer.empty && answer.status === 204) return [[], undefined, answer];
      const body = answer.json();
      const found = at(body, items);
      client.told(body, answer, Array.isArray(found) && found.length > 0 ? "records" : "nothing");
      // Some languages write an empty list as null.
      if (found === null && items.length > 0) return [[], body, answer];
      if (!Array.isArray(found)) {
        throw new Again("unexpected-answer", `the answer holds no list of records at ${items.join(".") || "the top"}`);
      }
      return [inside.length ? found.map((one) => at(one, inside)) : found, body, answer];
    };
    const [page, body, answer] = await client.repeat(() => client.attempt(call, url, trace), read, trace);
    yield page;
    if (!paging) return;
    records += page.length;
    empty = page.length ? 0 : empty + 1;
    const flag = paging.more ? at(body, paging.more) : undefined;
    const more = typeof flag === "boolean" ? flag : undefined;
    const total = paging.total ? Number(json.scalar(at(body, paging.total)) ?? NaN) : NaN;
    const totalMore = Number.isNaN(total) ? undefined : records < total;
    if (more === false) return;
    if (paging.style === "cursor") {
      const from = paging.lastItem !== undefined ? at(page.at(-1), [paging.lastItem]) : paging.next ? at(body, paging.next) : undefined;
      const cursor = json.scalar(from);
      if (cursor && paging.lastItem !== undefined && more === undefined && totalMore === false) return;
      if (!cursor) {
        if (more) throw new Stop("cursor-missing", "the source says that more follows, but gives no cursor to it");
        return;
      }
      if (been.has(cursor)) throw repeating("the source hands out a cursor that it gave before");
      been.add(cursor);
      position = cursor;
    } else if (paging.style === "page" || paging.style === "offset") {
      const ends = page.length ? json.canonical([page[0], page.at(-1)]) : undefined;
      if (ends !== undefined && ends === lastPage) throw repeating("the same page comes again whatever page is asked for");
      lastPage = ends ?? lastPage;
      const saysMore = more ?? totalMore;
      // Where nobody says whether more follows only an empty page is the end, a short one is not.
      if (saysMore === undefined ? page.length === 0 : !saysMore || empty > EMPTY_PAGES) return;
      if (paging.style === "page") number = (number ?? paging.firstPage ?? 1) + 1;
      else number = (number ?? 0) + (page.length || limit || 1);
    } else {
      const given = paging.style === "link_header" ? nextLink(answer.headers.get("link")) : paging.next ? at(body, paging.next) : undefined;
      if (typeof given !== "string" || !given) {
        if (more) throw new Stop("cursor-missing", "the source says that more follows, but gives no link to it");
        return;
      }
      let to = URL.canParse(given, url) ? new URL(given, url).toString() : "";
      if (!sameOrigin(client.baseUrl, to)) {
        throw new Stop("foreign-link", "the next page lies at another origin; the credential is not sent there");
      }
      if (client.system.auth.kind === "query_key" && client.system.auth.name) to = without(to, client.system.auth.name);
      if (to === url || been.has(to)) throw repeating("the source hands out a link that it gave before");
      been.add(to);
      link = to;
    }
  }
}

