/** What the connector holds to, whatever the contract: against systems that answer from memory, without network. */

import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { Client, Pace, Switch, without } from "../src/http.js";
import { Log } from "../src/log.js";
import { field, Mapping, Rule } from "../src/mapper.js";
import type { Call, Create, Delivery, Fields, Flow, Paging, System, Upsert } from "../src/model.js";
import { envelope, Stop } from "../src/outcome.js";
import { nextLink, pages } from "../src/pages.js";
import * as retry from "../src/retry.js";
import { Pass } from "../src/run.js";
import { Settings } from "../src/settings.js";
import { State } from "../src/state.js";

const SECRET = "a-secret-that-nobody-may-see";
const FAST: Delivery = {
  attempts: 4, baseMs: 1, capMs: 4, timeoutMs: 2000, fullJitter: true, honorRetryAfter: true,
  breaker: { openAfter: 3, probeEveryMs: 5 },
};
const SOURCE: System = {
  name: "shop", env: "SHOP", baseUrl: "https://shop.example", auth: { kind: "bearer", secret: { kind: "env", name: "SHOP_KEY" } },
};
const TARGET: System = {
  name: "desk", env: "DESK", baseUrl: "https://desk.example",
  auth: {
    kind: "client_credentials", tokenUrl: "https://desk.example/token",
    clientId: { kind: "env", name: "DESK_ID" }, clientSecret: { kind: "env", name: "DESK_SECRET" },
  },
};
const call = (id: string, method: string, path: string): Call => ({ id, method, path });
const UPSERT: Upsert = {
  how: "upsert", match: ["ref"], find: call("find", "GET", "/items"), findParam: "ref", findItems: ["items"],
  create: call("create", "POST", "/items"), update: call("update", "PATCH", "/items/{id}"), targetKey: "id",
};
const CREATE: Create = { how: "create", create: call("create", "POST", "/items"), idempotency: "Idempotency-Key" };
const RULES = new Mapping(
  new Rule(["ref"], "id", field("id")),
  new Rule(["name"], "name", field("name"), [], { required: true }),
);

function settings(): Settings {
  const dir = mkdtempSync(join(tmpdir(), "connector-"));
  return new Settings({
    SHOP_KEY: SECRET, DESK_ID: "id", DESK_SECRET: `${SECRET}2`, STATE_DIR: join(dir, "state"), DISABLE_FILE: join(dir, "off"),
  });
}

interface Seen {
  method: string;
  url: URL;
  headers: Record<string, string>;
  body: string;
}

const answer = (status: number, body: unknown, headers: Record<string, string> = {}): Response =>
  new Response(body === undefined ? null : typeof body === "string" ? body : JSON.stringify(body), {
    status, headers: typeof body === "string" ? headers : { "content-type": "application/json", ...headers },
  });

/** Both systems: what they hold, and everything that they were asked. */
class World {
  readonly items: Fields[] = [];
  readonly seen: Seen[] = [];
  readonly lines: string[] = [];
  tokens = 0;
  before: (request: Seen) => Response | Error | undefined = () => undefined;

  constructor(readonly records: { id: string; name: string; at: string }[]) {}

  async fetch(url: string, init: RequestInit): Promise<Response> {
    const request: Seen = {
      method: init.method ?? "GET", url: new URL(url), headers: init.headers as Record<string, string>, body: (init.body as string) ?? "",
    };
    this.seen.push(request);
    const made = this.before(request);
    if (made instanceof Error) throw made;
    if (made) return made;
    const { pathname: path, searchParams: query } = request.url;
    if (path === "/token") return answer(200, { access_token: `token-${++this.tokens}`, expires_in: 3600 });
    if (path === "/things") return answer(200, { data: this.records.filter((r) => r.at >= (query.get("since") ?? "")) });
    if (request.method === "GET") return answer(200, { items: this.items.filter((i) => i["ref"] === query.get("ref")) });
    const body = JSON.parse(request.body) as Fields;
    if (request.method === "POST") {
      this.items.push({ id: String(this.items.length + 1), ...body });
      return answer(201, this.items.at(-1));
    }
    return answer(200, Object.assign(this.items.find((i) => i["id"] === path.split("/").at(-1)) ?? {}, body));
  }

  async run(given: Settings, more: { write?: Upsert | Create; paging?: Paging } = {}): Promise<Pass> {
    const source = { system: SOURCE, list: call("list", "GET", "/things"), key: ["id"], items: ["data"], changed: ["at"], since: "since" };
    const flow: Flow = {
      name: "things", mapping: "", delivery: FAST, target: { system: TARGET, write: more.write ?? UPSERT },
      source: more.paging ? { ...source, paging: more.paging } : source,
    };
    const state = new State(given);
    try {
      const log = new Log(given, {}, (line) => this.lines.push(line));
      return await new Pass(flow, RULES, given, new Switch(given), state, log, (url, init) => this.fetch(url, init)).run();
    } finally {
      state.close();
    }
  }

  get writes(): Seen[] {
    return this.seen.filter((r) => r.method !== "GET" && r.url.pathname !== "/token");
  }
}

const things = (n: number): World["records"] =>
  Array.from({ length: n }, (_, i) => ({ id: `t${i}`, name: `Thing ${i}`, at: `2026-01-01T00:00:0${i}Z` }));
const creates = (r: Seen): boolean => r.method === "POST" && r.url.pathname === "/items";

test("every record arrives once, and a second pass writes nothing", async () => {
  const [world, given] = [new World(things(3)), settings()];
  assert.ok((await world.run(given)).ok);
  const before = world.writes.length;
  const again = await world.run(given);
  // The bound is inclusive: the last record comes again, and costs no request to the target.
  assert.deepEqual([again.ok, again.counts["read"], world.items.length, world.writes.length], [true, 1, 3, before]);
  assert.equal(world.seen.at(-1)?.url.searchParams.get("since"), "2026-01-01T00:00:02Z");
});

for (const value of ["0.02", "Thu, 01 Jan 2026 00:00:00 GMT"]) {
  test(`the server says when to come again: ${value}`, async () => {
    const world = new World(things(1));
    const refusals = [answer(429, {}, { "retry-after": value, date: "Thu, 01 Jan 2026 00:00:00 GMT" })];
    world.before = (r) => (creates(r) ? refusals.pop() : undefined);
    assert.ok((await world.run(settings())).ok && world.items.length === 1);
  });
}

test("a lost answer is looked up before the record is made again", async () => {
  const world = new World(things(1));
  let lost = false;
  world.before = (r) => {
    if (!creates(r) || lost) return undefined;
    lost = true;
    world.items.push({ id: "9", ...(JSON.parse(r.body) as Fields) });
    return new TypeError("fetch failed");
  };
  assert.ok((await world.run(settings())).ok && world.items.length === 1);
});

test("a create that is sent again carries the same key and trace", async () => {
  const world = new World(things(1));
  const answers = [answer(503, {}), answer(502, {})];
  world.before = (r) => (creates(r) ? answers.pop() : undefined);
  assert.ok((await world.run(settings(), { write: CREATE })).ok);
  const of = (name: string, part: number): number => new Set(world.writes.map((w) => w.headers[name]?.split("-")[part])).size;
  assert.deepEqual([world.writes.length, of("idempotency-key", 1), of("traceparent", 1), of("traceparent", 2)], [3, 1, 1, 3]);
});

test("a refused record is put aside and the others go on", async () => {
  const [world, given] = [new World(things(3)), settings()];
  world.before = (r) => (creates(r) && r.body.includes("Thing 1") ? answer(422, { title: "no such name", detail: `token ${SECRET}` }) : undefined);
  const run = await world.run(given);
  assert.deepEqual([run.ok, run.stopped, world.items.length], [false, undefined, 2]);
  const file = readFileSync(given.deadLetters, "utf8");
  const letters = file.trim().split("\n").map((line) => JSON.parse(line) as { key: string; reason: string });
  assert.deepEqual(letters.map((l) => l.key), ["t1"]);
  assert.ok(letters[0]?.reason.includes("no such name") && !file.includes(SECRET));
  assert.equal(world.writes.filter((w) => w.body.includes("Thing 1")).length, 1);
});

test("an expired token is renewed once, and a refused one ends the pass", async () => {
  const [world, given] = [new World(things(2)), settings()];
  const no = (): Response => answer(401, {}, { "www-authenticate": 'Bearer error="invalid_token"' });
  world.before = (r) => (creates(r) && r.headers["authorization"] === "Bearer token-1" ? no() : undefined);
  assert.ok((await world.run(given)).ok && world.tokens === 2);
  world.before = (r) => (r.url.host === "desk.example" && r.url.pathname !== "/token" ? no() : undefined);
  world.records.push({ id: "t9", name: "Thing 9", at: "2026-01-02T00:00:00Z" });
  assert.equal((await world.run(given)).stopped?.code, "auth-failed");
  assert.equal(world.tokens, 4);
});

test("a target that is down ends the pass and loses nothing", async () => {
  const [world, given] = [new World(things(2)), settings()];
  world.before = (r) => (r.url.host === "desk.example" && r.url.pathname !== "/token" ? answer(503, {}) : undefined);
  assert.equal((await world.run(given)).stopped?.code, "target-down");
  assert.ok(!existsSync(given.deadLetters));
  world.before = () => undefined;
  assert.ok((await world.run(given)).ok && world.items.length === 2);
});

test("nothing goes out once it is switched off", async () => {
  const [world, given] = [new World(things(3)), settings()];
  world.before = (r) => {
    if (creates(r)) writeFileSync(given.disableFile ?? "", "");
    return undefined;
  };
  assert.equal((await world.run(given)).stopped?.code, "disabled");
  assert.deepEqual([world.items.length, world.seen.at(-1)?.method], [1, "POST"]);
});

test("a second process on one state is refused", () => {
  const given = settings();
  const first = new State(given);
  assert.throws(() => new State(given), (e) => e instanceof Stop && e.code === "state-unusable");
  first.close();
});

test("credentials stay where they belong", async () => {
  const world = new World(things(1));
  const list = (r: Seen): boolean => r.url.pathname === "/things";
  world.before = (r) => (list(r) ? answer(307, undefined, { location: "https://evil.example/x" }) : undefined);
  assert.equal((await world.run(settings())).stopped?.code, "redirect-refused");
  const link = { link: '<https://evil.example/things?page=2>; rel="next"' };
  world.before = (r) => (list(r) ? answer(200, { data: [] }, link) : undefined);
  assert.equal((await world.run(settings(), { paging: { style: "link_header" } })).stopped?.code, "foreign-link");
  assert.deepEqual(new Set(world.seen.map((r) => r.url.host)), new Set(["shop.example"]));
});

test("what cannot be read is never taken for nothing", async () => {
  const bad: (() => Response)[] = [
    () => answer(200, '{"data": [{"id": ', { "content-type": "application/json" }),
    () => answer(200, "<h1>Maintenance</h1>", { "content-type": "text/html" }),
    () => answer(200, { ok: false, error: "temporarily unavailable" }),
    () => answer(200, undefined),
  ];
  for (const make of bad) {
    const world = new World(things(1));
    const answers = [make()];
    world.before = (r) => (r.url.pathname === "/things" ? answers.pop() : undefined);
    assert.ok((await world.run(settings())).ok && world.items.length === 1);
  }
});

test("pages follow each other to the end", async () => {
  const read = async (paging: Paging, bodies: unknown[]): Promise<unknown[]> => {
    const given = settings();
    const left = bodies.map((b) => answer(200, b));
    const log = new Log(given, {}, () => undefined);
    const client = new Client(SOURCE, FAST, undefined, given, new Switch(given), log, async () => left.shift() ?? answer(500, {}));
    const found: unknown[] = [];
    for await (const page of pages(client, call("list", "GET", "/x"), ["data"], paging, [])) found.push(...page.map(String));
    return found;
  };
  const cursor: Paging = { style: "cursor", param: "c", next: ["next"], more: ["more"] };
  const three = [{ data: [1], next: "a", more: true }, { data: [], next: "b", more: true }, { data: [2], more: false }];
  assert.deepEqual(await read(cursor, three), ["1", "2"]);
  await assert.rejects(read(cursor, [{ data: [1], next: "a" }, { data: [2], next: "a" }]), /gave before/);
  assert.deepEqual(await read({ style: "page", param: "p" }, [{ data: [1, 2] }, { data: [3] }, { data: [] }]), ["1", "2", "3"]);
  const offset: Paging = { style: "offset", param: "o", total: ["total"] };
  assert.deepEqual(await read(offset, [{ data: [1, 2], total: 3 }, { data: [3], total: 3 }]), ["1", "2", "3"]);
});

test("rules that need no network", () => {
  const advised = (headers: Record<string, string>): number | undefined => retry.advised(new Headers(headers), 0);
  assert.equal(advised({ "retry-after": "2" }), 2000);
  assert.equal(advised({ "retry-after": "-1" }), undefined);
  assert.equal(advised({ "retry-after": "soon" }), undefined);
  assert.equal(advised({ "retry-after": "Thu, 01 Jan 2026 00:00:03 GMT", date: "Thu, 01 Jan 2026 00:00:00 GMT" }), 3000);
  assert.equal(retry.exhausted(new Headers({ "x-ratelimit-remaining": "0", "x-ratelimit-reset": "4" }), 0), 4000);
  const kinds = ["success", "redirect", "unauthorized", "throttled", "refused", "unknown", "refused"];
  assert.deepEqual([204, 307, 401, 429, 501, 503, 422].map(retry.kind), kinds);
  const waits = [1, 2, 3, 4].flatMap((n) => Array.from({ length: 50 }, () => retry.backoff({ ...FAST, baseMs: 100, capMs: 400 }, n)));
  assert.ok(Math.max(...waits) <= 400 && Math.min(...waits) >= 0 && new Set(waits).size > 100);
  assert.equal(nextLink('<https://a/?p=1>; rel="prev", <https://a/?p=3,4>; rel="next"'), "https://a/?p=3,4");
  assert.equal(without("https://a/x?key=1&p=2", "key"), "https://a/x?p=2");
  assert.equal(envelope({ errors: [] }), undefined);
  assert.equal(envelope({ success: false, message: "slow down" })?.kind, "throttled");
});

test("requests are paced", async () => {
  const given = settings();
  const pace = new Pace({ requests: 2, windowMs: 100 }, new Switch(given), 1);
  const began = performance.now();
  for (let i = 0; i < 5; i++) await pace.turn();
  assert.ok(performance.now() - began >= 200);
});

test("no log line holds a secret", async () => {
  const world = new World(things(1));
  world.before = (r) => (r.url.pathname === "/items" ? answer(500, { error: `Bearer ${SECRET} token-1` }) : undefined);
  await world.run(settings());
  const said = world.lines.join("");
  assert.ok(said.includes("pass-ended") && !said.includes(SECRET) && !said.includes("token-1"));
});
