/** The one place where requests go out: authenticated, paced, traced, bounded in time and size; and where it is decided whether another
 * attempt helps. */

import { randomBytes } from "node:crypto";

import * as json from "./json.js";
import type { Log } from "./log.js";
import type { Call, Delivery, Json, Rate, System } from "./model.js";
import { Again, Dead, envelope, Refused, says, Stop } from "./outcome.js";
import * as retry from "./retry.js";
import type { Settings } from "./settings.js";

/** The largest answer that is read, in bytes. */
const LARGEST = 32 << 20;

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** Whether to go on: SIGTERM, and the file that switches the connector off. */
export class Switch {
  stopped = false;

  constructor(private readonly settings: Settings) {}

  stop(): void {
    this.stopped = true;
  }

  /** Called before each request: past it, nothing goes out. */
  check(): void {
    if (this.stopped) throw new Stop("stopped", "asked to stop; the next run goes on where this one ended");
    if (this.settings.disabled) throw new Stop("disabled", "the disable file is there; no further call goes out");
  }

  /** Sleeps in scaled time, in short steps, so that both switches are seen. */
  async sleep(ms: number): Promise<void> {
    const until = performance.now() + ms / this.settings.scale;
    for (;;) {
      this.check();
      const left = until - performance.now();
      if (left <= 0) return;
      await new Promise((done) => setTimeout(done, Math.min(left, 200)));
    }
  }
}

/** One piece of work: the same trace on every attempt at it, a span of its own for each (W3C Trace Context). */
export class Trace {
  readonly id = randomBytes(16).toString("hex");

  headers(): Record<string, string> {
    return { traceparent: `00-${this.id}-${randomBytes(8).toString("hex")}-01`, "x-correlation-id": this.id };
  }
}

/** What came back, whatever it says. */
export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer;
}

/** A success. */
export class Answer {
  private readonly text: string;
  private readonly type: string;

  constructor(private readonly reply: Reply) {
    this.text = reply.body.toString("utf8").trim();
    this.type = (reply.headers.get("content-type") ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  }

  get status(): number {
    return this.reply.status;
  }

  get headers(): Headers {
    return this.reply.headers;
  }

  get empty(): boolean {
    return this.text === "";
  }

  /** The body as JSON. What cannot be read is never taken for nothing: it throws Again. Without `need`, an empty body or a text that
   * claims to be none is undefined. */
  json(need = true): Json {
    if (this.empty) {
      if (need) throw new Again("unexpected-answer", "the answer is empty");
      return undefined;
    }
    if (this.type.includes("html")) throw new Again("unexpected-answer", `answered ${this.type} where JSON was expected`);
    try {
      return json.parse(this.text);
    } catch {
      const claims = !this.type || ["application/json", "text/json"].includes(this.type) || this.type.endsWith("+json");
      if (need || claims || this.text.startsWith("<")) throw new Again("unexpected-answer", "the JSON cannot be read");
      return undefined;
    }
  }
}

/** Leaves a system alone while it is down: opens after failures in a row, then lets one request through every so often. */
class Breaker {
  private failures = 0;
  open = false;

  constructor(
    private readonly delivery: Delivery,
    private readonly off: Switch,
  ) {}

  async leave(): Promise<void> {
    if (this.open && this.delivery.breaker) await this.off.sleep(this.delivery.breaker.probeEveryMs);
  }

  note(down: boolean): void {
    this.failures = down ? this.failures + 1 : 0;
    this.open = this.delivery.breaker !== undefined && this.failures >= this.delivery.breaker.openAfter;
  }
}

/** At most so many requests in a window, and none while a server asked to be left alone. */
export class Pace {
  private readonly sent: number[] = [];
  private until = 0;

  constructor(
    private readonly rate: Rate | undefined,
    private readonly off: Switch,
    private readonly scale: number,
  ) {}

  pause(ms: number): void {
    this.until = Math.max(this.until, performance.now() + ms / this.scale);
  }

  async turn(): Promise<void> {
    for (;;) {
      const now = performance.now();
      let wait = this.until - now;
      if (this.rate) {
        // A request may take longer to arrive than the one before: a little room keeps the window honest.
        const window = (this.rate.windowMs * 1.05) / this.scale + 20;
        while (this.sent[0] !== undefined && this.sent[0] <= now - window) this.sent.shift();
        if (this.sent.length >= this.rate.requests && this.sent[0] !== undefined) wait = Math.max(wait, this.sent[0] + window - now);
      }
      if (wait <= 0) break;
      await this.off.sleep(wait * this.scale);
    }
    if (this.rate) this.sent.push(performance.now());
  }
}

/** The attempts made for one thing. */
export class Tries {
  made = 0;
  throttled = 0;
}

/** The credential of a system. One refresh at a time, whoever asks; a refused one is fetched anew once. */
class Credential {
  private token: string | undefined;
  private freshUntil = 0;
  private refreshing: Promise<void> | undefined;
  generation = 0;

  constructor(private readonly client: Client) {}

  async current(refused: number | undefined, trace: Trace): Promise<string | undefined> {
    if (this.client.system.auth.kind !== "client_credentials") return undefined;
    if (this.token === undefined || performance.now() >= this.freshUntil || refused === this.generation) {
      this.refreshing ??= this.fetch(trace).finally(() => (this.refreshing = undefined));
      await this.refreshing;
    }
    return this.token;
  }

  private async fetch(trace: Trace): Promise<void> {
    const { system, settings } = this.client;
    const { auth } = system;
    if (!auth.clientId || !auth.clientSecret) throw new Stop("auth-failed", `${system.name} has no client credentials`);
    const id = settings.secret(auth.clientId);
    const secret = settings.secret(auth.clientSecret);
    const basic = Buffer.from(`${encode(id)}:${encode(secret)}`).toString("base64");
    settings.hide(basic);
    let inForm = false;
    let body: Json;
    for (;;) {
      try {
        const once = async (): Promise<Answer> => {
          const form = new URLSearchParams({ grant_type: "client_credentials" });
          if (auth.scopes?.length) form.set("scope", auth.scopes.join(" "));
          const headers: Record<string, string> = {
            accept: "application/json",
            "content-type": "application/x-www-form-urlencoded",
            ...trace.headers(),
          };
          // RFC 6749 section 2.3.1: servers must take HTTP Basic; the few that only read the form say so by refusing.
          if (inForm) {
            form.set("client_id", id);
            form.set("client_secret", secret);
          } else headers["authorization"] = `Basic ${basic}`;
          return this.client.sort(await this.client.send("POST", settings.tokenUrl(system), headers, form.toString()));
        };
        body = await this.client.repeat(once, (answer) => answer.json(), trace);
        break;
      } catch (e) {
        if (e instanceof Refused && !inForm && [400, 401].includes(e.status) && /invalid_client|invalid_request/.test(e.says)) {
          inForm = true;
        } else if (e instanceof Refused) throw new Stop("auth-failed", `${system.name} gives no token: ${e.message}`);
        else if (e instanceof Dead) throw new Stop("auth-unavailable", `no token from ${system.name}: ${e.because}`);
        else throw e;
      }
    }
    const fields = (body ?? {}) as { access_token?: unknown; expires_in?: unknown };
    if (typeof fields.access_token !== "string" || !fields.access_token) throw new Stop("auth-failed", `${system.name} gives no token`);
    settings.hide(fields.access_token);
    const seconds = Number(fields.expires_in?.toString() ?? 3600);
    const life = (Number.isFinite(seconds) && seconds > 0 ? seconds : 3600) * 1000;
    this.token = fields.access_token;
    // A tenth of its life early, at most a minute: enough for a request on its way.
    this.freshUntil = performance.now() + (life - Math.min(life / 10, 60_000)) / settings.scale;
    this.generation += 1;
  }

  sign(headers: Record<string, string>, query: [string, string][], token: string | undefined): void {
    const { auth } = this.client.system;
    const secret = (s: NonNullable<typeof auth.secret>): string => this.client.settings.secret(s);
    if (token !== undefined) headers["authorization"] = `Bearer ${token}`;
    else if (auth.kind === "bearer" && auth.secret) headers["authorization"] = `Bearer ${secret(auth.secret)}`;
    else if (auth.kind === "basic" && auth.username) {
      const pair = `${secret(auth.username)}:${auth.password ? secret(auth.password) : ""}`;
      const basic = Buffer.from(pair).toString("base64");
      this.client.settings.hide(basic);
      headers["authorization"] = `Basic ${basic}`;
    } else if (auth.kind === "header_key" && auth.secret && auth.name) headers[auth.name.toLowerCase()] = secret(auth.secret);
    else if (auth.kind === "query_key" && auth.secret && auth.name) query.push([auth.name, secret(auth.secret)]);
  }
}

/** One system of a flow: its address, credential, pace and breaker. */
export class Client {
  readonly baseUrl: string;
  readonly pace: Pace;
  readonly breaker: Breaker;
  readonly log: Log;
  private readonly credential: Credential;

  constructor(
    readonly system: System,
    readonly delivery: Delivery,
    rate: Rate | undefined,
    readonly settings: Settings,
    readonly off: Switch,
    log: Log,
    private readonly fetch: Fetch = (url, init) => globalThis.fetch(url, init),
  ) {
    this.log = log.bind({ system: system.name });
    this.baseUrl = settings.baseUrl(system);
    this.pace = new Pace(rate, off, settings.scale);
    this.breaker = new Breaker(delivery, off);
    this.credential = new Credential(this);
  }

  /** The URL of a call, without the credential. */
  url(call: Call, path: Record<string, string> = {}, query: readonly [string, string][] = []): string {
    const params = call.params ?? [];
    const fixed = Object.fromEntries(params.filter((p) => p.place === "path").map((p) => [p.name, p.value]));
    let out = call.path;
    for (const [name, value] of Object.entries({ ...fixed, ...path })) out = out.replaceAll(`{${name}}`, () => encode(value));
    const pairs = [...params.filter((p) => p.place === "query").map((p): [string, string] => [p.name, p.value]), ...query];
    return this.baseUrl + out + (pairs.length ? `?${queryOf(pairs)}` : "");
  }

  /** One request as it is, and the whole answer, within the time that the contract allows in all. */
  async send(method: string, url: string, headers: Record<string, string>, body: string): Promise<Reply> {
    this.off.check();
    await this.pace.turn();
    this.off.check();
    const cancel = new AbortController();
    const timer = setTimeout(() => cancel.abort(), this.delivery.timeoutMs / this.settings.scale);
    let reply: Reply;
    try {
      // Redirects are not followed: the credential stays where the contract points (RFC 9110 section 15.4).
      const init: RequestInit = { method, headers, redirect: "manual", signal: cancel.signal };
      if (body) init.body = body;
      const response = await this.fetch(url, init);
      const chunks: Uint8Array[] = [];
      let size = 0;
      for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
        chunks.push(chunk);
        size += chunk.length;
        if (size > LARGEST) throw new Refused(response.status, "the answer is too large", "answer-too-large");
      }
      reply = { status: response.status, headers: response.headers, body: Buffer.concat(chunks) };
    } catch (e) {
      if (e instanceof Refused) {
        cancel.abort();
        throw e;
      }
      if (cancel.signal.aborted) throw new Again("timeout", `no whole answer within ${this.delivery.timeoutMs} ms`);
      const codes: string[] = [];
      let words = "";
      for (let cause: unknown = e; cause instanceof Error; cause = cause.cause) {
        codes.push(String((cause as { code?: unknown }).code ?? ""));
        words = cause.message || words;
      }
      words = this.settings.clean(words);
      if (codes.some((c) => /CERT|TLS|SSL|SELF_SIGNED|UNABLE_TO_(VERIFY|GET_ISSUER)/.test(c))) {
        throw new Stop("tls-refused", `${this.system.name}: ${words}`);
      }
      const none = codes.some((c) => ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH", "UND_ERR_CONNECT_TIMEOUT"].includes(c));
      throw none ? new Again("no-connection", words, { unknown: false }) : new Again("connection-lost", words);
    } finally {
      clearTimeout(timer);
    }
    const wait = retry.exhausted(reply.headers, Date.now());
    if (wait !== undefined && wait <= retry.LONGEST_WAIT) this.pace.pause(wait);
    return reply;
  }

  /** A success, or why it is none. */
  sort(reply: Reply): Answer {
    const { status, headers } = reply;
    const sorted = retry.kind(status);
    if (sorted === "success") return new Answer(reply);
    const wait = retry.advised(headers, Date.now());
    let words = "";
    try {
      words = this.settings.clean(says(json.parse(reply.body.toString("utf8"))));
    } catch {
      // A page for people says nothing that helps here.
    }
    const because = words ? `status ${status}: ${words}` : `status ${status}`;
    if (sorted === "throttled") throw new Again("rate-limited", because, { unknown: false, wait, throttled: true });
    if (sorted === "not_done") throw new Again("refused-for-now", because, { unknown: false, wait });
    if (sorted === "unknown") throw new Again("server-error", because, { wait, throttled: wait !== undefined });
    if (sorted === "redirect") {
      throw new Stop("redirect-refused", `${this.system.name} redirects (${status}); set its base URL to where the API is`);
    }
    if (status === 403 && /insufficient_scope/.test((headers.get("www-authenticate") ?? "") + words)) {
      throw new Stop("scope-missing", `the credential for ${this.system.name} lacks a scope`);
    }
    throw new Refused(status, words, "rejected-by-target", wait);
  }

  /** One attempt, and a second one with a renewed credential where the first was answered 401: that one was not done. */
  async attempt(call: Call, url: string, trace: Trace, more: { body?: string; headers?: Record<string, string> } = {}): Promise<Answer> {
    if (!sameOrigin(this.baseUrl, url)) throw new Stop("other-origin", `a request for ${this.system.name} would have gone to another address`);
    let refused: number | undefined;
    for (;;) {
      this.off.check();
      const token = await this.credential.current(refused, trace);
      await this.breaker.leave();
      const headers: Record<string, string> = { accept: "application/json" };
      for (const p of call.params ?? []) if (p.place === "header") headers[p.name.toLowerCase()] = p.value;
      if (more.body) headers["content-type"] = call.contentType ?? "application/json";
      Object.assign(headers, more.headers, trace.headers());
      const query: [string, string][] = [];
      this.credential.sign(headers, query, token);
      const full = query.length ? `${url}${url.includes("?") ? "&" : "?"}${queryOf(query)}` : url;
      let reply: Reply;
      try {
        reply = await this.send(call.method, full, headers, more.body ?? "");
      } catch (e) {
        if (e instanceof Again) this.breaker.note(true);
        throw e;
      }
      const group = retry.kind(reply.status);
      if (group !== "throttled" && group !== "not_done") this.breaker.note(group === "unknown");
      if (group !== "unauthorized") return this.sort(reply);
      if (refused !== undefined) throw new Stop("auth-failed", `${this.system.name} answers 401 to a fresh credential`);
      refused = this.credential.generation;
      this.log.write("warn", "unauthorized", { operation: call.id });
    }
  }

  /** Waits before another attempt, or says that there is none. */
  async backOff(again: Again, tries: Tries, trace: Trace): Promise<void> {
    const policy = this.delivery;
    const asked = policy.honorRetryAfter && again.wait ? again.wait : undefined;
    if (asked !== undefined && asked > retry.LONGEST_WAIT) {
      throw new Stop("retry-after-too-long", `${this.system.name} asks to wait ${Math.round(asked / 1000)} s; run again after that`);
    }
    let made: number;
    if (again.throttled) {
      // Being told to wait is no fault of the record, so it has more patience; but not without end.
      made = ++tries.throttled;
      if (made >= policy.attempts * 8) {
        throw new Stop("rate-limited", `${this.system.name} refused ${made} attempts at one request: ${again.because}`);
      }
    } else {
      made = ++tries.made;
      if (made >= Math.max(policy.attempts, 1)) {
        // Nothing is wrong with the record: it waits until the system is back.
        if (this.breaker.open) throw new Stop("target-down", `${this.system.name} is down: ${again.because}`);
        throw new Dead("attempts-exhausted", `${again.because} (${again.code})`);
      }
    }
    const wait = asked ?? retry.backoff(policy, made);
    this.log.write("warn", "retry", {
      code: again.code, because: again.because, attempt: made, wait_ms: Math.round(wait), correlation_id: trace.id,
    });
    if (again.throttled) this.pace.pause(wait);
    else await this.off.sleep(wait);
  }

  /** Attempts something that can be repeated without harm until `read` makes something of the answer. */
  async repeat<T>(attempt: () => Promise<Answer>, read: (answer: Answer) => T, trace: Trace): Promise<T> {
    const tries = new Tries();
    for (;;) {
      try {
        return read(await attempt());
      } catch (e) {
        if (!(e instanceof Again)) throw e;
        await this.backOff(e, tries, trace);
      }
    }
  }

  /** Throws for an error that is told inside of a success. */
  told(body: Json, answer: Answer, holds: "nothing" | "records" | "record" = "nothing"): void {
    const found = envelope(body, holds);
    if (!found) return;
    const words = this.settings.clean(found.says);
    const because = `status ${answer.status} with an error inside: ${words}`;
    const wait = retry.advised(answer.headers, Date.now());
    if (found.kind === "throttled") throw new Again("rate-limited", because, { unknown: false, wait, throttled: true });
    if (found.kind === "transient") throw new Again("error-envelope", because, { wait });
    if (found.kind === "unauthorized") throw new Stop("auth-failed", `${this.system.name} does not accept the credential: ${words}`);
    throw new Refused(answer.status, words, "error-envelope");
  }
}

/** Fit for one path segment or one query name or value (RFC 3986). */
export function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

export function queryOf(pairs: readonly [string, string][]): string {
  return pairs.map(([n, v]) => `${encode(n)}=${encode(v)}`).join("&");
}

export function sameOrigin(a: string, b: string): boolean {
  return URL.canParse(a) && URL.canParse(b) && new URL(a).origin === new URL(b).origin;
}

/** The URL without a query parameter: a link may repeat the key that was sent with it. */
export function without(url: string, name: string): string {
  const parsed = new URL(url);
  parsed.searchParams.delete(name);
  return parsed.toString();
}
