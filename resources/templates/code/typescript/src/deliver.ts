/** Delivers mapped records so that the target has each once, whatever happens on the way: the intention is noted before the first write,
 * the effect after the answer. */

import { createHash } from "node:crypto";

import { keyForm, newer, satisfied } from "./compare.js";
import { type Answer, type Client, encode, Trace, Tries } from "./http.js";
import * as json from "./json.js";
import { at, type Bulk, type Call, type Create, type Flow, isFields, type Json, type Put, type Upsert } from "./model.js";
import { Again, Dead, envelope, Refused, says, Stop } from "./outcome.js";
import { pages } from "./pages.js";
import * as retry from "./retry.js";
import { digest, type Effect, type State } from "./state.js";

/** How often a record is looked up anew because the target contradicts itself. */
const CONTRADICTIONS = 3;
/** Pages of one search that are looked through; a search by a unique key has one. */
const SEARCH_PAGES = 50;

/** A record on its way. */
export interface Item {
  readonly key: string;
  readonly version: string | undefined;
  readonly record: Json;
  readonly mapped: Json;
}

/** The body of a write: JSON, or the nested form that Rails, PHP and Stripe read. */
export function encodeBody(call: Call, value: Json): string {
  if (!call.contentType?.toLowerCase().startsWith("application/x-www-form-urlencoded")) return json.text(value);
  const pairs: string[] = [];
  const walk = (name: string, inner: Json): void => {
    if (Array.isArray(inner)) inner.forEach((item, i) => walk(`${name}[${i}]`, item));
    else if (isFields(inner)) for (const [key, item] of Object.entries(inner)) walk(name ? `${name}[${key}]` : key, item);
    else pairs.push(`${encode(name)}=${encode(json.scalar(inner) ?? "")}`);
  };
  walk("", value);
  return pairs.join("&");
}

type Word = readonly ["done" | "again" | "refused", string];

/** What one result of a bulk request says: done with the target's key, again, or refused, with the words. */
function word(result: Json): Word {
  const words = says(result);
  const fields = isFields(result) ? result : {};
  for (const name of ["status", "status_code", "statusCode", "code"]) {
    const value = fields[name];
    const status = json.isNumber(value) ? Number(value.toString()) : NaN;
    if (Number.isInteger(status) && status >= 100 && status < 600) {
      const told = words ? `status ${status}: ${words}` : `status ${status}`;
      const group = retry.kind(status);
      if (group === "success") return ["done", json.scalar(fields["id"]) ?? ""];
      return [["throttled", "not_done", "unknown"].includes(group) ? "again" : "refused", told];
    }
  }
  const bad = ["error", "fail", "failed", "failure", "rejected", "invalid"];
  const failed = ["status", "result", "outcome"].some((n) => bad.includes(String(fields[n]).toLowerCase()));
  const found = envelope(result);
  if (found) return [["throttled", "transient"].includes(found.kind) ? "again" : "refused", found.says];
  return failed ? ["refused", words] : ["done", json.scalar(fields["id"]) ?? ""];
}

export class Deliverer {
  private readonly write: Upsert | Put | Create | Bulk;

  constructor(
    readonly flow: Flow,
    readonly client: Client,
    readonly state: State,
  ) {
    this.write = flow.target.write;
  }

  /** unchanged or stale, where nothing need be sent. */
  known(item: Item): "unchanged" | "stale" | undefined {
    const prior = this.state.effect(this.flow.name, item.key);
    if (!prior) return undefined;
    if (prior.version !== undefined && item.version !== undefined && newer(prior.version, item.version)) return "stale";
    return prior.done && prior.digest === digest(item.mapped) ? "unchanged" : undefined;
  }

  /** written or unchanged; throws Dead or Stop. */
  async one(item: Item): Promise<"written" | "unchanged"> {
    const delivery = new Delivering(this, item);
    if (this.write.how === "upsert") return delivery.upsert(this.write);
    if (this.write.how === "put") return delivery.put(this.write);
    if (this.write.how === "create") return delivery.create(this.write);
    throw new Stop("unmappable", "records of a bulk flow are delivered together");
  }

  /** The key of an effect. It is derived, not drawn, so that even a lost state leads to the same one; an effect whose outcome is not known
   * keeps its own. */
  idempotencyKey(key: string, form: string, prior: Effect | undefined): string {
    const createOnly = this.write.how === "create";
    if (prior && !prior.done && (createOnly || prior.digest === form)) return prior.idempotencyKey;
    // What is only ever created has one effect per record, whatever its form.
    const parts = [this.flow.name, key, createOnly ? "" : form, prior?.idempotencyKey ?? ""];
    return `pi-${createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 40)}`;
  }

  /** Delivers many records, no two of which have one key; a batch that is refused as a whole is halved. */
  async bulk(how: Bulk, items: readonly Item[]): Promise<[Item, Dead | undefined][]> {
    const done: [Item, Dead | undefined][] = [];
    const todo: Item[][] = [];
    for (let i = 0; i < items.length; i += how.size) todo.push(items.slice(i, i + how.size));
    for (let batch = todo.shift(); batch; batch = todo.shift()) todo.unshift(...(await this.send(how, batch, done)));
    return done;
  }

  private async send(how: Bulk, items: Item[], done: [Item, Dead | undefined][]): Promise<Item[][]> {
    const { client, state, flow } = this;
    const [trace, tries] = [new Trace(), new Tries()];
    const noted = new Map<string, Effect>();
    let batch = items;
    while (batch.length) {
      for (const item of batch) {
        const prior = noted.get(item.key) ?? state.effect(flow.name, item.key);
        const form = digest(item.mapped);
        const effect: Effect = {
          digest: form,
          version: item.version,
          idempotencyKey: this.idempotencyKey(item.key, form, prior),
          targetId: prior?.targetId,
          done: false,
        };
        state.putEffect(flow.name, item.key, effect);
        noted.set(item.key, effect);
      }
      const list: Json = batch.map((item) => item.mapped);
      const body = how.records.reduceRight((inner: Json, name) => ({ [name]: inner }), list);
      try {
        const answer = await client.attempt(how.write, client.url(how.write), trace, { body: encodeBody(how.write, body) });
        const words = this.results(how, batch, answer);
        const left: Item[] = [];
        let why = "";
        batch.forEach((item, i) => {
          const [told, text] = words[i] ?? ["again", ""];
          const effect = noted.get(item.key);
          if (told === "done" && effect) {
            state.putEffect(flow.name, item.key, { ...effect, done: true, targetId: text || effect.targetId });
            done.push([item, undefined]);
          } else if (told === "refused") done.push([item, new Dead("rejected-by-target", text)]);
          else {
            left.push(item);
            why = text;
          }
        });
        batch = left;
        if (batch.length) throw new Again("partial-failure", client.settings.clean(why));
      } catch (e) {
        if (e instanceof Again) {
          try {
            await client.backOff(e, tries, trace);
          } catch (dead) {
            if (!(dead instanceof Dead)) throw dead;
            for (const item of batch) done.push([item, dead]);
            return [];
          }
        } else if (e instanceof Refused) {
          // What is wrong with one record is told of the whole; what is wrong with the address is not.
          const half = Math.floor(batch.length / 2);
          if (half && [200, 400, 409, 413, 422].includes(e.status)) return [batch.slice(0, half), batch.slice(half)];
          for (const item of batch) done.push([item, new Dead(e.code, e.message)]);
          return [];
        } else throw e;
      }
    }
    return [];
  }

  private results(how: Bulk, batch: readonly Item[], answer: Answer): Word[] {
    const body = answer.json();
    const results = at(body, how.results);
    if (!Array.isArray(results)) {
      this.client.told(body, answer);
      throw new Again("unexpected-answer", "the answer holds no results");
    }
    const byKey = new Map<string, Json>();
    for (const result of results) {
      const key = how.resultKey ? json.scalar(at(result, [how.resultKey])) : undefined;
      if (key !== undefined) byKey.set(keyForm(key), result);
    }
    return batch.map((item, i): Word => {
      const inOrder: Json = results.length === batch.length ? results[i] : undefined;
      const result = how.resultKey ? byKey.get(keyForm(json.scalar(at(item.mapped, how.key)) ?? "")) : inOrder;
      // What the answer does not speak of is sent again; the target matches it by its key.
      return result === undefined ? ["again", "the answer does not speak of every record"] : word(result);
    });
  }
}

/** The delivery of one record. */
class Delivering {
  private readonly form: string;
  private readonly prior: Effect | undefined;
  private readonly key: string;
  private readonly trace = new Trace();
  private readonly tries = new Tries();
  private readonly client: Client;
  private writes = 0;

  constructor(
    private readonly deliverer: Deliverer,
    private readonly item: Item,
  ) {
    this.client = deliverer.client;
    this.form = digest(item.mapped);
    this.prior = deliverer.state.effect(deliverer.flow.name, item.key);
    this.key = deliverer.idempotencyKey(item.key, this.form, this.prior);
  }

  private note(targetId: string | undefined, done: boolean): void {
    const effect = { digest: this.form, version: this.item.version, idempotencyKey: this.key, targetId, done };
    this.deliverer.state.putEffect(this.deliverer.flow.name, this.item.key, effect);
  }

  /** One attempt at a write, noted before it is made. The target's key, where the answer shows it. */
  private async send(call: Call, url: string, header: string | undefined, targetKey: string): Promise<string | undefined> {
    if (this.writes === 0) this.note(this.prior?.targetId, false);
    this.writes += 1;
    const headers = header ? { [header.toLowerCase()]: this.key } : {};
    const answer = await this.client.attempt(call, url, this.trace, { body: encodeBody(call, this.item.mapped), headers });
    const body = answer.json(false);
    const direct = targetKey ? json.scalar(at(body, [targetKey])) : undefined;
    this.client.told(body, answer, direct === undefined ? "nothing" : "record");
    if (direct !== undefined || !isFields(body)) return direct;
    return Object.values(body).map((v) => json.scalar(at(v, [targetKey]))).find((k) => k !== undefined);
  }

  private address(call: Call, key: string): string {
    const last = [...call.path.matchAll(/\{([^}]*)\}/g)].at(-1)?.[1] ?? "";
    return this.client.url(call, { [last]: key });
  }

  /** The record whose natural key is exactly this one: a search may be fuzzy, and a list may ignore the filter. */
  private async search(how: Upsert, wanted: string): Promise<Json> {
    let [hit, blind, seen]: [Json, boolean, number] = [undefined, false, 0];
    try {
      for await (const page of pages(this.client, how.find, how.findItems, how.findPaging, [[how.findParam, wanted]], [], this.trace)) {
        for (const record of page) {
          const key = json.scalar(at(record, how.match));
          if (key === undefined) blind = true;
          else if (keyForm(key) === keyForm(wanted)) {
            if (hit !== undefined) throw new Dead("ambiguous-match", `several records have this ${how.match.join(".")}`);
            hit = record;
          }
        }
        if (++seen >= SEARCH_PAGES) throw new Dead("match-unclear", `the search did not end within ${SEARCH_PAGES} pages`);
      }
    } catch (e) {
      if (e instanceof Stop && ["repeating-cursor", "cursor-missing", "foreign-link"].includes(e.code)) throw new Dead("match-unclear", e.because);
      if (e instanceof Refused) throw new Dead(e.code, e.message);
      throw e;
    }
    if (hit === undefined && blind) {
      throw new Dead("match-unclear", `the search answers with records that do not show ${how.match.join(".")}`);
    }
    return hit;
  }

  async upsert(how: Upsert): Promise<"written" | "unchanged"> {
    const wanted = json.scalar(at(this.item.mapped, how.match));
    if (!wanted?.trim()) throw new Dead("match-missing", `${how.match.join(".")} is empty, and records are matched by it`);
    let known = this.prior?.targetId;
    let [contradictions, absent] = [0, false];
    for (;;) {
      // Also before every further create, unless the last one is known to have done nothing: an attempt whose answer was lost may have
      // made the record.
      const hit = absent ? undefined : await this.search(how, wanted);
      absent = false;
      let key: string | undefined;
      if (hit !== undefined) {
        key = json.scalar(at(hit, [how.targetKey]));
        if (key === undefined) throw new Dead("target-key-missing", `the record found has no ${how.targetKey}`);
        if (satisfied(this.item.mapped, hit)) {
          this.note(key, true);
          return this.writes ? "written" : "unchanged";
        }
      } else [key, known] = [known, undefined]; // the key changed at the source: the record is still known by its id
      try {
        if (key !== undefined) {
          await this.send(how.update, this.address(how.update, key), undefined, how.targetKey);
          this.note(key, true);
        } else this.note(await this.send(how.create, this.client.url(how.create), how.idempotency, how.targetKey), true);
        return "written";
      } catch (e) {
        if (e instanceof Again) {
          if (key !== undefined) known = key;
          else absent = !e.unknown;
          await this.client.backOff(e, this.tries, this.trace);
          continue;
        }
        if (!(e instanceof Refused)) throw e;
        const gone = key !== undefined && [404, 410].includes(e.status);
        const exists = key === undefined && [400, 409, 422].includes(e.status);
        const told = exists ? conflict(e, how.idempotency !== undefined) : "exists";
        if (told === "in-progress") {
          await this.client.backOff(new Again("in-progress", e.says, { wait: e.wait }), this.tries, this.trace);
          continue;
        }
        if (told === "key-reused") throw keyConflict(e);
        contradictions += 1;
        // Gone, or there after all: look again.
        if (!(gone || (exists && e.status === 409)) || contradictions >= CONTRADICTIONS) throw new Dead(e.code, e.message);
      }
    }
  }

  async put(how: Put): Promise<"written"> {
    const key = how.key ? json.scalar(at(this.item.mapped, how.key)) : this.item.key;
    if (!key) throw new Dead("match-missing", `${(how.key ?? []).join(".")} is empty, and it is the record's address`);
    for (;;) {
      try {
        await this.send(how.put, this.address(how.put, key), undefined, "");
        this.note(key, true);
        return "written";
      } catch (e) {
        if (e instanceof Refused) throw new Dead(e.code, e.message);
        if (!(e instanceof Again)) throw e;
        await this.client.backOff(e, this.tries, this.trace);
      }
    }
  }

  async create(how: Create): Promise<"written"> {
    if (this.prior?.done) throw new Dead("changed-after-create", "the record changed after it was created, and this flow only creates");
    for (;;) {
      try {
        this.note(await this.send(how.create, this.client.url(how.create), how.idempotency, "id"), true);
        return "written";
      } catch (e) {
        if (e instanceof Again) await this.client.backOff(e, this.tries, this.trace);
        else if (e instanceof Refused) {
          const told = conflict(e, how.idempotency !== undefined);
          if (told === "key-reused") throw keyConflict(e);
          if (told === "exists") throw new Dead(e.code, e.message);
          await this.client.backOff(new Again("in-progress", e.says, { wait: e.wait }), this.tries, this.trace);
        } else throw e;
      }
    }
  }
}

function keyConflict(refused: Refused): Dead {
  return new Dead("key-conflict", `the target has seen the idempotency key with another body: ${refused.says}`);
}

/** Tells the conflicts of the Idempotency-Key draft apart, as vendors word them. */
function conflict(refused: Refused, keyed: boolean): "exists" | "in-progress" | "key-reused" {
  if (!keyed || ![400, 409, 422].includes(refused.status)) return "exists";
  const plain = refused.says.toLowerCase().replace(/[^a-z0-9]/g, " ");
  const any = (...words: string[]): boolean => words.some((w) => plain.includes(w));
  if (refused.status === 409 && any("in progress", "inprogress", "being processed", "in flight", "concurrent", "still processing")) {
    return "in-progress";
  }
  const reused = ["key reuse", "key was reused", "key already used", "key has already been used", "reused with"];
  return any("idempoten", "request key", ...reused) ? "key-reused" : "exists";
}
