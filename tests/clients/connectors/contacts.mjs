// Billing customers become CRM contacts: examples/billing-to-crm as a job of its own, on Node 18 or later alone.
//
// Four workers write side by side and share one gate for each system: whoever is told to wait, all wait. What is done is a
// journal, a line a record. MUT=name breaks it in one way, for the drills to find.

import {createHash, randomBytes} from 'node:crypto';
import {appendFileSync, existsSync, fsyncSync, openSync, readFileSync, writeSync, closeSync} from 'node:fs';
import {join} from 'node:path';

const env = process.env;
const mut = env.MUT ?? '';
const scale = Number(env.TIME_SCALE ?? 1);
const attempts = 8;
const most = 8 * 1024 * 1024;
const workers = 4;

const real = ms => new Promise(done => setTimeout(done, Math.max(0, ms) / scale));
const log = fields => console.error(JSON.stringify(fields));
const hex = bytes => randomBytes(bytes).toString('hex');
const digest = text => createHash('sha256').update(text).digest('hex');

class Halt extends Error {}
class GaveUp extends Error {}
class Refused extends Error {
  constructor(status, body) {
    super(`refused with ${status}`);
    this.status = status;
    this.body = body;
  }
}

let ending = false;
process.on('SIGTERM', () => {
  if (mut !== 'sigterm-ignored') ending = true;
});
const switchedOff = mut === 'switch-read-once' ? existsSync(env.DISABLE_FILE ?? '') : null;

function goOn() {
  if (ending) throw new Halt('asked to end');
  if (mut === 'disable-ignored') return;
  if (switchedOff ?? (env.DISABLE_FILE && existsSync(env.DISABLE_FILE))) throw new Halt('switched off');
}

// How long the answer says to wait, in milliseconds; nothing where it does not say.
function told(answer) {
  const text = answer.headers.get('retry-after');
  if (text === null || mut === 'no-retry-after') return undefined;
  if (/^\d+$/.test(text.trim())) return Number(text) * 1000;
  if (mut === 'seconds-only') return Number.isNaN(Number(text)) ? 0 : Number(text);
  const until = Date.parse(text);
  const now = Date.parse(answer.headers.get('date') ?? '') || Date.now();
  return Number.isNaN(until) ? undefined : Math.max(0, until - now);
}

const jitter = attempt => (mut === 'no-backoff' ? 0 : Math.random() * Math.min(60_000, 500 * 2 ** attempt));

class Api {
  constructor(base, auth) {
    this.base = base.replace(/\/$/, '');
    this.auth = auth;
    this.free = 0;
  }

  async gate() {
    while (mut !== 'gate-per-request' && Date.now() < this.free) await real((this.free - Date.now()) * scale);
  }

  async once(method, path, body, headers) {
    const options = {method, headers, redirect: mut === 'follows-redirects' ? 'follow' : 'manual'};
    if (body !== undefined) options.body = body;
    if (mut !== 'no-timeout') options.signal = AbortSignal.timeout(10_000 / scale);
    const answer = await fetch(path.startsWith('http') ? path : this.base + path, options);
    const pieces = [];
    let size = 0;
    for await (const piece of answer.body ?? []) {
      size += piece.length;
      if (size > most) throw new Error('the answer is too large');
      pieces.push(piece);
    }
    const text = mut === 'parts-characters'
      ? pieces.map(p => Buffer.from(p).toString()).join('')
      : Buffer.concat(pieces).toString();
    return {answer, text};
  }

  async call(method, path, {json, headers = {}, trace = hex(16)} = {}) {
    const body = json === undefined ? undefined : JSON.stringify(json);
    let renewed = false;
    let last;
    for (let attempt = 0; attempt < attempts; ) {
      await this.gate();
      goOn();
      const sent = {accept: 'application/json', ...(await this.auth()), ...headers};
      if (mut !== 'no-correlation') sent['x-correlation-id'] = mut === 'id-per-attempt' ? hex(16) : trace;
      if (body !== undefined) sent['content-type'] = 'application/json';
      if (mut === 'random-key' && sent['idempotency-key']) sent['idempotency-key'] = hex(16);
      attempt += 1;
      let got;
      try {
        got = await this.once(method, path, body, sent);
      } catch (error) {
        if (mut === 'network-error-fatal') throw new GaveUp(String(error));
        last = error.cause?.code ?? error.name;
        await real(jitter(attempt - 1));
        continue;
      }
      const {answer, text} = got;
      if (answer.status === 401 && !renewed && mut !== 'token-fatal') {
        renewed = true;
        await this.auth(sent.authorization);
        continue;
      }
      if (answer.status === 429 || answer.status >= 500) {
        if (mut === 'retry-in-two-layers') await this.once(method, path, body, sent).catch(() => {});
        last = answer.status;
        const wait = told(answer) ?? jitter(attempt - 1);
        if (answer.status === 429 || answer.headers.has('retry-after')) {
          if (mut !== 'no-retry-after') this.free = Math.max(this.free, Date.now() + wait / scale);
        }
        await real(wait);
        continue;
      }
      if (answer.status >= 400) {
        if (mut === 'errors-with-token') log({failed: path, sent});
        throw new Refused(answer.status, text.slice(0, 200));
      }
      if (answer.status >= 300) throw new GaveUp(`${path} leads elsewhere`);
      try {
        return JSON.parse(text);
      } catch (error) {
        if (mut === 'parse-error-is-empty') return {};
        last = 'no JSON';
        await real(jitter(attempt - 1));
      }
    }
    throw new GaveUp(`${method} ${path.split('?')[0]}: ${attempts} attempts, last ${last}`);
  }
}

const fixed = token => async () => ({authorization: `Bearer ${token}`});

// Client credentials; one request for a token at a time, whoever asks.
function client(url, id, secret) {
  let token;
  let asking;
  const fetchToken = async () => {
    const basic = Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64');
    const at = new Api(url, async () => ({authorization: `Basic ${basic}`}));
    const body = new URLSearchParams({grant_type: 'client_credentials', scope: 'contacts.read contacts.write'}).toString();
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      try {
        const headers = {authorization: `Basic ${basic}`, 'content-type': 'application/x-www-form-urlencoded'};
        const {answer, text} = await at.once('POST', url, body, headers);
        if (answer.ok) return JSON.parse(text).access_token;
        await real(told(answer) ?? jitter(attempt));
      } catch {
        await real(jitter(attempt));
      }
    }
    throw new GaveUp('no token');
  };
  return async bad => {
    if (mut === 'refresh-per-request') token = undefined;
    if (bad && bad === `Bearer ${token}`) token = undefined;
    if (token === undefined) {
      asking ??= fetchToken().finally(() => { asking = undefined; });
      token = await asking;
    }
    return {authorization: `Bearer ${token}`};
  };
}

// What was done, a line each; a line that a crash cut off is none.
class Journal {
  constructor(directory) {
    this.path = join(directory, 'done.jsonl');
    this.done = new Map();
    this.since = undefined;
    if (!existsSync(this.path)) return;
    for (const line of readFileSync(this.path, 'utf8').split('\n')) {
      try {
        const entry = JSON.parse(line);
        if (entry.since) this.since = entry.since;
        else this.done.set(entry.id, entry.seen);
      } catch { /* the last line of a run that was killed */ }
    }
  }

  write(entry) {
    if (mut === 'forgets') return;
    const file = openSync(this.path, 'a');
    writeSync(file, `\n${JSON.stringify(entry)}\n`);
    fsyncSync(file);
    closeSync(file);
  }
}

// Digits with a point put in: no floating point for money.
function major(minor, currency) {
  const places = {JPY: 0, KWD: 3}[currency] ?? 2;
  if (mut === 'float-money') return (minor / 100).toFixed(1);
  if (places === 0) return String(minor);
  const negative = String(minor).startsWith('-');
  const digits = String(minor).replace('-', '').padStart(places + 1, '0');
  return `${negative ? '-' : ''}${digits.slice(0, -places)}.${digits.slice(-places)}`;
}

const stages = new Map(Object.entries({active: 'customer', trialing: 'lead', canceled: 'churned', past_due: 'at_risk'}));

function contactOf(customer) {
  const stage = stages.get(customer.status);
  if (!stage && mut !== 'enum-guessed') throw new Refused(0, `no stage for ${customer.status}`);
  const words = customer.name.trim().split(' ');
  return {
    external_id: customer.id,
    origin: 'billing',
    email: customer.email.trim().toLowerCase(),
    first_name: words[0].slice(0, 100),
    last_name: words.at(-1).slice(0, 100),
    stage: stage ?? 'lead',
    currency: customer.currency,
    balance: major(customer.balance, customer.currency),
  };
}

async function deliver(crm, customer, seen) {
  const contact = contactOf(customer);
  const trace = digest(customer.id + seen).slice(0, 32);
  const found = await crm.call('GET', `/v2/contacts/search?${new URLSearchParams({email: contact.email})}`, {trace});
  if (!Array.isArray(found.results) && mut !== 'parse-error-is-empty') throw new GaveUp('a search without results');
  const [known] = found.results ?? [];
  if (known && mut !== 'always-creates') {
    await crm.call('PATCH', `/v2/contacts/${encodeURIComponent(known.id)}`, {json: contact, trace});
    return;
  }
  const headers = {'idempotency-key': digest(`contacts/${customer.id}`).slice(0, 48)};
  await crm.call('POST', '/v2/contacts', {json: contact, headers, trace});
}

// JSON numbers of 64 bits: a balance is taken as it is written.
function exact(text) {
  return JSON.parse(text.replace(/("balance"\s*:\s*)(-?\d{16,})/g, '$1"$2"'));
}

async function main() {
  const billing = new Api(env.BILLING_BASE_URL, fixed(env.BILLING_TOKEN));
  const crm = new Api(env.CRM_BASE_URL, client(env.CRM_TOKEN_URL, env.CRM_CLIENT_ID, env.CRM_CLIENT_SECRET));
  const journal = new Journal(env.STATE_DIR);
  let buried = 0;
  let newest = journal.since;
  const cursors = new Set();
  const queue = [];
  for (let cursor; ; ) {
    const query = new URLSearchParams({limit: '50'});
    if (journal.since) query.set('updated[gte]', journal.since);
    if (cursor) query.set('cursor', cursor);
    const page = await billing.call('GET', `/v1/customers?${query}`);
    if (!Array.isArray(page.data) || typeof page.has_more !== 'boolean') {
      if (mut !== 'parse-error-is-empty' && mut !== 'envelope-is-empty') throw new GaveUp('a page without data');
      page.data ??= [];
    }
    for (const customer of page.data) {
      const seen = digest(JSON.stringify(customer));
      if (journal.done.get(customer.id) === seen || queue.some(q => q.customer.id === customer.id && q.seen === seen)) continue;
      queue.push({customer, seen});
      if (newest === undefined || customer.updated_at > newest) newest = customer.updated_at;
    }
    if (mut === 'stops-at-empty-page' && page.data.length === 0) break;
    if (!page.has_more) break;
    cursor = page.next_cursor;
    if (cursors.has(cursor)) throw new GaveUp('the cursor repeats');
    cursors.add(cursor);
  }
  const failures = [];
  const work = async () => {
    for (let next; failures.length === 0 && (next = queue.shift()); ) {
      const {customer, seen} = next;
      try {
        await deliver(crm, customer, seen);
      } catch (error) {
        if (!(error instanceof Refused)) {
          failures.push(error);
          return;
        }
        buried += 1;
        if (mut !== 'drops-refused') {
          const letter = {key: customer.id, reason: error.message, record: customer};
          appendFileSync(env.DEAD_LETTER_FILE, `${JSON.stringify(letter)}\n`);
        }
      }
      journal.write({id: customer.id, seen});
    }
  };
  await Promise.all(Array.from({length: workers}, work));
  if (failures.length) throw failures[0];
  if (newest) journal.write({since: newest});
  return mut === 'drops-refused' || buried === 0 ? 0 : 2;
}

main().then(
  code => process.exit(code),
  error => {
    log({failed: error.message});
    process.exit(mut === 'always-success' ? 0 : error instanceof Halt ? 3 : 1);
  },
);
